#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every real client with every real service, through UDP port 443 and `quic` rules.

Runs in a guest. For each pair, on IPv4 and IPv6: what was asked for came; conntrack shows that
the connection went to the service's private port; and no part of the ClientHello was sent
twice. A pair that does not manage this straight to that port is skipped by name. Then what takes long:
large files, resumption, a minute of silence. TAP; the table goes to build/e2e/pairs.md,
the first flights to build/e2e/captures.
"""
import concurrent.futures
import hashlib
import os
import re
import shutil
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, 'lib'))
import certs
import hello
import rules
import services
from clients import Aioquic, Curl, CurlSum, Kdig, Quicc, Quicgo, Smbclient
from net import BIN, WORK, Capture, Failed, Host, veth, workdir

V4, V6 = '10.44.0.1', 'fd44::1'
BIG = 100
count = failed = 0


def ok(good, name, note=''):
    global count, failed
    count += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {count} - {name}", flush=True)
    for line in str(note).splitlines() if not good else ():
        print(f'# {line}', flush=True)
    return good


def skip(name, why):
    global count
    count += 1
    print(f'ok {count} - {name} # SKIP {why}', flush=True)


def page(name):
    return f'page of {name}\n'


WHO = 'hello calls\\.example\\.org, you said:\nwho am I\n'
# client, server name, private port, service
PAIRS = [
    (Curl(page('nginx')), 'one.example.org', 4433, 'nginx'),
    (Curl(page('nginx')), 'uno.example.org', 4433, 'nginx, second name'),
    (Curl(page('wild')), 'a.wild.example.org', 4434, 'nginx, *.wild'),
    (Curl(page('static')), 'static.example.org', 4435, 'quicd http3'),
    (Curl(page('haproxy')), 'proxy.example.org', 4436, 'haproxy'),
    (Curl(page('caddy')), 'caddy.example.org', 4437, 'caddy'),
    (Curl(page('rest')), 'other.example.org', 4438, 'nginx, fallback'),
    (Aioquic(page('nginx')), 'one.example.org', 4433, 'nginx'),
    (Aioquic(page('static')), 'static.example.org', 4435, 'quicd http3'),
    (Aioquic(page('haproxy')), 'proxy.example.org', 4436, 'haproxy'),
    (Aioquic(page('caddy')), 'caddy.example.org', 4437, 'caddy'),
    (Quicgo(page('nginx')), 'one.example.org', 4433, 'nginx'),
    (Quicgo(page('static')), 'static.example.org', 4435, 'quicd http3'),
    (Quicgo(page('haproxy')), 'proxy.example.org', 4436, 'haproxy'),
    (Quicgo(page('caddy')), 'caddy.example.org', 4437, 'caddy'),
    (Kdig('host.example.org', '192.0.2.7'), 'dns.example.org', 8853, 'quicd, unbound'),
    (Kdig('host.example.org', '192.0.2.8'), 'dns2.example.org', 8854, 'quicd, knot'),
    (Smbclient(), 'fs.example.org', 8443, 'quicd, Samba'),
    (Quicc('whocalls/1', 'who am I\n', WHO), 'calls.example.org', 8009, 'quicd handoff, whocalls'),
    (Quicc('echo', 'round\n', 'round\n'), 'echo.example.org', 8007, 'quicd echo'),
    (Quicc('echo/2', 'round\n', 'round\n', '--version', '2'), 'echo.example.org', 8007, 'quicd echo, QUIC v2'),
]


def set_up():
    workdir()
    shutil.rmtree(f'{BIN}/e2e/captures', ignore_errors=True)
    os.makedirs(f'{BIN}/e2e/captures')
    with open(f'{BIN}/e2e/captures/truth.tsv', 'w') as f:
        f.write('file\tclient\tversion\tquic\tsni\talpn\n')
    rules.install()
    server, client = Host('server'), Host('client')
    veth(server, client)
    certs.authority()
    services.samba(server)
    services.unbound(server, {'host.example.org': '192.0.2.7'})
    services.knot(server, '127.0.0.2', 'example.org', {'host.example.org': '192.0.2.8'})
    services.quicd_stream(server, 'quicd-smb', 8443, 'smb', '127.0.0.1:445', 'fs.example.org')
    services.quicd_stream(server, 'quicd-doq', 8853, 'doq', '127.0.0.1:53', 'dns.example.org')
    services.quicd_stream(server, 'quicd-doq2', 8854, 'doq', '127.0.0.2:53', 'dns2.example.org')
    services.quicd(server, 'quicd-echo', 8007, 'echo echo/2', ['echo.example.org'], mode='echo',
                   more='early-data = yes')
    services.whocalls(server, 'quicd-calls', 8009, 'whocalls/1', 'calls.example.org')
    services.nginx(server, 'nginx', 4433, page('nginx'), 'one.example.org', 'uno.example.org')
    services.nginx(server, 'wild', 4434, page('wild'), '*.wild.example.org')
    services.quicd_http3(server, 'static', 4435, page('static'), 'static.example.org')
    services.haproxy(server, 'haproxy', 4436, page('haproxy'), 'proxy.example.org')
    services.caddy(server, 'caddy', 4437, page('caddy'), 'caddy.example.org')
    services.nginx(server, 'rest', 4438, page('rest'), 'other.example.org')
    ok(not server.listens('-u', 443), 'nobody listens on UDP 443', server.listens('-u', 443))
    rules.load(server, f'{HERE}/pairs.nft')
    return server, client


def bound(server, address, sport):
    """The port that conntrack sends this client's port to."""
    table = server.run('conntrack', '-L', '-f', 'ipv6' if ':' in address else 'ipv4', '-p', 'udp')
    for line in table.splitlines():
        ports = re.findall(r'[sd]port=(\d+)', line)
        if ports[:2] == [str(sport), '443']:
            return int(ports[2])
    return None


