#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""lossy.py ALPN LOST COMMAND... - a client, and a QUIC server on 127.0.0.1:4433 that does not get the client's
datagram number LOST (from 1; 0: gets all). Prints `stream data` once that comes, or `nothing` after 30 s.
"""
import asyncio
import subprocess
import sys

from aioquic.asyncio import QuicConnectionProtocol, serve
from aioquic.asyncio.server import QuicServer
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import StreamDataReceived

alpn, lost, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]


class Server(QuicConnectionProtocol):
    came = asyncio.Event()

    def quic_event_received(self, event):
        if isinstance(event, StreamDataReceived):
            self.came.set()


async def main():
    received, count = QuicServer.datagram_received, iter(range(1, sys.maxsize))

    def lossy(self, data, addr):
        if next(count) != lost:
            received(self, data, addr)

    QuicServer.datagram_received = lossy
    configuration = QuicConfiguration(is_client=False, alpn_protocols=[alpn])
    configuration.load_cert_chain('/tmp/cert.pem', '/tmp/key.pem')
    await serve('127.0.0.1', 4433, configuration=configuration, create_protocol=Server)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as client:
        try:
            await asyncio.wait_for(Server.came.wait(), 30)
            print('stream data')
        except asyncio.TimeoutError:
            print('nothing')
        client.kill()


asyncio.run(main())
