# SPDX-License-Identifier: GPL-2.0-or-later
"""mode = http3 with curl: files, and the reverse proxy."""
import hashlib
import os
import socket
import subprocess

from nqtest import lab
from nqtest.curl import command
from nqtest.checks import eq, pattern
from nqtest.lab import sh
from nqtest.poll import PATIENCE, wait_for
from nqtest.ports import free_port
from nqtest.quicd import Service
from nqtest.suite import Skip, need, test
from nqtest.teller import Teller


class Answer:
    def __init__(self, r):
        self.rc = r.returncode
        self.err = r.stderr.decode(errors="replace")
        head, _, self.body = r.stdout.partition(b"\r\n\r\n")
        while head.startswith((b"HTTP/3 1", b"HTTP/3 103")):  # interim
            head, _, self.body = self.body.partition(b"\r\n\r\n")
        lines = head.decode(errors="replace").split("\r\n")
        self.status = int(lines[0].split()[1]) if lines[0].startswith("HTTP/3") else 0
        self.headers = {}
        for line in lines[1:]:
            k, _, v = line.partition(": ")
            self.headers[k.lower()] = v
        self.raw = r.stdout


def curl(s, path, *args, data=None, raw=False):
    if not hasattr(curl, "able"):
        need("curl")
        curl.able = b"HTTP3" in sh("curl", "-V").stdout
    if not curl.able:
        raise Skip("this curl speaks no HTTP/3")
    cmd = command("localhost", s.port, lab.TMP / "ca.pem", "--max-time", int(60 * PATIENCE))
    cmd += [] if raw else ["-i"]
    r = sh(*cmd, *args, "https://localhost:%d%s" % (s.port, path), input=data, timeout=90)
    return r if raw else Answer(r)


def files():
    root = lab.TMP / "www"
    if not root.exists():
        (root / "sub").mkdir(parents=True)
        (root / ".git").mkdir()
        (root / ".well-known").mkdir()
        (root / "empty").mkdir()
        (root / "index.html").write_text("<h1>hello</h1>\n")
        (root / "sub/index.html").write_text("sub\n")
        (root / ".git/config").write_text("secret\n")
        (root / ".well-known/x").write_text("known\n")
        (root / "digits.txt").write_text("0123456789")
        (root / "none.bin").write_bytes(b"")
        (root / "big.bin").write_bytes(pattern(100 << 20))
        (lab.TMP / "outside.txt").write_text("outside\n")
        os.symlink("../outside.txt", root / "escape.txt")
        os.symlink("/etc/passwd", root / "passwd.txt")
        os.symlink("../digits.txt", root / "sub/inside.txt")
        os.mkfifo(root / "fifo")
        (root / "private.txt").write_text("x")
        os.chmod(root / "private.txt", 0)
    return root


def http3(**keys):
    return Service(service={"mode": "http3", "alpn": "h3"}, http3=keys)


@test
def static_files():
    """files, index, media types, redirect of a directory, HEAD"""
    s = http3(root=files())
    a = curl(s, "/")
    eq((a.status, a.body), (200, b"<h1>hello</h1>\n"), a.err)
    eq(a.headers["content-type"], "text/html; charset=utf-8")
    eq(a.headers["content-length"], "15")
    for k in "etag", "last-modified", "date", "server":
        assert a.headers.get(k), k
    a = curl(s, "/sub?x=1")
    eq((a.status, a.headers["location"]), (301, "/sub/?x=1"))
    eq(curl(s, "/sub/").body, b"sub\n")
    eq(curl(s, "/sub/inside.txt").body, b"0123456789")
    eq(curl(s, "/.well-known/x").body, b"known\n")
    a = curl(s, "/none.bin")
    eq((a.status, a.headers["content-length"], a.body), (200, "0", b""))
    eq(a.headers["content-type"], "application/octet-stream")
    a = curl(s, "/digits.txt", "-I")
    eq((a.status, a.headers["content-length"], a.body), (200, "10", b""))
    a = curl(s, "/digits.txt", "-X", "DELETE")
    eq((a.status, a.headers["allow"]), (405, "GET, HEAD"))


