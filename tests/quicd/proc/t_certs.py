# SPDX-License-Identifier: GPL-2.0-or-later
"""Certificates in operation: their end as a metric and a warning, OCSP stapling, certbot's hook."""
import os
import re
import shutil
import signal
import time

from nqtest import lab
from nqtest.checks import eq
from nqtest.lab import cert, openssl, sh, staple
from nqtest.poll import wait_for
from nqtest.quicc import quicc
from nqtest.quicd import Service
from nqtest.suite import test


def short_lived(name, days):
    """A certificate for localhost that ends in so many days."""
    pem, key = lab.TMP / (name + ".pem"), lab.TMP / (name + ".key")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", pem, "-days", days,
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-CA", lab.TMP / "ca.pem", "-CAkey", lab.TMP / "ca.key")
    return pem, key


def ends(s, name):
    return {os.path.basename(f): int(v) for f, v in re.findall(r'^quicd_%s\{service="[^"]*",file="([^"]*)"\} (\d+)$' % name, s.ask("metrics"), re.M)}


@test
def expiry_is_told():
    """the end of each certificate is a metric; a warning at the start and at a reload, from 21 days before"""
    soon, late = short_lived("soon", 10), short_lived("late", 25)
    s = Service(tls={"cert": "%s, %s" % (soon[0], late[0]), "key": "%s, %s" % (soon[1], late[1])})
    now = time.time()
    eq({f: round((t - now) / 86400) for f, t in ends(s, "certificate_expiry_timestamp_seconds").items()}, {"soon.pem": 10, "late.pem": 25})
    warnings = [x for x in s.log().splitlines() if "warning: certificate" in x]
    assert len(warnings) == 1 and re.search(r"certificate \S+/soon.pem ends on \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, in (9|10) days", warnings[0]), warnings
    new = short_lived("new", 30)
    for i in range(2):
        shutil.copy(new[i], soon[i])
    s.signal(signal.SIGHUP)
    wait_for(lambda: "certificates reloaded" in s.log())
    eq(round((ends(s, "certificate_expiry_timestamp_seconds")["soon.pem"] - now) / 86400), 30)
    eq(s.log().count("warning: certificate"), 1)


@test
def ocsp_is_stapled():
    """the response of a file reaches clients, with its end as a metric; SIGHUP reads it again"""
    pem, key = cert("localhost")
    other, other_key = cert("other.example")
    ocsp = staple("first", pem)
    s = Service(tls={"cert": "%s, %s" % (pem, other), "key": "%s, %s" % (key, other_key), "ocsp": "%s, none" % ocsp})
    size = ocsp.stat().st_size
    assert "OCSP response: %d octets" % size in quicc(s, "-v", data=b"x").err
    assert "OCSP response" not in quicc(s, "-v", data=b"x", sni="other.example").err
    # A name in capitals is looked up by other means.
    assert "OCSP response: %d octets" % size in quicc(s, "-v", data=b"x", sni="LOCALHOST").err
    eq({f: round((t - time.time()) / 86400) for f, t in ends(s, "ocsp_expiry_timestamp_seconds").items()}, {"first.ocsp": 7})
    shutil.copy(staple("second", pem, 3), ocsp)
    s.signal(signal.SIGHUP)
    wait_for(lambda: "certificates reloaded" in s.log())
    eq(round((ends(s, "ocsp_expiry_timestamp_seconds")["first.ocsp"] - time.time()) / 86400), 3)
    ocsp.write_bytes(b"garbage")
    s.signal(signal.SIGHUP)
    wait_for(lambda: "the old certificates stay" in s.log())
    assert "OCSP response" in quicc(s, "-v", data=b"x").err


