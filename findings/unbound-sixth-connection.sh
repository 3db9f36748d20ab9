#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Unbound 1.26.2 (Debian 13): of ten TCP clients that think for half a second five are turned away
#
# `incoming-num-tcp` is 10 and `tcp-idle-timeout` 30 s by default, so ten clients may be connected for half a
# minute, one would guess. When more than half of the places are taken, the time-out of each new connection is cut,
# down to nothing: the sixth to tenth are accepted and closed without an answer if their question has not
# come within a fraction of a second. A DNS-over-QUIC front that opens a TCP connection for each stream gets there
# with six people. (RFC 7766, 6.2.3 lets a server do so; a log line does not tell of it.)
#
# Seen: each asks for a name of Unbound's own, at once: ten answers; half a second after connecting: five.
. "$(dirname "$0")/lib/debian.sh"

debian trixie unbound netbase python3-minimal
pinned unbound 1.26.2
cat >"$tmp/root/tmp/unbound.conf" <<'end'
server:
	interface: 127.0.0.1@5353
	username: ""
	chroot: ""
	directory: /tmp
	pidfile: /tmp/unbound.pid
	use-syslog: no
	do-daemonize: no
	local-zone: "a.example." static
	local-data: "a.example. A 192.0.2.1"
remote-control:
	control-enable: no
end
cat >"$tmp/root/tmp/ask.py" <<'end'
import socket
import struct
import sys
import time

QUESTION = struct.pack('>6H', 7, 0x100, 1, 0, 0, 0) + b'\1a\7example\0' + struct.pack('>2H', 1, 1)


def connect():
    while True:
        try:
            return socket.create_connection(('127.0.0.1', 5353))
        except ConnectionRefusedError:
            time.sleep(0.05)


def answered(s):
    try:
        s.sendall(struct.pack('>H', len(QUESTION)) + QUESTION)
        return bool(s.recv(512))
    except OSError:
        return False


connect().close()
time.sleep(1)
clients = [connect() for _ in range(10)]
time.sleep(float(sys.argv[1]))
print(sum(map(answered, clients)))
end
ask='unbound -c /tmp/unbound.conf >/tmp/log 2>&1 & python3 /tmp/ask.py "$1"; kill $!'
seen "ten that ask at once are answered" 10 "$(in_root sh -c "$ask" sh 0)"
seen "of ten that wait for half a second" 5 "$(in_root sh -c "$ask" sh 0.5)"
