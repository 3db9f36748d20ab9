# SPDX-License-Identifier: GPL-2.0-or-later
"""quicd behind stock rules for UDP port 443 that know its server ID, in namespaces of their own."""
import asyncio
import contextlib
import os
import re
import ssl
import subprocess
import time

from nqtest import lab
from nqtest.checks import eq, pattern
from nqtest.lab import sh
from nqtest.netns import Ns, veth
from nqtest.poll import PATIENCE, wait_for
from nqtest.quicc import quicc_cmd
from nqtest.quicd import Service
from nqtest.suite import Skip, mark, need, test
from nqtest.udpproxy import UdpProxy

# 8443 is 20fb. Raw payload reads the server ID here, so that the module is not needed.
FORMS = {"stateless": """
table inet quic {
	chain pre {
		type filter hook prerouting priority raw;
		udp dport 443 @th,64,1 0 @th,72,3 0 counter udp dport set @th,80,16 map { 0x20fb : 8443 } notrack accept
		udp dport 443 @th,64,1 1 counter udp dport set 8443 notrack accept
		udp dport 443 drop
	}
	chain answer {
		type filter hook output priority raw;
		udp sport 8443 counter notrack udp sport set 443
	}
}""", "nat": """
table inet quic {
	chain pre {
		type nat hook prerouting priority dstnat;
		udp dport 443 @th,64,1 1 counter redirect to :8443
		udp dport 443 @th,64,1 0 @th,72,3 0 counter redirect to :@th,80,16 map { 0x20fb : 8443 }
	}
	chain post {
		type nat hook postrouting priority srcnat;
		udp sport 8443 counter snat to :443
	}
}"""}


@contextlib.contextmanager
def namespaces():
    """A client's and a server's, joined."""
    need("nft")
    with contextlib.ExitStack() as stack:
        try:
            c, s = Ns("c"), Ns("s")
            stack.callback(c.delete)
            stack.callback(s.delete)
            veth(c, s)
        except RuntimeError as e:
            raise Skip("no network namespaces: %s" % e)
        yield c, s


def load(rules):
    r = subprocess.run(["nft", "-f", "-"], input=rules, text=True, capture_output=True)
    if "Operation not supported" in r.stderr:
        raise Skip("this kernel takes no rules: %s" % r.stderr.splitlines()[0])
    eq(r.returncode, 0, r.stderr)


@contextlib.contextmanager
def behind_rules(form):
    """Both namespaces, and quicd on port 8443 behind the rules."""
    with namespaces() as (c, s):
        with s:
            load(FORMS[form])
            service = Service(service={"listen": "*:8443", "secret-file": lab.TMP / "rules.secret"})
        yield c, s, service
        if service in Service.live:
            service.finish()


def packets(ns, words):
    """The counter of the rule with these words."""
    (line,) = [x for x in ns.run("nft list table inet quic").splitlines() if words in x]
    return int(line.split("counter packets ")[1].split()[0])


def made_up_packet(cid):
    """With a short header; nobody has the key of the rest."""
    return b"\x40" + cid + os.urandom(80)


@test
@mark("moves")
def reset_comes_from_port_443():
    """a stateless reset for a packet that rules sent to the private port, IPv4 and IPv6, both forms"""
    for form in FORMS:
        with behind_rules(form) as (c, _, service):
            for host, own in ("10.0.0.2", "10.0.0.1"), ("fd00::2", "fd00::1"):
                tokens = set()
                for _ in range(2):
                    # Both have the same ID, and so the same token, which ends the packet.
                    cid = b"\x0c\x20\xfb" + bytes(range(10))
                    sock = c.udp(own)
                    sock.connect((host, 443))  # takes nothing from other ports
                    sock.settimeout(5 * PATIENCE)
                    packet = made_up_packet(cid)
                    sock.send(packet)
                    answer = sock.recv(2048)
                    sock.close()
                    assert len(answer) < len(packet) and answer[0] >> 6 == 1, answer.hex()
                    tokens.add(answer[-16:])
                eq(len(tokens), 1)
                sock = c.udp(own)
                sock.connect((host, 443))
                sock.settimeout(0.2)
                for cid in b"\x0c\x20\xfc" + bytes(10), b"\xec\x20\xfb" + bytes(10):
                    with contextlib.suppress(TimeoutError, ConnectionRefusedError):  # port 443 is closed
                        sock.send(made_up_packet(cid))
                        raise AssertionError("%s: an answer to another server's ID: %r" % (form, sock.recv(2048)))
                sock.close()
            eq(service.stat("stateless_resets"), 4, form)


