# SPDX-License-Identifier: GPL-2.0-or-later
"""Without quic nothing changes: output, messages and netlink traffic are stock nft's, byte for byte."""
import re
import subprocess
import sys
import tempfile

from nqtest.nftcmd import BUILD, Nft
from nqtest.netns import Ns
from nqtest.tap import case, ok, same

RULES = '''define web = { 80, 443 }
table inet quic {
	set alpn { type ifname; elements = { "eth0", "quic" }; }
	map sni { type ipv4_addr . inet_service : verdict; flags interval;
		elements = { 10.0.0.0/8 . 1-5 : accept }; }
	set hosts { type ipv6_addr; elements = { 2001:db8::1, ::1, ::, ffff::ffff, 0:0:0:1::0 }; }
	chain pre { type filter hook prerouting priority 0; policy accept;
		iifname @alpn tcp dport $web counter accept comment "quic alpn"
		ip daddr . tcp dport vmap @sni
		ip6 saddr fe80::/10 log prefix "quic sni " drop
		@th,16,16 53 @ih,0,32 0x01020304 meta mark set 0x10
	}
}
add element inet quic alpn { "eth1" }
'''
COMMANDS = ('list ruleset', '-a list ruleset', '-j list ruleset', '-s list table inet quic',
            'list set inet quic alpn', 'get element inet quic alpn { "eth0" }',
            'get element inet quic alpn { "none" }', '-e add element inet quic alpn { "lo" }',
            '-j list sets', 'list chain inet quic nosuch', 'add rule inet quic pre bogus',
            'describe tcp dport', 'describe ipv4_addr', '-c add rule inet quic pre accept',
            'add rule inet quic pre tcp dport 99999', 'delete element inet quic alpn { "eth1" }',
            '-n -a -t list ruleset', 'reset counters', 'flush chain inet quic pre', '')


def traffic(text):
    """A debug dump of netlink messages without what differs from run to run."""
    text = re.sub(r'\|\s*\d{10}\s*\|\s*\| sequence number \|', '| SEQ |', text)
    return re.sub(r'process \d+', 'process N', text)


def session(facade):
    """What a series of commands prints and sends, in a new namespace."""
    nft, got = Nft(facade=facade), []
    with Ns(), tempfile.NamedTemporaryFile('w', suffix='.nft', dir='/tmp') as f:
        f.write(RULES)
        f.flush()
        debug = subprocess.run(['nft', '--debug=mnl', '-f', f.name], env=nft.env,
                               capture_output=True, text=True)
        got.append(('load', debug.returncode, traffic(debug.stdout),
                    traffic(debug.stderr).replace(f.name, 'FILE')))
        for cmd in COMMANDS:
            r = nft(cmd)
            got.append((cmd, r.rc, traffic(r.out), r.err))
        r = nft('-f -', 'add table ip x\nadd chain ip x y { type bogus; }\n')
        got.append(('stdin', r.rc, r.out, r.err))
        r = nft('-j -f -', '{"nftables": [{"add": {"table": {"family": "ip", "name": "j"}}}]}')
        got.append(('json', r.rc, r.out, r.err))
        r = nft('-i', 'list tables\nadd bogus\nquit\n')
        got.append(('interactive', r.rc, r.out, r.err))
    return got


def transparent():
    # a batch for which the kernel has to load modules is tried again, and uses up handles
    with Ns():
        Nft(facade=False)('-f -', RULES)
    for a, b in zip(session(True), session(False)):
        same(a, b, f'as stock nft: {a[0] or "no command"}')


def other_library():
    """A real library that cannot be used is reported, and the next one is taken."""
    with Ns():
        r = Nft(NFT_QUIC_LIBNFTABLES='/nonexistent')('describe quic sni')
        ok('cannot use /nonexistent' in r.err and 'quic expression' in r.out,
           'a named library that is not there', r)


def unhookable():
    """A real library that cannot be hooked: said once, and nothing is hidden."""
    nft, blind = Nft(), Nft(NFT_QUIC_LIBNFTABLES=f'{BUILD}/unhookable.so')
    with Ns():
        blind.good('-f -', 'add table inet t\nadd chain inet t c\nadd rule inet t c tcp dport 1 accept\n')
        r = blind('list ruleset')
        ok(r.rc == 0 and 'tcp dport 1 accept' in r.out and r.err.count('nft-quic: cannot hook') == 1 and
           len(r.err.splitlines()) == 1 and 'it does not call fopen;' in r.err,
           'a library that cannot be hooked says so once, why, and lists', r)
        r = blind('-i', 'list tables\nlist ruleset\n')
        ok(r.rc == 0 and r.err.count('nft-quic:') == 1, 'once for all commands of nft -i', r)
        nft.good('add rule inet t c quic alpn "h3" accept')
        for cmd, stdin in (('list ruleset', None), ('-j list ruleset', None), ('-s list table inet t', None),
                           ('-f -', 'list ruleset\n'), ('reset rules', None)):
            r = blind(cmd, stdin)
            ok(r.rc == 1 and not r.out and 'rules with quic are loaded' in r.err, f'it does not hide rules: {cmd}', r)
        r = blind('add rule inet t c tcp dport 2 accept')
        ok(r.rc == 0 and 'tcp dport 2' in nft.good('list ruleset'), 'it loads rules', r)
        r = subprocess.run([sys.executable, '-c', 'import nftables; print(nftables.Nftables().cmd("list ruleset"))'],
                           env=blind.env, capture_output=True, text=True)
        ok(r.stdout.startswith("(-1, ''") and 'rules with quic are loaded' in r.stderr, 'nor does python3-nftables', r)
        r = Nft(NFT_QUIC_LIBNFTABLES=f'{BUILD}/unhookable.so', NFT_QUIC='off')('list ruleset')
        ok(r.rc == 0 and r.err == '' and 'tcp dport 2' in r.out, 'NFT_QUIC=off lists without a word', r)


case(transparent)
case(unhookable)
case(other_library)
