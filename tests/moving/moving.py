#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections that move: real clients, services behind UDP 443, and all that may happen between them.

Runs in a guest. moving.py --core is the part of it that belongs to make check. Each answer carries its
service's name. For services with server IDs and the stateless form all must continue, within a
second at most, and none may reach another service; by NAT all but several services on one 5-tuple.
For others it is written down how it was. build/moving/KERNEL.json is what docs/moving.md is made of.

TAP. TEST=WORD leaves the moves with that word, TEST='ONE|OTHER' those with one of them; KIND=WORD the kinds of services
with that word.
"""
import hashlib
import json
import os
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, 'lib'), os.path.join(HERE, '../e2e/lib'), os.path.join(HERE, '../lib/py')]
import moves
from nqtest.hosts import WORK
from nqtest.shell import Failed
from nqtest.tap import tests as tap
from nqtest.where import BUILD
from pair import PUBLIC, Pair
from services import write
from talkers import Aioquic, Curl, Quicc, Quicgo
from world import SERVERS, World, forget

CORE = '--core' in sys.argv
STALL = 1.0     # seconds: a first PTO (RFC 9002, 6.2.2)
ID, PREFIX, OPAQUE, FOLLOWED = 'server ID', 'stable prefix', 'opaque', 'opaque, followed'
CONTINUES, WRONG, ENDS = 'continues', 'wrong service', 'ends'
# Several services on one 5-tuple: NAT sends all to the first.
KNOWN = {('nat', moves.NAMES): WRONG, ('nat', moves.TWO): WRONG}
# Of services without server IDs the module knows no ID that it has not seen, and nothing when it is loaded.
UNKNOWN = moves.MIGRATION, moves.MODULE, moves.HANDSHAKE, moves.FLUSH
results = {}


def record(form, kind, move, outcome, label, note='', must=False):
    """Keep the worst outcome of a move; it is a test where there is a server ID, or if it must."""
    order = (CONTINUES, ENDS, WRONG)
    key = f'{form}|{kind}|{move}'
    results[key] = max(results.get(key, CONTINUES), outcome, key=order.index)
    if kind == ID or must or (kind == FOLLOWED and move not in UNKNOWN):
        want = KNOWN.get((form, move), CONTINUES)
        tap.ok(outcome == want, f'{form}: {label}: {move}: {want}', f'{outcome}: {note}')
    else:
        tap.say(f'{form}: {label}: {move}: {outcome} {note}')
    return outcome == CONTINUES


class Lane:
    """One client with one service, by one family and one form of rules."""

    def __init__(self, world, form, kind, cls, service, family, only=()):
        self.only = only
        self.world, self.form, self.kind, self.cls, self.service = world, form, kind, cls, service
        self.address, self.client = SERVERS[family], None
        self.label = f'{cls.label} to {service}, {family}'

    def make(self):
        return self.cls(self.world.box.client, self.address, f'{self.service}.example.org')

    def fresh(self):
        """A connection that works."""
        if not self.client:
            self.client = self.make()
            self.heard([self.client.ask()])
        return self.client

    def drop(self):
        if self.client:
            self.client.stop()
        self.client = None

    def heard(self, names, want=None):
        if names != (want or [self.service] * len(names)):
            raise Wrong(f'heard {names}')

    def attempt(self, move, fn):
        """fn() raises if the connection did not last, and may return a note."""
        try:
            note = fn() or ''
            outcome = CONTINUES
        except Wrong as e:
            outcome, note = WRONG, e
        except Failed as e:
            outcome, note = ENDS, e
        # nginx 1.26 keeps no client that moves twice, with no rule between them either: it has no more
        # connection IDs of the client's (its log: no available client ids for new path).
        if outcome != CONTINUES or self.kind != ID:
            self.drop()
        return record(self.form, self.kind, move, outcome, self.label, note)

    def between(self, move, fn):
        client = self.fresh()
        before = self.timed(client)
        fn(self.world, client)
        stall = self.timed(client) - before
        self.heard([client.ask()])
        if stall > STALL and self.kind == ID:
            raise Failed(f'it took {stall:.2f} s more than before')

    def timed(self, client):
        """The seconds of a question."""
        began = time.monotonic()
        self.heard([client.ask()])
        return time.monotonic() - began

    def silence(self):
        self.heard([moves.server_first(self.world, self.fresh())])

    def transfer(self):
        found, count = moves.transfer(self.world, self.fresh())
        if found != {self.world.checksum}:
            raise Failed(f'another file: {found}')
        if not count:
            raise Failed('nothing happened while it was transferred')

    def handshakes(self, fn, pause, most=None):
        self.heard(moves.handshakes(self.make, self.cls.waits, fn, pause, 1 if CORE else 4, most))

    def wanted(self, move):
        return wanted(move) and (not self.only or move in self.only)

    def run(self):
        for move, fn, needs in moves.BETWEEN:
            if self.wanted(move) and (not needs or hasattr(self.cls, needs)):
                self.attempt(move, lambda m=move, f=fn: self.between(m, f))
        # The others have no page that takes its time, and no large file.
        if self.wanted(moves.SERVER_FIRST) and self.kind == ID:
            self.attempt(moves.SERVER_FIRST, self.silence)
        if self.wanted(moves.TRANSFER) and self.kind == ID and hasattr(self.cls, 'fetch'):
            self.attempt(moves.TRANSFER, self.transfer)
        if self.wanted(moves.HANDSHAKE):
            self.attempt(moves.HANDSHAKE, lambda: self.handshakes(self.world.box.rebind, 0.3, 3))
        if self.wanted(moves.FLUSH):
            self.attempt(moves.FLUSH, lambda: self.handshakes(lambda: forget(self.world.server), 0.02))
        self.drop()


class Wrong(Exception):
    """Another service answered."""


def names(world, form, family, kind, services):
    """Several services on one 5-tuple."""
    if wanted(moves.NAMES):
        lane = Lane(world, form, kind, Quicgo, services[0], family)
        lane.attempt(moves.NAMES, lambda: lane.heard(moves.names(world, lane.address, services), services * 2))


def long(world, form, family):
    """A client that takes new IDs of its own accord. NAT sends several names on a socket to the first, whatever their IDs."""
    for move, services in (moves.LONG, ['blog']), (moves.LONG_NAMES, ['www', 'dns', 'blog']):
        if wanted(move) and (form == 'stateless' or len(services) == 1):
            lane = Lane(world, form, FOLLOWED, Quicgo, 'blog', family)
            lane.attempt(move, lambda n=services: long_one(world, lane, n))


def long_one(world, lane, services):
    lane.heard(moves.long(world, lane.address, services), services + services[-1:] * moves.HUNDREDS + services)
    # The server's first, the one in the handshake, and another.
    if world.most_ids() < 3:
        raise Failed('it has taken no new ID')


def two(world, form, family):
    """One after the other."""
    lane = Lane(world, form, ID, Quicgo, 'www', family)
    if wanted(moves.TWO):
        lane.attempt(moves.TWO, lambda: lane.heard(moves.two(
            world, lane.make, lambda: Quicgo(world.box.other, lane.address, 'dns.example.org')), ['www', 'dns', 'www']))


def failover():
    """Every connection continues at the other gateway, and back at the first."""
    pair = Pair()
    for form in 'stateless', 'nat':
        pair.load(form)
        for move, leave, back in ((moves.STOPPED, pair.stop_first, pair.start_first),
                                  (moves.FAILOVER, lambda: pair.links('down'), lambda: pair.links('up'))):
            for cls, service in (Aioquic, 'www'), (Curl, 'www'), (Quicgo, 'www'), (Quicc, 'files'):
                failover_of(pair, form, move, leave, back, cls, service)
        if form == 'stateless':
            tap.same(pair.tracked(), [], 'stateless: conntrack knows nothing of it, on either gateway')
    pair.stop()


def failover_of(pair, form, move, leave, back, cls, service):
    client, outcome = None, CONTINUES
    try:
        client = cls(pair.client, PUBLIC, f'{service}.example.org')
        said, found = [client.ask()], {pair.checksum}
        for fn in leave, back:
            if hasattr(cls, 'fetch'):
                found |= pair.during(client, fn)
            else:
                fn()
            said += [client.ask(), client.ask()]
        outcome = CONTINUES if said == [service] * 5 and found == {pair.checksum} else WRONG
        note = f'{said}, {found}'
    except Failed as e:
        outcome, note = ENDS, e
    if client:
        client.stop()
    kind = ID if form == 'stateless' or service == 'files' else OPAQUE
    record(form, kind, move, outcome, f'{cls.label} to {service}, IPv4', note, True)


def besides(world):
    """A client on the services' own host, and an input chain that drops by default."""
    client = Quicc(world.server, SERVERS['IPv4'], 'files.example.org')
    try:
        tap.same(client.ask(), 'files', 'stateless: a client on the same host')
    except Failed as e:
        tap.ok(False, 'stateless: a client on the same host', e)
    client.stop()
    for rule, want in ('ct state established,related accept', False), ('udp dport @private accept', True):
        world.server.run('nft', '-f', write(f'{WORK}/drops.nft', f'''table inet drops
delete table inet drops
table inet drops {{
	set private {{
		type inet_service
		elements = {{ 8443, 8853, 4433 }}
	}}
	chain input {{
		type filter hook input priority filter + 1; policy drop;
		iifname "lo" accept
		{rule}
		icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert }} accept
	}}
}}
'''))
        client = Quicc(world.box.client, SERVERS['IPv4'], 'files.example.org', 4)
        try:
            came = client.ask()
        except Failed as e:
            came = e
        client.stop()
        tap.ok((came == 'files') == want, f'stateless: an input chain that drops all but `{rule}`: '
               f'{"works" if want else "no way in"}', came)
    world.server.run('nft', 'delete', 'table', 'inet', 'drops')


