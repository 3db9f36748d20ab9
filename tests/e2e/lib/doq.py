#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""doq.py CA ADDRESS PORT SERVER-NAME QUESTION ANSWER COUNT CONNECTIONS

Asks for a name's address so many times at once (RFC 9250), on so many connections, and prints the number of
streams that brought the right answer.
"""
import asyncio
import ipaddress
import sys

from aioquic.asyncio import QuicConnectionProtocol, connect
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, StreamDataReceived, StreamReset


def question(name):
    """Length, header with ID 0, and the question for an A record."""
    labels = b''.join(bytes([len(x)]) + x.encode() for x in name.split('.')) + b'\0'
    message = bytes.fromhex('000001000001000000000000') + labels + bytes.fromhex('00010001')
    return len(message).to_bytes(2, 'big') + message


class Client(QuicConnectionProtocol):
    def __init__(self, *args, **kw):
        super().__init__(*args, **kw)
        self.got, self.open, self.asked, self.over = {}, set(), False, asyncio.Event()

    def quic_event_received(self, event):
        if isinstance(event, StreamDataReceived):
            self.got[event.stream_id] = self.got.get(event.stream_id, b'') + event.data
        if isinstance(event, StreamReset) or getattr(event, 'end_stream', False):
            self.open.discard(event.stream_id)
        if isinstance(event, ConnectionTerminated):
            self.open.clear()
        if self.asked and not self.open:
            self.over.set()

    async def ask(self, asked, count):
        self.asked = True
        for _ in range(count):
            stream = self._quic.get_next_available_stream_id()
            self.open.add(stream)
            self._quic.send_stream_data(stream, asked, True)
        self.transmit()
        await asyncio.wait_for(self.over.wait(), 120)
        return self.got.values()


async def one(address, port, conf, asked, count):
    async with connect(address, port, configuration=conf(), create_protocol=Client) as client:
        return list(await client.ask(asked, count))


async def main(ca, address, port, name, asked, answer, count, connections):
    def conf():
        c = QuicConfiguration(alpn_protocols=['doq'], server_name=name, idle_timeout=120)
        c.load_verify_locations(ca)
        return c

    each = int(count) // int(connections)
    got = await asyncio.gather(*(one(address, int(port), conf, question(asked), each) for _ in range(int(connections))))
    print(sum(ipaddress.ip_address(answer).packed in a for part in got for a in part))


asyncio.run(main(*sys.argv[1:]))
