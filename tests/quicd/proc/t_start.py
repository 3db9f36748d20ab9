# SPDX-License-Identifier: GPL-2.0-or-later
"""Starting, and refusing to start: the message says what is wrong and the status is 1."""
import os
import re
import socket

from nqtest import lab
from nqtest.checks import eq
from nqtest.lab import cert, sanitized, sh
from nqtest.pages import blocks
from nqtest.ports import free_port
from nqtest.quicc import quicc, quicc_cmd
from nqtest.quicd import Service
from nqtest.suite import Skip, need, test


def refused(s, *words):
    """Does not start, and says why with the line of the configuration."""
    r = sh(lab.BIN / "quicd", "-c", s.conf, timeout=20)
    eq(r.returncode, 1, "exit status")
    assert re.search(rb"^quicd: error: %s:\d+: " % re.escape(bytes(s.conf)), r.stderr), r.stderr
    for w in words:
        assert str(w).encode() in r.stderr, (w, r.stderr)


@test
def start_without_certificate():
    """a missing certificate or key is named"""
    refused(Service(start=False, tls={"cert": "/nonexistent/c.pem"}),
            "certificate /nonexistent/c.pem: No such file")
    refused(Service(start=False, tls={"key": "/nonexistent/k.pem"}),
            "key /nonexistent/k.pem: No such file")
    pem, key = cert("localhost")
    s = Service(start=False)
    with open(s.conf, "a") as f:  # a second pair, in lines of its own
        f.write("cert = /nonexistent/c2.pem\nkey = %s\n" % key)
    refused(s, "s.conf:10: certificate /nonexistent/c2.pem".replace("s.conf", s.conf.name))


@test
def start_with_mismatched_key():
    """a key of another certificate is refused"""
    _, key = cert("other.example")
    refused(Service(start=False, tls={"key": key}), "certificate", key)


