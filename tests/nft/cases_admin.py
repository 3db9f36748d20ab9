# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: main
"""nft-quic on a host that is well, and with faults of all kinds: each is found, and nothing else."""
import glob
import json
import os
import pty
import re
import shutil
import socket
import subprocess
import sys
import time

from admin_host import (INSTALLED, TOOL, REAL, PRIVATE, MODULES, CONF, MAIN, nft, RULES, write, file, service, run, doctor,
                        finds, rules, only, count, undocumented, unseen, another_facade, writable, prepare)
from nqtest import qt
from nqtest.netns import Ns
from nqtest.nftcmd import BUILD, TOP
from nqtest.poll import until
from nqtest.shell import sh
from nqtest.tap import case, ok, same, skip


def well():
    r = run('status')
    ok(r.returncode == 0 and 'a.example -> port 8443, quicd (' in r.stdout and '8443, alpn x' in r.stdout and
       '8853 -> port 8853' in r.stdout, 'status shows names, ports and services', r)
    r = run('status')
    ok('\nIn the last 0.' in r.stdout, 'and what came in the last minutes, from the second time on', r)
    j = json.loads(run('status', '--json').stdout)
    ways = [(w['names'], w['port'], w['how'], w['listener']['service']['name'])
            for rule in j['rules'] for w in rule['ways']]
    same(sorted(ways), sorted([(['8443'], 8443, 'write', '8443'), (['8853'], 8853, 'write', '8853'),
                               (['a.example'], 8443, 'write', '8443'), (['b.example'], 8853, 'write', '8853')]),
         'status --json has them')
    with open('/proc/thread-self/net/stat/nft_quic') as f:
        names = f.readline().split()
    same(list(j['counters']), names, 'and every counter')
    same(undocumented({k: v for k, v in j.items() if k != 'counters'} | {'recent': {'seconds': 0}}), [],
         'and nft-quic(8) has its keys')
    ok(j['recent']['seconds'] > 0 and j['recent']['initials'] == 0, 'and those of the last minutes', j['recent'])
    out = run('metrics').stdout
    same([n for n in names if f'\nnft_quic_{n} ' not in out and f'\nnft_quic_{n}_total ' not in out], [],
         'metrics has every counter')
    rc, found = doctor()
    same((rc, found), (0, {}), 'doctor finds nothing on a healthy host')
    r = run('watch', '-n', '2')
    ok(r.returncode == 0 and r.stdout.count('a.example') == 2 and 'In the last' in r.stdout,
       'watch shows it twice', r)
    r = run('--version')
    ok('module 0.' in r.stdout and 'with quic' in r.stdout, 'the version is told', r)


def on_terminal(term, *args):
    """What it writes to a terminal of this kind."""
    ours, its = pty.openpty()
    p = subprocess.Popen([TOOL, *args], stdin=its, stdout=its, env=dict(nft.env, TERM=term))
    os.close(its)
    text = b''
    while True:
        try:
            more = os.read(ours, 65536)
        except OSError:  # EIO: nobody has its other side any more
            break
        if not more:
            break
        text += more
    os.close(ours)
    same(p.wait(), 0, f'{args[0]} on a terminal')
    return text.decode()


