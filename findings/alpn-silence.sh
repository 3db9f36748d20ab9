#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# HAProxy 3.0 and Knot DNS 3.4.6 (Debian 13): a client with no common ALPN protocol is not told
#
# A QUIC server that has none of the client's protocols must close the connection with the TLS alert
# no_application_protocol, 0x178 (RFC 9001, 8.1), so a client knows after one round trip, one would guess. nginx and
# Caddy do. HAProxy and Knot DNS send nothing: the client repeats its Initials until its own patience
# ends, and cannot tell a service that moved to another port from a host that is down.
#
# Seen: a client that offers "nobody/1" is closed with 0x178 by nginx 1.26.3 and Caddy 2.6.2, and hears nothing for
# ten seconds from the two others, while a client of the right protocol is served.
. "$(dirname "$0")/lib/debian.sh"
. "$(dirname "$0")/lib/servers.sh"

debian trixie nginx caddy knot haproxy python3-aioquic=1.2.0-1 openssl
pinned nginx 1.26.3
pinned caddy 2.6.2
pinned knot 3.4.6
pinned haproxy 3.0.11
certificate

# offered ALPN SERVER - a client's handshake: "served", or how it failed
offered() {
	"$2" "$1" 0 | sed -n '1s/^ids .*/served/;1p'
}

for one in 'nginx h3 closed 0x178' 'caddy h3 closed 0x178' 'haproxy h3 silence' 'knot doq silence'; do
	read -r server alpn outcome <<-end
		$one
	end
	seen "$server serves $alpn" served "$(offered "$alpn" "$server")"
	seen "$server and nobody/1" "$outcome" "$(offered nobody/1 "$server")"
done
