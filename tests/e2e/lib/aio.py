#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""An HTTP/3 client on aioquic.

    aio.py CA ADDRESS PORT SERVER-NAME page FILE     print /, send FILE to /echo and compare
    aio.py CA ADDRESS PORT SERVER-NAME idle SECONDS  print /, ask again after so long
    aio.py CA ADDRESS PORT SERVER-NAME early         print /, ask again in another connection's early data
    aio.py CA ADDRESS PORT SERVER-NAME sum PATH      print PATH's SHA-256

Exit status 0 if all went well.
"""
import asyncio
import hashlib
import sys

from aioquic.asyncio import QuicConnectionProtocol, connect
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration


class Client(QuicConnectionProtocol):
    def __init__(self, *args, **kw):
        super().__init__(*args, **kw)
        self.h3 = H3Connection(self._quic)
        self.answers = {}

    def quic_event_received(self, event):
        for e in self.h3.handle_event(event):
            if not isinstance(e, (HeadersReceived, DataReceived)) or e.stream_id not in self.answers:
                continue
            answer = self.answers[e.stream_id]
            if isinstance(e, HeadersReceived):
                answer['status'] = dict(e.headers).get(b':status')
            else:
                answer['body'].append(e.data)
            if e.stream_ended:
                answer['done'].set_result(None)

    async def ask(self, name, path, body=None, seconds=60):
        stream = self._quic.get_next_available_stream_id()
        answer = self.answers[stream] = {'status': None, 'body': [], 'done': asyncio.get_running_loop().create_future()}
        headers = [(b':method', b'GET' if body is None else b'POST'), (b':scheme', b'https'),
                   (b':authority', name.encode()), (b':path', path.encode())]
        if body is not None:
            headers.append((b'content-length', str(len(body)).encode()))
        self.h3.send_headers(stream, headers, body is None)
        if body is not None:
            self.h3.send_data(stream, body, True)
        self.transmit()
        await asyncio.wait_for(answer['done'], seconds)
        if answer['status'] != b'200':
            sys.exit(f"{path}: status {answer['status']}")
        return b''.join(answer['body'])


async def main(ca, address, port, name, what, arg=''):
    tickets = []

    def session(early=False):
        c = QuicConfiguration(is_client=True, alpn_protocols=['h3'], server_name=name, idle_timeout=180,
                              max_data=1 << 24, max_stream_data=1 << 24)
        c.load_verify_locations(ca)
        c.session_ticket = tickets[-1] if early else None
        return connect(address, int(port), configuration=c, create_protocol=Client,
                       session_ticket_handler=tickets.append, wait_connected=not early)

    async with session() as c:
        if what == 'sum':
            print(hashlib.sha256(await c.ask(name, arg, seconds=900)).hexdigest())
            return
        body = await c.ask(name, '/')
        sys.stdout.write(body.decode())
        if what == 'page':
            with open(arg, 'rb') as f:
                data = f.read()
            if await c.ask(name, '/echo', data) != data:
                sys.exit('another body came back than was sent')
        if what == 'idle':
            await asyncio.sleep(float(arg))
            if await c.ask(name, '/') != body:
                sys.exit('another answer after the pause')
    if what == 'early':
        if not tickets:
            sys.exit('the server gave no ticket')
        async with session(True) as c:
            if await c.ask(name, '/') != body:
                sys.exit('another answer in the second connection')
            if not c._quic.tls.early_data_accepted:
                sys.exit(f'early data was not accepted (session resumed: {c._quic.tls.session_resumed})')


asyncio.run(main(*sys.argv[1:]))
