# SPDX-License-Identifier: GPL-2.0-or-later
"""quicd as a process."""
import os
import pathlib
import re
import signal
import subprocess

from nqtest import lab
from nqtest.poll import PATIENCE, until, wait_for
from nqtest.ports import free_port


def alive(pid):
    """True for a process that is more than a zombie."""
    try:
        return pathlib.Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


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
        self.heirs = []  # the processes after it, by upgrades; they are nobody's children
        if start:
            self.start(wait)

    def start_with(self, before):
        """Starts it behind a command of the shell, such as ulimit."""
        return self.start(command=["sh", "-c", before + '; exec "$0" "$@"'])

    def start(self, wait=True, command=(), program=None):
        self.logf = open(self.logfile, "ab")
        before = self.log().count("listening on")
        self.proc = subprocess.Popen([*command, str(program or lab.BIN / "quicd"), "-c", str(self.conf)], stderr=self.logf,
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
        for line in open("/proc/%d/status" % self.pid()):
            if line.startswith("VmRSS"):
                return int(line.split()[1]) * 1024
        return 0

    def fds(self):
        return len(os.listdir("/proc/%d/fd" % self.pid()))

    def descriptors(self):
        """A name for each: its file, or a socket's protocol and ports."""
        sockets = {}
        for kind in ("tcp", "udp", "unix"):
            for line in open("/proc/%d/net/%s" % (self.pid(), kind)).readlines()[1:]:
                word = line.split()
                if kind == "unix":
                    sockets[word[6]] = "unix " + " ".join(word[7:])
                else:
                    local, peer = (int(w.partition(":")[2], 16) for w in word[1:3])
                    sockets[word[9]] = "%s %d to %d" % (kind, local, peer)
        names = []
        for fd in os.scandir("/proc/%d/fd" % self.pid()):
            name = os.readlink(fd)
            names.append(sockets.get(name[8:-1], name) if name.startswith("socket:") else name)
        return sorted(names)

    def pid(self):
        """Of the newest process."""
        return self.heirs[-1] if self.heirs else self.proc.pid

    def signal(self, sig):
        if self.heirs:
            os.kill(self.pid(), sig)
        else:
            self.proc.send_signal(sig)

    def upgrade(self, seconds=20):
        """SIGUSR2; returns the pid of the new process, or None if the old one serves as before."""
        said = re.compile(r"replaced by process (\d+)|serves as before")
        before = len(said.findall(self.log()))
        self.signal(signal.SIGUSR2)
        wait_for(lambda: len(said.findall(self.log())) > before, seconds, "answer to SIGUSR2")
        pid = said.findall(self.log())[before]
        if not pid:
            return None
        self.heirs.append(int(pid))
        return self.heirs[-1]

    def running(self):
        """The pids of its processes that have not ended."""
        return [p for p in [self.proc.pid, *self.heirs] if alive(p)]

    def end_heirs(self):
        """Ends the processes after the first one, which end it, too."""
        for _ in range(2):
            if self.heirs and alive(self.pid()):
                os.kill(self.pid(), signal.SIGTERM)
        wait_for(lambda: not [p for p in self.heirs if alive(p)], 20, "end of the processes")

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
        self.end_heirs()
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
        for pid in self.heirs:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
        if self.proc and self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()
        self.forget()
