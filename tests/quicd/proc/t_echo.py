# SPDX-License-Identifier: GPL-2.0-or-later
"""Versions, streams, and quicc's exit statuses, with mode echo."""
import contextlib
import os
import socket
import threading

from nqtest import lab
from nqtest.checks import eq, pattern
from nqtest.lab import sh
from nqtest.poll import wait_for
from nqtest.ports import free_port
from nqtest.quicc import quicc, spawn_quicc
from nqtest.quicd import Service
from nqtest.suite import mark, test


@test
def echo_one_stream():
    """a stream comes back, with empty, small and large content"""
    s = Service()
    for data in (b"", b"hello\n", pattern(30 << 20)):
        r = quicc(s, data=data)
        eq(r.rc, 0, r.err)
        assert r.out == data
    wait_for(lambda: s.stat("connections") == 0)
    eq(s.stat("stream_buffer_bytes"), 0)


@test
@mark("moves")
def echo_many_streams():
    """300 streams on a connection that allows 100 at a time"""
    s = Service(service={"max-streams": "100"})
    r = quicc(s, "--streams", "300", "-v", data=b"abc" * 1000)
    eq(r.rc, 0, r.err)
    eq(r.err.count(": 3000 bytes received"), 300)
    eq(s.stat("streams_opened"), 300)
    eq(s.stat("streams"), 0)


@test
def versions():
    """v1 and v2; --version is kept to, else the server's preference decides"""
    s = Service()
    for v in "1", "2":
        r = quicc(s, "-v", "--version", v, data=b"x")
        eq(r.rc, 0, r.err)
        assert "QUIC: version " + v in r.err
    assert "QUIC: version 1" in quicc(s, "-v", data=b"x").err
    s = Service(transport={"versions": "v2, v1"})
    assert "QUIC: version 2" in quicc(s, "-v", data=b"x").err
    assert "QUIC: version 1" in quicc(s, "-v", "--version", "1", data=b"x").err
    s = Service(transport={"versions": "v1"})
    r = quicc(s, "--version", "2", data=b"x")
    eq(r.rc, 2)
    assert "none of our versions" in r.err
    assert s.stat("version_negotiations") >= 1


@test
def version_negotiation_packet():
    """an unknown version is answered with ours, but only if the datagram is long enough"""
    s = Service()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
        u.settimeout(0.3)
        dcid, scid = os.urandom(8), os.urandom(5)
        head = b"\xc0\x0a\x1a\x2a\x3a\x08" + dcid + b"\x05" + scid
        u.sendto(head.ljust(1199, b"\0"), ("127.0.0.1", s.port))
        try:
            raise AssertionError("answered: %r" % u.recv(2000))
        except TimeoutError:
            pass
        u.settimeout(5)
        u.sendto(head.ljust(1200, b"\0"), ("127.0.0.1", s.port))
        a = u.recv(2000)
        assert a[0] & 0x80 and a[1:5] == bytes(4), a
        eq(a[5:5 + 1 + 5 + 1 + 8], b"\x05" + scid + b"\x08" + dcid)
        versions = [a[i:i + 4] for i in range(20, len(a), 4)]
        assert bytes.fromhex("00000001") in versions and bytes.fromhex("6b3343cf") in versions
        seen = set()
        for n in range(64):
            asked = versions[0] if n % 2 else b"\x1a\x2a\x3a\x4a"
            u.sendto((b"\xc0" + asked + head[5:]).ljust(1200, b"\0"), ("127.0.0.1", s.port))
            a = u.recv(2000)
            versions = [a[i:i + 4] for i in range(20, len(a), 4)]
            # RFC 9000 6.2: a client drops the packet that has its own version.
            assert asked not in versions, a
            assert all(b & 15 == 10 for b in versions[0]), a
            seen.add(versions[0])
        assert len(seen) > 32, seen


