# SPDX-License-Identifier: GPL-2.0-or-later
"""Draining, resumption with early data, many connections, an upstream that comes and goes."""
import asyncio
import contextlib
import os
import random
import signal
import socket
import ssl
import threading
import time

from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.quic import packet_builder
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection

from nqtest.h3service import NAME, Quicd, until
from nqtest.h3client import client, request
from nqtest.poll import PATIENCE
from nqtest.upstream import Upstream
from nqtest.suite import group
from nqtest.tap import ok, same


def drain(where, up):
    """SIGTERM: what has begun is finished, what comes is turned away, then the process ends."""
    async def talk(q):
        async with client(q) as c:
            first = c.stream()
            c.headers(first, request('POST', '/echo'))
            c.data(first, b'part')
            await c.until(lambda: up.received > 0, 1)
            q.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(until, lambda: 'draining' in q.text())
            await c.until(lambda: c.goaways)
            await c.ping()
            late = c.stream()
            c.headers(late, request('GET', '/echo'), True)
            what = await c.outcome(late)
            c.data(first, b'rest', True)
            done = await c.outcome(first)
            await c.until(lambda: c.closed is not None)
            return what, done, c.closed

    with Quicd(where, [f'backend = {up.address}'], name='drain') as q:
        late, first, closed = asyncio.run(talk(q))
        same(first, ('status', 200), 'draining: a request that has begun is answered')
        same(late, ('reset', 0x10b), 'a new one is rejected (H3_REQUEST_REJECTED)')
        same(closed, 0x100, 'the connection ends with H3_NO_ERROR')
        same(until(lambda: q.process.poll() is not None) and q.process.returncode, 0, 'and the process')


def early_data(where, up):
    """Early data may be a replay: only harmless requests are taken."""
    async def talk(q):
        tickets, seen = [], []
        async with client(q, tickets=tickets) as c:
            await c.until(lambda: tickets, 5)
        for method in ('GET', 'POST'):
            async with client(q, tickets=tickets, early=True, session_ticket=tickets.pop()) as c:
                sid = c.stream()
                c.headers(sid, request(method, '/echo'), True)
                seen.append(await c.outcome(sid))
                seen.append(c._quic.tls.early_data_accepted)
                await c.until(lambda: tickets, 5)
        return seen

    with Quicd(where, [f'backend = {up.address}'], tls=['early-data = yes'], name='early') as q:
        before = len(up.requests)
        seen = asyncio.run(talk(q))
        same(seen, [('status', 200), True, ('status', 425), True], 'in early data GET is served, POST gets 425')
        same([[v for n, v in r['fields'] if n == 'early-data'] for r in up.requests[before:]], [['1']],
              'and the upstream is told (Early-Data: 1)')


@contextlib.contextmanager
def fixed_bit_cleared(packets):
    """aioquic clears the fixed bit of so many long headers."""
    plain, left = packet_builder.encode_long_header_first_byte, [packets]

    def first_byte(*args):
        left[0] -= 1
        return plain(*args) & (0xff if left[0] < 0 else ~0x40)
    packet_builder.encode_long_header_first_byte = first_byte
    try:
        yield
    finally:
        packet_builder.encode_long_header_first_byte = plain


def cleared(where, up):
    """grease_quic_bit: a client with a token may clear the fixed bit in its first Initial (RFC 9287, 3.1)."""
    async def once(q, token, packets):
        with fixed_bit_cleared(packets), contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(2 * PATIENCE), client(q, token=token) as c:
                sid = c.stream()
                c.headers(sid, request('GET', '/echo'), True)
                return await c.outcome(sid)

    async def talk(q):
        tokens = []
        async with client(q, tokens=tokens) as c:
            await c.until(lambda: tokens, 5)
        good = tokens[-1]
        same(await once(q, good, 9999), ('status', 200), 'with a token the fixed bit may be cleared')
        same((await once(q, good[:-1] + bytes([good[-1] ^ 1]), 1), q.counter('retries')), (('status', 200), 1),
             'a token that is not good any more gives a Retry')
        same(await once(q, b'', 9999), None, 'without a token there is no answer')

    with Quicd(where, [f'backend = {up.address}'], name='cleared') as q:
        asyncio.run(talk(q))


