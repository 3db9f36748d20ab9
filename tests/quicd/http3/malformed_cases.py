# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests that no client should send: none may reach the upstream as something else, none may hurt another."""
import asyncio
import contextlib
import json
import os

from nqtest.h3service import NAME, Quicd, until
from nqtest.h3client import client, frame, literal, request
from nqtest.upstream import Upstream
from nqtest.suite import group
from nqtest.tap import ok, same

MESSAGE_ERROR = 0x10e

# The fault, and the fields.
REFUSED = (
    ('no method', [(b':scheme', b'https'), (b':authority', b'x'), (b':path', b'/echo')]),
    ('no path', [(b':method', b'GET'), (b':scheme', b'https'), (b':authority', b'x')]),
    ('no scheme', [(b':method', b'GET'), (b':authority', b'x'), (b':path', b'/echo')]),
    ('no authority and no host', [(b':method', b'GET'), (b':scheme', b'https'), (b':path', b'/echo')]),
    ('two paths', request('GET', '/echo') + [(b':path', b'/other')]),
    ('two methods', request('GET', '/echo') + [(b':method', b'POST')]),
    ('a pseudo header behind a field', request('GET', '/echo')[:3] + [(b'x', b'y'), (b':path', b'/echo')]),
    ('an unknown pseudo header', request('GET', '/echo') + [(b':smuggle', b'1')]),
    (':status in a request', request('GET', '/echo') + [(b':status', b'200')]),
    ('a name in capitals', request('GET', '/echo') + [(b'X-Upper', b'1')]),
    ('connection', request('GET', '/echo') + [(b'connection', b'close')]),
    ('keep-alive', request('GET', '/echo') + [(b'keep-alive', b'timeout=5')]),
    ('proxy-connection', request('GET', '/echo') + [(b'proxy-connection', b'close')]),
    ('transfer-encoding', request('POST', '/echo') + [(b'transfer-encoding', b'chunked')]),
    ('upgrade', request('GET', '/echo') + [(b'upgrade', b'websocket')]),
    ('te that is not trailers', request('GET', '/echo') + [(b'te', b'gzip')]),
    ('two content-lengths', request('POST', '/echo') + [(b'content-length', b'1'), (b'content-length', b'2')]),
    ('content-length of no number', request('POST', '/echo') + [(b'content-length', b'1, 1')]),
    ('content-length with a sign', request('POST', '/echo') + [(b'content-length', b'+1')]),
    ('content-length beyond all bounds', request('POST', '/echo') + [(b'content-length', b'99999999999999999999')]),
    ('CR LF in the path', request('GET', '/echo HTTP/1.1\r\nHost: evil\r\n\r\n')),
    ('a blank in the path', request('GET', '/echo HTTP/1.1')),
    ('NUL in the path', request('GET', '/echo\0')),
    ('UTF-8 in the path', request('GET', '/echo\xc3\xa9')),
    ('an absolute path form', request('GET', f'https://{NAME}/echo')),
    ('a fragment in the path', request('GET', '/echo#x')),
    ('an empty path', request('GET', '')),
    ('* with GET', request('GET', '*')),
    ('CR LF in the method', request('GET /echo HTTP/1.1\r\nX: ', '/')),
    ('a blank in the method', request('GE T', '/echo')),
    ('an empty method', request('', '/echo')),
    ('CR LF in the authority', request('GET', '/echo', 'x\r\nX-Injected: 1')),
    ('a user in the authority', request('GET', '/echo', 'user:word@x')),
    ('a slash in the authority', request('GET', '/echo', 'x/y')),
    ('an empty authority', request('GET', '/echo', '')),
    ('another host beside the authority', request('GET', '/echo') + [(b'host', b'evil.example')]),
    ('a scheme of its own', request('GET', '/echo', NAME, 'gopher')),
    ('CONNECT', [(b':method', b'CONNECT'), (b':authority', b'x:80')]),
)

