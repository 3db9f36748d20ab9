# SPDX-License-Identifier: GPL-2.0-or-later
"""The real clients, all called as (host, address, port, server name). To call one does what a
pair is for, content in both directions, and returns a text that says what was got. Its other
abilities are methods: `idle` is silent for over a minute and continues on the same connection,
`early` sends a second connection's first bytes as 0-RTT data, `big` fetches a large file and
holds it to a checksum. If it cannot do one of these, `cannot` says why. All raise Failed."""
import contextlib
import filecmp
import hashlib
import os
import re
import tempfile

import certs
from nqtest.hosts import WORK
from nqtest.shell import Failed, run as sh
from nqtest.where import BUILD as BIN

V1, V2 = '0x00000001', '0x6b3343cf'
HERE = os.path.dirname(os.path.abspath(__file__))
SILENCE = 61    # seconds
PATIENCE = 60   # for a handshake: an emulated machine may be slow


def bracket(address):
    return f'[{address}]' if ':' in address else address


def content(r, want):
    """The text that was asked for, or Failed."""
    if r.returncode or r.stdout != want:
        raise Failed(f'status {r.returncode}: {(r.stderr + r.stdout).strip()[-600:]}')
    return want.strip()


def first_line(*argv):
    return sh(*argv).splitlines()[0]


@contextlib.contextmanager
def random_file(kib):
    """A file of so many KiB, and a name for where it comes back."""
    with tempfile.TemporaryDirectory(dir=WORK) as d:
        os.chmod(d, 0o755)
        with open(f'{d}/up', 'wb') as f:
            for _ in range(0, kib, 1024):
                f.write(os.urandom(min(kib, 1024) << 10))
        yield f'{d}/up', f'{d}/down'


class Client:
    quic = V1
    sends_sni = True
    may_not_resume = False
    cannot = {}
    body = 200  # KiB sent in a request


class Curl(Client):
    name, alpn = 'curl', ['h3', 'h3-29']
    cannot = {'early': 'curl 8.21 with OpenSSL sends no early data over QUIC (curl issue 22649); 8.23.0 of sid does'}

    def __init__(self, page):
        self.page = page

    def version(self):
        return first_line('curl', '--version').split()[1]

    def argv(self, address, port, name):
        return ['curl', '-sS', '--http3-only', '--connect-timeout', str(PATIENCE), '--cacert', certs.CA,
                '--connect-to', f'{name}:443:{bracket(address)}:{port}']

    def __call__(self, host, address, port, name):
        base = self.argv(address, port, name)
        with random_file(self.body) as (up, down):
            got = content(host.attempt(*base, f'https://{name}/', '-w', '%{http_version} ', '--next', *base[1:],
                                       '--data-binary', f'@{up}', '-o', down, f'https://{name}/echo',
                                       '-w', '%{num_connects}'), self.page + '3 0')
            if not filecmp.cmp(up, down, shallow=False):
                raise Failed('another body came back than was sent')
        return got.removesuffix('3 0').strip()

    def idle(self, host, address, port, name):
        # --rate is the time between two requests; the second must not connect.
        url = f'https://{name}/'
        return content(host.attempt(*self.argv(address, port, name), '--rate', f'1/{SILENCE}s', url, url,
                                    '-w', '%{num_connects}\n', timeout=300), f'{self.page}1\n{self.page}0\n')

    def big(self, host, address, port, name, path, checksum):
        got = f'{WORK}/fetched-{name}'
        r = host.attempt(*self.argv(address, port, name), '-o', got, f'https://{name}{path}', timeout=900)
        if r.returncode:
            raise Failed(r.stderr.strip())
        with open(got, 'rb') as f:
            found = hashlib.file_digest(f, 'sha256').hexdigest()
        os.unlink(got)
        if found != checksum:
            raise Failed(f'checksum {found}, not {checksum}')


class CurlNoName(Curl):
    """Goes to an address, for which TLS has no server name; takes any certificate."""
    sends_sni = False

    def argv(self, address, port, name):
        return [*super().argv(address, port, name), '--insecure']


class Scripted(Client):
    """A client of ours on somebody's library: the same words for each."""
    alpn = ['h3']

    def __init__(self, page):
        self.page = page

    def __call__(self, host, address, port, name):
        with random_file(self.body) as (up, _):
            return content(host.attempt(*self.argv(address, port, name), 'page', up), self.page)

    def idle(self, host, address, port, name):
        return content(host.attempt(*self.argv(address, port, name), 'idle', str(SILENCE), timeout=300), self.page)

    def early(self, host, address, port, name):
        return content(host.attempt(*self.argv(address, port, name), 'early'), self.page)

    def big(self, host, address, port, name, path, checksum):
        content(host.attempt(*self.argv(address, port, name), 'sum', path, timeout=900), checksum + '\n')


class Aioquic(Scripted):
    name = 'aioquic'

    def version(self):
        return sh('python3', '-c', 'import aioquic; print(aioquic.__version__)').strip()

    def argv(self, address, port, name):
        return ['python3', f'{HERE}/aio.py', certs.CA, address, str(port), name]


class Quicgo(Scripted):
    name = 'quic-go'

    def version(self):
        with open(f'{BIN}/e2e/quicgo.version') as f:
            return f.read().strip()

    def argv(self, address, port, name):
        return [f'{BIN}/e2e/quicgo', certs.CA, f'{bracket(address)}:{port}', name]