def options():
    """No kernel or nft prints anything for these."""
    out = run('metrics').stdout
    r = run('metrics', '--http', input='GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n')
    ok(r.stdout.startswith('HTTP/1.0 200 OK\n') and r.stdout.endswith('\n\n' + out), 'metrics answers by HTTP', r)
    r = run('metrics', '--http', input='PUT / HTTP/1.1\r\n\r\n')
    ok(r.stdout.startswith('HTTP/1.0 405 ') and 'Allow: GET, HEAD\n' in r.stdout, 'and refuses all but GET and HEAD', r)
    head = run('metrics', '--http', input='HEAD /metrics HTTP/1.1\r\n\r\n').stdout
    ok(head.startswith('HTTP/1.0 200 OK\n') and head.endswith('\n\n') and head.count('\n\n') == 1, 'HEAD gets the head', head)
    if shutil.which('promtool'):
        r = subprocess.run(['promtool', 'check', 'metrics'], input=out, capture_output=True, text=True)
        # 3: it reads them; as text of before OpenMetrics the names of help lines lack _total
        ok(r.returncode in (0, 3), 'promtool takes them', r)
    for term, clears in ('xterm', True), ('dumb', False), ('', False):
        same('\x1b' in on_terminal(term, 'watch', '-n', '1'), clears, f'watch on a terminal {term or "of no name"}: it clears')
    r = run('watch', '--nonsense')
    same((r.returncode, r.stderr), (2, "nft-quic: unrecognized option '--nonsense'\nTry nft-quic --help.\n"),
         'an unknown option is refused')
    for args in ('status',), ('status', '--json'), ('doctor', '--json', '--only', 'rules'), ('metrics',), ('watch', '-n', '1'), ('--version',):
        with open('/dev/full', 'w') as full:
            r = subprocess.run([TOOL, *args], stdout=full, stderr=subprocess.PIPE, text=True, env=nft.env)
        ok(r.returncode == 2 and r.stderr == 'nft-quic: the output cannot be written: No space left on device\n',
           f'{" ".join(args)}: output that is lost is an error', r)
    for args, text in ((('stauts',), 'no such command: stauts'), (('--version', 'status'), 'too many words: status'),
                       (('doctor', '--only', 'nothing'), 'no check "nothing"'), (('doctor', '--only', 'rules,nothing'), 'no check "nothing"')):
        r = run(*args)
        ok((r.returncode, r.stdout) == (2, '') and text in r.stderr, f'what is wrong is named: {" ".join(args)}', r)
    checks = [c['check'] for c in json.loads(run('doctor', '--json', *only('never', 'rules')).stdout)['checks']]
    same(checks, ['rules', 'never'], 'of which it runs those alone')
    checks = [c['check'] for c in json.loads(run('doctor', '--json', *only('never'), *only('rules')).stdout)['checks']]
    same(checks, ['rules', 'never'], 'also if --only is given twice')
    same(undocumented(json.loads(run('doctor', '--json').stdout)), [], 'and nft-quic(8) has the keys of its JSON')
    same(run('doctor', '--json', '--report').returncode, 2, 'doctor --report is no JSON')
    r = run('doctor', '--report', *only('rules'))
    ok(r.returncode == 0 and '## Counters' in r.stdout and 'quic sni map @port_of' in r.stdout,
       'doctor --report has the rules and counters', r)


def watched():
    """What is new is marked, and counters that grew have rates."""
    p = subprocess.Popen([TOOL, 'watch', '-n', '60'], stdout=subprocess.PIPE, text=True, env=nft.env)

    def shows(what, name):
        seen = []
        for line in p.stdout:
            seen.append(line)
            if re.match(what, line):
                return ok(True, name)
        return ok(False, name, seen[-60:])
    shows('  nothing$', 'watch of a quiet host')
    nft.good('add element inet t port_of { "new.example" : 8443 }')
    with socket.socket(type=socket.SOCK_DGRAM) as s:
        s.sendto(qt.Flight(sni='none.example').whole(), ('127.0.0.1', 443))
    shows(r'\* .*new\.example.* -> port 8443', 'watch marks a line that is new')
    shows(r'\* initials +\d+\.\d/s$', 'and has the rate of a counter that grew')
    shows(r'  .*new\.example.* -> port 8443', 'and no mark there the next time')
    p.terminate()
    p.stdout.close()
    same(p.wait(), 0, 'watch ends as status does')
    nft.good('delete element inet t port_of { "new.example" }')


def read_only():
    """On file systems that are read-only doctor finds all the same: it writes nothing."""
    def kept():
        return nft.good('list ruleset'), sh('sysctl net.netfilter.nft_quic'), sh('ls -l --full-time /run/nft-quic')
    want, before = json.loads(run('doctor', '--json').stdout), kept()
    r = subprocess.run(['unshare', '--mount', 'sh', '-c', "awk '$3 != \"autofs\" { print $2 }' /proc/self/mounts | "
                        'while read -r m; do mount -o remount,bind,ro "$m"; done 2>/dev/null; for d in /etc /run /tmp /var; do '
                        '! touch $d/written 2>/dev/null || exit 9; done; exec "$0" doctor --json', TOOL],
                       capture_output=True, text=True, env=nft.env)
    ok(r.stdout and json.loads(r.stdout) == want, 'doctor on read-only file systems', r, want)
    same(kept(), before, 'and neither rules nor limits nor samples have changed')


def system():
    """Faults around the rules, all at once, but for what hides another."""
    with file('/tmp/admin/version', '9.9\n'):
        subprocess.run('mount --bind /tmp/admin/version /sys/module/nft_quic/version', shell=True, check=True)
        same(run('status').returncode, 1, 'status warns of another version that is loaded')
        for program in (TOOL, 'quicd', 'quicc', 'quic-inspect') if INSTALLED else (TOOL,):
            ok('module 9.9, another version than this' in sh(f'{program} -V'), f'{os.path.basename(program)} -V tells it')
        with another_facade():
            others()
        subprocess.run('umount /sys/module/nft_quic/version', shell=True, check=True)
    with another_facade():
        same(run('status').returncode, 1, 'status warns of another version of the library')
        ok('of another version than this' in run('--version').stdout, 'and the version tells it')
    os.makedirs('/tmp/admin/lib', exist_ok=True)
    shutil.copy(REAL, '/tmp/admin/lib')
    with file('/etc/ld.so.conf.d/00-a.conf', '/tmp/admin/lib\n'):
        subprocess.run(['ldconfig'], check=True)
        rc, found = doctor()
        ok(rc == 2 and '/tmp/admin/lib' in found['facade'][1][0] and set(found) <= {'facade', 'other-nft'},
           'doctor finds: another library first in the cache', found)
    subprocess.run(['ldconfig'], check=True)


