# SPDX-License-Identifier: GPL-2.0-or-later
"""The usual table: client c -- server s, one table `inet t`, listeners on several ports."""
from nqtest import nft
from nqtest.datagrams import collect, drain
from nqtest.module import modprobe
from nqtest.netns import Ns, one_cpu, veth
from nqtest.tap import brief, ok

PORTS = [443, 8443, 4433, 8853, 9000]
V4, V6 = '10.0.0.2', 'fd00::2'


class Bench:
    def __init__(self):
        modprobe()
        self.c, self.s = Ns('c'), Ns('s')
        veth(self.c, self.s)
        with self.s:
            self.n = nft.Nft()
        self.servers = {p: self.s.udp('::', p) for p in PORTS}
        self.ports = iter(range(20000, 60000))

    def table(self):
        """Begin anew with an empty table; commit() is for the caller."""
        self.n.table('inet', 't')
        self.n.delete('inet', 't')
        self.n.table('inet', 't')

    def load(self, *rules, hook='prerouting', kind='nat', priority=-100):
        """One base chain with these rules instead of all that was."""
        self.table()
        self.n.chain('inet', 't', 'pre', kind, hook, priority)
        for r in rules:
            self.n.rule('inet', 't', 'pre', r)
        self.n.commit()

    def client(self, dst=V4):
        return self.c.udp('fd00::1' if ':' in dst else '10.0.0.1', next(self.ports))

    def arrive(self, name, datagrams, port, dst=V4, client=None, send=None, seconds=3):
        """Send a flight from a fresh port: all of it arrives at PORT, in order, nowhere else.

        send(client, datagrams) may do it in a way of its own; datagrams are what must arrive.
        """
        sock = client or self.client(dst)
        for s in self.servers.values():
            drain(s)
        with one_cpu():
            if send:
                send(sock, datagrams)
            else:
                for d in datagrams:
                    sock.sendto(d, (dst, 443))
        got = dict(zip(PORTS, collect(list(self.servers.values()), len(datagrams), seconds)))
        want = {p: [] for p in PORTS}
        if port:
            want[port] = list(datagrams)
        sizes = {p: [datagrams.index(x) if x in datagrams else len(x) for x in v]
                 for p, v in got.items() if v}
        good = ok(got == want, name,
                  f'arrived: {brief(sizes)}, want all {len(datagrams)} in order at {port}; {self.s.stats()}')
        if not client:
            sock.close()
        return good

    def close(self):
        for s in self.servers.values():
            s.close()
        self.n.close()
        self.c.delete()
        self.s.delete()
