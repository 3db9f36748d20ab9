#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The recipes of docs/recipes.md: each file of examples/recipes is loaded as it is and used by real clients.

Runs under the plain kernel of tests/uml, or in a guest; TAP. The recipe for firewalld is in
tests/nft/cases_firewalld.py, that for alerts in tests/quicd/proc/t_metrics.py. TEST=recipes runs all of them, TEST=NAME the one of this name.
"""
import os
import shutil
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, 'lib'), os.path.join(HERE, '../lib/py')]
import certs
import rules
import services
from clients import Kdig, Smbclient
from nqtest import pick
from nqtest.hosts import Host, WORK, veth, workdir
from nqtest.shell import Failed, run as sh
from nqtest.tap import case, done, ok, same, say, tests
from nqtest.where import BUILD as BIN, TOP

RECIPES = os.path.join(TOP, 'examples/recipes')
SERVER = '10.44.0.1'
ACCOUNT = 'alice', 'Rabbit-hole-7'
QUESTION, ANSWER = 'host.example.org', '192.0.2.7'


def install_key(where, name, *hosts):
    """A certificate for these hosts where a configuration looks for it."""
    os.makedirs(where, exist_ok=True)
    for file, kind in zip(certs.issue(name, *hosts), ('cert', 'key')):
        shutil.copy(file, f'{where}/{name}.{kind}.pem')


def quicd_example(host, name, port, server_name):
    """quicd with examples/quicd/NAME.conf as it is, and a certificate where it says."""
    install_key('/etc/quicd', name, server_name)
    return host.start(f'quicd-{name}', f'{BIN}/quicd/quicd', '-c', f'{TOP}/examples/quicd/{name}.conf', udp=port)


def get(host, address, name):
    """The page that curl gets of this server name, or what went wrong."""
    r = host.attempt('curl', '-sS', '--http3-only', '--connect-timeout', '60', '--cacert', certs.CA,
                     '--connect-to', f'{name}:443:{address}:443', f'https://{name}/')
    return r.stdout or r.stderr


def pair():
    """A server and a client of it."""
    server, client = Host('server'), Host('client')
    veth(server, client)
    return server, client


def over(*hosts):
    for h in hosts:
        h.stop()
        sh('ip', 'netns', 'del', h.name)


def smb():
    server, client = pair()
    services.nginx(server, 'web', 443, 'page of web\n', 'www.example.org')
    services.samba(server, *ACCOUNT, include=f'{RECIPES}/samba.conf')
    quicd_example(server, 'smb', 8443, 'fs.example.org')
    rules.load(server, f'{RECIPES}/smb.nft')

    def file():
        try:
            Smbclient('%'.join(ACCOUNT))(client, SERVER, 443, 'fs.example.org')
        except Failed as e:
            return '\n'.join([str(e), *(f'{p.name}: {p.said()[-800:]}' for p in server.processes)])

    # A first handshake in an emulated machine may take longer than the example allows.
    tests.retry('smb: smbclient writes and reads a file behind UDP 443', file)
    same(get(client, SERVER, 'www.example.org'), 'page of web\n', 'smb: the web server has port 443 all the same')
    r = client.attempt('nc', '-z', '-w', '2', SERVER, '445')
    ok(r.returncode, 'smb: nobody reaches Samba by TCP from outside')
    over(server, client)


def doq():
    server, client = pair()
    services.nginx(server, 'web', 443, 'page of web\n', 'www.example.org')
    resolver = services.unbound(server, {QUESTION: ANSWER})
    quicd_example(server, 'doq', 8853, 'dns.example.org')
    rules.load(server, f'{RECIPES}/doq.nft')
    said = Kdig(QUESTION, ANSWER)(client, SERVER, 443, 'dns.example.org')
    ok(ANSWER in said, 'doq: kdig is answered behind UDP 443', said)
    same(get(client, SERVER, 'www.example.org'), 'page of web\n', 'doq: the web server has port 443 all the same')

    def burst():
        return int(client.run('python3', '-B', f'{HERE}/lib/doq.py', certs.CA, SERVER, '443', 'dns.example.org', QUESTION,
                              ANSWER, '400', '4'))

    say(f'of 400 questions at once Unbound answers {burst()}, then {burst()}, with its defaults')
    resolver.stop()
    services.unbound(server, {QUESTION: ANSWER}, include=f'{RECIPES}/unbound.conf')
    same(burst(), 400, 'doq: 400 questions at once are answered')
    over(server, client)


def two_servers():
    server, client = pair()
    services.nginx(server, 'web', 4433, 'page of web\n', 'www.example.org')
    install_key('/etc/knot', 'dns', 'dns.example.org')
    zone = services.write(f'{WORK}/knot/zone', f'example.org. 60 IN SOA example.org. root.example.org. 1 60 60 60 60\n'
                          f'example.org. 60 IN NS example.org.\n{QUESTION}. 60 IN A {ANSWER}\n')
    conf = services.write(f'{WORK}/knot.conf', f'''include: {RECIPES}/knot.conf
server:
    rundir: {WORK}/knot
database:
    storage: {WORK}/knot
zone:
  - domain: example.org
    file: {zone}
''')
    server.start('knotd', 'knotd', '-c', conf, udp=8853)
    rules.load(server, f'{RECIPES}/two-servers.nft')
    said = Kdig(QUESTION, ANSWER)(client, SERVER, 443, 'dns.example.org')
    ok(ANSWER in said, "two-servers: Knot's own QUIC answers kdig", said)
    same(get(client, SERVER, 'www.example.org'), 'page of web\n', 'two-servers: nginx answers curl')
    over(server, client)


def link(a, adev, address, b, bdev, there):
    """A cable between two hosts, by the devices' names."""
    sh('ip', 'link', 'add', adev, 'netns', a.name, 'type', 'veth', 'peer', bdev, 'netns', b.name)
    for host, dev, addr in (a, adev, address), (b, bdev, there):
        if addr:
            sh('ip', '-n', host.name, 'addr', 'add', addr, 'dev', dev)
        sh('ip', '-n', host.name, 'link', 'set', dev, 'up')


