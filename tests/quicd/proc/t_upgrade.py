# SPDX-License-Identifier: GPL-2.0-or-later
"""SIGUSR2: a new process takes the sockets, the old one keeps its connections."""
import os
import pwd
import signal
import socket
import subprocess
import time

from nqtest import lab
from nqtest.aio import aioquic_run
from nqtest.backends import Backend, echo
from nqtest.checks import eq, pattern
from nqtest.curl import command
from nqtest.poll import PATIENCE, wait_for
from nqtest.ports import free_port
from nqtest.quicc import quicc, spawn_quicc
from nqtest.quicd import Service, alive
from nqtest.suite import Skip, long_form, mark, need, test
from nqtest.udpproxy import UdpProxy
from t_ops import Notify


class Open:
    """A connection with a stream that stays open."""

    def __init__(self, s, *args, **kw):
        self.p = spawn_quicc(s, *args, **kw)
        self.echo(b"first")

    def echo(self, data):
        self.p.stdin.write(data)
        self.p.stdin.flush()
        eq(self.p.stdout.read(len(data)), data)

    def end(self):
        out, err = self.p.communicate(b"last", 20 * PATIENCE)
        eq((self.p.returncode, out), (0, b"last"), err)


def rewrite(s, old, new):
    """Changes the configuration of the next process."""
    text = s.conf.read_text()
    assert old in text, text
    s.conf.write_text(text.replace(old, new))


@test
def upgrade_keeps_connections():
    """a connection stays with its process, new ones go to the new process, which has all sockets"""
    s = Service(service={"workers": "2"})
    old, gen = s.proc.pid, s.stat("generation")
    a, b = Open(s), Open(s)
    new = s.upgrade()
    assert new and alive(old), s.log()
    eq((s.stat("process"), s.stat("generation"), s.stat("earlier_processes")), (new, gen + 1, 1))
    eq(quicc(s, data=b"x").out, b"x")
    a.echo(b"after")
    eq(s.stat("connections_accepted"), 1)
    assert s.stat("forwarded_datagrams") > 0
    a.end()
    b.echo(b"still")
    assert alive(old)
    b.end()
    wait_for(lambda: not alive(old), 10)
    eq(s.proc.wait(5), 0)
    wait_for(lambda: s.stat("earlier_processes") == 0)
    eq(quicc(s, data=b"x").out, b"x")
    s.signal(signal.SIGTERM)
    wait_for(lambda: not alive(new))
    assert not s.control.exists()


