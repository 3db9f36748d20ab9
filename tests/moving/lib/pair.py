# SPDX-License-Identifier: GPL-2.0-or-later
"""Two gateways in front of two services on hosts of their own: examples/gateway-pair as it is, with Debian's
keepalived, and conntrackd beside the NAT form.

    client 192.0.2.100 --- one .2 or two .3 --- files 10.0.0.10, www 10.0.0.20
                 192.0.2.1 and 10.0.0.1 move
"""
import hashlib
import os
import threading

import services
from nqtest.hosts import WORK, Host
from nqtest.poll import wait_for
from nqtest.shell import Failed, run as sh
from services import write

PUBLIC, INSIDE = '192.0.2.1', '10.0.0.1'
HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLES = '/src/examples'
FILES = f'{EXAMPLES}/gateway-pair'
RULES = {'stateless': f'{EXAMPLES}/stateless-hosts.nft', 'nat': f'{FILES}/nat.nft'}
# Each gateway has a /run of its own.
PRIVATE = 'sh', '-c', 'mount -t tmpfs run /run; mkdir /run/lock; exec "$@"', 'sh'
PATIENCE = 60


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
        self.switch = Host('pair-switch')
        self.client, self.one, self.two, self.files, self.www = (
            Host(f'pair-{n}') for n in ('client', 'one', 'two', 'files', 'www'))
        bridge(self.switch, 'out', {self.client: ('eth0', '192.0.2.100/24'), self.one: ('eth0', '192.0.2.2/24'),
                                    self.two: ('eth0', '192.0.2.3/24')})
        bridge(self.switch, 'in', {self.one: ('eth1', '10.0.0.2/24'), self.two: ('eth1', '10.0.0.3/24'),
                                   self.files: ('eth0', '10.0.0.10/24'), self.www: ('eth0', '10.0.0.20/24')})
        for host in (self.files, self.www):
            sh('ip', '-n', host.name, 'route', 'add', 'default', 'via', INSIDE)
        for host in (self.one, self.two):
            host.run('sysctl', '-qw', 'net.ipv4.ip_forward=1')
        self.root, data = f'{WORK}/pair-www', os.urandom(3 << 20)
        write(f'{self.root}/index.html', 'www ')
        with open(f'{self.root}/big', 'wb') as f:
            f.write(data)
        self.checksum = hashlib.sha256(data).hexdigest()
        self.files.start('pair-told', 'python3', f'{HERE}/told.py', 'files', '8003', '8103', tcp=8003)
        services.quicd(self.files, 'pair-files', 443, 'line\nserver-id = 0101', ['*.example.org'],
                       body='[stream]\nbackend = 127.0.0.1:8103')
        self.keepalived = {host: self.stay(host) for host in (self.one, self.two)}
        self.held_by(self.one)

    def load(self, form):
        """The same rules on both. By NAT www has no server ID, and conntrackd comes with it."""
        self.www.stop(1)
        services.quicd(self.www, 'pair-www', 443, f'h3\nserver-id = {"none" if form == "nat" else "0102"}',
                       ['*.example.org'], mode='http3', body=f'[http3]\nroot = {self.root}')
        for host in (self.one, self.two):
            host.run('nft', 'flush', 'ruleset')
            host.run('nft', '-f', RULES[form])
            host.run('conntrack', '-F')
            if form == 'nat':
                host.start(f'{host.name}-conntrackd', *PRIVATE, 'conntrackd', '-C', f'{FILES}/conntrackd.conf')

    # Which of them has the addresses.

    def stay(self, host):
        return host.start(f'{host.name}-keepalived', *PRIVATE, 'keepalived', '--dont-fork', '--log-console',
                          '--use-file', f'{FILES}/keepalived.conf', '-i', host.name.removeprefix('pair-'))

    def held_by(self, host):
        """Wait until this one has both addresses, and the other one none."""
        def at(host):
            said = sh('ip', '-n', host.name, '-br', 'addr')
            return [address in said for address in (f' {PUBLIC}/24', f' {INSIDE}/24')]
        other = self.two if host is self.one else self.one
        wait_for(lambda: all(at(host)) and not any(at(other)), PATIENCE, f'{host.name} has the addresses', 0.1, Failed)

    def stop_first(self):
        """keepalived is stopped on the first gateway, as before work on it."""
        self.keepalived[self.one].stop()
        self.held_by(self.two)

    def start_first(self):
        self.keepalived[self.one] = self.stay(self.one)
        self.held_by(self.one)

    def links(self, state):
        """The first gateway's links fail, or come back."""
        for dev in 'out', 'in':
            sh('ip', '-n', self.switch.name, 'link', 'set', f'{dev}-{self.one.name}', state)
        self.held_by(self.one if state == 'up' else self.two)

    def during(self, client, fn):
        """The checksum of what the client fetched while fn() was done: as many transfers as it takes."""
        done = threading.Event()
        failed = []

        def work():
            try:
                fn()
            except Failed as e:
                failed.append(e)
            done.set()
        timer = threading.Timer(0.3, work)
        timer.start()
        found = set()
        while not done.is_set():
            found.add(client.fetch())
        timer.join()
        if failed:
            raise failed[0]
        return found

    def tracked(self):
        return [line for host in (self.one, self.two) for line in
                host.run('conntrack', '-L', '-p', 'udp').splitlines() if 'dport=443' in line]

    def stop(self):
        for host in (self.one, self.two, self.files, self.www):
            host.stop(1)
