# SPDX-License-Identifier: GPL-2.0-or-later
"""The access log: formats, places, reopening, sampling, what clients try to write into it."""
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import threading

from nqtest import lab
from nqtest.backends import Backend, echo
from nqtest.checks import eq
from nqtest.curl import command
from nqtest.lab import sh
from nqtest.poll import wait_for
from nqtest.ports import free_port
from nqtest.quicc import quicc
from nqtest.quicd import Service
from nqtest.suite import Skip, test

COMBINED = re.compile(r'(\S+) - (\S+) \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] "([^"]*)" (\w+) (\d+) "([^"]*)" "([^"]*)"')


def web(log, **access):
    root = lab.TMP / "access-www"
    root.mkdir(exist_ok=True)
    (root / "ten").write_text("0123456789")
    return Service(service={"mode": "http3", "alpn": "h3"}, http3={"root": root}, access={"log": log, **access})


def get(s, *paths, args=()):
    urls = ["https://localhost:%d%s" % (s.port, p) for p in paths]
    r = sh(*command("localhost", s.port, lab.TMP / "ca.pem", "-g", *args, *urls))
    eq(r.returncode, 0, r.stderr)


def lines_of(path, n):
    wait_for(lambda: path.exists() and path.read_bytes().count(b"\n") >= n, what="%d lines" % n)
    return path.read_bytes().decode("ascii").splitlines()


@test
def access_combined():
    """one line a request; hostile octets are escaped; sent bytes are the body's"""
    log = lab.TMP / "combined.log"
    s = web(log)
    get(s, "/ten", "/none?x\"y", args=["-A", "a\"b\\c\t\xff", "-e", "http://r/"])
    lines = lines_of(log, 2)
    eq(len(lines), 2)
    eq([COMBINED.fullmatch(x).groups() for x in lines],
       [("127.0.0.1", "-", "GET /ten HTTP/3", "200", "10", "http://r/", r"a\x22b\x5cc\x09\xc3\xbf"),
        ("127.0.0.1", "-", r"GET /none?x\x22y HTTP/3", "404", "14", "http://r/", r"a\x22b\x5cc\x09\xc3\xbf")])
    eq(oct(log.stat().st_mode & 0o777), "0o640")


@test
def access_json():
    """fields in the order asked for; the values of a request"""
    log = lab.TMP / "json.log"
    s = web(log, format="json", fields="status, path method sent received host end alpn sni early stream duration agent")
    get(s, "/ten", args=["-A", "\"}\n"[:2], "--data-binary", "123", "-X", "GET"])
    entry = json.loads(lines_of(log, 1)[0])
    eq(list(entry), "status path method sent received host end alpn sni early stream duration agent".split())
    assert 0 < entry.pop("duration") < 20
    eq(entry, {"status": 200, "path": "/ten", "method": "GET", "sent": 10, "received": 3, "host": "localhost:%d" % s.port,
               "end": "ok", "alpn": "h3", "sni": "localhost", "early": False, "stream": 0, "agent": "\"}"})


@test
def access_streams():
    """mode stream: a line each, with bytes and backend; addresses shortened; a reset has its code"""
    log = lab.TMP / "stream.log"
    b = Backend(echo)
    s = Service(service={"mode": "stream"}, stream={"backend": b.address}, access={"log": log, "format": "json", "addresses": "short"})
    eq(quicc(s, data=b"12345").out, b"12345")
    e = json.loads(lines_of(log, 1)[0])
    eq((e["client"], e["sni"], e["alpn"], e["end"], e["code"], e["sent"], e["received"], e["backend"]),
       ("127.0.0.0", "localhost", "echo", "ok", 0, 5, 5, b.address))
    s = Service(service={"mode": "stream"}, stream={"backend": "127.0.0.1:%d" % free_port(socket.SOCK_STREAM)},
                access={"log": lab.TMP / "reset.log"})
    eq(quicc(s, data=b"x").rc, 5)
    line = lines_of(lab.TMP / "reset.log", 1)[0]
    eq(COMBINED.fullmatch(line).groups()[2:5], ("STREAM localhost echo", "reset", "0"))
    b.close()


