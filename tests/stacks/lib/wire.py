# SPDX-License-Identifier: GPL-2.0-or-later
"""Initials and the ClientHello or ServerHello in them, read with aioquic's keys."""
from aioquic.buffer import Buffer, BufferReadError
from aioquic.quic.crypto import CryptoError, CryptoPair

V1, V2 = 0x00000001, 0x6b3343cf
INITIAL = {V1: 0, V2: 1}    # the type bits of an Initial
GROUPS = {23: 'P-256', 24: 'P-384', 25: 'P-521', 29: 'X25519', 30: 'X448', 256: 'FFDHE2048',
          4587: 'P-256+ML-KEM', 4588: 'X25519+ML-KEM', 4589: 'P-384+ML-KEM'}
HRR = bytes.fromhex('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c')   # RFC 8446, 4.1.3


def crypto_frames(plain):
    """(offset, bytes) of each CRYPTO frame, and how many other frames but PADDING there are."""
    buf, found, others = Buffer(data=plain), [], 0
    while not buf.eof():
        kind = buf.pull_uint_var()
        if kind == 6:
            offset = buf.pull_uint_var()
            found.append((offset, buf.pull_bytes(buf.pull_uint_var())))
        elif kind in (2, 3):
            buf.pull_uint_var(), buf.pull_uint_var()
            ranges = buf.pull_uint_var()
            for _ in range(1 + 2 * ranges + (3 if kind == 3 else 0)):
                buf.pull_uint_var()
            others += 1
        elif kind == 1:
            others += 1
        elif kind:
            return found, others + 1
    return found, others


def short(datagram, length=8):
    """The DCID of a datagram that begins with a short header, or None."""
    return datagram[1:1 + length] if datagram and not datagram[0] & 0x80 else None


class Side:
    """The Initials that one side sent, under the client's first DCID; give it datagrams in order."""

    def __init__(self, key_id=None, client=True):
        self.key_id, self.client = key_id, client
        self.keys = None
        self.dcid = self.scid = None    # of the last long header
        self.first = None               # the first DCID
        self.token = b''
        self.kinds = []                 # of all long headers: 0 Initial, 1 0-RTT, 2 Handshake, 3 Retry
        self.greased = set()            # those without the fixed bit, 'short' among them
        self.datagrams = 0              # with an Initial, up to the complete message
        self.frames = []                # (offset, length) in the order of arrival
        self.data = {}                  # offset: byte
        self.others = 0                 # other frames, up to there
        self.raw = []                   # datagrams that a reader keeps

    def feed(self, datagram):
        buf, done = Buffer(data=datagram), bool(self.hello())
        initial = False
        try:
            while not buf.eof():
                initial |= self.packet(buf, datagram, done)
        except (BufferReadError, ValueError):
            pass
        self.datagrams += initial and not done

    def packet(self, buf, datagram, done):
        start = buf.tell()
        first = buf.pull_uint8()
        if not first & 0x80:
            if not first & 0x40 and any(datagram[start:]):
                self.greased.add('short')
            raise ValueError('a short header')
        version = buf.pull_uint32()
        dcid = buf.pull_bytes(buf.pull_uint8())
        scid = buf.pull_bytes(buf.pull_uint8())
        if version not in INITIAL:
            raise ValueError('another version')
        kind = (first >> 4) - INITIAL[version] & 3
        self.kinds.append(kind)
        if not first & 0x40:
            self.greased.add(('Initial', '0-RTT', 'Handshake', 'Retry')[kind])
        self.first = dcid if self.first is None else self.first
        self.dcid, self.scid = dcid, scid
        if kind == 3:
            if not self.client:     # new keys come with it (RFC 9001, 5.2)
                self.key_id, self.keys = scid, None
            raise ValueError('a Retry has no length')
        if kind == 0:
            self.token = buf.pull_bytes(buf.pull_uint_var())
        length = buf.pull_uint_var()
        offset = buf.tell()
        if kind == 0 and not done:
            if not self.keys:
                self.keys = CryptoPair()
                self.keys.setup_initial(cid=self.key_id or dcid, is_client=not self.client, version=version)
            try:
                _, plain, _ = self.keys.decrypt_packet(datagram[start:offset + length], offset - start, 0)
            except CryptoError:
                plain = b''
            frames, others = crypto_frames(plain)
            self.others += others
            for at, data in frames:
                self.frames.append((at, len(data)))
                self.data.update(enumerate(data, at))
        buf.seek(offset + length)
        return kind == 0

    def hello(self, begin=0):
        """The complete handshake message that begins there, or None."""
        if not all(begin + n in self.data for n in range(4)):
            return None
        end = begin + 4 + int.from_bytes(bytes(self.data[begin + n] for n in (1, 2, 3)), 'big')
        if not all(n in self.data for n in range(begin, end)):
            return None
        return bytes(self.data[n] for n in range(begin, end))

    def shuffled(self):
        return any(b[0] < a[0] for a, b in zip(self.frames, self.frames[1:]))


