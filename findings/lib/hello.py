# SPDX-License-Identifier: GPL-2.0-or-later
"""hello.py COMMAND... - the ClientHello of a client that goes to port PORT, a word of COMMAND, of 127.0.0.1.

A Retry is the answer. Prints the server name; whether the ClientHello after the Retry is the same one, if
it comes within ten seconds.
"""
import socket
import subprocess
import sys

from aioquic.buffer import Buffer
from aioquic.quic.crypto import CryptoPair
from aioquic.quic.packet import encode_quic_retry

OURS = bytes.fromhex('c0ffee0011223344')


def opened(packet):
    """(DCID, SCID, ClientHello) of a datagram that begins with an Initial that has all of it."""
    buf = Buffer(data=packet)
    buf.pull_bytes(5)
    dcid = buf.pull_bytes(buf.pull_uint8())
    scid = buf.pull_bytes(buf.pull_uint8())
    buf.pull_bytes(buf.pull_uint_var())
    stop = buf.pull_uint_var() + buf.tell()
    keys = CryptoPair()
    keys.setup_initial(cid=dcid, is_client=False, version=1)
    buf, data = Buffer(data=keys.decrypt_packet(packet[:stop], buf.tell(), 0)[1]), {}
    while not buf.eof():
        kind = buf.pull_uint_var()
        if kind == 6:
            at = buf.pull_uint_var()
            data.update(enumerate(buf.pull_bytes(buf.pull_uint_var()), at))
        elif kind > 1:
            break
    return dcid, scid, bytes(data[n] for n in sorted(data))


def name(hello):
    buf = Buffer(data=hello)
    buf.pull_bytes(38)
    buf.pull_bytes(buf.pull_uint8())
    buf.pull_bytes(buf.pull_uint16())
    buf.pull_bytes(buf.pull_uint8())
    buf.pull_uint16()
    while not buf.eof():
        kind = buf.pull_uint16()
        data = buf.pull_bytes(buf.pull_uint16())
        if kind == 0:
            return data[5:].decode()
    return 'none'


s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 0))
s.settimeout(10)
port = str(s.getsockname()[1])
client = subprocess.Popen([port if word == 'PORT' else word for word in sys.argv[1:]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
packet, peer = s.recvfrom(65536)
first, scid, hello = opened(packet)
print('name', name(hello))
s.sendto(encode_quic_retry(1, OURS, scid, first, b'token'), peer)
try:
    while packet[6:6 + packet[5]] != OURS:
        packet = s.recv(65536)
    print('after Retry', 'the same' if opened(packet)[2] == hello else 'another one')
except TimeoutError:
    print('after Retry', 'nothing')
client.kill()
