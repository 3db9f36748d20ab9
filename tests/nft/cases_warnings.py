# SPDX-License-Identifier: GPL-2.0-or-later
"""Names that can hardly match: nft warns and loads them, other programs hear nothing."""
import json
import subprocess
import sys

from nqtest.nftcmd import Nft, version
from nqtest.netns import Ns
from nqtest.tap import case, ok, same

nft = Nft()
SETS = '''table inet w {
	set s { typeof quic sni; elements = { "one.example.org:443", "two.example.org:443" }; }
	set a { typeof quic alpn; elements = { "H3", "h3*" }; }
}
'''
CODE = f'import nftables\nn = nftables.Nftables()\nprint(n.cmd({SETS!r}))\n'


def warnings():
    with Ns():
        r = nft.load(SETS)
        same((r.rc, r.out, r.err.count('Warning: ')), (0, '', 3), 'three kinds of names are warned of, and load')
        ok('/dev/stdin:2:40-60: Warning: quic sni: a server name has no port' in r.err and '"two' in r.err and
           'stdin:3:41-44: Warning: quic alpn' in r.err, 'with their place, once a file', r.err)
        ok('"one.example.org:443"' in nft.good('list ruleset'), 'they are loaded')
        r = nft('delete element inet w a { "h3*" }')
        same((r.rc, r.err), (0, ''), 'and taken away without a word')
        nft.good('flush ruleset')
        r = subprocess.run([sys.executable, '-c', CODE], env=nft.env, capture_output=True, text=True)
        same((r.stdout, r.stderr), ("(0, '', '')\n", ''), 'python3-nftables gets no message')
        ok('"H3"' in nft.good('list ruleset'), 'and loads them')
        r = nft('add chain inet w c; add rule inet w c quic sni @a drop; add rule inet w c quic sni @a drop')
        same((r.rc, r.err.count('Warning: quic sni: the set is of quic alpn')), (0, 1), 'a set of another key, of an earlier run')
        r = nft('add rule inet w c quic alpn @s drop')
        ok(r.rc == 1 and 'quic alpn: the set is of quic sni' in r.err, 'one with longer keys', r)
        nft.good('add set inet w p { typeof quic alpn . ip saddr; }')
        for rule in 'quic sni . ip saddr @p drop', 'quic sni . ip saddr != @p drop':
            r = nft(f'add rule inet w c {rule}')
            ok(r.rc == 1 and 'quic sni: the set is of quic alpn' in r.err, f'and what nft aborts at: {rule}', r)
        if version() >= (1, 1):
            both = {'concat': [{'quic': {'key': 'sni'}}, {'payload': {'protocol': 'ip', 'field': 'saddr'}}]}
            r = nft('-j -f -', json.dumps({'nftables': [{'add': {'rule': {'family': 'inet', 'table': 'w', 'chain': 'c', 'expr': [
                {'match': {'op': '==', 'left': both, 'right': '@p'}}]}}}]}))
            ok(r.rc == 1 and 'the set is of another key' in r.err, 'in JSON, too', r)
        r = nft.load(SETS + 'add rule inet w nosuch accept\n')
        ok(r.rc == 1 and 'Warning' not in r.err, 'where there are errors, only these are told', r)


case(warnings)