class Run:
    """One client, once, with a capture at the server's door."""

    def __init__(self, server, client, action, address, port, name):
        capture = Capture(server, 'pair', 'to-client')
        self.error = self.result = None
        try:
            self.result = action(client, address, port, name)
        except Failed as e:
            self.error = e
        capture.stop()
        self.file = capture.file
        self.flights = hello.flights(capture.file, port)
        self.flows = [f for f in capture.flows() if f['dport'] == port and f['complete']] if port == 443 else []
        self.port = bound(server, address, self.flights[0].sport) if port == 443 and self.flights else None

    def again(self):
        return sum(f.again for f in self.flights)

    def first_answer(self):
        f = self.flights[0] if self.flights else None
        return (f.answer - f.first) * 1000 if f and f.answer else None


def keep(run, action, family, name):
    """The first flight as a capture of its own, with what the client was told to send."""
    base = f'{action.name}-{action.alpn[0].replace("/", "_")}-{name.split(".")[0]}-{family.lower()}'
    hello.cut(run.file, 443, f'{BIN}/e2e/captures/{base}.pcap')
    with open(f'{BIN}/e2e/captures/truth.tsv', 'a') as f:
        f.write('\t'.join([f'{base}.pcap', action.name, action.version(), action.quic, name,
                           ','.join(action.alpn)]) + '\n')


def pair(server, client, action, name, port, service):
    """All that must hold for one pair; a row of the table."""
    row = None
    for _ in range(3):
        straight = Run(server, client, action, V4, port, name)
        if not straight.error and not straight.again():
            break
    else:
        # Nothing to learn about the rules from a pair that does not work without them.
        skip(f'{action.name} to {service}', f'three times straight to port {port}: '
             + str(straight.error or 'the service lost parts of the ClientHello')[:200].replace('\n', ' '))
        return None
    for family, address in (('IPv4', V4), ('IPv6', V6)):
        label = f'{action.name} to {service} ({family}, {name})'
        run = Run(server, client, action, address, 443, name)
        if run.again():
            # A slow machine lets a client's first PTO pass; a fault of ours does so each time.
            run = Run(server, client, action, address, 443, name)
        ok(run.result, f'{label}: {run.result or "works"}', run.error)
        ok(run.port == port, f'{label}: conntrack has the flow at port {port}', run.port)
        ok(run.flights and not run.again(), f'{label}: nothing of the ClientHello sent twice', f'{run.again()} bytes')
        ok(run.flows and all(f['sni'] == name and f['alpn'] == action.alpn for f in run.flows),
           f'{label}: quic-inspect reads what was offered', run.flows)
        if run.result and run.flows and not run.again():
            keep(run, action, family, name)
        if family == 'IPv4' and run.flows:
            ms, direct = run.first_answer(), straight.first_answer()
            row = [action.name, action.version(), run.flows[0]['version'].replace('0x00000001', '1').replace('0x6b3343cf', '2'),
                   str(run.flows[0]['datagrams']), str(run.flights[0].crypto), ' '.join(action.alpn), name, service,
                   f'{ms / direct:.2f}' if ms and direct else '-', run.result or 'failed']
    return row


