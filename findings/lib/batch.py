# SPDX-License-Identifier: GPL-2.0-or-later
"""batch.py LETTERS - a datagram of 600 bytes for each letter, all in one send with UDP_SEGMENT, to port 443 of 127.0.0.1.

Prints how many arrived and their letters.
"""
import socket
import struct
import sys

UDP_SEGMENT, SIZE = 103, 600

server, client = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
server.bind(('127.0.0.1', 443))
server.settimeout(0.5)
text = b''.join(c.encode() * SIZE for c in sys.argv[1])
try:
    client.sendmsg([text], [(socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack('H', SIZE))], 0, server.getsockname())
except PermissionError:
    pass    # dropped in output
found = []
try:
    while True:
        found.append(server.recv(65536))
except TimeoutError:
    print(len(found), ''.join(sorted({chr(c) for data in found for c in data[::SIZE]})))
