# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests in a guest share: TAP, namespaces, sockets, counters, the module."""
import contextlib
import ctypes
import os
import select
import socket
import subprocess
import sys
import time
import traceback

CLONE_NEWNET = 0x40000000
MODULE = 'nft_quic'
_libc = ctypes.CDLL(None, use_errno=True)
_tests = 0
_failed = 0


def sh(cmd, check=True):
    r = subprocess.run(cmd, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if check and r.returncode:
        raise RuntimeError(f'{cmd}: {r.stdout.strip()}')
    return r.stdout


def ok(good, name, note=''):
    global _tests, _failed
    _tests += 1
    if not good:
        _failed += 1
    print(f"{'ok' if good else 'not ok'} {_tests} - {name}", flush=True)
    if not good and note != '':
        print('# ' + str(note).replace('\n', '\n# '), flush=True)
    return good


def same(got, want, name):
    return ok(got == want, name, f'got  {brief(got)}\nwant {brief(want)}')


def brief(x):
    text = repr(x)
    return text if len(text) < 600 else text[:600] + '...'


def skip(name, reason):
    global _tests
    _tests += 1
    print(f'ok {_tests} - {name} # SKIP {reason}', flush=True)


def case(f):
    """Run a test function now; an exception is a failure with its name."""
    try:
        f()
    except Exception:
        ok(False, f.__name__, traceback.format_exc())


def done():
    print(f'1..{_tests}', flush=True)
    sys.exit(1 if _failed else 0)


def wait(cond, seconds=5, step=0.01):
    """Poll until cond() is true. Returns its last value."""
    end = time.monotonic() + seconds
    while True:
        v = cond()
        if v or time.monotonic() > end:
            return v
        time.sleep(step)


def modprobe():
    """Load the module for the running kernel, from NFT_QUIC_KO or the build directory."""
    release = os.uname().release
    if os.path.exists(f'/sys/module/{MODULE}'):
        return
    sh('modprobe -a nf_tables nf_conntrack nf_defrag_ipv4 nf_defrag_ipv6')
    series = '.'.join(release.split('.')[:2])
    top = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../..'))
    names = [os.environ.get('NFT_QUIC_KO', ''), f'{top}/build/kmod/{series}/{MODULE}.ko',
             f'{top}/build/kmod/{release}/{MODULE}.ko']
    for f in names:
        if f and os.path.exists(f):
            sh(f'insmod {f} ' + os.environ.get('NFT_QUIC_ARGS', ''))
            return
    sh(f'modprobe {MODULE}')


def rmmod():
    return subprocess.run(['rmmod', MODULE], stderr=subprocess.PIPE, text=True)


def _setns(fd):
    if _libc.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), 'setns')


class Ns:
    """A network namespace; `with ns:` works in it."""
    count = 0

    def __init__(self, name=None):
        Ns.count += 1
        self.name = f'{name or "t"}{os.getpid()}x{Ns.count}'
        sh(f'ip netns add {self.name}')
        self.fd = os.open(f'/run/netns/{self.name}', os.O_RDONLY)
        self.run('ip link set lo up')

    def __enter__(self):
        self.old = os.open('/proc/thread-self/ns/net', os.O_RDONLY)
        _setns(self.fd)
        return self

    def __exit__(self, *exc):
        _setns(self.old)
        os.close(self.old)

    def run(self, cmd, check=True):
        with self:
            return sh(cmd, check)

    def sysctl(self, key, val):
        with self:
            with open('/proc/sys/' + key.replace('.', '/'), 'w') as f:
                f.write(str(val))

    def limit(self, key, val):
        self.sysctl('net/netfilter/nft_quic/' + key, val)

    def stats(self):
        """Counters of the module: {name: value}."""
        with self:
            with open('/proc/thread-self/net/stat/nft_quic') as f:
                return dict(zip(f.readline().split(), (int(x, 16) for x in f.readline().split())))

    def settle(self):
        """Whether, within a minute, no datagrams come any more (a slow kernel has a queue of
        them between the namespaces) and nothing is held."""
        def still():
            before = self.seen()
            time.sleep(0.3)
            return self.seen() == before
        return wait(still, 30) and wait(lambda: not self.stats()['holding_flows'], 30)

    def seen(self):
        """How many datagrams the module has looked at and counted."""
        st = self.stats()
        return st['initials'] + st['zero_rtt'] + st['unknown_version']

    def udp(self, addr='', port=0, family=None, reuse=False):
        """A bound, non-blocking UDP socket in this namespace."""
        family = family or (socket.AF_INET6 if ':' in addr else socket.AF_INET)
        with self:
            s = socket.socket(family, socket.SOCK_DGRAM)
        if reuse:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
        s.bind((addr, port))
        s.setblocking(False)
        return s

    def delete(self):
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None
            sh(f'ip netns del {self.name}')


def veth(a, b, dev_a='eth0', dev_b='eth0', v4=('10.0.0.1', '10.0.0.2'), v6=('fd00::1', 'fd00::2')):
    """Join two namespaces."""
    sh(f'ip link add {dev_a} netns {a.name} type veth peer name {dev_b} netns {b.name}')
    for ns, dev, a4, a6 in ((a, dev_a, v4[0], v6[0]), (b, dev_b, v4[1], v6[1])):
        ns.run(f'ip addr add {a4}/24 dev {dev} && ip addr add {a6}/64 dev {dev} nodad && '
               f'ip link set {dev} up')


@contextlib.contextmanager
def one_cpu():
    """What this thread sends meanwhile arrives in order: a veth queues it on the sender's CPU."""
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cpus)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cpus)


def drain(sock):
    """All datagrams that are there: [(payload, address)]."""
    out = []
    while True:
        try:
            out.append(sock.recvfrom(65535))
        except (BlockingIOError, ConnectionRefusedError):
            return out


def collect(socks, n, seconds=3, quiet=0.05):
    """Wait for n datagrams on several sockets, then a little for what should not come.

    Returns a list of lists of payloads, one for each socket.
    """
    out = [[] for _ in socks]
    end = time.monotonic() + seconds
    while True:
        have = sum(map(len, out))
        left = quiet if have >= n else end - time.monotonic()
        if left <= 0:
            return out
        ready = select.select(socks, [], [], left)[0]
        if not ready and (have >= n or time.monotonic() >= end):
            return out
        for s in ready:
            out[socks.index(s)] += [d[0] for d in drain(s)]
