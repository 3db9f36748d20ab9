#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Three QUIC services (and a second web server) behind UDP port 443 of one address.

    client 10.44.0.2 ---- veth ---- 10.44.0.1 server
                                    nft: udp dport 443, by ALPN and SNI, redirect to
                                      :8443  quicd -> smbd    TCP 445
                                      :8853  quicd -> unbound TCP 53
                                      :4433  nginx, HTTP/3
                                      :4434  another nginx, HTTP/3

Runs in a guest. Prints what it does and a table; with --tap also a TAP line for each thing
that must hold. Exit status 0 only if all of it did.
"""
import filecmp
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, 'lib'), os.path.join(HERE, '../lib/py')]
import certs
import rules
import services
from nqtest.capture import Capture
from nqtest.hosts import Host, WORK, veth, workdir
from nqtest.shell import Failed
from nqtest.tap import tests
from nqtest.where import BUILD as BIN

TAP = '--tap' in sys.argv
SERVER = '10.44.0.1'
NAMES = {'fs': 'fs.example.org', 'dns': 'dns.example.org', 'one': 'one.example.org', 'two': 'two.example.org'}
checks = []
tests.prefix = 'demo: '


def say(text):
    if TAP:
        tests.say(text)
    else:
        print(f'[{time.monotonic() - began:5.1f} s] {text}', flush=True)


def ok(good, name, note=''):
    checks.append(bool(good))
    if TAP:
        return tests.ok(good, name, note)
    if not good:
        say(f'FAILED: {name}: {note}')
    return bool(good)


def smbclient(client):
    """Write a file, read it back, compare."""
    with open(f'{WORK}/up', 'wb') as f:
        f.write(os.urandom(1 << 20))
    r = client.attempt('smbclient', f"//{NAMES['fs']}/files", '-N',
                       '--option=client smb transports=quic', f'--option=tls ca file={certs.CA}',
                       '--option=tls verify peer=ca_and_name',
                       '--option=client smb transport:force_ngtcp2_quic=yes',
                       '-c', f'put {WORK}/up up; get up {WORK}/down; ls', timeout=180)
    if r.returncode:
        return None, (r.stderr + r.stdout).strip()
    same = filecmp.cmp(f'{WORK}/up', f'{WORK}/down', shallow=False)
    return ('1 MiB written, read back, equal' if same else None), 'the file came back changed'


def kdig(client):
    r = client.attempt('kdig', f'@{SERVER}', '-p', '443', '+quic', f'+tls-ca={certs.CA}',
                       f"+tls-hostname={NAMES['dns']}", '+short', 'host.example.org', 'A')
    answer = r.stdout.strip()
    return (f'host.example.org is {answer}' if answer == '192.0.2.7' else None), (r.stderr + r.stdout).strip()


def curl(name):
    def get(client):
        r = client.attempt('curl', '-sS', '--http3-only', '--cacert', certs.CA, '-w', '%{http_version} %{http_code}',
                           f'https://{NAMES[name]}/')
        want = f'page of {name}\n'
        return (want.strip() if r.stdout == want + '3 200' else None), (r.stderr + r.stdout).strip()
    return get


def stranger(client):
    """A client of a protocol that nobody here serves: fails at once, reaches nobody."""
    start = time.monotonic()
    r = client.attempt(f'{BIN}/quicd/quicc', '--alpn', 'nobody/1', '--sni', NAMES['one'], '--ca', certs.CA,
                       '--no-input', f'{SERVER}:443', timeout=60)
    said = (r.stderr + r.stdout).strip()
    if r.returncode in (2, 3):
        return f'refused after {time.monotonic() - start:.1f} s', said
    return None, f'status {r.returncode}: {said}'


# name, what it does, ALPN and SNI it offers, a word of the rule it must take, the service
CLIENTS = [
    ('smbclient', smbclient, ['smb'], 'fs', ':8443', 'quicd, smbd'),
    ('kdig', kdig, ['doq'], 'dns', ':8853', 'quicd, unbound'),
    ('curl', curl('one'), ['h3', 'h3-29'], 'one', ':4433', 'nginx'),
    ('curl', curl('two'), ['h3', 'h3-29'], 'two', ':4434', 'another nginx'),
    ('quicc', stranger, ['nobody/1'], 'one', None, 'none'),
]


def set_up():
    workdir()
    say('installing the module and the facade in this guest')
    rules.install()
    server, client = Host('server'), Host('client')
    veth(server, client)
    with open('/etc/hosts', 'a') as f:
        f.writelines(f'{SERVER} {name}\n' for name in NAMES.values())
    certs.authority()

    say('starting smbd, unbound, two quicd, two nginx')
    services.samba(server)
    services.unbound(server, {'host.example.org': '192.0.2.7'})
    services.quicd_stream(server, 'quicd-smb', 8443, 'smb', '127.0.0.1:445', NAMES['fs'])
    services.quicd_stream(server, 'quicd-doq', 8853, 'doq', '127.0.0.1:53', NAMES['dns'])
    services.nginx(server, 'nginx-one', 4433, 'page of one\n', NAMES['one'])
    services.nginx(server, 'nginx-two', 4434, 'page of two\n', NAMES['two'])
    ok(not server.listens('-u', 443), 'nobody listens on UDP 443', server.listens('-u', 443))

    say('loading examples/demo.nft with the distribution\'s nft')
    rules.load(server, '/src/examples/demo.nft')
    listed = rules.listing(server)
    ok(all(word in listed for word in ('quic alpn "smb"', 'quic alpn "doq"', 'quic alpn "h3"', 'quic sni "')),
       'nft lists the rules as they were written', listed)
    for line in listed.splitlines():
        say('  ' + line.replace('\t', '    '))
    return server, client


def first_try():
    """nft-quic try, in a namespace of its own beside all this."""
    os.makedirs('/usr/local/bin', exist_ok=True)  # a userland that is unpacked only has none
    for name in ('quicd', 'quicc'):
        os.symlink(f'{BIN}/quicd/{name}', f'/usr/local/bin/{name}')
    r = subprocess.run([f'{BIN}/admin/nft-quic', 'try', f'{WORK}/try'], capture_output=True, text=True)
    ok(r.returncode == 0 and r.stdout.count('and that service answers') == 2, 'nft-quic try has two clients answered',
       r.stdout + r.stderr)
    ok('www.example.org -> port 4433, quicd' in r.stdout, 'it prints who listens', r.stdout)
    same = {'cert.pem', 'key.pem', 'rules.nft', 'files.conf', 'www.conf'} - set(os.listdir(f'{WORK}/try'))
    ok(not same, 'it leaves the files', same)
    r = subprocess.run([f'{BIN}/admin/nft-quic', 'try', f'{WORK}/try'], capture_output=True, text=True)
    ok(r.returncode == 2 and 'exists already' in r.stderr, 'it overwrites nothing', r.stderr)


def short(rule):
    """A rule for the table: what chooses and where to, without what all have in common."""
    return rule.replace('udp dport 443 ', '').split(' comment ')[0]


def table(rows):
    rows = [('CLIENT', 'ALPN', 'SNI', 'DATAGRAMS', 'RULE', 'SERVICE', 'RESULT')] + rows
    width = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    print('#' if TAP else '')
    for row in rows:
        print(('# ' if TAP else '') + '  '.join(f'{cell:<{w}}' for cell, w in zip(row, width)).rstrip())
    print('#' if TAP else '', flush=True)


def run(server, client):
    capture = Capture(server, 'capture', 'to-client')
    done = []
    for name, action, alpn, host, port, service in CLIENTS:
        label = f'{name} to {NAMES[host]}'
        say(label)
        before = rules.counters(server)
        good, said = action(client)
        after = rules.counters(server)
        taken = [r for r in after if after[r] > before.get(r, 0)]
        ok(good, f'{label} offering {alpn[0]}: {good or "works" if port else "fails cleanly"}', said)
        if port:
            ok(len(taken) == 1 and f'redirect to {port}' in taken[0], f'{label} takes the one rule to {port}', taken)
        else:
            ok(not taken, f'{label} takes no rule', taken)
        done.append((name, alpn, NAMES[host], port, taken, service, good or 'FAILED'))
    capture.stop()

    flows = capture.flows()
    rows = []
    for name, alpn, sni, port, taken, service, result in done:
        seen = [f for f in flows if f['sni'] == sni and f['alpn'] == alpn and f['dport'] == 443]
        ok(len(seen) == 1 and seen[0]['complete'],
           f'the wire shows one ClientHello of {name} for {sni} with {", ".join(alpn)}', flows)
        f = seen[0] if seen else None
        if sni in (NAMES['one'], NAMES['two']) and name == 'curl':
            ok(f and f['datagrams'] > 1, f'{name} for {sni} needs more than one datagram', f)
        rows.append((name, ' '.join(f['alpn']) if f else '-', f['sni'] if f else '-', str(f['datagrams']) if f else '-',
                     ' '.join(map(short, taken)) or 'none', service + (f' {port}' if port else ''), result))
    table(rows)


def main():
    server = None
    try:
        server, client = set_up()
        run(server, client)
        first_try()
    except Failed as e:
        ok(False, 'the demo could be run to its end', e)
    if server:
        if not all(checks):
            for p in server.processes:
                print(f'# last words of {p.name}:\n' + '\n'.join('# ' + x for x in p.said().splitlines()[-8:]))
        server.stop()
    if TAP:
        return tests.end()
    print('All of it works.' if all(checks) else f'{checks.count(False)} of {len(checks)} checks FAILED.')
    return 0 if all(checks) else 1


began = time.monotonic()
sys.exit(main())
