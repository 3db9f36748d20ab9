# SPDX-License-Identifier: GPL-2.0-or-later
"""Standard input, output and error that are closed, broken or a terminal."""
import fcntl
import os
import pty
import signal
import subprocess

from nqtest import lab
from nqtest.checks import eq
from nqtest.lab import sh
from nqtest.poll import wait_for
from nqtest.quicc import quicc, quicc_cmd
from nqtest.quicd import Service
from nqtest.suite import test


def by_shell(port, redirection):
    """quicc with what a shell does to its descriptors; returns its status and the rest."""
    r = sh("sh", "-c", 'exec "$@" ' + redirection, "sh", *quicc_cmd(port), timeout=20)
    return r.returncode, r.stdout, r.stderr.decode()


@test
def quicc_without_descriptors():
    """closed: no input is an empty one, output that cannot be written is an error"""
    s = Service()
    eq(by_shell(s.port, "<&-"), (0, b"", ""), "no stdin")
    eq(by_shell(s.port, "2>&- </dev/null"), (0, b"", ""), "no stderr")
    with open(lab.TMP / "input", "wb") as f:
        f.write(b"hello")
    rc, _, err = by_shell(s.port, ">&- <%s" % f.name)
    eq((rc, "standard output: Bad file descriptor" in err), (1, True), err)
    rc, _, err = by_shell(s.port, "<%s" % lab.TMP)
    eq((rc, "standard input: Is a directory" in err), (1, True), err)
    rc, _, err = by_shell(s.port, "</dev/zero | head -c 9 >/dev/null")
    assert "standard output: Broken pipe" in err, err


@test
def quicd_without_descriptors():
    """closed: no line of the log gets into the key log or a socket"""
    s = Service(start=False, debug={"keylog": lab.TMP / "keys"})
    with subprocess.Popen(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", lab.BIN / "quicd", "-c", s.conf]) as p:
        try:
            wait_for(lambda: (lab.TMP / "keys").exists() and quicc(s, data=b"x").out == b"x", 10)
            for fd in "012":
                eq(os.readlink("/proc/%d/fd/%s" % (p.pid, fd)), "/dev/null")
            assert b"quicd" not in (lab.TMP / "keys").read_bytes()
        finally:
            p.send_signal(signal.SIGTERM)


@test
def quicc_on_a_terminal():
    """the terminal is left as it was, also after Ctrl-C"""
    s = Service()
    for end in b"\x04", b"\x03":
        master, slave = pty.openpty()
        before = fcntl.fcntl(slave, fcntl.F_GETFL)
        # A process in the background of a shell ignores Ctrl-C, and its children inherit that.
        p = subprocess.Popen(["env", "--default-signal=INT", "setsid", "--ctty", "--wait"] + quicc_cmd(s.port),
                             stdin=slave, stdout=slave, stderr=subprocess.PIPE)
        os.write(master, b"hello\n")
        seen = b""
        while seen.count(b"hello") < 2:  # the terminal's own echo, and the service's
            seen += os.read(master, 100)
        os.write(master, end)
        p.wait(10)
        eq(fcntl.fcntl(slave, fcntl.F_GETFL), before, "flags after %r" % end)
        os.close(master)
        os.close(slave)
        p.stderr.close()
