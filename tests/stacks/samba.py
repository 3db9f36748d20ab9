#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""samba.py FILE [WORD] - beliefs about smbd and smbclient with QUIC on a kernel without QUIC sockets. FILE gets JSON.

WORD: only beliefs with it. 127.0.0.1 refuses what nobody serves, 10.5.0.2 says nothing.
"""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f'{HERE}/lib')
import tried  # noqa: E402 pylint: disable=wrong-import-position

BEFORE = f'''
mount -t tmpfs tmp /tmp; cd /tmp; ulimit -c 0; mkdir -p s/private s/lock s/state s/cache s/pid s/rpc files
ip link set lo up; ip link add d0 type veth peer name d1; ip link set d1 up; ip addr add 10.5.0.1/24 dev d0; ip link set d0 up
ip neigh add 10.5.0.2 lladdr 02:00:00:00:00:02 dev d0
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=fs.example -keyout key.pem -out cert.pem 2>/dev/null
chmod 600 key.pem
conf() {{ cat >smb.conf <<-end
	[global]
		server role = standalone server
		server smb transports = $1
		tls enabled = yes
		tls certfile = /tmp/cert.pem
		tls keyfile = /tmp/key.pem
		tls cafile = /tmp/cert.pem
		disable netbios = yes
		private dir = /tmp/s/private
		lock directory = /tmp/s/lock
		state directory = /tmp/s/state
		cache directory = /tmp/s/cache
		pid directory = /tmp/s/pid
		ncalrpc dir = /tmp/s/rpc
		log file = /tmp/s/smbd
		load printers = no
	end
}}
# Its status, or "serves" if it still does after some seconds; what it said is in log.
smbd_with() {{ conf "$1"; shift; timeout 12 smbd --foreground --no-process-group --debug-stdout -s smb.conf "$@" >log 2>&1; s=$?; [ $s = 124 ] && echo serves || echo $s; }}
ports() {{ conf "$1"; timeout 12 smbd --foreground --no-process-group --debug-stdout -s smb.conf >log 2>&1 & sleep 10
	python3 -c "
for kind, state in ('tcp', '0A'), ('udp', '07'):
    for line in open(f'/proc/net/{{kind}}').readlines()[1:]:
        if line.split()[3] == state: print(kind + str(int(line.split()[1].split(':')[1], 16)), end=' ')"; wait; }}
CA="--option=tls ca file=/tmp/cert.pem"; PEER="--option=tls verify peer=ca_only"
client() {{ t=$1 a=$2; shift 2; python3 -B {HERE}/lib/${{BY:-order}}.py smbclient //fs.example/files -U a%b -I "$a" -s /dev/null "$CA" "$PEER" ${{t:+"--option=client smb transports=$t"}} "$@" -c ls; }}
'''
CRL = """certtool --generate-crl --load-ca-privkey key.pem --load-ca-certificate cert.pem --outfile crl.pem --template /dev/null >/dev/null 2>&1
[ -s crl.pem ] || echo no CRL; """
ROWS = [
    ('smbd with `server smb transports = tcp, quic` listens on UDP port 443', 'ports "tcp, quic"', 'tcp445 udp443'),
    ('smbd with `tcp, quic` ends if QUIC has no socket', 'smbd_with "tcp, quic"', '1'),
    ('smbd with `tcp, quic` says that QUIC has no socket, at its default log level', 'smbd_with "tcp, quic" >/dev/null; grep -c "failed: Protocol not supported" log', '2'),
    ('`testparm` warns of `server smb transports = tcp, quic` where QUIC has no socket', 'conf "tcp, quic"; testparm -s smb.conf 2>&1 >/dev/null | grep -ci quic', '1'),
    ('smbclient tries QUIC by itself if TCP is refused', 'client "" 127.0.0.1', 'tcp445 udp443'),
    ('smbclient with `client smb transports = tcp, quic` tries QUIC if TCP is refused', 'client "tcp, quic" 127.0.0.1', 'tcp445 udp443'),
    ('smbclient with `quic, tcp` tries QUIC first', 'client "quic, tcp" 127.0.0.1', 'udp443 tcp445'),
    ('smbclient with `tcp, quic` asks both within a second if nobody answers', 'WAITED=tcp445:udp443 client "tcp, quic" 10.5.0.2', '0'),
    ('smbclient with `quic, tcp` asks TCP within a second if nobody answers', 'WAITED=udp443:tcp445 client "quic, tcp" 10.5.0.2', '0'),
    ('smbclient with `quic, tcp` asks TCP at once if UDP is refused', 'WAITED=udp443:tcp445 client "quic, tcp" 127.0.0.1', '0'),
    ('smbclient needs `client smb transport:force_ngtcp2_quic` where the kernel has no QUIC sockets', 'client quic 127.0.0.1', 'nothing'),
    ('smbclient with `tcp, quic` asks the kernel for sockets of TCP, then of QUIC, then of UDP, once it has looked at the interfaces', 'BY=sockets client "tcp, quic" 127.0.0.1', 'udp tcp quic udp'),
    ('`smbclient -p 1443` with `client smb transports = quic` is the port of QUIC', 'client quic 127.0.0.1 -p 1443', 'udp1443'),
    ('`client smb transports = quic:1443` is the port of QUIC', 'client quic:1443 127.0.0.1', 'udp1443'),
    ('`smbclient //127.0.0.1/files` makes a connection of QUIC',
     f'python3 -B {HERE}/lib/order.py smbclient //127.0.0.1/files -U a%b -s /dev/null "$CA" "$PEER" "--option=client smb transports=quic" -c ls', 'udp443'),
    ('smbclient with `tcp, quic` and a CA file, the rest Samba\'s defaults, asks TCP as before', 'PEER="$CA"; client "tcp, quic" 127.0.0.1', 'tcp445 udp443'),
    ('smbclient with `tcp, quic` and `tls verify peer = ca_and_name` asks TCP as before', 'PEER="--option=tls verify peer=ca_and_name"; client "tcp, quic" 127.0.0.1', 'tcp445 udp443'),
    ('smbclient with `tcp, quic`, a CA file and a CRL of the CA asks TCP as before', CRL + 'PEER="--option=tls crlfile=/tmp/crl.pem"; client "tcp, quic" 127.0.0.1', 'tcp445 udp443'),
    ('the TLS of both, GnuTLS, has a group with ML-KEM, as OpenSSL has', 'gnutls-cli --list | sed -n "/^Groups/p" | grep -qi "ml-\\?kem" && echo yes || echo no', 'yes'),
]


def main(file, word=''):
    version = subprocess.run(['smbd', '--version'], capture_output=True, text=True, check=True).stdout.split()[1]
    tried.run('Samba', [row for row in ROWS if word in row[0]], BEFORE, file, of='Samba ' + version.partition('-')[0])


main(*sys.argv[1:])
