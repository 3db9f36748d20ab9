# SPDX-License-Identifier: GPL-2.0-or-later
"""A TUN device and what its program writes: packets with virtio's header, which may hold several datagrams."""
import fcntl
import os
import socket
import struct

TUNSETIFF, TUNSETOFFLOAD = 0x400454ca, 0x400454d0
IFF_TUN, IFF_NAPI, IFF_NO_PI, IFF_VNET_HDR = 0x0001, 0x0010, 0x1000, 0x4000
TUN_F_CSUM, TUN_F_USO4, TUN_F_USO6 = 1, 0x20, 0x40
NEEDS_CSUM, GSO_UDP_L4 = 1, 5
HEADER = 10     # bytes of virtio's


def device(name, napi=False, uso=False):
    """A new one in this network namespace, as a descriptor."""
    fd = os.open('/dev/net/tun', os.O_RDWR)
    kind = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | (IFF_NAPI if napi else 0)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack('16sH22x', name.encode(), kind))
    if uso:
        fcntl.ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_USO4 | TUN_F_USO6)
    return fd


def total(data):
    s = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return s


def packet(source, to, payload, size):
    """From and to an address and port; the kernel completes UDP's checksum, and cuts a payload longer than size."""
    a, b = socket.inet_aton(source[0]), socket.inet_aton(to[0])
    length = 8 + len(payload)
    udp = struct.pack('!HHHH', source[1], to[1], length, total(a + b + struct.pack('!HH', 17, length)))
    ip = struct.pack('!BBHHHBBH', 0x45, 0, 20 + length, 1, 0, 64, 17, 0) + a + b
    ip = ip[:10] + struct.pack('!H', total(ip) ^ 0xffff) + ip[12:]
    gso = (GSO_UDP_L4, 28, size) if len(payload) > size else (0, 0, 0)
    return struct.pack('=BBHHHH', NEEDS_CSUM, *gso, 20, 6) + ip + udp + payload