# Fields that are left out or refused, but never passed on as they are.
INJECTIONS = (
    ('CR LF', b'x-a', b'1\r\nX-Injected: 1'),
    ('LF', b'x-a', b'1\nX-Injected: 1'),
    ('CR', b'x-a', b'1\rX-Injected: 1'),
    ('NUL', b'x-a', b'1\0X-Injected: 1'),
    ('CR LF in a name', b'x-a: 1\r\nx-injected', b'1'),
    ('a colon in a name', b'x-a:x-injected', b'1'),
    ('a blank in a name', b'x-injected ', b'1'),
    ('an empty name', b'', b'x-injected'),
)


@contextlib.asynccontextmanager
async def beside(q, up, name):
    """A connection on which another request is under way: it must be answered whole, and so must the next one."""
    async with client(q) as c:
        slow, before = c.stream(), up.received
        c.headers(slow, request('POST', '/echo?slow'))
        c.data(slow, b'first')
        await asyncio.to_thread(until, lambda: up.received == before + 5)
        yield c
        c.data(slow, b'second', True)
        after = c.stream()
        c.headers(after, request('GET', '/echo?after'), True)
        seen = [(await c.outcome(s), json.loads(c.body.get(s) or '{}').get('size')) for s in (slow, after)]
        same((seen, c.closed), ([(('status', 200), 11), (('status', 200), 0)], None), f'{name}: other requests of the connection live')


async def refused(q, up):
    for name, fields in REFUSED:
        async with beside(q, up, name) as c:
            before = len(up.requests)
            sid = c.stream()
            c.headers(sid, fields, True)
            what, code = await c.outcome(sid)
            good = what == 'status' and code in (400, 501) or what == 'reset' and code == MESSAGE_ERROR
            ok(good and len(up.requests) == before, f'refused: {name}', what, code, up.requests[before:])


# Faults behind a good header: the trailers.
TRAILERS = (
    ('a trailer in capitals', [(b'X-Sum', b'1')]),
    ('a pseudo header as a trailer', [(b':path', b'/evil')]),
    ('connection as a trailer', [(b'connection', b'close')]),
    ('a trailer with a long name', [(b'x' * 300, b'1')]),
    ('a trailer of 100 KB', [(b'x-sum', b'y' * 100000)]),
)


async def trailers(q, up):
    for name, fields in TRAILERS:
        async with beside(q, up, name) as c:
            sid = c.stream()
            c.headers(sid, request('POST', '/echo?trailers'))
            c.data(sid, b'body')
            c.raw(sid, frame(1, literal(fields)), True)
            same((await c.outcome(sid))[0], 'reset', f'refused: {name}')
    async with beside(q, up, 'a trailer of 100 KB of a GET') as c:
        before = q.counter('http_requests')
        sid = c.stream()
        c.headers(sid, request('GET', '/echo'))
        await c.ping()
        c.raw(sid, frame(1, literal([(b'x-sum', b'y' * 100000)])), True)
        same((await c.outcome(sid))[0], 'reset', 'refused: a trailer of 100 KB of a GET')
        same(q.counter('http_requests') - before, 1, 'counted once')
    async with beside(q, up, 'no frame') as c:
        sid = c.stream()
        c.raw(sid, b'', True)
        same(await c.outcome(sid), ('reset', 0x10d), 'a stream without a frame is reset (H3_REQUEST_INCOMPLETE)')
    async with beside(q, up, 'an empty header') as c:
        sid = c.stream()
        c.raw(sid, frame(1, b''), True)
        same(await c.outcome(sid), ('reset', MESSAGE_ERROR), 'refused: an empty header')


# More than the manual allows.
LARGE = (
    ('a field of 100 KB', [(b'x-big', b'y' * 100000)]),
    ('a known field of 100 KB', [(b'cookie', b'y' * 100000)]),
    ('a name of 100 KB', [(b'x' * 100000, b'y')]),
    ('a name of 500 octets', [(b'x' * 500, b'y')]),
    ('two fields of 40 KB', [(b'x-one', b'y' * 40000), (b'x-two', b'y' * 40000)]),
    ('2000 fields', [(b'x-%d' % i, b'y') for i in range(2000)]),
)