@test
def ocsp_that_does_not_fit():
    """a response that has ended, or is of the certificate before, is left out with a warning; the service runs"""
    pem, key = short_lived("renewed", 10)
    old = staple("old", pem)
    ended = old.read_bytes()
    # producedAt, thisUpdate, nextUpdate; quicd does not verify the signature.
    at = [m.start(1) for m in re.finditer(rb"\x18\x0f(\d{14}Z)", ended)][2]
    old.write_bytes(ended[:at] + b"2020" + ended[at + 4:])
    s = Service(tls={"cert": pem, "key": key, "ocsp": old})
    line = 1 + next(i for i, x in enumerate(s.conf.read_text().split("\n")) if x.startswith("ocsp"))
    warning = "warning: %s:%d: OCSP response %s for %s is not sent: " % (s.conf, line, old, pem)
    assert warning + "it has ended" in s.log(), s.log()
    r = quicc(s, "-v", data=b"x")
    assert r.out == b"x" and "OCSP response" not in r.err, r
    eq(ends(s, "ocsp_expiry_timestamp_seconds"), {"old.ocsp": 0})
    r = sh(lab.BIN / "quicd", "-c", s.conf, "--check-config")
    assert r.returncode == 0 and warning.encode() in r.stderr, r
    old.write_bytes(ended)
    new = short_lived("renewal", 20)
    for source, to in zip(new, (pem, key)):
        shutil.copy(source, to)
    s.signal(signal.SIGHUP)
    wait_for(lambda: "certificates reloaded" in s.log())
    eq(s.log().count(warning), 2)
    eq(round((ends(s, "certificate_expiry_timestamp_seconds")["renewed.pem"] - time.time()) / 86400), 20)
    # The response follows.
    shutil.copy(staple("followed", pem), old)
    s.signal(signal.SIGHUP)
    wait_for(lambda: s.log().count("certificates reloaded") == 2)
    assert "OCSP response" in quicc(s, "-v", data=b"x").err


@test
def ocsp_mistakes():
    """no response, no file, a list of another length: told with file and line"""
    pem, key = cert("localhost")
    rubbish = lab.TMP / "rubbish.ocsp"
    rubbish.write_bytes(b"rubbish")
    for value, text in ((rubbish, "OCSP response %s for %s" % (rubbish, pem)), ("/none/x", "OCSP response /none/x: No such file"),
                        ("none none", "1 certificates but 2 OCSP files")):
        s = Service(start=False, tls={"cert": pem, "key": key, "ocsp": value})
        line = 1 + next(i for i, x in enumerate(s.conf.read_text().split("\n")) if x.startswith("ocsp"))
        r = sh(lab.BIN / "quicd", "-c", s.conf, "--check-config")
        assert r.returncode == 1 and ("%s:%d: " % (s.conf, line)).encode() in r.stderr and text.encode() in r.stderr, r.stderr
    # The fault is of the first pair alone.
    s = Service(start=False, tls={"cert": "/none/c, %s" % pem, "key": "/none/k, %s" % key, "ocsp": "none, %s" % staple("good", pem)})
    r = sh(lab.BIN / "quicd", "-c", s.conf, "--check-config")
    assert r.returncode == 1 and b"certificate /none/c" in r.stderr and b"OCSP" not in r.stderr, r.stderr


@test
def certbot_hook():
    """the example hook brings a renewed pair in, and tells the services that have it, also after one that fails"""
    where = lab.TMP / "etc-quicd"
    live = lab.TMP / "live/www.example.org"
    bin_ = lab.TMP / "hook-bin"
    for d in where, live, bin_:
        d.mkdir(parents=True)
    pair = where / "www.example.org.cert.pem", where / "www.example.org.key.pem"
    for source, to in zip(cert("before.example"), pair):
        shutil.copy(source, to)
    s = Service(where=where, name="web", tls={"cert": pair[0], "key": pair[1]})
    (where / "other.conf").write_text("cert = /etc/quicd/other.cert.pem\n")
    (where / "broken.conf").write_text("cert = /etc/quicd/other.cert.pem, %s\n" % pair[0])
    (where / "former.conf").write_text("# cert = %s\n ;cert = %s\n" % (pair[0], pair[0]))
    for source, to in zip(cert("after.example"), ("fullchain.pem", "privkey.pem")):
        shutil.copy(source, live / to)
    # There is neither systemd nor the group here.
    (bin_ / "systemctl").write_text('#!/bin/sh\necho "$@" >>%s/asked\n[ "$2" != quicd@broken.service ] || exit 7\n'
                                    'kill -HUP %d\n' % (bin_, s.proc.pid))
    (bin_ / "install").write_text('#!/bin/sh\n[ "$3" != -g ] || [ "$4" != quicd ] || { m=$2; shift 4; set -- -m "$m" "$@"; }\n'
                                  'exec /usr/bin/install "$@"\n')
    for f in bin_.iterdir():
        f.chmod(0o755)
    env = dict(os.environ, PATH="%s:%s" % (bin_, os.environ["PATH"]), RENEWED_LINEAGE=str(live), QUICD_DIR=str(where))
    r = sh(lab.TOP / "examples/quicd/certbot-hook", env=env)
    eq((r.returncode, r.stderr), (7, b""))
    eq((bin_ / "asked").read_text(), "".join("try-reload-or-restart quicd@%s.service\n" % x for x in ("broken", "web")))
    eq([oct(p.stat().st_mode & 0o777) for p in pair], ["0o644", "0o640"])
    wait_for(lambda: quicc(s, data=b"x", sni="after.example").rc == 0)
