# SPDX-License-Identifier: GPL-2.0-or-later
"""What a link saw, as QUIC packets with their frames: deciphered by the client's key log."""
import collections

from aioquic.buffer import Buffer, BufferReadError
from aioquic.quic.crypto import CryptoContext, CryptoError, CryptoPair, apply_key_phase, next_key_phase
from aioquic.tls import CipherSuite

V1, V2 = 1, 0x6b3343cf
KINDS = {V1: ('initial', '0rtt', 'handshake', 'retry'), V2: ('retry', 'initial', '0rtt', 'handshake')}
SUITES = {s.value: s for s in CipherSuite if s.value in (0x1301, 0x1302, 0x1303)}
LABELS = {('0rtt', True): 'CLIENT_EARLY_TRAFFIC_SECRET', ('handshake', True): 'CLIENT_HANDSHAKE_TRAFFIC_SECRET',
          ('handshake', False): 'SERVER_HANDSHAKE_TRAFFIC_SECRET', ('1rtt', True): 'CLIENT_TRAFFIC_SECRET_0',
          ('1rtt', False): 'SERVER_TRAFFIC_SECRET_0'}

Frame = collections.namedtuple('Frame', 'name values data')
Packet = collections.namedtuple('Packet', 'kind version dcid scid token phase number frames seen')

# name, integers, and for the last the length of octets that follow (-1: that integer)
SIMPLE = {0: ('padding', 0, 0), 1: ('ping', 0, 0), 4: ('reset_stream', 3, 0), 5: ('stop_sending', 2, 0),
          7: ('new_token', 1, -1), 0x10: ('max_data', 1, 0), 0x11: ('max_stream_data', 2, 0),
          0x12: ('max_streams', 1, 0), 0x13: ('max_streams', 1, 0), 0x14: ('data_blocked', 1, 0),
          0x15: ('stream_data_blocked', 2, 0), 0x16: ('streams_blocked', 1, 0), 0x17: ('streams_blocked', 1, 0),
          0x19: ('retire_connection_id', 1, 0), 0x1a: ('path_challenge', 0, 8), 0x1b: ('path_response', 0, 8),
          0x1c: ('close', 3, -1), 0x1d: ('close', 2, -1), 0x1e: ('handshake_done', 0, 0), 6: ('crypto', 2, -1)}


def frames(payload):
    """The frames of a packet; what is not known ends the list."""
    b, out = Buffer(data=payload), []
    while not b.eof():
        kind = b.pull_uint_var()
        if kind in SIMPLE:
            name, ints, octets = SIMPLE[kind]
            values = [b.pull_uint_var() for _ in range(ints)]
            data = b.pull_bytes(values[-1] if octets < 0 else octets)
            if kind:
                out.append(Frame(name, values, data))
        elif kind in (2, 3):
            values = [b.pull_uint_var() for _ in range(4)]
            for _ in range(2 * values[2]):
                b.pull_uint_var()
            ecn = [b.pull_uint_var() for _ in range(3)] if kind == 3 else []
            out.append(Frame('ack_ecn' if ecn else 'ack', values[:1] + ecn, b''))
        elif 8 <= kind <= 15:
            sid = b.pull_uint_var()
            offset = b.pull_uint_var() if kind & 4 else 0
            size = b.pull_uint_var() if kind & 2 else b.capacity - b.tell()
            out.append(Frame('stream', [sid, offset, kind & 1], b.pull_bytes(size)))
        elif kind == 0x18:
            values = [b.pull_uint_var(), b.pull_uint_var()]
            cid = b.pull_bytes(b.pull_uint8())
            b.pull_bytes(16)
            out.append(Frame('new_connection_id', values, cid))
        else:
            out.append(Frame('unknown', [kind], b''))
            break
    return out


