// SPDX-License-Identifier: GPL-2.0-or-later
// quiche.mjs PACKAGE client ADDRESS PORT NAME - a client on quiche, as it goes to a host of that name
// quiche.mjs PACKAGE server PORT CERT KEY - a server on 127.0.0.1
//
// PACKAGE is @matrixai/quic or @infisical/quic, which have one interface. Settings are the package's own but for
// ALPN and the check of certificates. It stands beside the folder node_modules.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';

const [name, role, ...more] = process.argv.slice(2);
const found = await import(name);
const { QUICClient, QUICServer, events } = found.QUICClient ? found : found.default;
const hmac = (key, data) => createHmac('sha256', Buffer.from(key)).update(Buffer.from(data)).digest();

if (role === 'client') {
	const [host, port, serverName] = more;
	const client = await QUICClient.createQUICClient({
		host, port: Number(port), localHost: '127.0.0.1', ...(serverName === host ? {} : { serverName }),
		crypto: { ops: { randomBytes: async (data) => void randomBytes(data.byteLength).copy(Buffer.from(data)) } },
		config: { verifyPeer: false, applicationProtos: ['h3'] },
	}, { timer: 15000 });
	client.addEventListener(events.EventQUICConnectionClose.name, () => process.exit(0));
} else {
	const [port, cert, key] = more;
	const server = new QUICServer({
		crypto: {
			key: randomBytes(32),
			ops: {
				sign: async (k, data) => new Uint8Array(hmac(k, data)).buffer,
				verify: async (k, data, sig) => timingSafeEqual(hmac(k, data), Buffer.from(sig)),
			},
		},
		config: {
			applicationProtos: ['h3'], verifyPeer: false,
			cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8'),
		},
	});
	await server.start({ host: '127.0.0.1', port: Number(port) });
}
setTimeout(() => process.exit(0), 120000);
