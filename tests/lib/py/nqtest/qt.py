# SPDX-License-Identifier: GPL-2.0-or-later
"""Client flights of any shape, built by tests/lib (libqt.so)."""
import ctypes as C
import os
import random

from nqtest.where import BUILD

LIB = os.environ.get('LIBQT') or os.path.join(BUILD, 'tests/vm/libqt.so')

V1, V2, DRAFT29 = 1, 0x6b3343cf, 0xff00001d
INITIAL, ZERO_RTT, HANDSHAKE, RETRY = range(4)


class Cid(C.Structure):
    _fields_ = [('len', C.c_uint8), ('id', C.c_uint8 * 255)]


class Packet(C.Structure):
    _fields_ = [('version', C.c_uint32), ('keys_as', C.c_uint32), ('dcid', Cid), ('scid', Cid),
                ('key_cid', C.POINTER(Cid)), ('token', C.c_char_p), ('token_len', C.c_size_t),
                ('pn', C.c_uint32), ('pn_len', C.c_uint), ('reserved', C.c_uint8),
                ('server', C.c_bool), ('clear_fixed', C.c_bool), ('pad_to', C.c_size_t)]


class CHello(C.Structure):
    _fields_ = [('sni', C.c_char_p), ('sni_len', C.c_size_t), ('alpn', C.c_char_p),
                ('ech', C.c_bool), ('names_last', C.c_bool), ('size', C.c_size_t)]


_lib = C.CDLL(LIB)


class Buf(C.Structure):
    """struct qt_buf"""
    _fields_ = [('len', C.c_size_t), ('p', C.c_uint8 * 65536)]

    def bytes(self):
        return bytes(memoryview(self.p)[:self.len])


for _f, _res, _args in (('qt_chello', None, [C.POINTER(Buf), C.POINTER(CHello)]),
                        ('qt_initial', None, [C.POINTER(Buf), C.POINTER(Packet), C.POINTER(Buf)]),
                        ('qt_opaque', None, [C.POINTER(Buf), C.c_int, C.POINTER(Packet), C.c_size_t]),
                        ('qt_retry', None, [C.POINTER(Buf), C.POINTER(Packet)]),
                        ('qt_version_negotiation', None,
                         [C.POINTER(Buf), C.POINTER(Packet), C.c_uint32]),
                        ('qt_frame_crypto', None,
                         [C.POINTER(Buf), C.c_uint64, C.c_char_p, C.c_size_t]),
                        ('qt_frame_ack', None, [C.POINTER(Buf), C.c_uint64, C.c_uint64, C.c_bool]),
                        ('qt_frame_ping', None, [C.POINTER(Buf)]),
                        ('qt_frame_padding', None, [C.POINTER(Buf), C.c_size_t])):
    getattr(_lib, _f).restype = _res
    getattr(_lib, _f).argtypes = _args


def cid(data):
    out = Cid(len(data))
    C.memmove(out.id, data, len(data))
    return out


def hello(alpn='h3', sni='example.com', ech=False, names_last=False, size=0):
    """A ClientHello message. alpn: text with commas, or None; sni: text, bytes or None."""
    buf = Buf()
    if isinstance(sni, str):
        sni = sni.encode()
    h = CHello(sni, len(sni) if sni else 0, alpn.encode() if alpn is not None else None, ech,
               names_last, size)
    _lib.qt_chello(C.byref(buf), C.byref(h))
    return buf.bytes()


class Flight:
    """One client: its connection IDs, packet numbers and ClientHello."""

    def __init__(self, message=None, version=V1, dcid=None, scid=None, **kw):
        self.message = hello(**kw) if message is None else message
        self.version = version
        self.dcid = dcid if dcid is not None else random.randbytes(8)
        self.scid = scid if scid is not None else random.randbytes(8)
        self.key_cid = cid(self.dcid)
        self.pn = 0
        self.token = None

    def packet(self, pad_to=0, **kw):
        p = Packet(version=self.version, dcid=cid(self.dcid), scid=cid(self.scid), pn=self.pn,
                   pad_to=pad_to)
        if self.token:
            p.token, p.token_len = self.token, len(self.token)
        p.key_cid = C.pointer(self.key_cid)
        for k, v in kw.items():
            setattr(p, k, v)
        self.pn += 1
        return p

    def initial(self, parts, pad_to=1200, extra='', **kw):
        """A datagram with an Initial with CRYPTO frames for parts [(offset, end or bytes)].

        extra: letters for frames around each CRYPTO frame: p PING, z PADDING, a ACK.
        """
        frames = Buf()
        for off, end in parts:
            for c in extra:
                if c == 'p':
                    _lib.qt_frame_ping(C.byref(frames))
                elif c == 'z':
                    _lib.qt_frame_padding(C.byref(frames), 3)
                else:
                    _lib.qt_frame_ack(C.byref(frames), 1, 1, False)
            data = end if isinstance(end, bytes) else self.message[off:end]
            _lib.qt_frame_crypto(C.byref(frames), off, data, len(data))
        if not parts:
            _lib.qt_frame_ping(C.byref(frames))
        out = Buf()
        _lib.qt_initial(C.byref(out), C.byref(self.packet(pad_to, **kw)), C.byref(frames))
        return out.bytes()

    def opaque(self, kind=ZERO_RTT, length=300, **kw):
        out = Buf()
        _lib.qt_opaque(C.byref(out), kind, C.byref(self.packet(**kw)), length)
        return out.bytes()

    def split(self, n, **kw):
        """The ClientHello over n datagrams, in order."""
        size = len(self.message)
        cuts = [size * i // n for i in range(n + 1)]
        return [self.initial([(cuts[i], cuts[i + 1])], **kw) for i in range(n)]

    def whole(self, **kw):
        return self.initial([(0, len(self.message))], **kw)


def retry(flight, token=b'token'):
    """A Retry that answers an Initial to flight.key_cid."""
    out = Buf()
    p = flight.packet()
    p.token, p.token_len = token, len(token)
    _lib.qt_retry(C.byref(out), C.byref(p))
    return out.bytes()


def version_negotiation(flight, version=V1):
    out = Buf()
    _lib.qt_version_negotiation(C.byref(out), C.byref(flight.packet()), version)
    return out.bytes()
