# SPDX-License-Identifier: GPL-2.0-or-later
"""The reverse proxy, between curl and an upstream of our own."""
import asyncio
import hashlib
import json
import os
import time

from nqtest.h3service import Quicd, until
from nqtest.h3client import client as client_of, request
from nqtest.upstream import MIB, Upstream
from nqtest.suite import group
from nqtest.tap import ok, same


def fields_of(r, name):
    return [v for n, v in r['fields'] if n == name]


def requests(q, up):
    r = q.get('/echo?a=b&c=%2F%20', '-H', 'X-Mine: 1', '-H', 'Cookie: a=1', '-A', 'agent')
    seen = json.loads(r.body)
    same((r.status, seen['method'], seen['target'], seen['version']), (200, 'GET', '/echo?a=b&c=%2F%20', 'HTTP/1.1'),
          'the request line, the target as it came')
    same(fields_of(seen, 'host'), [f'www.example.org:{q.port}'], 'Host is :authority')
    same((fields_of(seen, 'x-mine'), fields_of(seen, 'user-agent'), fields_of(seen, 'cookie')), (['1'], ['agent'], ['a=1']),
          'fields are passed on')
    same(fields_of(seen, 'x-forwarded-for'), ['127.0.0.1'], 'X-Forwarded-For')
    same(fields_of(seen, 'x-forwarded-proto'), ['https'], 'X-Forwarded-Proto')
    same(fields_of(seen, 'x-forwarded-host'), [f'www.example.org:{q.port}'], 'X-Forwarded-Host')
    same(fields_of(seen, 'x-forwarded-alpn'), ['h3'], 'the negotiated ALPN')
    same(fields_of(seen, 'forwarded'), [f'for=127.0.0.1;host="www.example.org:{q.port}";proto=https'], 'Forwarded')
    same(fields_of(seen, 'via'), ['3 quicd'], 'Via')
    same((seen['framing'], fields_of(seen, 'transfer-encoding')), ('none', []), 'GET has no body')
    same((r['via'], r['content-type']), ('1.1 quicd', 'application/json'), 'Via and the fields of the answer')

    seen = json.loads(q.get('/echo', '-H', 'X-Forwarded-For: 6.6.6.6', '-H', 'Forwarded: for=6.6.6.6', '-H', 'X_Forwarded_For: 6.6.6.6',
                            '-H', 'X-Real-IP: 6.6.6.6', '-H', 'X-Forwarded-Client-Cert: CN=admin', '-H', 'Early-Data: 1',
                            '-H', 'Via: 1.0 before', '-H', 'TE: trailers').body)
    same([n for n, v in seen['fields'] if '6.6.6.6' in v or 'admin' in v or n == 'early-data'], [],
          "the client's own X-Forwarded-*, Forwarded, X-Real-IP and Early-Data are removed, however they are spelt")
    same(fields_of(seen, 'via'), ['1.0 before', '3 quicd'], 'Via is added to')
    same((fields_of(seen, 'te'), fields_of(seen, 'connection')), (['trailers'], ['te']), 'TE: trailers')

    for method in ('POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'):
        seen = json.loads(q.get('/echo', '-X', method, '-d', 'abc').body)
        same((seen['method'], seen['framing'], seen['size']), (method, 'length', 3), f'{method} with a body')
    seen = json.loads(q.get('/echo', '-X', 'POST').body)
    same((seen['framing'], fields_of(seen, 'content-length')), ('length', ['0']), 'POST without a body')
    r = q.get('/echo', '-I')
    same((r.status, r['content-length']), (200, '12345'), 'HEAD: a length and no body')
    same(q.get('/none').status, 404, "the upstream's status")
    before = len(up.requests)
    same(q.get('/echo', '-H', 'X-Big: ' + 'x' * 70000).status, 431, 'too large a field: 431')
    same(q.get('/echo', *sum((['-H', f'X-{i}: y'] for i in range(250)), [])).status, 431, 'too many fields: 431')
    same(len(up.requests), before, 'none of which the upstream sees')


