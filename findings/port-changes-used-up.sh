#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# nginx 1.26.3 and Caddy 2.6.2 (Debian 13): a connection survives one, or three, changes of the client's port in a row
#
# A NAT that forgets gives a client another port, again and again in a long connection. One would guess that a
# server which follows the first change (RFC 9000, 9.3) follows the tenth as well. nginx follows one and Caddy
# three; to the next port they send nothing at all, also if the client never changes the connection ID that it
# sends to. The numbers are those of the client's spare connection IDs: each server takes a fresh one for each new
# port. (A client that did not change its own may be answered under the old one: RFC 9000, 9.5.)
# Caddy never retires one, so that it never gets another. nginx does, when it has asked the old port for 7 seconds
# (three times, after 1, 2 and 4 seconds: ngx_quic_expire_path_validation()): a second change that comes earlier
# is the connection's end, since the retirement goes to a port that nobody has any more; with 8 seconds between
# them nginx follows all. nginx 1.30.6 of sid does the same.
# Knot DNS 3.4.6 with one worker, and the same client, follows all ten.
. "$(dirname "$0")/lib/debian.sh"
. "$(dirname "$0")/lib/servers.sh"

debian trixie nginx caddy knot python3-aioquic=1.2.0-1 openssl
pinned nginx 1.26.3
pinned caddy 2.6.2
pinned knot 3.4.6
certificate

# followed SERVER ALPN [CHANGES] - how many of ten changes of port this server follows
followed() {
	"$1" "$2" "${3:-10}" | grep -c '^after answered'
}

seen "nginx follows one change of port of ten" 1 "$(followed nginx h3)"
seen "with 5 s before each as well" 1 "$(followed nginx h3 "3 8 5")"
seen "with 8 s it follows three of three" 3 "$(followed nginx h3 "3 8 8")"
seen "Caddy follows three" 3 "$(followed caddy h3)"
seen "with 8 s as well" 3 "$(followed caddy h3 "4 8 8")"
seen "Knot DNS follows all" 10 "$(followed knot doq)"
