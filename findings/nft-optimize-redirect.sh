#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# nftables 1.1.3 (Debian 13; 1.1.7 of sid does the same): `nft -o` turns redirects into a redirect of everything
#
# Two rules redirect UDP 443 of two addresses to two ports. One would guess that `nft -o` merges them
# into one rule with a map, as it says: "redirect ip to ip daddr . udp dport map { ... : 8443, ... : 9443 }".
# It loads that rule with the map's answer in no register: the kernel is told neither an address nor
# a port, nor to look at the map's answer. The exit status is 0. The rule that is left redirects each UDP
# packet of IPv4 that the map knows to the port that it came for, and lists as a plain `redirect`,
# without map or match: saved and loaded again it redirects all of UDP.
# Redirects that are chosen by the port alone, and dnat, keep their ports.
. "$(dirname "$0")/lib/debian.sh"

debian trixie nftables=1.1.3-1 libnftables1=1.1.3-1 netbase
cat >"$tmp/root/tmp/rules" <<'end'
table ip t {
	chain c {
		type nat hook prerouting priority -100
		ip daddr 192.0.2.1 udp dport 443 redirect to :8443
		ip daddr 192.0.2.2 udp dport 443 redirect to :9443
	}
}
end
rules='nft -o -f /tmp/rules >/tmp/said 2>&1 || exit; nft list chain ip t c | grep redirect'
seen "both ports are gone, and so is the match" "$(printf '\t\tmeta l4proto udp redirect')" "$(in_root sh -c "$rules")"
seen "the merged rule that it announces has them" \
	"$(printf '\tredirect ip to ip daddr . udp dport map { 192.0.2.1 . 443 : 8443, 192.0.2.2 . 443 : 9443 }')" \
	"$(in_root sh -c 'nft -c -o -f /tmp/rules 2>&1' | grep 'map {' | sed 's/^redirect/\tredirect/' | head -n 1)"