def kernel(release, log=None):
    """A kernel that is installed and lacks the module; with the log of its last build."""
    os.makedirs(f'/lib/modules/{release}/kernel')
    write(f'/lib/modules/{release}/modules.dep', '')
    if log:
        write(f'/var/lib/dkms/nft-quic/{release}/build/make.log',
              f'DKMS (dkms-3.2.2) make.log for nft-quic/9 for kernel {release} (x86_64)\n{log}\n')


def others():
    """The module and the library are of another version already."""
    write('/lib/modules/9.6-test/modules.dep', '')  # one that is no longer installed: nothing is found
    kernel('9.7-test')
    kernel('9.8-test', 'nft-quic: this kernel lacks nft_x(), which was in x.h')
    kernel('9.9-test', 'x.c:1: error: y')
    p = subprocess.Popen([sys.executable, '-c', f'import ctypes, time; ctypes.CDLL("{REAL}"); print(1, flush=True); '
                          'time.sleep(1e6)'], stdout=subprocess.PIPE)
    p.stdout.readline()
    with file('/usr/local/bin/nft', '#!/bin/sh\nexit 1\n'), \
            file('/usr/local/lib/python3.0/site-packages/nftables/nftables.py', f'sofile="{REAL}"\n'), \
            file('/etc/sysctl.d/q.conf', 'net.netfilter.nft_quic.hold_flows = 1\n'), \
            file('/etc/systemd/system/nftables.service.d/o.conf', '[Service]\nExecStart=/usr/sbin/nft -o -f x\n'):
        os.chmod('/usr/local/bin/nft', 0o755)
        finds(('another version is loaded', 'module', 'version 9.9', 'error'),
              ('another version of the library', 'facade', 'is version 9.9, this program', 'error'),
              ('a kernel without the module', 'kernels', '9.7-test has no nft_quic.ko and no headers'),
              ('a kernel that lacks something', 'kernels', '9.8-test lacks nft_x(), which was in x.h: the module is not'),
              ('its module that is not there', 'kernels', '9.8-test has no nft_quic.ko'),
              ('a build that failed', 'kernels', "the module's last build for kernel 9.9-test failed: /var/lib/dkms"),
              ("that one's module", 'kernels', '9.9-test has no nft_quic.ko'),
              ('another nft', 'other-nft', '/usr/local/bin/nft', 'error'),
              ('a program with the stock library', 'other-nft', f'({p.pid})'),
              ('a python module with its path', 'other-nft', f'nftables.py loads {REAL}, which'),
              ('a limit that boot cannot set', 'sysctl', '/etc/sysctl.d'),
              ('nft -o in nftables.service', 'redirect', 'nftables.service loads rules by `nft -o`'))
    p.kill()
    p.wait()
    shutil.rmtree('/usr/local/lib/python3.0')
    for n in range(6, 10):
        shutil.rmtree(f'/lib/modules/9.{n}-test')
        shutil.rmtree(f'/var/lib/dkms/nft-quic/9.{n}-test', ignore_errors=True)
    if not os.listdir('/var/lib/dkms/nft-quic'):  # else it is DKMS's own, in an installed machine
        os.rmdir('/var/lib/dkms/nft-quic')


LATE = ('add chain inet t {0} {{ type filter hook prerouting priority {1}; }}\n'
        'add rule inet t {0} udp dport 443 quic sni "x.example" drop\n')


