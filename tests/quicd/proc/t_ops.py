# SPDX-License-Identifier: GPL-2.0-or-later
"""Operation: reload, drain, systemd, privileges, metrics."""
import grp
import os
import pwd
import re
import shutil
import signal
import socket
import time

from nqtest import lab
from nqtest.checks import eq
from nqtest.lab import cert, sh
from nqtest.poll import PATIENCE, wait_for
from nqtest.quicc import quicc, spawn_quicc
from nqtest.quicd import Service
from nqtest.suite import Skip, mark, test


@test
@mark("moves")
def reload_swaps_certificates():
    """SIGHUP: new connections get the new certificate, the old connection continues"""
    a, b = cert("before.example"), cert("after.example")
    pem, key = lab.TMP / "live.pem", lab.TMP / "live.key"
    shutil.copy(a[0], pem)
    shutil.copy(a[1], key)
    s = Service(service={"workers": "2"}, tls={"cert": pem, "key": key})
    p = spawn_quicc(s, sni="before.example")
    p.stdin.write(b"1")
    p.stdin.flush()
    eq(p.stdout.read(1), b"1")
    shutil.copy(b[0], pem)
    shutil.copy(b[1], key)
    s.signal(signal.SIGHUP)
    wait_for(lambda: "certificates reloaded" in s.log())
    wait_for(lambda: quicc(s, data=b"x", sni="after.example").rc == 0)
    for _ in range(6):
        eq(quicc(s, data=b"x", sni="after.example").rc, 0)
    out, err = p.communicate(b"2")
    eq((p.returncode, out), (0, b"2"), err)


@test
def reload_keeps_old_on_error():
    """SIGHUP with a broken file: the old certificate stays, the log says why"""
    a = cert("before.example")
    pem, key = lab.TMP / "live2.pem", lab.TMP / "live2.key"
    shutil.copy(a[0], pem)
    shutil.copy(a[1], key)
    s = Service(tls={"cert": pem, "key": key})
    pem.write_text("garbage")
    s.signal(signal.SIGHUP)
    wait_for(lambda: "the old certificates stay" in s.log())
    assert str(pem) in s.log()
    eq(quicc(s, data=b"x", sni="before.example").rc, 0)


@test
@mark("moves")
def drain_finishes_streams():
    """SIGTERM: no new connections, open streams finish, status 0"""
    s = Service()
    p = spawn_quicc(s)
    p.stdin.write(b"1")
    p.stdin.flush()
    eq(p.stdout.read(1), b"1")
    s.signal(signal.SIGTERM)
    wait_for(lambda: "draining" in s.log())
    r = quicc(s, data=b"x")
    eq(r.rc, 2, r.err)
    assert s.proc.poll() is None
    out, err = p.communicate(b"2")
    eq((p.returncode, out), (0, b"2"), err)
    eq(s.proc.wait(5), 0)


@test
def drain_deadline():
    """streams that do not finish are cut off at drain-timeout, or by a second signal"""
    s = Service(service={"drain-timeout": "1s"})
    p = spawn_quicc(s)
    p.stdin.write(b"1")
    p.stdin.flush()
    eq(p.stdout.read(1), b"1")
    begin = time.monotonic()
    eq(s.stop(10), 0)
    assert 0.8 < time.monotonic() - begin < 4
    eq(p.wait(5), 5)
    assert b"0x51430006" in p.stderr.read()
    p.stdin.close()
    s = Service()
    p = spawn_quicc(s)
    p.stdin.write(b"1")
    p.stdin.flush()
    eq(p.stdout.read(1), b"1")
    s.signal(signal.SIGTERM)
    wait_for(lambda: "draining" in s.log())
    s.signal(signal.SIGTERM)
    eq(s.proc.wait(5), 0)
    p.kill()


class Notify:
    def __init__(self):
        self.path = lab.TMP / "notify.sock"
        if self.path.exists():
            self.path.unlink()
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(str(self.path))
        self.sock.settimeout(0.05)
        self.text = ""

    def has(self, word):
        try:
            while True:
                self.text += self.sock.recv(4096).decode() + "\n"
        except OSError:
            pass
        return word in self.text


@test
def short_watchdog():
    """an idle service feeds a watchdog of one second in time"""
    n = Notify()
    limit = PATIENCE
    s = Service(env={"NOTIFY_SOCKET": str(n.path), "WATCHDOG_USEC": str(int(limit * 1000000))},
                service={"workers": "2"})
    begin = last = time.monotonic()
    while last - begin < 3 * limit:
        n.text = ""
        while not n.has("WATCHDOG=1"):  # which waits a little
            assert time.monotonic() - last < limit, "hungry since %s s" % (last - begin)
        last = time.monotonic()
    s.stop()


@test
def systemd_notification():
    """READY, RELOADING with its time, WATCHDOG and STOPPING reach the manager"""
    n = Notify()
    s = Service(env={"NOTIFY_SOCKET": str(n.path), "WATCHDOG_USEC": "2000000"},
                service={"drain-timeout": "3m"})
    wait_for(lambda: n.has("READY=1"))
    wait_for(lambda: n.has("WATCHDOG=1"), 10)
    n.text = ""
    s.signal(signal.SIGHUP)
    wait_for(lambda: n.has("RELOADING=1") and n.has("MONOTONIC_USEC=") and n.has("READY=1"))
    s.signal(signal.SIGTERM)
    wait_for(lambda: n.has("STOPPING=1") and n.has("EXTEND_TIMEOUT_USEC=190000000"))
    eq(s.proc.wait(5), 0)


