# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: main
"""nft-ext's install and uninstall in this guest, whose disk is thrown away; libraries swapped below
the facade; a library that cannot be hooked."""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

from nqtest.nftcmd import LIB, TOP, Nft, dump, version
from nqtest.netns import Ns
from nqtest.tap import case, ok, same, skip

FACADE = f'{LIB}/libnftables.so.1'
REAL = glob.glob('/usr/lib/*/libnftables.so.1')[0]
PRIVATE = os.path.join(os.path.dirname(REAL), 'nft-quic')
LDCONF = '/etc/ld.so.conf.d/00-nft-quic.conf'
OTHER = [f'{TOP}/build/nft-libs/{r}/libnftables.so.1' for r in os.environ.get('NFT_LIBS', 'old main').split()]
plain = Nft(facade=False)  # what the ld.so cache says
RULES = '''table inet t {
	set names {
		typeof quic sni
		elements = { "*.b.example", "a.example" }
	}

	chain c {
		type filter hook input priority filter; policy accept;
		udp dport 443 quic alpn "smb" accept comment "not quic sni x"
		udp dport 443 accept comment "quic alpn x"
		quic sni @names drop
	}
}
table ip6 u {
	chain deep {
		quic version { v1, v2 } counter packets 0 bytes 0 accept
		ip6 saddr ::1 log prefix "quic alpn "
	}
}
'''


def setup(verb, *args):
    return subprocess.run([f'{TOP}/nft-ext/setup', verb, '', PRIVATE, LDCONF, *args], env=plain.env,
                          capture_output=True, text=True)


def words(text):
    return ' '.join(text.split())


def needed(lib):
    r = subprocess.run(['ldd', lib], env=plain.env, capture_output=True, text=True, check=True)
    return {line.split()[0] for line in r.stdout.splitlines() if ' => ' in line}


def install():
    missing = needed(REAL) - needed(FACADE)
    ok(not missing, 'what the library behind the facade needs is loaded with the facade', missing)
    r = setup('install', FACADE)
    ok(r.returncode == 0 and 'knows quic: quic expression' in r.stdout, 'install proves itself by running nft', r)
    first = [line.split(' => ')[1] for line in subprocess.run(
        ['ldconfig', '-p'], capture_output=True, text=True).stdout.splitlines() if 'libnftables.so.1 ' in line]
    same(first[0], f'{PRIVATE}/libnftables.so.1', 'the facade is first in the ld.so cache')
    with Ns():
        plain.good('-f -', RULES)
        ok('quic sni @names drop' in plain.good('list ruleset'), 'the distribution\'s nft speaks quic')
        r = subprocess.run([sys.executable, '-c', 'import nftables; n = nftables.Nftables(); '
                            'print(n.cmd("list ruleset"))'], env=plain.env, capture_output=True, text=True)
        ok('quic sni @names drop' in r.stdout, 'python3-nftables too', r)
        r = setup('install', FACADE)
        ok(r.returncode == 0, 'install once more, as an upgrade does', r)
        swap()
        uninstall()


def swap():
    """Another release's library in the place of the distribution's, twice."""
    mine = f'{REAL}.mine'
    held, text = dump('inet', 't'), plain.good('list ruleset')
    os.rename(REAL, mine)
    try:
        for lib in OTHER:
            name = lib.split('/')[-2]
            shutil.copy(lib, REAL + '.new')
            os.rename(REAL + '.new', REAL)
            if 'GLIBC' in plain('list tables').err:
                skip(f'library of root {name}', 'it is for a newer C library')
                continue
            same(words(plain.good('list ruleset')), words(text), f'library of root {name}: lists the same')
            plain.good('add element inet t names { "swapped.example" }')
            plain.good('add rule inet t c quic alpn { "x", "y" } counter')
            ok('"swapped.example"' in plain.good('list set inet t names') and
               'quic alpn { "x", "y" } counter' in plain.good('list chain inet t c'),
               f'library of root {name}: adds and lists')
            saved = plain.good('list ruleset')
            plain.good('flush ruleset')
            plain.good('-f -', saved)
            plain.good('delete element inet t names { "swapped.example" }')
            handle = plain.good('-a list chain inet t c').split('"y" }')[1].split('# handle ')[1].split()[0]
            plain.good(f'delete rule inet t c handle {handle}')
            ok(dump('inet', 't') == held, f'library of root {name}: restores to the same in the kernel')
    finally:
        os.rename(mine, REAL)
    same(plain.good('list ruleset'), text, 'the distribution\'s library again: lists the same')