@test
def static_no_escape():
    """nothing outside the root: dots, encodings, symbolic links, hidden files, FIFOs"""
    s = http3(root=files())
    for path in ("/../outside.txt", "/sub/../../outside.txt", "/%2e%2e/outside.txt",
                 "/..%2foutside.txt", "/sub/..%2f..%2foutside.txt", "/escape.txt", "/passwd.txt",
                 "/.git/config", "/%2egit/config", "//etc/passwd", "/index.html%00.txt",
                 "/nothing", "/index.html/x", "/%zz"):
        a = curl(s, path)
        eq(a.status, 404, path)
    eq(curl(s, "/fifo").status, 403)
    eq(curl(s, "/empty/").status, 403)
    eq(curl(s, "/index.html").status, 200)


@test
def static_conditional_and_ranges():
    """entity tags, dates, ranges, If-Range"""
    s = http3(root=files())
    a = curl(s, "/digits.txt")
    tag, date = a.headers["etag"], a.headers["last-modified"]
    a = curl(s, "/digits.txt", "-H", "If-None-Match: \"x\", " + tag)
    eq((a.status, a.body), (304, b""))
    eq(curl(s, "/digits.txt", "-H", "If-None-Match: \"x\"").status, 200)
    eq(curl(s, "/digits.txt", "-H", "If-Modified-Since: " + date).status, 304)
    eq(curl(s, "/digits.txt", "-H",
            "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT").status, 200)
    for r, status, body, cr in (("2-4", 206, b"234", "bytes 2-4/10"),
                                ("8-", 206, b"89", "bytes 8-9/10"),
                                ("-3", 206, b"789", "bytes 7-9/10"),
                                ("0-1,3-4", 200, b"0123456789", None),
                                ("x", 200, b"0123456789", None)):
        a = curl(s, "/digits.txt", "-H", "Range: bytes=" + r)
        eq((a.status, a.body, a.headers.get("content-range")), (status, body, cr), r)
    a = curl(s, "/digits.txt", "-H", "Range: bytes=10-")
    eq((a.status, a.headers["content-range"]), (416, "bytes */10"))
    a = curl(s, "/digits.txt", "-H", "Range: bytes=0-0", "-H", "If-Range: " + tag)
    eq((a.status, a.body), (206, b"0"))
    a = curl(s, "/digits.txt", "-H", "Range: bytes=0-0", "-H", 'If-Range: "old"')
    eq((a.status, a.body), (200, b"0123456789"))


@test
def static_100_mib():
    """100 MiB arrive whole, eight times an eighth of it at once; nothing stays in memory"""
    s = http3(root=files())
    data = (files() / "big.bin").read_bytes()
    r = curl(s, "/big.bin", raw=True)
    eq(hashlib.sha256(r.stdout).hexdigest(), hashlib.sha256(data).hexdigest())
    part = len(data) // 8
    want = hashlib.sha256(data[:part]).hexdigest()
    outs = [lab.TMP / ("big.%d" % i) for i in range(8)]
    args = []
    for o in outs[1:]:
        args += ["-o", o, "https://localhost:%d/big.bin" % s.port]
    r = curl(s, "/big.bin", "-r", "0-%d" % (part - 1), "--parallel", *args, "-o", outs[0], raw=True)
    eq(r.returncode, 0, r.stderr)
    for o in outs:
        eq(hashlib.sha256(o.read_bytes()).hexdigest(), want)
        o.unlink()
    wait_for(lambda: s.stat("connections") == 0)
    eq(s.stat("stream_buffer_bytes"), 0)


