#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# nginx 1.26.3 (Debian 13): every connection ID begins with the same eight bytes, also without quic_bpf
#
# RFC 9000 (5.1) wants connection IDs that an observer cannot link, and one would guess that nginx puts its
# socket's cookie into them only where `quic_bpf on` needs it to find the worker. Without that line, too, two
# connections and the spare IDs of each share their first eight bytes. So a packet filter can
# recognise an nginx's connections by a prefix, also after a client has moved, and so can
# anybody on the path.
#
# Seen: two connections, six IDs or more of 20 bytes, one prefix of eight bytes; after it they differ.
. "$(dirname "$0")/lib/debian.sh"
. "$(dirname "$0")/lib/servers.sh"

debian trixie nginx python3-aioquic=1.2.0-1 openssl
pinned nginx 1.26.3
certificate
nginx_conf
in_root sh -c 'nginx -c /tmp/nginx.conf; for n in 1 2; do python3 /tmp/client.py 4433 h3; done; nginx -c /tmp/nginx.conf -s stop' >"$tmp/said"
ids=$(sed -n 's/^ids //p' "$tmp/said" | tr ' ' '\n')
seen "IDs have 20 bytes" 40 "$(echo "$ids" | awk '{ print length }' | sort -u)"
seen "more than two IDs were seen" yes "$([ "$(echo "$ids" | sort -u | wc -l)" -gt 2 ] && echo yes)"
seen "their first 8 bytes are the same" 1 "$(echo "$ids" | cut -c 1-16 | sort -u | wc -l)"
seen "their ninth and tenth are not" different "$([ "$(echo "$ids" | cut -c 17-20 | sort -u | wc -l)" -gt 1 ] && echo different)"
