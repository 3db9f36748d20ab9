# SPDX-License-Identifier: GPL-2.0-or-later
"""Files below a root."""
import hashlib
import os
import time

from nqtest.h3service import Quicd, until
from nqtest.suite import group
from nqtest.tap import ok, same

MIB = 1 << 20


def tree(where):
    root = os.path.join(where, 'www')
    os.makedirs(root + '/dir/deep')
    os.makedirs(root + '/empty')
    os.makedirs(root + '/.well-known')
    os.makedirs(root + '/.git')
    write = lambda name, data: open(os.path.join(root, name), 'wb').write(data)
    write('index.html', b'<p>front</p>')
    write('a.txt', b'0123456789' * 10)
    write('dir/index.html', b'<p>dir</p>')
    write('dir/deep/x.js', b'var x;')
    write('with space.css', b'p {}')
    write('zero', b'')
    write('odd.ending', b'?')
    write('caf\u00e9.png', b'png')
    write('.hidden', b'secret')
    write('.git/config', b'secret')
    write('.well-known/ok', b'fine')
    write('100%25.txt', b'percent')
    with open(os.path.join(where, 'outside.txt'), 'wb') as f:
        f.write(b'secret')
    os.symlink('../outside.txt', root + '/out')
    os.symlink(os.path.join(where, 'outside.txt'), root + '/absolute')
    os.symlink('a.txt', root + '/inside')
    os.symlink('loop', root + '/loop')
    os.symlink('..', root + '/up')
    os.mkfifo(root + '/fifo')
    block = os.urandom(MIB)
    digest = hashlib.sha256()
    with open(root + '/big', 'wb') as f:
        for i in range(100):
            piece = i.to_bytes(4, 'big') + block[4:]
            f.write(piece)
            digest.update(piece)
    return root, digest.hexdigest()


def basics(q):
    r = q.get('/a.txt')
    same((r.status, r.body), (200, b'0123456789' * 10), 'a file')
    same(r['content-length'], '100', 'Content-Length')
    same(r['content-type'], 'text/plain; charset=utf-8', 'type of a text')
    same(r['accept-ranges'], 'bytes', 'Accept-Ranges')
    ok(r['etag'] and r['last-modified'] and r['date'], 'ETag, Last-Modified and Date', r)
    r = q.get('/')
    same((r.status, r.body, r['content-type']), (200, b'<p>front</p>', 'text/html; charset=utf-8'),
          'the index of the root')
    same(q.get('/dir/').body, b'<p>dir</p>', 'the index of a directory')
    r = q.get('/dir?x=1')
    same((r.status, r['location']), (301, '/dir/?x=1'), 'a directory without its slash')
    same(q.get('/empty/').status, 403, 'a directory without index')
    same(q.get('/none').status, 404, 'no such file')
    same(q.get('/a.txt/').status, 404, 'a file is no directory')
    same(q.get('/a.txt?query=/../').body[:10], b'0123456789', 'the query does not matter')
    same(q.get('/with%20space.css').body, b'p {}', 'a blank, encoded')
    same(q.get('/caf%C3%A9.png')['content-type'], 'image/png', 'UTF-8, encoded; type of a picture')
    same(q.get('/%61%2Etxt').status, 200, 'letters may be encoded')
    same(q.get('/dir/deep/x.js')['content-type'], 'text/javascript; charset=utf-8', 'type of a script')
    same(q.get('/odd.ending')['content-type'], 'application/octet-stream', 'type of an unknown ending')
    same(q.get('/.well-known/ok').body, b'fine', '.well-known')
    r = q.get('/zero')
    same((r.status, r.body, r['content-length']), (200, b'', '0'), 'an empty file')
    same(q.get('/inside').status, 200, 'a symbolic link that stays below the root')
    r = q.get('/a.txt', '-I')
    same((r.status, r['content-length']), (200, '100'), 'HEAD')
    same(q.get('/none', '-I').status, 404, 'HEAD of nothing')
    for method in ('POST', 'PUT', 'DELETE', 'OPTIONS', 'BREW'):
        r = q.get('/a.txt', '-X', method)
        same((r.status, r['allow']), (405, 'GET, HEAD'), f'{method} is not allowed')
    r = q.get('/a.txt', '--data-binary', '@' + q.config.replace('h3.conf', 'www/big'))
    same(r.status, 405, 'the answer to a large POST comes before its end')


