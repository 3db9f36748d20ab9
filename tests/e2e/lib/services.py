# SPDX-License-Identifier: GPL-2.0-or-later
"""The real services: each one process (tree) with its own configuration and, where it speaks
TLS, its own key. None knows of another or of UDP port 443."""
import hashlib
import os

import certs
from nqtest.hosts import WORK
from nqtest.poll import wait_for
from nqtest.shell import Failed, run as sh
from nqtest.where import BUILD as BIN

HERE = os.path.dirname(os.path.abspath(__file__))
BACKEND = 8081  # TCP, of the application behind the web servers
# Features these lack, and why.
NGINX = {'early': 'nginx 1.26 with OpenSSL has no 0-RTT over QUIC; 1.30.6 of sid has'}
HAPROXY = {'early': 'HAProxy without a QUIC API in its OpenSSL has no 0-RTT; 3.2.26 of sid has'}
CADDY = {'idle': 'caddy 2.6 ends a connection that was silent for 30 s, and has no setting for it'}


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w') as f:
        f.write(text)
    return path


def samba(host, user=None, password=None):
    """A file server on TCP 445 with one share, `files`, that anybody may write to, or only this
    user. Signing and encryption are left to Samba's defaults. Returns its configuration's path."""
    d = f'{WORK}/samba'
    for sub in ('private', 'lock', 'state', 'cache', 'pid', 'log'):
        os.makedirs(f'{d}/{sub}', exist_ok=True)
    os.makedirs(f'{d}/files', exist_ok=True)
    os.chmod(f'{d}/files', 0o777)
    who = 'guest ok = yes' if not user else f'valid users = {user}'
    conf = write(f'{d}/smb.conf', f'''[global]
	server role = standalone server
	interfaces = lo 127.0.0.1/8
	bind interfaces only = yes
	smb ports = 445
	disable netbios = yes
	map to guest = {'never' if user else 'bad user'}
	private dir = {d}/private
	lock directory = {d}/lock
	state directory = {d}/state
	cache directory = {d}/cache
	pid directory = {d}/pid
	ncalrpc dir = {d}/ncalrpc
	log file = {d}/log/smbd
	load printers = no
	printcap name = /dev/null
[files]
	path = {d}/files
	{who}
	read only = no
''')
    if user:
        sh('useradd', '--no-create-home', user)
        sh('smbpasswd', '-c', conf, '-s', '-a', user, input=f'{password}\n{password}\n')
    host.start('smbd', 'smbd', '--foreground', '--no-process-group', '--debug-stdout', '-s', conf, tcp=445)
    return conf


def unbound(host, answers):
    """A resolver on TCP 53 that knows these names: {name: address}."""
    data = ''.join(f'\tlocal-data: "{n}. 60 IN A {a}"\n' for n, a in answers.items())
    conf = write(f'{WORK}/unbound.conf', f'''server:
	interface: 127.0.0.1
	port: 53
	do-udp: no
	do-daemonize: no
	username: ""
	chroot: ""
	pidfile: ""
	use-syslog: no
	logfile: ""
	module-config: "iterator"
	local-zone: "example.org." static
{data}remote-control:
	control-enable: no
''')
    return host.start('unbound', 'unbound', '-p', '-c', conf, tcp=53)


def backend(host):
    """The application that the web servers pass /echo on to; its files are in its directory."""
    d = f'{WORK}/backend'
    os.makedirs(d, exist_ok=True)
    host.start('backend', 'python3', '-B', f'{HERE}/backend.py', str(BACKEND), d, tcp=BACKEND)


def nginx(host, name, port, page, *hosts):
    """An HTTP/3 server of nginx's own on this UDP port; `page` is its index page."""
    d = f'{WORK}/{name}'
    write(f'{d}/html/index.html', page)
    cert, key = certs.issue(name, *hosts)
    conf = write(f'{d}/nginx.conf', f'''daemon off;
worker_processes 1;
pid {d}/pid;
error_log {d}/error.log info;
user root;
events {{ worker_connections 256; }}
http {{
	access_log {d}/access.log;
	client_body_temp_path {d}/body;
	proxy_temp_path {d}/proxy;
	fastcgi_temp_path {d}/fastcgi;
	uwsgi_temp_path {d}/uwsgi;
	scgi_temp_path {d}/scgi;
	server {{
		listen 0.0.0.0:{port} quic reuseport;
		listen [::]:{port} quic reuseport;
		ssl_protocols TLSv1.3;
		ssl_certificate {cert};
		ssl_certificate_key {key};
		root {d}/html;
		keepalive_timeout 180s;
		location /echo {{
			proxy_pass http://127.0.0.1:{BACKEND};
		}}
	}}
}}
''')
    return host.start(name, 'nginx', '-e', 'stderr', '-c', conf, udp=port)


def quicd(host, name, port, alpn, hosts, mode='stream', body='', more=''):
    """Our daemon on this UDP port. `body` is the mode's section, `more` further ones; keys of
    [service] can lead `body`."""
    cert, key = certs.issue(name, *hosts)
    conf = write(f'{WORK}/{name}.conf', f'''[service]
name = {name}
listen = *:{port}
alpn = {alpn}
mode = {mode}
handshake-timeout = 60s

[tls]
cert = {cert}
key = {key}
{more}
{body}
''')
    return host.start(name, f'{BIN}/quicd/quicd', '-c', conf, udp=port)


