# SPDX-License-Identifier: GPL-2.0-or-later
"""Two gateways in front of two services on hosts of their own; their addresses move by hand, as
keepalived moves them.

    client 192.0.2.100 --- one or two: 192.0.2.1 : 10.0.0.1 --- files 10.0.0.10, www 10.0.0.20
"""
import os
import re

import services
from nqtest.hosts import WORK, Host
from nqtest.shell import run as sh
from services import write

PUBLIC, INSIDE = '192.0.2.1', '10.0.0.1'
HERE = os.path.dirname(os.path.abspath(__file__))
NAT = '''	chain in {
		type nat hook prerouting priority dstnat; policy accept;
		ip daddr $public udp dport 443 dnat ip to quic sni map @host_of
		ip daddr $public udp dport 443 dnat ip to quic server-id map @host_by_id
	}
	chain out {
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr @hosts udp sport 443 snat ip to $public
	}
}
'''


def bridge(host, name, ports):
    """A bridge in `host`, with a veth to each of these hosts: {host: (device, addresses)}."""
    sh('ip', '-n', host.name, 'link', 'add', name, 'type', 'bridge')
    sh('ip', '-n', host.name, 'link', 'set', name, 'up')
    for other, (dev, *addresses) in ports.items():
        sh('ip', 'link', 'add', f'{name}-{other.name}', 'netns', host.name, 'type', 'veth', 'peer', dev, 'netns', other.name)
        sh('ip', '-n', host.name, 'link', 'set', f'{name}-{other.name}', 'master', name, 'up')
        for a in addresses:
            sh('ip', '-n', other.name, 'addr', 'add', a, 'dev', dev)
        sh('ip', '-n', other.name, 'link', 'set', dev, 'up')


class Pair:
    def __init__(self):
        names = ('client', 'one', 'two', 'files', 'www')
        self.switch = Host('pair-switch')
        self.client, self.one, self.two, self.files, self.www = (Host(f'pair-{n}') for n in names)
        bridge(self.switch, 'out', {self.client: ('eth0', '192.0.2.100/24'), self.one: ('eth0', '192.0.2.2/24'),
                                    self.two: ('eth0', '192.0.2.3/24')})
        bridge(self.switch, 'in', {self.one: ('eth1', '10.0.0.2/24'), self.two: ('eth1', '10.0.0.3/24'),
                                   self.files: ('eth0', '10.0.0.10/24'), self.www: ('eth0', '10.0.0.20/24')})
        for host in (self.files, self.www):
            sh('ip', '-n', host.name, 'route', 'add', 'default', 'via', INSIDE)
        for host in (self.one, self.two):
            host.run('sysctl', '-qw', 'net.ipv4.ip_forward=1')
        root = f'{WORK}/pair-www'
        write(f'{root}/index.html', 'www ')
        services.quicd(self.www, 'pair-www', 443, 'h3\nserver-id = 0102', ['*.example.org'], mode='http3',
                       body=f'[http3]\nroot = {root}')
        self.files.start('pair-told', 'python3', f'{HERE}/told.py', 'files', '8003', '8103', tcp=8003)
        services.quicd(self.files, 'pair-files', 443, 'line\nserver-id = 0101', ['*.example.org'],
                       body='[stream]\nbackend = 127.0.0.1:8103')
        self.at = None
        self.move(self.one)

    def load(self, form):
        """The same rules on both: the example, or the same maps and NAT."""
        with open('/src/examples/stateless-hosts.nft') as f:
            text = f.read()
        if form == 'nat':
            text = text[:text.index('\tchain in')] + NAT
        path = write(f'{WORK}/pair-{form}.nft', text)
        for host in (self.one, self.two):
            host.run('nft', '-f', path)
            host.run('conntrack', '-F')

    def move(self, to):
        """The addresses leave one gateway and come to another, which tells the neighbours."""
        if self.at:
            for dev in 'eth0', 'eth1':
                sh('ip', '-n', self.at.name, 'link', 'set', dev, 'down')
        self.at = to
        for dev, address in ('eth0', PUBLIC), ('eth1', INSIDE):
            sh('ip', '-n', to.name, 'link', 'set', dev, 'up')
            sh('ip', '-n', to.name, 'addr', 'replace', f'{address}/24', 'dev', dev)
            mac = re.search(r'link/ether (\S+)', sh('ip', '-n', to.name, 'link', 'show', dev)).group(1)
            for host in (self.client,) if dev == 'eth0' else (self.files, self.www):
                sh('ip', '-n', host.name, 'neigh', 'replace', address, 'lladdr', mac, 'dev', 'eth0')

    def other(self):
        return self.two if self.at is self.one else self.one

    def stop(self):
        for host in (self.files, self.www):
            host.stop()
