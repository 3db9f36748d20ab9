# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients, a NAT box that forgets them, and a host with services behind UDP 443.

    client 10.60.0.2 --- box 10.60.0.1 : 10.61.0.2, .3 --- 10.61.0.1 server
      (and .3)            (fd60::, fd61:: alike)

The box is stock nft. Its mappings change as real ones do: what it knew is forgotten, and packets
for an old mapping are dropped without a word.
"""
import os
import re
import threading
import time

import certs
import rules
import services
from nqtest.hosts import WORK, Host, veth, workdir
from nqtest.module import modprobe
from nqtest.poll import until
from nqtest.shell import run as sh
from services import write

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLES = '/src/examples'
CLIENTS = '10.60.0.{}', 'fd60::{}'
OUTSIDE = '10.61.0.{}', 'fd61::{}'
SERVERS = {'IPv4': '10.61.0.1', 'IPv6': 'fd61::1'}
FILE_MIB = 3
WIKI, SHOP, BLOG = 4434, 4435, 4436     # more services: one with server IDs, nginx, caddy


class Box:
    """The NAT box: `maps` has the outside address's last number and the first of 500 ports for
    each client, by its last number."""

    def __init__(self, server):
        self.host = Host('box')
        self.client, self.other = Host('client'), Host('other')
        veth(server, self.host, 61)
        sh('ip', '-n', 'box', 'link', 'add', 'inside', 'type', 'bridge')
        for n, client in (2, self.client), (3, self.other):
            sh('ip', 'link', 'add', f'to-{client.name}', 'netns', 'box', 'type', 'veth', 'peer', 'eth0', 'netns', client.name)
            sh('ip', '-n', 'box', 'link', 'set', f'to-{client.name}', 'master', 'inside', 'up')
            client.run('sh', '-c', f'ip addr add 10.60.0.{n}/24 dev eth0; ip addr add fd60::{n}/64 dev eth0 nodad; '
                       'ip link set eth0 up; ip route add default via 10.60.0.1; ip -6 route add default via fd60::1')
        self.host.run('sh', '-c', 'ip addr add 10.60.0.1/24 dev inside; ip addr add fd60::1/64 dev inside nodad; '
                      'ip link set inside up; ip addr add 10.61.0.3/24 dev to-server; '
                      'ip addr add fd61::3/64 dev to-server nodad; sysctl -qw net.ipv4.ip_forward=1 '
                      'net.ipv6.conf.all.forwarding=1')
        # Checksums are real ones: who rewrites a header has to keep them right.
        for host, dev in ((self.client, 'eth0'), (self.other, 'eth0'), (self.host, 'to-server'), (self.host, 'to-client'),
                          (self.host, 'to-other')):
            host.run('ethtool', '-K', dev, 'tx', 'off')
        self.maps = {2: (2, 20000), 3: (2, 40000)}
        self.width, self.port = 500, 20000
        self.apply()

    def apply(self):
        """Load the mappings and forget all that was there, as a box that starts again."""
        lines = [f'oifname "to-server" {ip} saddr {CLIENTS[v6].format(n)} udp dport 443 snat {ip} to '
                 f'{bracket(OUTSIDE[v6].format(out))}:{port}-{port + self.width - 1}'
                 for n, (out, port) in self.maps.items() for v6, ip in enumerate(('ip', 'ip6'))]
        text = write(f'{WORK}/box.nft', 'table inet box\ndelete table inet box\ntable inet box {\n'
                     'chain post { type nat hook postrouting priority srcnat;\n' + '\n'.join(lines) +
                     '\n}\nchain in { type filter hook input priority 0;\niifname "to-server" meta l4proto udp drop\n}\n}\n')
        self.host.run('nft', '-f', text)
        forget(self.host)

    def rebind(self, address=None):
        """The first client gets other ports and, if one is given, another outside address."""
        self.port = 20000 + (self.port - 19500) % 19000
        self.maps[2] = (address or self.maps[2][0], self.port)
        self.apply()


def bracket(address):
    return f'[{address}]' if ':' in address else address


def forget(host):
    """Drop all that conntrack knows there."""
    host.run('conntrack', '-F')


class Loop:
    """Does something again and again in another thread, `most` times if that is given, and a third of the
    time at most: a machine that does nothing else is no test of connections."""

    def __init__(self, fn, pause, most=None):
        self.fn, self.stopped = fn, threading.Event()
        self.pause, self.count, self.most = pause, 0, most
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        pause = self.pause
        while self.count != self.most and not self.stopped.wait(pause):
            began = time.monotonic()
            self.fn()
            pause = max(self.pause, 2 * (time.monotonic() - began))
            self.count += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.stopped.set()
        self.thread.join()


GUARD = '''table inet guard
delete table inet guard
table inet guard {
	chain input {
		type filter hook input priority filter; policy accept;
		udp dport 443 drop
	}
}
'''


class World:
    """All hosts; `form` is the name of the rules that are loaded. `followed`: they know services without server IDs
    by their names alone, and the module follows their connections."""

    def __init__(self, kinds):
        workdir()
        rules.install()
        self.server = Host('server')
        self.box = Box(self.server)
        self.form, self.more, self.followed = None, {'wiki': WIKI}, False
        certs.authority()
        self.start(kinds)
        self.server.run('nft', '-f', write(f'{WORK}/guard.nft', GUARD))

    def told(self, name, port):
        self.server.start(f'told-{name}', 'python3', f'{HERE}/told.py', name, str(port), str(port + 100), tcp=port)

    def start(self, kinds):
        one = '*.example.org'
        data = os.urandom(FILE_MIB << 20)
        for name, port, told in ('www', 4433, 8001), ('dns', 8853, 8002), ('wiki', WIKI, 8004):
            self.told(name, told)
            root = f'{WORK}/{name}'
            write(f'{root}/index.html', f'{name} ')
            with open(f'{root}/big', 'wb') as f:
                f.write(data)
            services.quicd(self.server, name, port, 'h3', [one], mode='http3',
                           body=f'[http3]\nroot = {root}\nbackend = 127.0.0.1:{told}\nbackend-path = /slow')
        self.told('files', 8003)
        services.quicd(self.server, 'files', 8443, 'line', [one],
                       body='[stream]\nbackend = 127.0.0.1:8103')
        if 'stable prefix' in kinds:
            services.nginx(self.server, 'shop', SHOP, 'shop ', one)
            self.more['shop'] = SHOP
        if 'opaque' in kinds:
            services.caddy(self.server, 'blog', BLOG, 'blog ', 'blog.example.org')
            self.more['blog'] = BLOG

    # The rules.

    def cookies(self):
        """What nginx's connection IDs begin with."""
        return re.findall(r' sk:([0-9a-f]+)', self.server.run('ss', '-Hulne', f'sport = :{SHOP}'))

    def file(self, form):
        """The example, and what this host has besides its three services."""
        with open(f'{EXAMPLES}/{form}.nft') as f:
            text = f.read()
        table = f'inet quic_{form}'
        ports = ', '.join(f'"{name}.example.org" : {port}' for name, port in self.more.items())
        private = ', '.join(map(str, self.more.values()))
        rules = []
        if len(self.more) > 1 and not self.followed:
            text = text.replace('\t\tudp dport 443 drop\n', '')
        to = '{} notrack accept' if form == 'stateless' else '{}'
        write_port = 'udp dport set ' if form == 'stateless' else 'redirect to :'
        if 'shop' in self.more and not self.followed:
            ids = ', '.join(f'0x{c:0>16} : {SHOP}' for c in self.cookies())
            rules.append('udp dport 443 ' + to.format(f'{write_port}quic dcid,64 map {{ {ids} }}'))
        if 'blog' in self.more and not self.followed:
            # An Initial that continues a handshake elsewhere opens nothing, and NAT would keep to where it went.
            rules.append('udp dport 443 quic type initial quic hello missing drop')
            rules.append('udp dport 443 ' + to.format(f'{write_port}{BLOG}'))
        return write(f'{WORK}/{form}.nft', text + f'add element {table} port_of {{ {ports} }}\n'
                     f'add element {table} private {{ {private} }}\n' +
                     ''.join(f'add rule {table} in {rule}\n' for rule in rules))

    def load(self, form):
        """Load the rules of this form, in one transaction."""
        if self.form and self.form != form:
            self.unload()
        self.server.run('nft', '-f', self.file(form))
        self.form = form
        if self.limit('learn') != self.followed:
            self.learn()

    def limit(self, key, value=None):
        """A sysctl of the module in the services' host."""
        name = f'net.netfilter.nft_quic.{key}'
        if value is not None:
            self.server.run('sysctl', '-qw', f'{name}={value}')
        return int(self.server.run('sysctl', '-n', name))

    def learn(self):
        """Follow connections, or no longer; none is older than that."""
        idle = self.limit('conn_idle')
        self.limit('conn_idle', 1)
        self.limit('learn', int(self.followed))
        time.sleep(1.1)
        self.limit('conn_idle', idle)

    def most_ids(self):
        """How many connection IDs a connection has, of the one with the most."""
        listing = self.server.run('cat', '/proc/net/nft_quic_conns')
        return max(map(int, re.findall(r' ids=(\d+)', listing)), default=0)

    def unload(self):
        self.server.run('nft', 'delete', 'table', 'inet', f'quic_{self.form}')

    def tracked(self):
        """UDP flows to or from the services that conntrack knows."""
        return [line for family in ('ipv4', 'ipv6')
                for line in self.server.run('conntrack', '-L', '-f', family, '-p', 'udp').splitlines() if 'dport=' in line]

    def module_again(self):
        self.unload()
        until(lambda: not self.server.attempt('rmmod', 'nft_quic').returncode, 20, 0.2)
        modprobe()
        self.load(self.form)

    def stop(self):
        """quicd would wait for clients that were killed."""
        self.server.stop(1)
