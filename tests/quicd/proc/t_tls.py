# SPDX-License-Identifier: GPL-2.0-or-later
"""ALPN, certificates, resumption."""
import contextlib
import os
import re
import select
import shutil
import signal
import subprocess
import time

from nqtest import lab
from nqtest.aio import aioquic_run
from nqtest.checks import eq
from nqtest.lab import cert, openssl, sh
from nqtest.poll import PATIENCE, wait_for
from nqtest.quicc import quicc
from nqtest.quicd import Service
from nqtest.suite import Skip, test

QUIC = {"v1": 1, "v2": 0x6b3343cf}


@test
def alpn_without_match():
    """no common protocol: TLS alert no_application_protocol, exit status 3"""
    s = Service(service={"alpn": "one, two"})
    for args in ({"alpn": "three"}, {"alpn": "on"}, {"alpn": None}):
        r = quicc(s, data=b"x", **args)
        eq(r.rc, 3, r.err)
        assert "No supported application protocol" in r.err, r.err
    eq(s.stat("handshakes_failed_alpn"), 3)


@test
def alpn_preference():
    """the server's order decides between several; * takes the client's first"""
    s = Service(service={"alpn": "one, two"})
    assert "ALPN one" in quicc(s, "-v", alpn="two,one").err
    names = ["protocol-%d" % i for i in range(20)] + ["x" * 31]
    s = Service(service={"alpn": ", ".join(names)})
    for offer in names[0], names[12], names[-1]:
        r = quicc(s, "-v", alpn="no," + offer, data=b"x")
        eq((r.rc, r.out), (0, b"x"), r.err)
        assert "ALPN %s\n" % offer in r.err
    r = quicc(s, "-v", alpn=",".join(names[18:10:-1]), data=b"x")
    assert "ALPN protocol-11\n" in r.err, r.err
    for bad in ",".join(names[:9]), "x" * 32:
        r = quicc(s, alpn=bad)
        eq((r.rc, "--alpn: " in r.err), (1, True), r.err)
    s = Service(service={"alpn": "*"})
    assert "ALPN whatever/9" in quicc(s, "-v", alpn="whatever/9,one").err
    eq(quicc(s, alpn=None).rc, 3)


@test
def certificate_by_sni():
    """several certificates, chosen by server name; the first one for other names"""
    a, b = cert("a.example"), cert("b.example")
    s = Service(tls={"cert": "%s, %s" % (a[0], b[0]), "key": "%s, %s" % (a[1], b[1])})
    for name in "a.example", "b.example":
        r = quicc(s, "-v", sni=name)
        eq(r.rc, 0, r.err)
        assert "CN=" + name in r.err
    for name in "B.Example", "b.example.":  # as a user may type it, and smbclient sends it
        r = quicc(s, "-v", "-k", sni=name, ca=False)
        assert "CN=b.example" in r.err, r.err
        wait_for(lambda: s.log().count("sni b.example") >= 2)
    r = quicc(s, "-v", "-k", sni="c.example", ca=False)
    assert "CN=a.example" in r.err
    r = quicc(s, sni="c.example")
    eq(r.rc, 3)
    assert "certificate refused" in r.err


@test
def address_is_no_server_name():
    """quicc sends no name if --sni is an address (RFC 6066, 3), and verifies the certificate against it"""
    s = Service()
    for name in "192.0.2.1", "192.0.2.1.", "2001:db8::1":
        r = quicc(s, "-k", sni=name, ca=False, data=b"x")
        eq((r.rc, r.out), (0, b"x"), r.err)
        r = quicc(s, sni=name)
        eq((r.rc, "certificate refused" in r.err), (3, True), r.err)
    eq(quicc(s, sni="127.0.0.1", data=b"x").out, b"x")
    eq(quicc(s, "-k", sni="192.0.2.1.example", ca=False, data=b"x").out, b"x")
    wait_for(lambda: "sni 192.0.2.1.example" in s.log())
    for line in s.log().splitlines():
        assert not re.search(r" sni (192\.0\.2\.1\.?|127\.0\.0\.1|2001:db8::1)( |,|$)", line), line


@test
def untrusted_certificate():
    """quicc refuses an unknown issuer with status 3; --insecure does not"""
    s = Service()
    eq(quicc(s, ca=False).rc, 3)
    wait_for(lambda: "handshake refused by the client: " in s.log())
    eq(s.stat("handshakes_failed_tls"), 1)
    eq(quicc(s, "--insecure", ca=False, data=b"x").out, b"x")


