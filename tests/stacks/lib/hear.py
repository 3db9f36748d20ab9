# SPDX-License-Identifier: GPL-2.0-or-later
"""UDP servers that hear what a client does: one that says nothing, one that says Retry, and one on aioquic."""
import contextlib
import os
import select
import signal
import socket
import subprocess
import time

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import HandshakeCompleted
from aioquic.quic.packet import encode_quic_retry
from issued import Issued
from wire import GROUPS, V1, Hello, Side, retry_request, server_initial, short



def patience(client):
    """Seconds, for a client to begin."""
    return getattr(client, 'patience', 12)


@contextlib.contextmanager
def asking(client, name, address='127.0.0.1'):
    """A socket on a port of its own, and this client that goes there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((address, 0))
        argv = client.argv(address, s.getsockname()[1], name)
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              start_new_session=True) as p:
            try:
                yield s, p
            finally:
                # Browsers have children.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(p.pid, signal.SIGKILL)


def received(s, seconds):
    return s.recvfrom(65536) if select.select([s], [], [], seconds)[0] else None


def hello_on(s, side, seconds):
    """Read on until side has a ClientHello; it and the client's address, or None."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = received(s, end - time.monotonic())
        if got:
            side.raw.append(got[0])
            side.feed(got[0])
            if side.hello():
                return Hello(side.hello()), got[1]
    return None


def first_flight(client, name):
    """(Side, Hello) of a client that hears nothing, None if it sends no ClientHello."""
    with asking(client, name) as (s, _):
        side = Side()
        got = hello_on(s, side, patience(client))
        return side, got[0] if got else None


def second_hello(s, second, ours, client, *length):
    """The Hello that a client sends to the ID `ours`, after `length` bytes of CRYPTO that came before; None if none comes."""
    end = time.monotonic() + patience(client)
    while time.monotonic() < end and not second.hello(*length):
        got = received(s, 1)
        if got and got[0][0] & 0x80 and got[0][6:6 + got[0][5]] == ours:
            second.feed(got[0])
    return Hello(second.hello(*length)) if second.hello(*length) else None


def after_retry(client, name):
    """What becomes of the ClientHello when a Retry came, in words."""
    with asking(client, name) as (s, _):
        side = Side()
        got = hello_on(s, side, patience(client))
        if not got:
            return None
        hello, peer = got
        ours = bytes.fromhex('c0ffee0011223344')
        s.sendto(encode_quic_retry(V1, ours, side.scid, side.first, b'token'), peer)
        again = second_hello(s, Side(), ours, client)
        if not again:
            return 'does not come back'
        if again.raw == hello.raw:
            return 'the same bytes'
        return 'new random' if again.random != hello.random else 'the same random, other bytes'


def after_hello_retry(client, name):
    """What becomes of the ClientHello when a HelloRetryRequest came, in words."""
    with asking(client, name) as (s, _):
        side = Side()
        got = hello_on(s, side, patience(client))
        if not got:
            return None
        hello, peer = got
        other = next((g for g in hello.groups if GROUPS.get(g) not in hello.shares and g in GROUPS), None)
        if other is None:
            return 'no group without a share'
        ours = bytes.fromhex('c0ffee0011223344')
        s.sendto(server_initial(side, ours, retry_request(hello, other)), peer)
        again = second_hello(s, Side(side.first), ours, client, len(hello.raw))
        if not again:
            return 'does not come back'
        changed = [what for what in ('random', 'sni', 'alpn') if getattr(again, what) != getattr(hello, what)]
        return ' '.join([*again.shares, *(f'another {what}' for what in changed)])


class Heard(Issued):
    """A server's connection that counts what its client answers."""

    def __init__(self, **kw):
        self.responses = 0
        super().__init__(**kw)

    def _handle_path_response_frame(self, context, frame_type, buf):
        super()._handle_path_response_frame(context, frame_type, buf)
        self.responses += 1

    def reset(self, cid):
        """A stateless reset of this connection, for a peer that sends to this ID (RFC 9000, 10.3)."""
        token = next(c.stateless_reset_token for c in self._host_cids if c.cid == cid)
        return bytes([0x40 | os.urandom(1)[0] & 0x3f]) + os.urandom(40) + token


def after_reset(s, p, conn, peer):
    """What the client sends once it has a stateless reset and then PINGs, in words."""
    reset = time.monotonic()
    while time.monotonic() < reset + 2:
        conn.send_ping(0)
        for data, _ in conn.datagrams_to_send(time.monotonic()):
            s.sendto(data, peer)
        got = received(s, 0.2)
        # Some packets were on their way.
        if got and time.monotonic() > reset + 0.5:
            return 'continues' if short(got[0]) else 'a new connection'
    return 'ends' if p.poll() is None else 'ends, and the program'


def served(client, name, cert, key, seconds=3):
    """A handshake with a server on aioquic; then the server pings and takes the client for one
    whose port has changed. A dict, None without a handshake."""
    conf = QuicConfiguration(is_client=False, alpn_protocols=client.alpn, max_datagram_frame_size=65536)
    conf.load_cert_chain(cert, key)
    with asking(client, name) as (s, p):
        side = Side()
        got = hello_on(s, side, patience(client))
        if not got:
            return None
        hello, peer = got
        conn = Heard(configuration=conf, original_destination_connection_id=side.first)
        first = conn.host_cid
        shown = peer
        for data in side.raw:
            conn.receive_datagram(data, peer, time.monotonic())
        done, changed, pings = None, None, 0
        dcids = {'before': [], 'after': []}     # of short headers
        end = time.monotonic() + patience(client)
        while time.monotonic() < end and p.poll() is None:
            now = time.monotonic()
            got = received(s, 0.05)
            if got:
                data, _ = got
                side.raw.append(data)
                if short(data):
                    dcids['after' if changed else 'before'].append(short(data))
                conn.receive_datagram(data, shown, now)
            if conn.get_timer() and time.monotonic() >= conn.get_timer():
                conn.handle_timer(time.monotonic())
            while event := conn.next_event():
                if isinstance(event, HandshakeCompleted):
                    done, end = time.monotonic(), time.monotonic() + seconds
            if done and now > done + 0.15 * pings:
                pings += 1
                conn.send_ping(pings)
            if done and not changed and now > done + seconds / 2:
                changed, shown = now, (peer[0], peer[1] ^ 1)
            for data, _ in conn.datagrams_to_send(time.monotonic()):
                s.sendto(data, peer)
        if not done:
            return None
        parameters, reset = hello.parameters, None
        if dcids['after'] and p.poll() is None:
            s.sendto(conn.reset(dcids['after'][-1]), peer)
            reset = after_reset(s, p, conn, peer)
        return {
            'reset': reset, 'raw': side.raw,
            'issued': len(conn.issued), 'forbids': 0x0c in parameters,
            'limit': int.from_bytes(parameters.get(0x0e, b'\2'), 'big') & 0x3f,
            'first': first, 'before': dcids['before'], 'after': dcids['after'],
            'responses': conn.responses, 'lived': bool(changed),
        }
