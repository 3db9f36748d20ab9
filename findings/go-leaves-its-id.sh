#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# quic-go 0.50.1 (Debian 13): the connection ID of the handshake is left at once
#
# A client has no reason to change the ID that it sends to as long as its address is the same, one would
# guess, so who has seen a handshake can follow the connection by the ID that the server gave in it. Go's client
# takes a spare ID as soon as it has one: within two packets of the handshake, on one path, with nothing
# lost. A follower by IDs has lost it before the first answer is there.
#
# Seen: of the packets with a short header two at the most carry the handshake's ID, and in some runs none;
# all that follow, the greater part, carry one other.
. "$(dirname "$0")/lib/debian.sh"
. "$(dirname "$0")/lib/servers.sh"
. "$(dirname "$0")/lib/go.sh"

go_asks https://a.example:4433/
# The client's first ID is of random bytes; nginx's begin with the number of its socket.
handshake=$(awk '$2 ~ /^[c-f].000000011400000000/ { print substr($2, 13, 36) }' "$tmp/said" | sort -u)
seen "IDs in long headers that nginx chose" 1 "$(echo "$handshake" | wc -l)"
# nginx's IDs have 20 bytes, of which 18 were recorded in a long header.
awk '$2 ~ /^[4-7]/ { print substr($2, 3, 36) }' "$tmp/said" >"$tmp/short"
old=$(grep -c "$handshake" "$tmp/short" || true)
new=$(grep -vc "$handshake" "$tmp/short" || true)
seen "other IDs in short headers" 1 "$(grep -v "$handshake" "$tmp/short" | sort -u | wc -l)"
seen "most are sent to another ID than the handshake's" yes "$([ "$new" -gt "$old" ] && echo yes)"
