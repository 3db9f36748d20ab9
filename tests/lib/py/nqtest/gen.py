# SPDX-License-Identifier: GPL-2.0-or-later
"""quicgen (tests/gen) in namespaces: clients that say what became of what they sent."""
import itertools
import os
import subprocess

from nqtest import tap, where

BUILD = os.environ.get('BUILD_DIR') or os.path.join(where.BUILD, 'tests/vm')
QUICGEN = os.environ.get('QUICGEN') or os.path.join(BUILD, 'quicgen')
# One client, one port: a port that the kernel picks may be one that conntrack still knows.
_ports = itertools.count(40000)  # the tests themselves name others


class Receiver:
    """`quicgen recv` in a namespace, ready when this returns."""

    def __init__(self, ns, *ports, options=()):
        with ns:
            self.p = subprocess.Popen([QUICGEN, 'recv', '--quiet', *options, *map(str, ports)],
                                      stdout=subprocess.PIPE, text=True)
        if not self.p.stdout.readline().startswith('ready'):
            raise RuntimeError('quicgen recv does not start')

    def stop(self):
        """{port: datagrams}"""
        self.p.terminate()
        out = self.p.communicate()[0]
        return {int(a.split('=')[1]): int(b.split('=')[1])
                for _, a, b, _ in (line.split() for line in out.splitlines())}


def start(ns, *args):
    """A quicgen that runs beside the test; see end()."""
    if args[0] == 'send' and not {'--sport', '--clients'} & set(args):
        args = ('send', '--sport', next(_ports), *args[1:])
    with ns:
        return subprocess.Popen([QUICGEN, *map(str, args)], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)


def end(p):
    """(exit status, output)"""
    out = p.communicate()[0]
    return p.returncode, out


def send(ns, *args):
    return end(start(ns, 'send', *args))


def summary(out):
    """The numbers of the summary line."""
    line = [x for x in out.splitlines() if x.startswith(('summary ', 'flood '))][-1]
    return {k: float(v) for k, v in (x.split('=') for x in line.split()[1:])}


def check(name, ns, *args):
    """Clients that must all be right, as quicgen send understands it."""
    rc, out = send(ns, *args)
    return tap.ok(rc == 0, name, out)