@test
def drops_privileges():
    """user: all threads become that account, with its groups only; the control socket is its own"""
    if os.geteuid():
        raise Skip("not root")
    s = Service(service={"user": "nobody", "group": "daemon", "workers": "2"})
    uid, gid = pwd.getpwnam("nobody").pw_uid, grp.getgrnam("daemon").gr_gid
    socket_file = s.control.stat()
    eq((socket_file.st_uid, socket_file.st_gid, oct(socket_file.st_mode & 0o777)), (uid, gid, "0o660"))
    for t in os.listdir("/proc/%d/task" % s.proc.pid):
        text = open("/proc/%d/task/%s/status" % (s.proc.pid, t)).read()
        eq(re.search(r"Uid:\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)", text).groups(), (str(uid),) * 4)
        eq(re.search(r"Groups:\s*(.*?)\s*\n", text).group(1), str(gid))
        eq(re.search(r"CapEff:\s+(\w+)", text).group(1).strip("0"), "")
    eq(quicc(s, data=b"x").out, b"x")


@test
@mark("moves")
def metrics():
    """OpenMetrics text by command and by HTTP on the control socket"""
    s = Service()
    eq(quicc(s, data=b"x").rc, 0)
    wait_for(lambda: s.stat("connections") == 0)
    text = s.ask("metrics")
    assert text.endswith("# EOF\n")
    types = dict(re.findall(r"# TYPE (\S+) (\w+)", text))
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        m = re.fullmatch(r'(quicd_\w+)\{service="[^"]+"(,quantile="[\d.]+"|,file="[^"]+")?\} [\d.]+', line)
        assert m, line
        base = re.sub(r"_(total|count)$", "", m.group(1))
        assert base in types, line
        eq(line.split("{")[0].endswith("_total"), types[base] == "counter", line)
    assert re.search(r'quicd_handshakes_completed_total\{service="%s"\} 1\n' % s.name, text)
    assert float(re.search(r'quantile="0.99"\} (\S+)', text).group(1)) > 0
    with socket.socket(socket.AF_UNIX) as u:
        u.connect(str(s.control))
        u.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = b"".join(iter(lambda: u.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.0 200 OK\r\n") and answer.endswith(b"# EOF\n")
    eq(oct(os.stat(s.control).st_mode & 0o777), "0o660")


@test
def control_socket_is_robust():
    """half lines, rubbish and too many clients do not disturb the service"""
    s = Service()
    socks = []
    for i in range(40):
        u = socket.socket(socket.AF_UNIX)
        try:
            u.connect(str(s.control))
        except BlockingIOError:
            u.close()
            continue
        try:
            u.sendall(b"x" * (i * 40))
        except OSError:
            pass
        socks.append(u)
    eq(quicc(s, data=b"x").out, b"x")
    for u in socks:
        u.close()
    wait_for(lambda: sh(lab.BIN / "quicd", "-c", s.conf, "--status").stdout)
    s.signal(signal.SIGSTOP)
    r = sh(lab.BIN / "quicd", "-c", s.conf, "--status", timeout=30)
    eq((r.returncode, b"no answer" in r.stderr), (1, True), r.stderr)
    s.signal(signal.SIGCONT)
    s.kill()
    s.start()  # the stale socket file is no obstacle
    assert "service: " in s.ask()


@test
def log_levels():
    """warning says nothing of connections; a line is a line whatever a client sends"""
    s = Service(wait=False, service={"log-level": "warning", "alpn": "*"})
    wait_for(lambda: quicc(s, data=b"x", alpn="evil\nname").rc == 0, 10)
    eq([x for x in s.log().splitlines() if "connected" in x], [])
    s = Service(service={"alpn": "*"})
    eq(quicc(s, data=b"x", alpn="evil\nquicd: error: forged").rc, 0)
    assert not any(x.startswith("quicd: error: forged") for x in s.log().splitlines())


@test
def manual_pages():
    """every key that the parser knows stands in quicd.conf(5), every option in its page"""
    sources = [*(lab.TOP / "quicd").glob("*/*.c")]
    page = (lab.TOP / "quicd/man/quicd.conf.5").read_text().replace("\\-", "-")
    keys = [(section, key) for s in sources
            for section, rows in re.findall(r"struct conf_key (\w+)_keys\[\] = \{(.*?)\n\};", s.read_text(), re.S)
            for key in re.findall(r'^\s*\{ "([\w-]+)", CONF_', rows, re.M)]
    assert len(keys) > 50, keys
    for section, key in keys:
        part = page.split(".SH [%s]" % section)
        assert len(part) == 2, "section [%s]" % section
        text = part[1].split(".SH ")[0]
        assert re.search(r"^\.B .*\b%s\b" % key, text, re.M), "[%s] %s" % (section, key)
    for name, src, man in (("quicd", "quicd/main.c", "quicd/man/quicd.8"),
                           ("quicc", "quicd/client/options.c", "quicd/man/quicc.1")):
        page = (lab.TOP / man).read_text().replace("\\-", "-")
        options = re.findall(r'\{\s*"([\w-]+)", (?:no|required)_argument',
                             (lab.TOP / src).read_text())
        assert len(options) > 4
        for o in options:
            assert "--" + o in page, (name, o)
