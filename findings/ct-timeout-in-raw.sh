#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# nftables 1.1.3 (Debian 13), Linux 6.18: `ct timeout set` in a chain at raw counts its packets and does nothing
#
# A timeout has to be set before conntrack makes the entry, one would guess, and iptables' CT --timeout works in
# the raw table only. In nft it is the other way round: at priority raw (-300) the rule is accepted, its
# counter counts, and the entry gets conntrack's usual time. From -199 on, after conntrack, it works, until the entry
# is confirmed, at the end of postrouting or input; so not in prerouting for what a host sends to itself. There is
# no error or warning at any place.
#
# Seen: a policy of 1000 s for UDP; an entry of 30 s with the rule at -300, of 1000 s from -199 in output to the last
# priority but one in postrouting, and of 30 s again at the last one, and in prerouting and input behind it.
. "$(dirname "$0")/lib/debian.sh"

debian trixie nftables=1.1.3-1 libnftables1=1.1.3-1 conntrack netbase python3-minimal
pinned conntrack 1.4.8
cat >"$tmp/root/tmp/try" <<'end'
nft -f - <<rules || exit
table ip t {
	ct timeout long {
		protocol udp
		l3proto ip
		policy = { unreplied : 1000s, replied : 2000s }
	}
	chain out {
		type filter hook $1 priority $2
		udp dport 443 counter ct timeout set "long"
	}
	chain in {
		type filter hook input priority 0
		ct state new accept
	}
}
rules
python3 -c '
import socket
here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
here.bind(("127.0.0.1", 443))
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", here.getsockname())
here.recv(1)'
left=$(conntrack -L -p udp --dport 443 2>/dev/null | sed 's/^udp *17 \([0-9]*\) .*/\1/')
nft list chain ip t out | grep -q 'packets 1 ' && echo "counted, $([ "$left" -le 30 ] && echo 30 || echo 1000) s"
end
at() {
	seen "$1 at $2" "counted, $3 s" "$(in_root sh /tmp/try "$1" "$2")"
}
at output -300 30
at output -199 1000
at output 0 1000
at postrouting 2147483646 1000
at postrouting 2147483647 30
at prerouting 0 30
at input 0 30