def wanted(move):
    words = os.environ.get('TEST') or 'moving'
    return words == 'moving' or any(word in move for word in words.split('|'))


# Of each client what no other one does, or does otherwise; quicc has all by both forms.
IN_CORE = {
    Aioquic: (moves.SOCKET, moves.MIGRATION, moves.ADDRESS, moves.TRANSFER, moves.HANDSHAKE),
    Quicgo: (moves.PORT, moves.EXPIRY, moves.SERVER_FIRST, moves.HANDSHAKE, moves.FLUSH),
    Curl: (moves.PORT, moves.TRANSFER, moves.HANDSHAKE),
}


def plan():
    """The lanes of all_plans() of a kind that is wanted."""
    return [lane for lane in all_plans() if os.environ.get('KIND', '') in lane[1]]


def all_plans():
    """Forms, kinds, clients, services, families, and moves if not all."""
    web = (Aioquic, 'www'), (Quicgo, 'www'), (Curl, 'www')
    if CORE:
        for cls, service in web:
            yield 'stateless', ID, cls, service, 'IPv4', IN_CORE[cls]
        for form in 'stateless', 'nat':
            yield form, ID, Quicc, 'files', 'IPv6'
        return
    for form in 'stateless', 'nat':
        yield form, PREFIX, Aioquic, 'shop', 'IPv4'
        yield form, OPAQUE, Aioquic, 'blog', 'IPv4'
    for form in 'stateless', 'nat':
        for service in 'blog', 'shop':
            yield form, FOLLOWED, Aioquic, service, 'IPv4'
    for form in 'stateless', 'nat':
        for cls, service in *web, (Quicc, 'files'):
            for family in 'IPv4', 'IPv6':
                yield form, ID, cls, service, family


