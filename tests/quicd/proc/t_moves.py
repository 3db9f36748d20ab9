# SPDX-License-Identifier: GPL-2.0-or-later
"""quicc: addresses that change, and several connections on one socket."""
import re
import select
import signal
import socket
import threading
import time

from nqtest import lab
from nqtest.backends import Backend
from nqtest.checks import eq, pattern
from nqtest.lab import sh
from nqtest.poll import PATIENCE, wait_for
from nqtest.quicc import quicc, spawn_quicc
from nqtest.quicd import Service
from nqtest.suite import Skip, mark, test


def moved(r, verb):
    """The ports before and after each move, from the lines of --verbose."""
    return re.findall(r"%s: 127\.0\.0\.\d+:(\d+) to 127\.0\.0\.\d+:(\d+), after" % verb, r.err)


@test
@mark("moves")
def quicc_rebinds():
    """--rebind: a new port in the middle of a transfer, three times; the server validates each"""
    s = Service()
    data = pattern(3 << 20)
    r = quicc(s, "-v", "--rebind", "100k,1M,2M", data=data)
    eq(r.rc, 0, r.err)
    assert r.out == data
    ports = moved(r, "rebound")
    eq((len(ports), len(set(sum(ports, ())))), (3, 4), r.err)
    assert "longest time without data:" in r.err, r.err
    wait_for(lambda: s.stat("migrations") >= 1, 5, "a validated path")
    eq(s.stat("stateless_resets"), 0)


@test
@mark("moves")
def rebinding_during_the_handshake():
    """answers follow a client whose port or address changes before the handshake's end"""
    s = Service(service={"workers": "2"})
    data = pattern(300000)
    for when in "hello", "handshake", "hello,handshake", "handshake,1":
        r = quicc(s, "-v", "--rebind", when, data=data)
        eq((r.rc, r.out == data, len(moved(r, "rebound"))), (0, True, when.count(",") + 1), r.err)
        r = quicc(s, "--bind", "127.0.0.2:0,127.0.0.3:0,127.0.0.4:0", "--rebind", when, data=data)
        eq((r.rc, r.out == data), (0, True), r.err)
    s = Service(service={"server-id": "none"})
    for when in "hello", "handshake":
        r = quicc(s, "--rebind", when, data=data)
        eq((r.rc, r.out == data), (0, True), r.err)


