# SPDX-License-Identifier: GPL-2.0-or-later
"""A link between two network namespaces: rate, delay, queue, loss, corruption, pauses, a NAT that rebinds.

The packets go through a TUN device at each end and a thread of this process, which keeps what it saw.
"""
import collections
import fcntl
import os
import random
import select
import struct
import threading
import time

from nqtest.shell import run

CLIENT, SERVER = '10.45.0.2', '10.45.1.2'
CLIENT6, SERVER6 = 'fd45::2', 'fd45:1::2'
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454ca, 1, 0x1000
UDP = 17

Seen = collections.namedtuple('Seen', 'time to_server fate source ecn data')


def open_tun(host, addresses):
    """A TUN device in a host, with routes to everything."""
    old, new = os.open('/proc/thread-self/ns/net', os.O_RDONLY), os.open(f'/run/netns/{host.name}', os.O_RDONLY)
    try:
        os.setns(new)
        fd = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack('16sH', b'wan', IFF_TUN | IFF_NO_PI) + bytes(22))
    finally:
        os.setns(old)
        os.close(old)
        os.close(new)
    for a in addresses:
        run('ip', '-n', host.name, 'addr', 'add', a, 'dev', 'wan', *(['nodad'] if ':' in a else []))
    run('ip', '-n', host.name, 'link', 'set', 'wan', 'up', 'mtu', '1500')
    for family in '-4', '-6':
        run('ip', family, '-n', host.name, 'route', 'add', 'default', 'dev', 'wan')
    return fd


def checksum(head):
    n = sum(struct.unpack(f'!{len(head) // 2}H', head))
    while n >> 16:
        n = (n & 0xffff) + (n >> 16)
    return ~n & 0xffff


def readdress(packet, source=None, dest=None):
    """An IPv4 packet of UDP with another (address, port); its UDP checksum is left out (0)."""
    p = bytearray(packet)
    at = (p[0] & 15) * 4
    for end, ip, port in (source, 12, at), (dest, 16, at + 2):
        if end:
            p[ip:ip + 4] = bytes(map(int, end[0].split('.')))
            p[port:port + 2] = struct.pack('!H', end[1])
    p[10:12] = p[at + 6:at + 8] = b'\0\0'
    p[10:12] = struct.pack('!H', checksum(bytes(p[:at])))
    return bytes(p)


def parse(packet):
    """(protocol, source, destination, ECN bits, offset of the payload) of an IP packet."""
    if packet[0] >> 4 == 4:
        at = (packet[0] & 15) * 4
        proto, ecn = packet[9], packet[1] & 3
        ips = ['.'.join(map(str, packet[i:i + 4])) for i in (12, 16)]
    else:
        at, proto, ecn = 40, packet[6], packet[1] >> 4 & 3
        ips = [packet[i:i + 16].hex() for i in (8, 24)]
    if proto != UDP:
        return proto, None, None, ecn, at
    ports = struct.unpack_from('!HH', packet, at)
    return proto, (ips[0], ports[0]), (ips[1], ports[1]), ecn, at + 8


class Way:
    """One direction."""

    def __init__(self, fd):
        self.fd = fd  # that it leaves by
        self.free = 0.0  # when the wire is
        self.waiting, self.flying = collections.deque(), collections.deque()
        self.count = self.row = 0


class Link:
    """loss and corrupt are chances, never more than `burst` in a row; drop: numbers of the client's
    datagrams; pause: (seconds on, seconds off); rebind: (first, every, also the address)."""

    def __init__(self, client, server, delay=0.015, rate=10e6, queue=25, loss=0.0, corrupt=0.0, burst=3,
                 drop=(), pause=None, rebind=None, seed=1):
        self.delay, self.rate, self.queue = delay, rate, queue
        self.loss, self.corrupt, self.burst, self.drop = loss, corrupt, burst, set(drop)
        self.pause, self.rebind = pause, rebind
        self.random = random.Random(seed)
        client_fd = open_tun(client, [f'{CLIENT}/24', f'{CLIENT6}/64'])
        server_fd = open_tun(server, [f'{SERVER}/24', f'{SERVER6}/64'])
        self.ways = {True: Way(server_fd), False: Way(client_fd)}
        self.fds = {client_fd: True, server_fd: False}
        self.seen, self.begun = [], None
        self.outside, self.inside, self.generation = {}, {}, 0
        self.stopped = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def nat(self, packet, to_server, source, dest, now):
        """The packet as it is behind the NAT, or None for one to a mapping that is gone."""
        first, every, address = self.rebind
        generation = 0 if now < first else 1 + int((now - first) / every)
        if generation != self.generation:
            self.generation = generation
            self.outside.clear()
            self.inside.clear()
        if not generation:
            return packet
        if to_server:
            if source not in self.outside:
                new = (f'10.45.0.{2 + generation % 250}' if address else source[0], self.random.randrange(20000, 60000))
                self.outside[source], self.inside[new] = new, source
            return readdress(packet, source=self.outside[source])
        return readdress(packet, dest=self.inside[dest]) if dest in self.inside else None

    def fate(self, way, to_server, now):
        way.count += 1
        if to_server and way.count in self.drop:
            return 'lost'
        if self.pause and now % sum(self.pause) >= self.pause[0]:
            return 'lost'
        chance = self.random.random()
        if chance < self.loss + self.corrupt and way.row < self.burst:
            way.row += 1
            return 'lost' if chance < self.loss else 'bad'
        way.row = 0
        return 'ok'

    def take(self, packet, to_server):
        now = time.monotonic()
        way = self.ways[to_server]
        proto, source, dest, ecn, at = parse(packet)
        fate = 'ok'
        if proto == UDP:
            self.begun = self.begun or now
            fate = self.fate(way, to_server, now - self.begun)
            after = packet
            if self.rebind:
                after = self.nat(packet, to_server, source, dest, now - self.begun)
            fate = fate if after else 'lost'
            source = parse(after)[1] if after else source
        while way.waiting and way.waiting[0] <= now:
            way.waiting.popleft()
        if fate != 'lost' and len(way.waiting) >= self.queue:
            fate = 'queue'
        if proto == UDP:
            self.seen.append(Seen(now, to_server, fate, source, ecn, packet[at:]))
            packet = after
        if fate in ('lost', 'queue'):
            return
        if fate == 'bad':
            packet = self.spoil(packet, at)
        way.free = max(now, way.free) + len(packet) * 8 / self.rate
        way.waiting.append(way.free)
        way.flying.append((way.free + self.delay, packet))

    def spoil(self, packet, at):
        """One octet of the datagram is wrong, and no checksum tells."""
        p = bytearray(readdress(packet))
        p[self.random.randrange(at, len(p))] ^= 1 << self.random.randrange(8)
        return bytes(p)

    def run(self):
        while not self.stopped:
            now = time.monotonic()
            wait = 0.05
            for way in self.ways.values():
                while way.flying and way.flying[0][0] <= now:
                    try:
                        os.write(way.fd, way.flying.popleft()[1])
                    except OSError:
                        pass  # the device's end does not want it
                if way.flying:
                    wait = min(wait, max(0, way.flying[0][0] - now))
            for fd in select.select(list(self.fds), [], [], wait)[0]:
                for _ in range(32):
                    try:
                        self.take(os.read(fd, 2000), self.fds[fd])
                    except BlockingIOError:
                        break

    def stop(self):
        self.stopped = True
        self.thread.join()
        for fd in self.fds:
            os.close(fd)