def escapes(q):
    for path in ('/../outside.txt', '/dir/../../outside.txt', '/%2e%2e/outside.txt', '/.%2E/outside.txt',
                 '/..%2foutside.txt', '/..%5coutside.txt', '/%252e%252e/outside.txt', '/dir/..%00/x', '/a.txt%00.png',
                 '//etc/passwd', '/dir//index.html', '/out', '/absolute', '/up/outside.txt', '/loop', '/.hidden',
                 '/.git/config', '/dir/./index.html', '/a%2', '/a%zz', '/fifo', '/proc/self/fd/0', '/100%2525.txt/x',
                 '/' + 'x' * 300, '/' + 'y/' * 2000):
        r = q.get(path)
        ok(r.status in (403, 404) and b'secret' not in r.body, f'refused: {path[:40]}', r)
    same(q.get('/100%2525.txt').body, b'percent', 'decoded once')
    same(q.get('/100%25.txt').status, 404, 'and not twice')


def ranges(q):
    def part(spec, *more):
        r = q.get('/a.txt', '-H', f'Range: {spec}', *more)
        return r.status, r.body, r['content-range']

    same(part('bytes=0-9'), (206, b'0123456789', 'bytes 0-9/100'), 'a range from the start')
    same(part('bytes=95-'), (206, b'56789', 'bytes 95-99/100'), 'a range to the end')
    same(part('bytes=-3'), (206, b'789', 'bytes 97-99/100'), 'the last bytes')
    same(part('bytes=-1000')[0::2], (206, 'bytes 0-99/100'), 'more last bytes than there are')
    same(part('bytes=98-1000'), (206, b'89', 'bytes 98-99/100'), 'a range beyond the end is cut')
    same(part('bytes=100-')[0::2], (416, 'bytes */100'), 'a range behind the end')
    same(part('bytes=-0')[0], 416, 'no last bytes')
    for spec in ('bytes=5-3', 'bytes=0-1,5-6', 'bytes=a-b', 'lines=0-3', 'bytes=', 'bytes=-', 'bytes=+1-2',
                 'bytes=18446744073709551616-'):
        same(part(spec)[0], 200, f'ignored: {spec}')
    r = q.get('/a.txt', '-I', '-H', 'Range: bytes=0-1')
    same((r.status, r['content-length']), (200, '100'), 'HEAD knows no ranges')
    etag, date = q.get('/a.txt')['etag'], q.get('/a.txt')['last-modified']
    same(part('bytes=0-0', '-H', f'If-Range: {etag}')[0], 206, 'If-Range, the tag fits')
    same(part('bytes=0-0', '-H', 'If-Range: "other"')[0], 200, 'If-Range, another tag')
    same(part('bytes=0-0', '-H', f'If-Range: W/{etag}')[0], 200, 'If-Range, a weak tag')
    same(part('bytes=0-0', '-H', f'If-Range: {date}')[0], 206, 'If-Range, the date fits')
    same(part('bytes=0-0', '-H', 'If-Range: Thu, 01 Jan 1970 00:00:00 GMT')[0], 200, 'If-Range, another date')