def answers(q, up):
    r = q.get('/hop')
    same([n for n, _ in r.fields if n in ('connection', 'x-private', 'keep-alive', 'upgrade', 'proxy-connection')], [],
          'hop-by-hop fields are removed, also those that Connection names')
    same([v for n, v in r.fields if n in ('x-public', 'set-cookie')], ['a', 'b', 'a=1', 'b=2'], 'repeated fields stay apart')
    r = q.get('/early')
    same(([h.status for h in r.heads], r.body), ([103, 200], b'after hints'), '103 Early Hints is passed on')
    same(r.heads[0].fields, [('link', '</a.css>')], 'with its fields but for hop-by-hop ones')
    r = q.get('/last-hint')
    same(([h.status for h in r.heads], r.body), ([103, 200], b'after hints'), 'also one that says that the connection will close')
    r = q.get('/no-content')
    same((r.code, r.status, r.body, r['x-here'], r['content-length']), (0, 204, b'', '1', None), '204, not with a length')
    r = q.get('/not-modified')
    same((r.status, r['etag']), (304, '"x"'), '304 with a length')
    r = q.get('/trailers')
    same((r.status, r.body, r.trailers), (200, b'hello', [('x-sum', '42')]), 'trailers, but for those that must not be there')
    r = q.get('/until-close?100000')
    same((r.status, len(r.body)), (200, 100000), 'an HTTP/1.0 answer that ends with the connection')
    seen = json.loads(q.get('/continue', '-H', 'Expect: 100-continue', '-d', 'abc').body)
    same((fields_of(seen, 'expect'), seen['size']), (['100-continue'], 3), 'Expect: 100-continue is passed on')
    r = q.get('/continue', '-H', 'Expect: 100-continue', '-d', 'abc')
    same([h.status for h in r.heads], [100, 200], 'and the 100 is passed back')


def broken(q, up):
    for path in ('close', 'garbage', 'two-lengths', 'both', 'vast-length', 'gzip', 'two-codings', 'upgrade', 'bad-name', 'bad-value', 'many', 'huge', 'endless-line'):
        same(q.get('/' + path).status, 502, f'502: {path}')
    for path in ('cut', 'cut-chunk'):
        r = q.get('/' + path)
        ok(r.code != 0, f'an answer that breaks off is broken off: {path}', r)
    same(q.get('/extra').body, b'ok', 'bytes behind the answer belong to nobody')
    r = [q.get('/echo') for _ in range(3)]
    same([x.status for x in r], [200] * 3, 'and do not reach the next request')
    before = up.connections
    same((q.get('/late-body', '-I').status, q.get('/echo').status), (200, 200), 'a body for HEAD spoils no other request')
    same(up.connections, before + 1, 'which has been sent once more')
    same(q.get('/hang').status, 504, 'a silent upstream: 504')
    r = q.get('/silent')
    ok(r.status == 200 and r.code != 0, 'one that falls silent in the middle: broken off', r)


def keep_alive(q, up):
    q.get('/echo')
    before = up.connections
    for _ in range(20):
        q.get('/echo')
    same(up.connections, before, '20 requests over one upstream connection')
    up.stop()
    port = up.port
    ok(until(lambda: q.get('/echo').status == 502), 'no upstream: 502')
    up.listen(port)
    same(q.get('/echo').status, 200, 'it is back: 200')
    # Connections in the pool die between two requests: nobody notices.
    for s in list(up.socks):
        s.close()
    up.socks.clear()
    same([q.get('/echo', '-d', 'x').status for _ in range(3)], [200] * 3, 'a kept connection that has died is not used')


