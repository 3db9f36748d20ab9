# SPDX-License-Identifier: GPL-2.0-or-later
"""Shared by all process tests of one run: the programs, a directory, certificates."""
import os
import pathlib
import subprocess
import sys
import tempfile

from nqtest import where
from nqtest.certs import Authority
from nqtest.poll import PATIENCE

TOP = pathlib.Path(where.TOP)
BIN = TMP = authority = None


def setup(build=None):
    """BIN is the directory with quicd and quicc, TMP is a new one."""
    global BIN, TMP, authority
    BIN = pathlib.Path(build).resolve() if build else TOP / "build/quicd"
    if not (BIN / "quicd").exists():
        sys.exit("%s: no quicd; run make -C quicd first" % BIN)
    TMP = pathlib.Path(tempfile.mkdtemp(prefix="quicd-test-"))
    os.chmod(TMP, 0o755)
    authority = Authority(TMP, "/CN=Test CA")


def cert(name, host=None):
    """A certificate NAME.pem and key NAME.key for a host, signed by ca.pem; their paths."""
    if not (TMP / (name + ".pem")).exists():
        authority.issue(name, host or name, addresses=["127.0.0.1"], mode=0o644,
                        usage="serverAuth,clientAuth")
    return TMP / (name + ".pem"), TMP / (name + ".key")


def sh(*args, **kw):
    """Run a command; the CompletedProcess, whatever its status."""
    if "timeout" in kw:
        kw["timeout"] *= PATIENCE
    return subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          **kw)


def openssl(*args):
    r = sh("openssl", *args)
    assert r.returncode == 0, r.stderr.decode()


def sanitized():
    """Built with AddressSanitizer: memory figures mean nothing."""
    return b"libasan" in sh("ldd", BIN / "quicd").stdout


def staple(name, pem, days=7):
    """An OCSP response of the test's authority for a certificate."""
    serial = sh("openssl", "x509", "-in", pem, "-noout", "-serial").stdout.decode().strip().split("=")[1]
    index, request, out = (TMP / (name + x) for x in (".index", ".req", ".ocsp"))
    index.write_text("V\t391231235959Z\t\t%s\tunknown\t/CN=localhost\n" % serial)
    ca, key = TMP / "ca.pem", TMP / "ca.key"
    openssl("ocsp", "-issuer", ca, "-cert", pem, "-reqout", request, "-no_nonce")
    openssl("ocsp", "-index", index, "-CA", ca, "-rsigner", ca, "-rkey", key, "-reqin", request, "-respout", out, "-ndays", days)
    return out