def write_results(ended=False):
    """What was found so far. Moves that TEST chose replace what was found of them before, if they came to the end."""
    path, found = f'{BUILD}/moving/{os.uname().release}{"-core" * CORE}.json', {}
    if (os.environ.get('TEST') or 'moving') != 'moving' or os.environ.get('KIND'):
        if not ended:
            return
        if os.path.exists(path):
            with open(path) as f:
                found = json.load(f)
    os.makedirs(f'{BUILD}/moving', exist_ok=True)
    with open(path, 'w') as f:
        json.dump(found | results, f, indent=1)


def main():
    world = None
    try:
        world = World(() if CORE else (PREFIX, OPAQUE))
        with open(f'{WORK}/www/big', 'rb') as f:
            world.checksum = hashlib.file_digest(f, 'sha256').hexdigest()
        loaded, began = None, set()
        for lane in plan():
            form, kind = lane[:2]
            if loaded != (form, kind == FOLLOWED):
                loaded = form, kind == FOLLOWED
                world.followed = kind == FOLLOWED
                world.load(form)
            if (form, kind) not in began and kind in (OPAQUE, FOLLOWED):
                began.add((form, kind))
                names(world, form, 'IPv4', kind, ['www', 'dns', 'blog'])
                if kind == FOLLOWED:
                    long(world, form, 'IPv4')
            if (form, kind) not in began and kind == ID:
                began.add((form, kind))
                names(world, form, 'IPv4', kind, ['www', 'dns', 'wiki'])
                two(world, form, 'IPv4')
                if form == 'stateless' and wanted('besides'):
                    besides(world)
            Lane(world, *lane).run()
            if form == 'stateless' and lane[1] == ID:
                tap.same(world.tracked(), [], f'stateless: {lane[2].label}, {lane[4]}: conntrack knows nothing of it')
            write_results()
        if not CORE and not os.environ.get('KIND') and (wanted(moves.FAILOVER) or wanted(moves.STOPPED)):
            failover()
        write_results(True)
    except Failed as e:
        tap.ok(False, 'the tests could be run to the end', e)
    if world:
        if tap.failed:
            for p in world.server.processes:
                tap.say(f'last words of {p.name}:\n' + '\n'.join(p.said().splitlines()[-8:]))
        world.stop()
    return tap.end()


sys.exit(main())
