# SPDX-License-Identifier: GPL-2.0-or-later
"""Several backends: in order, in turn, put aside when they fail."""
import re
import socket

from nqtest import lab
from nqtest.backends import Backend
from nqtest.checks import eq
from nqtest.curl import command
from nqtest.lab import sh
from nqtest.poll import wait_for
from nqtest.ports import free_port
from nqtest.quicc import quicc
from nqtest.quicd import Service
from nqtest.suite import test
from nqtest.teller import Teller


def says(text, port=0):
    """A backend that answers with this text."""
    def serve(s, _):
        while s.recv(65536):
            pass
        s.sendall(text)
    return Backend(serve, port=port)


def several(mode, *addresses, service=None, **keys):
    return Service(service={"mode": mode, "alpn": "h3" if mode == "http3" else "echo", **(service or {})},
                   **{mode: [("backend", a) for a in addresses] + [(k.replace("_", "-"), v) for k, v in keys.items()]})


@test
def backends_in_order():
    """the first has all streams; one that is gone is put aside after three; it is the last resort then"""
    a, b = says(b"a"), says(b"b")
    s = several("stream", a.address, b.address)
    eq([quicc(s, data=b"x").out for _ in range(3)], [b"a"] * 3)
    a.close()
    eq([quicc(s, data=b"x").out for _ in range(5)], [b"b"] * 5)
    eq(s.stat("backend_failures"), 3)
    eq(len(re.findall("warning: backend %s: Connection refused; put aside for 10 s" % a.address, s.log())), 1)
    b.close()
    a = says(b"a", a.port)
    eq(quicc(s, data=b"x").out, b"a")
    assert "backend %s answers again" % a.address in s.log()
    a.close()
    eq(quicc(s, data=b"x").rc, 5)
    eq(len(re.findall("warning: none of 2 backends answers", s.log())), 1)


@test
def backends_that_are_silent():
    """connect-timeout leads to the next backend"""
    full = lab.TMP / "backends-full.sock"
    silent = socket.socket(socket.AF_UNIX)
    silent.bind(str(full))
    silent.listen(0)
    waiting = [socket.socket(socket.AF_UNIX) for _ in range(3)]
    for w in waiting:
        w.setblocking(False)
        w.connect_ex(str(full))
    b = says(b"b")
    s = several("stream", full, b.address, connect_timeout="300ms")
    eq(quicc(s, data=b"x").out, b"b")
    u = Teller()
    h = several("http3", full, u.address, connect_timeout="300ms")
    r = sh(*command("localhost", h.port, lab.TMP / "ca.pem", "https://localhost:%d/x" % h.port))
    assert r.stdout.startswith(b"GET /x"), (r, h.log())
    for w in waiting:
        w.close()
    u.stop()
    b.close()


@test
def backends_in_turn():
    """round-robin over all workers; kept connections belong to their backend; another when one dies"""
    up = [Teller(), Teller()]
    s = several("http3", *[u.address for u in up], balance="round-robin", service={"workers": "2"})

    def get(n):
        for _ in range(n):
            r = sh(*command("localhost", s.port, lab.TMP / "ca.pem", *["https://localhost:%d/" % s.port] * 2, "-w", "%{http_code} "))
            eq(r.stdout.count(b"200 "), 2, r.stderr)

    dead = "127.0.0.1:%d" % free_port(socket.SOCK_STREAM)
    get(6)
    before = [u.connections for u in up]
    assert all(1 <= n <= 2 for n in before), before  # of each worker at most one
    t = several("http3", dead, *[u.address for u in up], balance="round-robin")
    for _ in range(9):
        r = sh(*command("localhost", t.port, lab.TMP / "ca.pem", "https://localhost:%d/" % t.port, "-w", "%{http_code} "))
        assert b"200 " in r.stdout, r.stderr
    wait_for(lambda: t.stat("backend_failures") == 3)
    for u in up:
        u.stop()


@test
def backends_mistakes():
    """bad values are told with file and line"""
    for mode in "stream", "http3":
        for keys, line, text in (([("backend", "127.0.0.1:1"), ("backend", "127.0.0.1:x")], 2, "127.0.0.1:x"),
                                 ([("backend", "127.0.0.1:1"), ("backend", "127.0.0.1:1")], 2, "was given before, in line"),
                                 ([("backend", "127.0.0.1:1"), ("balance", "order")], 2, "balance needs more than one backend"),
                                 ([("backend", "127.0.0.1:1"), ("backend", "127.0.0.1:2"), ("balance", "random")], 3, "not one of order round-robin"),
                                 ([("backend", "127.0.0.1:%d" % n) for n in range(1, 18)], 17, "more than 16 backends")):
            s = Service(start=False, service={"mode": mode, "alpn": "h3"}, **{mode: keys})
            first = s.conf.read_text().split("\n").index("[%s]" % mode) + 1
            r = sh(lab.BIN / "quicd", "-c", s.conf, "--check-config")
            assert r.returncode == 1 and ("%s:%d: " % (s.conf, first + line)).encode() in r.stderr and text.encode() in r.stderr, (keys, r)
