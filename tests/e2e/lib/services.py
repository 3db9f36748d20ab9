# SPDX-License-Identifier: GPL-2.0-or-later
"""The real services: each one process (tree) with its own configuration and, where it speaks
TLS, its own key. None knows of another or of UDP port 443."""
import os

import certs
from net import BIN, WORK


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w') as f:
        f.write(text)
    return path


def samba(host):
    """A file server on TCP 445 with one share, `files`, that guests may write to."""
    d = f'{WORK}/samba'
    for sub in ('private', 'lock', 'state', 'cache', 'pid', 'log'):
        os.makedirs(f'{d}/{sub}', exist_ok=True)
    os.makedirs(f'{d}/files', exist_ok=True)
    os.chmod(f'{d}/files', 0o777)
    conf = write(f'{d}/smb.conf', f'''[global]
	server role = standalone server
	interfaces = lo 127.0.0.1/8
	bind interfaces only = yes
	smb ports = 445
	disable netbios = yes
	map to guest = Bad User
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
	guest ok = yes
	read only = no
''')
    return host.start('smbd', 'smbd', '--foreground', '--no-process-group', '--debug-stdout',
                      '-s', conf, tcp=445)


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
		add_header X-Served-By {name};
	}}
}}
''')
    return host.start(name, 'nginx', '-e', 'stderr', '-c', conf, udp=port)


def quicd(host, name, port, alpn, backend, *hosts, extra=''):
    """Our daemon in stream mode on this UDP port, in front of `backend`."""
    cert, key = certs.issue(name, *hosts)
    conf = write(f'{WORK}/{name}.conf', f'''[service]
name = {name}
listen = *:{port}
alpn = {alpn}
mode = stream

[tls]
cert = {cert}
key = {key}

[stream]
backend = {backend}

{extra}
''')
    return host.start(name, f'{BIN}/quicd/quicd', '-c', conf, udp=port)