class Elsewhere:
    """A UDP path to a service on which single datagrams can leave from another address."""

    def __init__(self, s):
        self.front, self.first, self.other = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3))
        self.front.bind(("127.0.0.1", 0))
        self.port = self.front.getsockname()[1]
        for back in self.first, self.other:
            back.connect(("127.0.0.1", s.port))
        self.sent = self.got = 0  # at the other address, in bytes

    def say_elsewhere(self, data):
        self.sent += len(data)
        self.other.send(data)

    def run(self, seconds, done=lambda: False, client=None, server=None):
        """Hands on what comes, or gives the client's or the server's datagrams to these functions."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not done():
            for sock in select.select([self.front, self.first, self.other], [], [], 0.02)[0]:
                data, addr = sock.recvfrom(65536)
                if sock is self.front:
                    self.client = addr
                    (client or self.first.send)(data)
                elif sock is self.first:
                    (server or (lambda d: self.front.sendto(d, self.client)))(data)
                else:
                    self.got += len(data)


def spoof_the_handshakes_end(s, late):
    """
    The datagram that ends the handshake comes from elsewhere, the late ones before it; then silence.
    Returns the path and quicc, which has 50 kB to send.
    """
    path = Elsewhere(s)
    p = spawn_quicc(path.port)
    p.stdin.write(bytes(50000))
    p.stdin.close()
    answered, held = [], []

    def answer(data):
        if data[0] & 0xf0 != 0xf0:  # not a Retry
            answered.append(data)
        path.front.sendto(data, path.client)

    path.run(5 * PATIENCE, lambda: len(held) >= late + 1,
             client=lambda d: held.append(d) if answered else path.first.send(d), server=answer)
    for data in held[1:]:
        path.first.send(data)
    time.sleep(0.1)
    path.say_elsewhere(held[0])
    path.run(0.4, client=lambda d: None)
    return path, p


def finish(path, p, client=None, size=50000):
    """quicc gets so many zeros, and ends."""
    out = []
    reader = threading.Thread(target=lambda: out.append(p.stdout.read()))
    reader.start()
    path.run(20 * PATIENCE, lambda: p.poll() is not None, client=client)
    p.kill()
    reader.join()
    eq((p.wait(), out[0] == bytes(size)), (0, True), p.stderr.read())


@test
@mark("moves")
def no_flood_elsewhere():
    """three times as much as came from there, no more, goes to an address used in the handshake only; nor a close"""
    for retry in "never", "always":
        s = Service(service={"retry-threshold": retry})
        path, p = spoof_the_handshakes_end(s, late=6)
        if not path.got:  # a busy machine; what is too much comes at once, too
            path.run(5 * PATIENCE, lambda: path.got, client=lambda d: None)
            path.run(0.4, client=lambda d: None)
        assert 0 < path.got <= 3 * path.sent, (path.sent, path.got)
        s.signal(signal.SIGTERM)
        path.run(0.3, client=lambda d: None)
        assert path.got <= 3 * path.sent, (path.sent, path.got)
        p.kill()
        p.wait()


@test
@mark("moves")
def the_first_address_comes_back():
    """after one datagram from elsewhere the client continues at its first address"""
    for retry in "never", "always":
        s = Service(service={"retry-threshold": retry})
        path, p = spoof_the_handshakes_end(s, late=0)
        finish(path, p)
        assert path.got <= 3 * path.sent, (path.sent, path.got)


def pings(initial, n):
    """n Initials of the same connection, as anybody can make them who has seen its first one."""
    try:
        from aioquic.quic.crypto import CryptoPair
    except ImportError:
        raise Skip("python3-aioquic is not installed")
    scid = 6 + initial[5]
    keys = CryptoPair()
    keys.setup_initial(cid=initial[6:scid], is_client=True, version=1)
    for number in range(20, 20 + n):
        frames = b"\x01" + bytes(1160)  # PING, PADDING
        header = b"\xc3" + initial[1:scid + 1 + initial[scid]] + b"\0"
        header += (0x4000 | 4 + len(frames) + 16).to_bytes(2, "big") + number.to_bytes(4, "big")
        yield keys.encrypt_packet(header, frames, number)


def others_join_in(s, path, others):
    """Hands on the client's datagrams; behind the first one come packets of its handshake from four other addresses."""
    def client(data):
        path.first.send(data)
        for ping in pings(data, 0 if others else 4):
            others.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            others[-1].sendto(ping, ("127.0.0.1", s.port))
    return client


@test
@mark("moves")
def the_first_address_is_always_heard():
    """a handshake's packets from as many other addresses as quicd follows do not lock the client out"""
    s = Service()
    path = Elsewhere(s)
    p = spawn_quicc(path.port)
    p.stdin.write(bytes(50000))
    p.stdin.close()
    others = []
    finish(path, p, client=others_join_in(s, path, others))
    for o in others:
        o.close()
    eq(len(others), 4)


@test
@mark("moves")
def the_first_address_gets_it_all():
    """nor does it get no more than three times of what it sends, once the handshake is over: it is validated like a new one"""
    def answer(sock, _):
        while sock.recv(65536):
            pass
        sock.sendall(bytes(400000))

    s = Service(service={"mode": "stream"}, stream={"backend": Backend(answer).address})
    path = Elsewhere(s)
    p = spawn_quicc(path.port)
    p.stdin.write(b"all of it")
    p.stdin.close()
    others = []
    finish(path, p, client=others_join_in(s, path, others), size=400000)
    for o in others:
        o.close()
    eq((len(others), s.stat("migrations")), (4, 0))


@test
@mark("moves")
def no_token_after_a_move():
    """NEW_TOKEN only for a validated address: none if it changed in the handshake"""
    d = lab.TMP / "qlog-moves"
    d.mkdir()
    for args, tokens in ([], 1), (["--rebind", "hello"], 0):
        s = Service(start=False, debug={"qlog-dir": d})
        if b"CVE-2026-40170" in sh(lab.BIN / "quicd", "-c", s.conf, "--check-config").stderr:
            raise Skip("this ngtcp2 has no safe qlog")
        s.start()
        eq(quicc(s, *args, data=b"x").out, b"x")
        s.stop()
        (log,) = d.glob("*.sqlog")
        eq(log.read_bytes().count(b'"frame_type":"new_token"'), tokens)
        log.unlink()


