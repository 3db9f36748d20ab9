# SPDX-License-Identifier: GPL-2.0-or-later
"""Hosts as network namespaces, processes in them, captures of what passes between."""
import json
import os
import shutil
import signal
import subprocess
import time

WORK = '/var/tmp/e2e'
BIN = '/src/build'


class Failed(Exception):
    """Something the test needs did not work; the text says what."""


def sh(*argv, **kw):
    """Run a command; its output, or Failed with what it said."""
    r = subprocess.run(argv, capture_output=True, text=True, **kw)
    if r.returncode:
        raise Failed(f"{' '.join(argv)}: status {r.returncode}: {(r.stderr or r.stdout).strip()}")
    return r.stdout


def poll(what, condition, seconds=60):
    """Wait until condition() is true; Failed, naming `what`, if that takes too long."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f'{what}: not after {seconds} s')
        time.sleep(0.1)


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

    def stop(self):
        if self.alive():
            os.killpg(self.p.pid, signal.SIGTERM)
            try:
                self.p.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.p.pid, signal.SIGKILL)
                self.p.wait()


class Host:
    """A network namespace."""

    def __init__(self, name):
        self.name = name
        self.processes = []
        sh('ip', 'netns', 'add', name)
        sh('ip', '-n', name, 'link', 'set', 'lo', 'up')
        self.run('sysctl', '-qw', 'net.ipv6.conf.all.accept_dad=0', 'net.ipv6.conf.default.accept_dad=0')

    def run(self, *argv, timeout=300, **kw):
        """Run a command here; its output, or Failed."""
        return sh('ip', 'netns', 'exec', self.name, *argv, timeout=timeout, **kw)

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
            poll(f'{name} listens', up)
        return p

    def listens(self, kind, port):
        """Who has this port ('-t' or '-u'): the line of ss, or an empty string."""
        return self.run('ss', '-Hlnp', kind, f'sport = :{port}').strip()

    def stop(self):
        for p in reversed(self.processes):
            p.stop()
        self.processes = []


def veth(a, b, net=44):
    """Join two hosts: a gets 10.net.0.1 and fdnet::1, b the .2."""
    sh('ip', 'link', 'add', f'to-{b.name}', 'netns', a.name, 'type', 'veth', 'peer', f'to-{a.name}',
       'netns', b.name)
    for host, dev, n in ((a, f'to-{b.name}', 1), (b, f'to-{a.name}', 2)):
        sh('ip', '-n', host.name, 'addr', 'add', f'10.{net}.0.{n}/24', 'dev', dev)
        sh('ip', '-n', host.name, 'addr', 'add', f'fd{net}::{n}/64', 'dev', dev, 'nodad')
        sh('ip', '-n', host.name, 'link', 'set', dev, 'up')


class Capture:
    """Everything that passes a device, kept in a file."""

    def __init__(self, host, name, dev):
        self.file = f'{WORK}/{name}.pcap'
        self.host = host
        self.p = Process(host, name, ['tcpdump', '-Z', 'root', '-i', dev, '-U', '--immediate-mode', '-B', '16384', '-w', self.file,
                                      'udp', 'or', 'icmp', 'or', 'icmp6'])
        poll('tcpdump listens', lambda: 'listening on' in self.p.said())

    def stop(self):
        # What the kernel has seen but tcpdump not yet written comes within a moment.
        size, still, end = -1, 0, time.monotonic() + 10
        while still < 3 and time.monotonic() < end:
            now = os.path.getsize(self.file)
            still = still + 1 if now == size and now > 24 else 0
            size = now
            time.sleep(0.2)
        self.p.stop()

    def flows(self):
        """What quic-inspect makes of it: a list of dicts, one a flow."""
        out = sh(f'{BIN}/inspect/quic-inspect', '--json', self.file)
        return [json.loads(line) for line in out.splitlines()]


def workdir():
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)
