# SPDX-License-Identifier: GPL-2.0-or-later
"""Hosts as network namespaces with processes in them, for programs run by `ip netns exec`."""
import os
import shutil
import signal
import subprocess

from nqtest.poll import wait_for
from nqtest.shell import Failed, run

WORK = '/var/tmp/e2e'


def workdir():
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)


class Process:
    """A program in a host that stays; its output is in `log`."""

    def __init__(self, host, name, argv, env=None):
        self.name = name
        self.log = f'{WORK}/{name}.log'
        with open(self.log, 'w') as log:
            self.p = subprocess.Popen(['ip', 'netns', 'exec', host.name, *argv], stdout=log, stderr=log,
                                      stdin=subprocess.DEVNULL, start_new_session=True,
                                      env={**os.environ, **(env or {})})

    def alive(self):
        return self.p.poll() is None

    def said(self):
        with open(self.log, errors='replace') as f:
            return f.read()

    def stop(self, patience=20):
        if self.alive():
            os.killpg(self.p.pid, signal.SIGTERM)
            try:
                self.p.wait(patience)
            except subprocess.TimeoutExpired:
                os.killpg(self.p.pid, signal.SIGKILL)
                self.p.wait()


class Host:
    """A network namespace."""

    def __init__(self, name):
        self.name = name
        self.processes = []
        run('ip', 'netns', 'add', name)
        run('ip', '-n', name, 'link', 'set', 'lo', 'up')
        self.run('sysctl', '-qw', 'net.ipv6.conf.all.accept_dad=0', 'net.ipv6.conf.default.accept_dad=0')

    def run(self, *argv, timeout=300, **kw):
        """Run a command here; its output, or Failed."""
        return run('ip', 'netns', 'exec', self.name, *argv, timeout=timeout, **kw)

    def attempt(self, *argv, timeout=300, **kw):
        """Run a command here; the CompletedProcess, whatever its status (124: no end)."""
        try:
            return subprocess.run(['ip', 'netns', 'exec', self.name, *argv], capture_output=True,
                                  text=True, timeout=timeout, **kw)
        except subprocess.TimeoutExpired as e:
            out, err = ((x or b'').decode(errors='replace') for x in (e.stdout, e.stderr))
            return subprocess.CompletedProcess(argv, 124, out, err + f'no end after {timeout} s')

    def start(self, name, *argv, tcp=None, udp=None, env=None):
        """Start a server and wait until it listens on this TCP or UDP port."""
        p = Process(self, name, argv, env)
        self.processes.append(p)

        def up():
            if not p.alive():
                raise Failed(f'{name} ended at once: {p.said().strip()[-600:]}')
            kind, port = ('-t', tcp) if tcp else ('-u', udp)
            return self.listens(kind, port)
        if tcp or udp:
            wait_for(up, 300, f'{name} listens', 0.1, Failed)
        return p

    def listens(self, kind, port):
        """The line of ss for the owner of this port ('-t' or '-u'), or an empty string."""
        return self.run('ss', '-Hlnp', kind, f'sport = :{port}').strip()

    def stop(self, patience=20):
        for p in reversed(self.processes):
            p.stop(patience)
        self.processes = []


def veth(a, b, net=44):
    """Join two hosts: a gets 10.net.0.1 and fdnet::1, b the .2."""
    run('ip', 'link', 'add', f'to-{b.name}', 'netns', a.name, 'type', 'veth', 'peer', f'to-{a.name}',
       'netns', b.name)
    for host, dev, n in ((a, f'to-{b.name}', 1), (b, f'to-{a.name}', 2)):
        run('ip', '-n', host.name, 'addr', 'add', f'10.{net}.0.{n}/24', 'dev', dev)
        run('ip', '-n', host.name, 'addr', 'add', f'fd{net}::{n}/64', 'dev', dev, 'nodad')
        run('ip', '-n', host.name, 'link', 'set', dev, 'up')