@test
def proxy_request_header():
    """the upstream sees method, path, Host, forwarded fields; not the client's own or hop-by-hop"""
    u = Teller()
    s = http3(backend=u.address)
    a = curl(s, "/a/b?c=d", "-b", "one=1; two=2", "-H", "X-Forwarded-For: 6.6.6.6", "-H",
             "X-Mine: yes", "-H", "TE: trailers", "-H", "Forwarded: for=6.6.6.6")
    eq(a.status, 200, a.err)
    text = a.body.decode()
    assert text.startswith("GET /a/b?c=d\n"), text
    for line in ("host: localhost:%d" % s.port, "x-mine: yes", "x-forwarded-for: 127.0.0.1",
                 "x-forwarded-proto: https", "x-forwarded-host: localhost:%d" % s.port,
                 "x-forwarded-alpn: h3", "cookie: one=1; two=2", "via: 3 quicd",
                 "forwarded: for=127.0.0.1;host=\"localhost:%d\";proto=https" % s.port):
        assert line + "\n" in text.lower(), (line, text)
    for word in ("6.6.6.6", "transfer-encoding"):
        assert word not in text.lower(), (word, text)
    a = curl(s, "/x", "-X", "PUT")
    assert "content-length: 0" in a.body.decode().lower(), a.body
    a = curl(s, "/x", "-I")
    eq((a.status, a.body), (200, b""))
    u.stop()


@test
def proxy_answers():
    """chunked bodies, trailers, interim and bodiless answers, split headers, until-close"""
    u = Teller()
    s = http3(backend=u.address)
    a = curl(s, "/chunked")
    eq(a.status, 200, a.err)
    assert a.body.startswith(b"hello world"), a.body
    assert b"x-sum: 42" in a.body, "trailer: %r" % a.body
    for k in "x-hop", "connection", "transfer-encoding", "keep-alive":
        assert k not in a.headers, k
    eq((curl(s, "/none").status, curl(s, "/none").body), (204, b""))
    a = curl(s, "/split")
    eq((a.status, a.body, a.headers["content-type"]), (200, b"ok", "a/b"))
    a = curl(s, "/hints")
    eq((a.status, a.body), (200, b"ok"))
    assert b"103" in a.raw
    eq(curl(s, "/eof").body, b"until the end")
    u.stop()


@test
def proxy_bodies():
    """100 MiB up with and without a length, and down, with matching checksums"""
    u = Teller()
    s = http3(backend=u.address)
    big = files() / "big.bin"
    want = hashlib.sha256(big.read_bytes()).hexdigest()
    a = curl(s, "/up", "-T", big)
    assert "%d %s" % (100 << 20, want) in a.body.decode(), a.err
    a = curl(s, "/up", "-T", "-", data=big.read_bytes())
    assert "%d %s" % (100 << 20, want) in a.body.decode(), a.err
    assert "transfer-encoding: chunked" in a.body.decode().lower()
    r = curl(s, "/big", raw=True)
    eq(len(r.stdout), 100 << 20)
    a = curl(s, "/p", "-d", "x=1", "-H", "Expect: 100-continue")
    eq(a.status, 200)
    wait_for(lambda: s.stat("connections") == 0)
    eq(s.stat("stream_buffer_bytes"), 0)
    u.stop()


@test
def proxy_keep_alive():
    """upstream connections are used again, and replaced when the upstream closed them"""
    u = Teller()
    s = http3(backend=u.address)
    for _ in range(10):
        eq(curl(s, "/").status, 200)
    eq(u.connections, 1)
    eq(curl(s, "/refuse", "-T", files() / "big.bin").status, 413)
    eq(curl(s, "/").status, 200)
    r = curl(s, "/n[1-40]", "--parallel", "-o", "/dev/null", "-w", "%{http_code} ", raw=True)
    eq(r.stdout.split(), [b"200"] * 40)
    u.stop()


@test
def proxy_failures():
    """upstream trouble: 502, 504, or a reset when the answer had begun"""
    u = Teller()
    s = http3(backend=u.address, **{"backend-timeout": "1s"})
    for path, status in (("/close", 502), ("/garbage", 502), ("/upgrade", 502), ("/slow", 504)):
        eq(curl(s, path).status, status, path)
    for path in "/cut", "/stall":
        a = curl(s, path)
        assert a.rc != 0, path
    eq(curl(s, "/").status, 200)
    u.stop()
    for where in "127.0.0.1:%d" % free_port(socket.SOCK_STREAM), "/nonexistent.sock":
        s = http3(backend=where)
        eq(curl(s, "/").status, 502)
        eq(curl(s, "/").status, 502)
        eq(s.log().count("warning: backend"), 1)


