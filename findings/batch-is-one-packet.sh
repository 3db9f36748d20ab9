#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# nftables 1.1.3 (Debian 13), Linux 6.18: `limit rate` lets forty datagrams through as one packet
#
# A rule that lets five packets an hour through lets five of forty datagrams through, one would guess. QUIC programs send up to
# 64 datagrams in one call (UDP_SEGMENT), and the kernel keeps them in one piece until a device or a receiver wants them
# apart: behind nftables, also on a host that forwards what a container sent. `limit` and `counter` take the piece for one packet,
# and so does conntrack. A limit in packets, meant against floods, is up to 64 times as high as it says; one in
# bytes holds.
#
# Seen: forty datagrams in one call; with `limit rate 1/hour burst 5 packets` forty arrive, and the counter says 1.
. "$(dirname "$0")/lib/debian.sh"

debian trixie nftables=1.1.3-1 libnftables1=1.1.3-1 netbase python3-minimal libpython3-stdlib
cp "$(dirname "$0")/lib/batch.py" "$tmp/root/tmp"
cat >"$tmp/root/tmp/try" <<'end'
nft -f - <<rules || exit
table ip t {
	chain c {
		type filter hook output priority 0
		udp dport 443 limit rate $1 counter accept
		udp dport 443 drop
	}
}
rules
python3 /tmp/batch.py AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA | cut -d ' ' -f 1
nft list chain ip t c | sed -n 's/.*counter packets \([0-9]*\) .*/counted \1/p'
end
seen "five packets an hour" "$(printf '40\ncounted 1')" "$(in_root sh /tmp/try '1/hour burst 5 packets')"
seen "3000 bytes an hour" "$(printf '0\ncounted 0')" "$(in_root sh /tmp/try '1 bytes/hour burst 3000 bytes')"