def quicd_stream(host, name, port, alpn, backend, *hosts):
    # smbclient 4.24 cannot wait for flow control in the middle of a write: leave it room.
    return quicd(host, name, port, alpn, hosts,
                 body=f'[stream]\nbackend = {backend}\n[transport]\nstream-window = 16M\nconnection-window = 16M')


def quicd_http3(host, name, port, page, *hosts):
    root = f'{WORK}/{name}'
    write(f'{root}/index.html', page)
    return quicd(host, name, port, 'h3', hosts, mode='http3', more='early-data = yes',
                 body=f'[http3]\nroot = {root}\nbackend = 127.0.0.1:{BACKEND}\nbackend-path = /echo')


def whocalls(host, name, port, alpn, *hosts):
    """The example service that takes its streams as sockets, and quicd in front."""
    path = f'{WORK}/{name}.socket'
    host.start('whocalls', f'{BIN}/e2e/whocalls', path)
    wait_for(lambda: os.path.exists(path), 60, 'whocalls listens', 0.1, Failed)
    return quicd(host, name, port, alpn, hosts, mode='handoff', body=f'[handoff]\nsocket = {path}')


def knot(host, address, zone, answers):
    """An authoritative server on TCP 53 of this address: {name: address}."""
    d = f'{WORK}/knot'
    records = ''.join(f'{n}. 60 IN A {a}\n' for n, a in answers.items())
    write(f'{d}/zone', f'{zone}. 60 IN SOA {zone}. root.{zone}. 1 60 60 60 60\n{zone}. 60 IN NS {zone}.\n{records}')
    conf = write(f'{d}/knot.conf', f'''server:
    rundir: {d}
    listen: {address}@53
database:
    storage: {d}
zone:
  - domain: {zone}
    file: {d}/zone
''')
    return host.start('knotd', 'knotd', '-c', conf, tcp=53)


def haproxy(host, name, port, page, *hosts):
    cert, key = certs.issue(name, *hosts)
    with open(cert) as c, open(key) as k:
        both = write(f'{WORK}/{name}.both.pem', c.read() + k.read())
    conf = write(f'{WORK}/{name}.cfg', f'''global
    limited-quic
    tune.quic.frontend.max-idle-timeout 180s
defaults
    mode http
    timeout client 180s
    timeout server 30s
    timeout connect 5s
frontend h3
    bind quic4@*:{port} ssl crt {both} alpn h3
    bind quic6@[::]:{port} ssl crt {both} alpn h3
    http-request return status 200 content-type text/plain string "{page.strip()}\\n" if {{ path / }}
    default_backend application
backend application
    server one 127.0.0.1:{BACKEND}
''')
    return host.start(name, 'haproxy', '-f', conf, udp=port)


def caddy(host, name, port, page, *hosts):
    cert, key = certs.issue(name, *hosts)
    root = f'{WORK}/{name}'
    write(f'{root}/index.html', page)
    conf = write(f'{WORK}/{name}.caddy', f'''{{
    admin off
    auto_https off
    servers {{
        protocols h1 h2 h3
    }}
}}
https://{hosts[0]}:{port} {{
    tls {cert} {key}
    root * {root}
    reverse_proxy /echo 127.0.0.1:{BACKEND}
    file_server
}}
''')
    home = f'{WORK}/{name}.home'
    return host.start(name, 'caddy', 'run', '--config', conf, '--adapter', 'caddyfile', udp=port,
                      env={'HOME': home, 'XDG_DATA_HOME': home, 'XDG_CONFIG_HOME': home})


def page(name):
    """What the web server of this name shows."""
    return f'page of {name}\n'


def web(host):
    """All web servers, each on the port to which pairs.nft sends its names."""
    backend(host)
    nginx(host, 'nginx', 4433, page('nginx'), 'one.example.org', 'uno.example.org')
    nginx(host, 'wild', 4434, page('wild'), '*.wild.example.org')
    quicd_http3(host, 'static', 4435, page('static'), 'static.example.org')
    haproxy(host, 'haproxy', 4436, page('haproxy'), 'proxy.example.org')
    caddy(host, 'caddy', 4437, page('caddy'), 'caddy.example.org')
    nginx(host, 'rest', 4438, page('rest'), 'other.example.org')


def large_files():
    """Files of some sizes with every web server: {MiB: (path, SHA-256)}."""
    found = {}
    for mib in (100, 1):
        path, checksum = f'/big{mib}', hashlib.sha256()
        with open(f'{WORK}/static{path}', 'wb') as f:
            for _ in range(mib):
                data = os.urandom(1 << 20)
                checksum.update(data)
                f.write(data)
        for d in ('nginx/html', 'wild/html', 'rest/html', 'caddy', 'backend'):
            os.link(f'{WORK}/static{path}', f'{WORK}/{d}{path}')
        found[mib] = path, checksum.hexdigest()
    return found
