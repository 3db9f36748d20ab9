# SPDX-License-Identifier: GPL-2.0-or-later
"""datagrams.py VERB FROM TO ADDRESS PORT [N] - UDP between two network namespaces; prints what arrived.

PORT may be two, "80:443": where datagrams are sent to and where they are awaited. FROM and TO are names of `ip netns`. Datagrams have 600 bytes, the first begins with A, the second with B and so
on; they come from port 4000. VERB:
  batch     N (2) in one send with UDP_SEGMENT; "2 1200": reads and bytes, by a socket that takes one at a time
  gro       the same by a socket with UDP_GRO
  single    N, each sent by itself, by a socket with UDP_GRO
  ports     two from two ports, by a socket with UDP_GRO
  letters   a batch; the first letters of what arrived, or nothing
  talk      N (1), each answered
  ttl       one; its TTL
  oneway    N, none answered; how many arrived
"""
import os
import socket
import struct
import sys

UDP_SEGMENT, UDP_GRO, IP_RECVTTL, SIZE = 103, 104, 12, 600


def made(ns, port):
    """A UDP socket in that namespace."""
    fd = os.open(f'/run/netns/{ns}', os.O_RDONLY)
    os.setns(fd, os.CLONE_NEWNET)
    os.close(fd)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('0.0.0.0', port))
    s.settimeout(0.7)
    return s


def read(s):
    try:
        return s.recvmsg(65536, 512)
    except OSError:
        return None


def everything(s):
    found = []
    while got := read(s):
        found.append(got)
    return found


def main(verb, where, whither, address, port, n=2):
    sent, _, awaited = port.partition(':')
    to, n = (address, int(sent)), int(n)
    server, client = made(whither, int(awaited or sent)), made(where, 4000)
    text = [bytes([65 + i % 26]) * SIZE for i in range(n)]
    if verb in ('gro', 'single', 'ports'):
        server.setsockopt(socket.IPPROTO_UDP, UDP_GRO, 1)
    if verb in ('batch', 'gro', 'letters'):
        client.sendmsg([b''.join(text)], [(socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack('H', SIZE))], 0, to)
    elif verb in ('single', 'oneway'):
        for data in text:
            client.sendto(data, to)
    elif verb == 'ports':
        other = made(where, 4001)
        client.sendto(text[0], to)
        other.sendto(text[1], to)
    elif verb == 'ttl':
        server.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
        for _ in range(4):
            client.sendto(text[0], to)
            _, more, _, peer = server.recvmsg(65536, 512)
            server.sendto(b'x', peer)
            client.recv(10)
        print(struct.unpack('i', more[0][2])[0])
        return
    if verb == 'talk':
        heard = 0
        for _ in range(n):
            client.sendto(text[0], to)
            got = read(server)
            if got:
                server.sendto(b'x', got[3])
                heard += bool(read(client))
        print(heard)
        return
    found = everything(server)
    if verb == 'letters':
        print(*sorted({chr(c) for data, *_ in found for c in data[::SIZE]}) or ['nothing'])
    elif verb == 'oneway':
        print(len(found))
    else:
        print(len(found), sum(len(data) for data, *_ in found))


if __name__ == '__main__':
    try:
        main(*sys.argv[1:])
    except OSError as e:    # what this kernel or device does not take
        print(e.strerror)