@test
def client_certificates():
    """client-cert = require: only with a certificate of the CA"""
    pem, key = cert("client.example")
    s = Service(tls={"client-ca": lab.TMP / "ca.pem", "client-cert": "require"})
    r = quicc(s, "--cert", pem, "--key", key, data=b"x")
    eq((r.rc, r.out), (0, b"x"), r.err)
    assert "client CN=client.example" in s.log()
    r = quicc(s, data=b"x")
    assert r.rc in (3, 5), (r.rc, r.err)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
              "-keyout", lab.TMP / "rogue.key", "-out", lab.TMP / "rogue.pem", "-subj", "/CN=rogue")
    r = quicc(s, "--cert", lab.TMP / "rogue.pem", "--key", lab.TMP / "rogue.key", data=b"x")
    assert r.rc in (3, 5), (r.rc, r.err)
    eq(s.stat("streams_opened"), 1)
    s = Service(tls={"client-ca": lab.TMP / "ca.pem", "client-cert": "request"})
    eq(quicc(s, data=b"x").out, b"x")


def s_client(s, pem, key, *args):
    """OpenSSL as client, with sessions in files; true if it got an echo."""
    p = subprocess.Popen(["openssl", "s_client", "-quic", "-connect", "127.0.0.1:%d" % s.port, "-alpn", "echo",
                          "-servername", "localhost", "-cert", str(pem), "-key", str(key), "-quiet", "-no_ign_eof",
                          *map(str, args)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        p.stdin.write(b"hello\n")
        p.stdin.flush()
        ready = select.select([p.stdout], [], [], 3 * PATIENCE)[0]
        got = os.read(p.stdout.fileno(), 100) if ready else b""
        with contextlib.suppress(BrokenPipeError):
            p.stdin.write(b"Q\n")  # ends it in good order, the session written
            p.stdin.flush()
        with contextlib.suppress(subprocess.TimeoutExpired):
            p.wait(1)
        return got == b"hello\n"
    finally:
        p.kill()
        p.wait()
        p.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            p.stdin.close()


@test
def resumption_of_a_client_certificate():
    """a ticket lets nobody in whose certificate has expired or whose CA has been replaced"""
    if b"-quic" not in sh("openssl", "s_client", "-help").stderr:
        raise Skip("this openssl has no QUIC")
    pem, key = cert("alice.example")
    ca = lab.TMP / "clients.pem"
    shutil.copy(lab.TMP / "ca.pem", ca)
    s = Service(tls={"client-ca": ca, "client-cert": "require", "tickets": "yes"})
    session = lab.TMP / "session"
    assert s_client(s, pem, key, "-sess_out", session) and session.exists(), s.log()
    assert s_client(s, pem, key, "-sess_in", session), s.log()
    eq(s.log().count("client CN=alice.example"), 2)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
              "-keyout", lab.TMP / "other-ca.key", "-out", ca, "-days", "2", "-subj", "/CN=Other CA")
    s.signal(signal.SIGHUP)
    wait_for(lambda: "certificates reloaded" in s.log())
    assert not s_client(s, pem, key, "-sess_in", session), s.log()
    shutil.copy(lab.TMP / "ca.pem", ca)
    s.signal(signal.SIGHUP)
    wait_for(lambda: s.log().count("certificates reloaded") == 2)
    short = lab.TMP / "short.pem"
    end = time.time() + 4 * PATIENCE
    openssl("req", "-new", "-key", key, "-out", lab.TMP / "short.csr", "-subj", "/CN=alice.example")
    openssl("x509", "-req", "-in", lab.TMP / "short.csr", "-CA", lab.TMP / "ca.pem", "-CAkey", lab.TMP / "ca.key",
              "-not_before", "20260101000000Z", "-not_after", time.strftime("%Y%m%d%H%M%SZ", time.gmtime(end)),
              "-out", short)
    assert s_client(s, short, key, "-sess_out", session), s.log()
    time.sleep(max(0, end + 1.5 - time.time()))
    assert not s_client(s, short, key, "-sess_in", session), s.log()
    assert "certificate is no longer valid" in s.log()


@test
def early_data():
    """--0rtt: accepted with early-data = yes, rejected and sent again without"""
    s = Service(tls={"early-data": "yes"})
    r = quicc(s, "--0rtt", "-v", data=b"early bird")
    eq((r.rc, r.out), (0, b"early bird"), r.err)
    assert "early data: accepted" in r.err and "resumed" in r.err, r.err
    for group in "SECP384R1", "FFDHE2048":  # the client's key share is of another one: HelloRetryRequest
        s = Service(tls={"early-data": "yes", "ciphers": "-GROUP-ALL:+GROUP-" + group})
        r = quicc(s, "--0rtt", "-v", data=b"early bird" * 1000)
        eq((r.rc, r.out), (0, b"early bird" * 1000), r.err)
        assert "early data: rejected" in r.err and "resumed" in r.err, r.err
    s = Service(tls={"tickets": "yes"})
    r = quicc(s, "--0rtt", "-v", data=b"early bird")
    eq((r.rc, r.out), (0, b"early bird"), r.err)
    assert "accepted" not in r.err, r.err
    s = Service()
    r = quicc(s, "--0rtt", data=b"x")
    eq(r.rc, 3)
    assert "no session ticket" in r.err


@test
def key_log_link():
    """root does not follow a link that the account of the service may have made"""
    if os.geteuid():
        raise Skip("not root")
    link, target = lab.TMP / "link.keys", lab.TMP / "target.keys"
    target.write_text("")
    link.symlink_to(target)
    s = Service(debug={"keylog": link})
    eq(quicc(s, data=b"x").rc, 0)
    assert target.read_text()
    s = Service(start=False, service={"user": "nobody"}, debug={"keylog": link})
    r = lab.sh(lab.BIN / "quicd", "-c", s.conf, timeout=20)
    assert r.returncode == 1 and b"keylog %s: Too many levels of symbolic links" % bytes(link) in r.stderr, r


@test
def key_log_only_by_option():
    """SSLKEYLOGFILE alone writes nothing; keylog does, with mode 0600"""
    env = lab.TMP / "env.keys"
    s = Service(env={"SSLKEYLOGFILE": str(env)})
    eq(quicc(s, data=b"x").rc, 0)
    assert not env.exists()
    s = Service(debug={"keylog": lab.TMP / "opt.keys"})
    eq(quicc(s, "--keylog", lab.TMP / "quicc.keys", data=b"x").rc, 0)
    ours = set((lab.TMP / "opt.keys").read_text().splitlines())
    theirs = set((lab.TMP / "quicc.keys").read_text().splitlines())
    assert any(line.startswith("CLIENT_TRAFFIC_SECRET_0 ") for line in ours), ours
    assert ours & theirs, "both ends log the same secrets"
    eq(oct(os.stat(lab.TMP / "opt.keys").st_mode & 0o777), "0o600")


@test
def qlog_only_by_option():
    """qlog-dir gets one file for each connection"""
    d = lab.TMP / "qlog"
    d.mkdir(exist_ok=True)
    s = Service(start=False, debug={"qlog-dir": d})
    r = sh(lab.BIN / "quicd", "-c", s.conf, "--check-config")
    if b"CVE-2026-40170" in r.stderr:
        eq(r.returncode, 1)
        return
    s.start()
    eq(quicc(s, data=b"x").rc, 0)
    files = wait_for(lambda: list(d.glob("*.sqlog")))
    eq(len(files), 1)
    wait_for(lambda: s.stat("connections") == 0)
    assert b'"qlog_' in files[0].read_bytes()


@test
def ciphers_and_key_updates():
    """each cipher in both versions: data both ways, key updates, forged packets between; CCM"""
    data = os.urandom(200000)

    async def work(c):
        async def echo():
            r, w = await c.create_stream()
            w.write(data)
            w.write_eof()
            eq(await r.read() == data, True)

        await echo()
        for _ in range(2):
            if c._quic._version == QUIC["v1"]:  # aioquic derives an update's keys by v1's label only
                c.request_key_update()
            await echo()
            d = bytes([0x40]) + c._quic._peer_cid.cid + os.urandom(1000)
            c._transport.sendto(d, c._quic._network_paths[0].addr)
            await echo()

    def run(name, version):
        from aioquic.tls import CipherSuite
        s = Service(transport={"versions": version})
        aioquic_run(s.port, work, cipher_suites=[CipherSuite[name]],
                    original_version=QUIC[version], supported_versions=[QUIC[version]])
        eq(s.stat("handshakes_completed"), 1)

    try:
        import aioquic  # noqa: F401
    except ImportError:
        raise Skip("python3-aioquic is not installed")
    for name in "AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256":
        for version in "v1", "v2":
            run(name, version)
    ccm = Service(tls={"ciphers": "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-CCM:"
                       "%DISABLE_TLS13_COMPAT_MODE"})
    eq(quicc(ccm, data=data).out == data, True)


@test
def libgcrypt_in_fips_mode():
    """in libgcrypt's FIPS mode packets are protected by GnuTLS alone"""
    s = Service(env={"LIBGCRYPT_FORCE_FIPS_MODE": "1"})
    if "libgcrypt is in FIPS mode" not in s.log():
        raise Skip("libgcrypt knows no such mode, or quicd is built without it")
    eq(quicc(s, data=b"x" * 100000).out, b"x" * 100000)