def loaded():
    own = socket.socket(type=socket.SOCK_DGRAM)
    sh('ip addr add 10.9.6.6/32 dev lo')
    own.bind(('10.9.6.6', 8999))
    elsewhere = Ns()
    with elsewhere:
        other = socket.socket(type=socket.SOCK_DGRAM)
        other.bind(('0.0.0.0', 9999))
    rules(('an input chain that is closed', 'input', 'UDP port 8853, as ct state untracked', '', 'error'),
          ('a target whose listener is in another namespace', 'services', 'nobody listens on UDP port 9999',
           'add element inet t port_of { "c.example" : 9999 }\nadd rule inet host input udp dport 9999 accept\n', 'error'),
          ('a target at another address than its listener', 'services', 'nobody takes 10.9.7.7 at UDP port 8999',
           'add rule inet t own ip daddr 10.9.7.7 udp dport 449 quic alpn "x" udp dport set 8999 notrack accept\n'
           'add rule inet host input udp dport 8999 accept\n', 'error'),
          ('a rule behind one that drops', 'never', 'never reached',
           'add rule inet t in udp dport 443 quic alpn "x" udp dport set 8443 notrack accept\n'),
          ('a chain that nothing leads to', 'never', 'inet t alone: udp dport 446 quic alpn "x" drop: nothing leads to',
           'add chain inet t alone\nadd rule inet t alone udp dport 446 quic alpn "x" drop\n'),
          ('a chain that only another table of that name has a jump to', 'never', 'ip t alone6: udp dport 446',
           'add table ip t\nadd chain ip t alone6\nadd rule ip t alone6 udp dport 446 quic alpn "x" drop\n'
           'add chain inet t alone6\nadd chain inet t to6 { type filter hook forward priority 0; }\n'
           'add rule inet t to6 udp dport 1 jump alone6\n'),
          ('a name with a port', 'never', 'no port',
           'add set inet t s { typeof quic sni; elements = { "x.example:443" }; }\n'),
          ('a protocol in capitals', 'never', 'lower case', 'add chain inet t c { type filter hook forward '
           'priority 0; }\nadd rule inet t c udp dport 447 quic alpn "H3" accept\n'),
          ('notrack before a nat chain', 'never', 'says notrack before', 'add chain inet t n { type nat hook '
           'prerouting priority dstnat; }\nadd chain inet t e { type filter hook prerouting priority raw; }\n'
           'add rule inet t e udp dport 444 notrack\nadd rule inet t n udp dport 444 quic alpn "x" redirect to :8443\n'),
          ('a table that is dormant', 'never', 'inet asleep: the table is dormant', DORMANT),
          ('a name that is denied in a nat chain', 'deny', 'a nat chain sees',
           'add rule inet t n udp dport 445 quic sni "x.example" drop\n'),
          ('a name that is denied too late', 'deny', 'a second connection', 'add chain inet t f { type filter hook '
           'forward priority 0; }\nadd rule inet t f ct state established,related accept\n'
           'add rule inet t f udp dport 443 quic sni "x.example" drop\n'),
          *((f'a name that is denied behind a rule that rewrites, at {prio}', 'deny', f'late_{prio}: udp dport 443 quic',
             LATE.format(f'late_{prio}', prio)) for prio in ('raw', 'mangle')),
          ('a redirect that lost its port', 'redirect', 'neither a port', 'add rule inet t n meta l4proto udp redirect\n'),
          full=RULES.replace('udp dport { 8443, 8853 }', 'udp dport 8443') +
          'add chain inet t own { type filter hook prerouting priority raw - 20; }\n')
    own.close()
    other.close()
    elsewhere.delete()
    sh('ip addr del 10.9.6.6/32 dev lo')
    for what, text in (('in front of it', RULES + LATE.format('d', 'raw - 10')), ('of another port', RULES + LATE.format(
            'd', 'mangle').replace('443', '853')), ('as its first rule', RULES.replace(
                '\t\tudp dport 443 quic server-id', '\t\tudp dport 443 quic sni "x.example" drop\n'
                '\t\tudp dport 443 quic server-id'))):
        nft.good('-f -', 'flush ruleset\n' + text)
        same(doctor(*only('deny')), (0, {}), f'doctor finds nothing in a name that is denied {what}')
    write('/proc/sys/net/ipv4/ip_forward', '1')
    rules(*(('a rule that takes connections to other hosts', 'others', f'{rule}: this host forwards', '') for rule in
            ('server-id notrack accept', '@port_of notrack accept')))
    nft.good('-f -', 'flush ruleset\n' + DORMANT)
    same(doctor(*only('others', 'deny', 'services', 'redirect')), (0, {}), 'nor in a table that is dormant')
    for what in 'fib daddr type != local accept', 'ip daddr != 192.0.2.1 return', 'iifname != "eth0" accept':
        nft.good('-f -', 'flush ruleset\n' + RULES.replace('raw; policy accept;\n', f'raw; policy accept;\n\t\t{what}\n', 1))
        same(doctor(*only('others')), (0, {}), f'doctor finds nothing behind {what}')
    write('/proc/sys/net/ipv4/ip_forward', '0')
    rules(('a name that is denied beside a flowtable', 'deny', 'flowtable', 'add flowtable inet t ft { hook ingress '
           'priority 0; devices = { lo }; }\nadd chain inet t f { type filter hook forward priority 0; }\n'
           'add rule inet t f udp dport 443 quic sni "x.example" drop\n'), args=only('deny', 'never', 'reboot'))


