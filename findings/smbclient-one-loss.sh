#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Samba 4.25.1 (Debian sid; 4.24.7 of Debian 13's backports does the same): one lost datagram ends smbclient's QUIC connection
#
# QUIC repeats what is lost, and smbclient has that from ngtcp2, as curl has. But in the handshake it does not send the
# datagram with the TLS Finished again: it takes itself for connected and sends PINGs, which the server cannot
# read yet, until one of the two gives up. A loss of one percent makes one in a hundred mounts wait and fail.
#
# Seen: an aioquic server that misses the client's second datagram, the one with the Finished, gets no stream data in
# 30 s from smbclient, and gets it from curl; if all datagrams come it gets it from smbclient.
. "$(dirname "$0")/lib/debian.sh"
. "$(dirname "$0")/lib/servers.sh"

debian sid smbclient curl openssl python3-aioquic
pinned smbclient 4.25.1+dfsg
pinned curl 8.23.0
pinned python3-aioquic 1.3.0
certificate
cp "$(dirname "$0")/lib/lossy.py" "$tmp/root/tmp"

# smbclient_without, curl_without N - what the server gets if the client's datagram N is lost; 0: none is. A ClientHello with X25519
# alone is one datagram, so that the second has the Finished.
smbclient_without() {
	in_root python3 -B /tmp/lossy.py smb "$1" smbclient -s /dev/null -N -L //a.example -I 127.0.0.1 -t 60 \
		"--option=client smb transports=quic:4433" "--option=tls ca file=/tmp/cert.pem" "--option=tls verify peer=ca_and_name"
}

curl_without() {
	in_root python3 -B /tmp/lossy.py h3 "$1" curl -sk --curves X25519 --http3-only --resolve a.example:4433:127.0.0.1 https://a.example:4433/
}

seen "smbclient, nothing lost" "stream data" "$(smbclient_without 0)"
seen "curl, its second datagram lost" "stream data" "$(curl_without 2)"
seen "smbclient, its second datagram lost" nothing "$(smbclient_without 2)"
