# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that were compressed beforehand."""
import gzip
import os
import time

from config_cases import check
from nqtest.h3service import Quicd
from nqtest.suite import group
from nqtest.tap import ok, same

TEXT = b'a text that is long enough to be worth it\n' * 100


def tree(root):
    os.makedirs(os.path.join(root, 'dir'))
    old = time.time() - 1000
    # The compressed forms differ by content, so that a test sees which one it got.
    for name, data, at in (('a.css', TEXT, old), ('a.css.gz', gzip.compress(TEXT), old), ('a.css.br', b'brotli', old), ('a.css.zst', b'zstd', old),
                           ('stale.js', TEXT, old), ('stale.js.gz', b'x', old - 10), ('only.js.gz', b'x', old),
                           ('plain.txt', TEXT, old), ('dir/index.html', TEXT, old), ('dir/index.html.gz', gzip.compress(TEXT), old)):
        path = os.path.join(root, name)
        with open(path, 'wb') as f:
            f.write(data)
        os.utime(path, (at, at))
    os.mkdir(os.path.join(root, 'plain.txt.br'))
    with open(os.path.join(root, '../secret'), 'wb') as f:
        f.write(b'secret')
    os.symlink('../secret', os.path.join(root, 'plain.txt.gz'))


def ask(q, path, coding, *args):
    return q.get(path, '-H', f'Accept-Encoding: {coding}', *args)


def choice(q):
    plain = q.get('/a.css')
    same((plain.body, plain['content-encoding'], plain['vary']), (TEXT, None, 'accept-encoding'), 'without Accept-Encoding: the file itself, with Vary')
    tags = {plain['etag']}
    for coding, want in (('gzip', 'gzip'), ('gzip, br, zstd', 'br'), ('br;q=0.5, zstd;q=0.7, gzip;q=0.1', 'zstd'), ('*', 'br'), ('deflate', None),
                         ('identity, br;q=0.9', None), ('br;q=0', None)):
        r = ask(q, '/a.css', coding)
        same((r.status, r['content-encoding'], r['content-type'], r['vary']), (200, want, 'text/css; charset=utf-8', 'accept-encoding'), coding)
        tags.add(r['etag'])
    same(len(tags), 4, 'each form has an entity tag of its own')
    r = ask(q, '/a.css', 'gzip')
    same((gzip.decompress(r.body), r['content-length']), (TEXT, str(len(r.body))), 'the compressed file is sent as it is')
    tag = r['etag']
    same([ask(q, '/a.css', c, '-H', f'If-None-Match: {tag}').status for c in ('gzip', 'br')], [304, 200], 'a condition is for one form')
    r = ask(q, '/a.css', 'gzip', '-H', f'If-None-Match: {tag}')
    same((r['vary'], r['etag'], r['content-encoding']), ('accept-encoding', tag, None), '304 has Vary and the tag')
    r = ask(q, '/a.css', 'br', '-r', '2-4')
    same((r.status, r.body, r['content-range'], r['content-encoding']), (206, b'otl', 'bytes 2-4/6', 'br'), 'a range of the compressed form')
    same(ask(q, '/a.css', 'gzip', '-r', '0-1', '-H', f'If-Range: {plain["etag"]}').status, 200, 'If-Range with the tag of another form')
    for status, args in (416, ['-r', '6-']), (412, ['-H', f'If-Match: {tag}']):
        r = ask(q, '/a.css', 'br', *args)
        same((r.status, r['vary']), (status, 'accept-encoding'), f'{status} is one of this form')
    r = ask(q, '/a.css', 'br', '-I')
    same((r['content-length'], r['content-encoding']), ('6', 'br'), 'HEAD')


def others(q):
    for path, name in (('/stale.js', 'one that is older than the file does not count'), ('/plain.txt', 'nor a directory, nor a link that leaves the root')):
        r = ask(q, path, 'br, gzip')
        same((r.status, r['content-encoding'], r.body), (200, None, TEXT), name)
    same(ask(q, '/only.js', 'gzip').status, 404, 'without the file itself there is nothing')
    same(ask(q, '/dir/', 'gzip')['content-encoding'], 'gzip', 'the index of a directory')
    r = ask(q, '/a.css.gz', 'gzip')
    same((r['content-encoding'], r['content-type']), (None, 'application/gzip'), 'asked for by its own name it is a file')


@group('http3 coding')
def run(where):
    root = os.path.join(where, 'www')
    tree(root)
    with Quicd(where, [f'root = {root}', 'precompressed = yes']) as q:
        choice(q)
        others(q)
    with Quicd(where, [f'root = {root}'], name='off') as q:
        r = ask(q, '/a.css', 'br')
        same((r['content-encoding'], r['vary'], r.body), (None, None, TEXT), 'off by default')
    for lines, line, text in (([f'root = {root}', 'precompressed = br'], 10, 'neither yes nor no'),
                              (['backend = 127.0.0.1:80', 'precompressed = yes'], 10, 'precompressed needs a root')):
        r = check(where, lines)
        ok(r.returncode == 1 and f'bad.conf:{line}:' in r.stderr and text in r.stderr, f'bad: {text}', r)