async def large(q, up):
    for name, fields in LARGE:
        for end in (True, False):
            async with beside(q, up, name) as c:
                before = len(up.requests)
                sid = c.stream()
                c.raw(sid, frame(1, literal(request('GET' if end else 'POST', '/echo') + fields)), end)
                same((await c.outcome(sid), len(up.requests)), (('status', 431), before), f'431: {name}')
    async with beside(q, up, 'a name of 280 octets, compressed to fewer than 256') as c:
        before = len(up.requests)
        sid = c.stream()
        c.headers(sid, request('GET', '/echo') + [(b'x' * 280, b'y')], True)
        same((await c.outcome(sid), len(up.requests)), (('status', 431), before), '431: a name of 280 octets, compressed')
    async with beside(q, up, 'field sections in small pieces') as c:
        for name, fields, want in (('small', [(b'x-a', b'1')], 200), ('large', [(b'x' * 400, b'y' * 4000)], 431)):
            sid = c.stream()
            data = frame(0x21, b'grease') + frame(1, literal(request('GET', '/echo') + fields))
            cut = min(len(data) - 1, 160)
            for i in range(cut):
                if sid not in c.stopped:
                    c.raw(sid, data[i:i + 1])
                    await c.ping()
            if sid not in c.stopped:
                c.raw(sid, data[cut:], True)
            same(await c.outcome(sid), ('status', want), f'{name} fields in small pieces')


async def injections(q, up):
    for name, field, value in INJECTIONS:
        async with beside(q, up, name) as c:
            before = len(up.requests)
            sid = c.stream()
            c.headers(sid, request('GET', '/echo') + [(field, value)], True)
            what, code = await c.outcome(sid)
            seen = [n for r in up.requests[before:] for n, _ in r['fields']]
            ok(what in ('status', 'reset') and 'x-injected' not in seen and len(up.requests) <= before + 1,
               f'not passed on: {name}', what, code, seen)


# A client that has its answer before its body is sent, and breaks off: how it ends its stream.
BREAKS = (
    ('a FIN', lambda c, sid: c.raw(sid, b'', True)),
    ('a FIN in the midst of a body that is too long', lambda c, sid: c.data(sid, bytes(2000), True)),
    ('a reset', lambda c, sid: (c._quic.reset_stream(sid, 0x10c), c.transmit())),
)


async def early(q, up):
    """405 for a POST while its body comes."""
    for length in (1000, 1000000):
        for name, breaks in BREAKS:
            name = f'405 before the end of {length} octets, {name}'
            async with beside(q, up, name) as c:
                sid = c.stream()
                c.headers(sid, request('POST', '/file') + [(b'content-length', b'%d' % length)])
                c.data(sid, bytes(500))
                await c.until(lambda: sid in c.status)
                with contextlib.suppress(AssertionError):  # aioquic has reset the stream, as it was asked to
                    breaks(c, sid)
                same((await c.outcome(sid), c.body.get(sid)), (('status', 405), b'405 Method Not Allowed\n'), name)


async def lengths(q, up):
    """A body that is not as long as it was said to be must not become part of another request."""
    for name, said, pieces in (('less', b'10', [b'12345']), ('more', b'3', [b'GET /evil HTTP/1.1\r\n\r\n']), ('nothing', b'5', []),
                               ('more, later', b'3', [b'123', b'GET /evil HTTP/1.1\r\nHost: x\r\n\r\n'])):
        async with beside(q, up, f'a body with {name} than its length') as c:
            sid = c.stream()
            c.headers(sid, request('POST', '/echo') + [(b'content-length', said)], not pieces)
            for i, p in enumerate(pieces):
                await c.ping()  # the server has what was sent before
                c.data(sid, p, i == len(pieces) - 1)
            what, code = await c.outcome(sid)
            ok((what, code) == ('status', 200) and name.startswith('more, ') or (what, code) == ('reset', MESSAGE_ERROR),
               f'a body with {name} than its length is refused', what, code)
    ok(not any('evil' in r['target'] for r in up.requests), 'no second request came out of a body')


