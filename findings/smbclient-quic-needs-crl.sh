#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Samba 4.25.1 (Debian sid; 4.24.7 of Debian 13's backports does the same): smbclient with QUIC allowed does not get as far as TCP
#
# `client smb transports = tcp, quic` has smbclient try TCP, and QUIC if there is no answer, one would guess: what
# worked by TCP works as before. But it sets up TLS before it sends anything, and Samba's default
# `tls verify peer = as_strict_as_possible` wants a list of revoked certificates besides a CA: without `tls crlfile`
# no packet leaves the client, and its message, NT_STATUS_INVALID_PARAMETER_MIX, names neither TLS nor QUIC.
# `tls verify peer = ca_and_name` is what a browser checks, and enough.
#
# Seen: against one smbd by TCP the shares are listed, are not with quic allowed and a CA file, and are with ca_and_name.
. "$(dirname "$0")/lib/debian.sh"
. "$(dirname "$0")/lib/servers.sh"
. "$(dirname "$0")/lib/samba.sh"

debian sid samba smbclient openssl
pinned smbclient 4.25.1+dfsg
certificate
samba_conf "server smb transports = tcp"

# shares OPTION... - what smbclient says of the server's shares, in a word, once smbd lists them: it listens before
shares() {
	with_smbd sh -c 'list="smbclient -s /dev/null -N -L //a.example -I 127.0.0.1" n=0
		until $list 2>&1 | grep -q "files .*Disk" || [ $n = 100 ]; do sleep 0.2; n=$((n + 1)); done
		$list "$@"' sh "$@" 2>&1 | sed -n 's/^.*\(NT_STATUS_[A-Z_]*\).*/\1/p; s/^.*files .*Disk.*/listed/p' | head -n 1
}

seen "TCP alone, the default" listed "$(shares)"
seen "tcp, quic and a CA file" NT_STATUS_INVALID_PARAMETER_MIX \
	"$(shares "--option=client smb transports=tcp, quic" "--option=tls ca file=/tmp/cert.pem")"
seen "the same with ca_and_name" listed "$(shares "--option=client smb transports=tcp, quic" \
	"--option=tls ca file=/tmp/cert.pem" "--option=tls verify peer=ca_and_name")"