def retry_request(hello, group):
    """The HelloRetryRequest for this ClientHello that asks for a key share of this group."""
    buf = Buffer(capacity=256)
    buf.push_bytes(b'\x03\x03' + HRR + bytes([len(hello.session)]) + hello.session)
    offered = [hello.ciphers[n:n + 2] for n in range(0, len(hello.ciphers), 2)]
    buf.push_bytes(next(c for c in (b'\x13\x01', b'\x13\x02', b'\x13\x03') if c in offered) + b'\0')
    extensions = bytes.fromhex('002b00020304 00330002') + group.to_bytes(2, 'big')
    buf.push_bytes(len(extensions).to_bytes(2, 'big') + extensions)
    return bytes([2]) + len(buf.data).to_bytes(3, 'big') + buf.data


def server_initial(side, ours, message):
    """The datagram of a server with this ID in which a handshake message begins, for a client that was heard."""
    keys = CryptoPair()
    keys.setup_initial(cid=side.first, is_client=False, version=V1)
    buf = Buffer(capacity=1200)
    buf.push_bytes(b'\x06\0')
    buf.push_uint_var(len(message))
    buf.push_bytes(message)
    header = (b'\xc0' + V1.to_bytes(4, 'big') + bytes([len(side.scid)]) + side.scid + bytes([len(ours)]) + ours + b'\0')
    plain = buf.data + bytes(1200 - len(header) - 2 - 1 - 16 - len(buf.data))
    length = 0x4000 | 1 + len(plain) + 16
    return keys.encrypt_packet(header + length.to_bytes(2, 'big') + b'\0', plain, 0)


class Hello:
    """A ClientHello or a ServerHello."""

    def __init__(self, message):
        buf = Buffer(data=message)
        self.raw, self.kind = message, buf.pull_uint8()
        buf.pull_bytes(5)
        self.random = buf.pull_bytes(32)
        self.session = buf.pull_bytes(buf.pull_uint8())
        if self.kind == 1:
            self.ciphers = buf.pull_bytes(buf.pull_uint16())
            buf.pull_bytes(buf.pull_uint8())
        else:
            buf.pull_bytes(3)
        self.extensions = {}
        end = buf.pull_uint16() + buf.tell()
        while buf.tell() < end:
            kind = buf.pull_uint16()
            self.extensions[kind] = buf.pull_bytes(buf.pull_uint16())

    @property
    def sni(self):
        """The server name, None if there is no extension."""
        return self.extensions[0][5:].decode('utf-8', 'backslashreplace') if 0 in self.extensions else None

    @property
    def alpn(self):
        buf, found = Buffer(data=self.extensions.get(16, b'\0\0')), []
        buf.pull_uint16()
        while not buf.eof():
            found.append(buf.pull_bytes(buf.pull_uint8()).decode('latin-1'))
        return found

    @property
    def ech(self):
        """The size of the encrypted_client_hello extension, None without."""
        return len(self.extensions[0xfe0d]) if 0xfe0d in self.extensions else None

    @property
    def groups(self):
        """The numbers of the groups that a client knows."""
        data = self.extensions.get(10, b'')[2:]
        return [g for g in (int.from_bytes(data[n:n + 2], 'big') for n in range(0, len(data), 2)) if g & 0x0f0f != 0x0a0a]

    @property
    def retry_request(self):
        return self.random == HRR

    @property
    def shares(self):
        """The groups of the key shares; of a ServerHello the one that it chose."""
        data = self.extensions.get(51, b'')
        if self.kind == 2:
            return [GROUPS.get(int.from_bytes(data[:2], 'big'), 'another')]
        buf, found = Buffer(data=data), []
        buf.pull_uint16()
        while not buf.eof():
            group = buf.pull_uint16()
            buf.pull_bytes(buf.pull_uint16())
            if group & 0x0f0f != 0x0a0a:    # GREASE
                found.append(GROUPS.get(group, f'{group:#x}'))
        return found

    @property
    def parameters(self):
        """The transport parameters: {number: bytes}."""
        buf, found = Buffer(data=self.extensions.get(57, b'')), {}
        while not buf.eof():
            kind = buf.pull_uint_var()
            found[kind] = buf.pull_bytes(buf.pull_uint_var())
        return found
