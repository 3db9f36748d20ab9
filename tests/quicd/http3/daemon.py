# SPDX-License-Identifier: GPL-2.0-or-later
"""quicd as a process, with a certificate of the tests' own, and curl as its client."""
import os
import re
import shlex
import signal
import socket
import subprocess

import tap

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), '../../..'))
QUICD = os.environ.get('QUICD', os.path.join(TOP, 'build/quicd/quicd'))
WRAP = shlex.split(os.environ.get('QUICD_WRAP', ''))
NAME = 'www.example.org'


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def certificate(where):
    """Makes cert.pem and key.pem once. Returns their paths."""
    cert, key = os.path.join(where, 'cert.pem'), os.path.join(where, 'key.pem')
    if not os.path.exists(cert):
        subprocess.run(
            ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
             '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', f'/CN={NAME}',
             '-addext', f'subjectAltName=DNS:{NAME}'], check=True, capture_output=True)
    return cert, key


class Quicd:
    def __init__(self, where, http3, service=(), transport=(), tls=(), name='h3'):
        cert, key = certificate(where)
        self.cert, self.port, self.where = cert, free_port(), where
        self.config = os.path.join(where, f'{name}.conf')
        self.control = os.path.join(where, f'{name}.control')
        lines = ['[service]', f'listen = 127.0.0.1:{self.port}', 'alpn = h3', 'mode = http3',
                 f'control = {self.control}', 'log-level = debug', *service,
                 '[tls]', f'cert = {cert}', f'key = {key}', *tls,
                 '[transport]', *transport, '[http3]', *http3, '']
        with open(self.config, 'w') as f:
            f.write('\n'.join(lines))
        self.log = open(os.path.join(where, f'{name}.log'), 'w+')
        self.process = subprocess.Popen([*WRAP, QUICD, '-c', self.config], stderr=self.log)
        if not tap.until(lambda: 'listening on' in self.text() or self.process.poll() is not None, 30) \
                or self.process.poll() is not None:
            raise RuntimeError('quicd did not start: ' + self.text())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(20)
        tap.ok(status == 0, f'quicd ({os.path.basename(self.config)}) ends with status 0',
               f'status {status}', self.text()[-3000:])

    def text(self):
        with open(self.log.name) as f:
            return f.read()

    def rss(self, what='VmRSS'):
        """Resident memory in KiB; VmHWM: its highest so far."""
        with open(f'/proc/{self.process.pid}/status') as f:
            return int(re.search(rf'{what}:\s+(\d+)', f.read())[1])

    def reset_hwm(self):
        with open(f'/proc/{self.process.pid}/clear_refs', 'w') as f:
            f.write('5')

    def counter(self, name):
        out = subprocess.run(['curl', '-s', '--unix-socket', self.control, 'http://quicd/metrics'],
                             capture_output=True, text=True).stdout
        m = re.search(rf'^quicd_{name}(?:_total)?\{{[^}}]*\}} (\d+)', out, re.M)
        return int(m[1]) if m else None

    def command(self, path, *args):
        return ['curl', '-sS', '--http3-only', '--cacert', self.cert, '--resolve',
                f'{NAME}:{self.port}:127.0.0.1', '--path-as-is', *args,
                f'https://{NAME}:{self.port}{path}']

    def popen(self, path, *args, **kw):
        return subprocess.Popen(self.command(path, *args), stderr=subprocess.PIPE,
                                stdout=subprocess.PIPE, **kw)

    def get(self, path, *args, timeout=60, **kw):
        return Response(subprocess.run(self.command(path, '-D', '/dev/stderr', *args),
                                       capture_output=True, timeout=timeout, **kw))


class Response:
    """What curl got: status, fields (a list of pairs, names in lower case), body, exit code."""

    def __init__(self, done):
        self.code, self.body = done.returncode, done.stdout
        text = done.stderr.decode('latin-1')
        self.error = text
        # With interim responses and trailers there are several blocks.
        self.heads = [Head(b) for b in re.split(r'\r\n\r\n', text) if b.startswith('HTTP/3')]
        self.status = self.heads[-1].status if self.heads else None
        self.fields = self.heads[-1].fields if self.heads else []
        tail = text.rsplit('\r\n\r\n', 1)[-1]
        self.trailers = Head('HTTP/3 0\r\n' + tail).fields if self.heads else []

    def __getitem__(self, name):
        values = [v for n, v in self.fields if n == name]
        return values[0] if values else None

    def __repr__(self):
        return f'curl {self.code}, status {self.status}, {self.fields}, {len(self.body)} bytes: {self.body[:200]!r} {self.error[-300:]!r}'


class Head:
    def __init__(self, block):
        lines = block.split('\r\n')
        self.status = int(lines[0].split()[1])
        self.fields = [(n.lower(), v.strip()) for n, v in (ln.split(':', 1) for ln in lines[1:] if ':' in ln)]
