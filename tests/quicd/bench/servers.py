# SPDX-License-Identifier: GPL-2.0-or-later
"""The servers that the benches compare, each with one worker, and what they cost."""
import os
import pathlib
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "lib/py"))

from nqtest import lab  # noqa: E402
from nqtest.lab import cert  # noqa: E402
from nqtest.ports import free_port  # noqa: E402
from nqtest.quicd import Service  # noqa: E402
from nqtest.suite import need  # noqa: E402


def family(pid):
    pids = [pid]
    for p in pids:
        for t in os.listdir("/proc/%d/task" % p):
            pids += map(int, open("/proc/%d/task/%s/children" % (p, t)).read().split())
    return pids


def cpu(pids):
    """Seconds of the processor, by the scheduler's nanoseconds if it has them."""
    total = 0
    for p in pids:
        try:
            for t in os.listdir("/proc/%d/task" % p):
                total += int(open("/proc/%d/task/%s/schedstat" % (p, t)).read().split()[0]) / 1e9
        except FileNotFoundError:
            f = open("/proc/%d/stat" % p).read().rsplit(")", 1)[1].split()
            total += (int(f[11]) + int(f[12])) / os.sysconf("SC_CLK_TCK")
    return total


class Server:
    def __init__(self, name, port, proc, extra=()):
        self.name, self.port, self.proc, self.extra = name, port, proc, list(extra)
        self.skips = False  # the handshakes

    def pids(self):
        return [q for p in [self.proc] + self.extra for q in family(p.pid)]

    def stop(self):
        for p in [self.proc] + self.extra:
            p.terminate()
            p.wait()


def quicd(program=None, **http3):
    s = Service(service={"mode": "http3", "alpn": "h3", "log-level": "warning",
                         "retry-threshold": "never"}, http3=http3, start=False)
    return s.start(wait=False, program=program)


def start_quicd(root, program=None, name="quicd"):
    s = quicd(program, root=root)
    return Server(name, s.port, s.proc)


def start_quicd_proxy(root):
    need("nginx")
    back = free_port(socket.SOCK_STREAM)
    s = quicd(backend="127.0.0.1:%d" % back)
    return Server("quicd proxy", s.port, s.proc, [nginx(root, back, False)])


def nginx(root, port, quic):
    d = lab.TMP / ("nginx-%d" % port)
    d.mkdir()
    pem, key = cert("localhost")
    listen = "listen 127.0.0.1:%d %s;" % (port, "quic reuseport" if quic else "")
    tls = "ssl_certificate %s; ssl_certificate_key %s; ssl_protocols TLSv1.3;" % (pem, key)
    (d / "n.conf").write_text("""daemon off; pid %(d)s/pid; error_log %(d)s/err; worker_processes 1;
events { worker_connections 1024; }
http { access_log off; sendfile on; client_body_temp_path %(d)s/b; proxy_temp_path %(d)s/p;
 fastcgi_temp_path %(d)s/f; uwsgi_temp_path %(d)s/u; scgi_temp_path %(d)s/s; quic_gso on;
 keepalive_requests 100000;
 server { %(listen)s %(tls)s root %(root)s; } }
""" % dict(d=d, listen=listen, tls=tls if quic else "", root=root))
    return subprocess.Popen(["nginx", "-c", str(d / "n.conf"), "-p", str(d)],
                            stderr=subprocess.DEVNULL)


def start_nginx(root):
    need("nginx")
    port = free_port()
    return Server("nginx", port, nginx(root, port, True))


def start_haproxy(root):
    need("haproxy")
    need("nginx")
    port, back = free_port(), free_port(socket.SOCK_STREAM)
    pem, key = cert("localhost")
    both = lab.TMP / "haproxy.pem"
    both.write_text(pem.read_text() + key.read_text())
    conf = lab.TMP / "haproxy.cfg"
    conf.write_text("""global
 nbthread 1
 limited-quic
defaults
 mode http
 timeout client 60s
 timeout server 60s
 timeout connect 5s
frontend f
 bind quic4@127.0.0.1:%d ssl crt %s alpn h3
 default_backend b
backend b
 server n 127.0.0.1:%d
""" % (port, both, back))
    return Server("haproxy", port, subprocess.Popen(["haproxy", "-db", "-f", str(conf)],
                                                    stdout=subprocess.DEVNULL,
                                                    stderr=subprocess.DEVNULL),
                  [nginx(root, back, False)])


def start_caddy(root):
    need("caddy")
    port = free_port()
    pem, key = cert("localhost")
    conf = lab.TMP / "Caddyfile"
    conf.write_text("""{
 admin off
 auto_https off
 servers {
  protocols h1 h2 h3
 }
}
https://localhost:%d {
 bind 127.0.0.1
 tls %s %s
 root * %s
 file_server
}
""" % (port, pem, key, root))
    return Server("caddy", port, subprocess.Popen(["caddy", "run", "--config", str(conf)], stdout=subprocess.DEVNULL,
                                                  stderr=subprocess.DEVNULL,
                                                  env=dict(os.environ, HOME=str(lab.TMP), GOMAXPROCS="1")))
