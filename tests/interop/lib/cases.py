# SPDX-License-Identifier: GPL-2.0-or-later
"""The cases of quic-interop-runner by its names, each with a check of what the link saw.

A check gets a Result and asserts. `files` are sizes in KiB; `short` those of the short form.
"""
import dataclasses

from wire import V2

K = 1024


@dataclasses.dataclass
class Case:
    name: str
    check: object
    files: list
    short: list = None
    mode: str = 'get'
    option: str = ''
    link: dict = dataclasses.field(default_factory=dict)
    one_each: bool = False
    six: bool = False
    times: int = 1
    tcp: bool = False  # a TCP connection takes the same link


class Result:
    """What is left of a run: connections, datagrams, seconds."""

    def __init__(self, wire, seen, seconds, size, count):
        self.all, self.seen, self.seconds, self.size = wire.connections, seen, seconds, size
        self.count = count  # commands: quicc's take one file each
        self.done = [c for c in wire.connections if c.of('1rtt', True) and c.of('1rtt', False)]

    def one(self):
        assert len(self.done) == self.count, f'{len(self.done)} connections, not {self.count}'
        return self.done[-1]

    def sources(self):
        return {s.source for s in self.seen if s.to_server and s.fate == 'ok'}


def handshakes(count):
    def check(r):
        assert len(r.done) == count, f'{len(r.done)} handshakes, not {count}'
    return check


def once(r):
    c = r.one()
    assert c.messages('handshake', False), 'nothing deciphered'


def long_rtt(r):
    once(r)
    assert r.seconds >= 2 * 1.5, f'{r.seconds:.1f} s for at least two round trips of 1.5 s'


def chacha20(r):
    assert r.one().suite == 0x1303, f'cipher suite {r.one().suite}'


def multiplexing(count):
    def check(r):
        c = r.one()
        streams = {f.values[0] for f in c.frames('stream', True) if not f.values[0] & 3}
        assert len(streams) >= count, f'{len(streams)} streams'
        assert c.frames('max_streams', False), 'no MAX_STREAMS'
    return check


def retry(r):
    c = r.one()
    retries = c.of('retry', False)
    assert retries, 'no Retry'
    tokens = {p.token for p in c.of('initial', True)}
    assert retries[0].token in tokens, 'its token did not come back'


def resumed(c):
    kinds = [m[0] for m in c.messages('handshake', False)]
    assert 20 in kinds, f'messages of the second handshake: {kinds}'
    assert 11 not in kinds, 'the second handshake has a certificate'


def resumption(r):
    assert len(r.done) == 2, f'{len(r.done)} connections'
    resumed(r.done[1])


def zero_rtt(r):
    resumption(r)
    c = r.done[1]
    assert c.of('0rtt', True), 'no 0-RTT packet'
    assert any(f.name == 'stream' for p in c.of('0rtt', True) for f in p.frames), 'no STREAM in 0-RTT'
    extensions = next(body for kind, body in c.messages('handshake', False) if kind == 8)[2:]
    kinds = []
    while extensions:
        kinds.append(int.from_bytes(extensions[:2], 'big'))
        extensions = extensions[4 + int.from_bytes(extensions[2:4], 'big'):]
    assert 42 in kinds, 'early data was not accepted'


def key_update(r):
    c = r.one()
    for to_server in True, False:
        phases = {p.phase for p in c.of('1rtt', to_server) if p.phase is not None}
        assert phases == {0, 1}, f'key phases {phases} {"to" if to_server else "from"} the server'


def ecn(r):
    c = r.one()
    for to_server, who in (True, 'client'), (False, 'server'):
        marked = sum(s.ecn in (1, 2) for s in r.seen if s.to_server == to_server)
        assert marked, f'the {who} marks nothing'
        reports = c.frames('ack_ecn', not to_server)
        assert reports, f"the {who}'s marks are not reported"
        assert 0 < max(f.values[1] + f.values[2] for f in reports) <= marked, 'wrong counts'