@test
def exit_status_of_handshake():
    """quicc: 2 without a server and when refused, 4 without an answer, 1 for its own errors"""
    eq(quicc(free_port()).rc, 2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
        u.bind(("127.0.0.1", 0))
        r = quicc(u.getsockname()[1], "--timeout", "1")
        eq(r.rc, 4, r.err)
    eq(quicc(1, "--nonsense").rc, 1)
    eq(sh(lab.BIN / "quicc", "no-port").returncode, 1)
    eq(sh(lab.BIN / "quicc", "name.invalid:443").returncode, 1)
    s = Service(service={"max-connections": "1"})
    p = spawn_quicc(s)
    wait_for(lambda: s.stat("handshakes_completed") == 1)
    r = quicc(s, data=b"x")
    eq(r.rc, 2, r.err)
    eq(s.stat("connections_refused"), 1)
    p.communicate(b"done")
    eq(p.returncode, 0)


@test
def server_of_version_2_alone():
    """a server that does not speak v1: quicc begins again with v2, unless told which to speak"""
    s = Service(transport={"versions": "v2"})
    data = pattern(1 << 20)
    r = quicc(s, "-v", data=data)
    eq((r.rc, r.out == data), (0, True), r.err)
    assert "version 2" in r.err, r.err
    r = quicc(s, "--version", "1", data=b"x")
    eq((r.rc, "none of our versions" in r.err), (2, True), r.err)


@test
def idle_timeout():
    """a silent connection ends after idle-timeout, and the client says timeout"""
    s = Service(service={"idle-timeout": "1s"})
    p = spawn_quicc(s)
    wait_for(lambda: s.stat("connections") == 1)
    wait_for(lambda: s.stat("connections_idle_timeout") == 1, 10)
    p.wait(10)
    eq(p.returncode, 4)
    p.stdin.close()


@test
def keep_alive():
    """keep-alive holds a silent connection beyond idle-timeout"""
    s = Service(service={"idle-timeout": "1s", "keep-alive": "300ms"})
    p = spawn_quicc(s)
    done = threading.Event()
    done.wait(2.5)
    out, err = p.communicate(b"still here")
    eq((p.returncode, out), (0, b"still here"), err)


@test
def retry_always():
    """with retry-threshold = always each client proves its address; a token spares the next"""
    s = Service(service={"retry-threshold": "always"})
    eq(quicc(s, data=b"x").out, b"x")
    eq(s.stat("retries"), 1)
    eq(s.stat("handshakes_completed"), 1)


@test
@mark("moves")
def stateless_reset_survives_restart():
    """after a crash the new process resets old connections, by the secret file"""
    secret = lab.TMP / "reset.secret"
    s = Service(service={"secret-file": secret})
    p = spawn_quicc(s)
    p.stdin.write(b"a")
    p.stdin.flush()
    wait_for(lambda: s.stat("streams") == 1)
    eq(oct(secret.stat().st_mode & 0o777), "0o600")
    s.kill()
    s.logfile.unlink()
    s.start()
    with contextlib.suppress(BrokenPipeError):  # a probe of its own may have told quicc already
        p.stdin.write(b"b")
        p.stdin.flush()
    eq(p.wait(10), 5)
    assert b"stateless reset" in p.stderr.read()
    assert s.stat("stateless_resets") >= 1
    with contextlib.suppress(BrokenPipeError):
        p.stdin.close()


@test
def server_id_in_connection_ids():
    """connection IDs carry rotation bits, length and server ID (QUIC-LB)"""
    s = Service(service={"server-id": "c0ffee", "server-id-rotation": "3"})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as front, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as back:
        front.bind(("127.0.0.1", 0))
        back.connect(("127.0.0.1", s.port))
        p = spawn_quicc(front.getsockname()[1])
        data, _ = front.recvfrom(65536)
        back.send(data)
        back.settimeout(5)
        answer = back.recv(65536)
        p.kill()
        p.wait()
        dlen = answer[5]
        scid = answer[7 + dlen:7 + dlen + answer[6 + dlen]]
        eq(scid[0], 3 << 5 | (len(scid) - 1))
        eq(scid[1:4].hex(), "c0ffee")
        eq(len(scid), 14)