class Crowd:
    """Connections that each carry lines there and back, all the time, 25 on a socket."""
    EACH = 25

    def __init__(self, s, n):
        self.clients = [spawn_quicc(s, "--connections", self.EACH) for _ in range(n // self.EACH)]
        self.sent = [0] * len(self.clients)
        self.lines = [[0] * self.EACH for _ in self.clients]
        for p in self.clients:
            os.set_blocking(p.stdout.fileno(), False)
        self.rest = [b""] * len(self.clients)

    def send(self):
        """A line of a kilobyte or so for each, and what has come back so far is looked at."""
        for i, p in enumerate(self.clients):
            p.stdin.write(b"%d %s\n" % (self.sent[i], b"x" * 1000))
            p.stdin.flush()
            self.sent[i] += 1
            self.read(i)

    def read(self, i):
        while True:
            try:
                data = os.read(self.clients[i].stdout.fileno(), 1 << 18)
            except BlockingIOError:
                return
            if not data:
                return
            *lines, self.rest[i] = (self.rest[i] + data).split(b"\n")
            for line in lines:
                who, _, text = line.partition(b": ")
                n = int(who.split()[0]) - 1
                eq(text.split()[0], b"%d" % self.lines[i][n], who)
                self.lines[i][n] += 1

    def busy(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.send()
            time.sleep(0.05)

    def arrived(self):
        for i in range(len(self.clients)):
            self.read(i)
        return all(n == self.sent[i] for i, each in enumerate(self.lines) for n in each)

    def end(self):
        wait_for(self.arrived, 20, "all lines")
        for p in self.clients:
            p.stdin.close()
        for p in self.clients:
            eq(p.wait(20 * PATIENCE), 0, p.stderr.read())


@test
@mark("heavy")
def ten_upgrades():
    """200 connections with transfers, ten upgrades, none breaks; new ones begin all the while"""
    s = Service(service={"workers": "2"})
    crowd = Crowd(s, 200)
    crowd.busy(1)
    wait_for(lambda: s.stat("connections") == 200, 20)
    pids = [s.proc.pid]
    for _ in range(10):
        pids.append(s.upgrade() or 0)
        assert pids[-1], s.log()
        crowd.busy(5 if long_form() else 0.2)
        eq(quicc(s, data=b"new").out, b"new")
    eq((len(set(pids)), s.running()), (11, [pids[0], pids[-1]]))
    eq((s.stat("connections"), s.stat("earlier_processes"), s.stat("forward_lost_datagrams")), (0, 1, 0))
    crowd.busy(0.5)
    crowd.end()
    wait_for(lambda: s.running() == pids[-1:], 20)


@test
def upgrade_with_connections_in_each():
    """each of six processes keeps a connection of its own until that ends, in any order"""
    s = Service(service={"workers": "2"})
    conns = [Open(s)]
    for _ in range(5):
        assert s.upgrade(), s.log()
        conns.append(Open(s))
    eq((len(s.running()), s.stat("earlier_processes")), (6, 5))
    for c in conns:
        c.echo(b"to each its own")
    for left, i in zip((5, 4, 3, 2, 1), (3, 0, 4, 1, 2)):
        conns[i].end()
        wait_for(lambda: len(s.running()) == left, 10)
        for c in conns[i + 1:i + 2]:
            if c.p.poll() is None:
                c.echo(b"here")
    eq(s.running(), s.heirs[-1:])
    conns[5].end()


@test
def too_many_upgrades():
    """when no generation is left, the newest process continues, until an old one has ended"""
    s = Service()
    conns = [Open(s)]
    while s.upgrade():
        conns.append(Open(s))
    eq((len(conns), s.stat("earlier_processes"), s.stat("upgrades_failed")), (16, 15, 1))
    assert "too many earlier processes" in s.log()
    eq(quicc(s, data=b"x").out, b"x")
    conns.pop(7).end()
    wait_for(lambda: s.stat("earlier_processes") == 14)
    assert s.upgrade(), s.log()
    for c in conns:
        c.echo(b"all are there")
        c.end()
    wait_for(lambda: len(s.running()) == 1, 10)


@test
def upgrade_that_fails():
    """a new program that does not start: the old one continues, with log and counter"""
    s = Service()
    c = Open(s)
    rewrite(s, "mode = echo", "mode = ecko")
    eq(s.upgrade(), None)
    assert "%s:4: mode = ecko" % s.conf in s.log(), s.log()
    assert "upgrade: the new program has ended before it was ready" in s.log()
    rewrite(s, "mode = ecko", "mode = echo")
    eq((s.stat("upgrades_failed"), s.stat("process")), (1, s.proc.pid))
    assert 'upgrades_failed_total{service="%s"} 1\n' % s.name in s.ask("metrics")
    # Later, when sockets have been handed over already.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        more = "alpn = echo\nlisten = 127.0.0.1:%d" % taken.getsockname()[1]
        rewrite(s, "alpn = echo", more)
        eq((s.upgrade(), s.stat("upgrades_failed")), (None, 2))
        assert "Address already in use" in s.log()
        rewrite(s, more, "alpn = echo")
    # Later still: the new program has the control socket, whose file must stay.
    with socket.create_server(("127.0.0.1", 0)) as taken:
        more = "alpn = echo\nmetrics = 127.0.0.1:%d" % taken.getsockname()[1]
        rewrite(s, "alpn = echo", more)
        eq((s.upgrade(), s.stat("upgrades_failed")), (None, 3))
        rewrite(s, more, "alpn = echo")
    c.echo(b"here")
    eq(quicc(s, data=b"x").out, b"x")
    assert s.upgrade(), s.log()
    c.end()


@test
def upgrade_without_a_program():
    """the program's file is gone, or something else: the old one continues"""
    program = lab.TMP / "quicd-moved"
    program.write_bytes((lab.BIN / "quicd").read_bytes())
    program.chmod(0o755)
    s = Service(start=False)
    s.start(program=program)
    c = Open(s)
    program.unlink()
    eq(s.upgrade(), None)
    program.write_text("#!/bin/sh\nsleep 1 <&3\nexit 1\n")
    program.chmod(0o755)
    eq(s.upgrade(), None)
    eq(s.stat("upgrades_failed"), 2)
    c.echo(b"here")
    program.unlink()
    program.write_bytes((lab.BIN / "quicd").read_bytes())
    program.chmod(0o755)
    assert s.upgrade(), s.log()
    c.end()


@test
def upgrade_to_other_workers_and_ports():
    """the new process may have more or fewer workers, another port, server ID and control socket"""
    s = Service(service={"workers": "2"})
    conns = [Open(s) for _ in range(4)]

    def alive_and_new(port=None):
        for c in conns:
            c.echo(b"moved")
        for _ in range(4):
            eq(quicc(port or s, data=b"n").out, b"n")
        conns.append(Open(port or s))

    for a, b in ((2, 4), (4, 1), (1, 3)):
        rewrite(s, "workers = %d" % a, "workers = %d" % b)
        assert s.upgrade(), s.log()
        alive_and_new()
        eq(s.stat("workers"), b)
    old_port, old_control, s.control = s.port, s.control, lab.TMP / "elsewhere.ctl"
    rewrite(s, "control = %s" % old_control, "control = %s\nserver-id = aabbcc" % s.control)
    port = free_port()
    rewrite(s, "127.0.0.1:%d" % old_port, "127.0.0.1:%d" % port)
    assert s.upgrade(), s.log()
    assert not old_control.exists()
    alive_and_new(port)
    r = quicc(old_port, data=b"x")
    eq(r.rc, 2, r.err)  # refused at once
    # Back again, while earlier processes still use the port.
    rewrite(s, "127.0.0.1:%d" % port, "127.0.0.1:%d" % old_port)
    assert s.upgrade(), s.log()
    alive_and_new()
    eq(s.stat("stateless_resets"), 0)
    for c in conns:
        c.end()
    wait_for(lambda: len(s.running()) == 1, 10)
    # Nobody needs the other port any more.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
        wait_for(lambda: not u.bind(("127.0.0.1", port)), 5)


@test
def upgrade_in_a_handshake():
    """a client whose answers were lost continues its handshake with the old process"""
    s = Service()
    path = UdpProxy(s.port)
    path.mute = True
    p = spawn_quicc(path.port)
    wait_for(lambda: s.stat("handshakes_in_progress") == 1)
    assert s.upgrade(), s.log()
    path.mute = False
    out, err = p.communicate(b"late", 20 * PATIENCE)
    eq((p.returncode, out), (0, b"late"), err)
    eq((s.stat("connections_accepted"), s.stat("handshakes_completed")), (0, 0))
    assert s.stat("forwarded_datagrams") > 0
    path.stop()


@test
def upgrade_keeps_keys():
    """without secret-file: Retry tokens, resets and tickets of the old process are good for the new one"""
    s = Service(service={"retry-threshold": "always"}, tls={"tickets": "yes", "early-data": "yes"})
    # A Retry of the old process is answered when that has ended, and when it still has a connection.
    for other in False, True:
        c = Open(s) if other else None
        path = UdpProxy(s.port)
        path.upto = 1
        before = s.stat("retries")
        p = spawn_quicc(path.port)
        wait_for(lambda: s.stat("retries") > before and path.upto < 0)
        assert s.upgrade(), s.log()
        if not other:
            s.proc.kill()
            s.proc.wait()
            wait_for(lambda: s.stat("earlier_processes") == 0)
        path.upto = float("inf")
        out, err = p.communicate(b"late", 20 * PATIENCE)
        eq((p.returncode, out), (0, b"late"), err)
        eq((s.stat("tokens_invalid"), s.stat("retries")), (0, 0))
        path.stop()
        if c:
            c.end()
    # A ticket; but early data only once, and only the old process remembers what came before.
    tickets = []

    async def wait(c):
        import asyncio
        for _ in range(100):
            if tickets:
                break
            await asyncio.sleep(0.05 * PATIENCE)

    async def resumed(c):
        return c._quic.tls.session_resumed, c._quic.tls.early_data_accepted

    aioquic_run(s.port, wait, ticket=tickets.append)
    eq(aioquic_run(s.port, resumed, session_ticket=tickets[0]), (True, True))
    aioquic_run(s.port, wait, ticket=tickets.append)
    assert s.upgrade(), s.log()
    eq(aioquic_run(s.port, resumed, session_ticket=tickets[-1]), (True, False))


@test
def upgrade_after_a_retry():
    """a client that has a Retry is answered by the process that sent it, as the new one has another secret"""
    secrets = [lab.TMP / ("retry-%d.secret" % i) for i in range(2)]
    s = Service(service={"retry-threshold": "always", "secret-file": secrets[0]})
    path = UdpProxy(s.port)
    path.upto = 1
    p = spawn_quicc(path.port)
    wait_for(lambda: s.stat("retries") == 1 and path.upto < 0)
    rewrite(s, str(secrets[0]), str(secrets[1]))
    assert s.upgrade(), s.log()
    time.sleep(0.1)
    path.upto = float("inf")
    out, err = p.communicate(b"late", 20 * PATIENCE)
    eq((p.returncode, out), (0, b"late"), err)
    eq((s.stat("tokens_invalid"), s.stat("retries")), (0, 0))
    path.stop()


@test
def reset_after_an_upgrade():
    """a connection of an old process that has crashed gets its stateless reset from the new one"""
    s = Service()
    c = Open(s)
    assert s.upgrade(), s.log()
    s.proc.kill()
    s.proc.wait()
    wait_for(lambda: s.stat("earlier_processes") == 0)
    c.p.communicate(b"x", 20 * PATIENCE)
    assert c.p.returncode, "was not told"
    assert s.stat("stateless_resets") >= 1
    assert s.upgrade(), s.log()
    s.heirs = s.heirs[-1:]


@test
@mark("moves")
def old_connection_moves():
    """a client of the old process changes its address, the old process follows it"""
    s = Service(service={"workers": "2"})
    path = UdpProxy(s.port)
    p = spawn_quicc(path.port)
    p.stdin.write(b"1")
    p.stdin.flush()
    eq(p.stdout.read(1), b"1")
    assert s.upgrade(), s.log()
    path.rebind()
    data = b"moved" * 100000
    out, err = p.communicate(data, 20 * PATIENCE)
    eq((p.returncode, out == data), (0, True), err)
    assert ": now at 127.0.0.1:" in s.log(), s.log()
    eq(s.stat("migrations"), 0)
    path.stop()


@test
def upgrade_timeout():
    """upgrade-timeout ends what the old process still has, and nothing of the new one"""
    s = Service(service={"upgrade-timeout": "1s"})
    c = Open(s)
    assert s.upgrade(), s.log()
    d = Open(s)
    eq(s.proc.wait(10 * PATIENCE), 0)
    eq(c.p.wait(10), 5)
    c.p.stdin.close()
    time.sleep(1)
    d.echo(b"here")
    d.end()


@test
def quiet_connections_of_an_old_process():
    """after idle-timeout without a stream, the old process closes a connection that is kept alive"""
    s = Service(service={"idle-timeout": "2s", "keep-alive": "500ms"})
    load = subprocess.Popen([lab.BIN / "quic-load", "--count", "3", "--hold", "--alpn", "echo", "127.0.0.1:%d" % s.port],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    wait_for(lambda: s.stat("handshakes_completed") == 3)
    c = Open(s)
    assert s.upgrade(), s.log()
    begin = time.monotonic()
    wait_for(lambda: s.log().count(": closed, rtt") == 3, 20)
    assert time.monotonic() - begin > 1.5
    time.sleep(2)
    c.echo(b"has a stream")
    c.end()
    eq(s.proc.wait(10), 0)
    load.communicate(b"")


@test
def end_of_all_processes():
    """SIGTERM to the newest: all finish their streams; its crash ends all, so that the port is free"""
    s = Service()
    a = Open(s)
    assert s.upgrade(), s.log()
    b = Open(s)
    os.kill(s.pid(), signal.SIGTERM)
    wait_for(lambda: s.log().count("draining") == 2)
    for c in a, b:
        c.echo(b"drained")
        eq(len(s.running()), 2)
    eq(quicc(s, data=b"x").rc, 2)
    b.end()
    a.echo(b"still")
    a.end()
    wait_for(lambda: not s.running())
    s = Service()
    a = Open(s)
    assert s.upgrade(), s.log()
    os.kill(s.pid(), signal.SIGKILL)
    wait_for(lambda: not s.running())
    eq(s.proc.wait(5), 0)
    a.p.kill()
    a.p.communicate()
    s.heirs.clear()
    s.start()
    eq(quicc(s, data=b"x").out, b"x")


@test
def upgrade_tells_systemd():
    """MAINPID comes from the old process, READY after it from the new one, which feeds the watchdog"""
    n = Notify()
    s = Service(start=False, env={"NOTIFY_SOCKET": str(n.path), "WATCHDOG_USEC": "2000000"})
    # As systemd sets it; for the new process it must not count.
    s.start(command=["sh", "-c", 'WATCHDOG_PID=$$ exec "$0" "$@"'])
    wait_for(lambda: n.has("WATCHDOG=1"), 10)
    c = Open(s)
    n.text = ""
    new = s.upgrade()
    wait_for(lambda: n.has("READY=1"))
    assert n.text.index("MAINPID=%d" % new) < n.text.index("READY=1"), n.text
    wait_for(lambda: n.has("WATCHDOG=1"), 10)
    n.text = ""
    c.end()
    eq(s.proc.wait(5), 0)
    s.signal(signal.SIGTERM)
    wait_for(lambda: n.has("STOPPING=1"))
    eq(n.text.count("STOPPING=1"), 1)


@test
def upgrade_without_privileges():
    """with user, the new program starts as that account, and may have more workers"""
    if os.geteuid():
        raise Skip("not root")
    files = [lab.TMP / "upgrade.secret", lab.TMP / "upgrade.keys"]
    s = Service(service={"user": "nobody", "control": None, "secret-file": files[0]}, debug={"keylog": files[1]})
    os.chmod(lab.TMP, 0o755)
    c = Open(s)
    rewrite(s, "user = nobody", "user = nobody\nworkers = 3")
    new = s.upgrade()
    assert new, s.log()
    uid = pwd.getpwnam("nobody").pw_uid
    eq(os.stat("/proc/%d" % new).st_uid, uid)
    eq([(f.stat().st_uid, f.stat().st_mode & 0o777) for f in files], [(uid, 0o600)] * 2)
    for _ in range(4):
        eq(quicc(s, data=b"x").out, b"x")
    c.end()


@test
@mark("moves", "http3")
def http3_upgrade():
    """a long download ends in the old process, which sends GOAWAY; the next request goes to the new one"""
    root = lab.TMP / "upgrade-www"
    root.mkdir()
    (root / "big").write_bytes(pattern(8 << 20))
    (root / "small").write_text("small")
    s = Service(service={"mode": "http3", "alpn": "h3"}, http3={"root": root})
    need("curl")
    cmd = command("localhost", s.port, lab.TMP / "ca.pem", "--max-time", int(60 * PATIENCE))
    p = subprocess.Popen([*cmd, "https://localhost:%d/big" % s.port, "--next", *cmd[1:], "https://localhost:%d/small" % s.port],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    # As long as nobody reads its output, curl does nothing.
    first = p.stdout.read(1 << 16)
    assert s.upgrade(), s.log()
    out, err = p.communicate(timeout=60 * PATIENCE)
    eq((p.returncode, s.stat("http_requests")), (0, 1), err)
    assert first + out == (root / "big").read_bytes() + b"small"
    wait_for(lambda: not alive(s.proc.pid), 20)


@test
@mark("http3")
def http3_upgrade_and_drain():
    """SIGTERM to the old process right after the upgrade: its download ends well"""
    root = lab.TMP / "upgrade-drain-www"
    root.mkdir()
    (root / "big").write_bytes(pattern(8 << 20))
    s = Service(service={"mode": "http3", "alpn": "h3"}, http3={"root": root})
    need("curl")
    cmd = command("localhost", s.port, lab.TMP / "ca.pem", "--max-time", int(60 * PATIENCE))
    p = subprocess.Popen([*cmd, "https://localhost:%d/big" % s.port], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    first = p.stdout.read(1 << 16)
    assert s.upgrade(), s.log()
    s.proc.send_signal(signal.SIGTERM)
    wait_for(lambda: "draining" in s.log())
    # The old process looks for quiet connections once a second.
    time.sleep(2.2)
    out, err = p.communicate(timeout=60 * PATIENCE)
    eq(p.returncode, 0, err)
    assert first + out == (root / "big").read_bytes()
    eq(s.proc.wait(20 * PATIENCE), 0)


@test
def upgrade_signals():
    """SIGUSR2 to an old process, or twice at once, does no harm; SIGHUP reaches the old one's access log"""
    log = lab.TMP / "upgrade-access.log"
    b = Backend(echo)
    s = Service(service={"mode": "stream"}, stream={"backend": b.address}, access={"log": log})
    c = Open(s)
    s.signal(signal.SIGUSR2)
    assert s.upgrade(), s.log()
    s.proc.send_signal(signal.SIGUSR2)
    wait_for(lambda: "this process was replaced before" in s.log())
    log.rename(lab.TMP / "upgrade-access.1")
    s.signal(signal.SIGHUP)
    wait_for(lambda: "certificates reloaded" in s.log())
    wait_for(log.exists)
    c.end()
    wait_for(lambda: "STREAM" in log.read_text(), 10)
    eq((lab.TMP / "upgrade-access.1").read_text(), "")
    eq((s.stat("upgrades_failed"), s.stat("generation")), (0, 1))
    b.close()
