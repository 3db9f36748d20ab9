# SPDX-License-Identifier: GPL-2.0-or-later
"""Network namespaces for threads of this process: sockets, sysctls, the module's counters."""
import contextlib
import ctypes
import os
import socket
import time

from nqtest.poll import until
from nqtest.shell import sh

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _setns(fd):
    if _libc.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), 'setns')


def backlog():
    """Packets between namespaces that no CPU has taken up yet."""
    with open('/proc/net/softnet_stat') as f:
        return sum(int(line.split()[11], 16) for line in f)


# Counters of datagrams that no socket got. Those of snmp, conntrack and devices are a namespace's own.
DROPS = {'Ip:': ('InDiscards', 'OutDiscards', 'InHdrErrors', 'InAddrErrors', 'InNoRoutes', 'OutNoRoutes'),
         'Udp:': ('NoPorts', 'InErrors', 'RcvbufErrors', 'InCsumErrors', 'MemErrors'),
         'conntrack': ('invalid', 'insert_failed', 'drop', 'early_drop', 'icmp_error', 'clash_resolve'),
         'arp': ('res_failed', 'unresolved_discards', 'table_fulls')}


def _summed(path):
    """A table of /proc/net/stat, with a line for each CPU: {name: sum}."""
    with open(path) as f:
        names = f.readline().split()
        rows = [[int(x, 16) for x in line.split()] for line in f]
    return {name: sum(row[i] for row in rows) for i, name in enumerate(names)}


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

    def drops(self):
        """What the kernel has counted of datagrams that no socket got: {(where, name): count}."""
        found = {'arp': _summed('/proc/net/stat/arp_cache')}
        with open('/proc/net/softnet_stat') as f:
            out = {('softnet', 'dropped'): sum(int(line.split()[1], 16) for line in f)}
        net = '/proc/thread-self/net'
        with self:
            found['conntrack'] = _summed(f'{net}/stat/nf_conntrack')
            with open(f'{net}/snmp') as f:
                lines = [line.split() for line in f]
            with open(f'{net}/dev') as f:
                devices = [line.split() for line in f][2:]
        found |= {keys[0]: dict(zip(keys[1:], map(int, values[1:]))) for keys, values in zip(lines[::2], lines[1::2])}
        for name, *figures in devices:
            out |= {(name, 'received, dropped'): int(figures[3]), (name, 'sent, dropped'): int(figures[11])}
        return out | {(where, k): found[where][k] for where in DROPS for k in DROPS[where] if k in found[where]}

    def dropped(self, before):
        """What has been added to drops() since it was this: the parts that have changed."""
        return {k: v - before.get(k, 0) for k, v in self.drops().items() if v != before.get(k, 0)}

    def settle(self):
        """Whether, within a minute, no datagrams come any more (a slow kernel has a queue of
        them between the namespaces) and nothing is held."""
        def still():
            before = self.seen()
            time.sleep(0.3)
            return not backlog() and self.seen() == before
        return until(still, 30) and until(lambda: not self.stats()['holding_flows'], 30)

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


def neighbours(a, b, dev_a='eth0', dev_b='eth0', v4=('10.0.0.1', '10.0.0.2'), v6=('fd00::1', 'fd00::2')):
    """The two ends of a veth() know each other's link address for good: no datagram waits for ARP."""
    macs = [ns.run(f'ip -br link show dev {dev}').split()[2] for ns, dev in ((a, dev_a), (b, dev_b))]
    for ns, dev, mac, addrs in ((a, dev_a, macs[1], (v4[1], v6[1])), (b, dev_b, macs[0], (v4[0], v6[0]))):
        for addr in addrs:
            ns.run(f'ip neigh replace {addr} lladdr {mac} nud permanent dev {dev}')


@contextlib.contextmanager
def one_cpu():
    """Datagrams that this thread sends meanwhile arrive in order: a veth queues it on the sender's CPU."""
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cpus)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cpus)