# All that the checks look at, of no effect.
DORMANT = '''table inet asleep {
	flags dormant
	flowtable ft { hook ingress priority 0; devices = { lo }; }
	chain in {
		type filter hook input priority 0; policy drop;
	}
	chain pre {
		type filter hook prerouting priority -299
		udp dport 448 notrack
		udp dport 448 quic sni "x" udp dport set 9998 accept
	}
	chain nat {
		type nat hook prerouting priority -100
		udp dport 448 quic sni "y" drop
		udp dport 448 quic alpn "x" redirect to :9997
	}
}
'''


def lost():
    nft.good('add rule inet t in udp dport 444 quic sni "lost.example" accept')
    nft.good('add element inet t port_of { "more.example" : 8443 }')
    finds(('a rule that a reboot loses', 'reboot', 'lost.example'), ('an element that a reboot loses', 'reboot', 'more.example'))
    nft.good('-f ' + CONF)
    os.rename(CONF, CONF + '.x')
    finds(('no file for the next boot', 'reboot', 'there is no'), args=only('reboot'))
    os.rename(CONF + '.x', CONF)
    with file(CONF, 'table inet t { chain c { nonsense } }\n'):
        finds(('a file that does not load', 'reboot', 'does not load'), args=only('reboot'))


UNIT = '[Unit]\nDescription=x\n[Service]\nType=oneshot\nExecStart=-/usr/sbin/nft -I /tmp \\\n\t-f {}\n'


def beside():
    """Another firewall: nftables.service is not enabled, a unit of its own loads the rules."""
    wants = '/etc/systemd/system/sysinit.target.wants'
    link = os.readlink(f'{wants}/nftables.service')
    os.unlink(f'{wants}/nftables.service')
    for what, more in ('is not enabled', None), ('is enabled until the next boot', '/run/systemd/system'):
        if more:
            os.makedirs(f'{more}/sysinit.target.wants', exist_ok=True)
            os.symlink(link, f'{more}/sysinit.target.wants/nftables.service')
        finds((f'nftables.service {what}', 'reboot', 'is not enabled'), args=only('reboot'))
    os.unlink('/run/systemd/system/sysinit.target.wants/nftables.service')
    nft.good('add table inet firewalld')
    nft.good('add chain inet firewalld input')
    r = json.loads(run('doctor', '--json', *only('reboot')).stdout)['checks'][0]
    ok('Beside another firewall' in r['remedy'] and [x['text'] for x in r['found']] == [
        'no enabled unit loads the rules with quic: a reboot loses them'], 'with firewalld the remedy is another', r)
    unit = '/etc/systemd/system/quic-rules.service'
    os.symlink(unit, f'{wants}/quic-rules.service')
    with file('/etc/nftables.d/own.nft', RULES), file(unit, UNIT.format('/etc/nftables.d/own.nft')):
        same(doctor(), (0, {}), 'doctor finds nothing if a unit of its own loads the rules')
        write(unit, UNIT.format(CONF))
        same(doctor(*only('reboot')), (0, {}), 'and neither if that loads nftables.conf')
        write(unit, UNIT.format('/etc/nftables.d/own.nft'))
        nft.good('add element inet t port_of { "more.example" : 8443 }')
        finds(('an element that is not in the file of a unit', 'reboot', 'not in /etc/nftables.d/own.nft: element'),
              args=only('reboot'))
    os.unlink(f'{wants}/quic-rules.service')
    os.symlink(link, f'{wants}/nftables.service')
    nft.good('-f ' + CONF)


def examples():
    """Checks of rules have nothing to say of the examples."""
    for path in sorted(glob.glob(f'{TOP}/examples/*.nft') + glob.glob(f'{TOP}/examples/recipes/*.nft')):
        with file(CONF, f'flush ruleset\ninclude "{path}"\n'):
            if nft.load(f'flush ruleset\ninclude "{path}"\n').rc:
                skip(os.path.basename(path), 'it does not load here')
                continue
            # vmap.nft has a drop in a nat chain, which stops the first connection of a port only
            checks = ['never', 'others', 'redirect', 'reboot'] + ['deny'] * (not path.endswith('/vmap.nft'))
            same(doctor(*only(*checks)), (0, {}), f'doctor finds nothing in {os.path.basename(path)}')
    nft.good('-f ' + CONF)


NAT = RULES.replace('\t\tudp dport 443 udp dport set quic sni map @port_of notrack accept\n', '').replace(
    'udp dport 443 drop', 'udp dport 444 drop') + '''table inet n {
	chain pre {
		type nat hook prerouting priority dstnat; policy accept;
		udp dport 443 redirect to :quic sni map { "a.example" : 8443 }
	}
}
'''


