#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# conntrack 1.4.8 (Debian 13), Linux 6.18: `conntrack -D` without a zone deletes the same connection of every zone
#
# Two tenants of a host may have the same addresses if each has a conntrack zone, and zone 0 is the one that is meant where
# none is named: rules without `ct zone set` use it. One would guess so of `conntrack -D`, too. It deletes what fits in all zones, so
# one tenant's connection that is told to end ends the other's. With `--zone 0` it does what one would guess.
#
# Seen: one 5-tuple in zones 0 and 1; `conntrack -D -p udp --dport 443` leaves nothing, with `--zone 0` it leaves the other.
. "$(dirname "$0")/lib/debian.sh"

debian trixie conntrack nftables=1.1.3-1 libnftables1=1.1.3-1 netbase
pinned conntrack 1.4.8
cat >"$tmp/root/tmp/try" <<'end'
for zone in 0 1; do
	conntrack -I -p udp -s 192.0.2.1 -d 192.0.2.2 --sport 4000 --dport 443 -t 100 --zone $zone >/dev/null 2>&1
done
echo "$(conntrack -C) entries"
conntrack -D -p udp --dport 443 $1 >/dev/null 2>&1
echo "$(conntrack -C) left"
end
seen "without a zone" "$(printf '2 entries\n0 left')" "$(in_root sh /tmp/try)"
seen "with --zone 0" "$(printf '2 entries\n1 left')" "$(in_root sh /tmp/try '--zone 0')"
