# SPDX-License-Identifier: GPL-2.0-or-later
"""Tunnels that are not offered: WebSocket (RFC 9220), CONNECT-UDP (RFC 9298), CONNECT. Each is refused on its own stream."""
import asyncio

from nqtest.h3client import client, request
from nqtest.h3service import NAME, Quicd, until
from nqtest.suite import group
from nqtest.tap import ok, same
from nqtest.upstream import Upstream


def extended(protocol, path):
    return [(b':method', b'CONNECT'), (b':protocol', protocol), (b':scheme', b'https'), (b':authority', NAME.encode()), (b':path', path)]


TUNNELS = (
    ('WebSocket', extended(b'websocket', b'/chat') + [(b'sec-websocket-version', b'13'), (b'origin', b'https://x')]),
    ('CONNECT-UDP', extended(b'connect-udp', b'/.well-known/masque/udp/192.0.2.6/443/') + [(b'capsule-protocol', b'?1')]),
    ('CONNECT-IP', extended(b'connect-ip', b'/.well-known/masque/ip/*/*/')),
    ('WebTransport', extended(b'webtransport', b'/')),
    ('CONNECT', [(b':method', b'CONNECT'), (b':authority', b'192.0.2.6:80')]),
)


async def refused(q, up):
    for name, fields in TUNNELS:
        async with client(q) as c:
            # A request that is under way, one before and one after.
            slow = c.stream()
            c.headers(slow, request('POST', '/echo'))
            sid = c.stream()
            c.headers(sid, fields)
            what, code = await c.outcome(sid)
            same((what, code), ('status', 501), f'{name} is refused on its stream')
            c.data(slow, b'body', True)
            same(await c.outcome(slow), ('status', 200), f'{name}: the request beside it is answered')
            after = c.stream()
            c.headers(after, request('GET', '/echo'), True)
            same((await c.outcome(after), c.closed), (('status', 200), None), f'{name}: and so is the next one')
    async with client(q) as c:
        sid = c.stream()
        c.headers(sid, request('GET', '/echo'), True)
        await c.outcome(sid)
        settings = c.h3.received_settings
        ok(8 not in settings and 6 in settings, 'extended CONNECT is not offered', settings)
    same([r['method'] for r in up.requests if r['method'] == 'CONNECT'], [], 'none of them reached the backend')


@group('http3 tunnels')
def run(where):
    up = Upstream()
    with Quicd(where, [f'backend = {up.address}', 'backend-timeout = 5s'], service=['idle-timeout = 10s']) as q:
        asyncio.run(refused(q, up))
        ok(until(lambda: q.counter('stream_buffer_bytes') == 0, 15), 'no buffer is left')
    up.stop()
