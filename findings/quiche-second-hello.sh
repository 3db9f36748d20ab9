#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# quiche in @matrixai/quic 2.0.9 (npm): the server name is an address, and after a Retry another ClientHello comes
#
# A Retry only proves the client's address: it sends the same ClientHello again with the server's token (RFC 9000, 17.2.5.2 and
# 17.2.5.3), as ngtcp2, quinn and the browsers do, and so who has read and remembered the first one need not read the
# second, one would guess. quiche begins TLS anew: another random, another key share. Who takes a connection for known by its
# ClientHello sees two, and a filter that compares them sees a forgery. An address goes out as server name (RFC 6066, 3 forbids that),
# which a list of allowed names has to have, or a default has to take.
#
# Seen: a client that goes to 127.0.0.1, and is answered with a Retry.
. "$(dirname "$0")/lib/debian.sh"
. "$(dirname "$0")/lib/npm.sh"

debian trixie nodejs python3-aioquic=1.2.0-1
npm_packages @matrixai/quic@2.0.9
cp "$(dirname "$0")/lib/hello.py" "$tmp/root/tmp"
cat >"$tmp/root/tmp/npm/go.mjs" <<'end'
import { randomBytes } from 'node:crypto';
import { QUICClient } from '@matrixai/quic';

await QUICClient.createQUICClient({
	host: '127.0.0.1', port: Number(process.argv[2]), localHost: '127.0.0.1',
	crypto: { ops: { randomBytes: async (data) => void randomBytes(data.byteLength).copy(Buffer.from(data)) } },
	config: { verifyPeer: false, applicationProtos: ['h3'] },
});
end
seen "the server name, and the ClientHello after Retry" "$(printf 'name 127.0.0.1\nafter Retry another one')" \
	"$(in_root python3 /tmp/hello.py node /tmp/npm/go.mjs PORT)"
