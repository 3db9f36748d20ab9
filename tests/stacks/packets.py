#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""packets.py FILE [WORD] - beliefs about single packets of QUIC clients: the fixed bit, and what is lost. FILE gets JSON.

WORD: only beliefs with it.
"""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [f'{HERE}/lib', f'{HERE}/../lib/py']
import clients  # noqa: E402 pylint: disable=wrong-import-position
import tried  # noqa: E402 pylint: disable=wrong-import-position

BEFORE = f'''
mount -t tmpfs tmp /tmp; cd /tmp; ip link set lo up
g() {{ python3 -B {HERE}/lib/greased.py "$@"; }}
lost() {{ openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=a.example -keyout key.pem -out cert.pem 2>/dev/null
	python3 -B {HERE}/../../findings/lib/lossy.py "$@"; }}
smb() {{ lost smb "$1" smbclient -s /dev/null -N -L //a.example -I 127.0.0.1 -t 60 "--option=client smb transports=quic:4433" \
	"--option=tls ca file=/tmp/cert.pem" "--option=tls verify peer=ca_and_name" "--option=client smb transport:force_ngtcp2_quic=yes"; }}
web() {{ lost h3 "$1" curl -sk --curves X25519 --http3-only --resolve a.example:4433:127.0.0.1 https://a.example:4433/; }}
dns() {{ lost doq "$1" kdig @127.0.0.1 -p 4433 +quic +retry=0 +timeout=30 a.example; }}
'''
ROWS = [
    ('curl sets the fixed bit in all packets to a server that does not send grease_quic_bit', 'g packets curl 12 --plain', 'none'),
    ('curl sets the fixed bit in all Initials also to a server that sends grease_quic_bit', 'g packets curl', 'Handshake short'),
    ('kdig sets the fixed bit in all Initials also to a server that sends grease_quic_bit', 'g packets kdig', 'Handshake short'),
    ('smbclient sets the fixed bit in all Initials also to a server that sends grease_quic_bit', 'g packets smbclient', 'Handshake short'),
    ('aioquic always sets the fixed bit', 'g packets aioquic 6', 'none'),
    ('quic-go always sets the fixed bit', 'g packets quic-go 6', 'none'),
    ('curl, if it clears the fixed bit, does so in each connection', 'g share curl 16', 'all'),
    ('the first datagram of curl has no fixed bit cleared', 'g first curl 16', 'none'),
    ('curl recovers from the loss of the datagram with its Finished', 'web 2', 'stream data'),
    ('kdig recovers from the loss of the datagram with its Finished', 'dns 2', 'stream data'),
    ('smbclient recovers from the loss of the datagram with its Finished', 'smb 2', 'stream data'),
    ('smbclient recovers from the loss of its first datagram', 'smb 1', 'stream data'),
    ('smbclient recovers from the loss of its third datagram', 'smb 3', 'stream data'),
]


def left_out(line):
    """Is it about a client that is not here, as quic-go's before it is built?"""
    words = line.split()
    return words[0] == 'g' and words[2] not in [c.name for c in clients.here()]


def main(file, word=''):
    said = subprocess.run(['curl', '--version'], capture_output=True, text=True, check=True).stdout.split()
    ngtcp2 = next(w for w in said if w.startswith('ngtcp2/'))
    tried.run('QUIC packets', [row for row in ROWS if word in row[0] and not left_out(row[1])], BEFORE, file, 300, of=ngtcp2.replace('/', ' '))


main(*sys.argv[1:])
