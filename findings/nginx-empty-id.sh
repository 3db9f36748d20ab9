#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# nginx 1.26.3 (Debian 13; 1.30.6 of sid does the same): Chromium's and Go's clients are lost at the first change of port
#
# A client may have an empty connection ID (RFC 9000, 5.1), and Chromium and Go's HTTP/3 client do. A NAT that forgets gives it
# another port; the server's own IDs are still in its packets, so nginx continues with it as it does with others, one
# would guess. nginx wants an unused ID of the client's for each new path, and such a client has none to give: nginx answers
# nothing, and says so in its log only at level info (no available client ids for new path). The same becomes of
# Chromium's own move to another port, which it tries when packets stop. Caddy 2.6.2 continues.
#
# Seen: a PING is answered before one change of port and after it with IDs of eight bytes; with an empty one not after it.
. "$(dirname "$0")/lib/debian.sh"
. "$(dirname "$0")/lib/servers.sh"

debian trixie nginx caddy python3-aioquic=1.2.0-1 openssl
pinned nginx 1.26.3
pinned caddy 2.6.2
certificate
pings() { sed -n '/^before\|^after/p' | tr '\n' ' '; }
seen "nginx, IDs of 8 bytes" "before answered after answered " "$(nginx h3 "1 8" | pings)"
seen "nginx, empty IDs" "before answered after silence " "$(nginx h3 "1 0" | pings)"
seen "caddy, empty IDs" "before answered after answered " "$(caddy h3 "1 0" | pings)"
