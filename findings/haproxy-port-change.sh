#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# HAProxy 3.0.11 (Debian 13): a client whose port a NAT changes gets no more answers
#
# HAProxy's transport parameters have disable_active_migration. One would guess that this concerns clients that
# move on purpose: RFC 9000 (9 and 18.2) forbids these, and still expects a server to cope with a NAT
# that gives a client another port in the middle of a connection. HAProxy is silent from then on, and the
# client waits for its idle time-out.
#
# Seen: a PING is answered, the client's port changes, the next PING and its resends are not for three seconds.
. "$(dirname "$0")/lib/debian.sh"
. "$(dirname "$0")/lib/servers.sh"

debian trixie haproxy python3-aioquic=1.2.0-1 openssl
pinned haproxy 3.0.11
certificate
haproxy h3 1 >"$tmp/said"
seen "disable_active_migration" "forbids yes" "$(grep '^forbids' "$tmp/said")"
seen "a PING before the change of port" "before answered" "$(grep '^before' "$tmp/said")"
seen "a PING after it" "after silence" "$(grep '^after' "$tmp/said")"