def without_root():
    """Another user than root, with CAP_NET_ADMIN and without it."""
    def as_nobody(caps, *args):
        return subprocess.run(['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--inh-caps', caps,
                               '--ambient-caps', caps, TOOL, *args], capture_output=True, text=True, env=nft.env)
    r = as_nobody('-all,+net_admin', 'status')
    ok(r.returncode == 0 and 'a.example -> port 8443, a process that is not seen' in r.stdout, 'status with CAP_NET_ADMIN', r)
    r = as_nobody('-all,+net_admin', 'doctor')
    ok(r.returncode == 0 and 'as only root sees' in r.stdout and 'no network namespace can be made here' in r.stdout,
       'doctor with CAP_NET_ADMIN says what it does not see', r)
    r = as_nobody('-all', 'try', '/tmp/nobody-try')
    ok(r.returncode == 2 and ('are you root' in r.stderr or 'not installed here' in r.stderr) and
       not os.path.exists('/tmp/nobody-try'), 'try without root leaves no folder', r)
    r = as_nobody('-all', 'status')
    ok(r.returncode == 2 and 'The rules cannot be read' in r.stdout, 'status without it cannot read the rules', r)
    r = as_nobody('-all', 'doctor', *only('rules'))
    ok(r.returncode == 2 and 'the rules cannot be read: ' in r.stdout, 'doctor finds: rules that cannot be read', r)


def certificate(days):
    """One of root's that ends in so many days."""
    pem = f'/tmp/admin/{days}.pem'
    when = time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(time.time() + days * 86400 + 60))
    write('/tmp/admin/template', f'cn = t\nactivation_date = "2020-01-01 00:00:00"\nexpiration_date = "{when}"\n')
    sh('[ -e /tmp/admin/key.pem ] || certtool -p --key-type ecdsa --outfile /tmp/admin/key.pem; '
       f'certtool -s --load-privkey /tmp/admin/key.pem --template /tmp/admin/template --outfile {pem}')
    return pem


def served():
    """Faults of services: b's socket is there, a's comes with each fault."""
    with service(8443, 'server-id = 0101\n'):
        rc, found = doctor(*only('server-ids'))
        texts = ' '.join(found['server-ids'][1])
        ok(rc == 2 and 'the server ID 0x0101' in texts and 'leads to port 8443' in texts,
           'doctor finds: a server ID without a rule, and the reverse', found)
    pems, faults = ['/tmp/admin/bad.pem'], [('a certificate that cannot be read', 'certificates', 'bad.pem cannot be read')]
    if shutil.which('certtool'):
        pems += [certificate(3), certificate(-1)]
        faults += [('a certificate that expires soon', 'certificates', '3.pem expires in'),
                   ('a certificate that has expired', 'certificates', '-1.pem has expired', 'error')]
    with file('/tmp/admin/bad.pem', 'no certificate'), \
            service(8443, f'[tls]\ncert = {", ".join(pems)}\n[transport]\nidle-timeout = 5m\n'):
        rules(('a service that waits for longer than conntrack', 'conntrack', 'idle-timeout is 300 s', ''),
              *(f[:3] + ('',) + f[3:] for f in faults), full=NAT)
        for text, level in ((NAT, 'note'), (RULES, 'ok')):
            nft.load('flush ruleset\n' + text)
            r = json.loads(run('doctor', '--json', *only('local')).stdout)['checks'][0]
            same(r['level'], level, f'doctor on local clients: {level}')
    with service(8443):
        sh('ip link add up1 type dummy && ip link add up2 type dummy && ip addr add 10.9.1.1/24 dev up1 && '
           'ip addr add 10.9.2.1/24 dev up2 && ip link set up1 up && ip link set up2 up && '
           'ip route add default via 10.9.1.2 dev up1 && ip route add default via 10.9.2.2 dev up2 metric 9 && '
           'sysctl -qw net.ipv4.conf.up2.rp_filter=1')
        s = socket.socket(type=socket.SOCK_DGRAM)
        for _ in range(50):
            s.sendto(b'x' * 1000, ('127.0.0.1', 8853))
        s.close()
        finds(('a strict rp_filter with two uplinks', 'rp-filter', 'up2 has a default route'),
              ('a receive buffer that was full', 'buffers', 'UDP port 8853'))
        sh('ip link del up1 && ip link del up2')


