# SPDX-License-Identifier: GPL-2.0-or-later
"""record.py PORT - the datagrams to a UDP port of 127.0.0.1, until one says "end".

Prints "ready", then a line for each: the source port and its first 24 bytes in hex.
"""
import socket
import sys

with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800)) as s:
    s.bind(('lo', 0x0800))
    print('ready', flush=True)
    while True:
        packet, (_, _, kind, *_) = s.recvfrom(65535)
        udp = packet[4 * (packet[0] & 15):]
        if kind == socket.PACKET_OUTGOING or packet[9] != socket.IPPROTO_UDP:
            continue
        if int.from_bytes(udp[2:4], 'big') != int(sys.argv[1]):
            continue
        if udp[8:] == b'end':
            break
        print(int.from_bytes(udp[:2], 'big'), udp[8:32].hex())
