# SPDX-License-Identifier: GPL-2.0-or-later
"""quicc --listen: TCP connections as streams; backends that speak first."""
import contextlib
import os
import re
import resource
import socket
import subprocess
import time

from nqtest import lab
from nqtest.aio import aioquic_run
from nqtest.backends import Backend, echo, reset
from nqtest.checks import eq, pattern
from nqtest.lab import sh
from nqtest.poll import PATIENCE, wait_for
from nqtest.ports import free_port
from nqtest.quicd import Service
from nqtest.suite import test
from nqtest.together import together


STALLED = 4000000  # more than the buffers of a TCP connection whose end does not read, less than these and a stream's window


class Listener:
    """quicc with --listen, to a service."""
    count = 0

    def __init__(self, s, *args, ca="ca.pem"):
        Listener.count += 1
        self.port = free_port(socket.SOCK_STREAM)
        self.log = lab.TMP / ("listen%d.log" % Listener.count)
        with open(self.log, "wb") as log:
            self.proc = subprocess.Popen([str(x) for x in (lab.BIN / "quicc", "--listen", "127.0.0.1:%d" % self.port, "--alpn", "echo", "--ca",
                                                           lab.TMP / ca, "--sni", "localhost", *args, "127.0.0.1:%d" % s.port)], stderr=log)
        wait_for(lambda: "listening on" in self.log.read_text() or self.proc.poll() is not None)
        assert self.proc.poll() is None, self.log.read_text()

    def connect(self):
        c = socket.create_connection(("127.0.0.1", self.port), 10)
        c.settimeout(20 * PATIENCE)
        return c

    def ask(self, data):
        with self.connect() as c:
            c.sendall(data)
            c.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: c.recv(65536), b""))

    def stop(self):
        assert self.proc.poll() is None, self.log.read_text()
        self.proc.terminate()
        eq(self.proc.wait(10), 0)


def service(backend, service=None, **stream):
    return Service(service=dict({"mode": "stream"}, **(service or {})), stream=dict({"backend": backend.address}, **stream))


@contextlib.contextmanager
def listening(handler, *args, **stream):
    """A backend, a service in front of it, quicc in front of that."""
    b = Backend(handler)
    s = service(b, *args, **stream)
    q = Listener(s)
    yield b, s, q
    q.stop()
    b.close()


def says(c, data):
    """An echo comes back."""
    c.sendall(data)
    eq(c.recv(len(data)), data)


def greet(s, _):
    s.sendall(b"220 hello\r\n")
    while s.recv(1000):
        pass
    s.sendall(b"221 bye\r\n")


def fragile(s, _):
    """Echoes, and breaks off at an R."""
    while True:
        d = s.recv(1000)
        if b"R" in d:
            reset(s)
        if not d or b"R" in d:
            return
        s.sendall(d)


def fails(c):
    """True if the connection ends with a reset."""
    try:
        while c.recv(65536):
            pass
    except ConnectionResetError:
        return True
    return False


def broken_off(listener):
    """True if a new connection ends with a reset, be it before connect() has returned."""
    try:
        return fails(listener.connect())
    except ConnectionResetError:
        return True


@test
def listen_relays():
    """many TCP connections are streams of one QUIC connection; data, half-close, a new server"""
    with listening(echo, {"max-streams": "4"}) as (b, s, q):
        data = pattern(400000)
        eq(q.ask(b"one"), b"one")
        slow = q.connect()
        says(slow, b"x")
        # More than there may be streams: some wait for their turn.
        got = []
        together([lambda i=i: got.append(q.ask(data[i:]) == data[i:]) for i in range(10)])
        eq(got, [True] * 10)
        says(slow, b"y")
        eq(s.stat("connections_accepted"), 1)
        slow.close()
        wait_for(lambda: s.stat("streams") == 0)
        s.stop()
        wait_for(lambda: "closed" in s.log())
        s.start()
        wait_for(lambda: q.ask(b"again") == b"again", 20)


@test
def listen_speaks_first():
    """a backend that speaks first greets a TCP client that has sent nothing"""
    with listening(greet) as (b, s, q):
        with q.connect() as c:
            eq(c.recv(100), b"220 hello\r\n")
            c.shutdown(socket.SHUT_WR)
            eq(c.recv(100), b"221 bye\r\n")


@test
def listen_breaks_off():
    """a reset on either side reaches the other, and no other connection; SIGTERM closes in good order"""
    b = Backend(fragile)
    s = service(b)
    q = Listener(s)
    other, one, two = q.connect(), q.connect(), q.connect()
    for c in other, one, two:
        says(c, b"x")
    reset(one)
    wait_for(lambda: "ConnectionResetError" in b.notes)
    wait_for(lambda: s.stat("streams") == 2)
    two.sendall(b"R")
    assert fails(two)
    wait_for(lambda: s.stat("streams") == 1)
    says(other, b"y")
    q.stop()
    assert fails(other)
    wait_for(lambda: s.stat("connections") == 0)
    b.close()


