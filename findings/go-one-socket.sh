#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# quic-go 0.50.1 (Debian 13): one http.Client reaches two sites on one address from one UDP port
#
# Two connections to two host names have two source ports, one would guess, as they have with TCP and with curl.
# Go's HTTP/3 transport opens one UDP socket and uses it for all names. Where both are on one address, both
# connections have one 5-tuple, and a NAT rule, a conntrack mark or a balancer by 5-tuple that decided for the
# first site has decided for the second one as well.
#
# Seen: requests to a.example and b.example, both 127.0.0.1; two connections, one source port.
. "$(dirname "$0")/lib/debian.sh"
. "$(dirname "$0")/lib/servers.sh"
. "$(dirname "$0")/lib/go.sh"

go_asks https://a.example:4433/ https://b.example:4433/
# A client's first Initial has an ID of random bytes; nginx's begin with the number of its socket.
openers=$(awk '$2 ~ /^c.00000001/ && substr($2, 13, 8) != "00000000" { print substr($2, 13, 16) }' "$tmp/said" | sort -u)
seen "connections" 2 "$(echo "$openers" | wc -l)"
seen "source ports" 1 "$(cut -d ' ' -f 1 "$tmp/said" | sort -u | wc -l)"
