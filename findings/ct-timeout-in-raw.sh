#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# nftables 1.1.3 (Debian 13), Linux 6.18: `ct timeout set` in a chain at raw counts its packets and does nothing
#
# A timeout has to be set before conntrack makes the entry, one would guess, and iptables' CT --timeout works in
# the raw table only. In nft it is the other way round: at priority raw (-300) the rule is accepted, its
# counter counts, and the entry gets conntrack's usual time. From -199 on, after conntrack, it works. There is
# no error or warning at either place.
#
# Seen: a policy of 1000 s for UDP; an entry of 30 s with the rule at -300, of 1000 s at -199 and at 0.
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
		type filter hook output priority $1
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
seen "at -300" "counted, 30 s" "$(in_root sh /tmp/try -300)"
seen "at -199" "counted, 1000 s" "$(in_root sh /tmp/try -199)"
seen "at 0" "counted, 1000 s" "$(in_root sh /tmp/try 0)"