@test
def listen_between_connections():
    """a TCP connection that comes when the QUIC connection has ended, but not all data is read, waits for the next one"""
    def serve(s, _):
        if s.recv(1) == b"F":
            s.sendall(bytes(STALLED))
        else:
            s.sendall(b"next")
    with listening(serve) as (b, s, q):
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.settimeout(20 * PATIENCE)
            slow.connect(("127.0.0.1", q.port))
            slow.sendall(b"F")
            slow.shutdown(socket.SHUT_WR)
            wait_for(lambda: s.stat("streams_opened") == 1 and s.stat("streams") == 0)
            s.stop()
            s.start()
            with q.connect() as c:
                c.sendall(b"N")
                eq(sum(len(x) for x in iter(lambda: slow.recv(65536), b"")), STALLED)
                eq(c.recv(100), b"next")


@test
def listen_keeps_alive():
    """a connection survives a server's short idle-timeout for as long as there is a TCP connection"""
    with listening(echo, {"idle-timeout": "2s"}) as (b, s, q):
        with q.connect() as c:
            says(c, b"x")
            time.sleep(3.5)
            says(c, b"y")


@test
def listen_without_descriptors():
    """out of descriptors it waits without turning in circles, and takes the connection when there are some again"""
    with listening(echo) as (b, s, q):
        with q.connect() as first:
            says(first, b"x")
            proc = "/proc/%d/" % q.proc.pid
            resource.prlimit(q.proc.pid, resource.RLIMIT_NOFILE, (len(os.listdir(proc + "fd")),) * 2)
            with q.connect() as second:
                second.sendall(b"y")
                ticks = [sum(map(int, open(proc + "stat").read().rsplit(")")[1].split()[11:13])) for _ in range(2) if not time.sleep(1)]
                assert ticks[1] - ticks[0] < os.sysconf("SC_CLK_TCK") / 4, ticks
                first.close()
                eq(second.recv(1), b"y")


@test
def listen_without_server():
    """no server, or one that is not trusted: TCP connections are broken off, and the next one tries again"""
    b = Backend(echo)
    s = service(b)
    s.stop()
    q = Listener(s)
    assert broken_off(q)
    assert "no UDP service" in q.log.read_text()
    s.start()
    eq(q.ask(b"now"), b"now")
    q.stop()
    lab.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", lab.TMP / "stranger.key",
                "-out", lab.TMP / "stranger.pem", "-days", "3", "-subj", "/CN=Stranger")
    q = Listener(s, ca="stranger.pem")
    assert broken_off(q)
    assert "certificate refused" in q.log.read_text()
    q.stop()
    b.close()


@test
def listen_mistakes():
    """--listen with options that have no meaning there, with a wrong address, or one that is taken"""
    s = Service()
    taken = socket.create_server(("127.0.0.1", 0))
    for args, text in ((["--listen", "here"], "--listen takes ADDRESS:PORT"), (["--listen", "*:1"], "--listen takes ADDRESS:PORT"),
                       (["--listen", "127.0.0.1:1", "--connections", "2"], "--listen: not with"), (["--listen", "127.0.0.1:1", "-n"], "not with"),
                       (["--listen", "127.0.0.1:%d" % taken.getsockname()[1]], "Address already in use")):
        r = sh(lab.BIN / "quicc", *args, "-a", "echo", "-k", "127.0.0.1:%d" % s.port, timeout=10)
        assert r.returncode == 1 and text.encode() in r.stderr, (args, r)


@test
def server_stream():
    """server-stream: a client that only waits gets the backend's first words on a stream of the server"""
    b = Backend(greet)
    s = service(b, **{"server-stream": "yes"})

    async def wait(c):
        import asyncio
        got = asyncio.get_running_loop().create_future()

        def on_event(event):
            if type(event).__name__ == "StreamDataReceived" and not got.done():
                got.set_result((event.stream_id, event.data))
        c.quic_event_received = on_event
        sid, data = await got
        c._quic.send_stream_data(sid, b"QUIT", True)
        c.transmit()
        while True:
            await asyncio.sleep(0.05)
            if s.stat("streams") == 0:
                return sid, data

    eq(aioquic_run(s.port, wait), (1, b"220 hello\r\n"))
    eq(s.stat("streams_opened"), 1)
    # quicc allows no such stream; its own are served as ever.
    q = Listener(s)
    with q.connect() as c:
        eq(c.recv(100), b"220 hello\r\n")
    q.stop()
    wait_for(lambda: s.stat("streams") == 0)
    eq(s.stat("streams_opened"), 2)
    b.close()


@test
def units_name_their_files():
    """quicc@.service has the same sandbox as quicd@.service, and the option that the manual names"""
    quicd, quicc = [(lab.TOP / "quicd/systemd" / n).read_text() for n in ("quicd@.service", "quicc@.service")]
    hard = re.compile(r"^(?:Protect|Private|Restrict|Lock|Memory|NoNew|SystemCall)\w+=.*$", re.M)
    eq(set(hard.findall(quicc)) - {"RestartSec=1s"}, set(hard.findall(quicd)) - {"RestartSec=1s"})
    assert "EnvironmentFile=/etc/quicd/%i.quicc" in quicc and ".quicc" in (lab.TOP / "quicd/man/quicc.1").read_text()
