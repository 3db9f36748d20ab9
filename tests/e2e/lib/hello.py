# SPDX-License-Identifier: GPL-2.0-or-later
"""What clients really sent: Initials of a capture, decrypted with aioquic, which shares no code
with the project. Counts CRYPTO frames and what was sent twice (RFC 9000 17.2.2, 19.6)."""
import struct

from aioquic.buffer import Buffer
from aioquic.quic.crypto import CryptoError, CryptoPair

VERSIONS = {0x00000001: 0, 0x6b3343cf: 1}  # value: type bits of an Initial


def records(path):
    """(time, record header, frame, where UDP begins or None) of a pcap with Ethernet frames;
    first the file's own header, as (None, header, None, None)."""
    with open(path, 'rb') as f:
        head = f.read(24)
        yield None, head, None, None
        order = '<' if head[:4] in (b'\xd4\xc3\xb2\xa1', b'\x4d\x3c\xb2\xa1') else '>'
        unit = 1e-9 if b'\x4d' in head[:4] else 1e-6
        while True:
            rec = f.read(16)
            if len(rec) < 16:
                return
            sec, frac, caplen, _ = struct.unpack(order + 'IIII', rec)
            frame = f.read(caplen)
            kind = frame[12:14]
            if kind == b'\x08\x00' and frame[23] == 17:
                udp = 14 + (frame[14] & 15) * 4
            elif kind == b'\x86\xdd' and frame[20] == 17:
                udp = 54
            else:
                udp = None
            yield sec + frac * unit, rec, frame, udp


def datagrams(path):
    """(time, source port, destination port, UDP payload)"""
    for when, _, frame, udp in records(path):
        if udp:
            sport, dport = struct.unpack('>HH', frame[udp:udp + 4])
            yield when, sport, dport, frame[udp + 8:]


def cut(path, sport, dport, out):
    """Keep what came from `sport` to `dport` before the server's first answer: a first flight.
    Other clients' packets, such as the last ones of the run before, do not count."""
    with open(out, 'wb') as f:
        for _, rec, frame, udp in records(path):
            if frame is None:
                f.write(rec)
            elif udp:
                ports = struct.unpack('>HH', frame[udp:udp + 4])
                if ports == (sport, dport):
                    f.write(rec + frame)
                elif ports == (dport, sport):
                    return


def frames(payload):
    """CRYPTO frames (offset, length) of an Initial's plain text."""
    buf = Buffer(data=payload)
    while not buf.eof():
        kind = buf.pull_uint_var()
        if kind in (0, 1):
            continue
        if kind in (2, 3):
            buf.pull_uint_var(), buf.pull_uint_var()
            ranges = buf.pull_uint_var()
            buf.pull_uint_var()
            for _ in range(2 * ranges + (3 if kind == 3 else 0)):
                buf.pull_uint_var()
        elif kind == 6:
            offset, length = buf.pull_uint_var(), buf.pull_uint_var()
            buf.pull_bytes(length)
            yield offset, length
        else:
            return


class Flight:
    """One client's Initials: `crypto` CRYPTO frames, `again` bytes of CRYPTO sent twice, `early`
    0-RTT packets."""

    def __init__(self, sport):
        self.sport = sport
        self.crypto = self.again = self.initials = self.early = 0
        self.keys = None
        self.seen = set()

    def feed(self, payload):
        buf = Buffer(data=payload)
        while not buf.eof():
            start = buf.tell()
            first = buf.pull_uint8()
            if not first & 0x80:
                return
            version = buf.pull_uint32()
            dcid = buf.pull_bytes(buf.pull_uint8())
            buf.pull_bytes(buf.pull_uint8())
            if version not in VERSIONS:
                return
            kind = (first >> 4 & 3) - VERSIONS[version]
            initial = kind == 0
            self.early += kind == 1
            if initial:
                buf.pull_bytes(buf.pull_uint_var())
            length = buf.pull_uint_var()
            offset = buf.tell()
            if initial:
                self.initial(version, dcid, payload[start:offset + length], offset - start)
            buf.seek(offset + length)

    def initial(self, version, dcid, packet, offset):
        if not self.keys:
            self.keys = CryptoPair()
            self.keys.setup_initial(cid=dcid, is_client=False, version=version)
        try:
            _, plain, _ = self.keys.decrypt_packet(packet, offset, 0)
        except CryptoError:
            return
        self.initials += 1
        for begin, length in frames(plain):
            new = set(range(begin, begin + length))
            self.again += len(new & self.seen)
            self.seen |= new
            self.crypto += 1


def flights(path, dport):
    """The flights of all clients that sent to `dport`, in order of their first datagram."""
    found = {}
    for _, src, dst, payload in datagrams(path):
        if dst == dport:
            flight = found.setdefault(src, Flight(src))
            try:
                flight.feed(payload)
            except ValueError:
                pass
    return [f for f in found.values() if f.initials]
