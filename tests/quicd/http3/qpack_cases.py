# SPDX-License-Identifier: GPL-2.0-or-later
"""Header compression: answers never wait for a lost packet of the encoder stream, and are small all the same."""
import asyncio
import os

from aioquic.quic.events import StreamDataReceived

from nqtest.h3client import client, prefixed, request
from nqtest.h3service import Quicd
from nqtest.suite import group
from nqtest.tap import ok, same

FILES, AT_ONCE, SIZE = 2000, 100, 10


def watch(c):
    """Holds up what comes on the encoder stream, as if its packet was lost. Returns the streams that wait for it, and its bytes."""
    blocked, held, decoder = [], [], c.h3._decoder

    class Decoder:
        def feed_encoder(self, data):
            held.append(data)
            return []

        def feed_header(self, sid, data):
            try:
                return decoder.feed_header(sid, data)
            except Exception:
                blocked.append(sid)
                raise

        def resume_header(self, sid):
            return decoder.resume_header(sid)

    c.h3._decoder = Decoder()
    return blocked, held


def integer(data, at, bits):
    """An integer behind the bits of its kind (RFC 7541, 5.1), and where it ends."""
    top = (1 << bits) - 1
    n, shift, at = data[at] & top, 0, at + 1
    while n >= top:
        n += (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if not data[at - 1] & 128:
            break
    return n, at


def insertions(data):
    """How many entries whole instructions add (RFC 9204, 4.3), and the bytes left over."""
    count, at = 0, 0
    while at < len(data):
        kind, here = data[at], at
        try:
            if kind & 0x80:
                at = integer(data, at, 6)[1]
            elif kind & 0x40:
                n, at = integer(data, at, 5)
                at += n
            else:
                at = integer(data, at, 5)[1]
            if kind & 0xc0:
                n, at = integer(data, at, 7)
                at += n
        except IndexError:
            at = len(data) + 1
        if at > len(data):
            return count, data[here:]
        count += kind & 0xe0 != 0x20
    return count, b''


def acknowledge(c):
    """Has the client tell at once of the entries that it got, as nghttp3 does (Insert Count Increment); aioquic does not."""
    plain, rest = c.h3._decoder.feed_encoder, b''

    def feed(data):
        nonlocal rest
        unblocked = plain(data)
        n, rest = insertions(rest + data)
        if n:
            c.raw(c.h3._local_decoder_stream_id, prefixed(0, 6, n))
        return unblocked

    blocked, _ = watch(c)
    c.h3._decoder.feed_encoder = feed
    return blocked


def count_bytes(c):
    """Counts what comes on streams: how packets are filled depends on how busy the machine is."""
    received, plain = [0], c.quic_event_received

    def event(e):
        received[0] += len(e.data) if isinstance(e, StreamDataReceived) else 0
        plain(e)
    c.quic_event_received = event
    return received


async def small(q):
    async with client(q) as c:
        blocked, sids = acknowledge(c), []
        received = count_bytes(c)
        for i in range(0, FILES, AT_ONCE):
            batch = []
            for k in range(AT_ONCE):
                batch.append(c.stream())
                c.headers(batch[-1], request('GET', f'/{i + k}.txt'), True)
            for sid in batch:
                await c.outcome(sid)
            sids += batch
        same({(c.status.get(s), len(c.body.get(s, b''))) for s in sids}, {(200, SIZE)}, f'{FILES} small files')
        same(blocked, [], 'no field section refers to an entry that is not acknowledged')
        return received[0]


async def late(q):
    """Entries that this client (aioquic) never acknowledges are not used; and answers wait for none."""
    async with client(q) as c:
        blocked, held = watch(c)
        for i in range(20):
            sid = c.stream()
            c.headers(sid, request('GET', f'/{i}.txt'), True)
            if await c.outcome(sid) != ('status', 200):
                break
        same((i, blocked), (19, []), 'twenty answers do not wait for an encoder stream that is held up')
        ok(b''.join(held), 'which has entries for later ones')


@group('http3 qpack')
def run(where):
    os.mkdir(where + '/www')
    for i in range(FILES):
        with open(f'{where}/www/{i}.txt', 'wb') as f:
            f.write(b'x' * SIZE)
    with Quicd(where, [f'root = {where}/www']) as q:
        n = asyncio.run(small(q))
        ok(n <= 120000, f'at most 120 kB on streams for {FILES} small files, 200 with packets ({n // 1000} kB)')
        asyncio.run(late(q))
