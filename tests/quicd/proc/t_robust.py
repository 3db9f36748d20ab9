# SPDX-License-Identifier: GPL-2.0-or-later
"""Under attack and under load."""
import os
import random
import socket
import subprocess
import time

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from nqtest import lab
from nqtest.backends import Backend, echo
from nqtest.checks import eq, pattern
from nqtest.lab import sanitized, sh
from nqtest.poll import PATIENCE, wait_for
from nqtest.quicc import quicc, quicc_cmd, spawn_quicc
from nqtest.quicd import Service
from nqtest.suite import Skip, long_form, mark, test
from nqtest.tap import say
from nqtest.together import together


def initial(rng, version=b"\0\0\0\1"):
    """Looks like an Initial, with rubbish where the ciphertext should be."""
    dcid = rng.randbytes(rng.choice((0, 1, 7, 8, 9, 16, 20, 21, 255)))
    scid = rng.randbytes(rng.choice((0, 4, 8, 20, 21)))
    token = rng.randbytes(rng.choice((0, 0, 0, 16, 70)))
    if token and rng.random() < 0.5:
        token = bytes((rng.choice((0xb6, 0xb7, 0x36)),)) + token[1:]
    head = bytes((0xc0 | rng.randrange(64),)) + version + bytes((len(dcid),)) + dcid
    head += bytes((len(scid),)) + scid + bytes((len(token),)) + token
    length = rng.choice((0, 20, 1100, 1160, 16383))
    head += (0x4000 | length).to_bytes(2, "big")
    return head + rng.randbytes(rng.choice((0, 30, 1200 - min(1200, len(head)), 1300)))


def mutate(rng, d):
    d = bytearray(d)
    for _ in range(rng.choice((1, 1, 2, 8))):
        if not d:
            break
        op = rng.randrange(4)
        at = rng.randrange(len(d))
        if op == 0:
            d[at] = rng.randrange(256)
        elif op == 1:
            d[at] ^= 1 << rng.randrange(8)
        elif op == 2:
            del d[at:]
        else:
            d[at:at] = rng.randbytes(rng.randrange(1, 40))
    return bytes(d)


def recorded(s):
    """The datagrams of real clients, both flights, for the fuzzer to spoil."""
    got = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as front, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as back:
        front.bind(("127.0.0.1", 0))
        back.connect(("127.0.0.1", s.port))
        for v in "1", "2":
            p = spawn_quicc(front.getsockname()[1], "--version", v)
            p.stdin.write(b"some data")
            p.stdin.close()
            front.settimeout(0.3)
            back.settimeout(0.05)
            client = None
            try:
                while True:
                    d, client = front.recvfrom(65536)
                    got.append(d)
                    back.send(d)
                    try:
                        while True:
                            front.sendto(back.recv(65536), client)
                    except OSError:
                        pass
            except OSError:
                pass
            p.wait(10)
    return got


@test
@mark("heavy")
def malformed_datagrams():
    """a fuzzer over real sockets: rubbish, spoilt Initials, spoilt packets of live connections"""
    seconds = 60 if long_form() else 10
    s = Service(service={"workers": "2", "retry-threshold": "100", "handshake-timeout": "1s",
                         "log-level": "warning"}, wait=False)
    wait_for(lambda: quicc(s, data=b"x").rc == 0)
    seeds = recorded(s)
    assert len(seeds) > 5
    rng = random.Random(7)
    socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(8)]
    for u in socks:
        u.connect(("127.0.0.1", s.port))
        u.setblocking(False)
    n = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        kind = rng.randrange(4)
        if kind == 0:
            d = rng.randbytes(rng.choice((0, 1, 5, 21, 40, 1200, 1472)))
        elif kind == 1:
            d = initial(rng, rng.choice((b"\0\0\0\1", b"\x6b\x33\x43\xcf", b"\0\0\0\0",
                                         rng.randbytes(4))))
        else:
            d = mutate(rng, rng.choice(seeds))
        u = rng.choice(socks)
        try:
            u.send(d)
            n += 1
            u.recv(65536)
        except OSError:
            pass
    say("%d datagrams in %.0f s" % (n, seconds))
    eq(s.proc.poll(), None, "quicd died: " + s.log())
    r = wait_for(lambda: quicc(s, data=b"still well").out == b"still well", 15)
    assert r
    wait_for(lambda: s.stat("connections") == 0, 15)
    for u in socks:
        u.close()