def long_runs(server, client):
    """What takes long, most of it side by side."""
    big = f'{WORK}/static/big'
    with open(big, 'wb') as f:
        for _ in range(BIG):
            f.write(os.urandom(1 << 20))
    with open(big, 'rb') as f:
        checksum = hashlib.file_digest(f, 'sha256').hexdigest()
    os.link(big, f'{WORK}/nginx/html/big')

    def silence(client):
        # quicc is silent for almost a minute between two lines.
        r = client.attempt('sh', '-c', f'{{ echo before; sleep 55; echo after; }} | {BIN}/quicd/quicc --alpn echo '
                           f'--sni echo.example.org --ca {certs.CA} {V4}:443', timeout=200)
        if r.stdout != 'before\nafter\n':
            raise Failed(f'status {r.returncode}: {r.stdout} {r.stderr}')

    def aio(name, text, *options):
        return lambda: Aioquic(page(text), *options)(client, V4, 443, name)

    jobs = {
        'quicc to quicd echo: the connection survives 55 s of silence (quicc gives up at 60)': lambda: silence(client),
        'aioquic to nginx: the connection survives 61 s of silence': aio('one.example.org', 'nginx', '--idle', '61'),
        'aioquic to quicd http3: the connection survives 61 s of silence':
            aio('static.example.org', 'static', '--idle', '61'),
        'two smbclients at once, 4 MiB each (first)': lambda: Smbclient(4)(client, V4, 443, 'fs.example.org'),
        'two smbclients at once, 4 MiB each (second)': lambda: Smbclient(4)(client, V6, 443, 'fs.example.org'),
    }
    with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
        futures = {name: pool.submit(job) for name, job in jobs.items()}
        for name, future in futures.items():
            try:
                future.result()
                ok(True, name)
            except Failed as e:
                ok(False, name, e)

    one_by_one = {
        f'curl fetches {BIG} MiB from nginx': lambda: CurlSum(checksum, '/big')(client, V4, 443, 'one.example.org'),
        f'curl fetches {BIG} MiB from quicd http3':
            lambda: CurlSum(checksum, '/big')(client, V4, 443, 'static.example.org'),
        'smbclient writes 50 MiB and reads them back': lambda: Smbclient(50)(client, V4, 443, 'fs.example.org'),
        'quicc to quicd echo: 0-RTT data is accepted':
            lambda: Quicc('echo', 'early\n', '(?s).*early\n', '--0rtt')(client, V4, 443, 'echo.example.org'),
        'aioquic to nginx: a session is resumed': aio('one.example.org', 'nginx', '--resume'),
    }
    for name, job in one_by_one.items():
        try:
            ok(job() or True, name)
        except Failed as e:
            ok(False, name, e)


def main():
    server = None
    rows = []
    try:
        server, client = set_up()
        for action, name, port, service in PAIRS:
            if isinstance(action, Quicgo) and not os.path.exists(f'{BIN}/e2e/quicgo'):
                skip(f'{action.name} to {service}', 'no build/e2e/quicgo')
                continue
            rows.append(pair(server, client, action, name, port, service))
        long_runs(server, client)
    except Failed as e:
        ok(False, 'the pairs could be run to the end', e)
    if failed and server:
        for p in server.processes:
            print(f'# last words of {p.name}:\n' + '\n'.join('# ' + x for x in p.said().splitlines()[-6:]))
    if server:
        stats = server.run('cat', '/proc/net/stat/nft_quic').split('\n')
        print('# ' + '\n# '.join(stats))
        server.stop()

    head = ['Client', 'Version', 'QUIC', 'Datagrams', 'CRYPTO frames', 'ALPN', 'SNI', 'Service',
            'First answer, ratio to straight', 'Result']
    with open(f'{BIN}/e2e/pairs.md', 'w') as f:
        f.write(f'''# Clients and services

Written by tests/e2e/pairs.py on {time.strftime('%Y-%m-%d')}, kernel {os.uname().release}. Each client went
to UDP port 443 and was sent to the service by a `quic` rule, on IPv4 and IPv6. Datagrams and
CRYPTO frames are those of its ClientHello; the ratio compares the time to the server's first
datagram with that of the same client going straight to the service's port (under emulation).

''')
        for row in [head, ['---'] * len(head)] + [r for r in rows if r]:
            line = '| ' + ' | '.join(row) + ' |'
            f.write(line + '\n')
            print('# ' + line)
    print(f'1..{count}')
    return 1 if failed else 0


sys.exit(main())
