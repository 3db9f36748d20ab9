# SPDX-License-Identifier: GPL-2.0-or-later
"""Ways of a datagram: a namespace with rules and a socket, behind a veth of its own."""
import ctypes
import socket
import struct
import time

from nqtest import nft
from nqtest.netns import Ns
from nqtest.shell import sh
from raw import PORTS, SERVER, Frames, Sender, source

REDIRECT = 8443
MODES = 'filter', 'filter, ct', 'nat'
STATELESS = 'no state : nat'    # the ways without and with `quic` are NAT and stateless rules
SO_ATTACH_FILTER = 26
SERVER_MAC, CLIENT_MAC = '02:00:00:00:00:02', '02:00:00:00:00:01'
MACS = bytes.fromhex((SERVER_MAC + CLIENT_MAC).replace(':', ''))
CONNS_MAX = 1 << 20  # as many as the limit may be
PROC_DROPS = 12  # the column of /proc/net/udp


def other_payload():
    """A stock match where `quic` would stand: four bytes of the payload, which no datagram has."""
    return [nft.payload(1, 2, 8, 4), nft.cmp(1, b'none')]


def ct_rule():
    """ct state invalid drop"""
    return [nft.expr('ct', nft.u32(1, 1), nft.u32(2, 0)), nft.bitwise(1, 1, struct.pack('=I', 1)),
            nft.cmp(1, b'\0\0\0\0', op=1), nft.stop('drop')]


def match_rules(quic, hit):
    """One rule behind `udp dport 443`: the protocol that the clients ask for, or one that none does."""
    if quic:
        return [[nft.quic('alpn', b'h3' if hit else b'smb')]]
    return [[] if hit else other_payload()]


def behind_quic(rules):
    """The same rules behind one with `quic` that does not match, on both sides."""
    return [[nft.quic('alpn', b'smb')], *rules]


def lookup_rules(quic, n, sets):
    """n rules with a look-up that finds nothing: in a set of names, or of addresses and ports; one or n."""
    if quic:
        return [[nft.quic('alpn', dreg=1), nft.quic('sni_concat', dreg=2), nft.lookup(f'names{i % sets}', 1)]
                for i in range(n)]
    return [[nft.payload(8, 1, 12, 4), nft.payload(9, 1, 16, 4), nft.payload(10, 2, 0, 2),
             nft.payload(11, 2, 2, 2), nft.lookup(f'flows{i % sets}', 8)] for i in range(n)]


def load_sets(n, i):
    """The i-th set of 16 names, and that of addresses and ports.

    Of what the ordinary hello asks for, the protocol, the whole name and the first wildcard have widths
    that occur there.
    """
    names = ['www.example.org', '*.example.org', *[f'{k}.example.org' for k in range(14)]]
    n.set('inet', 't', f'names{i}', 64,
          [nft.alpn(f'p{k}') + nft.sni(name, 48) for k, name in enumerate(names)], concat=(16, 48))
    n.set('inet', 't', f'flows{i}', 16,
          [socket.inet_aton(f'192.0.2.{k}') * 2 + b'\0\1\0\0' * 2 for k in range(16)], concat=(4, 4, 2, 2))


def to_port(source):
    """udp dport set SOURCE notrack accept; the port is in register 1."""
    return [*source, nft.udp_write(1, 2, 2), nft.expr('notrack'), nft.stop('accept')]


def stateless(n):
    """The two rules of examples/stateless.nft that rewrite, and its drop."""
    port = struct.pack('>H', REDIRECT)
    n.set('inet', 't', 'port_of', 64, {nft.sni(f'{i}.example.org'): port for i in range(2)} |
          {nft.sni('www.example.com'): port}, data=2)
    n.set('inet', 't', 'private', 2, [struct.pack('>H', p) for p in (REDIRECT, 8853, 4433)])
    n.chain('inet', 't', 'pre', 'filter', 'prerouting', -300)
    server_id = nft.quic('server_id', dreg=1, length=2)
    for r in ([server_id, nft.lookup('private', 1), *to_port([server_id])],
              to_port([nft.quic('sni', dreg=1), nft.lookup('port_of', 1, dreg=1)]), [nft.stop('drop')]):
        n.rule('inet', 't', 'pre', [*nft.udp(443), *r])
    n.commit()
    return n


