# SPDX-License-Identifier: GPL-2.0-or-later
"""mode = stream: half-close, resets, back-pressure, PROXY protocol, failing backends."""
import socket
import struct
import threading
import time

from nqtest import lab
from nqtest.aio import aioquic_run
from nqtest.backends import Backend, echo, received, reset, sink
from nqtest.checks import eq, pattern
from nqtest.lab import cert
from nqtest.poll import PATIENCE, wait_for
from nqtest.ports import free_port
from nqtest.quicc import quicc, quicc_cmd, spawn_quicc
from nqtest.quicd import Service
from nqtest.suite import mark, need, test
from nqtest.tap import say
from nqtest.together import together


def stream_service(backend, transport=None, tls=None, service=None, **stream):
    return Service(service=dict({"mode": "stream"}, **(service or {})), tls=tls or {},
                   transport=transport or {},
                   stream=dict({"backend": getattr(backend, "address", backend)}, **stream))


@test
def relay_to_tcp_and_unix():
    """50 MB each way, to a TCP and to a Unix backend"""
    data = pattern(50 << 20)
    for path in None, lab.TMP / "echo.sock":
        b = Backend(echo, path=path)
        s = stream_service(b)
        r = quicc(s, data=data)
        eq(r.rc, 0, r.err)
        assert r.out == data
        b.close()


@test
@mark("moves")
def half_close_both_ways():
    """FIN becomes half-close: a backend answers after the end, and one that ends first reads on"""
    b = Backend(sink)
    s = stream_service(b)
    eq(quicc(s, data=b"x" * 12345).out, b"12345\n")

    got = []

    def end_first(sock, _):
        sock.sendall(b"bye")
        sock.shutdown(socket.SHUT_WR)
        got.append(sum(iter(lambda: len(sock.recv(65536)), 0)))

    b = Backend(end_first)
    s = stream_service(b)
    p = spawn_quicc(s)
    eq(p.stdout.read(3), b"bye")
    p.communicate(b"y" * 500000)
    eq(p.returncode, 0)
    wait_for(lambda: got)
    eq(got, [500000])


@test
@mark("moves")
def backend_resets():
    """a backend that breaks off: stream reset with 0x51430003, status 5"""
    def handler(sock, _):
        sock.recv(1)
        sock.sendall(b"part")
        arrived.wait(10 * PATIENCE)
        reset(sock)

    arrived = threading.Event()
    b = Backend(handler)
    s = stream_service(b)
    p = spawn_quicc(s)
    p.stdin.write(b"go")
    p.stdin.flush()
    eq(p.stdout.read(4), b"part")
    arrived.set()
    eq(p.wait(10), 5)
    assert b"0x51430003" in p.stderr.read()
    p.stdin.close()


@test
@mark("moves")
def backend_refuses():
    """an unreachable backend: 0x51430001 for each stream, one line in the log, one when it is back"""
    port = free_port(socket.SOCK_STREAM)
    s = stream_service("127.0.0.1:%d" % port)
    for _ in range(5):
        r = quicc(s, data=b"x")
        eq(r.rc, 5)
        assert "0x51430001" in r.err
    eq(s.log().count("warning: backend 127.0.0.1:%d: Connection refused" % port), 1)
    b = Backend(echo, port=port)
    eq(quicc(s, data=b"x").out, b"x")
    eq(quicc(s, data=b"x").out, b"x")
    eq(s.log().count("backend answers again"), 1)
    b.close()


@test
def backend_times_out():
    """a backend that does not accept: 0x51430002 after connect-timeout"""
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    fillers = []
    for _ in range(4):  # beyond the backlog SYNs are dropped
        f = socket.socket()
        f.setblocking(False)
        f.connect_ex(full.getsockname())
        fillers.append(f)
    s = stream_service("127.0.0.1:%d" % full.getsockname()[1], **{"connect-timeout": "500ms"})
    begin = time.monotonic()
    r = quicc(s, data=b"x")
    eq(r.rc, 5, r.err)
    assert "0x51430002" in r.err, r.err
    assert time.monotonic() - begin < 5
    for f in fillers:
        f.close()
    full.close()


@test
def backend_second_address():
    """localhost with IPv6 first: the address that answers is used"""
    b = Backend(echo)
    s = stream_service("localhost:%d" % b.port)
    eq(quicc(s, data=b"x").out, b"x")


@test
def stream_idle_timeout():
    """a silent stream is reset with 0x51430004"""
    b = Backend(lambda sock, _: sock.recv(1))
    s = stream_service(b, **{"idle-timeout": "1s"})
    p = spawn_quicc(s)
    eq(p.wait(10), 5)
    assert b"0x51430004" in p.stderr.read()
    p.stdin.close()