def conditions(q):
    def status(*fields):
        args = [a for f in fields for a in ('-H', f)]
        return q.get('/a.txt', *args).status

    first = q.get('/a.txt')
    etag, date = first['etag'], first['last-modified']
    old, new = 'Thu, 01 Jan 1970 00:00:00 GMT', 'Fri, 01 Jan 2100 00:00:00 GMT'
    r = q.get('/a.txt', '-H', f'If-None-Match: {etag}')
    same((r.status, r.body, r['etag'], r['content-length']), (304, b'', etag, None), 'If-None-Match: 304')
    same(status(f'If-None-Match: "x", W/{etag}'), 304, 'If-None-Match, in a list, weak')
    same(status('If-None-Match: "x"', f'If-None-Match: {etag}'), 304, 'If-None-Match, in a second field')
    same(status('If-Match: "x"', f'If-Match: {etag}'), 200, 'If-Match, in a second field')
    same(status('If-None-Match: *'), 304, 'If-None-Match: *')
    same(status('If-None-Match: "x"'), 200, 'If-None-Match, another')
    same(status(f'If-Modified-Since: {date}'), 304, 'If-Modified-Since, the same')
    same(status(f'If-Modified-Since: {new}'), 304, 'If-Modified-Since, later')
    same(status(f'If-Modified-Since: {old}'), 200, 'If-Modified-Since, before')
    same(status('If-Modified-Since: yesterday'), 200, 'If-Modified-Since, no date')
    same(status('If-None-Match: "x"', f'If-Modified-Since: {new}'), 200, 'If-None-Match goes before')
    same(status(f'If-Match: {etag}'), 200, 'If-Match')
    same(status('If-Match: "x"'), 412, 'If-Match, another')
    same(status(f'If-Match: W/{etag}'), 412, 'If-Match, weak')
    same(status(f'If-Unmodified-Since: {old}'), 412, 'If-Unmodified-Since')
    same(status(f'If-Unmodified-Since: {date}'), 200, 'If-Unmodified-Since, the same')
    os.utime(os.path.join(os.path.dirname(q.config), 'www/a.txt'), ns=(0, 1234567890123456789))
    r = q.get('/a.txt', '-H', f'If-None-Match: {etag}')
    ok(r.status == 200 and r['etag'] != etag, 'a changed file has another tag', r)
    same(r['last-modified'], 'Fri, 13 Feb 2009 23:31:30 GMT', 'Last-Modified')


def big(q, digest):
    r = q.get('/big', timeout=120)
    same((r.status, hashlib.sha256(r.body).hexdigest()), (200, digest), '100 MiB are whole')
    r = q.get('/big', '-r', f'{99 * MIB}-')
    same((r.status, r.body[:4], len(r.body)), (206, (99).to_bytes(4, 'big'), MIB), 'a range far into a file')
    many = q.get('/big', '-Z', *sum((['-o', '/dev/null', f'https://www.example.org:{q.port}/a.txt']
                                     for _ in range(150)), []), '-o', '/dev/null')
    same(many.code, 0, '150 more requests at once')


def slow(q):
    """A client that reads slowly: what waits for it stays small."""
    before = q.rss()
    q.reset_hwm()
    clients = [q.popen('/big', '--limit-rate', '300k', '-o', '/dev/null') for _ in range(8)]
    until(lambda: q.text().count('/big: 200') >= 11)
    time.sleep(3)  # memory is watched for so long
    grown = q.rss('VmHWM') - before
    ok(grown < 24 * 1024, f'eight slow readers of 100 MiB each take less than 3 MiB each ({grown} KiB in all)')
    for c in clients:
        c.kill()
        c.communicate()


def shrinking(q, root):
    with open(root + '/shrinks', 'wb') as f:
        f.truncate(50 * MIB)
    client = q.popen('/shrinks', '--limit-rate', '2M', '-o', '/dev/null')
    until(lambda: '/shrinks: 200' in q.text())
    os.truncate(root + '/shrinks', 0)
    err = client.communicate(timeout=30)[1]
    ok(client.returncode != 0, 'a file that shrinks while it is sent breaks the response off', err)


def types(where, root):
    own = os.path.join(where, 'types')
    with open(own, 'w') as f:
        f.write('# mine\ntext/odd\tending other\nimage/only\n\napplication/x-text txt\n')
    with Quicd(where, [f'root = {root}', f'mime-types = {own}', 'index = a.txt'], name='types') as q:
        same(q.get('/odd.ending')['content-type'], 'text/odd; charset=utf-8', 'mime-types: a type of our own')
        same(q.get('/a.txt')['content-type'], 'application/x-text', 'mime-types goes before the built-in table')
        same(q.get('/with%20space.css')['content-type'], 'text/css; charset=utf-8', 'which serves the rest')
        same(q.get('/').body[:10], b'0123456789', 'index = a.txt')


@group('http3 static', 'moves')
def run(where):
    root, digest = tree(where)
    with Quicd(where, [f'root = {root}'], service=['idle-timeout = 3s']) as q:
        basics(q)
        escapes(q)
        ranges(q)
        conditions(q)
        big(q, digest)
        slow(q)
        shrinking(q, root)
        ok(until(lambda: q.counter('streams') == 0), 'no stream is left', q.counter('streams'))
        ok(until(lambda: q.counter('stream_buffer_bytes') == 0), 'no buffer is left')
    types(where, root)
