# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames from a packet socket, a thousand in one call, and the clock that their way is measured by."""
import ctypes
import os
import socket
import struct
import time
import tty

_libc = ctypes.CDLL(None, use_errno=True)
SOL_PACKET, PACKET_QDISC_BYPASS, SO_SNDBUFFORCE = 263, 20, 32
PORT = 443
SERVER = '10.0.0.2'
HEAD = 14 + 20 + 8
CALL = 1024  # messages of one sendmmsg()
PORTS = 60000  # of one source address


class Clock:
    """Processor time in ns: of the kernel alone under tests/uml/clock, else of this process."""

    def __init__(self):
        self.path = os.environ.get('HOST_CLOCK')
        if self.path:
            self.fd = os.open(self.path, os.O_RDWR | os.O_NOCTTY)
            tty.setraw(self.fd)

    def now(self):
        if not self.path:
            return time.clock_gettime_ns(time.CLOCK_PROCESS_CPUTIME_ID)
        os.write(self.fd, b't')
        out = b''
        while len(out) < 8:
            out += os.read(self.fd, 8 - len(out))
        return int.from_bytes(out, 'little')

    def quiet(self):
        """Wait until nothing else happens, such as the end of earlier namespaces."""
        if not self.path:
            return
        for _ in range(100):
            before = self.now()
            time.sleep(0.05)
            if self.now() - before < 2_000_000:
                return


def _ip_checksum(head):
    total = sum(struct.unpack('>10H', head))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def _ip(src, length):
    head = struct.pack('>BBHHHBBH4s4s', 0x45, 0, length, 0, 0x4000, 64, 17, 0, src,
                       socket.inet_aton(SERVER))
    return head[:10] + struct.pack('>H', _ip_checksum(head)) + head[12:]


def source(i):
    """Address and port of the i-th flow."""
    net, port = divmod(i, PORTS)
    return socket.inet_ntoa(struct.pack('>I', 0x0a010000 + net)), 1024 + port


def _heads(macs, lengths, first, n):
    """Ethernet, IP and UDP headers of flows first, first + 1, ...: each with a source of its own.

    The UDP checksum is 0, so nobody adds up the bytes: as after a network device that did.
    """
    out, ips = bytearray(n * HEAD), {}
    for i in range(n):
        net, port = divmod(first + i, PORTS)
        length = lengths[i % len(lengths)] + 8
        key = net, length
        if key not in ips:
            ips[key] = macs + b'\x08\x00' + _ip(struct.pack('>I', 0x0a010000 + net), length + 20)
        struct.pack_into('34s4H', out, i * HEAD, ips[key], socket.htons(1024 + port),
                         socket.htons(PORT), socket.htons(length), 0)
    return out


class Frames:
    """Datagrams of n flows, ready to be sent: the i-th payload in turn, from the i-th source."""

    def __init__(self, macs, payloads, first, n):
        self.n, self.at = n, 0
        self.payloads = [ctypes.create_string_buffer(p, len(p)) for p in payloads]
        lengths = [len(p) for p in payloads]
        places = [ctypes.addressof(p) for p in self.payloads]
        self.heads = (ctypes.c_char * (n * HEAD)).from_buffer(_heads(macs, lengths, first, n))
        self.iovs = ctypes.create_string_buffer(n * 32)
        self.msgs = ctypes.create_string_buffer(n * 64)
        heads, iovs = ctypes.addressof(self.heads), ctypes.addressof(self.iovs)
        for i in range(n):
            k = i % len(lengths)
            struct.pack_into('4Q', self.iovs, i * 32, heads + i * HEAD, HEAD, places[k], lengths[k])
            struct.pack_into('8Q', self.msgs, i * 64, 0, 0, iovs + i * 32, 2, 0, 0, 0, 0)


class Sender:
    def __init__(self, ns, dev):
        with ns:
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 64 << 20)
        self.sock.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
        self.sock.bind((dev, 0))

    def send(self, frames, n):
        """The next n frames; from the first again behind the last."""
        while n:
            k = min(n, CALL, frames.n - frames.at)
            done = _libc.sendmmsg(self.sock.fileno(), ctypes.byref(frames.msgs, frames.at * 64), k, 0)
            if done <= 0:
                raise OSError(ctypes.get_errno(), 'sendmmsg')
            n -= done
            frames.at = (frames.at + done) % frames.n

    def close(self):
        self.sock.close()
