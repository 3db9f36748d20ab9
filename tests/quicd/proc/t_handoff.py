# SPDX-License-Identifier: GPL-2.0-or-later
"""mode = handoff with the example service."""
import subprocess

from nqtest import lab
from nqtest.checks import eq, pattern
from nqtest.lab import sh
from nqtest.poll import wait_for
from nqtest.quicc import quicc
from nqtest.quicd import Service
from nqtest.suite import mark, need, test


def build():
    need("cc")
    exe = lab.TMP / "whocalls"
    if not exe.exists():
        r = sh("cc", "-Wall", "-Wextra", "-Werror", "-I", lab.TOP / "include", "-o", exe,
                 lab.TOP / "examples/handoff/whocalls.c")
        assert r.returncode == 0, r.stderr.decode()
    return exe


class Who:
    def __init__(self, sock):
        self.out = open(lab.TMP / "who.out", "w+b")
        self.p = subprocess.Popen([str(build()), str(sock)], stdout=self.out)
        wait_for(sock.exists, what="socket of the service")

    def said(self):
        return (lab.TMP / "who.out").read_text()

    def stop(self):
        self.p.kill()
        self.p.wait()
        self.out.close()


@test
@mark("moves")
def handoff_tells_who_called():
    """the service learns ALPN, SNI, address and stream, and serves plain sockets"""
    sock = lab.TMP / "who1.sock"
    w = Who(sock)
    try:
        s = Service(service={"mode": "handoff", "alpn": "*", "workers": "2"},
                    handoff={"socket": sock})
        r = quicc(s, "--streams", "2", data=b"hi there", alpn="foo/2")
        eq(r.rc, 0, r.err)
        eq(r.out, b"hello localhost, you said:\nhi there")
        said = wait_for(lambda: w.said() if w.said().count("\n") == 2 else None)
        assert "127.0.0.1 port" in said and "alpn foo/2, sni localhost" in said, said
        assert "stream 0" in said and "stream 4" in said, said
        data = pattern(20 << 20)
        r = quicc(s, data=data, alpn="big")
        assert r.out == b"hello localhost, you said:\n" + data
    finally:
        w.stop()


@test
@mark("moves")
def handoff_service_restarts():
    """the service restarts without quicd: resets while it is away, then as before"""
    sock = lab.TMP / "who2.sock"
    w = Who(sock)
    try:
        s = Service(service={"mode": "handoff"}, handoff={"socket": sock})
        eq(quicc(s, data=b"1").rc, 0)
        w.stop()
        r = quicc(s, data=b"2")
        eq(r.rc, 5)
        assert "0x51430001" in r.err
        sock.unlink()
        w = Who(sock)
        eq(quicc(s, data=b"3").rc, 0)
        eq(s.log().count("warning: backend"), 1)
    finally:
        w.stop()


@test
def handoff_example_is_short():
    """the example has under 100 lines"""
    assert len((lab.TOP / "examples/handoff/whocalls.c").read_text().splitlines()) < 100