@test
def start_on_port_in_use():
    """a port in use is named with file and line, also against another quicd"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
        u.bind(("127.0.0.1", 0))
        port = u.getsockname()[1]
        s = Service(start=False, service={"listen": "127.0.0.1:%d" % port})
        refused(s, "%s:2: listen 127.0.0.1:%d: Address already in use" % (s.conf, port))
    a = Service()
    b = Service(start=False, service={"listen": "127.0.0.1:%d" % a.port, "workers": "2"})
    refused(b, "Address already in use")
    eq(quicc(a, data=b"x").out, b"x")


@test
def start_with_bad_paths():
    """control socket, secret file, client CA, user: each failure is named"""
    refused(Service(start=False, service={"control": "/nonexistent/x"}), "control /nonexistent/x")
    refused(Service(start=False, service={"secret-file": "/nonexistent/x"}),
            "secret-file /nonexistent/x")
    short = lab.TMP / "short.secret"
    short.write_bytes(b"too short")
    refused(Service(start=False, service={"secret-file": short}), "does not hold 32 octets")
    refused(Service(start=False, tls={"client-ca": "/nonexistent", "client-cert": "require"}),
            "client-ca /nonexistent")
    refused(Service(start=False, service={"user": "no-such-user"}),
            "user no-such-user: does not exist")
    refused(Service(start=False, tls={"ciphers": "+NONSENSE"}), "ciphers")
    refused(Service(start=False, tls={"ciphers": "-GROUP-ALL"}), "ciphers = -GROUP-ALL: leaves no")
    refused(Service(start=False, tls={"ciphers": "+VERS-TLS1.2"}), "only TLS 1.3 is allowed")
    # Each of them, not only the first.
    refused(Service(start=False, tls={"cert": "/n/c1 /n/c2", "key": "/n/k1 /n/k2", "ciphers": "+NONSENSE"}),
            "certificate /n/c1", "certificate /n/c2", "ciphers")
    s = Service(start=False)
    s.conf.write_bytes(s.conf.read_bytes() + b"[debug]\nkeylog = /tmp/a\0b\n")
    refused(s, ":11: holds a NUL octet")


@test
def check_config():
    """--check-config: 0 for a good file, 1 with every mistake, and no port is opened"""
    s = Service()
    r = sh(lab.BIN / "quicd", "-c", s.conf, "--check-config")
    eq((r.returncode, r.stdout), (0, b"%s: ok\n" % str(s.conf).encode()))
    bad = Service(start=False, service={"colour": "red", "workers": "x"})
    r = sh(lab.BIN / "quicd", "-c", bad.conf, "--check-config")
    eq(r.returncode, 1)
    # Nor is any file made: it would belong to the one who checked.
    secret, keylog = lab.TMP / "check.secret", lab.TMP / "check.keylog"
    good = Service(start=False, service={"secret-file": secret, "control": lab.TMP / "check.ctl"},
                   debug={"keylog": keylog})
    before = sorted(os.listdir(lab.TMP))
    eq(sh(lab.BIN / "quicd", "-c", good.conf, "--check-config").returncode, 0)
    eq(sorted(os.listdir(lab.TMP)), before)
    # A directory that is not there, unless systemd may make it.
    for keys in {"service": {"control": "/nonexistent/x"}}, {"service": {"secret-file": "/nonexistent/x"}}, \
            {"debug": {"keylog": "/nonexistent/x"}}:
        r2 = sh(lab.BIN / "quicd", "-c", Service(start=False, **keys).conf, "--check-config")
        eq((r2.returncode, b" = /nonexistent/x: /nonexistent: No such" in r2.stderr), (1, True), r2.stderr)
    later = Service(start=False, service={"control": "/run/none/x", "secret-file": "/var/lib/none/x"})
    eq(sh(lab.BIN / "quicd", "-c", later.conf, "--check-config").returncode, 0)
    nobody = Service(start=False, service={"user": "no-such-user"})
    n = sh(lab.BIN / "quicd", "-c", nobody.conf, "--check-config")
    eq((n.returncode, b"user no-such-user: does not exist" in n.stderr), (1, True), n.stderr)
    assert b":7: unknown key \"colour\"" in r.stderr and b"workers = x" in r.stderr, r.stderr


@test
def examples_are_valid():
    """every configuration in examples/quicd and in a manual page or document passes --check-config, with files that exist"""
    pem, key = cert("localhost")
    found = [(path.name, path.read_text()) for path in sorted((lab.TOP / "examples/quicd").glob("*.conf"))]
    assert len(found) > 4
    pages = [lab.TOP / "README.md", *sorted((lab.TOP / "docs").glob("*.md")), *sorted((lab.TOP / "quicd/man").glob("*.[58]"))]
    shown = [(f"{page.name}:{line}", text) for page in pages for line, text in blocks(str(page)) if re.search(r"^\[service\]", text, re.M)]
    assert "quicd.conf.5" in [name.split(":")[0] for name, _ in shown], shown
    for n, (name, text) in enumerate(found + shown):
        for kind, real in ("cert", pem), ("key", key), ("ca", lab.TMP / "ca.pem"):
            text = re.sub(r"/etc/quicd/[\w.-]*\b%s\.pem" % kind, str(real), text)
        text = text.replace("/srv/www", str(lab.TMP))
        copy = lab.TMP / f"example{n}.conf"
        copy.write_text(text)
        r = sh(lab.BIN / "quicd", "-c", copy, "--check-config")
        eq((r.returncode, r.stderr), (0, b""), name)


@test
def usage_errors():
    """wrong usage exits with 2, --help and --version with 0"""
    eq(sh(lab.BIN / "quicd").returncode, 2)
    eq(sh(lab.BIN / "quicd", "--nonsense").returncode, 2)
    eq(sh(lab.BIN / "quicd", "-h").returncode, 0)
    assert b"ngtcp2" in sh(lab.BIN / "quicd", "-V").stdout
    eq(sh(lab.BIN / "quicd", "-c", "/nonexistent.conf").returncode, 1)


@test
def listen_without_ipv6():
    """*:port on a kernel without IPv6 serves IPv4; an IPv6 address by itself is refused"""
    need("cc")
    if sanitized():
        raise Skip("does not go with a preloaded library")
    shim = lab.TMP / "no6"
    shim.with_suffix(".c").write_text("""
#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
int socket(int family, int type, int protocol)
{
	if (family != AF_INET6)
		return syscall(SYS_socket, family, type, protocol);
	errno = EAFNOSUPPORT;
	return -1;
}
""")
    r = sh("cc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-o", shim, shim.with_suffix(".c"))
    eq(r.returncode, 0, r.stderr)
    port = free_port()
    s = Service(service={"listen": "*:%d" % port}, env={"LD_PRELOAD": str(shim)})
    eq(quicc(port, data=b"four").out, b"four")
    s.stop()
    s = Service(start=False, service={"listen": "[::1]:%d" % port})
    r = sh(lab.BIN / "quicd", "-c", s.conf, env=dict(os.environ, LD_PRELOAD=str(shim)), timeout=20)
    eq((r.returncode, b"not supported by protocol" in r.stderr), (1, True), r.stderr)


@test
def listen_on_both_families():
    """*:port answers on IPv4 and IPv6"""
    if not os.path.exists("/proc/net/if_inet6"):
        raise Skip("no IPv6")
    port = free_port()
    s = Service(service={"listen": "*:%d" % port})
    eq(quicc(port, data=b"four").out, b"four")
    cmd = [c.replace("127.0.0.1:", "[::1]:") for c in quicc_cmd(port)]
    r = sh(*cmd, input=b"six", timeout=20)
    eq((r.returncode, r.stdout), (0, b"six"), s.log())