@test
@mark("moves")
def client_resets_stream():
    """RESET_STREAM breaks the backend's connection off and comes back with the same code"""
    seen = []

    def handler(sock, _):
        sock.sendall(b"hello")
        try:
            while sock.recv(65536):
                pass
            seen.append("eof")
        except ConnectionResetError:
            seen.append("reset")

    b = Backend(handler)
    s = stream_service(b)

    async def work(c):
        reader, writer = await c.create_stream()
        writer.write(b"data")
        await reader.readexactly(5)
        sid = writer.get_extra_info("stream_id")
        c._quic.reset_stream(sid, 0x77)
        c.transmit()
        import asyncio
        from aioquic.quic.events import StreamReset
        for _ in range(100):
            await asyncio.sleep(0.02)
            if seen:
                return
    aioquic_run(s.port, work)
    wait_for(lambda: seen)
    eq(seen, ["reset"])
    wait_for(lambda: s.stat("streams") == 0)


@test
@mark("moves")
def client_stops_reading():
    """STOP_SENDING: the client's data still reaches the backend, what it sends is thrown away"""
    got = []

    def handler(sock, _):
        def push():
            try:
                for _ in range(2000):
                    sock.sendall(b"z" * 10000)
            except OSError:
                pass
        t = threading.Thread(target=push, daemon=True)
        t.start()
        n = 0
        while True:
            d = sock.recv(65536)
            if not d:
                break
            n += len(d)
        got.append(n)
        t.join(10)

    b = Backend(handler)
    s = stream_service(b)

    async def work(c):
        import asyncio
        reader, writer = await c.create_stream()
        writer.write(b"first")
        await reader.readexactly(100)
        c._quic.stop_stream(writer.get_extra_info("stream_id"), 0x55)
        c.transmit()
        await c.ping()  # the server has the STOP_SENDING
        writer.write(b"second")
        writer.write_eof()
        for _ in range(200):
            await asyncio.sleep(0.02)
            if got:
                return
    aioquic_run(s.port, work)
    eq(got, [11])


@test
@mark("moves")
def proxy_protocol():
    """PROXY v2: addresses, ALPN, server name, in front of the client's bytes"""
    def handler(sock, b):
        head = sock.recv(16, socket.MSG_WAITALL)
        body = sock.recv(struct.unpack("!H", head[14:])[0], socket.MSG_WAITALL)
        b.notes.append((head, body))
        echo(sock, b)

    b = Backend(handler)
    pem, key = cert("client.example")
    s = stream_service(b, tls={"client-ca": lab.TMP / "ca.pem", "client-cert": "request"},
                       **{"proxy-protocol": "v2"})
    r = quicc(s, "--cert", pem, "--key", key, data=b"payload")
    eq((r.rc, r.out), (0, b"payload"), r.err)
    head, body = b.notes[0]
    eq(head[:12], b"\r\n\r\n\0\r\nQUIT\n")
    eq(head[12:14], b"\x21\x11")
    eq(body[:8], socket.inet_aton("127.0.0.1") * 2)
    eq(struct.unpack("!H", body[10:12])[0], s.port)
    tlvs, at = {}, 12
    while at < len(body):
        t, n = body[at], struct.unpack("!H", body[at + 1:at + 3])[0]
        tlvs[t] = body[at + 3:at + 3 + n]
        at += 3 + n
    eq(tlvs[1], b"echo")
    eq(tlvs[2], b"localhost")
    eq(tlvs[0x20][:5], b"\x03\0\0\0\0")
    # PP2_SUBTYPE_SSL_CN is the common name, not the whole subject.
    assert b"\x22\0\x0eclient.example" in tlvs[0x20], tlvs


@test
def proxy_protocol_with_nginx():
    """nginx understands the header: address and authority arrive"""
    need("nginx")
    port = free_port(socket.SOCK_STREAM)
    d = lab.TMP / "nginx-proxy"
    d.mkdir()
    (d / "nginx.conf").write_text("""
daemon off; pid %s/pid; error_log %s/error.log; worker_processes 1;
events {}
http { access_log off; client_body_temp_path %s/b; proxy_temp_path %s/p; fastcgi_temp_path %s/f;
  uwsgi_temp_path %s/u; scgi_temp_path %s/s;
  server { listen 127.0.0.1:%d proxy_protocol; location / {
    return 200 "addr=$proxy_protocol_addr authority=$proxy_protocol_tlv_authority alpn=$proxy_protocol_tlv_alpn\\n"; } } }
""" % (d, d, d, d, d, d, d, port))
    import subprocess
    p = subprocess.Popen(["nginx", "-c", str(d / "nginx.conf"), "-p", str(d)],
                         stderr=subprocess.DEVNULL)
    try:
        def up():
            with socket.socket() as c:
                return c.connect_ex(("127.0.0.1", port)) == 0
        wait_for(up, 10, "nginx")
        s = stream_service("127.0.0.1:%d" % port, **{"proxy-protocol": "v2"})
        r = quicc(s, data=b"GET / HTTP/1.0\r\n\r\n")
        assert b"addr=127.0.0.1 authority=localhost alpn=echo" in r.out, (r.out, r.err)
    finally:
        p.terminate()
        p.wait()


