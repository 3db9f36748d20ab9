#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Samba 4.25.1 (Debian sid; 4.24.7 of Debian 13's backports does the same): smbd that is told to serve QUIC starts without it
#
# `server smb transports = tcp, quic` has smbd listen on UDP port 443 beside TCP port 445, one would guess, since Debian
# builds it with QUIC (HAVE_LIBQUIC) and smbclient of the same build speaks QUIC on any kernel, by ngtcp2. smbd does so
# only by QUIC sockets of the kernel, which no kernel of Debian's has. It writes two lines of its log, and then
# serves TCP alone; testparm has nothing to say.
#
# Seen: the log says `Protocol not supported`; port 445 is open; no UDP port is.
. "$(dirname "$0")/lib/debian.sh"
. "$(dirname "$0")/lib/servers.sh"
. "$(dirname "$0")/lib/samba.sh"

debian sid samba openssl
pinned samba 4.25.1+dfsg
certificate
samba_conf "server smb transports = tcp, quic"
seen "smbd is built with QUIC" HAVE_LIBQUIC "$(in_root smbd -b | grep -o HAVE_LIBQUIC)"
seen "testparm says nothing of it" "" "$(in_root testparm -s /tmp/smb.conf 2>&1 >/dev/null | grep -i quic || true)"
seen "TCP port 445 is open, UDP port 443 is not" "tcp 01BD" "$(with_smbd listening | sort -u)"
seen "the log says why" "Protocol not supported" "$(sed -n 's/^smbd_open_one_socket: .*failed: //p' "$tmp/root/tmp/log" | sort -u)"
