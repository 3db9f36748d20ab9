# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes wr of this network namespace and wa of namespace a each other's peers, over 10.0.1.0/24, by generic netlink."""
import os
import socket
import struct

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

NETLINK_GENERIC, CTRL, GETFAMILY, SET_DEVICE = 16, 16, 3, 1
PORT = 5182


def attr(kind, data):
    return struct.pack('HH', 4 + len(data), kind) + data + bytes(-len(data) % 4)


def nest(kind, *attrs):
    return attr(0x8000 | kind, b''.join(attrs))


def ask(s, family, command, version, data):
    """Send a request to be acknowledged; the payload of the answer, if there is one."""
    s.send(struct.pack('IHHIIBBH', 20 + len(data), family, 5, 1, 0, command, version, 0) + data)
    got = s.recv(65536)
    if struct.unpack_from('H', got, 4)[0] != 2:
        s.recv(65536)
        return got[20:]
    error = struct.unpack_from('i', got, 16)[0]
    if error:
        raise OSError(-error, os.strerror(-error))
    return b''


def family(s):
    data = ask(s, CTRL, GETFAMILY, 1, attr(2, b'wireguard\0'))
    while data:
        size, kind = struct.unpack_from('HH', data)
        if kind == 1:
            return struct.unpack_from('H', data, 4)[0]
        data = data[size + -size % 4:]
    return None


def device(name, private, public, peer):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC) as s:
        everywhere = nest(0, attr(1, struct.pack('H', socket.AF_INET)), attr(2, bytes(4)), attr(3, b'\0'))
        endpoint = struct.pack('=H', socket.AF_INET) + struct.pack('>H', PORT) + socket.inet_aton(peer) + bytes(8)
        ask(s, family(s), SET_DEVICE, 1, attr(2, name.encode() + b'\0') + attr(3, private) + attr(6, struct.pack('H', PORT))
            + nest(8, nest(0, attr(1, public), attr(4, endpoint), nest(9, everywhere))))


def main():
    here, there = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    device('wr', here.private_bytes_raw(), there.public_key().public_bytes_raw(), '10.0.1.2')
    fd = os.open('/run/netns/a', os.O_RDONLY)
    os.setns(fd, os.CLONE_NEWNET)
    device('wa', there.private_bytes_raw(), here.public_key().public_bytes_raw(), '10.0.1.1')


main()