def gateway(name, *machines):
    """A host that forwards for others: (its name, address and its own gateway there)."""
    gw = Host(name)
    gw.run('sysctl', '-qw', 'net.ipv4.ip_forward=1')
    client = Host('client')
    link(gw, 'eth0', '192.0.2.1/24', client, 'eth0', '192.0.2.99/24')
    return gw, client


def seen_by(name):
    """The clients' addresses in the log of an nginx."""
    with open(f'{WORK}/{name}/access.log') as f:
        return sorted({line.split()[0] for line in f})


def tenants():
    gw, client = gateway('gw')
    machines = []
    for n, (name, host) in enumerate((('red', 'www.red.example'), ('blue', 'www.blue.example')), 1):
        vm = Host(name)
        link(gw, f'vm-{name}', f'10.0.{n}.1/24', vm, 'eth0', f'10.0.{n}.10/24')
        vm.run('ip', 'route', 'add', 'default', 'via', f'10.0.{n}.1')
        services.nginx(vm, name, 443, f'page of {name}\n', host, 'blue.example')
        machines.append(vm)
    rules.load(gw, f'{RECIPES}/tenants.nft')
    for name, host in ('red', 'www.red.example'), ('blue', 'www.blue.example'), ('blue', 'blue.example'):
        same(get(client, '192.0.2.1', host), f'page of {name}\n', f'tenants: {host} is served by {name}')
    for name in 'red', 'blue':
        same(seen_by(name), ['192.0.2.99'], f"tenants: {name} sees its client's address")
    ok('page of' not in get(client, '192.0.2.1', 'www.green.example'), 'tenants: an unknown name reaches none of them')
    r = machines[0].attempt('ping', '-c', '1', '-W', '1', '10.0.2.10')
    ok(r.returncode, 'tenants: one machine does not reach the other')
    over(gw, client, *machines)


def containers():
    gw, client = gateway('gw')
    gw.run('ip', 'link', 'add', 'podman0', 'type', 'bridge')
    gw.run('ip', 'addr', 'add', '10.88.0.1/16', 'dev', 'podman0')
    gw.run('ip', 'link', 'set', 'podman0', 'up')
    boxes = []
    for n, name in ('10', 'www'), ('20', 'shop'):
        box = Host(name)
        link(gw, f'veth{n}', None, box, 'eth0', f'10.88.0.{n}/16')
        gw.run('ip', 'link', 'set', f'veth{n}', 'master', 'podman0')
        # with br_netfilter a container's own name leads out where it came in
        gw.run('ip', 'link', 'set', f'veth{n}', 'type', 'bridge_slave', 'hairpin', 'on')
        box.run('ip', 'route', 'add', 'default', 'via', '10.88.0.1')
        services.nginx(box, name, 443, f'page of {name}\n', f'{name}.example.org')
        boxes.append(box)
    rules.load(gw, f'{RECIPES}/containers.nft')
    for host, who in (client, 'another host'), (gw, 'this host itself'), (boxes[0], 'a container'):
        same([get(host, '192.0.2.1', f'{name}.example.org') for name in ('www', 'shop')],
             ['page of www\n', 'page of shop\n'], f'containers: {who} reaches both')
    same(seen_by('www'), ['10.88.0.1', '192.0.2.1', '192.0.2.99'], "containers: a service sees its clients' addresses")
    over(gw, client, *boxes)


def covered():
    """Each file of the folder is used above, and has its place in docs/recipes.md."""
    with open(os.path.abspath(__file__)) as f, open(f'{TOP}/docs/recipes.md') as page:
        here, page = f.read(), page.read()
    for file in sorted(os.listdir(RECIPES)):
        ok(f'/{file}' in here and f'examples/recipes/{file}' in page, f'{file} is run, and described')


ALL = [smb, doq, two_servers, tenants, containers, covered]


def main():
    chosen = [f for f in ALL if pick.wanted('recipes', f.__name__)]
    if not chosen:
        pick.nothing()
    workdir()
    rules.install()
    certs.authority()
    for f in chosen:
        case(f)
    done()


main()
