#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# nftables 1.1.3 (Debian 13), Linux 6.18: a rule about UDP's payload decides for datagrams that it has not seen
#
# `@th,64,8` is the first byte of a datagram's payload, as in rules that look for a protocol's first bytes, and each datagram is
# judged by its own, one would guess. Datagrams that a program sent in one call (UDP_SEGMENT, as QUIC programs do) pass the rules in
# one piece: the rule sees the first one's payload, and its verdict is that of all. A datagram that should be dropped gets
# through behind another one, and one that should pass is dropped with it. `udp length` is in none of them what it says.
#
# Seen: of a datagram A and a datagram B in one call, a rule that drops A drops both, and a rule that drops B none.
. "$(dirname "$0")/lib/debian.sh"

debian trixie nftables=1.1.3-1 libnftables1=1.1.3-1 netbase python3-minimal libpython3-stdlib
cp "$(dirname "$0")/lib/batch.py" "$tmp/root/tmp"
cat >"$tmp/root/tmp/try" <<'end'
nft 'add table ip t; add chain ip t c { type filter hook output priority 0; }'
nft add rule ip t c udp dport 443 $1 counter drop || exit
python3 /tmp/batch.py AB
end
seen "without a rule" "2 AB" "$(in_root sh -c 'python3 /tmp/batch.py AB')"
seen "the rule is about A" "0 " "$(in_root sh /tmp/try '@th,64,8 0x41')"
seen "the rule is about B" "2 AB" "$(in_root sh /tmp/try '@th,64,8 0x42')"
seen "the rule is about datagrams of 608 bytes" "2 AB" "$(in_root sh /tmp/try 'udp length 608')"