@test
@mark("moves")
def quicc_changes_its_address():
    """--bind: the next address after each move"""
    s = Service()
    p = spawn_quicc(s, "-v", "--bind", "127.0.0.2:0,127.0.0.3:0", "--rebind", "1")
    for i in b"1", b"2":
        p.stdin.write(i)
        p.stdin.flush()
        eq(p.stdout.read(1), i)
    wait_for(lambda: "now at 127.0.0.3:" in s.log(), 5, "the new address")
    out, err = p.communicate()
    eq((p.returncode, out), (0, b""), err)


@test
@mark("moves")
def quicc_migrates():
    """--migrate: a new path is validated, then used; refused if the server forbids it"""
    s = Service()
    data = pattern(3 << 20)
    r = quicc(s, "-v", "--migrate", "0,1M", data=data)
    eq(r.rc, 0, r.err)
    assert r.out == data
    eq(len(moved(r, "migrating")), 2, r.err)
    new = moved(r, "migrating")[-1][1]
    assert "migrated: now at 127.0.0.1:" + new in r.err, r.err
    wait_for(lambda: "now at 127.0.0.1:" + new in s.log(), 5, "the new path at the server")
    # Soon after a rebinding, too: ngtcp2's server miscounts the client's IDs then.
    for _ in range(3):
        r = quicc(s, "--rebind", "300k", "--migrate", "1M", data=data)
        eq((r.rc, r.out == data), (0, True), r.err)
    s = Service(service={"server-id": "none"})
    r = quicc(s, "--migrate", "0", data=data)
    eq(r.rc, 2, r.err)
    assert "the server forbids migration" in r.err, r.err
    r = quicc(s, "--rebind", "1M", data=data)
    eq((r.rc, r.out == data), (0, True), r.err)


@test
def quicc_with_several_connections():
    """one socket, three names and two protocols: each connection has its own, lines are labelled"""
    s = Service(service={"alpn": "a b"})
    for turn in [], ["--in-turn"]:
        r = quicc(s, "-v", "--alpn", "a", "--alpn", "b", "--sni", "localhost", "--sni", "localhost.", "--sni",
                  "LOCALHOST", *turn, alpn=None, sni=None, data=b"one\ntwo")
        eq(r.rc, 0, r.err)
        eq(sorted(r.out.decode().splitlines()),
           ["1 localhost: one", "1 localhost: two", "2 localhost: one", "2 localhost: two", "3 LOCALHOST: one",
            "3 LOCALHOST: two"])
        for line in "1 localhost: QUIC: version 1, ALPN a", "2 localhost: QUIC: version 1, ALPN b", \
                    "3 LOCALHOST: stream 0: 7 bytes received":
            assert line in r.err, r.err
        peers = re.findall(r"(127\.0\.0\.1:\d+): connected", s.log())[-3:]
        eq((len(peers), len(set(peers))), (3, 1), s.log())
    data = b"".join(b"%07d\n" % i for i in range(1 << 17))
    r = quicc(s, "--connections", "3", "--migrate", "300k", "--rebind", "1M", alpn="a", data=data)
    eq(r.rc, 0, r.err)
    for i in b"1", b"2", b"3":
        label = i + b" localhost: "
        eq(b"".join(line[len(label):] for line in r.out.splitlines(True) if line.startswith(label)) == data, True)


@test
def quicc_refuses_moves():
    """what cannot be done ends with status 1 and says why; so does a move that never came"""
    s = Service()
    for args, said in ((["--migrate", "hello"], "--migrate takes a number of bytes, not: hello"),
                       (["--rebind", "soon"], "hello, handshake or a number of bytes, not: soon"),
                       (["--rebind", ",".join("1" * 17)], "more than 16 moves"),
                       (["--bind", "127.0.0.1"], "with a port or :0, not: 127.0.0.1"),
                       (["--bind", "192.0.2.1:0"], "Cannot assign requested address"),
                       (["--bind", "[::1]:0"], "Address family not supported"),
                       (["--connections", "0"], "--connections is 1 to 64, not: 0"),
                       (["--connections", "2", "--0rtt"], "--0rtt: only with one connection"),
                       (["--in-turn"], "--in-turn: needs several connections"),
                       (["--rebind", "1M"], "the end came before all moves")):
        r = quicc(s, *args, data=b"x")
        eq((r.rc, said in r.err), (1, True), r.err)
