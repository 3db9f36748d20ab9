#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# nginx 1.26.3 and Caddy 2.6.2 (Debian 13): a connection survives one, or three, changes of the client's port
#
# A NAT that forgets gives a client another port, again and again in a long connection. One would guess that a
# server which follows the first change (RFC 9000, 9.3) follows the tenth as well. nginx follows one and Caddy
# three; to the next port they send nothing at all, whether the changes come at once or seconds apart, and also if
# the client never changes the connection ID that it sends to. The numbers are those of the client's spare
# connection IDs: each server takes a fresh one for each new port and retires none, so that it never gets
# another. (A client that did not change its own may be answered under the old one: RFC 9000, 9.5.)
# Knot DNS 3.4.6 with one worker, and the same client, follows all ten.
. "$(dirname "$0")/lib/debian.sh"
. "$(dirname "$0")/lib/servers.sh"

debian trixie nginx caddy knot python3-aioquic=1.2.0-1 openssl
pinned nginx 1.26.3
pinned caddy 2.6.2
pinned knot 3.4.6
certificate

# followed SERVER ALPN - how many of ten changes of port this server follows
followed() {
	"$1" "$2" 10 | grep -c '^after answered'
}

seen "nginx follows one change of port of ten" 1 "$(followed nginx h3)"
seen "Caddy follows three" 3 "$(followed caddy h3)"
seen "Knot DNS follows all" 10 "$(followed knot doq)"