@test
def proxy_beside_files():
    """backend-path goes to the upstream, the rest to files"""
    u = Teller()
    s = http3(root=files(), backend=u.address, **{"backend-path": "/api/"})
    eq(curl(s, "/digits.txt").body, b"0123456789")
    assert curl(s, "/api/x").body.startswith(b"GET /api/x")
    eq(curl(s, "/apix").status, 404)
    u.stop()


@test
def http3_limits():
    """too many or too large header fields: 431 or refused; the connection's others go on"""
    s = http3(root=files())
    args = []
    for i in range(250):
        args += ["-H", "X-%d: y" % i]
    eq(curl(s, "/", *args).status, 431)
    a = curl(s, "/", "-H", "X-Big: " + "z" * 70000)
    assert a.status == 431 or a.rc != 0, a.status
    eq(curl(s, "/").status, 200)


@test
def http3_drain():
    """SIGTERM: a transfer in progress is finished, then the process ends"""
    s = http3(root=files())
    curl(s, "/")
    p = subprocess.Popen(command("localhost", s.port, lab.TMP / "ca.pem", "--limit-rate", "40M", "-o",
                                 lab.TMP / "drain.bin", "https://localhost:%d/big.bin" % s.port))
    wait_for(lambda: s.stat("streams") > 0)
    eq(s.stop(), 0)
    eq(p.wait(30 * PATIENCE), 0)
    eq((lab.TMP / "drain.bin").stat().st_size, 100 << 20)


@test
def http3_with_aioquic():
    """an independent HTTP/3 client gets files"""
    try:
        import asyncio
        import ssl
        from aioquic.asyncio.client import connect
        from aioquic.asyncio.protocol import QuicConnectionProtocol
        from aioquic.h3.connection import H3Connection
        from aioquic.h3.events import DataReceived, HeadersReceived
        from aioquic.quic.configuration import QuicConfiguration
    except ImportError:
        raise Skip("python3-aioquic is not installed")
    s = http3(root=files())
    got = {}

    class Client(QuicConnectionProtocol):
        def __init__(self, *args, **kw):
            super().__init__(*args, **kw)
            self.http = H3Connection(self._quic)

        def quic_event_received(self, event):
            for e in self.http.handle_event(event):
                x = got.setdefault(e.stream_id, {"body": b"", "end": False})
                if isinstance(e, HeadersReceived):
                    x["headers"] = dict(e.headers)
                if isinstance(e, DataReceived):
                    x["body"] += e.data
                x["end"] |= e.stream_ended

    async def go():
        config = QuicConfiguration(alpn_protocols=["h3"], is_client=True, server_name="localhost",
                                   verify_mode=ssl.CERT_NONE)
        async with connect("127.0.0.1", s.port, configuration=config,
                           create_protocol=Client) as c:
            for i in range(20):
                sid = c._quic.get_next_available_stream_id()
                c.http.send_headers(sid, [(b":method", b"GET"), (b":scheme", b"https"),
                                          (b":authority", b"localhost"),
                                          (b":path", b"/digits.txt")], end_stream=True)
            c.transmit()
            while len(got) < 20 or not all(x["end"] for x in got.values()):
                await asyncio.sleep(0.02)
            c._quic.request_key_update()
            sid = c._quic.get_next_available_stream_id()
            c.http.send_headers(sid, [(b":method", b"GET"), (b":scheme", b"https"),
                                      (b":authority", b"localhost"), (b":path", b"/")],
                                end_stream=True)
            c.transmit()
            while sid not in got or not got[sid]["end"]:
                await asyncio.sleep(0.02)

    asyncio.run(asyncio.wait_for(go(), 20 * PATIENCE))
    eq(len(got), 21)
    eq(sum(x["body"] == b"0123456789" for x in got.values()), 20)
