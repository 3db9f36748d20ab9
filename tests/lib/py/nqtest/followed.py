# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients and servers whose connections are followed (learn = 1), on the usual table."""
import random
import struct
import time

from nqtest import nft, qt
from nqtest.bench import V4, Bench
from nqtest.datagrams import collect, drain
from nqtest.poll import until
from nqtest.tap import same

GOOD, BAD = 'www.good.example', 'www.blocked.example'


def damaged(data):
    """With another last byte."""
    return data[:-1] + bytes([data[-1] ^ 1])


def short(cid, n=60):
    return b'\x40' + cid + random.randbytes(n)


def to_port(source):
    """udp dport set SOURCE notrack accept; the port is in register 1 then."""
    return [*source, nft.udp_write(1, 2, 2), nft.expr('notrack'), nft.stop('accept')]


class Followed(Bench):
    """Packets of *.good.example are counted, those of *.blocked.example dropped."""

    def follow(self, learn=1, kind='filter', priority=0, rules=()):
        """Count the good name, drop the blocked one. learn=0 first: nothing is known any more."""
        self.s.limit('learn', 0)
        self.table()
        self.n.chain('inet', 't', 'pre', 'filter', 'prerouting', priority)
        self.n.rule('inet', 't', 'pre', [nft.quic('sni', b'*.good.example'), nft.counter()])
        self.n.rule('inet', 't', 'pre', [nft.quic('sni', b'*.blocked.example'), nft.counter(), nft.stop('drop')])
        if rules:
            self.n.chain('inet', 't', 'nat', 'nat', 'prerouting', -100)
            for r in rules:
                self.n.rule('inet', 't', 'nat', r)
        self.n.commit()
        self.s.limit('learn', learn)

    def seeing_all(self, load):
        """Follow connections from the rules on that load() loads, and none can be older."""
        self.s.limit('learn', 0)
        self.s.limit('conn_idle', 1)
        load()
        self.s.limit('learn', 1)
        self.c.run('sleep 1.1')
        self.s.limit('conn_idle', 300)

    def follow_all(self):
        """As follow(), and no connection can be older than learning."""
        self.seeing_all(self.follow)

    def steer(self, services, ids='', gap=0, issuers=None, flags=None):
        """Send each name of {port: name} to its port, in the stateless form; in one transaction, or with a gap.

        ids: so are server IDs that read as one of these ports, or of issuers, 'first' or 'last'.
        flags: a look-up in a set with these flags, in place of a comparison for each.
        """
        self.table()
        if gap:
            self.n.commit()
            time.sleep(gap)
        self.n.chain('inet', 't', 'in', 'filter', 'prerouting', -300)
        self.n.chain('inet', 't', 'out', 'filter', 'output', -300)
        text = {port: struct.pack('>H', port) for port in services}
        taken = [text[port] for port in (services if issuers is None else issuers)] if ids else []
        if flags is None:
            by_id = [[nft.quic('server_id', dreg=1, length=2), nft.cmp(1, port), *to_port([])] for port in taken]
        else:
            number = self.n.set('inet', 't', 'ids', 2, taken, flags=flags)
            by_id = [[nft.quic('server_id', dreg=1, length=2), nft.lookup('ids', 1, set_id=number), *to_port([])]]
        by_name = [[nft.quic('sni', name.encode()), *to_port([nft.immediate(1, text[port])])]
                   for port, name in services.items()]
        for r in by_id + by_name if ids == 'first' else by_name + by_id:
            self.n.rule('inet', 't', 'in', [*nft.udp(443), *r])
        for port in text.values():
            self.n.rule('inet', 't', 'out', [nft.meta(16, dreg=1), nft.cmp(1, b'\x11'), nft.payload(1, 2, 0, 2), nft.cmp(1, port),
                                             nft.immediate(1, struct.pack('>H', 443)), nft.udp_write(1, 0, 2),
                                             nft.expr('notrack'), nft.stop('accept')])
        self.n.commit()

    def conn(self, *args, **kw):
        return Conn(self, *args, **kw)

    def counters(self):
        return self.n.counters('inet', 't', 'pre')

    def counted(self, name, fn, good):
        """fn() has the good name's counter grow by so many."""
        before = self.counters()
        fn()
        return same(self.counters()[0] - before[0], good, name)

    def learned(self):
        st = self.s.stats()
        return st['learned'], st['conns']


class Conn:
    """A client's connection from its own or another's socket, and the server with its ID."""

    def __init__(self, b, sni=GOOD, sid=8, dst=V4, sock=None, port=443, at=None):
        self.b, self.dst, self.sock = b, dst, sock or b.client(dst)
        self.port, self.at = port, at or port
        self.f = qt.Flight(sni=sni)
        self.sid = random.randbytes(sid)

    def peer(self):
        return self.sock.getsockname()[:2] if ':' in self.dst else ('::ffff:' + self.sock.getsockname()[0],
                                                                    self.sock.getsockname()[1])

    def send(self, data, sock=None, port=None, arrives=True, at=None):
        """Does it arrive?"""
        server = self.b.servers[at or self.at if port is None else port]
        drain(server)
        (sock or self.sock).sendto(data, (self.dst, port or self.port))
        return collect([server], 1, 2 if arrives else 0.2)[0] == [data]

    def hello(self, arrives=True):
        return self.send(self.f.whole(), arrives=arrives)

    def reply(self, data, at=None, peer=None):
        """The server sends something; the client has it."""
        drain(self.sock)
        self.b.servers[at or self.at].sendto(data, peer or self.peer())
        return until(lambda: [d for d, _ in drain(self.sock)], 2)

    def initial(self, key=None, sid=None, scid=None, version=qt.V1):
        s = qt.Flight(message=b'', dcid=self.f.scid if scid is None else scid,
                      scid=self.sid if sid is None else sid, version=version)
        s.key_cid = qt.cid(self.f.dcid if key is None else key)
        return s.initial([], server=True)

    def retry(self, key=None, sid=None, scid=None):
        s = qt.Flight(message=b'', dcid=self.f.scid if scid is None else scid,
                      scid=self.sid if sid is None else sid, version=self.f.version)
        s.key_cid = qt.cid(self.f.dcid if key is None else key)
        return qt.retry(s)

    def second_flight(self, cid, scid=None):
        """A client's Initial under another ID of its server, which opens with the connection's keys."""
        f = qt.Flight(self.f.message, dcid=cid, scid=scid or self.f.scid)
        f.key_cid = self.f.key_cid
        return f.initial([], pad_to=1200)

    def handshake(self, cid, scid=None):
        return qt.Flight(dcid=cid, scid=scid or self.f.scid).opaque(qt.HANDSHAKE)

    def set_up(self):
        self.hello()
        self.reply(self.initial())
        self.send(short(self.sid))
        return self

    def answer(self, sock):
        """The server says something to where its client is now."""
        addr, port = sock.getsockname()[:2]
        self.reply(short(self.f.scid), peer=(addr if ':' in addr else '::ffff:' + addr, port))
