# SPDX-License-Identifier: GPL-2.0-or-later
"""Fields added to answers and removed, error pages, redirects."""
import os

from config_cases import check
from nqtest.h3service import Quicd
from nqtest.suite import group
from nqtest.tap import ok, same
from nqtest.upstream import Upstream


def fields(q, up):
    r = q.get('/api/echo')
    same((r.status, r['alt-svc'], r['strict-transport-security']), (200, 'h3=":8443"; ma=60', 'max-age=1; includeSubDomains'),
         'fields are added to a backend\'s answer')
    same([v for n, v in r.fields if n == 'x-twice'], ['1', '2'], 'one name twice')
    same((r['server'], r['via'], bool(r['date'])), (None, None, True), 'fields are removed, also our own')
    r = q.get('/api/early')
    same([(h.status, 'link' in dict(h.fields)) for h in r.heads], [(103, False), (200, False)], 'and those of an interim response')
    r = q.get('/api/trailers')
    same((r.body, r.trailers), (b'hello', []), 'and trailers')
    r = q.get('/none')
    same((r.status, r['alt-svc'], r['server']), (404, 'h3=":8443"; ma=60', None), 'an error has them, too')
    r = q.get('/a.txt', '-I')
    same((r.status, r['alt-svc'], r['content-length']), (200, 'h3=":8443"; ma=60', '3'), 'and HEAD')


def pages(q):
    r = q.get('/none')
    same((r.status, r['content-type'], r['content-length'], r.body), (404, 'text/html; charset=utf-8', '14', b'<h1>gone</h1>\n'),
         'a page of its own')
    r = q.get('/none', '-I')
    same((r.status, r['content-length']), (404, '14'), 'HEAD')
    r = q.get('/a.txt', '-X', 'POST')
    same((r.status, r['allow'], r.body), (405, 'GET, HEAD', b''), 'an empty page keeps the fields of the error')
    same(q.get('/.x').body, b'<h1>gone</h1>\n', 'each time')


def redirects(q):
    for path, status, where in (('/old/x/y?z=1', 301, 'https://new.example/base/x/y?z=1'), ('/old/', 301, 'https://new.example/base/'),
                                ('/blog', 308, 'https://new.example/posts'), ('/blog/7?a', 308, 'https://new.example/posts/7?a'),
                                ('/blog?q', 308, 'https://new.example/posts?q'), ('/here/x', 302, '/x'),
                                # None of these may lead to another host.
                                ('/here//evil.example/', 302, '/evil.example/'), ('/here/\\evil.example', 302, '/evil.example'),
                                ('/here/\\/evil.example', 302, '/evil.example'), ('/old//evil', 301, 'https://new.example/base/evil'),
                                ('/old/.evil.example', 301, 'https://new.example/base/.evil.example')):
        r = q.get(path)
        same((r.status, r['location']), (status, where), f'{path} is sent on')
    for path in '/old/', '/dir?':
        same([q.get(path + 'x' * n).status for n in (8000, 9000, 65000)], [301, 414, 414], f'{path} and a long rest')
    same(q.get('/blogger').status, 404, 'a longer name is another one')
    same(q.get('/a.txt').status, 200, 'other paths are served')


def mistakes(where, root):
    for line, text in (('add-header = X-A', 'NAME: VALUE'), ('add-header = : x', 'is not a field'), ('add-header = X A: b', 'NAME: VALUE'),
                       ('add-header = X(: b', 'is not a field'), ('add-header = Content-Length: 1', 'belongs to the transfer'),
                       ('remove-header = Connection', 'belongs to the transfer'), ('remove-header = x:y', 'is not a field'),
                       ('remove-header =', 'empty'), ('remove-header = ,', 'empty'), ('redirect = /a https:///x 301', 'TARGET is neither'),
                       ('redirect = /a https://?x 301', 'TARGET is neither'), ('redirect = /a /\\x 301', 'TARGET is neither'),
                       ('error-page = 404', 'STATUS FILE'), ('error-page = 200 x', 'out of range'), ('error-page = 404 /none/x', 'No such file'),
                       ('redirect = /a /b', 'PREFIX TARGET STATUS'), ('redirect = /a /b 200', 'STATUS is'), ('redirect = a /b 301', 'PREFIX does not'),
                       ('redirect = / https://x.example 301', 'both end in a slash'), ('redirect = /a //x 301', 'TARGET is neither'),
                       ('redirect = /a ftp://x 301', 'TARGET is neither'), ('redirect = /a https:// 301', 'TARGET is neither')):
        r = check(where, [f'root = {root}', line])
        ok(r.returncode == 1 and 'bad.conf:10:' in r.stderr and text in r.stderr, f'bad: {line}', r)
    r = check(where, [f'root = {root}', f'error-page = 404 {root}/a.txt', f'error-page = 404 {root}/a.txt'])
    ok('bad.conf:11:' in r.stderr and 'from line 10' in r.stderr, 'two pages for a status', r)
    with open(os.path.join(root, 'big.html'), 'wb') as f:
        f.truncate(65537)
    r = check(where, [f'root = {root}', f'error-page = 404 {root}/big.html'])
    ok('bad.conf:10:' in r.stderr and 'File too large' in r.stderr, 'too long a page', r)
    r = check(where, [f'root = {root}'] + ['add-header = X: y'] * 33)
    ok('bad.conf:42:' in r.stderr and 'more than 32' in r.stderr, 'too many fields', r)


@group('http3 rules')
def run(where):
    root = os.path.join(where, 'www')
    os.makedirs(os.path.join(root, 'dir'))
    for name, text in (('a.txt', 'abc'), ('404.html', '<h1>gone</h1>\n'), ('empty.txt', '')):
        with open(os.path.join(root, name), 'w') as f:
            f.write(text)
    up = Upstream()
    lines = [f'root = {root}', f'backend = {up.address}', 'backend-path = /api/', 'add-header = Alt-Svc: h3=":8443"; ma=60',
             'add-header = Strict-Transport-Security: max-age=1; includeSubDomains', 'add-header = X-Twice: 1', 'add-header = x-twice: 2',
             'remove-header = Server, Via, Link, X-Sum', f'error-page = 404 {root}/404.html', f'error-page = 405 {root}/empty.txt',
             'redirect = /old/ https://new.example/base/ 301', 'redirect = /blog https://new.example/posts 308', 'redirect = /here/ / 302']
    same(check(where, lines).stderr, '', 'a good file')
    with Quicd(where, lines) as q:
        fields(q, up)
        pages(q)
        redirects(q)
    up.stop()
    mistakes(where, root)