def quicc_in(ns, *args, data=b"", host="10.0.0.2", stdin=None):
    cmd = quicc_cmd(443, *args)
    cmd[-1] = "%s:443" % host
    with ns:
        if stdin:
            return subprocess.Popen(cmd, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return sh(*cmd, input=data, timeout=60)


@test
@mark("moves")
def moves_behind_rules():
    """by its server ID a connection survives whatever port it moves to, and a lost one is reset at once"""
    data = pattern(3 << 20)
    for form in FORMS:
        with behind_rules(form) as (c, s, service):
            c.run("ip addr add 10.0.0.3/24 dev eth0")
            for args in (["--rebind", "100k,1M"], ["--migrate", "100k,1M"], ["--rebind", "handshake,100k"],
                         ["--bind", "10.0.0.1:0,10.0.0.3:0", "--rebind", "1M"]):
                r = quicc_in(c, *args, data=data)
                eq((r.returncode, r.stdout == data), (0, True), "%s %s: %r" % (form, args, r.stderr))
            eq(service.stat("stateless_resets"), 0, form)
            assert packets(s, "@th,80,16 map") >= 5, form
            with quicc_in(c, stdin=subprocess.PIPE) as p:
                p.stdin.write(b"a")
                p.stdin.flush()
                eq(p.stdout.read(1), b"a")
                service.kill()
                with s:
                    service.start()
                with contextlib.suppress(BrokenPipeError):
                    p.stdin.write(b"b")
                    p.stdin.flush()
                begin = time.monotonic()
                eq(p.wait(20 * PATIENCE), 5, form)
                assert b"stateless reset" in p.stderr.read(), form
                assert time.monotonic() - begin < 5 * PATIENCE, form
                with contextlib.suppress(BrokenPipeError):
                    p.stdin.close()


NGINX = """daemon off;
worker_processes 1;
pid {d}/pid;
error_log {d}/error.log info;
user root;
events {{ worker_connections 64; }}
http {{
	access_log off;
	client_body_temp_path {d}/body;
	proxy_temp_path {d}/proxy;
	fastcgi_temp_path {d}/fastcgi;
	uwsgi_temp_path {d}/uwsgi;
	scgi_temp_path {d}/scgi;
	server {{
		listen 0.0.0.0:4433 quic reuseport;
		ssl_protocols TLSv1.3;
		ssl_certificate {cert};
		ssl_certificate_key {key};
		root {d};
	}}
}}
"""


def download_and_rebind(ns, path):
    """The file by HTTP/3 from port 443, over a path that changes in the middle; also later connections' IDs."""
    from aioquic.asyncio import connect
    from aioquic.h3.connection import H3_ALPN
    from aioquic.quic.configuration import QuicConfiguration
    from nqtest.h3client import Client, request

    config = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN, server_name="localhost",
                               verify_mode=ssl.CERT_NONE)

    async def go():
        proxy = UdpProxy(443, host="10.0.0.2")
        async with connect("127.0.0.1", proxy.port, configuration=config, create_protocol=Client) as c:
            sid = c.stream()
            c.headers(sid, request(path=path), end=True)
            await c.until(lambda: len(c.body.get(sid, b"")) > 1 << 19)
            proxy.rebind()
            await c.until(lambda: sid in c.ended, 20)
            proxy.stop()
            return c.body[sid], bytes(c._quic._peer_cid.cid)

    with ns:
        return asyncio.run(go())


@test
@mark("moves")
def nginx_by_its_cookie():
    """examples/nginx-cookie: a client of nginx moves in the middle of a download, also after a restart"""
    for program in "nginx", "ss":
        need(program)
    try:
        import aioquic.h3.connection  # noqa: F401
    except ImportError:
        raise Skip("python3-aioquic is not installed")
    example = lab.TOP / "examples/nginx-cookie"
    # Without the module a name cannot be read: all that opens a connection goes to nginx. The ID is
    # read where it is in a short header, and in a long one with an ID of 20 bytes.
    rules = (example / "nginx-cookie.nft").read_text()
    for what, raw in (r"udp dport 443 quic sni \S+", "udp dport 443 @th,64,1 1 @th,66,2 0"), \
                     (r"typeof quic dcid,64", "typeof @th,72,64"), \
                     (r"(udp dport 443) (udp dport set) quic dcid,64 (.*)",
                      r"\1 @th,64,1 0 \2 @th,72,64 \3\n\1 @th,64,1 1 @th,104,8 20 \2 @th,112,64 \3"):
        rules, count = re.subn(what, raw, rules)
        eq(count, 1, what)
    d = lab.TMP / "nginx"
    d.mkdir()
    where = str(d / "cookie.nft")
    env = dict(os.environ, NGINX_COOKIE_FILE=where)
    data = pattern(3 << 20)
    (d / "file").write_bytes(data)
    cert, key = lab.cert("localhost")
    (d / "nginx.conf").write_text(NGINX.format(d=d, cert=cert, key=key))
    with namespaces() as (c, s):
        for ordinal in "first", "second":
            with s, subprocess.Popen(["nginx", "-e", "stderr", "-c", str(d / "nginx.conf")],
                                     stderr=subprocess.PIPE) as p:
                try:
                    wait_for(lambda: b":4433" in sh("ss", "-Hlun").stdout, 10, "nginx")
                    r = subprocess.run([example / "nginx-cookie", "4433"], env=env, capture_output=True, text=True)
                    eq((r.returncode, "not loaded" in r.stderr), (0, ordinal == "first"), r.stderr)
                    if ordinal == "first":
                        load(rules.replace("/run/nginx-cookie*.nft", where))
                    body, cid = download_and_rebind(c, "/file")
                    (cookie,) = re.findall(r"sk:([0-9a-f]+)", sh("ss", "-Hlune", "sport = :4433").stdout.decode())
                    eq((body == data, cid[:8].hex()), (True, cookie.rjust(16, "0")), ordinal)
                finally:
                    p.terminate()
