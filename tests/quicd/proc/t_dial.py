# SPDX-License-Identifier: GPL-2.0-or-later
"""Backends that are slow to accept: a full backlog is waited for, a silent address passed by."""
import contextlib
import socket
import threading
import time

from nqtest import lab
from nqtest.checks import eq
from nqtest.lab import sh
from nqtest.ports import free_port
from nqtest.quicc import quicc
from nqtest.quicd import Service
from nqtest.suite import need, test


def listener(family, address, backlog, kind=socket.SOCK_STREAM):
    s = socket.socket(family, kind)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind(address)
    s.listen(backlog)
    return s


def serve(listening, answer, pause=0):
    """Takes a connection every @pause seconds."""
    def run():
        while True:
            time.sleep(pause)
            try:
                s, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(s,), daemon=True).start()

    threading.Thread(target=run, daemon=True).start()


def echo(s):
    with s, contextlib.suppress(OSError):
        while True:
            data = s.recv(65536)
            if not data:
                return
            s.sendall(data)


def http(s):
    with s, contextlib.suppress(OSError):
        s.recv(65536)
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


def silent_then_answering(answer):
    """A port where ::1 takes no connection any more and 127.0.0.1 serves."""
    port = free_port(socket.SOCK_STREAM)
    silent = listener(socket.AF_INET6, ("::1", port), 0)
    held = []
    for _ in range(3):
        held.append(socket.socket(socket.AF_INET6))
        held[-1].setblocking(False)
        held[-1].connect_ex(("::1", port))
    good = listener(socket.AF_INET, ("127.0.0.1", port), 16)
    serve(good, answer)
    return "localhost:%d" % port, [silent, good, *held]


def close(socks):
    for s in socks:
        s.close()


def curl(s, *args):
    return sh("curl", "-sS", "--http3-only", "--cacert", lab.TMP / "ca.pem", "--resolve",
                "localhost:%d:127.0.0.1" % s.port, "-w", "%{http_code}", "https://localhost:%d/" % s.port,
                *args, timeout=30).stdout


@test
def unix_backlog_is_full():
    """a Unix backend that accepts slowly: no stream is reset, they wait for their turn"""
    path = str(lab.TMP / "backlog.sock")
    slow = listener(socket.AF_UNIX, path, 1)
    serve(slow, echo, 0.03)
    s = Service(service={"mode": "stream"}, stream={"backend": path})
    r = quicc(s, "--streams", "20", "-v", data=b"hello")
    eq((r.rc, r.out, r.err.count(": 5 bytes received")), (0, b"hello", 20), r.err)
    eq(s.stat("backend_failures"), 0)
    close([slow])


@test
def unix_backlog_stays_full():
    """one that never accepts: reset with 0x51430002 after connect-timeout"""
    path = str(lab.TMP / "full.sock")
    full = listener(socket.AF_UNIX, path, 0)
    s = Service(service={"mode": "stream"}, stream={"backend": path, "connect-timeout": "1s"})
    first = socket.socket(socket.AF_UNIX)
    first.connect(path)
    begin = time.monotonic()
    r = quicc(s, data=b"x")
    eq(r.rc, 5, r.err)
    assert "0x51430002" in r.err and time.monotonic() - begin > 0.9, r.err
    close([full, first])


@test
def silent_address():
    """the first address takes the connection-timeout, the second the stream"""
    backend, socks = silent_then_answering(echo)
    s = Service(service={"mode": "stream"}, stream={"backend": backend, "connect-timeout": "500ms"})
    r = quicc(s, data=b"hello")
    eq((r.rc, r.out), (0, b"hello"), r.err)
    close(socks)


@test
def http3_backlog_and_silent_address():
    """the reverse proxy does the same"""
    need("curl")
    path = str(lab.TMP / "http.sock")
    slow = listener(socket.AF_UNIX, path, 0)
    first = socket.socket(socket.AF_UNIX)
    first.connect(path)
    s = Service(service={"mode": "http3", "alpn": "h3"}, http3={"backend": path, "connect-timeout": "5s"})
    serve(slow, http, 0.5)
    eq(curl(s), b"ok200")
    backend, socks = silent_then_answering(http)
    s = Service(service={"mode": "http3", "alpn": "h3"}, http3={"backend": backend, "connect-timeout": "500ms"})
    eq(curl(s), b"ok200")
    close([slow, first, *socks])


@test
def handoff_backlog_is_full():
    """a service that has not accepted yet gets its streams when it does"""
    path = str(lab.TMP / "handoff.sock")
    slow = listener(socket.AF_UNIX, path, 0, socket.SOCK_SEQPACKET)
    first = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    first.connect(path)
    s = Service(service={"mode": "handoff"}, handoff={"socket": path})

    def streams(c):
        with c:
            while True:
                _, fds, _, _ = socket.recv_fds(c, 2048, 1)
                if not fds:
                    return
                threading.Thread(target=echo, args=(socket.socket(fileno=fds[0]),), daemon=True).start()

    serve(slow, streams, 0.5)
    r = quicc(s, "--streams", "5", "-v", data=b"hello")
    eq((r.rc, r.out, r.err.count(": 5 bytes received")), (0, b"hello", 5), r.err)
    close([slow, first])


@test
def http3_without_descriptors():
    """requests for which there is no descriptor get 503, later ones are served"""
    need("curl")
    slow = listener(socket.AF_INET, ("127.0.0.1", 0), 64)
    serve(slow, lambda s: (time.sleep(1), http(s)))
    s = Service(start=False, service={"mode": "http3", "alpn": "h3"},
                http3={"backend": "127.0.0.1:%d" % slow.getsockname()[1]})
    s.start_with("ulimit -n 20")
    urls = ["https://localhost:%d/" % s.port] * 30
    r = sh("curl", "-sS", "-Z", "--parallel-max", "40", "--http3-only", "--cacert", lab.TMP / "ca.pem", "--resolve",
             "localhost:%d:127.0.0.1" % s.port, "-w", "%{http_code} ", *sum((["-o", "/dev/null", u] for u in urls), []),
             timeout=30)
    codes = r.stdout.decode().split()
    eq((len(codes), set(codes)), (30, {"200", "503"}), r.stderr)
    eq(curl(s), b"ok200")
    close([slow])
