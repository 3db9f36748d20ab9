# SPDX-License-Identifier: GPL-2.0-or-later
"""A client on aioquic that finds out what a server on 127.0.0.1 does."""
import dataclasses
import os
import select
import socket
import ssl
import time

from aioquic import tls
from aioquic.buffer import Buffer
from aioquic.quic import connection
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, HandshakeCompleted, PingAcknowledged
from issued import Issued
from wire import Hello, Side, short


def spread(values):
    low, high = min(values), max(values)
    return str(low) if low == high else f'{low} to {high}'


theirs = []     # the server's transport parameters, which aioquic does not keep


def pull(buf, _pull=connection.pull_quic_transport_parameters):
    theirs.append(_pull(buf))
    return theirs[-1]


connection.pull_quic_transport_parameters = pull


class Asked(Issued):
    """A client's connection that counts the tokens and challenges of the server."""

    def __init__(self, **kw):
        self.tokens = self.challenges = 0
        super().__init__(**kw)

    def begin_as_nameless(self):
        """For a client whose own connection ID is empty, which aioquic can be but for these."""
        self._original_destination_connection_id = self._peer_cid.cid = os.urandom(8)
        self._replenish_connection_ids = lambda: None

    def _handle_new_token_frame(self, context, frame_type, buf):
        super()._handle_new_token_frame(context, frame_type, buf)
        self.tokens += 1

    def _handle_path_challenge_frame(self, context, frame_type, buf):
        super()._handle_path_challenge_frame(context, frame_type, buf)
        self.challenges += 1


class Client:
    """One connection; `closed` is the code with which the server ended it."""

    def __init__(self, port, alpn, name='stack.example', ticket=None, nameless=False):
        self.to, self.closed, self.tickets = ('127.0.0.1', port), None, []
        conf = QuicConfiguration(is_client=True, alpn_protocols=[alpn] if alpn else None, server_name=name,
                                 verify_mode=ssl.CERT_NONE, session_ticket=ticket, connection_id_length=0 if nameless else 8)
        self.quic = Asked(configuration=conf, session_ticket_handler=self.tickets.append)
        if nameless:
            self.quic.begin_as_nameless()
        self.got = []   # datagrams of the server
        self.pings = 0
        self.move('127.0.0.1')
        self.quic.connect(self.to, now=time.monotonic())
        self.id = self.quic._peer_cid.cid

    def move(self, address):
        """Continue from another port of this address, as behind a NAT that forgot."""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 0))

    def until(self, kind, seconds):
        """Whether an event of this class came within so many seconds."""
        end = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            for data, _ in self.quic.datagrams_to_send(now):
                self.socket.sendto(data, self.to)
            while event := self.quic.next_event():
                if isinstance(event, ConnectionTerminated):
                    self.closed = event.error_code
                if kind and isinstance(event, kind):
                    return True
            if now >= end or self.closed is not None:
                return False
            timer = self.quic.get_timer()
            wait = min(end, timer or end) - now
            if select.select([self.socket], [], [], max(0, min(wait, 0.1)))[0]:
                try:
                    self.got.append(self.socket.recv(65536))
                except OSError:
                    continue    # nobody listens yet
                self.quic.receive_datagram(self.got[-1], self.to, time.monotonic())
            elif timer and time.monotonic() >= timer:
                self.quic.handle_timer(time.monotonic())

    def handshake(self, seconds=8):
        return self.until(HandshakeCompleted, seconds)

    @property
    def forbids(self):
        """Whether the server of the connection that was made last forbade active migration."""
        return theirs[-1].disable_active_migration

    def ping(self, seconds=3):
        self.pings += 1
        self.quic.send_ping(self.pings)
        return self.until(PingAcknowledged, seconds)

    def hears(self):
        """The IDs under which the server sends short headers now; forgotten then."""
        heard = {d for d in (short(d) for d in self.got) if d}
        self.got = []
        return heard

    def close(self):
        self.quic.close()
        self.until(None, 0.05)
        self.socket.close()


def ids_of(port, alpn, connections=4):
    """All IDs of some connections: (the handshake's, what each was issued, parameters, of a ServerHello)."""
    first, issued, answers = [], [], []
    for _ in range(connections):
        c = Client(port, alpn)
        if not c.handshake():
            return None
        c.ping()
        side = Side(c.id, client=False)
        for d in c.got:
            side.feed(d)
        first.append(side.scid)
        issued.append(list(c.quic.issued))
        answers.append((Hello(side.hello()).retry_request if side.hello() else None, 3 in side.kinds))
        last = c
        c.close()
    return first, issued, last, answers


def asks_for(port, alpn):
    """The group that the server asks a client for which has no key share yet."""
    push = tls.push_client_hello
    # A Retry makes aioquic write another one.
    tls.push_client_hello = lambda buf, hello: push(buf, dataclasses.replace(hello, key_share=[]))
    try:
        c = Client(port, alpn)
        side = Side(c.id, client=False)
        end = time.monotonic() + 3
        while time.monotonic() < end and not side.hello() and c.closed is None:
            c.until(None, 0.1)
            for d in c.got:
                side.feed(d)
            c.got = []
        c.socket.close()
    finally:
        tls.push_client_hello = push
    hello = side.hello() and Hello(side.hello())
    if not hello:
        return f'closed {c.closed:#x}' if c.closed is not None else 'silence'
    return hello.shares[0] if hello.retry_request else 'none'