def amplification(r):
    """RFC 9000, 8.1: until a Handshake packet of the client came, three times what came."""
    c = r.one()
    ended = {id(p.seen) for p in c.of('handshake', True) + c.of('1rtt', True)}
    got = sent = most = 0
    for s in r.seen:
        if s.to_server:
            if s.fate != 'ok':
                continue
            if id(s) in ended:
                break
            got += len(s.data)
        else:
            sent += len(s.data)
            assert sent <= 3 * got, f'{sent} bytes sent after {got}'
            most = max(most, sent / got)
    crypto = sum(len(c.stream(k, False)) for k in ('initial', 'handshake'))
    assert crypto > 3 * 1200, f'a flight of {crypto} bytes tests no limit'
    assert most > 1.5, f'{most:.1f} times as much'


def lossy(fate, then):
    def check(r):
        then(r)
        for to_server in True, False:
            assert any(s.fate == fate for s in r.seen if s.to_server == to_server), f'no datagram was {fate}'
    return check


def rebound(address):
    def check(r):
        once(r)
        sources = r.sources()
        assert len(sources) >= 2, f'sources: {sources}'
        assert (len({s[0] for s in sources}) > 1) == address, f'sources: {sources}'
        validated(r.done[0])
    return check


def validated(c):
    asked = {f.data for f in c.frames('path_challenge', False)}
    assert asked, 'no PATH_CHALLENGE of the server'
    assert asked & {f.data for f in c.frames('path_response', True)}, 'no path was validated'


def migration(r):
    c = r.one()
    ids = {}
    for p in c.of('1rtt', True):
        ids.setdefault(p.seen.source, set()).add(p.dcid)
    assert len(ids) >= 2, f'sources: {sorted(ids)}'
    first, *rest = ids.values()
    assert not first & set().union(*rest), 'a connection ID was used on two paths'
    validated(c)


def version2(r):
    c = r.one()
    first = c.of('initial', True)[0].version
    assert first != V2, 'the client began with version 2'
    kinds = {p.version for p in c.of('handshake', False)}
    assert kinds == {V2}, f'versions of Handshake packets: {kinds}'


def paused(r):
    once(r)
    assert any(s.fate == 'lost' for s in r.seen), 'no datagram fell into the hole'


CASES = [
    Case('handshake', once, [1]),
    Case('transfer', once, [2 * K, 3 * K, 5 * K], [200, 300, 500]),
    Case('longrtt', long_rtt, [1], link={'delay': 0.75}),
    Case('chacha20', chacha20, [3 * K], [300], mode='chacha20'),
    Case('multiplexing', multiplexing(150), [1 / 32] * 2000, [1 / 32] * 300),
    Case('retry', retry, [10], option='retry'),
    Case('resumption', resumption, [5, 10], mode='resume'),
    Case('zerortt', zero_rtt, [1 / 32] * 40, [1 / 32] * 10, mode='early'),
    Case('http3', once, [5, 10, 500], mode='h3'),
    Case('amplificationlimit', amplification, [5], option='large', link={'drop': range(2, 8)}),
    Case('blackhole', paused, [10 * K], [2 * K], link={'pause': (5, 2)}),
    Case('keyupdate', key_update, [3 * K], [500], mode='update'),
    Case('ecn', ecn, [100], mode='ecn'),
    Case('handshakeloss', lossy('lost', handshakes(10)), [1] * 10, [1] * 3, link={'loss': 0.3}, one_each=True),
    Case('transferloss', lossy('lost', once), [2 * K], [700], link={'loss': 0.02}),
    Case('handshakecorruption', lossy('bad', handshakes(10)), [1] * 10, [1] * 3, link={'corrupt': 0.3}, one_each=True),
    Case('transfercorruption', lossy('bad', once), [2 * K], [700], link={'corrupt': 0.02}),
    Case('ipv6', once, [5, 10], six=True),
    Case('v2', version2, [1], mode='v2', option='v2'),
    Case('rebind-port', rebound(False), [10 * K], [2 * K], link={'rebind': (1, 5, False)}),
    Case('rebind-addr', rebound(True), [10 * K], [2 * K], link={'rebind': (1, 5, True)}),
    Case('connectionmigration', migration, [2 * K], [600], mode='migrate'),
    Case('goodput', once, [10 * K], times=3),
    Case('crosstraffic', once, [10 * K], times=2, tcp=True),
]
# All that is checked by `make check`: with short files, without the measurements and what takes longest.
SHORT = [c for c in CASES if c.name not in ('goodput', 'crosstraffic', 'blackhole')]