def load(ns, mode, quic, rules, sets):
    """`udp dport 443` and each of the rules, ending in a redirect if the mode is nat."""
    with ns:
        n = nft.Nft()
    n.table('inet', 't')
    if mode == STATELESS:
        if quic:
            return stateless(n)
        mode = 'nat'
    for i in range(sets):
        load_sets(n, i)
    kind, priority = ('nat', -100) if mode == 'nat' else ('filter', 0)
    n.chain('inet', 't', 'pre', kind, 'prerouting', priority)
    for r in rules:
        n.rule('inet', 't', 'pre', [*nft.udp(443), *r, *(nft.redirect(REDIRECT) if mode == 'nat' else [])])
    if mode == 'filter, ct':
        n.chain('inet', 't', 'in', 'filter', 'input', 0)
        n.rule('inet', 't', 'in', ct_rule())
    n.commit()
    return n


def sink(ns, port):
    """A socket whose filter takes nothing: a datagram comes that far and is freed."""
    with ns:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    insn = struct.pack('=HBBI', 6, 0, 0, 0)  # ret #0
    buf = ctypes.create_string_buffer(insn, 8)
    s.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack('@HxxxxxxP', 1, ctypes.addressof(buf)))
    s.bind((SERVER, port))
    return s


class Path:
    """One way: its sender, its rules, its sockets."""

    def __init__(self, client, mode, quic, rules, size, sets):
        self.mode, self.quic = mode, quic
        self.ns = Ns('s')
        self.dev = f'v{Ns.count}'
        sh(f'ip link add {self.dev} address {CLIENT_MAC} netns {client.name} type veth '
           f'peer name eth0 address {SERVER_MAC} netns {self.ns.name}')
        for ns, dev in (client, self.dev), (self.ns, 'eth0'):
            ns.sysctl(f'net/ipv6/conf/{dev}/disable_ipv6', 1)
        sh(f'ip -n {client.name} link set {self.dev} up; ip -n {self.ns.name} addr add {SERVER}/8 dev eth0; '
           f'ip -n {self.ns.name} link set eth0 up')
        for key, val in (('hold_flows', size), ('names_flows', size), ('hold_bytes', 1 << 30),
                         ('names_bytes', 1 << 30), ('hold_ms', 10000)):
            self.ns.limit(key, val)
        for key in 'udp_timeout', 'udp_timeout_stream':  # no connection ends during a run
            self.ns.sysctl(f'net/netfilter/nf_conntrack_{key}', 3600)
        self.sinks = [sink(self.ns, port) for port in (443, REDIRECT)]
        self.nft = load(self.ns, mode, quic, rules, sets)
        self.sender = Sender(client, self.dev)

    def frames(self, payloads, first, n):
        return Frames(MACS, payloads, first, n)

    def open(self, frames, answers, proofs, follow):
        """Have connections begin, their server answer and the client prove itself by @proofs, a thousand at a time."""
        if follow:
            self.ns.limit('conns', min(max(2 * len(answers), 256), CONNS_MAX))
            self.ns.limit('learn', 1)
        for net in range(len(answers) // PORTS + 1):
            self.ns.run(f'ip neigh replace {source(net * PORTS)[0]} lladdr {CLIENT_MAC} dev eth0')
        server = self.sinks[self.mode == 'nat']
        for first in range(0, len(answers), 1000):
            some = answers[first:first + 1000]
            self.sender.send(frames, len(some))
            self.settle()
            for i, answer in enumerate(some, first):
                server.sendto(answer, source(i))
            self.sender.send(proofs, len(some))

    def arrived(self):
        """Datagrams at (443, the redirect's port) so far."""
        with self.ns, open('/proc/thread-self/net/udp') as f:
            rows = [line.split() for line in f][1:]
        drops = {int(r[1].split(':')[1], 16): int(r[PROC_DROPS]) for r in rows}
        return drops.get(443, 0), drops.get(REDIRECT, 0)

    def settle(self):
        """Wait until what was sent has arrived: a slow kernel leaves it to a thread."""
        before = None
        while (now := self.arrived()) != before:
            before = now
            time.sleep(0.02)

    def close(self):
        self.sender.close()
        self.nft.close()
        for s in self.sinks:
            s.close()
        self.ns.delete()
