# SPDX-License-Identifier: GPL-2.0-or-later
"""The host of cases_admin: rules, services behind them, and what nft-quic finds there."""
import contextlib
import glob
import json
import os
import re
import shutil
import subprocess
import sys

from nqtest.nftcmd import BUILD, LIB, TOP, Nft
from nqtest.tap import ok, same

# check-install: all that is tried is what the packages put there
INSTALLED = 'NFT_QUIC_INSTALLED' in os.environ
TOOL = '/usr/sbin/nft-quic' if INSTALLED else f'{BUILD}/admin/nft-quic'
REAL = glob.glob('/usr/lib/*/libnftables.so.1')[0]
PRIVATE = os.path.join(os.path.dirname(REAL), 'nft-quic')
MODULES = f'/lib/modules/{os.uname().release}'
CONF = '/etc/nftables.conf'
# each fault on one kernel and nft; the others show that what these print is understood
MAIN = os.environ.get('KERNEL_PLACE', 'main') == 'main'
nft = Nft(facade=False)

# A host with services behind 443, and an input chain
RULES = '''table inet t {
	map port_of {
		typeof quic sni : udp dport
		elements = { "a.example" : 8443, "b.example" : 8853 }
	}
	set private { type inet_service; elements = { 8443, 8853 }; }
	chain in {
		type filter hook prerouting priority raw; policy accept;
		udp dport 443 quic server-id @private udp dport set quic server-id notrack accept
		udp dport 443 udp dport set quic sni map @port_of notrack accept
		udp dport 443 drop
	}
	chain out {
		type filter hook output priority raw; policy accept;
		udp sport @private notrack udp sport set 443
	}
}
table inet host {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		iifname "lo" accept
		udp dport { 8443, 8853 } accept
	}
}
'''
# quicd as nft-quic sees it: its name, its -c, its socket
SERVICE = '''import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
s.bind(('0.0.0.0', int(sys.argv[1])))
print('up', flush=True)
time.sleep(1e6)
'''


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w') as f:
        f.write(text)


@contextlib.contextmanager
def file(path, text):
    """A file that is there for a while, in the place of another."""
    old = open(path).read() if os.path.exists(path) else None
    write(path, text)
    try:
        yield
    finally:
        os.unlink(path) if old is None else write(path, old)


@contextlib.contextmanager
def service(port, more='', name=None):
    conf = f'/tmp/admin/{name or port}.conf'
    write(conf, f'[service]\nlisten = *:{port}\nalpn = x\n{more}\n')
    p = subprocess.Popen(['/tmp/admin/quicd', '/tmp/admin/service.py', str(port), '-c', conf],
                         stdout=subprocess.PIPE, text=True)
    p.stdout.readline()
    try:
        yield p
    finally:
        p.kill()
        p.wait()


def run(*args, **kw):
    return subprocess.run([TOOL, *args], capture_output=True, text=True, env=nft.env, **kw)


def doctor(*args):
    """{check: (level, texts)} of those that are not ok; and the exit status."""
    r = run('doctor', '--json', *args)
    checks = json.loads(r.stdout)['checks']
    return r.returncode, {c['check']: (c['level'], [f['text'] for f in c['found'] if f['level'] != 'note'])
                          for c in checks if c['level'] not in ('ok', 'note')}


def finds(*faults, args=()):
    """Of the faults that are there now doctor finds each, as (what, check, text[, level]), and nothing else."""
    rc, found = doctor(*args)
    left = {check: list(texts) for check, (_, texts) in found.items()}
    levels = {}
    for what, check, text, *level in faults:
        level = level[0] if level else 'warning'
        levels[check] = max(level, levels.get(check, 'warning'), key=('warning', 'error').index)
        fitting = [t for t in left.get(check, ()) if text in t]
        ok(fitting, f'doctor finds: {what}', rc, found)
        if fitting:
            left[check].remove(fitting[0])
    same((rc, {c: level for c, (level, _) in found.items()}, {c: t for c, t in left.items() if t}),
         (2 if 'error' in levels.values() else 1, levels, {}), f'and nothing else, of {", ".join(sorted(levels))}')


