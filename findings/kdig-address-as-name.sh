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
cp "$(dirname "$0")/lib/hello.py" "$tmp/root/tmp"
name() {
	in_root python3 /tmp/hello.py kdig @127.0.0.1 -p PORT +quic +retry=0 "$@" a.example | sed -n 's/^name //p'
}
seen "without an option" none "$(name)"
seen "with +tls-ca" 127.0.0.1 "$(name +tls-ca=/tmp/ca.pem)"
seen "with +tls-hostname" a.example "$(name +tls-hostname=a.example)"