class Kdig(Client):
    name, alpn = 'kdig', ['doq']
    cannot = {'idle': 'kdig ends after its answers', 'early': 'kdig keeps no tickets',
              'big': 'a DNS answer is at most 64 KiB'}

    def __init__(self, question, answer):
        self.question, self.answer = question, answer

    def version(self):
        return re.search(r'[\d.]+\d', first_line('kdig', '--version')).group()

    def __call__(self, host, address, port, name):
        r = host.attempt('kdig', f'@{address}', '-p', str(port), '+quic', f'+tls-ca={certs.CA}',
                         f'+tls-hostname={name}', f'+timeout={PATIENCE}', '+retry=0', '+short', self.question, 'A')
        return f'{self.question} is ' + content(r, self.answer + '\n')


class Smbclient(Client):
    """Browses, writes a file, reads it back, compares, deletes it. `user` as in USER%PASSWORD,
    `protection` sign, encrypt or none of smbclient's own (the defaults)."""
    name, alpn = 'smbclient', ['smb']
    cannot = {'early': 'smbclient 4.24 does not survive a session ticket', 'big': 'a file of its own, both ways'}

    def __init__(self, user, mib=1, protection=None):
        self.user, self.mib, self.protection = user, mib, protection

    def version(self):
        return re.search(r'[\d.]+\d', first_line('smbclient', '--version')).group()

    def argv(self, address, port, service):
        """For //server/share or -L server."""
        transport = 'quic' if port == 443 else f'quic:{port}'
        return ['smbclient', *service, '-U', self.user, '-I', address, '-t', '120',
                *([f'--client-protection={self.protection}'] if self.protection else []),
                f'--option=client smb transports={transport}', f'--option=tls ca file={certs.CA}',
                '--option=tls verify peer=ca_and_name',
                '--option=client smb transport:force_ngtcp2_quic=yes']

    def said(self, host, address, port, name, *commands):
        """What a session of these lines says. A line with ! is a shell's; a number is a pause."""
        lines = '; '.join(f'sleep {c}' if isinstance(c, int) else f"echo '{c}'" for c in commands)
        argv = self.argv(address, port, [f'//{name}/files'])
        for _ in range(5):
            r = host.attempt('sh', '-c', f'{{ {lines}; }} | "$@"', 'sh', *argv, timeout=900)
            # smbclient 4.24.7 itself, now and then before it has read anything.
            if 'assert failed: si->keepalive_timer == NULL' not in r.stdout + r.stderr:
                break
        said = (r.stderr + r.stdout).strip()
        if r.returncode or 'NT_STATUS' in said:
            raise Failed(f'status {r.returncode}: {said[-600:]}')
        return said

    def __call__(self, host, address, port, name):
        with random_file(self.mib << 10) as (up, down):
            d = os.path.basename(os.path.dirname(up))
            self.said(host, address, port, name,
                      f'mkdir {d}', f'cd {d}', f'put {up} up', 'ls', f'get up {down}', 'del up', 'cd ..', f'rmdir {d}')
            if not filecmp.cmp(up, down, shallow=False):
                raise Failed('the file came back changed')
        return f'{self.mib} MiB written, read back, equal'

    def idle(self, host, address, port, name):
        listed = self.said(host, address, port, name, 'ls', SILENCE, 'ls')
        if listed.count('blocks available') != 2:
            raise Failed(listed)


class Quicc(Client):
    """Says something on a stream and hears the answer, after a greeting if there is one."""
    name = 'quicc'

    def __init__(self, alpn, greeting='', version=1, cannot=None):
        self.alpn, self.greeting = [alpn], greeting
        self.quic = V2 if version == 2 else V1
        self.options = ['--version', str(version), '--timeout', str(PATIENCE)]
        self.cannot = cannot or {}

    def version(self):
        return 'of this tree'

    def argv(self, address, port, name, *options):
        return [f'{BIN}/quicd/quicc', '--alpn', self.alpn[0], '--sni', name, '--ca', certs.CA, *self.options,
                *options, f'{bracket(address)}:{port}']

    def __call__(self, host, address, port, name):
        r = host.attempt(*self.argv(address, port, name), input='who am I\n')
        return content(r, self.greeting + 'who am I\n').replace('\n', ' ')

    def idle(self, host, address, port, name):
        program = ' '.join(self.argv(address, port, name))
        content(host.attempt('sh', '-c', f'{{ echo before; sleep {SILENCE}; echo after; }} | {program}', timeout=300),
                f'{self.greeting}before\nafter\n')

    def early(self, host, address, port, name):
        r = host.attempt(*self.argv(address, port, name, '--0rtt', '-v'), input='early\n')
        content(r, f'{self.greeting}early\n')
        if 'early data: accepted' not in r.stderr:
            raise Failed(f'no early data was accepted: {r.stderr}')

    def big(self, host, address, port, name, path, checksum):
        """Sends the file and holds what comes back to its checksum."""
        program = ' '.join(self.argv(address, port, name))
        skip = len(self.greeting) + 1
        content(host.attempt('sh', '-c', f'{program} <{WORK}/static{path} | tail -c +{skip} | sha256sum', timeout=900),
                f'{checksum}  -\n')