async def bodies(q, up):
    async with client(q) as c:
        sid = c.stream()
        c.headers(sid, request('POST', '/echo'))
        c.data(sid, b'abc')
        c.headers(sid, [(b'x-sum', b'42'), (b'content-length', b'9'), (b'x-forwarded-for', b'6.6.6.6'), (b'host', b'evil')], True)
        same(await c.outcome(sid), ('status', 200), 'a request with trailers')
        same(up.requests[-1]['trailers'], [('x-sum', '42')], 'they are passed on, but for those that must not be there')
        sid = c.stream()
        c.headers(sid, request('GET', '/echo') + [(b'cookie', b'a=1'), (b'cookie', b'b=2')])
        await c.ping()
        c.raw(sid, b'', True)
        same(await c.outcome(sid), ('status', 200), 'a GET whose end comes later')
        same(up.requests[-1]['framing'], 'none', 'has no body for all that')
        same([v for n, v in up.requests[-1]['fields'] if n == 'cookie'], ['a=1; b=2'], 'several cookie fields become one')
        sid = c.stream()
        c.headers(sid, request('OPTIONS', '*'), True)
        same(((await c.outcome(sid))[0], up.requests[-1]['target']), ('status', '*'), 'OPTIONS *')
        gone = up.gone
        sid = c.stream()
        c.headers(sid, request('POST', '/echo') + [(b'content-length', b'100')])
        c.data(sid, b'half')
        await c.until(lambda: up.received >= 4, 1)
        await c.ping()
        c._quic.reset_stream(sid, 0x10c)
        c.transmit()
        ok(await asyncio.to_thread(until, lambda: up.gone > gone), 'a request that the client breaks off is broken off upstream')
        sid = c.stream()
        c.headers(sid, request('GET', '/echo'), True)
        same(await c.outcome(sid), ('status', 200), 'other requests of the connection go on')


async def frames(q, up):
    for name, data, codes in (
            ('DATA before HEADERS', frame(0, b'x'), {0x105}),
            ('a SETTINGS frame on a request stream', frame(4, b''), {0x105}),
            ('a frame that HTTP/2 had', frame(6, b'x' * 8), {0x105}),
            ('an undecodable header', frame(1, b'\xff' * 20), {0x200, 0x10e, 0x106}),
            ('a header that waits for the encoder stream, which is not offered,', frame(1, b'\x05\0\xd1'), {0x200}),
            ('an unfinished frame', b'\x01\x40\x80\x00\x00\xd1', {0x106, 0x10d})):
        async with client(q) as c:
            sid = c.stream()
            c.raw(sid, data, True)
            what, code = await c.outcome(sid)
            ok(what in ('closed', 'reset') and code in codes, f'{name} ends the connection', what, hex(code or 0))
    async with client(q) as c:
        sid = c.stream()
        c.raw(sid, frame(0x21, b'grease') + frame(0x1f * 9 + 0x21, b''))
        c.headers(sid, request('GET', '/echo'), True)
        same(await c.outcome(sid), ('status', 200), 'unknown frames are skipped')
        c.raw(c.h3._local_control_stream_id, frame(0xf0700, b'\x00u=1'))
        sid = c.stream()
        c.headers(sid, request('GET', '/echo') + [(b'priority', b'u=0, i')], True)
        same(await c.outcome(sid), ('status', 200), 'PRIORITY_UPDATE')
        for i in range(150):
            sid = c.stream()
            c.raw(c.h3._local_control_stream_id, frame(0xf0700, encode(sid) + b'u=2'))
            c.headers(sid, request('GET', '/echo'), True)
            if await c.outcome(sid) != ('status', 200):
                break
        same((i, c.closed), (149, None), 'also for the 150th stream')


def encode(n):
    from aioquic.buffer import encode_uint_var
    return encode_uint_var(n)


async def everything(q, up):
    await refused(q, up)
    await injections(q, up)
    await trailers(q, up)
    await large(q, up)
    await lengths(q, up)
    await bodies(q, up)
    await frames(q, up)


@group('http3 malformed')
def run(where):
    up = Upstream()
    os.mkdir(where + '/www')
    with Quicd(where, [f'backend = {up.address}', 'backend-path = /echo', f'root = {where}/www'], name='files') as q:
        asyncio.run(early(q, up))
    with Quicd(where, [f'backend = {up.address}', 'backend-timeout = 5s'], service=['idle-timeout = 10s']) as q:
        asyncio.run(everything(q, up))
        same(q.process.poll(), None, 'quicd is alive')
        ok(until(lambda: q.counter('stream_buffer_bytes') == 0, 15), 'no buffer is left')
    up.stop()
