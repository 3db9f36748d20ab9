# SPDX-License-Identifier: GPL-2.0-or-later
"""With the facade but without the module: a clear error, and nothing half loaded."""
import os
import subprocess
import tempfile

from nqtest.nftcmd import BUILD, Nft
from nqtest.module import MODULE
from nqtest.netns import Ns
from nqtest.tap import case, ok, same, skip

GOOD = 'table inet before { chain c { type filter hook input priority 0; }\n}\n'
BAD = GOOD + '''table inet t {
	set s { typeof quic sni; elements = { "a.example" }; }
	chain c {
		udp dport 443 accept
		quic sni @s accept
	}
}
table inet after { }
'''
SAYS = 'the kernel does not know quic: its module nft_quic is not loaded and could not be loaded'


def admin(nft):
    """nft-quic says so, too."""
    def run(*args):
        return subprocess.run([f'{BUILD}/admin/nft-quic', *args], capture_output=True, text=True, env=nft.env)

    r = run('explain', '--sni', 'a.example')
    ok(r.returncode == 2 and 'the module nft_quic is not loaded' in r.stderr and not r.stdout, 'nft-quic explain', r)
    r = run('status')
    ok(r.returncode == 0 and 'module not loaded' in r.stdout, 'nft-quic status', r)
    r = run('doctor', '--json', '--only', 'module')
    ok(r.returncode == 2 and 'no nft_quic.ko is installed for this kernel' in r.stdout, 'nft-quic doctor', r)
    r = run('--version')
    ok(r.returncode == 0 and 'module not loaded' in r.stdout, 'nft-quic --version', r)


def no_module():
    nft = Nft()
    with Ns(), tempfile.NamedTemporaryFile('w', suffix='.nft') as f:
        f.write(BAD)
        f.flush()
        r = nft(f'-f {f.name}')
        ok(r.rc == 1 and f'{f.name}:7:3-10: Error: Could not process rule: No such file or directory' in r.err and
           '\t\tquic sni @s accept\n\t\t^^^^^^^^' in r.err and r.err.count(SAYS) == 1, 'the error names the module', r)
        same(nft.good('list ruleset'), '', 'nothing of the file is loaded')
        nft.good('-f -', GOOD)
        for cmd in ('add rule inet before c quic alpn "h3" accept',
                    'add rule inet before c quic alpn { "h3", "doq" } accept',
                    'add rule inet before c quic version v1 counter'):
            r = nft(cmd)
            ok(r.rc == 1 and SAYS in r.err, f'without the module: {cmd}', r)
        r = nft('-j -f -', '{"nftables": [{"add": {"rule": {"family": "inet", "table": "before", "chain": "c", '
                '"expr": [{"match": {"op": "==", "left": {"quic": {"key": "alpn"}}, "right": "x"}}]}}}]}')
        ok(r.rc == 1 and 'the module nft_quic is not loaded' in r.err, 'without the module: JSON', r)
        out = nft.good('list ruleset')
        ok('quic' not in out and 'chain c' in out, 'what was there is untouched', out)
        # sets need no module: their keys are bytes to the kernel
        nft.good('add set inet before s { typeof quic sni; }')
        nft.good('add element inet before s { "a.example" }')
        ok('typeof quic sni' in nft.good('list ruleset'), 'sets with names')
        admin(nft)


if os.path.exists(f'/sys/module/{MODULE}'):
    skip('without the module', 'it is loaded')
else:
    case(no_module)
