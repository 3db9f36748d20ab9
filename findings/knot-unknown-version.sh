#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Knot DNS 3.4.6 (Debian 13): a client of a newer QUIC version is not told which versions there are
#
# A server answers a version that it does not know with Version Negotiation (RFC 9000, 6.1), so that the client
# can come back with version 1, one would guess; a new version can be tried since nothing but a round trip
# is lost. Knot DNS says nothing. A client that begins with a version that Knot does not know waits until it gives up, and
# the operator sees no trace of it. nginx and Caddy answer.
#
# Seen: a datagram of 1222 bytes that begins as an Initial of version 0x1a2a3a4a is answered by nginx 1.26.3 and
# Caddy 2.6.2 with a packet of version 0, and by Knot with silence, while a client of version 1 is served.
. "$(dirname "$0")/lib/debian.sh"
. "$(dirname "$0")/lib/servers.sh"

debian trixie nginx caddy knot python3-aioquic=1.2.0-1 openssl
pinned nginx 1.26.3
pinned caddy 2.6.2
pinned knot 3.4.6
certificate
# After the client, as the server is up then.
cat >>"$tmp/root/tmp/client.py" <<'end'
import os
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.settimeout(3)
    s.sendto(bytes.fromhex('c01a2a3a4a08') + os.urandom(8) + b'\x08' + os.urandom(8) + bytes(1199), c.to)
    try:
        print('version', int.from_bytes(s.recv(4096)[1:5], 'big'))
    except OSError:
        print('version silence')
end

for one in 'nginx h3 0' 'caddy h3 0' 'knot doq silence'; do
	read -r server alpn outcome <<-end
		$one
	end
	seen "$server serves version 1, and the other is answered with" "served $outcome" \
		"$("$server" "$alpn" 0 | sed -n 's/^ids .*/served/p; s/^version //p' | paste -sd' ' -)"
done
