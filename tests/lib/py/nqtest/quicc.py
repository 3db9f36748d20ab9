# SPDX-License-Identifier: GPL-2.0-or-later
"""quicc, the client of the project."""
import subprocess

from nqtest import lab
from nqtest.lab import sh
from nqtest.poll import PATIENCE
from nqtest.quicd import Service


class Result:
    def __init__(self, rc, out, err):
        self.rc, self.out, self.err = rc, out, err.decode(errors="replace")


def quicc_cmd(port, *args, alpn="echo", ca=True, sni="localhost"):
    cmd = [lab.BIN / "quicc", "--timeout", int(10 * PATIENCE)]
    if alpn:
        cmd += ["--alpn", alpn]
    if ca:
        cmd += ["--ca", lab.TMP / "ca.pem"]
    if sni:
        cmd += ["--sni", sni]
    return [str(c) for c in cmd + list(args) + ["127.0.0.1:%d" % port]]


def quicc(port, *args, data=b"", timeout=60, **kw):
    if isinstance(port, Service):
        port = port.port
    r = sh(*quicc_cmd(port, *args, **kw), input=data, timeout=timeout)
    return Result(r.returncode, r.stdout, r.stderr)


def spawn_quicc(port, *args, **kw):
    if isinstance(port, Service):
        port = port.port
    return subprocess.Popen(quicc_cmd(port, *args, **kw), stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
