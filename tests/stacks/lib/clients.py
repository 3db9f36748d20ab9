# SPDX-License-Identifier: GPL-2.0-or-later
"""Command lines of real clients that go to an address and port and ask for a name; None if a client cannot."""
import json
import os
import re
import shutil
import subprocess

import browsers
from nqtest.where import BUILD, TOP

CA = browsers.CA
NPM = f'{TOP}/npm'      # packages of npm, beside programs that use them
NAME = 'stack.example'  # of the servers' certificate
OLDER = '/older'        # a root with what only an older Debian has
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

    def again(self, address, port, name):
        # Two connections of one process, since Debian's curl saves no tickets; an interface makes the second a new one.
        first = [*self.argv(address, port, name)[1:], '--tls-earlydata']
        return [['curl', *first, '--next', '--interface', '127.0.0.1', *first]]


class Aioquic:
    name, program, alpn = 'aioquic', 'python3', ['h3']

    def again(self, address, port, name):
        return [['python3', f'{TOP}/tests/e2e/lib/aio.py', CA, address, str(port), name, 'early']]

    def version(self):
        return number(said('python3', '-c', 'import aioquic; print(aioquic.__version__)'))

    def argv(self, address, port, name):
        return ['python3', f'{TOP}/tests/e2e/lib/aio.py', CA, address, str(port), name, 'idle', '0']


class Quicgo:
    name, program, alpn = 'quic-go', QUICGO, ['h3']

    def again(self, address, port, name):
        return [[QUICGO, CA, f'{address}:{port}', name, 'early']]

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

    def again(self, address, port, name):
        first = self.argv(address, port, name)
        return [[*first[:1], '--0rtt', *first[1:]]]


class Gtlsclient:
    name, program, alpn = "ngtcp2's gtlsclient", f'{OLDER}/usr/bin/gtlsclient', ['h3']

    @property
    def suite(self):
        with open(f'{OLDER}/usr/lib/os-release', encoding='utf-8') as f:
            return re.search(r'^VERSION_CODENAME=(\w+)', f.read(), re.M).group(1)

    def version(self):
        with open(f'{OLDER}/version', encoding='ascii') as f:
            return number(f.read())

    def argv(self, address, port, name):
        # Its --sni changes nothing.
        with open(f'{OLDER}/etc/hosts', 'w', encoding='utf-8') as f:
            f.write(f'{address} {name}\n')
        with open(f'{OLDER}/etc/nsswitch.conf', 'w', encoding='ascii') as f:
            f.write('hosts: files\n')
        return ['chroot', OLDER, 'gtlsclient', '-q', name, str(port), f'https://{name}:{port}/']

    def again(self, address, port, name):
        kept = ['--session-file=/tmp/ticket', '--tp-file=/tmp/parameters', '--exit-on-first-stream-close']
        first = self.argv(address, port, name)
        return [[*first[:3], *kept, *first[3:]]] * 2


class Node:
    """A client in a package of npm."""

    def version(self):
        with open(f'{NPM}/node_modules/{self.package}/package.json', encoding='utf-8') as f:
            return json.load(f)['version']


class Quiche(Node):
    name, package, alpn = '@matrixai/quic (quiche)', '@matrixai/quic', ['h3']
    program = f'{NPM}/node_modules/{package}'

    def argv(self, address, port, name):
        return ['node', f'{NPM}/quiche.mjs', self.package, 'client', address, str(port), name]


class Infisical(Quiche):
    name, package = '@infisical/quic (quiche)', '@infisical/quic'
    program = f'{NPM}/node_modules/{package}'


class Quinn(Node):
    """libp2p's, which goes to addresses and wants a server of libp2p."""
    name, package, alpn = '@chainsafe/libp2p-quic (quinn)', '@chainsafe/libp2p-quic', ['libp2p']
    program, by_name = f'{NPM}/node_modules/{package}', False

    def argv(self, address, port, name):
        return ['node', f'{NPM}/quinn.mjs', address, str(port)]


class Chromium(browsers.Chromium):
    def version(self):
        return number(said(self.program, '--version'))


class Firefox(browsers.Firefox):
    def version(self):
        return number(said(self.program, '--version'))


ALL = [c() for c in (Curl, Aioquic, Quicgo, Kdig, Smbclient, Quicc, Gtlsclient, Quiche, Infisical, Quinn, Chromium, Firefox)]


def present(one):
    return shutil.which(one.program) or os.path.isdir(one.program)


def here():
    """The clients that this root has."""
    return [c for c in ALL if present(c)]
