#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# libp2p on quinn in @chainsafe/libp2p-quic 2.1.1 (npm): every client asks for a server of the name "l"
#
# A peer is known by its address and its key, so a peer-to-peer program sends no server name, one would guess, or the
# peer's. It sends "l" to everybody. A rule for clients without a name does not match it, a list of allowed
# names stops it, and all peers behind one address look like one service: what tells them apart is the protocol, libp2p.
#
# Seen: a client that goes to 127.0.0.1; its ClientHello, which is the same one after a Retry.
. "$(dirname "$0")/lib/debian.sh"
. "$(dirname "$0")/lib/npm.sh"

debian trixie nodejs python3-aioquic=1.2.0-1
npm_packages @chainsafe/libp2p-quic@2.1.1
cp "$(dirname "$0")/lib/hello.py" "$tmp/root/tmp"
cat >"$tmp/root/tmp/npm/go.mjs" <<'end'
import { defaultOptions } from '@chainsafe/libp2p-quic';
import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys';
import * as napi from './node_modules/@chainsafe/libp2p-quic/dist/src/napi.js';

const privateKeyProto = privateKeyToProtobuf(await generateKeyPair('Ed25519'));
const client = new napi.Client(new napi.QuinnConfig({ ...defaultOptions, privateKeyProto }), 0);
await client.outboundConnection('127.0.0.1', Number(process.argv[2]));
end
seen "the server name, and the ClientHello after Retry" "$(printf 'name l\nafter Retry the same')" \
	"$(in_root python3 /tmp/hello.py node /tmp/npm/go.mjs PORT)"
