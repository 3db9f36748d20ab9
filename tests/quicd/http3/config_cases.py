# SPDX-License-Identifier: GPL-2.0-or-later
"""Mistakes in section [http3]: the message names file, line and value."""
import os
import subprocess

from nqtest import lab
from nqtest.suite import group
from nqtest.tap import ok, same


def check(where, lines, alpn='h3', mode='http3'):
    cert, key = lab.cert('www.example.org')
    path = os.path.join(where, 'bad.conf')
    head = ['[service]', 'listen = 127.0.0.1:4433', f'alpn = {alpn}', f'mode = {mode}', '[tls]', f'cert = {cert}', f'key = {key}', '[http3]']
    with open(path, 'w') as f:
        f.write('\n'.join(head + lines) + '\n')
    return subprocess.run([lab.BIN / 'quicd', '--check-config', '-c', path], capture_output=True, text=True)


@group('http3 config')
def run(where):
    root = os.path.join(where, 'www')
    os.mkdir(root)
    open(os.path.join(root, 'file'), 'w').close()
    good = [f'root = {root}'], ['backend = 127.0.0.1:80'], ['backend = unix:/run/x'], \
        [f'root = {root}', 'backend = /run/x', 'backend-path = /api/', 'index = i.htm', 'backend-timeout = 5s', 'connect-timeout = 1s',
         'idle-timeout = 0', 'mime-types = /dev/null']
    for lines in good:
        r = check(where, lines)
        same((r.returncode, r.stderr), (0, ''), 'good: ' + ', '.join(ln.split(' = ')[0] for ln in lines))
    bad = (
        ([], ':', '"root" or "backend" is missing'),
        ([f'root = {root}/none'], ':9:', f'root = {root}/none: No such file'),
        ([f'root = {root}/file'], ':9:', 'Not a directory'),
        (['backend = nowhere'], ':9:', 'backend = nowhere'),
        (['backend = 127.0.0.1:99999'], ':9:', '127.0.0.1:99999'),
        ([f'root = {root}', 'backend = 127.0.0.1:80'], ':10:', 'backend-path'),
        ([f'root = {root}', 'backend-path = /x'], ':10:', 'backend-path'),
        ([f'root = {root}', 'backend = 127.0.0.1:80', 'backend-path = x'], ':11:', 'backend-path = x'),
        ([f'root = {root}', 'backend = 127.0.0.1:80', 'backend-path = /a b'], ':11:', 'no path of a request begins so'),
        ([f'root = {root}', f'mime-types = {root}'], ':10:', 'Is a directory'),
        ([f'root = {root}', 'index = a/b'], ':10:', 'index = a/b'),
        ([f'root = {root}', 'mime-types = /none'], ':10:', 'mime-types = /none'),
        (['backend = 127.0.0.1:80', 'index = x'], ':10:', 'index needs a root'),
        (['backend = 127.0.0.1:80', 'backend-timeout = 1x'], ':10:', 'backend-timeout = 1x'),
        (['backend = 127.0.0.1:80', 'backend-timeout = 1ms'], ':10:', 'out of range'),
        ([f'root = {root}', f'root = {root}'], ':10:', 'given before, in line 9'),
        ([f'root = {root}', 'roof = x'], ':10:', 'unknown key "roof"'),
    )
    for lines, place, text in bad:
        r = check(where, lines)
        ok(r.returncode in (1, 2) and f'bad.conf{place}' in r.stderr and text in r.stderr, f'bad: {text[-40:]}', r)
    r = check(where, [f'root = {root}'], alpn='smb')
    ok(r.returncode in (1, 2) and 'bad.conf:3:' in r.stderr and 'smb' in r.stderr, 'an ALPN that is not HTTP/3', r)
    r = check(where, [f'root = {root}'], mode='echo')
    ok(r.returncode in (1, 2) and 'bad.conf:9:' in r.stderr and '[http3]' in r.stderr, 'the section with another mode', r)