def bodies(q, up, where):
    big = os.path.join(where, 'upload')
    digest = hashlib.sha256()
    block = os.urandom(MIB)
    with open(big, 'wb') as f:
        for i in range(100):
            f.write(i.to_bytes(4, 'big') + block[4:])
            digest.update(i.to_bytes(4, 'big') + block[4:])
    seen = json.loads(q.get('/echo', '--data-binary', '@' + big, timeout=120).body)
    same((seen['framing'], seen['size'], seen['sha256']), ('length', 100 * MIB, digest.hexdigest()), '100 MiB up, with a length')
    with open(big, 'rb') as f:
        seen = json.loads(q.get('/echo', '-T', '-', '-X', 'POST', timeout=120, stdin=f).body)
    same((seen['framing'], seen['size'], seen['sha256']), ('chunked', 100 * MIB, digest.hexdigest()), '100 MiB up, chunked')
    want = hashlib.sha256(bytes(range(256)) * (100 * MIB // 256)).hexdigest()
    for path in ('down', 'chunked', 'until-close'):
        r = q.get(f'/{path}?{100 * MIB}', timeout=120)
        same((r.status, hashlib.sha256(r.body).hexdigest()), (200, want), f'100 MiB down: {path}')


def back_pressure(q, up, where):
    """Whoever reads slowly holds up the other side; nothing piles up in between."""
    size, before = 100 * MIB, up.sent
    q.reset_hwm()
    rss = q.rss()
    client = q.popen(f'/down?{size}', '--limit-rate', '100k', '-o', '/dev/null')
    until(lambda: up.sent > before)
    time.sleep(3)  # memory is watched for so long
    ahead, grown = up.sent - before, q.rss('VmHWM') - rss
    ok(ahead < 24 * MIB, f'a slow client holds up the upstream ({ahead // 1024} KiB were taken)')
    ok(grown < 8 * 1024, f'and takes little memory ({grown} KiB)')
    gone = up.gone
    client.terminate()
    client.communicate()
    up.release.clear()
    q.reset_hwm()
    rss = q.rss()
    client = q.popen('/slow-read', '--data-binary', f'@{where}/upload')
    time.sleep(3)  # memory is watched for so long
    grown = q.rss('VmHWM') - rss
    ok(grown < 8 * 1024, f'an upstream that does not read holds up the client ({grown} KiB)')
    up.release.set()
    out, err = client.communicate(timeout=120)
    ok(client.returncode == 0 and json.loads(out)['size'] == size, 'which then continues to the end', err)
    r = q.get('/refuse', '--data-binary', f'@{where}/upload')
    same((r.status, r.body), (413, b'too much'), 'an answer before the body: passed on, the rest is not sent')
    same(until(lambda: up.gone > gone), True, 'the upstream of a client that went away is closed')


def cancel(q, up):
    gone = up.gone
    client = q.popen('/hang')
    until(lambda: any(r['target'] == '/hang' for r in up.requests[-1:]))
    client.terminate()
    client.communicate()
    ok(until(lambda: up.gone > gone, 5), 'a client that gives up takes the upstream request with it')

    async def stop_reading():
        async with client_of(q) as c:
            sid = c.stream()
            c.headers(sid, request(path='/hang'), True)
            await asyncio.to_thread(until, lambda: len(up.requests) > before)
            c._quic.stop_stream(sid, 0x10c)
            c.transmit()
            return await asyncio.to_thread(until, lambda: up.gone > gone, 3)

    gone, before = up.gone, len(up.requests)
    ok(asyncio.run(stop_reading()), 'also by STOP_SENDING alone, when its request is through')


def unix(where, root):
    up = Upstream(os.path.join(where, 'app.socket'))
    with Quicd(where, [f'root = {root}', f'backend = {up.address}', 'backend-path = /app/'], name='both') as q:
        same(q.get('/app/echo').status, 200, 'a Unix socket as upstream')
        same(json.loads(q.get('/app/echo').body)['target'], '/app/echo', 'the path is passed whole')
        same(q.get('/file').body, b'from the root', 'other paths are files')
        same(q.get('/app').status, 404, 'the prefix counts to its last letter')
        size, before = 100 * MIB, up.sent
        rss = q.rss()
        q.reset_hwm()
        client = q.popen(f'/app/down?{20 * MIB}', '--limit-rate', '300k', '-o', '/dev/null')
        until(lambda: up.sent > before)
        up.stop()
        before = sum(os.times()[2:4])
        cpu = cpu_of(q.process.pid)
        time.sleep(3)  # memory is watched for so long
        used, grown = cpu_of(q.process.pid) - cpu, q.rss('VmHWM') - rss
        ok(used < 1, f'an upstream that hangs up behind a slow client costs no CPU ({used:.2f} s of 3)')
        ok(grown < 8 * 1024, f'and no memory ({grown} KiB)')
        client.kill()
        client.communicate()


def cpu_of(pid):
    with open(f'/proc/{pid}/stat') as f:
        fields = f.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


@group('http3 proxy')
def run(where):
    root = os.path.join(where, 'www')
    os.mkdir(root)
    with open(os.path.join(root, 'file'), 'wb') as f:
        f.write(b'from the root')
    up = Upstream()
    with Quicd(where, [f'backend = {up.address}', 'backend-timeout = 4s', 'connect-timeout = 2s'],
               service=['idle-timeout = 10s']) as q:
        requests(q, up)
        answers(q, up)
        broken(q, up)
        keep_alive(q, up)
        bodies(q, up, where)
        back_pressure(q, up, where)
        cancel(q, up)
        ok(until(lambda: q.counter('stream_buffer_bytes') == 0, 15), 'no buffer is left')
    up.stop()
    unix(where, root)