def limited():
    """Half a ClientHello each, of which only one may wait."""
    with service(8853, name='fresh'), service(8443):
        write('/proc/sys/net/netfilter/nft_quic/hold_flows', '1')
        s = socket.socket(type=socket.SOCK_DGRAM)
        for _ in range(8):
            s.sendto(qt.Flight(sni='a.example', size=1700).split(2)[0], ('127.0.0.1', 443))
        ok(until(lambda: count('evicted') or count('overload'), 10), 'a limit is reached')
        s.close()
        # and of hold_flows itself as long as one waits
        rc, found = doctor()
        ok(rc == 1 and set(found) == {'limits'} and any('since the module was loaded' in t for t in found['limits'][1]),
           'doctor finds: a limit that is reached', rc, found)


def rewritten():
    """A port that is rewritten behind conntrack's back."""
    ns = Ns()
    with ns:
        same(doctor('--only', 'strayed'), (0, {}), 'doctor finds nothing that strayed')
        nft.good('-f -', '''table inet t {
	chain mangle { type filter hook prerouting priority -190; udp dport 9000 udp dport set 443; }
	chain pre { type filter hook prerouting priority -180; udp dport 443 quic alpn "smb" counter; }
	chain tracked { type filter hook input priority 0; ct state new counter; }
}
''')
        ok(until(lambda: 'all' not in open('/proc/thread-self/net/nft_quic').read(), 5), 'the rules are at work there')
        run('status')
        s = socket.socket(type=socket.SOCK_DGRAM)
        s.sendto(qt.Flight(alpn='smb').whole(), ('127.0.0.1', 9000))
        s.close()
        ok(until(lambda: count('strayed'), 10), 'a packet strays')
        ok(json.loads(run('status', '--json').stdout)['recent'].get('strayed'), 'status has it in the last minutes')
        rc, found = doctor('--only', 'strayed')
        ok(rc == 1 and 'did not ask for them' in found['strayed'][1][0], 'doctor finds: a packet that strayed', found)
    ns.delete()


def early():
    """A jump from a chain before the names, which some kernels accept if the rule was there already."""
    ns = Ns()
    with ns:
        same(doctor('--only', 'too-early'), (0, {}), 'doctor finds no rule before the names')
        nft.good('-f -', '''table inet t {
	chain late { type filter hook output priority -150; jump names; }
	chain names { udp dport 443 quic alpn "smb" counter; }
}
''')
        r = nft.load('table inet t { chain early { type filter hook output priority -450; jump names; }; }')
        if r.rc:
            skip('doctor finds: a rule before the names', 'this kernel refuses the jump')
        else:
            def comes():
                with socket.socket(type=socket.SOCK_DGRAM) as s:
                    s.sendto(qt.Flight(alpn='smb').whole(), ('127.0.0.1', 443))
                return count('too_early')
            # until the rules are at work there
            ok(until(comes, 10), 'an Initial comes to it')
            rc, found = doctor('--only', 'too-early')
            ok(rc == 1 and 'before its names were known' in found['too-early'][1][0], 'doctor finds: a rule before the names',
               found)
    ns.delete()


def locked():
    """A kernel in lockdown that has not loaded the module."""
    os.makedirs('/tmp/admin/empty', exist_ok=True)
    write('/tmp/admin/security/lockdown', 'none [integrity] confidentiality\n')
    binds = ('/tmp/admin/empty', '/sys/module'), ('/tmp/admin/security', '/sys/kernel/security')
    for what, where in binds:
        subprocess.run(['mount', '--bind', what, where], check=True)
    try:
        finds(('a module without a signature in lockdown', 'secure-boot', 'takes signed modules only, and', 'error'))
        if INSTALLED and shutil.which('openssl'):
            same('has no key of' in doctor('--only', 'secure-boot')[1]['secure-boot'][1][0], True,
                 'and that DKMS has signed it')
        with file(f'{MODULES}/modules.dep', ''):
            finds(('no module for this kernel', 'module', 'no nft_quic.ko is installed for this kernel', 'error'),
                  args=only('module'))
    finally:
        for what, where in binds:
            subprocess.run(['umount', where], check=True)


