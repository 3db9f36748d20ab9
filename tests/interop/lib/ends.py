# SPDX-License-Identifier: GPL-2.0-or-later
"""The clients and servers of the runner.

A client is a function of a Job that gives its commands; they are run in turn. A server is a function
that starts in a host. What an implementation cannot do, or cannot be asked to, is Unsupported.
"""
import dataclasses
import os
import pathlib
import re
import subprocess

from nqtest import lab, where
from nqtest.quicd import Service
from nqtest.shell import Failed

from link import SERVER, SERVER6

NAME = 'www.example.org'
HERE = pathlib.Path(__file__).resolve().parent.parent


class Unsupported(Exception):
    """The text says why."""


@dataclasses.dataclass
class Job:
    mode: str
    paths: list
    root: pathlib.Path
    out: pathlib.Path
    keylog: pathlib.Path
    six: bool = False
    one_each: bool = False  # a connection for each path

    def address(self):
        return SERVER6 if self.six else SERVER

    def lots(self):
        return [[p] for p in self.paths] if self.one_each else [self.paths]


@dataclasses.dataclass
class Command:
    argv: list
    stdin: pathlib.Path = None
    stdout: pathlib.Path = None


def only(client, job, *modes):
    if job.mode not in modes:
        raise Unsupported(f'{client} cannot be asked to')


def curl(job):
    only('curl', job, 'get', 'h3', 'chacha20', 'ecn')
    if job.mode == 'ecn':
        raise Unsupported('curl neither marks nor reports')
    address = f'[{SERVER6}]' if job.six else SERVER
    for i, lot in enumerate(job.lots()):
        # A key share of X25519 alone leaves the ClientHello in one packet.
        argv = ['curl', '-sSf', '--http3-only', '--curves', 'X25519', '--cacert', lab.TMP / 'ca.pem',
                '--resolve', f'{NAME}:443:{address}', '--connect-timeout', 60, '--max-time', 240]
        if job.mode == 'chacha20':
            argv += ['--tls13-ciphers', 'TLS_CHACHA20_POLY1305_SHA256']
        if len(lot) > 1:
            argv += ['-Z', '--parallel-max', 100, '--parallel-max-host', 1]
        conf = job.out.parent / f'curl{i}'
        conf.write_text(''.join(f'url = https://{NAME}/{p}\noutput = {job.out / p}\n' for p in lot))
        yield Command([*argv, '-K', conf])


def aioquic(job):
    only('aioquic', job, 'get', 'h3', 'chacha20', 'resume', 'early', 'update', 'migrate', 'v2')
    for lot in job.lots():
        yield Command([HERE / 'aioget', lab.TMP / 'ca.pem', job.address(), NAME, job.keylog, job.out, job.mode, *lot])


def quicgo(job):
    only('quic-go', job, 'get', 'h3', 'early', 'resume', 'update', 'ecn')
    program = os.path.join(where.BUILD, 'e2e/quicgo')
    if not os.path.exists(program):
        raise Unsupported('build/e2e/quicgo is not there')
    address = f'[{SERVER6}]:443' if job.six else f'{SERVER}:443'
    argv = [program, lab.TMP / 'ca.pem', address, NAME]
    if job.mode in ('early', 'resume'):
        raise Unsupported('only its own page is asked for twice')
    for lot in job.lots():
        yield Command([*argv, 'save', job.out, *lot])


def quicc(job):
    """Mode echo: what is sent comes back. Several paths are several connections."""
    only('quicc', job, 'get', 'migrate', 'early', 'ecn', 'v2')
    if job.mode == 'early':
        del job.paths[1:]
    if len(job.paths) > 3 and not job.one_each:
        raise Unsupported('the streams of quicc have one input')
    more = {'migrate': ['--migrate', '200k'], 'early': ['--0rtt'], 'v2': []}.get(job.mode, ['--version', '1'])
    address = f'[{SERVER6}]' if job.six else SERVER
    for p in job.paths:
        yield Command([lab.BIN / 'quicc', '-a', 'echo', '-s', NAME, '--ca', lab.TMP / 'ca.pem', '--timeout', 60,
                       '--keylog', job.keylog, *more, f'{address}:443'], job.root / p, job.out / p)


CLIENTS = {'curl': curl, 'aioquic': aioquic, 'quic-go': quicgo, 'quicc': quicc}


def certificate(large):
    """For NAME; a large one does not fit into three datagrams."""
    if not large:
        return lab.cert('server', NAME)
    more = [f'host-with-a-long-name-{i}.example.org' for i in range(160)]
    return lab.authority.issue('large', NAME, *more, mode=0o644)


def quicd(host, root, option, echo):
    service = {'listen': f'{SERVER}:443, [{SERVER6}]:443', 'mode': 'echo' if echo else 'http3',
               'alpn': 'echo' if echo else 'h3', 'retry-threshold': 'always' if option == 'retry' else 'never', 'server-id': 'port'}
    pem, key = certificate(option == 'large')
    tls = {'cert': pem, 'key': key, 'tickets': 'yes', 'early-data': 'yes'}
    transport = {'versions': 'v2, v1'} if option == 'v2' else {}
    modes = {} if echo else {'http3': {'root': root}}
    s = Service(start=False, name='quicd', service=service, tls=tls, transport=transport, **modes)
    s.start(command=['ip', 'netns', 'exec', host.name])
    return s.log


