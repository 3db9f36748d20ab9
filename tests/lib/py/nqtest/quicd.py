# SPDX-License-Identifier: GPL-2.0-or-later
"""quicd as a process."""
import os
import pathlib
import signal
import subprocess

from nqtest import lab
from nqtest.poll import PATIENCE, until, wait_for
from nqtest.ports import free_port


class Service:
    """A running quicd; sections are dicts or lists of pairs."""
    live = []
    count = 0

    def __init__(self, start=True, wait=True, env=None, name=None, where=None, host="localhost", **sections):
        Service.count += 1
        self.name = name or "s%d" % Service.count
        self.port = free_port()
        where = pathlib.Path(where or lab.TMP)
        self.conf = where / (self.name + ".conf")
        self.control = where / (self.name + ".ctl")
        self.logfile = where / (self.name + ".log")
        service = {"listen": "127.0.0.1:%d" % self.port, "alpn": "echo", "mode": "echo",
                   "control": self.control, "log-level": "debug"}
        if PATIENCE > 1:
            service["handshake-timeout"] = "%ds" % (10 * PATIENCE)
        service.update(sections.pop("service", {}))
        pem, key = lab.cert(host)
        tls = {"cert": pem, "key": key}
        tls.update(sections.pop("tls", {}))
        with open(self.conf, "w") as f:
            for section, keys in dict(service=service, tls=tls, **sections).items():
                f.write("[%s]\n" % section)
                pairs = keys.items() if hasattr(keys, "items") else keys
                f.writelines("%s = %s\n" % kv for kv in pairs if kv[1] is not None)
        self.env = env
        self.proc = None
        if start:
            self.start(wait)

    def start_with(self, before):
        """Starts it behind a command of the shell, such as ulimit."""
        return self.start(command=["sh", "-c", before + '; exec "$0" "$@"'])

    def start(self, wait=True, command=()):
        self.logf = open(self.logfile, "ab")
        before = self.log().count("listening on")
        self.proc = subprocess.Popen([*command, str(lab.BIN / "quicd"), "-c", str(self.conf)], stderr=self.logf,
                                     env=dict(os.environ, **(self.env or {})))
        Service.live.append(self)
        if wait:
            wait_for(lambda: self.log().count("listening on") > before or self.proc.poll() is not None, 20,
                     "start of quicd")
            assert self.proc.poll() is None, self.log()
        return self

    def log(self):
        return self.logfile.read_text(errors="replace") if self.logfile.exists() else ""

    def ask(self, what="status"):
        r = lab.sh(lab.BIN / "quicd", "-c", self.conf, "--" + what)
        assert r.returncode == 0, r.stderr
        return r.stdout.decode()

    def stat(self, name):
        for line in self.ask().splitlines():
            k, _, v = line.partition(": ")
            if k == name:
                return int(v)
        raise AssertionError("no %s in status" % name)

    def rss(self):
        for line in open("/proc/%d/status" % self.proc.pid):
            if line.startswith("VmRSS"):
                return int(line.split()[1]) * 1024
        return 0

    def fds(self):
        return len(os.listdir("/proc/%d/fd" % self.proc.pid))

    def signal(self, sig):
        self.proc.send_signal(sig)

    def stop(self, seconds=40):
        """SIGTERM; returns the exit status."""
        self.proc.send_signal(signal.SIGTERM)
        rc = self.proc.wait(seconds)
        self.forget()
        return rc

    def forget(self):
        if self in Service.live:
            Service.live.remove(self)
            self.logf.close()

    def finish(self):
        """Ends in good order, so that a sanitizer can report leaks; fails if one reported."""
        if self.proc.poll() is None:
            # The second signal ends what the first one lets finish.
            self.proc.send_signal(signal.SIGTERM)
            if not until(lambda: self.proc.poll() is not None, 0.05):
                self.proc.send_signal(signal.SIGTERM)
            rc = self.proc.wait(20 * PATIENCE)
            assert rc == 0, "quicd ended with %d" % rc
        for word in "AddressSanitizer", "LeakSanitizer", "runtime error":
            assert word not in self.log(), word
        self.forget()

    def kill(self):
        if self.proc and self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()
        self.forget()
