# SPDX-License-Identifier: GPL-2.0-or-later
"""The network: loss, reordering, rebinding, several workers, offloads, path MTU, ECN, keys."""
import asyncio
import os
import re
import subprocess

from nqtest import lab
from nqtest.aio import aioquic_run
from nqtest.checks import eq, pattern
from nqtest.curl import command
from nqtest.poll import PATIENCE, settled, wait_for
from nqtest.quicc import quicc, quicc_cmd, spawn_quicc
from nqtest.quicd import Service
from nqtest.suite import Skip, mark, need, test
from nqtest.tap import say
from nqtest.together import together
from nqtest.udpproxy import UdpProxy


@test
@mark("heavy", "moves")
def loss_and_reordering():
    """5% loss each way and reordering: 5 MB there and back, whole"""
    s = Service()
    proxy = UdpProxy(s.port, loss=0.05, reorder=0.1)
    data = pattern(5 << 20)
    r = quicc(proxy.port, data=data, timeout=120)
    proxy.stop()
    eq(r.rc, 0, r.err)
    assert r.out == data
    say("%d of %d datagrams lost on the way" % (proxy.lost, proxy.n))


def rebind_in_the_middle(s, migrated=None):
    proxy = UdpProxy(s.port)
    p = subprocess.Popen(quicc_cmd(proxy.port), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for i in range(5):
        p.stdin.write(b"%d" % i)
        p.stdin.flush()
        eq(p.stdout.read(1), b"%d" % i)
        if migrated and i:
            wait_for(lambda: migrated() >= i, 5, "validation of path %d" % i)
        proxy.rebind()
    p.stdin.close()
    eq(p.wait(10), 0)
    proxy.stop()


@test
@mark("moves")
def nat_rebinding():
    """a client whose address changes five times keeps its stream"""
    s = Service()
    rebind_in_the_middle(s, lambda: s.stat("migrations"))


@test
def workers_keep_their_connections():
    """four workers: packets find the owner by connection ID, also after rebinding"""
    s = Service(service={"workers": "4"})
    for _ in range(8):
        rebind_in_the_middle(s)
    eq(s.stat("handshakes_completed"), 8)
    eq(s.stat("stateless_resets"), 0)
    data = pattern(3 << 20)

    def transfer():
        assert quicc(s, data=data).out == data

    together([transfer] * 8)
    s = Service(service={"workers": "3", "server-id": "0102030405060708090a0b0c0d0e0f"})
    for _ in range(4):
        rebind_in_the_middle(s)
    eq(s.stat("stateless_resets"), 0)


@test
@mark("moves")
def retry_with_workers():
    """Retry and several workers: the second Initial reaches the worker that sent the Retry"""
    s = Service(service={"workers": "4", "retry-threshold": "always"})
    for _ in range(8):
        eq(quicc(s, data=b"x").out, b"x")
    # A client that sends its Initial again, on a slow machine, gets another one.
    assert s.stat("retries") >= 8
    eq(s.stat("handshakes_completed"), 8)


@test
def offloads_off():
    """without GSO, GRO, ECN and path MTU discovery it works as well"""
    s = Service(transport={"gso": "no", "gro": "no", "ecn": "no", "pmtud": "no"})
    data = pattern(5 << 20)
    assert quicc(s, data=data).out == data


@test
def congestion_controllers():
    """cubic, reno and bbr all carry data"""
    data = pattern(3 << 20)
    for cc in "cubic", "reno", "bbr":
        s = Service(transport={"congestion-control": cc})
        assert quicc(s, data=data).out == data, cc


def datagram_size(port, s):
    """The server's mean datagram while it sends 8 MB."""
    data = pattern(8 << 20)
    n, total = s.stat("sent_datagrams"), s.stat("sent_bytes")
    assert quicc(port, data=data).out == data
    return (s.stat("sent_bytes") - total) / (s.stat("sent_datagrams") - n)


@test
def path_mtu():
    """datagrams grow to what path and max-udp-payload allow; a narrow path is found, too"""
    s = Service()
    size = datagram_size(s.port, s)
    say("loopback: %d bytes a datagram" % size)
    assert size > 8000, size
    proxy = UdpProxy(s.port, mtu=1350)
    p = spawn_quicc(proxy.port)
    wait_for(lambda: proxy.largest == 1342, 20, "probe that fits")
    out, err = p.communicate(b"x" * 100000)
    proxy.stop()
    eq((p.returncode, len(out), proxy.largest), (0, 100000, 1342), err)
    for most in 1300, 1452, 9000:
        s = Service(transport={"max-udp-payload": most})
        size = datagram_size(s.port, s)
        assert most * 0.8 < size <= most, (most, size)
    s = Service(transport={"pmtud": "no"})
    size = datagram_size(s.port, s)
    assert 1000 < size <= 1200, size


@test
def small_answers_fill_trains():
    """many small answers go out in long trains: no packet that is nearly full ends one"""
    need("curl")
    root = lab.TMP / "small-answers"
    root.mkdir()
    (root / "f").write_bytes(pattern(1000))
    s = Service(service={"mode": "http3", "alpn": "h3"}, http3={"root": root}, transport={"max-udp-payload": 1452})

    def length():
        """Datagrams in a train while curl asks for 1,000 files. Without padding no train of such files has more than four."""
        n, trains = s.stat("sent_datagrams"), s.stat("sent_trains")
        url = "https://localhost:%d/f?[1-1000]" % s.port
        lab.sh(*command("localhost", s.port, lab.TMP / "ca.pem"), "-Z", "--parallel-max", "200", "-o", "/dev/null", url, timeout=60)
        return (s.stat("sent_datagrams") - n) / (s.stat("sent_trains") - trains)
    wait_for(lambda: length() > 4, 30, "long trains")


def traced(call, *options, **sections):
    """A service under strace, and a function that tells how many calls it has made."""
    s = Service(start=False, **sections)
    trace = s.logfile.with_suffix(".strace")
    s.logf = open(s.logfile, "ab")
    s.proc = subprocess.Popen(["strace", "-D", "-f", "-qq", "-o", str(trace), "-e", "trace=" + call, *options,
                               str(lab.BIN / "quicd"), "-c", str(s.conf)], stderr=s.logf,
                              # LeakSanitizer cannot work beside strace
                              env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
    Service.live.append(s)
    wait_for(lambda: "listening" in s.log() or s.proc.poll() is not None)
    if s.proc.poll() is not None:
        s.forget()
        raise Skip("strace cannot trace here")
    return s, lambda: trace.read_text().count(call + "(")


@test
def small_requests_are_gathered():
    """many small requests at once: rounds wait for more of them; one after the other: seldom, and never in other modes"""
    need("curl")
    need("strace")
    root = lab.TMP / "gathered"
    root.mkdir()
    (root / "f").write_bytes(pattern(1000))
    s, calls = traced("clock_nanosleep", service={"mode": "http3", "alpn": "h3", "log-level": "info"}, http3={"root": root})

    def naps(*how):
        """How often the worker waits while curl asks for 500 files."""
        before = calls()
        url = "https://localhost:%d/f?[1-500]" % s.port
        lab.sh(*command("localhost", s.port, lab.TMP / "ca.pem"), *how, "-o", "/dev/null", url, timeout=60)
        return calls() - before
    wait_for(lambda: naps("-Z", "--parallel-max", "10") > 10, 30, "waiting")
    n = naps()
    assert n < 20, n
    s, calls = traced("clock_nanosleep")
    eq(quicc(s, data=pattern(100000)).rc, 0)
    eq(calls(), 0)


@test
def gso_refused():
    """a device that refuses GSO: datagram by datagram from then on, said once"""
    need("strace")
    # Kernels from 6.11 on help such devices out, so strace stands in for one.
    s, _ = traced("sendmsg", "-e", "inject=sendmsg:error=EIO:when=40..45", transport={"max-udp-payload": "1452"})
    data = pattern(4 << 20)
    for _ in range(2):
        assert quicc(s, data=data).out == data
    eq(s.log().count("GSO refused by the device"), 1, s.log())


@test
def ecn_marks():
    """datagrams are sent as ECT(0), with ecn = no unmarked"""
    need("tcpdump")

    def marks(**transport):
        s = Service(transport=transport)
        seen = lab.TMP / (s.name + ".tcpdump")
        with open(seen, "wb") as out:
            p = subprocess.Popen(["tcpdump", "-i", "lo", "-nn", "-v", "-l", "udp src port %d" % s.port],
                                 stdout=out, stderr=subprocess.PIPE)
        if b"listening on" not in p.stderr.readline():
            p.kill()
            raise Skip("tcpdump cannot capture")
        eq(quicc(s, data=pattern(300000)).rc, 0)
        wait_for(lambda: seen.stat().st_size, 10, "output of tcpdump")
        settled(lambda: seen.stat().st_size)
        p.terminate()
        p.communicate()
        return re.findall(r"tos (0x\d+)", seen.read_text())

    seen = marks()
    assert seen.count("0x2") > len(seen) / 2, seen
    eq(set(marks(ecn="no")), {"0x0"})


@test
@mark("moves")
def key_update_and_migration():
    """a client that changes its keys, its connection ID and its address keeps its stream"""
    s = Service(service={"workers": "3"})
    proxy = UdpProxy(s.port)

    async def work(c):
        reader, writer = await c.create_stream()
        for i in range(6):
            before = s.stat("migrations")
            if i % 2:
                c._quic.request_key_update()
            else:
                proxy.rebind()
                c._quic.change_connection_id()
            writer.write(b"%d" % i)
            eq(await asyncio.wait_for(reader.readexactly(1), 10 * PATIENCE), b"%d" % i)
            for _ in range(100):
                if i % 2 or s.stat("migrations") > before:
                    break
                await asyncio.sleep(0.05)
            else:
                raise AssertionError("no migration")
        writer.write_eof()
        eq(await reader.read(), b"")

    aioquic_run(proxy.port, work)
    proxy.stop()
    eq(s.stat("migrations"), 3)
    eq(s.stat("stateless_resets"), 0)
