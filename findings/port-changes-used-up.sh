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

debian trixie nginx caddy knot python3-aioquic=1.2.0-1 openssl
pinned nginx 1.26.3
pinned caddy 2.6.2
pinned knot 3.4.6
certificate
nginx_conf
cat >"$tmp/root/tmp/Caddyfile" <<'end'
{
	admin off
	auto_https off
}
https://a.example:4433 {
	tls /tmp/cert.pem /tmp/key.pem
	respond "hello"
}
end
cat >"$tmp/root/tmp/knot.conf" <<'end'
server:
  rundir: /tmp/knot
  listen-quic: 127.0.0.1@4433
  udp-workers: 1
  cert-file: /tmp/cert.pem
  key-file: /tmp/key.pem
database:
  storage: /tmp/knot
end
mkdir "$tmp/root/tmp/knot"

# changes ALPN SERVER... - how many of ten changes of port this server follows
changes() {
	alpn=$1
	shift
	# The client repeats its first flight until the server is there.
	in_root sh -c 'alpn=$1; shift; "$@" >/tmp/log 2>&1 & python3 /tmp/client.py 4433 "$alpn" 10; kill $!' sh "$alpn" \
		"$@" | grep -c '^after answered'
}

seen "nginx follows one change of port of ten" 1 "$(changes h3 nginx -g 'daemon off;' -c /tmp/nginx.conf)"
seen "Caddy follows three" 3 "$(changes h3 env HOME=/tmp caddy run --config /tmp/Caddyfile)"
seen "Knot DNS follows all" 10 "$(changes doq knotd -c /tmp/knot.conf)"
