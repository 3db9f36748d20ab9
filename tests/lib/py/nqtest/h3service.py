# SPDX-License-Identifier: GPL-2.0-or-later
"""quicd with mode http3, and what the groups of tests ask of it."""
import re
import signal
import subprocess

from nqtest import curl, lab, poll
from nqtest.poll import PATIENCE
from nqtest.quicd import Service
from nqtest.tap import tests

NAME = 'www.example.org'


def until(condition, seconds=10):
    """poll.until() with the patience that HTTP/3 over a loaded machine needs."""
    return poll.until(condition, seconds, 0.02)


def pairs(lines):
    """Lines "key = value" as a list; a key may come again."""
    return [tuple(line.split(' = ', 1)) for line in lines]


def keys(lines):
    """Lines "key = value" as a dict."""
    return dict(pairs(lines))


class Quicd(Service):
    """Sections are lists of lines; `with` ends it and tests its exit status."""

    def __init__(self, where, http3, service=(), transport=(), tls=(), name='h3'):
        super().__init__(name=name, where=where, host=NAME, tls=keys(tls), transport=keys(transport), http3=pairs(http3),
                         service={'alpn': 'h3', 'mode': 'http3', **keys(service)})
        self.config, self.process, self.text = str(self.conf), self.proc, self.log

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.proc.poll() is None:
            self.proc.send_signal(signal.SIGTERM)
            self.proc.send_signal(signal.SIGTERM)
        status = self.proc.wait(20 * PATIENCE)
        tests.ok(status == 0, f'quicd ({self.conf.name}) ends with status 0', f'status {status}', self.log()[-3000:])
        self.forget()

    def rss(self, what='VmRSS'):
        """Resident memory in KiB; VmHWM: its highest so far."""
        with open(f'/proc/{self.proc.pid}/status') as f:
            return int(re.search(rf'{what}:\s+(\d+)', f.read())[1])

    def reset_hwm(self):
        with open(f'/proc/{self.proc.pid}/clear_refs', 'w') as f:
            f.write('5')

    def counter(self, name):
        out = lab.sh('curl', '-s', '--unix-socket', self.control, 'http://quicd/metrics').stdout.decode()
        m = re.search(rf'^quicd_{name}(?:_total)?\{{[^}}]*\}} (\d+)', out, re.M)
        return int(m[1]) if m else None

    def command(self, path, *args):
        return curl.command(NAME, self.port, lab.TMP / 'ca.pem', *args, f'https://{NAME}:{self.port}{path}')

    def popen(self, path, *args, **kw):
        return subprocess.Popen(self.command(path, *args), stderr=subprocess.PIPE,
                                stdout=subprocess.PIPE, **kw)

    def get(self, path, *args, timeout=60, **kw):
        return curl.Response(lab.sh(*self.command(path, '-D', '/dev/stderr', *args), timeout=timeout, **kw))
