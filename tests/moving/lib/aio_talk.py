#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""aio_talk.py CA ADDRESS PORT - an HTTP/3 client on aioquic that is told what to do, line by line.

    ask NAME PATH   "ok BODY" of this path of that server, on one connection for each name; a PING after five
                    seconds, if the answer has been lost (quic-go sends one after ten)
    sum NAME PATH   "ok SHA-256", with a PING now and then, as an application's keep-alive
    rebind          all connections get another socket, as behind a NAT that forgot them: "ok"
    migrate         another socket and another connection ID: "ok"

"error WHY" instead if it does not work.
"""
import asyncio
import hashlib
import sys

from aioquic.asyncio import QuicConnectionProtocol
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import ConnectionTerminated

PING = 0.2      # seconds
ALIVE = 25      # of these
PATIENCE = 30


class Client(QuicConnectionProtocol):
    def __init__(self, *args, **kw):
        super().__init__(*args, **kw)
        self.h3 = H3Connection(self._quic)
        self.answers = {}
        self.ended = None

    def quic_event_received(self, event):
        if isinstance(event, ConnectionTerminated):
            self.ended = event.reason_phrase or f'error {event.error_code}'
            for answer in self.answers.values():
                if not answer['done'].done():
                    answer['done'].set_result(None)
            return
        for e in self.h3.handle_event(event):
            answer = self.answers.get(getattr(e, 'stream_id', None))
            if not answer:
                continue
            if isinstance(e, HeadersReceived):
                answer['status'] = dict(e.headers).get(b':status')
            elif isinstance(e, DataReceived):
                answer['body'].append(e.data)
            if e.stream_ended:
                answer['done'].set_result(None)

    async def ask(self, name, path, ping=False):
        stream = self._quic.get_next_available_stream_id()
        answer = self.answers[stream] = {'status': None, 'body': [], 'done': asyncio.get_running_loop().create_future()}
        self.h3.send_headers(stream, [(b':method', b'GET'), (b':scheme', b'https'), (b':authority', name.encode()),
                                      (b':path', path.encode())], True)
        self.transmit()
        for n in range(1, int(PATIENCE / PING)):
            await asyncio.wait([answer['done']], timeout=PING)
            if answer['done'].done():
                break
            if ping or (n % ALIVE == 0 and not path.endswith('/slow')):
                self._quic.send_ping(n)
                self.transmit()
        del self.answers[stream]
        if self.ended or answer['status'] != b'200':
            raise OSError(self.ended or f"status {answer['status']}")
        return b''.join(answer['body'])


class Talk:
    def __init__(self, ca, address, port):
        self.ca, self.peer = ca, (f'::ffff:{address}' if ':' not in address else address, int(port), 0, 0)
        self.any = '::'
        self.open = {}

    async def connection(self, name):
        if name not in self.open:
            conf = QuicConfiguration(is_client=True, alpn_protocols=['h3'], server_name=name, idle_timeout=120)
            conf.load_verify_locations(self.ca)
            _, c = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: Client(QuicConnection(configuration=conf)), local_addr=(self.any, 0))
            c.connect(self.peer)
            await asyncio.wait_for(c.wait_connected(), PATIENCE)
            self.open[name] = c
        return self.open[name]

    async def do(self, what, name='', path='/'):
        if what in ('rebind', 'migrate'):
            for c in self.open.values():
                if what == 'migrate':
                    c._quic.change_connection_id()
                old = c._transport
                await asyncio.get_running_loop().create_datagram_endpoint(lambda c=c: c, local_addr=(self.any, 0))
                old.close()
            return ''
        c = await self.connection(name)
        body = await c.ask(name, path, what == 'sum')
        return hashlib.sha256(body).hexdigest() if what == 'sum' else body.decode().strip()


async def main():
    talk = Talk(*sys.argv[1:])
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        try:
            print('ok', await talk.do(*line.split()), flush=True)
        except Exception as e:
            print('error', type(e).__name__, e, flush=True)


asyncio.run(main())