def first_words(where, up):
    """A client that says nothing after its ClientHello has the server's SETTINGS all the same."""
    with Quicd(where, [f'backend = {up.address}'], name='first') as q, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        c = QuicConnection(configuration=QuicConfiguration(
            is_client=True, alpn_protocols=H3_ALPN, server_name=NAME, verify_mode=ssl.CERT_NONE))
        h3 = H3Connection(c)
        c.connect(('127.0.0.1', q.port), now=time.monotonic())
        for data, _ in c.datagrams_to_send(now=time.monotonic()):
            s.sendto(data, ('127.0.0.1', q.port))
        try:
            while not h3.received_settings:
                c.receive_datagram(s.recv(65535), ('127.0.0.1', q.port), now=time.monotonic())
                while event := c.next_event():
                    h3.handle_event(event)
        except TimeoutError:
            pass
        ok(h3.received_settings, 'SETTINGS come with the first flight')


def storm(where, up):
    """The upstream dies and returns while requests go on: each ends, nothing is left."""
    stop, results = threading.Event(), {}

    def load(q, seed):
        async def go():
            rnd = random.Random(seed)
            while not stop.is_set():
                try:
                    async with client(q) as c:
                        sids = []
                        for _ in range(8):
                            sid = c.stream()
                            path = rnd.choice(['/echo', '/down?300000', '/chunked?100000', '/close', '/cut', '/extra', '/trailers'])
                            body = rnd.random() < 0.4 and path == '/echo'
                            c.headers(sid, request('POST' if body else 'GET', path), not body)
                            if body:
                                c.data(sid, bytes(rnd.randrange(60000)), True)
                            if rnd.random() < 0.2:
                                c._quic.reset_stream(sid, 0x10c) if body else c._quic.stop_stream(sid, 0x10c)
                                c.transmit()
                            else:
                                sids.append(sid)
                        for sid in sids:
                            what = (await c.outcome(sid))[0]
                            results[what] = results.get(what, 0) + 1
                except (ConnectionError, asyncio.TimeoutError, AssertionError):
                    results['lost'] = results.get('lost', 0) + 1
        asyncio.run(go())

    with Quicd(where, [f'backend = {up.address}', 'backend-timeout = 3s'], service=['idle-timeout = 10s', 'workers = 2'], name='storm') as q:
        threads = [threading.Thread(target=load, args=(q, i)) for i in range(3)]
        for t in threads:
            t.start()
        port = up.port
        for _ in range(20):
            time.sleep(0.3)
            up.stop()
            up.listen(port)
        stop.set()
        for t in threads:
            t.join(60)
        ok(results.get('status', 0) > 50 and not results.get('nothing') and not results.get('closed'),
           'an upstream that dies 20 times under load: every request ends', results)
        ok(until(lambda: q.counter('streams') == 0 and q.counter('stream_buffer_bytes') == 0, 20), 'no stream and no buffer is left',
           q.counter('streams'), q.counter('stream_buffer_bytes'))
        ok(until(lambda: len(os.listdir(f'/proc/{q.process.pid}/fd')) < 60), 'no descriptor is left')


def stalled(where, up):
    """A client that stops in the middle of its body is given up after idle-timeout, not before."""
    async def talk(q):
        async with client(q) as c:
            sid = c.stream()
            c.headers(sid, request('POST', '/echo') + [(b'content-length', b'100')])
            c.data(sid, b'half')
            began = time.monotonic()
            return await c.outcome(sid), time.monotonic() - began

    with Quicd(where, [f'backend = {up.address}', 'backend-timeout = 1s', 'idle-timeout = 3s'], name='stalled') as q:
        (what, code), after = asyncio.run(talk(q))
        same((what, code), ('reset', 0x10c), 'a client that stalls is reset (H3_REQUEST_CANCELLED)')
        ok(2.5 < after < 6, f"after its own time ({after:.1f} s), not the backend's")


@group('http3 robust')
def run(where):
    up = Upstream()
    drain(where, up)
    early_data(where, up)
    first_words(where, up)
    cleared(where, up)
    stalled(where, up)
    storm(where, up)
    up.stop()
