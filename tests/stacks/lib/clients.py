# SPDX-License-Identifier: GPL-2.0-or-later
"""Command lines of real clients that go to an address and port and ask for a name; None if a client cannot."""
import re
import shutil
import subprocess

from nqtest.where import BUILD, TOP

CA = '/tmp/stacks/ca.pem'
QUICGO = f'{BUILD}/e2e/quicgo'


def said(*argv):
    r = subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return r.stdout + r.stderr


def number(text):
    return re.search(r'\d+\.[\d.]*\d', text).group()


def package(name):
    """The version of a Debian package, without what Debian adds."""
    return re.sub(r'^\d+:|[+-].*', '', said('dpkg-query', '-W', '-f', '${Version}', name))


class Curl:
    name, program, alpn = 'curl', 'curl', ['h3']

    def version(self):
        return number(said('curl', '--version')) + ', ' + re.search(r'ngtcp2/\S+', said('curl', '--version')).group()

    def argv(self, address, port, name):
        way = [] if name == address else ['--connect-to', f'::{address}:{port}']
        return ['curl', '-sS', '--http3-only', '-m', '20', '--cacert', CA, *way, f'https://{name}:{port}/']


class Aioquic:
    name, program, alpn = 'aioquic', 'python3', ['h3']

    def version(self):
        return number(said('python3', '-c', 'import aioquic; print(aioquic.__version__)'))

    def argv(self, address, port, name):
        return ['python3', f'{TOP}/tests/e2e/lib/aio.py', CA, address, str(port), name, 'idle', '0']


class Quicgo:
    name, program, alpn = 'quic-go', QUICGO, ['h3']

    def version(self):
        with open(f'{QUICGO}.version', encoding='ascii') as f:
            return number(f.read())

    def argv(self, address, port, name):
        return [QUICGO, CA, f'{address}:{port}', name, 'idle', '0']


class Kdig:
    name, program, alpn = 'kdig', 'kdig', ['doq']

    def version(self):
        return number(said('kdig', '--version'))

    def argv(self, address, port, name):
        host = [] if name == address else [f'+tls-hostname={name}']
        return ['kdig', f'@{address}', '-p', str(port), '+quic', f'+tls-ca={CA}', *host, '+timeout=15', '+retry=0', 'a.example']


class Smbclient:
    name, program, alpn = 'smbclient', 'smbclient', ['smb']

    def version(self):
        return number(said('smbclient', '--version'))

    def argv(self, address, port, name):
        return ['smbclient', f'//{name}/files', '-U', 'a%b', '-I', address, '-t', '15', '-s', '/dev/null',
                f'--option=client smb transports=quic:{port}', f'--option=tls ca file={CA}',
                '--option=tls verify peer=ca_only', '--option=client smb transport:force_ngtcp2_quic=yes', '-c', 'ls']


class Quicc:
    name, program, alpn = 'quicc', f'{BUILD}/quicd/quicc', ['h3']

    def version(self):
        return 'of this tree'

    def argv(self, address, port, name):
        return [self.program, '--alpn', 'h3', '--sni', name, '--ca', CA, '--timeout', '15', f'{address}:{port}']


ALL = [c() for c in (Curl, Aioquic, Quicgo, Kdig, Smbclient, Quicc)]


def here():
    """The clients that this root has."""
    return [c for c in ALL if shutil.which(c.program)]
