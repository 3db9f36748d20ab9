# SPDX-License-Identifier: GPL-2.0-or-later
"""Real servers on 127.0.0.1, each with its own configuration, as its package ships it where it can."""
import contextlib
import os
import re
import signal
import subprocess

import clients
from clients import number, said
from nqtest.where import BUILD

WORK = '/tmp/stacks'
CERT, KEY = f'{WORK}/server.pem', f'{WORK}/server.key'


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='ascii') as f:
        f.write(text)
    return path


class Server:
    env = {}
    workers = 1     # of those that have several
    refusal = None  # a pattern of its log: why it has no UDP port; its first group

    def version(self):
        return number(said(self.program, *self.asks))

    @property
    def log(self):
        return f'{WORK}/{os.path.basename(self.program)}.log'

    def refused(self):
        """Why it runs without a UDP port, or None."""
        with open(self.log, encoding='utf-8', errors='replace') as f:
            found = self.refusal and re.search(self.refusal, f.read())
        return found and found.group(1)

    @contextlib.contextmanager
    def running(self, port):
        with open(self.log, 'w', encoding='ascii') as log, \
                subprocess.Popen(self.argv(port), stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                                 env={**os.environ, **self.env}) as p:
            try:
                yield p
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(p.pid, signal.SIGKILL)


class Nginx(Server):
    name, program, asks, alpn = 'nginx', 'nginx', ['-v'], 'h3'

    def argv(self, port):
        conf = write(f'{WORK}/nginx.conf', f'''daemon off; pid {WORK}/nginx.pid; error_log {WORK}/nginx.error; user root;
worker_processes {self.workers};
events {{ }}
http {{
	access_log off; client_body_temp_path {WORK}/t1; proxy_temp_path {WORK}/t2; fastcgi_temp_path {WORK}/t3;
	uwsgi_temp_path {WORK}/t4; scgi_temp_path {WORK}/t5;
	ssl_early_data on;
	server {{
		listen 127.0.0.1:{port} quic reuseport; ssl_certificate {CERT}; ssl_certificate_key {KEY};
	}}
}}
''')
        return ['nginx', '-e', 'stderr', '-c', conf]


class NginxTwo(Nginx):
    name, workers = 'nginx, 2 workers', 2


class Caddy(Server):
    name, program, asks, alpn = 'caddy', 'caddy', ['version'], 'h3'
    env = {'HOME': WORK, 'XDG_DATA_HOME': WORK, 'XDG_CONFIG_HOME': WORK}

    def argv(self, port):
        conf = write(f'{WORK}/Caddyfile', f'''{{
	admin off
	auto_https off
}}
https://stack.example:{port} {{
	bind 127.0.0.1
	tls {CERT} {KEY}
	respond "hello"
}}
''')
        return ['caddy', 'run', '--config', conf, '--adapter', 'caddyfile']


class Haproxy(Server):
    name, program, asks, alpn = 'HAProxy', 'haproxy', ['-v'], 'h3'

    def argv(self, port):
        with open(CERT, encoding='ascii') as c, open(KEY, encoding='ascii') as k:
            both = write(f'{WORK}/both.pem', c.read() + k.read())
        conf = write(f'{WORK}/haproxy.cfg', f'''global
	limited-quic
defaults
	mode http
	timeout client 60s
	timeout connect 5s
	timeout server 60s
frontend web
	bind quic4@127.0.0.1:{port} ssl crt {both} alpn h3 allow-0rtt
	http-request return status 200
''')
        return ['haproxy', '-db', '-f', conf]


class Knot(Server):
    name, program, asks, alpn = 'knotd', 'knotd', ['--version'], 'doq'

    def argv(self, port):
        conf = write(f'{WORK}/knot/knot.conf', f'''server:
  rundir: {WORK}/knot
  listen-quic: 127.0.0.1@{port}
  udp-workers: {self.workers}
  cert-file: {CERT}
  key-file: {KEY}
database:
  storage: {WORK}/knot
''')
        return ['knotd', '-c', conf]


class KnotTwo(Knot):
    name, workers = 'knotd, 2 workers', 2


