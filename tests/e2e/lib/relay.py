#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""relay.py PORT=ADDRESS:PORT... - hand UDP datagrams on, each as it came.

qemu's user network forwards ports to one IPv4 address; this carries what comes there to any
address of either family. Every sender keeps a source port of its own.
"""
import selectors
import socket
import sys


def main(specs):
    poll = selectors.DefaultSelector()
    for spec in specs:
        port, _, target = spec.partition('=')
        address, _, to = target.rpartition(':')
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind(('0.0.0.0', int(port)))
        poll.register(s, selectors.EVENT_READ, ('in', (address.strip('[]'), int(to)), {}))
    while True:
        for key, _ in poll.select():
            kind, peer, senders = key.data
            try:
                data, sender = key.fileobj.recvfrom(65535)
            except OSError:
                continue  # a port unreachable, which UDP's clients can do without
            if kind == 'out':
                senders.sendto(data, peer)
                continue
            if sender not in senders:
                family = socket.AF_INET6 if ':' in peer[0] else socket.AF_INET
                senders[sender] = socket.socket(family, socket.SOCK_DGRAM)
                senders[sender].connect(peer)
                poll.register(senders[sender], selectors.EVENT_READ, ('out', sender, key.fileobj))
            try:
                senders[sender].send(data)
            except OSError:
                pass


main(sys.argv[1:])