class Connection:
    """One handshake and what belongs to it; `packets` in the order in which they were sent."""

    def __init__(self, keys, first):
        self.keys = keys
        self.cids = {True: {first}, False: set()}  # destinations to the server, to the client
        self.packets, self.contexts, self.largest = [], {}, collections.Counter()
        self.crypto = collections.defaultdict(dict)
        self.random = self.suite = None
        self.initial, self.undeciphered = first, 0

    def of(self, kind, to_server):
        return [p for p in self.packets if p.kind == kind and p.seen.to_server == to_server]

    def frames(self, name, to_server):
        return [f for p in self.packets if p.seen.to_server == to_server for f in p.frames if f.name == name]

    def stream(self, kind, to_server):
        """The octets of CRYPTO from 0 on, as far as there is no gap."""
        data = b''
        for offset, piece in sorted(self.crypto[kind, to_server].items()):
            if offset > len(data):
                break
            data += piece[len(data) - offset:]
        return data

    def messages(self, kind, to_server):
        """TLS messages as (type, body)."""
        data, out = self.stream(kind, to_server), []
        while len(data) >= 4:
            end = 4 + int.from_bytes(data[1:4], 'big')
            out.append((data[0], data[4:end]))
            data = data[end:]
        return out

    def context(self, kind, to_server, version):
        if kind == 'initial':
            pair = self.contexts.get((version, self.initial))
            if not pair:
                pair = self.contexts[version, self.initial] = CryptoPair()
                pair.setup_initial(self.initial, False, version)
            return pair.recv if to_server else pair.send
        key = kind, to_server, version
        if key not in self.contexts:
            if not self.random:
                hello = self.stream('initial', True)
                self.random = hello[6:38] if len(hello) >= 38 else None
            answer = self.stream('initial', False)
            if len(answer) > 38:
                self.suite = SUITES.get(int.from_bytes(answer[39 + answer[38]:41 + answer[38]], 'big'))
            secret = self.keys.get((LABELS[kind, to_server], self.random))
            # Early data comes before the server has chosen; the length says which hash the ticket has.
            suite = self.suite or (kind == '0rtt' and secret and (
                CipherSuite.AES_128_GCM_SHA256 if len(secret) == 32 else CipherSuite.AES_256_GCM_SHA384))
            if not secret or not suite:
                return None
            self.contexts[key] = CryptoContext()
            self.contexts[key].setup(cipher_suite=suite, secret=secret, version=version)
        return self.contexts[key]

    def decipher(self, kind, seen, version, packet, at):
        """(phase, number, frames), frames None without a key or if the tag does not fit."""
        context = self.context(kind, seen.to_server, version)
        space = ('1rtt' if kind == '0rtt' else kind, seen.to_server)
        if not context:
            self.undeciphered += 1
            return None, None, []
        try:
            head, plain, number, changed = context.decrypt_packet(packet, at, self.largest[space] + 1)
            found = frames(plain)
        except (CryptoError, BufferReadError):
            self.undeciphered += 1
            return None, None, []
        if changed and number > self.largest[space]:
            apply_key_phase(context, next_key_phase(context), 'update')
        self.largest[space] = max(self.largest[space], number)
        for f in found:
            if f.name == 'crypto':
                self.crypto[kind, seen.to_server].setdefault(f.values[0], f.data)
            elif f.name == 'new_connection_id':
                self.cids[not seen.to_server].add(f.data)
        return (head[0] >> 2 & 1 if kind == '1rtt' else None), number, found

    def add(self, *fields):
        self.packets.append(Packet(*fields))


class Wire:
    """The connections in what a link saw. keylog: path of a file in NSS format."""

    def __init__(self, seen, keylog):
        self.connections, self.keys = [], {}
        try:
            with open(keylog, encoding='ascii') as f:
                for line in f:
                    words = line.split()
                    if len(words) == 3 and words[0] != '#':
                        self.keys[words[0], bytes.fromhex(words[1])] = bytes.fromhex(words[2])
        except OSError:
            pass
        for s in seen:
            try:
                self.datagram(s)
            except (BufferReadError, IndexError):
                pass  # no QUIC

    def find(self, to_server, cid):
        for c in reversed(self.connections):
            if cid in c.cids[to_server]:
                return c
        return None

    def datagram(self, seen):
        data = seen.data
        while data:
            data = self.long(seen, data) if data[0] & 0x80 else self.short(seen, data)

    def long(self, seen, data):
        b = Buffer(data=data)
        first, version = b.pull_uint8(), b.pull_uint32()
        dcid = b.pull_bytes(b.pull_uint8())
        scid = b.pull_bytes(b.pull_uint8())
        if version not in KINDS:
            return b''
        kind = KINDS[version][first >> 4 & 3]
        c = self.find(seen.to_server, dcid)
        if not c:
            if not seen.to_server or kind != 'initial':
                return b''
            c = Connection(self.keys, dcid)
            self.connections.append(c)
        c.cids[not seen.to_server].add(scid)
        if kind == 'retry':
            c.initial = scid
            c.add(kind, version, dcid, scid, data[b.tell():-16], None, None, [], seen)
            return b''
        token = b.pull_bytes(b.pull_uint_var()) if kind == 'initial' else b''
        length = b.pull_uint_var()
        end = b.tell() + length
        phase, number, found = c.decipher(kind, seen, version, data[:end], b.tell())
        c.add(kind, version, dcid, scid, token, phase, number, found, seen)
        return data[end:]

    def short(self, seen, data):
        for c in reversed(self.connections):
            for cid in c.cids[seen.to_server]:
                if data[1:1 + len(cid)] == cid:
                    version = max((p.version for p in c.packets if p.kind == 'handshake'), default=V1)
                    phase, number, found = c.decipher('1rtt', seen, version, data, 1 + len(cid))
                    c.add('1rtt', version, cid, b'', b'', phase, number, found, seen)
                    return b''
        return b''
