# SPDX-License-Identifier: GPL-2.0-or-later
"""Sockets that systemd has opened (ListenDatagram=)."""
import os
import re
import socket
import sys

from nqtest import lab
from nqtest.checks import eq
from nqtest.lab import sh
from nqtest.ports import free_port
from nqtest.quicc import quicc, quicc_cmd, spawn_quicc
from nqtest.quicd import Service
from nqtest.suite import Skip, test

# Opens sockets as systemd does, and becomes quicd: family, type, address, port of each in the first argument.
MANAGER = """
import os, socket, sys
keep = []
for item in sys.argv[1].split():
    family, kind, host, port, only = item.split("|")
    s = socket.socket(getattr(socket, family), getattr(socket, kind))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if family == "AF_INET6":
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(only))
    s.bind((host, int(port)))
    keep.append(s)
high = [os.dup(s.fileno()) for s in keep]
for s in keep:
    s.detach()
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i, inheritable=True)
os.environ.update(LISTEN_FDS=str(len(high)), LISTEN_PID=str(os.getpid()),
                  LISTEN_FDNAMES=":".join("quicd-%d.socket" % i for i in range(len(high))))
os.execv(sys.argv[2], sys.argv[2:])
"""


def manager(*sockets):
    """A command that runs quicd with these sockets."""
    # High descriptors first, so that none is overwritten before it was moved.
    raise_all = "import resource, os\nfor i in range(40): os.open('/dev/null', os.O_RDONLY)\n"
    return [sys.executable, "-c", raise_all + MANAGER, " ".join("|".join(map(str, s)) for s in sockets)]


def udp4(port, host="127.0.0.1"):
    return "AF_INET", "SOCK_DGRAM", host, port, 0


def refused(s, *sockets):
    r = sh(*manager(*sockets), lab.BIN / "quicd", "-c", s.conf, timeout=20)
    eq(r.returncode, 1)
    return r.stderr.decode()


@test
def sockets_of_systemd():
    """one socket or one for each worker; their packets reach the worker, also after an upgrade"""
    for workers in 1, 3:
        s = Service(start=False, service={"workers": workers})
        s.start(command=manager(*[udp4(s.port)] * workers))
        for _ in range(3 * workers):
            eq(quicc(s, data=b"x").out, b"x")
        p = spawn_quicc(s)
        p.stdin.write(b"1")
        p.stdin.flush()
        eq(p.stdout.read(1), b"1")
        inodes = udp_inodes(s.pid())
        eq(len(inodes), workers)
        assert s.upgrade(), s.log()
        eq(udp_inodes(s.pid()), inodes)
        out, err = p.communicate(b"2")
        eq((p.returncode, out), (0, b"2"), err)
        eq(quicc(s, data=b"x").out, b"x")


def udp_inodes(pid):
    """The UDP sockets of a process."""
    udp = {line.split()[9] for f in ("udp", "udp6") for line in open("/proc/%d/net/%s" % (pid, f)).readlines()[1:]}
    links = [os.readlink("/proc/%d/fd/%s" % (pid, fd)) for fd in os.listdir("/proc/%d/fd" % pid)]
    return udp & {m.group(1) for m in map(re.compile(r"socket:\[(\d+)\]").fullmatch, links) if m}


@test
def sockets_of_both_families():
    """*:port in the file, with a socket of systemd for each family, or for one of them"""
    if not os.path.exists("/proc/net/if_inet6"):
        raise Skip("no IPv6")
    for families in 1, 2:
        port = free_port()
        s = Service(start=False, service={"listen": "*:%d" % port})
        s.start(command=manager(*[udp4(port, "0.0.0.0"), ("AF_INET6", "SOCK_DGRAM", "::", port, 1)][:families]))
        eq(quicc(port, data=b"four").out, b"four")
        r = sh(*[c.replace("127.0.0.1:", "[::1]:") for c in quicc_cmd(port)], input=b"six", timeout=20)
        eq((r.returncode, r.stdout), (0, b"six"), s.log())
        s.stop()


@test
def sockets_that_do_not_fit():
    """another address, too few for the workers, TCP, both families in one: each is named"""
    s = Service(start=False, service={"workers": "2"})
    other = free_port()
    text = refused(s, udp4(s.port), udp4(s.port), udp4(other))
    assert "quicd-2.socket of systemd, 127.0.0.1:%d, is not among the addresses of listen" % other in text, text
    text = refused(s, udp4(s.port))
    assert "systemd passes 1 sockets for 127.0.0.1:%d, but there are 2 workers" % s.port in text, text
    assert re.search(r"%s:\d+: " % re.escape(str(s.conf)), text), text
    text = refused(s, udp4(s.port), ("AF_INET", "SOCK_STREAM", "127.0.0.1", s.port, 0))
    assert "quicd-1.socket of systemd is not a UDP socket" in text, text
    if os.path.exists("/proc/net/if_inet6"):
        s = Service(start=False, service={"listen": "[::]:%d" % s.port})
        text = refused(s, ("AF_INET6", "SOCK_DGRAM", "::", s.port, 0))
        assert "BindIPv6Only=ipv6-only" in text, text


@test
def example_of_a_socket_unit():
    """examples/quicd/smb.socket opens what smb.conf listens on"""
    unit = (lab.TOP / "examples/quicd/smb.socket").read_text()
    conf = (lab.TOP / "examples/quicd/smb.conf").read_text()
    port = re.search(r"^listen = \*:(\d+)$", conf, re.M).group(1)
    eq(re.findall(r"^ListenDatagram=(.*)$", unit, re.M), ["0.0.0.0:" + port, "[::]:" + port])
    assert "BindIPv6Only=ipv6-only\n" in unit and "ReusePort=yes\n" in unit