class Unbound(Server):
    name, program, asks, alpn = 'unbound', 'unbound', ['-V'], 'doq'
    refusal = r'Unbound is (not compiled with ngtcp2)'

    def argv(self, port):
        conf = write(f'{WORK}/unbound.conf', f'''server:
	interface: 127.0.0.1@{port}
	quic-port: {port}
	tls-service-key: {KEY}
	tls-service-pem: {CERT}
	do-daemonize: no
	username: ""
	chroot: ""
	directory: {WORK}
	pidfile: ""
	use-syslog: no
	local-zone: "a.example." static
remote-control:
	control-enable: no
''')
        return ['unbound', '-p', '-c', conf]


class Dnsdist(Server):
    name, program, asks, alpn = 'dnsdist', 'dnsdist', ['--version'], 'doq'
    refusal = r'(DNS over QUIC support is not present)'

    def argv(self, port):
        conf = write(f'{WORK}/dnsdist.conf', f'''addDOQLocal("127.0.0.1:{port}", "{CERT}", "{KEY}")
newServer("127.0.0.1:5399")
''')
        return ['dnsdist', '--supervised', '-C', conf]


class DnsdistHttp(Dnsdist):
    name, alpn = 'dnsdist, DoH3', 'h3'
    refusal = r'(DNS over HTTP/?3 support is not present)'

    def argv(self, port):
        conf = write(f'{WORK}/dnsdist3.conf', f'''addDOH3Local("127.0.0.1:{port}", "{CERT}", "{KEY}")
newServer("127.0.0.1:5399")
''')
        return ['dnsdist', '--supervised', '-C', conf]


class Smbd(Server):
    name, program, asks, alpn = 'smbd', 'smbd', ['--version'], 'smb'
    refusal = r'smbd_open_one_socket: .*: (.*)'

    def argv(self, port):
        for name in 'private', 'lock', 'state', 'cache', 'pid', 'rpc':
            os.makedirs(f'{WORK}/smbd/{name}', exist_ok=True)
        os.chmod(KEY, 0o600)
        conf = write(f'{WORK}/smbd/smb.conf', f'''[global]
	server role = standalone server
	server smb transports = tcp, quic:{port}
	tls enabled = yes
	tls certfile = {CERT}
	tls keyfile = {KEY}
	tls cafile = {clients.CA}
	interfaces = 127.0.0.1
	bind interfaces only = yes
	private dir = {WORK}/smbd/private
	lock directory = {WORK}/smbd/lock
	state directory = {WORK}/smbd/state
	cache directory = {WORK}/smbd/cache
	pid directory = {WORK}/smbd/pid
	ncalrpc dir = {WORK}/smbd/rpc
	log file = {WORK}/smbd/log
	load printers = no
''')
        return ['smbd', '--foreground', '--no-process-group', '--debug-stdout', '-s', conf]


class Quiche(Server):
    name, program, alpn = clients.Quiche.name, clients.Quiche.program, 'h3'

    def version(self):
        return clients.Quiche().version()

    def argv(self, port):
        return ['node', f'{clients.NPM}/quiche.mjs', clients.Quiche.package, 'server', str(port), CERT, KEY]


class Quicd(Server):
    name, program, alpn = 'quicd', f'{BUILD}/quicd/quicd', 'h3'

    def version(self):
        return 'of this tree'

    def argv(self, port):
        write(f'{WORK}/www/index.html', 'hello\n')
        conf = write(f'{WORK}/quicd.conf', f'''[service]
name = stacks
listen = 127.0.0.1:{port}
alpn = h3
mode = http3

[tls]
cert = {CERT}
key = {KEY}
early-data = yes

[http3]
root = {WORK}/www
''')
        return [self.program, '-c', conf]


ALL = [c() for c in (Nginx, NginxTwo, Haproxy, Caddy, Knot, KnotTwo, Unbound, Dnsdist, DnsdistHttp, Smbd, Quiche, Quicd)]


def here():
    """The servers that this root has."""
    return [s for s in ALL if clients.present(s)]
