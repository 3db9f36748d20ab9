# SPDX-License-Identifier: GPL-2.0-or-later
"""An HTTP/3 client on aioquic that says whatever it is told to, also what no client should."""
import asyncio
import contextlib
import ssl

from aioquic.asyncio import QuicConnectionProtocol, connect
from aioquic.buffer import encode_uint_var
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, StopSendingReceived, StreamReset

from nqtest.h3service import NAME
from nqtest.poll import PATIENCE

GOAWAY = 7      # RFC 9114 7.2.6


def frame(kind, data):
    return encode_uint_var(kind) + encode_uint_var(len(data)) + data


def prefixed(kind, bits, n):
    """An integer behind the bits of its kind (RFC 7541, 5.1)."""
    top = (1 << bits) - 1
    if n < top:
        return bytes([kind | n])
    out, n = [kind | top], n - top
    while n >= 128:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out + [n])


def literal(fields):
    """A field section of nothing but literals, of any length (RFC 9204, 4.5.6)."""
    return b'\0\0' + b''.join(prefixed(0x20, 3, len(n)) + n + prefixed(0, 7, len(v)) + v for n, v in fields)


def request(method='GET', path='/', authority=NAME, scheme='https', *more):
    h = [(b':method', method), (b':scheme', scheme), (b':authority', authority), (b':path', path), *more]
    return [(n if isinstance(n, bytes) else n.encode('latin-1'), v if isinstance(v, bytes) else v.encode('latin-1')) for n, v in h]


class Client(QuicConnectionProtocol):
    def __init__(self, *args, **kw):
        super().__init__(*args, **kw)
        self.h3 = H3Connection(self._quic)
        self.goaways, self.control_frame = 0, self.h3._handle_control_frame
        self.h3._handle_control_frame = self.saw_control_frame
        self.status, self.body, self.reset, self.stopped, self.ended = {}, {}, {}, {}, set()
        self.closed = None
        self.change = asyncio.Event()

    def saw_control_frame(self, kind, data):
        self.goaways += kind == GOAWAY
        self.control_frame(kind, data)

    def quic_event_received(self, event):
        if isinstance(event, ConnectionTerminated):
            self.closed = event.error_code
        elif isinstance(event, StreamReset):
            self.reset[event.stream_id] = event.error_code
        elif isinstance(event, StopSendingReceived):
            self.stopped[event.stream_id] = event.error_code
        for e in self.h3.handle_event(event):
            if isinstance(e, HeadersReceived):
                self.status.setdefault(e.stream_id, int(dict(e.headers).get(b':status', b'0')))
            elif isinstance(e, DataReceived):
                self.body.setdefault(e.stream_id, bytearray()).extend(e.data)
            if getattr(e, 'stream_ended', False):
                self.ended.add(e.stream_id)
        self.change.set()

    def stream(self):
        return self._quic.get_next_available_stream_id()

    def headers(self, sid, fields, end=False):
        """A HEADERS frame with exactly these fields."""
        encoder, block = self.h3._encoder.encode(sid, fields)
        self._quic.send_stream_data(self.h3._local_encoder_stream_id, encoder)
        self._quic.send_stream_data(sid, frame(1, block), end)
        self.transmit()

    def raw(self, sid, data, end=False):
        self._quic.send_stream_data(sid, data, end)
        self.transmit()

    def data(self, sid, data, end=False):
        self.raw(sid, frame(0, data), end)

    async def until(self, fn, seconds=10):
        """Waits until fn() is true or the connection is closed."""
        with contextlib.suppress(asyncio.TimeoutError):
            async with asyncio.timeout(seconds * PATIENCE):
                while not fn() and self.closed is None:
                    self.change.clear()
                    await self.change.wait()
        return bool(fn())

    async def outcome(self, sid):
        """('status', n), ('reset', code) or ('closed', code): what became of the stream."""
        await self.until(lambda: sid in self.reset or sid in self.ended)
        if self.closed is not None:
            return 'closed', self.closed
        if sid in self.reset:
            return 'reset', self.reset[sid]
        return ('status', self.status.get(sid)) if sid in self.ended else ('nothing', None)


@contextlib.asynccontextmanager
async def client(q, tickets=None, early=False, tokens=None, **kw):
    """A connection to the daemon; session tickets go to the list @tickets, tokens to @tokens; @early: do not wait for the handshake."""
    c = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN, server_name=NAME, verify_mode=ssl.CERT_NONE, **kw)
    async with connect('127.0.0.1', q.port, configuration=c, create_protocol=Client, wait_connected=not early,
                       token_handler=tokens.append if tokens is not None else None,
                       session_ticket_handler=tickets.append if tickets is not None else None) as p:
        yield p