def uninstall():
    """With rules loaded that a stock nft will hide."""
    # not earlier: 1.0.6 dies of anonymous maps that were made by 1.1.3, with and without quic
    plain.good('add rule ip6 u deep udp dport 443 meta mark set quic alpn map { "h3" : 1 }')
    r = setup('uninstall')
    lines = r.stdout.splitlines()
    ok(r.returncode == 0 and 'stock nft will not show them' in lines[0], 'uninstall warns of rules', r)
    same([x.strip() for x in lines[1:-1]],
         ['inet t c: udp dport 443 quic alpn "smb" accept comment "not quic sni x"',
          'inet t c: quic sni @names drop',
          'ip6 u deep: quic version { v1, v2 } counter packets 0 bytes 0 accept',
          'ip6 u deep: udp dport 443 meta mark set quic alpn map { "h3" : 0x00000001 }'],
         'it names these rules and no other')
    ok(' again' in lines[-1] and PRIVATE not in lines[-1], 'and what nft uses now', lines[-1:])
    ok(not os.path.exists(PRIVATE) and not os.path.exists(LDCONF), 'nothing is left of it')
    out = plain.good('list ruleset')
    ok('quic version' not in out and 'quic alpn x' in out, 'nft is stock again', out)
    r = setup('uninstall')
    ok(r.returncode == 0 and 'not show' not in r.stdout, 'uninstall of what is not there', r)


def shadowed():
    """Something else is before the facade: said, and undone."""
    with tempfile.TemporaryDirectory() as d, open('/etc/ld.so.conf.d/00-a-test.conf', 'w') as conf:
        shutil.copy(REAL, d)
        conf.write(d + '\n')
        conf.flush()
        r = setup('install', FACADE)
        ok(r.returncode == 1 and f'takes {d}/' in r.stderr and not os.path.exists(PRIVATE),
           'install that is not first in the cache fails and undoes itself', r)
    os.unlink('/etc/ld.so.conf.d/00-a-test.conf')
    subprocess.run(['ldconfig'], check=True)


def unhookable():
    """A library with no call to be hooked: its functions lie in another one, under another name."""
    with tempfile.TemporaryDirectory() as d:
        with open(REAL, 'rb') as f, open(f'{d}/libnftables.so.X', 'wb') as g:
            g.write(f.read().replace(b'libnftables.so.1\0', b'libnftables.so.X\0'))
        subprocess.run(['cc', '-shared', '-o', f'{d}/shim.so', '-x', 'c', '/dev/null', '-x', 'none',
                        '-Wl,--no-as-needed', f'{d}/libnftables.so.X', f'-Wl,-rpath,{d}'], check=True)
        odd = Nft(NFT_QUIC_LIBNFTABLES=f'{d}/shim.so')
        with Ns():
            r = odd('add table inet t; list ruleset')
            ok(r.rc == 0 and 'table inet t' in r.out and r.err.count('\n') == 1 and
               'cannot hook' in r.err and '`quic` is not available' in r.err,
               'a library that cannot be hooked is stock nft, with one line on standard error', r)
            r = odd('add chain inet t c; add rule inet t c quic alpn "x"')
            ok(r.rc == 1 and not odd.good('list ruleset').count('chain'), 'quic is an error then, nothing is loaded', r)
            r = Nft(NFT_QUIC_LIBNFTABLES=f'{d}/shim.so', NFT_QUIC='off')('list ruleset')
            same(r.err, '', 'NFT_QUIC=off says nothing')


case(install)
case(shadowed)
case(unhookable)
