# SPDX-License-Identifier: GPL-2.0-or-later
"""TAP, temporary services, certificates: what all process tests share."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

TESTS = []
# How many times longer than usual things may take, as under valgrind.
PATIENCE = float(os.environ.get("PATIENCE", "1"))
TOP = BIN = TMP = None


class Skip(Exception):
    """The test cannot run here; the text says why."""


def test(fn):
    TESTS.append(fn)
    return fn


def mark(*words):
    """Words by which -k finds a test besides its name."""
    def add(fn):
        fn.marks = words
        return fn
    return add


def long_form():
    return bool(os.environ.get("LONG"))


def setup(top, build):
    global TOP, BIN, TMP
    TOP = pathlib.Path(top)
    BIN = pathlib.Path(build).resolve() if build else TOP / "build/quicd"
    if not (BIN / "quicd").exists():
        sys.exit("%s: no quicd; run make -C quicd first" % BIN)
    TMP = pathlib.Path(tempfile.mkdtemp(prefix="quicd-test-"))
    os.chmod(TMP, 0o755)
    make_ca()


def run_all(word):
    chosen = [t for t in TESTS if word in t.__name__ or word in getattr(t, "marks", ())]
    print("TAP version 13\n1..%d" % len(chosen), flush=True)
    failed = 0
    for n, t in enumerate(chosen, 1):
        name = t.__name__.replace("_", " ") + ": " + (t.__doc__ or "").split("\n")[0]
        begin = time.monotonic()
        try:
            t()
            for s in list(Service.live):
                s.finish()
            print("ok %d - %s" % (n, name), flush=True)
        except Skip as e:
            print("ok %d - %s # SKIP %s" % (n, name, e), flush=True)
        except BaseException:
            failed += 1
            print("not ok %d - %s" % (n, name), flush=True)
            for line in traceback.format_exc().splitlines():
                print("# " + line, flush=True)
            for s in Service.live:
                for line in s.log().splitlines()[-15:]:
                    print("# log: " + line, flush=True)
        finally:
            for s in list(Service.live):
                s.kill()
        took = time.monotonic() - begin
        if took > 5:
            print("# took %.1f s" % took, flush=True)
    shutil.rmtree(TMP, ignore_errors=True)
    return 1 if failed else 0


def sanitized():
    """Built with AddressSanitizer: memory figures mean nothing."""
    return b"libasan" in sh("ldd", BIN / "quicd").stdout


def note(text):
    print("# " + text, flush=True)


def need(program):
    if not shutil.which(program):
        raise Skip("%s is not installed" % program)


def eq(got, want, what=""):
    assert got == want, "%s: got %r, wanted %r" % (what, got, want)


def wait_for(condition, seconds=5, what="condition"):
    """Polls until condition() is true and returns its value."""
    seconds *= PATIENCE
    end = time.monotonic() + seconds
    pause = 0.02
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("%s: not within %s s" % (what, seconds))
        time.sleep(pause)
        pause = min(0.5, pause * 1.2)


def sh(*args, **kw):
    if "timeout" in kw:
        kw["timeout"] *= PATIENCE
    return subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          **kw)


def openssl(*args):
    r = sh("openssl", *args)
    assert r.returncode == 0, r.stderr.decode()


def make_ca():
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", TMP / "ca.key", "-out", TMP / "ca.pem", "-days", "30", "-subj", "/CN=Test CA")


def cert(name, host=None):
    """A certificate NAME.pem and key NAME.key for a host, signed by ca.pem."""
    host = host or name
    pem, key, csr, ext = (TMP / (name + e) for e in (".pem", ".key", ".csr", ".ext"))
    if not pem.exists():
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", key, "-out", csr, "-subj", "/CN=" + host)
        ext.write_text("subjectAltName=DNS:%s,IP:127.0.0.1\n" % host)
        openssl("x509", "-req", "-in", csr, "-CA", TMP / "ca.pem", "-CAkey", TMP / "ca.key",
                "-CAcreateserial", "-days", "30", "-extfile", ext, "-out", pem)
        os.chmod(key, 0o644)
    return pem, key


def free_port(kind=socket.SOCK_DGRAM, host="127.0.0.1"):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind((host, 0))
        return s.getsockname()[1]


class Service:
    """A running quicd; sections are dicts or lists of pairs."""
    live = []
    count = 0

    def __init__(self, start=True, wait=True, env=None, **sections):
        Service.count += 1
        self.name = "s%d" % Service.count
        self.port = free_port()
        self.conf = TMP / (self.name + ".conf")
        self.control = TMP / (self.name + ".ctl")
        self.logfile = TMP / (self.name + ".log")
        service = {"listen": "127.0.0.1:%d" % self.port, "alpn": "echo", "mode": "echo",
                   "control": self.control, "log-level": "debug"}
        if PATIENCE > 1:
            service["handshake-timeout"] = "%ds" % (10 * PATIENCE)
        service.update(sections.pop("service", {}))
        pem, key = cert("localhost")
        tls = {"cert": pem, "key": key}
        tls.update(sections.pop("tls", {}))
        with open(self.conf, "w") as f:
            for section, keys in dict(service=service, tls=tls, **sections).items():
                f.write("[%s]\n" % section)
                f.writelines("%s = %s\n" % kv for kv in keys.items() if kv[1] is not None)
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
        self.proc = subprocess.Popen([*command, str(BIN / "quicd"), "-c", str(self.conf)], stderr=self.logf,
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
        r = sh(BIN / "quicd", "-c", self.conf, "--" + what)
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
            self.proc.send_signal(signal.SIGTERM)
            time.sleep(0.05)
            if self.proc.poll() is None:
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


class Result:
    def __init__(self, rc, out, err):
        self.rc, self.out, self.err = rc, out, err.decode(errors="replace")


def quicc_cmd(port, *args, alpn="echo", ca=True, sni="localhost"):
    cmd = [BIN / "quicc", "--timeout", int(10 * PATIENCE)]
    if alpn:
        cmd += ["--alpn", alpn]
    if ca:
        cmd += ["--ca", TMP / "ca.pem"]
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


def together(fns, seconds=120):
    """Runs functions in threads; an exception of one of them is raised here."""
    errors = []

    def guard(fn):
        try:
            fn()
        except BaseException as e:
            errors.append(e)

    threads = [threading.Thread(target=guard, args=(f,), daemon=True) for f in fns]
    for t in threads:
        t.start()
    end = time.monotonic() + seconds * PATIENCE
    for t in threads:
        t.join(max(0, end - time.monotonic()))
        assert not t.is_alive(), "not done within %s s" % seconds
    if errors:
        raise errors[0]


def pattern(n):
    block = bytes((i * 131 + (i >> 8)) & 255 for i in range(65537))
    return (block * (n // len(block) + 1))[:n]
