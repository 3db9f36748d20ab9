#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""An HTTP/3 client on aioquic.

    aio.py CA ADDRESS PORT SERVER-NAME PATH [--idle SECONDS | --resume]

Prints the body of PATH. With --idle it asks again on the same connection after so long, with
--resume again on a second connection with early data. Exit status 0 if all went well.
"""
import asyncio
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
                answer['body'] += e.data
            if e.stream_ended:
                answer['done'].set_result(None)

    async def get(self, name, path):
        stream = self._quic.get_next_available_stream_id()
        answer = self.answers[stream] = {'status': None, 'body': b'', 'done': asyncio.get_running_loop().create_future()}
        self.h3.send_headers(stream, [(b':method', b'GET'), (b':scheme', b'https'),
                                      (b':authority', name.encode()), (b':path', path.encode())], True)
        self.transmit()
        await asyncio.wait_for(answer['done'], 60)
        if answer['status'] != b'200':
            sys.exit(f"status {answer['status']}")
        return answer['body']


async def main(ca, address, port, name, path, *options):
    tickets = []

    def config():
        c = QuicConfiguration(is_client=True, alpn_protocols=['h3'], server_name=name, idle_timeout=180)
        c.load_verify_locations(ca)
        c.session_ticket = tickets[-1] if tickets else None
        return c

    async def session(early):
        async with connect(address, int(port), configuration=config(), create_protocol=Client,
                           session_ticket_handler=tickets.append, wait_connected=not early) as c:
            body = await c.get(name, path)
            if '--idle' in options:
                await asyncio.sleep(float(options[1]))
                if await c.get(name, path) != body:
                    sys.exit('another answer after the pause')
            return body, c._quic.tls.early_data_accepted, c._quic.tls.session_resumed

    body, _, _ = await session(False)
    sys.stdout.write(body.decode())
    if '--resume' in options:
        if not tickets:
            sys.exit('the server gave no ticket')
        _, early, resumed = await session(True)
        print(f'resumed {resumed} early {early}')
        if not resumed:
            sys.exit('the session was not resumed')


asyncio.run(main(*sys.argv[1:]))