def constant(ids):
    """The bytes that all these IDs share, as text."""
    if len(ids) < 2 or not min(map(len, ids)):
        return '-'
    same = [n for n in range(min(map(len, ids))) if len({i[n] for i in ids}) == 1]
    if not same:
        return 'none'
    runs = []
    for n in same:
        if runs and runs[-1][1] == n - 1:
            runs[-1][1] = n
        else:
            runs.append([n, n])
    return ', '.join(f'{a + 1}' if a == b else f'{a + 1} to {b + 1}' for a, b in runs)


def nameless(port, alpn):
    """Whether a client whose own connection ID is empty is answered after a change of port."""
    c = Client(port, alpn, nameless=True)
    if not c.handshake() or not c.ping():
        return 'no handshake'
    c.move('127.0.0.1')
    lasts = c.ping()
    c.close()
    return 'continues' if lasts else f'closed {c.closed:#x}' if c.closed is not None else 'no answer'


def moved(port, alpn, how):
    """Whether a connection continues after a change, and which of the client's IDs the server uses then."""
    c = Client(port, alpn)
    if not c.handshake() or not c.ping():
        return 'no handshake'
    c.until(None, 0.3)
    before = c.hears()
    if how == 'migration':
        if not c.quic._peer_cid_available:
            return 'no spare ID'
        c.quic.change_connection_id()
    c.move('127.0.0.2' if how == 'address' else '127.0.0.1')
    lasts = c.ping()
    after = c.hears()
    challenged = c.quic.challenges
    c.close()
    if not lasts:
        return f'closed {c.closed:#x}' if c.closed is not None else 'no answer'
    return f"continues, {'another' if after - before else 'the same'} ID{', PATH_CHALLENGE' if challenged else ''}"


def share(port, alpn, times):
    """How many of so many connections continue after a change of port."""
    return sum(moved(port, alpn, 'port').startswith('continues') for _ in range(times))


def changes(port, alpn, most=10, every=0):
    """How many changes of port one connection survives, with PINGs for so many seconds before each."""
    c = Client(port, alpn)
    if not c.handshake() or not c.ping():
        return 0
    for n in range(most):
        end = time.monotonic() + every
        while time.monotonic() < end:
            c.ping()
            c.until(None, 0.2)
        c.move('127.0.0.1')
        if not c.ping():
            return n
    c.close()
    return most


def early(port, alpn):
    """What becomes of a second connection's early data."""
    c = Client(port, alpn)
    c.handshake()
    for _ in range(20):
        if c.tickets or c.closed is not None:
            break
        c.ping(0.2)
    c.close()
    if not c.tickets:
        return 'no ticket'
    if not c.tickets[-1].max_early_data_size:
        return 'ticket without early data'
    time.sleep(1.1)     # a ticket made in the same second may look as if it came from the future
    c = Client(port, alpn, ticket=c.tickets[-1])
    c.quic.send_ping(99)
    c.handshake()
    took = c.quic.tls.early_data_accepted
    c.close()
    return 'accepted' if took else 'refused'


def stray(port, length):
    """What a short header under an unknown ID is answered with."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        got = []
        for _ in range(10):
            s.sendto(bytes([0x40 | os.urandom(1)[0] & 0x3f]) + os.urandom(length + 80), ('127.0.0.1', port))
        while select.select([s], [], [], 1)[0]:
            got.append(len(s.recv(65536)))
        return f'{spread(got)} bytes' if got else 'silence'


def versions(port):
    """What an unknown version is answered with."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(bytes.fromhex('c01a2a3a4a08') + os.urandom(8) + b'\x08' + os.urandom(8) + bytes(1200), ('127.0.0.1', port))
        if not select.select([s], [], [], 1)[0]:
            return 'silence'
        buf = Buffer(data=s.recv(65536))
        buf.pull_bytes(5)
        buf.pull_bytes(buf.pull_uint8()), buf.pull_bytes(buf.pull_uint8())
        found = []
        while not buf.eof():
            found.append(buf.pull_uint32())
        names = {1: 'v1', 0x6b3343cf: 'v2'}
        return ' '.join(names.get(v, 'draft-%d' % (v & 255) if v >> 8 == 0xff0000 else 'GREASE' if v & 0x0f0f0f0f == 0x0a0a0a0a
                                  else f'{v:#x}') for v in found)


def other(port, alpn, name='stack.example'):
    """How a handshake with this ALPN and name ends."""
    c = Client(port, alpn, name)
    done = c.handshake(4)
    if done:
        c.ping(1)   # some close after it
    code = c.closed
    c.close()
    if code is not None:
        return f'closed {code:#x}' if not done else f'handshake, then closed {code:#x}'
    return 'served' if done else 'silence'
