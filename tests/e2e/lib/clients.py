# SPDX-License-Identifier: GPL-2.0-or-later
"""The real clients. Each is called with (host, address, port, server name) and returns a text
that says what was got, or raises Failed; `version` tells which one it is."""
import filecmp
import hashlib
import os
import re

import certs
from net import BIN, WORK, Failed, sh

V1, V2 = '0x00000001', '0x6b3343cf'
AIO = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'aio.py')


def _bracket(address):
    return f'[{address}]' if ':' in address else address


def _got(r, want):
    """The text that was asked for, or Failed."""
    if r.returncode or r.stdout != want:
        raise Failed(f'status {r.returncode}: {(r.stderr + r.stdout).strip()[-600:]}')
    return want.strip()


def _first_line(*argv):
    return sh(*argv).splitlines()[0]


class Curl:
    name, quic, alpn = 'curl', V1, ['h3', 'h3-29']

    def __init__(self, page, path='/'):
        self.page, self.path = page, path

    def version(self):
        return _first_line('curl', '--version').split()[1]

    def argv(self, address, port, name):
        return ['curl', '-sS', '--http3-only', '--cacert', certs.CA, '--connect-to',
                f'{name}:443:{_bracket(address)}:{port}', f'https://{name}{self.path}']

    def __call__(self, host, address, port, name):
        return _got(host.attempt(*self.argv(address, port, name)), self.page)


class CurlSum(Curl):
    """Fetches a large file and holds it to a checksum."""

    def __call__(self, host, address, port, name):
        got = f'{WORK}/fetched'
        r = host.attempt(*self.argv(address, port, name), '-o', got, timeout=600)
        if r.returncode:
            raise Failed(r.stderr.strip())
        with open(got, 'rb') as f:
            found = hashlib.file_digest(f, 'sha256').hexdigest()
        size = os.path.getsize(got)
        os.unlink(got)
        if found != self.page:
            raise Failed(f'{size} bytes with another checksum')
        return f'{size >> 20} MiB, checksum right'


class Aioquic:
    name, quic, alpn = 'aioquic', V1, ['h3']

    def __init__(self, page, *options):
        self.page, self.options = page, options

    def version(self):
        return sh('python3', '-c', 'import aioquic; print(aioquic.__version__)').strip()

    def __call__(self, host, address, port, name):
        r = host.attempt('python3', AIO, certs.CA, address, str(port), name, '/', *self.options)
        if r.returncode or not r.stdout.startswith(self.page):
            raise Failed(f'status {r.returncode}: {(r.stderr + r.stdout).strip()[-600:]}')
        return ', '.join(r.stdout.split('\n')).strip(', ')


class Quicgo:
    name, quic, alpn = 'quic-go', V1, ['h3']

    def __init__(self, page):
        self.page = page

    def version(self):
        with open(f'{BIN}/e2e/quicgo.version') as f:
            return f.read().strip()

    def __call__(self, host, address, port, name):
        return _got(host.attempt(f'{BIN}/e2e/quicgo', certs.CA, f'{_bracket(address)}:{port}', name, '/'), self.page)


class Kdig:
    name, quic, alpn = 'kdig', V1, ['doq']

    def __init__(self, question, answer):
        self.question, self.answer = question, answer

    def version(self):
        return re.search(r'[\d.]+\d', _first_line('kdig', '--version')).group()

    def __call__(self, host, address, port, name):
        r = host.attempt('kdig', f'@{address}', '-p', str(port), '+quic', f'+tls-ca={certs.CA}',
                         f'+tls-hostname={name}', '+short', self.question, 'A')
        return f'{self.question} is ' + _got(r, self.answer + '\n')


class Smbclient:
    """Writes a file, reads it back, compares."""
    name, quic, alpn = 'smbclient', V1, ['smb']

    def __init__(self, mib=1, user='-N', seal=False):
        self.mib, self.user, self.seal = mib, user, seal

    def version(self):
        return re.search(r'[\d.]+\d', _first_line('smbclient', '--version')).group()

    def __call__(self, host, address, port, name):
        up, down = (f"{WORK}/{x}-{address.replace(':', '-')}-{id(self)}" for x in ('up', 'down'))
        with open(up, 'wb') as f:
            for _ in range(self.mib):
                f.write(os.urandom(1 << 20))
        remote = os.path.basename(up)
        transport = 'quic' if port == 443 else f'quic:{port}'
        try:
            r = host.attempt('smbclient', f'//{name}/files', *self.user.split(), '-I', address,
                             *(['--client-protection=encrypt'] if self.seal else []),
                             f'--option=client smb transports={transport}', f'--option=tls ca file={certs.CA}',
                             '--option=tls verify peer=ca_and_name',
                             '--option=client smb transport:force_ngtcp2_quic=yes',
                             '-c', f'put {up} {remote}; ls {remote}; get {remote} {down}; rm {remote}', timeout=600)
            said = (r.stderr + r.stdout).strip()
            if r.returncode:
                raise Failed(said)
            if not filecmp.cmp(up, down, shallow=False):
                raise Failed('the file came back changed')
            return f'{self.mib} MiB written, read back, equal'
        finally:
            for f in (up, down):
                if os.path.exists(f):
                    os.unlink(f)


class Quicc:
    name = 'quicc'

    def __init__(self, alpn, say, hear, *options, timeout=120):
        self.quic = V2 if '2' in options else V1
        self.alpn, self.say, self.hear, self.options, self.timeout = [alpn], say, hear, options, timeout

    def version(self):
        return 'of this tree'

    def __call__(self, host, address, port, name):
        r = host.attempt(f'{BIN}/quicd/quicc', '--alpn', self.alpn[0], '--sni', name, '--ca', certs.CA,
                         *self.options, f'{_bracket(address)}:{port}', input=self.say, timeout=self.timeout)
        if r.returncode or not re.fullmatch(self.hear, r.stdout):
            raise Failed(f'status {r.returncode}: {(r.stderr + r.stdout).strip()[-600:]}')
        return r.stdout.strip().replace('\n', ' ')