@test
def access_reopened():
    """SIGHUP: the file is opened again under its name, no line is lost; one of a request that ends meanwhile is in either"""
    log, old = lab.TMP / "turn.log", lab.TMP / "turn.log.1"
    s = web(log)
    get(s, "/ten?1")
    lines_of(log, 1)
    os.rename(log, old)
    get(s, "/ten?2")
    s.signal(signal.SIGHUP)
    wait_for(log.exists)
    get(s, "/ten?3")
    s.stop()
    before, after = lines_of(old, 1), lines_of(log, 1)
    eq(["?%d" % (i + 1) in x for i, x in enumerate(before + after)], [True] * 3)
    assert len(after) in (1, 2), after


@test
def access_link():
    """root does not follow a link that the account of the service may have made"""
    if os.geteuid():
        raise Skip("not root")
    log, target = lab.TMP / "link.log", lab.TMP / "target.log"
    target.write_text("")
    log.symlink_to(target)
    s = web(log)
    get(s, "/ten")
    lines_of(target, 1)
    s = Service(start=False, service={"mode": "http3", "alpn": "h3", "user": "nobody"}, http3={"root": lab.TMP}, access={"log": log})
    r = sh(lab.BIN / "quicd", "-c", s.conf, timeout=20)
    assert r.returncode == 1 and b"log = %s: Too many levels of symbolic links" % bytes(log) in r.stderr, r


@test
def access_sampled():
    """one of N, and every error of the server"""
    log = lab.TMP / "sample.log"
    s = Service(service={"mode": "http3", "alpn": "h3"}, http3={"root": lab.TMP, "backend": "/nothing.sock", "backend-path": "/b/"},
                access={"log": log, "sample": "10"})
    get(s, *["/none"] * 20, "/b/1", "/b/2")
    s.stop()
    lines = lines_of(log, 4)
    eq([len(lines), sum('" 502 ' in x for x in lines)], [4, 2])
    # An answer that breaks off is an error, too, whatever its status.
    with socket.create_server(("127.0.0.1", 0)) as backend:
        log = lab.TMP / "sample-reset.log"
        s = Service(service={"mode": "http3", "alpn": "h3"}, http3={"backend": "127.0.0.1:%d" % backend.getsockname()[1]},
                    access={"log": log, "sample": "1000", "format": "json", "fields": "status end"})

        def answer():
            for _ in range(3):
                with backend.accept()[0] as c:
                    c.recv(9999)
                    c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut")
        t = threading.Thread(target=answer)
        t.start()
        for _ in range(3):
            sh(*command("localhost", s.port, lab.TMP / "ca.pem", "https://localhost:%d/" % s.port))
        t.join()
        s.stop()
        eq([json.loads(x) for x in lines_of(log, 3)], [{"status": 200, "end": "reset"}] * 3)


@test
def access_cannot_be_written():
    """a full disk or a daemon that is gone is told once, and its end, too"""
    s = web("/dev/full")
    for _ in range(2):
        before = s.stat("access_log_lines_lost")
        get(s, "/ten")
        wait_for(lambda: s.stat("access_log_lines_lost") > before)
    eq(s.log().count("warning: access log /dev/full: lines are lost: No space left on device"), 1, s.log())
    s.stop()
    path = lab.TMP / "gone.sock"
    s = web("syslog:%s" % path)
    get(s, "/ten")
    wait_for(lambda: "warning: access log syslog:%s: lines are lost: No such file or directory" % path in s.log())
    u = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    u.bind(str(path))
    get(s, "/ten")
    wait_for(lambda: "access log syslog:%s: lines are written again" % path in s.log())
    s.stop()
    u.close()


@test
def access_syslog_and_journal():
    """a datagram a line to syslog, also to one that was restarted; the journal's fields"""
    path = lab.TMP / "syslog.sock"

    def listen(path):
        u = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        u.bind(str(path))
        u.settimeout(20)
        return u

    u = listen(path)
    s = web("syslog:%s" % path)
    eq(sh(lab.BIN / "quicd", "-c", s.conf, "--check-config").returncode, 0)
    get(s, "/ten?1")
    m = re.fullmatch(r"<30>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d quicd\[(\d+)\]: (.*)", u.recv(9999).decode())
    eq(m.group(1), str(s.proc.pid))
    assert "/ten?1 " in m.group(2) and COMBINED.fullmatch(m.group(2)), m.group(2)
    u.close()
    os.unlink(path)
    u = listen(path)
    get(s, "/ten?2")
    assert b"/ten?2 " in u.recv(9999)
    journal = "/run/systemd/journal"
    if os.path.exists(journal + "/socket"):
        return
    try:
        os.makedirs(journal, exist_ok=True)
    except OSError:
        return
    u = listen(journal + "/socket")
    s = web("journal")
    get(s, "/ten?3")
    text = u.recv(99999)
    for word in b"PRIORITY=6", b"SYSLOG_IDENTIFIER=quicd", b"QUICD_SERVICE=" + s.name.encode(), b"/ten?3 ":
        assert word in text, (word, text)
    u.close()
    os.unlink(journal + "/socket")


