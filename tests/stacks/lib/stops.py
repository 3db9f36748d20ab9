# SPDX-License-Identifier: GPL-2.0-or-later
"""What a browser does when its path carries no more packets.

It has a page of nginx that asks for more of it twice a second, through a relay on 127.0.0.1. Five seconds after the first
datagram the relay drops what comes from or goes to the browser's port, but any other port is served.
"""
import select
import socket
import time

import hear
import servers
from nqtest.ports import free_port

PAGE = '<script>setInterval(() => fetch("/more").catch(() => 0), 500)</script>'
SECONDS = 60    # for the browser to find another path
SEVERAL = 'several ports from the beginning'


class Nginx(servers.Nginx):
    def argv(self, port):
        argv = super().argv(port)
        with open(argv[-1], encoding='ascii') as f:
            text = f.read()
        with open(argv[-1], 'w', encoding='ascii') as f:
            f.write(text.replace('\tserver {\n', f"\tserver {{\n\t\tdefault_type text/html;\n\t\tlocation / {{ return 200 '{PAGE}'; }}\n"))
        return argv


def upstream(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(('127.0.0.1', port))
    return s


class Relay:
    """Datagrams between the browser's ports, each with a socket of its own to the server, and the server."""

    def __init__(self, s, port):
        self.s, self.port = s, port
        self.ways = {}          # the browser's address: the socket to the server
        self.dead = None        # the address that is not served any more
        self.heard = {}         # address: short headers from there, first bytes of each
        self.began = {}         # address: whether it began with a long header
        self.answers = {}       # address: datagrams to it

    def passes(self, peer, data):
        """A datagram of the browser's."""

    def turn(self):
        for ready in select.select([self.s, *self.ways.values()], [], [], 0.05)[0]:
            if ready is self.s:
                data, peer = self.s.recvfrom(65536)
                if peer == self.dead:
                    continue
                self.passes(peer, data)
                self.began.setdefault(peer, bool(data[0] & 0x80))
                if not data[0] & 0x80:
                    self.heard.setdefault(peer, []).append(data[1:21])
                if peer not in self.ways:
                    self.ways[peer] = upstream(self.port)
                self.ways[peer].send(data)
            else:
                peer = next(p for p, way in self.ways.items() if way is ready)
                data = ready.recv(65536)
                if peer != self.dead:
                    self.answers[peer] = self.answers.get(peer, 0) + 1
                    self.s.sendto(data, peer)

    def until(self, seconds, what):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not what():
            self.turn()
        return what()


def watch(client, name, tries=4):
    """As once(), of the first try in which the browser has one port until its packets are dropped: on a busy machine it may not."""
    seen = None
    for _ in range(tries):
        seen = once(client, name)
        if seen != SEVERAL:
            break
    return seen


def once(client, name):
    """After how many seconds a packet comes from another port, to which ID, and what becomes of the connection."""
    port = free_port()
    with Nginx().running(port), hear.asking(client, name) as (s, _):
        relay = Relay(s, port)
        if not relay.until(client.patience, lambda: relay.heard):
            return 'no page'
        first = next(iter(relay.heard))
        relay.until(5, lambda: False)
        if len(relay.began) > 1:
            return SEVERAL
        relay.dead, last, stopped = first, relay.heard[first][-1], time.monotonic()
        if not relay.until(SECONDS, lambda: len(relay.began) > 1):
            return f'no other port in {SECONDS} s'
        after = time.monotonic() - stopped
        other = next(a for a in relay.began if a != first)
        if relay.began[other]:
            return f'a new connection after {after:.0f} s'
        relay.until(6, lambda: False)
        same = 'the same ID' if relay.heard[other][0] == last else 'another ID'
        lives = relay.answers.get(other, 0) > 10 and not any(began for a, began in relay.began.items() if a != first)
        return f'another port after {after:.1f} s, {same}, ' + ('continues' if lives else 'does not continue')