def half_open(s):
    """Only the first flight of a client reaches the server, from a socket that never answers."""
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as front:
        front.bind(("127.0.0.1", 0))
        front.settimeout(0.3)
        p = spawn_quicc(front.getsockname()[1], "-n")
        try:
            while True:
                u.sendto(front.recv(65536), ("127.0.0.1", s.port))
        except TimeoutError:
            pass
        p.kill()
        p.communicate()
    return u


@test
def half_open_does_not_hold_up_the_end():
    """SIGTERM does not wait for handshakes that nobody finishes"""
    s = Service()
    u = half_open(s)
    eq(s.stat("handshakes_in_progress"), 1)
    u.settimeout(0.1)
    begin = time.monotonic()
    eq(s.stop(), 0)
    assert time.monotonic() - begin < 5 * PATIENCE
    u.close()


def first_flight(s, dcid, token):
    """A client's first datagram, under that DCID and with that token; is there an answer to it?"""
    client = QuicConnection(configuration=QuicConfiguration(is_client=True, alpn_protocols=["echo"], token=token))
    client._peer_cid.cid = dcid  # pylint: disable=protected-access
    client.connect(("127.0.0.1", s.port), now=0.0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
        u.settimeout(0.5 * PATIENCE)
        u.sendto(client.datagrams_to_send(now=0.0)[0][0], ("127.0.0.1", s.port))
        try:
            return bool(u.recv(65536))
        except TimeoutError:
            return False


@test
def short_first_dcid():
    """an Initial that opens a connection under fewer than 8 bytes is dropped, also with a token (RFC 9000 7.2)"""
    s = Service()
    for token in b"", b"no token of ours":
        before = s.stat("dropped_datagrams")
        for length, answered in (7, False), (8, True):
            eq((first_flight(s, os.urandom(length), token), s.stat("dropped_datagrams") - before), (answered, 1))


@test
def retry_beyond_the_threshold():
    """unfinished handshakes up to retry-threshold are let in, then clients must answer a Retry"""
    s = Service(service={"retry-threshold": "3", "handshake-timeout": "8s"})
    silent = []
    for n in 1, 2, 3:
        silent.append(half_open(s))
        eq((s.stat("handshakes_in_progress"), s.stat("retries")), (n, 0))
    silent.append(half_open(s))
    eq((s.stat("handshakes_in_progress"), s.stat("retries") > 0), (3, True))
    eq(quicc(s, data=b"x").out, b"x")
    before = s.stat("retries")
    assert before > 1
    wait_for(lambda: s.stat("handshakes_timed_out") == 3, 25)
    eq(quicc(s, data=b"x").out, b"x")
    eq((s.stat("handshakes_in_progress"), s.stat("retries")), (0, before))
    for u in silent:
        u.close()


@test
@mark("heavy")
def refused_at_the_limit():
    """1,000 connects a second at max-connections: refused without state, the old one continues"""
    load = lab.BIN / "quic-load"
    if not load.exists():
        raise Skip("quic-load is not built")
    s = Service(service={"max-connections": "1", "log-level": "warning"}, wait=False)
    wait_for(lambda: quicc(s, data=b"x").rc == 0)
    wait_for(lambda: s.stat("connections") == 0)
    p = spawn_quicc(s)
    p.stdin.write(b"1")
    p.stdin.flush()
    eq(p.stdout.read(1), b"1")
    before = s.rss()
    r = sh(load, "--rate", "1000", "--count", "5000", "--alpn", "echo",
             "127.0.0.1:%d" % s.port, timeout=60)
    eq(r.returncode, 0, r.stderr)
    say(r.stdout.decode().strip())
    words = dict(w.split("=") for w in r.stdout.decode().split())
    eq(int(words["completed"]), 0)
    assert int(words["refused"]) >= 4990, words
    assert s.rss() - before < 8 << 20 or sanitized()
    out, err = p.communicate(b"2")
    eq((p.returncode, out), (0, b"2"), err)


@test
@mark("heavy")
def idle_connections():
    """1,000 idle connections (LONG: 10,000) in one process; memory for each is printed"""
    load = lab.BIN / "quic-load"
    if not load.exists():
        raise Skip("quic-load is not built")
    n = 10000 if long_form() else 1000
    s = Service(service={"max-connections": "20000", "log-level": "warning",
                         "retry-threshold": "never", "idle-timeout": "10m"}, wait=False)
    wait_for(lambda: quicc(s, data=b"x").rc == 0)
    before = s.rss()
    p = subprocess.Popen([str(load), "--hold", "--count", str(n), "--parallel", "50", "--alpn",
                          "echo", "127.0.0.1:%d" % s.port], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE)
    wait_for(lambda: s.stat("connections") - s.stat("handshakes_in_progress") >= n, 300,
               "%d connections" % n)
    each = (s.rss() - before) // n
    say("memory for each idle connection: %d bytes" % each)
    assert each < 100000 or sanitized()
    eq(quicc(s, data=b"one more").out, b"one more")
    p.stdin.close()
    out = p.stdout.read().decode()
    eq(p.wait(60), 0)
    assert "completed=%d" % n in out, out
    wait_for(lambda: s.stat("connections") == 0, 60)


@test
def descriptors_run_out():
    """more streams than file descriptors: those are reset with 0x51430005, others go on"""
    b = Backend(echo)
    s = Service(start=False, service={"mode": "stream", "log-level": "info"},
                stream={"backend": b.address})
    s.start_with("ulimit -n 40")
    p = spawn_quicc(s, "--streams", "90")
    p.stdin.write(b"x")
    p.stdin.flush()
    eq(p.wait(10), 5)
    assert b"0x51430005" in p.stderr.read()
    p.stdin.close()
    wait_for(lambda: quicc(s, data=b"fine").out == b"fine")


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@test
def control_without_descriptors():
    """a control client that cannot be accepted waits, at no cost, and is answered in time"""
    s = Service(start=False)
    s.start_with("ulimit -n 20")
    held = []
    for _ in range(14):
        held.append(socket.socket(socket.AF_UNIX))
        held[-1].connect(str(s.control))
    wait_for(lambda: s.fds() == 20)
    before = cpu_seconds(s.proc.pid)
    time.sleep(1)  # the time that is measured
    used = cpu_seconds(s.proc.pid) - before
    assert used < 0.3, used
    eq(quicc(s, data=b"x").out, b"x")
    for u in held:
        u.close()
    assert "service: " in s.ask()


@test
@mark("heavy")
def clients_that_vanish():
    """200 clients killed in the middle of a transfer: all is freed after the idle timeout"""
    b = Backend(echo)
    s = Service(service={"mode": "stream", "idle-timeout": "1s", "log-level": "warning"},
                stream={"backend": b.address}, wait=False)
    wait_for(lambda: quicc(s, data=b"x").rc == 0)
    data = pattern(1 << 20)

    def one():
        for _ in range(25):
            p = subprocess.Popen(quicc_cmd(s.port), stdin=subprocess.PIPE,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                p.stdin.write(data)
            except OSError:
                pass
            p.kill()
            p.wait()
            try:
                p.stdin.close()
            except OSError:
                pass

    together([one] * 8)
    wait_for(lambda: s.stat("connections") == 0, 15)
    eq(s.stat("stream_buffer_bytes"), 0)
    wait_for(lambda: not b.open, 5, "backend connections closed")
    assert s.fds() < 30