@test
def access_syslog_hangs():
    """a daemon that does not read costs lines, which are counted, and holds up neither requests nor the end"""
    journal = "/run/systemd/journal"
    daemons = [("syslog:%s" % (lab.TMP / "hung.sock"), lab.TMP / "hung.sock")]
    with contextlib.suppress(OSError):
        if not os.path.exists(journal + "/socket"):
            os.makedirs(journal, exist_ok=True)
            daemons.append(("journal", journal + "/socket"))
    for log, path in daemons:
        u = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        u.bind(str(path))
        s = web(log)
        # It keeps net.unix.max_dgram_qlen of them, and one.
        n = int(open("/proc/sys/net/unix/max_dgram_qlen").read()) + 21
        get(s, *["/ten"] * n)
        wait_for(lambda: s.stat("access_log_lines_lost") >= 20, 20)
        get(s, *["/ten"] * n)
        eq(s.stop(20), 0)
        u.close()
        os.unlink(path)


@test
def access_never_blocks():
    """a reader that stalls costs lines, which are counted, not requests"""
    fifo = lab.TMP / "stalled.log"
    os.mkfifo(fifo)
    fd = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    s = web(fifo, format="json")
    for _ in range(4):
        get(s, *["/ten?%s" % ("x" * 1000)] * 40)
    wait_for(lambda: s.stat("access_log_lines_lost") > 0)
    got = bytearray()

    def drain():
        try:
            while True:
                got.extend(os.read(fd, 65536))
        except BlockingIOError:
            return b"/last" in got
    drain()
    get(s, "/last")
    wait_for(drain)
    # A line that was cut off has no other one behind it.
    eq([x for x in bytes(got).splitlines() if x.count(b'{"') != 1], [])
    eq(json.loads(bytes(got).splitlines()[-1])["path"], "/last")
    os.close(fd)


@test
def access_mistakes():
    """bad values are told with file and line"""
    for keys, line, text in (
            ({"log": "here"}, 1, "log = here: no absolute path"), ({"log": "syslog:x"}, 1, "log = syslog:x: no absolute path"),
            ({"format": "json"}, 1, "format needs a log"), ({"log": "/tmp/x", "format": "xml"}, 2, "not one of combined json"),
            ({"log": "/tmp/x", "format": "json", "fields": "time size"}, 3, "no field is named size"),
            ({"log": "/tmp/x", "format": "json", "fields": "time, time"}, 3, "time stands there twice"),
            ({"log": "/tmp/x", "fields": "time"}, 2, "fields needs format = json"),
            ({"log": "/tmp/x", "sample": "0"}, 2, "out of range"), ({"log": "/tmp/x", "addresses": "none"}, 2, "not one of full short"),
            ({"log": "/nowhere/x"}, 1, "log = /nowhere/x: /nowhere: No such file")):
        s = Service(start=False, service={"mode": "http3", "alpn": "h3"}, http3={"root": lab.TMP}, access=keys)
        first = s.conf.read_text().split("\n").index("[access]") + 1
        r = subprocess.run([lab.BIN / "quicd", "-c", s.conf, "--check-config"], capture_output=True, text=True)
        assert r.returncode == 1 and "%s:%d: " % (s.conf, first + line) in r.stderr and text in r.stderr, (keys, r)
    s = Service(start=False, access={"log": "/tmp/x"})
    r = subprocess.run([lab.BIN / "quicd", "-c", s.conf, "--check-config"], capture_output=True, text=True)
    assert r.returncode == 1 and "section [access] has no meaning with mode = echo" in r.stderr, r