def bounded(s, limit, stop):
    """Watches what the service holds in stream buffers; returns the most."""
    most = 0
    while not stop.is_set():
        most = max(most, s.stat("stream_buffer_bytes"))
        stop.wait(0.05)
    assert most <= limit, "held %d bytes, limit %d" % (most, limit)
    return most


@test
@mark("heavy")
def back_pressure_slow_backend():
    """1 GiB through a window of 1 MiB to a slow backend: memory stays under the window"""
    total = 1 << 30

    def slow(sock, b):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        n = received(sock, lambda n: time.sleep(0.02) if n < 3 << 20 else None)
        sock.sendall(b"%d" % n)

    b = Backend(slow)
    s = stream_service(b, transport={"stream-window": "1M", "connection-window": "1M"})
    stop, result = threading.Event(), []
    w = threading.Thread(target=lambda: result.append(bounded(s, (1 << 20) + 65536, stop)))
    w.start()
    import subprocess
    p = subprocess.Popen(quicc_cmd(s.port), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    block = bytes(1 << 20)
    for _ in range(total >> 20):
        p.stdin.write(block)
    p.stdin.close()
    out = p.stdout.read()
    p.wait()
    stop.set()
    w.join()
    eq(out, b"%d" % total)
    assert result, "the limit was exceeded"
    say("most held: %d bytes; resident: %d KiB" % (result[0], s.rss() // 1024))


@test
@mark("heavy")
def back_pressure_slow_client():
    """1 GiB to a client that reads slowly at first: memory stays under the window"""
    total = 1 << 30

    def pour(sock, _):
        sock.recv(1)
        block = bytes(1 << 20)
        for _ in range(total >> 20):
            sock.sendall(block)

    b = Backend(pour)
    s = stream_service(b, transport={"stream-window": "1M", "connection-window": "1M"})
    stop, result = threading.Event(), []
    w = threading.Thread(target=lambda: result.append(bounded(s, (1 << 20) + 65536, stop)))
    w.start()
    import subprocess
    p = subprocess.Popen(quicc_cmd(s.port, ), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    p.stdin.write(b"g")
    p.stdin.close()
    n = 0
    while True:
        d = p.stdout.read(1 << 20)
        if not d:
            break
        n += len(d)
        if n < 3 << 20:
            time.sleep(0.1)
    p.wait()
    stop.set()
    w.join()
    eq((p.returncode, n), (0, total))
    assert result, "the limit was exceeded"
    say("most held: %d bytes" % result[0])


@test
def one_stalled_stream_does_not_stop_others():
    """a stream whose backend does not read leaves the others running"""
    def handler(sock, bk):
        bk.notes.append("here")
        if len(bk.notes) == 1:
            stalled.wait(30)
        else:
            echo(sock, bk)

    stalled = threading.Event()
    b = Backend(handler)
    s = stream_service(b, transport={"stream-window": "256k", "connection-window": "8M"})
    p = spawn_quicc(s, "--streams", "3", "-v")
    t = threading.Thread(target=lambda: p.communicate(bytes(4 << 20)), daemon=True)
    t.start()
    wait_for(lambda: len(b.notes) == 3)
    r = quicc(s, data=b"independent")
    eq(r.out, b"independent")
    wait_for(lambda: s.stat("backend_received_bytes") > 200000, 10)
    stalled.set()
    p.kill()


@test
@mark("heavy")
def backend_killed_100_times():
    """a backend that dies and returns 100 times under load: no leak, no stuck stream"""
    port = free_port(socket.SOCK_STREAM)
    b = Backend(echo, port=port)
    s = stream_service(b, **{"connect-timeout": "1s"})
    eq(quicc(s, data=b"x").out, b"x")
    stop = threading.Event()
    results = []

    def load():
        data = pattern(300000)
        while not stop.is_set():
            r = quicc(s, data=data)
            results.append(r.rc)
            assert r.rc in (0, 5), r.err
            # a backend killed with all its bytes read ends in good order, as far as TCP tells
            assert data.startswith(r.out), len(r.out)

    def killer():
        nonlocal b
        try:
            for _ in range(100):
                time.sleep(0.02)
                b.close(hard=True)
                time.sleep(0.02)
                b = Backend(echo, port=port)
        finally:
            stop.set()

    together([killer, load, load, load], 50)
    eq(quicc(s, data=b"after").out, b"after")
    wait_for(lambda: s.stat("connections") == 0 and s.stat("streams") == 0)
    eq(s.stat("stream_buffer_bytes"), 0)
    before = s.fds()
    assert before < 30, "%d descriptors open" % before
    eq(set(results) - {0, 5}, set())
    say("%d transfers, %d cut off" % (len(results), results.count(5)))
