// SPDX-License-Identifier: GPL-2.0-or-later
// quinn.mjs ADDRESS PORT - a client on quinn, by @chainsafe/libp2p-quic
//
// libp2p goes to addresses. Settings are the package's own. It stands beside the folder node_modules.
import { defaultOptions } from '@chainsafe/libp2p-quic';
import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys';
import * as napi from './node_modules/@chainsafe/libp2p-quic/dist/src/napi.js';

const [address, port] = process.argv.slice(2);
const privateKeyProto = privateKeyToProtobuf(await generateKeyPair('Ed25519'));
const client = new napi.Client(new napi.QuinnConfig({ ...defaultOptions, privateKeyProto }), 0);
await client.outboundConnection(address, Number(port)).catch((e) => console.error(e.message));
setTimeout(() => process.exit(0), 15000);
