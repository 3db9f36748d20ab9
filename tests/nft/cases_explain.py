# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: main new
"""nft-quic explain: what it says of rules of each kind, and that it leaves the live ones alone."""
import json
import os
import signal
import socket
import struct
import subprocess
import time

from nqtest import qt
from nqtest.netns import Ns
from nqtest.nftcmd import BUILD, TOP, Nft
from nqtest.shell import sh
from nqtest.tap import case, ok, same
from admin_host import undocumented

TOOL = f'{BUILD}/admin/nft-quic'
# each kind of rule on one kernel and nft; the others show that their listings load again
MAIN = os.environ.get('KERNEL_PLACE', 'main') == 'main'
nft = Nft()

FILTER = '''table inet t {
	set bad { typeof quic sni; elements = { "*.bad.example" }; }
	chain pre {
		type filter hook prerouting priority mangle; policy accept;
		iifname "wan0" udp dport 443 quic sni @bad counter drop
	}
	chain sub {
		quic sni "sub.example" counter drop
		quic alpn vmap { "smb" : goto last, "doq" : accept }
	}
	chain last {
		drop
	}
	chain input {
		type filter hook input priority filter; policy drop;
		udp dport 443 counter jump sub
		udp dport 443 quic alpn "h3" accept
	}
}
'''
NAT = '''table inet t {
	map hosts { typeof quic sni : ip daddr . udp dport; elements = { "a.example" : 10.9.2.7 . 4433 }; }
	chain pre {
		type nat hook prerouting priority dstnat; policy accept;
		udp dport 443 dnat ip to quic sni map @hosts
		udp dport 443 redirect to :quic alpn map { "h3" : 8443 }
	}
}
'''


def run(*args, **kw):
    return subprocess.run([TOOL, 'explain', *args], capture_output=True, text=True, env=nft.env, **kw)


def told(*args):
    """The exit status, and of each datagram its names, steps as (chain, verdict), end and rules."""
    r = run('--json', *args)
    if r.returncode == 2:
        return 2, [r.stderr]
    j = json.loads(r.stdout)
    return r.returncode, [dict(d, steps=[(s['chain'], s['verdict']) for s in d['trace'] if s['type'] == 'rule'],
                               rules=' '.join(s['rule'] or '-' for s in d['trace'])) for d in j['datagrams']]


def says(what, args, steps, end, to=None):
    """One datagram's way and its end."""
    rc, found = told(*args)
    d = found[0]
    ok(rc < 2 and d['steps'] == steps and d['end']['what'] == end and (to is None or d['end'].get('to') == to),
       f'explain: {what}', rc, found)
    return d


def live():
    """All that could have changed: rules with their counters, elements, devices, the module's counters."""
    with open('/proc/thread-self/net/stat/nft_quic') as f:
        return nft.good('-a list ruleset'), f.read(), sh('ip -o addr; ip netns; ip route')