def rules(*faults, full=None, args=()):
    """The same with faults of rules, as (what, check, text, rules[, level]); what is loaded is what a boot loads."""
    loaded = 'flush ruleset\n' + (full or RULES) + ''.join(f[3] for f in faults)
    with file(CONF, loaded):
        r = nft.load(loaded)
        if r.rc:
            ok(False, 'doctor: the rules load', r.err)
        else:
            finds(*(f[:3] + f[4:] for f in faults), args=args)
    nft.good('-f ' + CONF)


def only(*checks):
    return '--only', ','.join(checks)


def count(name):
    with open('/proc/thread-self/net/stat/nft_quic') as f:
        return dict(zip(f.readline().split(), (int(x, 16) for x in f.readline().split())))[name]


def undocumented(j):
    """The keys of this JSON that nft-quic(8) does not name."""
    with open(f'{TOP}/admin/nft-quic.8') as f:
        page = f.read().partition('.SH JSON')[2].partition('.SH EXIT')[0]

    def keys(v):
        if isinstance(v, dict):
            return set(v).union(*map(keys, v.values()))
        return set().union(*map(keys, v)) if isinstance(v, list) else set()
    return sorted(k for k in keys(j) if f'"{k}"' not in page and not re.search(rf'^\.BR? {k}\b', page, re.M))


@contextlib.contextmanager
def unseen():
    """Other cases may have loaded the stock library into this process: doctor does not see its maps."""
    maps = f'/proc/{os.getpid()}/maps'
    subprocess.run(['mount', '--bind', '/dev/null', maps], check=True)
    try:
        yield
    finally:
        subprocess.run(['umount', maps], check=True)


@contextlib.contextmanager
def another_facade():
    """The library of another release in the place of this one."""
    path = f'{PRIVATE}/libnftables.so.1'
    with open(path, 'rb') as f:
        old = f.read()
    with open(f'{TOP}/VERSION') as f:
        version = b'libnftables of nft-quic ' + f.read().strip().encode() + b'\0'
    ok(old.count(version) == 1, 'the library has its version')
    new = old.replace(version, b'libnftables of nft-quic 9.9\0'.ljust(len(version), b'\0'))
    try:
        with open(path + '.new', 'wb') as f:
            f.write(new)
        os.chmod(path + '.new', 0o644)
        os.rename(path, path + '.old')
        os.rename(path + '.new', path)
        yield
    finally:
        os.rename(path + '.old', path)


def writable():
    """Modules that another root lends are read-only: a layer over them takes what is written."""
    if os.access(MODULES, os.W_OK):
        return True
    layer = '/run/admin-modules'
    return subprocess.run(f'mkdir {layer} && mount -t tmpfs layer {layer} && mkdir {layer}/upper {layer}/work && '
                          'modprobe overlay && mount -t overlay -o '
                          f'lowerdir={MODULES},upperdir={layer}/upper,workdir={layer}/work layer {MODULES}',
                          shell=True).returncode == 0


def prepare():
    """The module and the library as an installation has them."""
    if not INSTALLED:
        os.makedirs(f'{MODULES}/updates', exist_ok=True)
        shutil.copy(os.environ['NFT_QUIC_KO'], f'{MODULES}/updates/nft_quic.ko')
        subprocess.run(['depmod', '-a'], check=True)
        subprocess.run([f'{TOP}/nft-ext/setup', 'install', '', PRIVATE, '/etc/ld.so.conf.d/00-nft-quic.conf',
                        f'{LIB}/libnftables.so.1'], check=True, capture_output=True)
    write(CONF, 'flush ruleset\n' + RULES)
    os.makedirs('/etc/systemd/system/sysinit.target.wants', exist_ok=True)
    if not glob.glob('/*/systemd/system/default.target') + glob.glob('/usr/lib/systemd/system/default.target'):
        write('/etc/systemd/system/default.target', '[Unit]\nRequires=sysinit.target\n')
        write('/etc/systemd/system/sysinit.target', '[Unit]\n')
    link = '/etc/systemd/system/sysinit.target.wants/nftables.service'
    if not os.path.lexists(link):
        os.symlink('/usr/lib/systemd/system/nftables.service', link)
    write('/tmp/admin/service.py', SERVICE)
    if not os.path.lexists('/tmp/admin/quicd'):
        os.symlink(sys.executable, '/tmp/admin/quicd')