def many():
    """A map of 2,400 names, read in another way than a small one."""
    nft.good('-f -', 'table inet big {\nmap m {\ntypeof quic sni : udp dport; elements = { ' + ', '.join(
        f'"h{i}.example" : {4000 + i % 2}' for i in range(2400)) + ' }\n}\n}\n')
    nft.good('add chain inet big c { type filter hook prerouting priority -290; }')
    nft.good('add rule inet big c udp dport 445 udp dport set quic sni map @m')
    out = run('status').stdout
    ok('1196 more -> port 4000' in out and '1196 more -> port 4001' in out and '.example, h' in out,
       'status with 2,400 names tells how many go where', out[:2000])
    nft.good('-f -', 'table inet big {\nchain dest {\nudp dport set 4000\n}\nmap v {\ntypeof quic sni : verdict\nelements = '
             '{ ' + ', '.join(f'"v{i}.example" : {"drop" if i % 2 else "goto dest"}' for i in range(2000)) + ' }\n}\n}\n')
    nft.good('add rule inet big c udp dport 446 quic sni vmap @v')
    out = run('status').stdout
    ok('996 more -> port 4000' in out and '996 more -> drop' in out, 'and those of a map of 2,000 verdicts', out[:2000])
    nft.good('delete table inet big')
    nft.good('-f -', 'table inet big {\nset s {\ntypeof quic sni; timeout 1h; elements = { ' + ', '.join(
        f'"h{i}.example"' for i in range(2000)) + ' }\n}\n}\n')
    same(doctor('--only', 'reboot'), (0, {}), 'doctor does not count 2,000 elements with a timeout as lost')
    nft.good('delete table inet big')
    nft.good('-f -', 'table inet big {\nset s {\ntypeof quic sni; elements = { ' + ', '.join(
        f'"h{i}.example"' for i in range(36000)) + ' }\n}\nchain c {\ntype filter hook prerouting priority -290\n'
        'udp dport 445 quic sni @s drop\n}\n}\n')
    out = run('status').stdout
    m = re.search(r'and (\d+) more -> drop\n  (?:@s has more elements than these (\d+)|these are (\d+) of the 36000 '
                  r'elements of @s); `nft-quic status --all` reads all\n', out)
    ok(m and 32768 < int(m[2] or m[3]) == int(m[1]) + 4 < 36000, 'status reads a part of 36,000 names, and says so',
       out[:2000])
    rules = json.loads(run('status', '--json').stdout)['rules']
    same([(r['cut']['set'], r['cut']['total'] in (None, 36000)) for r in rules if r['cut']], [('s', True)],
         'and in JSON')
    out = run('status', '--all').stdout
    ok('and 35996 more -> drop\n' in out and 'reads all' not in out, 'with --all it reads each', out[:2000])
    out = run('doctor', '--only', 'rules').stdout
    ok('of inet big @s about 32768 elements are looked at; `nft-quic doctor --all` looks at all\n' in out,
       'doctor looks at a part of them, and says so', out)
    same(doctor('--only', 'rules', '--all'), (0, {}), 'with --all at each')
    nft.good('delete table inet big')


def no_text():
    """A comment that is no UTF-8, and a libnftables that aborts as it makes JSON."""
    before = run('status', '--json')
    r = subprocess.run(['nft', '-f', '-'], input=b'table inet odd {\nchain c {\ntype filter hook input priority 9;\n'
                       b'udp dport 1 drop comment "gr\xfc\xdfe \x1b[31m"\n}\n}\n', stderr=subprocess.PIPE, env=nft.env)
    same(r.stderr, b'', 'nft takes a comment of any octets')
    r = run('status', '--json')
    same((r.returncode, json.loads(r.stdout)['rules']), (before.returncode, json.loads(before.stdout)['rules']), 'status reads rules beside it')
    nft.good('delete table inet odd')
    for args in ('status',), ('status', '--json'), ('doctor', '--json'), ('watch', '-n', '1'), ('explain', '--sni', 'a'):
        r = subprocess.run([TOOL, *args], capture_output=True, text=True, env=dict(nft.env, LD_PRELOAD=f'{BUILD}/aborts.so'))
        said = 'a name in them may be no UTF-8' in r.stdout + r.stderr or args == ('status', '--json') and json.loads(r.stdout)['nft'] is None
        ok(r.returncode == 2 and said and 'cannot be preloaded' not in r.stderr,
           f'{args[0]} with a libnftables that aborts says that the rules cannot be read', r)


def main():
    prepare()
    ns = Ns()
    with ns, unseen():
        nft.good('-f ' + CONF)
        ok(until(lambda: 'all' not in open('/proc/thread-self/net/nft_quic').read(), 5), 'the rules are at work')
        with service(8853):
            with service(8443):
                for part in (well, options, watched, read_only, without_root, system, locked, loaded, lost, beside, examples) if MAIN else (well,):
                    case(part)
            if MAIN:
                case(served)
        for part in (limited, many, no_text, rewritten, early) if MAIN else ():
            case(part)
    ns.delete()
    if not INSTALLED:
        subprocess.run([f'{TOP}/nft-ext/setup', 'uninstall', '', PRIVATE, '/etc/ld.so.conf.d/00-nft-quic.conf'],
                       check=True, capture_output=True)


if INSTALLED or writable():
    case(main)
else:
    skip('admin', "this kernel's modules cannot be changed here")