def pcap(path, datagrams, src='192.168.7.7', dst='10.9.1.1'):
    """A capture of raw IP."""
    with open(path, 'wb') as f:
        f.write(struct.pack('=IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
        for d in datagrams:
            p = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 28 + len(d), 0, 0, 64, 17, 0, socket.inet_aton(src),
                            socket.inet_aton(dst)) + struct.pack('!HHHH', 5555, 443, 8 + len(d), 0) + d
            f.write(struct.pack('=IIII', 0, 0, len(p), len(p)) + p)


def filters():
    nft.good('-f -', FILTER)
    before = live()
    same(undocumented(json.loads(run('--json', '--sni', 'www.bad.example', '--alpn', 'h3').stdout)), [],
         'explain: nft-quic(8) has the keys of its JSON')
    d = says('a drop by a set in prerouting', ['--sni', 'www.bad.example', '--alpn', 'h3'], [('pre', 'drop')], 'drop')
    same((d['names']['alpn'], d['names']['sni'], d['device'], d['to']),
         (['h3'], 'www.bad.example', 'wan0', '10.9.1.1:443'), 'and the names that were read, device and address')
    handle = int(next(line for line in before[0].splitlines() if 'sni @bad' in line).rpartition(' ')[2])
    same(d['trace'][0]['handle'], handle, "and the live rule's handle")
    says('a rule for another device', ['--iif', 'lan0', '--sni', 'www.bad.example', '--alpn', 'h3'],
         [('input', 'jump'), ('input', 'accept')], 'input', '10.9.2.1:443')
    says('a jump, and a drop there', ['--sni', 'sub.example', '--alpn', 'h3'],
         [('input', 'jump'), ('sub', 'drop')], 'drop')
    says('a vmap', ['--alpn', 'smb'], [('input', 'jump'), ('sub', 'goto'), ('last', 'drop')], 'drop')
    says('a vmap with accept, IPv6', ['-6', '--alpn', 'x,doq'], [('input', 'jump'), ('sub', 'accept')], 'input',
         '[fd00:9:1::1]:443')
    says('no rule for a port', ['--alpn', 'h3', '--dport', '444'], [], 'drop')
    rc, found = told('--sni', 'www.bad.example', '--sni', 'fine.example', '--alpn', 'h3')
    same([(d['names']['sni'], d['end']['what']) for d in found], [('www.bad.example', 'drop'), ('fine.example', 'input')],
         'explain: two names')
    out = run('--alpn', '\x1b[31m\\', '--alpn', 'x' * 200).stdout
    ok('alpn \\x1b[31m\\x5c, ' + 'x' * 64 + '..., sni none\n' in out, 'names are escaped and capped', out)
    same(live(), before, 'explain: nothing live has changed')


def here():
    """A client of this host, over lo; and a table whose listing does not load."""
    nft.good('-j -f -', json.dumps({'nftables': [{'add': o} for o in (
        {'table': {'family': 'ip', 'name': 'odd'}}, {'chain': {'family': 'ip', 'table': 'odd', 'name': 'c'}},
        {'rule': {'family': 'ip', 'table': 'odd', 'chain': 'c', 'expr': [{'log': {'prefix': 'a"b'}}]}})]}))
    d = says('a client on lo', ['--iif', 'lo', '--alpn', 'h3'], [('input', 'jump'), ('input', 'accept')], 'input',
             '127.0.0.1:443')
    same((d['device'], d['from'].partition(':')[0]), ('lo', '127.0.0.1'), 'and where it comes from')
    r = run('--json', '--iif', 'lo', '--alpn', 'h3')
    left = json.loads(r.stdout)['left_out']
    ok(r.returncode == 1 and len(left) == 1 and left[0].startswith('table ip odd not copied: '),
       'explain: a table that does not load is left out, and told', r)
    ok(left[0] in run('--iif', 'lo', '--alpn', 'h3').stdout, 'in words, too')
    nft.good('delete table ip odd')


def nats():
    nft.good('-f -', NAT)
    before = live()
    says('dnat to another host', ['--sni', 'a.example', '--alpn', 'h3'], [('pre', 'accept')], 'forward', '10.9.2.7:4433')
    d = says('redirect by a map', ['--alpn', 'h3', '--saddr', '10.9.2.9'], [('pre', 'accept')], 'input', '10.9.2.1:8443')
    same((d['device'], d['end']['listener']), ('lan0', None), 'the device by the way back, and nobody who listens')
    s = socket.socket(type=socket.SOCK_DGRAM)
    s.bind(('0.0.0.0', 8443))
    rc, found = told('--alpn', 'h3')
    same((rc, found[0]['end']['listener']['pid']), (0, os.getpid()), 'a listener is named, and all is well')
    s.close()
    says('an address that is not here', ['--alpn', 'smb', '--daddr', '10.9.2.99'], [], 'forward', '10.9.2.99:443')
    with open('/proc/sys/net/ipv4/ip_forward', 'w') as f:
        f.write('0')
    says('a host that does not forward', ['--sni', 'a.example', '--alpn', 'smb'], [('pre', 'accept')], 'unrouted')
    with open('/proc/sys/net/ipv4/ip_forward', 'w') as f:
        f.write('1')
    same(live(), before, 'explain: nothing live has changed behind nat')


def captures():
    parts = qt.Flight(sni='a.example', alpn='h3', size=1700).split(2)
    pcap('/tmp/two.pcap', parts)
    pcap('/tmp/half.pcap', parts[:1])
    pcap('/tmp/none.pcap', [b'x' * 50])
    rc, found = told('/tmp/two.pcap')
    same([(d['from'], d['names'] and d['names']['sni'], d['end'].get('to')) for d in found],
         [('192.168.7.7:5555', None, '10.9.2.7:4433'), ('192.168.7.7:5555', 'a.example', '10.9.2.7:4433')],
         'explain: a capture of two datagrams')
    rc, found = told('/tmp/half.pcap')
    same((rc, found[0]['end']['what']), (1, 'held'), 'explain: half a ClientHello is held and given up')
    with open('/tmp/two.pcap', 'rb') as whole, open('/tmp/cut.pcap', 'wb') as cut:
        cut.write(whole.read() + bytes(7))
    r = run('--json', '/tmp/cut.pcap')
    j = json.loads(r.stdout)
    ok(r.returncode == 1 and 'truncated' in r.stderr and len(j['datagrams']) == 2 and
       j['left_out'] == ['the rest of the capture, which cannot be read'],
       'explain: of a capture that is cut short all that is there', r)
    for args, text in ((['/tmp/none.pcap'], 'no client'), (['/nonexistent'], 'No such file'), (['/etc/passwd'], 'format'),
                       ([], 'either a capture'), (['/tmp/two.pcap', '--sni', 'x'], 'either a capture'),
                       (['--alpn', ''], '1 to 255'), (['--sni', 'a' * 256], '1 to 255'),
                       (['--sni', 'x', '--iif', 'nothing'], 'no such device'), (['--sni', 'x', '--daddr', '1.2.3'], 'no address'),
                       (['-6', '--sni', 'x', '--daddr', '10.0.0.1'], 'other family'), (['--sni', 'x', '--dport', '0'], 'no port: 0'),
                       (['--sni', 'x'] * 33, 'too many names: x'), (['-4', '--sni', 'x', '-6'], 'exclude each other'),
                       (['-6', '/tmp/two.pcap'], 'other IP version'), (['--only', 'x'], 'does not take')):
        r = run(*args)
        ok(r.returncode == 2 and text in r.stderr and not r.stdout, f'explain: refused: {args}', r)


def interrupted():
    names = os.listdir('/run/netns'), os.listdir('/tmp')
    p = subprocess.Popen([TOOL, 'explain', '/tmp/half.pcap'], env=nft.env, stdout=subprocess.DEVNULL)
    time.sleep(0.7)
    p.send_signal(signal.SIGINT)
    p.wait()
    same((os.listdir('/run/netns'), os.listdir('/tmp')), names, 'explain: interrupted, it leaves nothing behind')


def policies():
    """Policy rules decide by device, by mark, by what is forbidden."""
    nft.good('-f -', NAT + 'table inet m { chain pre { type filter hook prerouting priority mangle; '
             'udp dport 443 quic sni "marked.example" meta mark set 7; }; }')
    sh('ip route add 10.9.9.0/24 via 10.9.1.3 dev wan0 && ip route add 10.9.9.0/24 via 10.9.2.3 dev lan0 table 77 && '
       'ip route add default via 10.9.2.3 dev lan0 table 78 && ip rule add pref 10 iif wan0 to 10.9.9.0/25 lookup 77 && '
       'ip rule add pref 11 fwmark 7 lookup 78 && ip rule add pref 12 from 192.168.7.0/24 unreachable')
    before = live(), sh('ip rule')
    for what, args, device in (('the main table', ['--daddr', '10.9.9.200'], 'wan0'),
                               ('a rule for a device and a network', ['--daddr', '10.9.9.1'], 'lan0'),
                               ('a rule for a mark', ['--daddr', '10.9.9.200', '--sni', 'marked.example'], 'lan0')):
        args = args if '--sni' in args else ['--sni', 'x.example'] + args
        rc, found = told('--iif', 'wan0', '--alpn', 'smb', *args)
        same((rc < 2, found[0]['end'].get('device')), (True, device), f'explain: {what}')
    d = told('--iif', 'wan0', '--alpn', 'smb', '--sni', 'x', '--daddr', '10.9.9.200', '--saddr', '192.168.7.9')[1][0]
    same(d['end']['what'], 'unrouted', 'explain: a rule that forbids')
    same((live(), sh('ip rule')), before, 'explain: nothing live has changed beside policy rules')
    sh('ip rule del pref 10 && ip rule del pref 11 && ip rule del pref 12 && ip route del 10.9.9.0/24')
    nft.good('flush ruleset')


def tunnels():
    """Where modules of tunnels are loaded a new namespace has devices of its own, with names and indexes of live ones."""
    sh('modprobe ipip && modprobe sit && modprobe ip_gre')
    sh('ip link add tun1 type ipip local 10.9.1.1 remote 10.9.1.2 && ip addr add 10.9.8.1/24 dev tun1 && '
       'ip link set tun1 up && ip addr add 10.9.6.1/24 dev tunl0 && ip link set tunl0 up')
    nft.good('-f -', NAT.replace('10.9.2.7', '10.9.8.7'))
    before = live()
    d = says('dnat through a tunnel', ['--iif', 'wan0', '--sni', 'a.example', '--alpn', 'h3'], [('pre', 'accept')], 'forward',
             '10.9.8.7:4433')
    same(d['end']['device'], 'tun1', "and that is the tunnel's device")
    d = says('a client in a tunnel', ['--iif', 'tun1', '--alpn', 'h3'], [('pre', 'accept')], 'input', '10.9.8.1:8443')
    same(d['device'], 'tun1', 'and its device')
    d = says("a device that every namespace has", ['--iif', 'tunl0', '--alpn', 'h3'], [('pre', 'accept')], 'input',
             '10.9.6.1:8443')
    same(d['device'], 'tunl0', 'and its device, too')
    same(live(), before, 'explain: nothing live has changed beside tunnels')
    sh('ip link del tun1 && modprobe -r ipip sit ip_gre')
    nft.good('flush ruleset')


def examples():
    for file, name, steps, to in (('stateless', 'dns.example.org', [('in', 'accept')], '10.9.1.1:8853'),
                                  ('nat', 'www.example.org', [('in', 'accept')], '10.9.1.1:4433'),
                                  ('demo', 'none.example.org', None, None)):
        nft.good(f'-f {TOP}/examples/{file}.nft')
        rc, found = told('--sni', name, '--alpn', 'h3')
        ok(rc < 2 and (steps is None or found[0]['steps'] == steps and found[0]['end'].get('to') == to),
           f'explain: examples/{file}.nft', rc, found)
        nft.good('flush ruleset')
    nft.good('-f -', open(f'{TOP}/examples/stateless-hosts.nft').read().replace('192.0.2.1', '10.9.1.1').replace(
        '10.0.0.20', '10.9.2.20'))
    says('examples/stateless-hosts.nft', ['--sni', 'www.example.org'], [('in', 'accept')], 'forward', '10.9.2.20:443')
    nft.good('flush ruleset')
    nft.good(f'-f {TOP}/examples/vmap.nft')
    d = says('examples/vmap.nft', ['--sni', 'x.example.com', '--alpn', 'h3'],
             [('pre', 'continue'), ('pre', 'goto'), ('web', 'accept')], 'input', '10.9.1.1:4433')
    ok('example.com' not in nft.good('list set inet quic_vmap seen'), 'and the live set has no new element', d)
    nft.good('flush ruleset')


def other_hosts():
    """No example that is for this host's services takes what goes to another host."""
    for file, name in (('stateless', 'www.example.org'), ('nat', 'www.example.org'), ('demo', 'two.example.org'),
                       ('map', 'x'), ('vmap', 'fs.example.com'), ('nginx-cookie/nginx-cookie', 'www.example.com'),
                       ('recipes/smb', 'x'), ('recipes/doq', 'x'), ('recipes/two-servers', 'x')):
        nft.good(f'-f {TOP}/examples/{file}.nft')
        found = told('--iif', 'wan0', '--sni', name, '--alpn', 'smb,doq,h3', '--daddr', '10.9.2.7')[1]
        same((found[0]['end']['what'], found[0]['end'].get('to')), ('forward', '10.9.2.7:443'),
             f'explain: examples/{file}.nft and another host')
        nft.good('flush ruleset')


def beside_stateless():
    """Chains beside those that rewrite, as docs/blocking.md and docs/moving.md say."""
    deny = 'table inet deny {{ chain pre {{ type filter hook prerouting priority {}; quic sni "www.example.org" drop; }}; }}'
    for priority, end in ('mangle', 'input'), ('raw - 10', 'drop'):
        nft.good(f'-f {TOP}/examples/stateless.nft')
        nft.good('-f -', deny.format(priority))
        same(told('--sni', 'www.example.org', '--alpn', 'h3')[1][0]['end']['what'], end,
             f'explain: a name denied at {priority} beside rules of the stateless form')
        nft.good('flush ruleset')
    with open(f'{TOP}/examples/stateless-hosts.nft') as f:
        text = f.read()
    rule = next(line.strip('#\t\n') for line in text.splitlines() if line.startswith('#\tip daddr'))
    text = text.replace('192.0.2.1', '10.9.1.1').replace('10.0.0.20', '10.9.2.20')
    for accept, end in ('ct state established accept', 'drop'), (rule.replace('10.0.0.20', '10.9.2.20'), 'forward'):
        nft.good('-f -', text)
        nft.good('-f -', f'table inet f {{ chain c {{ type filter hook forward priority 0; policy drop; {accept}; }}; }}')
        same(told('--sni', 'www.example.org', '--alpn', 'h3')[1][0]['end']['what'], end,
             f'explain: stateless-hosts.nft beside a forward chain that drops all but `{accept}`')
        nft.good('flush ruleset')


def alone():
    """Without rules, and without the right to read them."""
    r = run('--sni', 'x')
    ok(r.returncode == 2 and 'no rule with quic' in r.stderr, 'explain: no rules', r)
    nft.good('-f -', NAT)
    r = subprocess.run(['setpriv', '--bounding-set', '-sys_admin', TOOL, 'explain', '--sni', 'x'], capture_output=True, text=True,
                       env=nft.env)
    ok(r.returncode == 2 and 'no network namespace can be made here' in r.stderr, 'explain: no capability', r)
    sh('ip link add other0 type dummy')
    nft.good('-f -', 'table netdev n { chain c { type filter hook ingress device "other0" priority 0; }; }')
    d = says('a netdev chain on another device', ['--sni', 'a.example'], [('pre', 'accept')], 'forward', '10.9.2.7:4433')
    nft.good('-f -', 'table netdev w { chain c { type filter hook ingress device "wan0" priority 0; counter accept; }; }')
    d = told('--sni', 'a.example')[1][0]
    ok(d['steps'] == [('c', 'accept'), ('pre', 'accept')], 'explain: a chain in ingress', d)


def main():
    ns = Ns()
    with ns:
        sh('ip link add wan0 type dummy && ip link add lan0 type dummy && ip link set wan0 up && ip link set lan0 up && '
           'ip addr add 10.9.1.1/24 dev wan0 && ip addr add 10.9.2.1/24 dev lan0 && '
           'ip addr add fd00:9:1::1/64 dev wan0 nodad && ip route add default via 10.9.1.2 && '
           'sysctl -qw net.ipv4.ip_forward=1')
        case(filters)
        if MAIN:
            case(here)
        nft.good('flush ruleset')
        for part in (nats, captures, interrupted) if MAIN else ():
            case(part)
        nft.good('flush ruleset')
        for part in (examples, other_hosts, beside_stateless, policies, tunnels, alone) if MAIN else ():
            case(part)
    ns.delete()


case(main)