def bare(option, *can):
    if option and option not in ('large', *can):
        raise Unsupported('the server cannot be asked to')
    return certificate(option == 'large')


def nginx_conf(root, option, listen, tls):
    conf = lab.TMP / 'nginx.conf'
    conf.write_text(f'''daemon off; user root; pid {lab.TMP}/nginx.pid; error_log {lab.TMP}/nginx.log; worker_processes 1;
events {{ worker_connections 1024; }}
http {{ access_log off; client_body_temp_path {lab.TMP}/b; proxy_temp_path {lab.TMP}/p; fastcgi_temp_path {lab.TMP}/f;
 uwsgi_temp_path {lab.TMP}/u; scgi_temp_path {lab.TMP}/s; quic_gso on; keepalive_requests 10000;
 server {{ {listen} {tls} quic_retry {'on' if option == 'retry' else 'off'}; root {root}; }} }}
''')
    return ['nginx', '-c', str(conf), '-p', str(lab.TMP)]


def nginx(host, root, option, echo):
    pem, key = bare(option, 'retry')
    listen = f'listen {SERVER}:443 quic reuseport; listen [{SERVER6}]:443 quic reuseport;'
    tls = f'ssl_certificate {pem}; ssl_certificate_key {key}; ssl_protocols TLSv1.3; ssl_early_data on;'
    return host.start('nginx', *nginx_conf(root, option, listen, tls), udp=443).said


def haproxy(host, root, option, echo):
    """HAProxy serves no files: an nginx behind it does."""
    pem, key = bare(option, 'retry')
    both = lab.TMP / 'both.pem'
    both.write_text(pathlib.Path(pem).read_text() + pathlib.Path(key).read_text())
    host.start('nginx', *nginx_conf(root, '', 'listen 127.0.0.1:8080;', ''), tcp=8080)
    conf = lab.TMP / 'haproxy.cfg'
    conf.write_text(f'''global
 nbthread 1
 limited-quic
defaults
 mode http
 timeout client 60s
 timeout server 60s
 timeout connect 5s
frontend f
 bind quic4@{SERVER}:443 ssl crt {both} alpn h3 allow-0rtt{' quic-force-retry' if option == 'retry' else ''}
 bind quic6@{SERVER6}:443 ssl crt {both} alpn h3
 default_backend b
backend b
 server n 127.0.0.1:8080
''')
    return host.start('haproxy', 'haproxy', '-db', '-f', str(conf), udp=443).said


def caddy(host, root, option, echo):
    pem, key = bare(option)
    conf = lab.TMP / 'Caddyfile'
    conf.write_text(f'''{{
	admin off
	auto_https off
}}
https://{NAME} {{
	bind {SERVER} {SERVER6}
	tls {pem} {key}
	root * {root}
	file_server
}}
''')
    env = {'HOME': str(lab.TMP), 'XDG_DATA_HOME': str(lab.TMP), 'XDG_CONFIG_HOME': str(lab.TMP)}
    return host.start('caddy', 'caddy', 'run', '--config', str(conf), '--adapter', 'caddyfile', udp=443, env=env).said


SERVERS = {'quicd': quicd, 'nginx': nginx, 'HAProxy': haproxy, 'caddy': caddy}

ASKS = {'quicd': ['build/quicd/quicd', '-V'], 'nginx': ['nginx', '-v'], 'HAProxy': ['haproxy', '-v'],
        'caddy': ['caddy', 'version'], 'curl': ['curl', '-V'], 'quicc': ['build/quicd/quicc', '-V'],
        'aioquic': ['python3', '-c', 'import aioquic; print(aioquic.__version__)'],
        'quic-go': ['cat', 'build/e2e/quicgo.version']}


def version(name):
    r = subprocess.run(ASKS[name], capture_output=True, text=True, cwd=where.TOP)
    found = re.search(r'\d+(\.\d+)+[^\s;]*', r.stdout + r.stderr)
    return found[0] if found else 'version unknown'


def run(host, command, env, timeout):
    """Failed unless it ends well."""
    with open(command.stdin or os.devnull, 'rb') as i, open(command.stdout or os.devnull, 'wb') as o:
        try:
            r = subprocess.run(['ip', 'netns', 'exec', host.name, *map(str, command.argv)], stdin=i, stdout=o,
                               stderr=subprocess.PIPE, timeout=timeout, env={**os.environ, **env})
        except subprocess.TimeoutExpired:
            raise Failed(f'{command.argv[0]}: no end after {timeout:g} s')
    if r.returncode:
        raise Failed(f'{os.path.basename(str(command.argv[0]))} ended with {r.returncode}: '
                     + r.stderr.decode(errors='replace').strip()[-300:])
