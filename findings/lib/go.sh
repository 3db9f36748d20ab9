# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# For findings/*.sh, after debian.sh and servers.sh: a client in Go, and what it sends.

# go_asks URL... - have lib/go/get.go, built with Debian's quic-go, ask nginx for these; recorded in $tmp/said
go_asks() {
	debian trixie nginx python3 openssl golang-go golang-github-lucas-clemente-quic-go-dev
	pinned golang-github-lucas-clemente-quic-go-dev 0.50.1
	pinned nginx 1.26.3
	certificate
	nginx_conf
	cp "$(dirname "$0")/lib/go/get.go" "$tmp/root/tmp"
	echo 127.0.0.1 a.example b.example >"$tmp/root/etc/hosts"
	echo hosts: files >"$tmp/root/etc/nsswitch.conf"
	in_root env GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=/tmp/cache HOME=/tmp \
		sh -c 'cd /tmp && go build -o get get.go' || exit 2
	recorded /tmp/get "$@" >"$tmp/said"
}

# recorded COMMAND... - run it in the root beside nginx on 127.0.0.1:4433; a line for each datagram to that
# port: the source port, and its first 24 bytes in hex
recorded() {
	cp "$(dirname "$0")/lib/record.py" "$tmp/root/tmp"
	in_root sh -c '
		nginx -c /tmp/nginx.conf
		rm -f /tmp/datagrams
		python3 /tmp/record.py 4433 >/tmp/datagrams &
		recorder=$!
		until [ -s /tmp/datagrams ]; do sleep 0.05; done
		"$@" && python3 -c "import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b\"end\", (\"127.0.0.1\", 4433))"
		wait "$recorder"
		nginx -c /tmp/nginx.conf -s stop' sh "$@" 2>/dev/null
	sed 1d "$tmp/root/tmp/datagrams"
}
