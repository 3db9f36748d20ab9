#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# kdig 3.4.6 (Debian 13): +tls-ca makes it send the server's address as the TLS server name
#
# `kdig @192.0.2.1 +quic` names no host, and its ClientHello has no server name. +tls-ca, which only has the certificate
# verified, does not change that, one would guess; RFC 6066, 3 forbids addresses there. But now "192.0.2.1" is sent. So a
# proxy that sends clients without a name to a default does not have this one among them, and a list of allowed names denies it.
#
# Seen: `kdig @127.0.0.1 +quic` sends no name, with +tls-ca it sends 127.0.0.1, and with a host name that one.
. "$(dirname "$0")/lib/debian.sh"

debian trixie knot-dnsutils python3-aioquic=1.2.0-1 openssl
pinned knot-dnsutils 3.4.6
in_root openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=a.example -keyout /tmp/key.pem -out /tmp/ca.pem \
	2>"$tmp/openssl"
cat >"$tmp/root/tmp/name.py" <<'end'
import socket
import subprocess
import sys

from aioquic.buffer import Buffer
from aioquic.quic.crypto import CryptoPair

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 0))
kdig = subprocess.Popen(['kdig', '@127.0.0.1', '-p', str(s.getsockname()[1]), '+quic', '+retry=0', *sys.argv[1:], 'a.example'],
                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
packet = s.recv(65536)
kdig.kill()
buf = Buffer(data=packet)
buf.pull_bytes(5)
dcid = buf.pull_bytes(buf.pull_uint8())
buf.pull_bytes(buf.pull_uint8())
buf.pull_bytes(buf.pull_uint_var())
stop = buf.pull_uint_var() + buf.tell()
keys = CryptoPair()
keys.setup_initial(cid=dcid, is_client=False, version=1)
buf, hello = Buffer(data=keys.decrypt_packet(packet[:stop], buf.tell(), 0)[1]), {}
while not buf.eof():
    kind = buf.pull_uint_var()
    if kind == 6:
        at = buf.pull_uint_var()
        hello.update(enumerate(buf.pull_bytes(buf.pull_uint_var()), at))
    elif kind > 1:
        break
buf = Buffer(data=bytes(hello[n] for n in sorted(hello)))
buf.pull_bytes(38)
buf.pull_bytes(buf.pull_uint8())
buf.pull_bytes(buf.pull_uint16())
buf.pull_bytes(buf.pull_uint8())
buf.pull_uint16()
name = 'none'
while not buf.eof():
    kind = buf.pull_uint16()
    data = buf.pull_bytes(buf.pull_uint16())
    if kind == 0:
        name = data[5:].decode()
print(name)
end
seen "without an option" none "$(in_root python3 /tmp/name.py)"
seen "with +tls-ca" 127.0.0.1 "$(in_root python3 /tmp/name.py +tls-ca=/tmp/ca.pem)"
seen "with +tls-hostname" a.example "$(in_root python3 /tmp/name.py +tls-hostname=a.example)"
