# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: main new
"""Commands, files, elements, errors: what an admin does with nft besides adding rules."""
import json
import os
import signal
import subprocess
import sys
import tempfile

from nqtest.nftcmd import LIB, TOP, Lib, Nft, dump, in_ns, version
from nqtest.poll import until
from nqtest.shell import content
from nqtest.tap import ok, same

nft = Nft()
stock = Nft(facade=False)
TABLE = '''table inet t {
	set names {
		typeof quic sni
		elements = { "*.b.example", "a.example" }
	}

	map ports {
		typeof quic alpn : udp dport
		elements = { "h3" : 4433, "smb" : 8443 }
	}

	chain c {
		type nat hook prerouting priority dstnat; policy accept;
		udp dport 443 quic alpn "smb" redirect to :8443
		quic sni @names accept
	}
}
'''


def words(text):
    return ' '.join(text.split())


def loaded():
    return words(nft.good('list ruleset'))


@in_ns
def save_and_restore():
    nft.good('-f -', TABLE)
    same(loaded(), words(TABLE), 'a file of standard input lists as it was written')
    held = dump('inet', 't')
    saved = nft.good('list ruleset')
    nft.good('flush ruleset')
    same(nft.good('list ruleset'), '', 'flush ruleset')
    nft.good('-f -', saved)
    same(dump('inet', 't'), held, 'a saved ruleset restores to the same in the kernel')
    # an unaware nft does not see the rules: the reason for the facade
    ok('quic' not in stock.good('list ruleset'), 'without the facade the rules are hidden')
    off = Nft(NFT_QUIC='off')
    same(off.good('list ruleset'), stock.good('list ruleset'), 'NFT_QUIC=off is pure stock')


@in_ns
def without_the_facade():
    """A rule with quic is left out whole, and its neighbours and the status say nothing of it."""
    nft.good('-f -', 'table inet t {\nchain c {\nquic alpn "smb" tcp dport 21 counter\ntcp dport 22 counter\n}\n}\n')
    python = 'import nftables\nn = nftables.Nftables()\nn.set_json_output(True)\nprint(n.cmd("list ruleset")[1])'
    said = subprocess.run([sys.executable, '-c', python], env=stock.env, capture_output=True, text=True, check=True).stdout
    for how, answer in ('text', stock.good('list ruleset')), ('JSON', stock.good('-j list ruleset')), ('python', said):
        rules = answer.count('dport') if how == 'text' else sum('rule' in o for o in json.loads(answer)['nftables'])
        same((rules, '21' in answer, '22' in answer), (1, False, True), f'{how} of stock nft has the other rule alone')


@in_ns
def rule_commands():
    nft.good('-f -', TABLE)
    out = nft.good('-e -a insert rule inet t c index 1 quic alpn "one" accept')
    ok('quic alpn "one" accept # handle' in out, 'insert at an index, echoed', out)
    handle = out.split('# handle ')[1].split()[0]
    rules = [r.strip() for r in nft.good('list chain inet t c').splitlines() if 'quic' in r]
    same(rules[1], 'quic alpn "one" accept', 'index counts quic rules')
    nft.good(f'replace rule inet t c handle {handle} quic alpn "two" accept')
    ok('quic alpn "two" accept' in loaded(), 'replace')
    nft.good(f'delete rule inet t c handle {handle}')
    ok('"two"' not in loaded(), 'delete')
    nft.good('add rule inet t c quic alpn "cnt" counter')
    ok('counter packets 0 bytes 0' in nft.good('list table inet t'), 'counters')
    ok('counter packets' not in nft.good('-s list table inet t'), '-s')
    if version() >= (1, 0, 7):
        ok('quic alpn "cnt" counter' in nft.good('reset rules inet t'), 'reset rules')
    before = loaded()
    nft.good('-c add rule inet t c quic alpn "never" accept')
    same(loaded(), before, '-c changes nothing')
    ok('names' in nft.good('list sets') and '"a.example"' in nft.good('list set inet t names'),
       'list sets, list set')
    ok('a.example' not in nft.good('-t list set inet t names'), '-t')
    nft.good('add rule inet t c quic version v1')
    ok('quic version 0x00000001' in nft.good('-n list ruleset'), '-n shows numbers')
    nft.good('add rule inet t c quic version 0xff000000-0xff0000ff drop')
    ok('quic version 0xff000000-0xff0000ff drop' in loaded(), 'a range of versions', loaded())
    ok('(offered application protocol)' in nft.good('describe quic alpn'), 'describe')
    nft.good('add chain inet t quic')
    nft.good('add chain inet t alpn')
    nft.good('add rule inet t quic quic alpn "x" jump alpn')
    ok('quic alpn "x" jump alpn' in nft.good('list chain inet t quic'), 'chains called quic and alpn')


@in_ns
def elements():
    nft.good('-f -', TABLE)
    nft.good('add element inet t names { "new.example" comment "quic alpn" }')
    ok('"new.example" comment "quic alpn"' in loaded(), 'add element to a set of an earlier run')
    out = nft.good('get element inet t names { "New.Example." }')
    ok('"new.example"' in out and 'typeof quic sni' in out, 'get element', out)
    nft.good('delete element inet t names { "new.example" }')
    ok('new.example' not in loaded(), 'delete element')
    nft.good('add element inet t ports { "443" : 1, "0x12" : 2 }')
    ok('"443" : 1' in loaded(), 'names that look like numbers', loaded())
    nft.good('-f -', 'add map inet t pair { typeof quic alpn . quic sni : verdict; }\n'
             'add element inet t pair { "h3" . "a" : drop }\n')
    for option in '', '-j ':  # stock nft prints text for both
        for what, want in (('ports { "h3" }', 'typeof quic alpn : tcp dport'),
                           ('pair { "h3" . "a" }', 'typeof quic alpn . quic sni : verdict')):
            out = nft.good(f'{option}get element inet t {what}')
            ok(want in out and '"h3"' in out and '@ih' not in out, f'{option}get element inet t {what}', out)
    r = nft('get element inet t names { "gone.example" }')
    ok(r.rc == 1 and '"gone.example"' in r.err and '0x' not in r.err, 'get of what is not there', r)
    r = nft('add element inet t ports { "a-name-that-is-too-long" : 1 }')
    ok(r.rc == 1 and 'too long for a set' in r.err, 'an overlong element', r)
    out = nft.good('-e add element inet t ports { "echo" : 7 }')
    ok('{ "echo" : 7 }' in out, 'echo of an element', out)
    out = nft.good('-e -j add element inet t ports { "jecho" : 8 }')
    ok('["jecho", 8]' in out, 'echo of an element of a map in JSON', out)
    nft.good('-f -', '''
        add set inet t d { typeof quic dcid; }
        add element inet t d { 0x1234, 0x0011223344556677889900112233445566778899 }''')
    nft.good('add element inet t d { 0xabcd }')
    out = words(nft.good('list set inet t d'))
    ok('0x1234' in out and '0xabcd' in out, 'connection IDs', out)
    nft.good('delete element inet t d { 0x1234 }')
    ok('0x1234' not in nft.good('list set inet t d'), 'delete a connection ID')
    nft.good('add set inet t busy { typeof quic sni; size 100; flags dynamic; }')
    nft.good('add rule inet t c add @busy { quic sni ct count over 10 } drop')
    ok('add @busy { quic sni ct count over 10 } drop' in loaded(), 'ct count in a dynamic set', loaded())
    nft.good('add map inet t marks { typeof quic alpn : meta mark; size 100; flags dynamic; }')
    nft.good('add rule inet t c update @marks { quic alpn : meta mark }')
    ok('update @marks { quic alpn : meta mark }' in loaded() and '@ih' not in nft.good('-j list ruleset'),
       'a dynamic map', nft.good('-j list ruleset'))
    # one context that knows of nothing yet, then of the set as another process remade it
    lib = Lib()
    lib.good('add element inet t names { "lib.example" }')
    nft.good('-f -', 'add set inet t other { typeof quic version; }\nadd element inet t other { v1 }')
    lib.good('add element inet t other { v2 }')
    ok('v1, v2' in words(lib.good('list set inet t other')), 'symbols in element commands')
    lib.close()


@in_ns
def numbers():
    """Whose bytecode each libnftnl prints in its own way."""
    nft.good('-f -', TABLE)
    for rule, listed in (
            ('quic version 1-0xff', '0x00000001-0x000000ff'), ('quic version v1-v2', '0x00000001-0x6b3343cf'),
            ('quic version != 0xff000000/24', '!= 0xff000000-0xff0000ff'), ('quic version v1/32', 'version v1'),
            ('quic version & 0xff == 1', '& 0x000000ff == 0x00000001'), ('quic type initial-retry', '0-3'),
            ('quic version & 0xff . quic alpn { 1 . "h3" }', '& 0x000000ff . quic alpn { 0x00000001 . "h3" }'),
            ('meta mark . ip saddr & 255.255.255.0 . quic sni { 1 . 192.0.2.0 . "a" }', '192.0.2.0 . "a" }'),
            ('udp length set quic alpn . quic sni map { "h3" . "a" : 5, "smb" . "b" : 6 }', '"smb" . "b" : 0x6 }')):
        nft.good('flush chain inet t c')
        nft.good(f'add rule inet t c {rule}')
        out, held, j = nft.good('list chain inet t c'), dump('inet', 't', 'c'), nft.good('-j list chain inet t c')
        ok(listed in out and '@ih' not in out and '"ih"' not in j, f'listed: {rule}', out + j)
        nft.good('flush chain inet t c')
        nft.good('-f -', out)
        same(dump('inet', 't', 'c'), held, f'its listing loads as it was: {rule}')
        nft.good('flush chain inet t c')
        rule = [o for o in json.loads(j)['nftables'] if 'rule' in o]
        nft.good('-j -f -', json.dumps({'nftables': rule}))
        same(dump('inet', 't', 'c'), held, 'its JSON, too')
    nft.good('flush chain inet t c')
    ranges = 'dnat ip to ip saddr . quic alpn map { 192.0.2.1 . "a" : 192.0.2.1-192.0.2.5, 192.0.2.2 . "b" : 192.0.2.8/30 }'
    r = nft(f'add rule inet t c {ranges}')
    if version() < (1, 0, 9):
        ok(r.rc and 'cannot list a map from a concatenation to ranges' in r.err and 'dnat' not in loaded(),
           'ranges that this nft cannot list are refused', r)
    else:
        ok(r.rc == 0 and ranges in loaded(), 'from a concatenation to ranges', r)


@in_ns
def files():
    with tempfile.TemporaryDirectory() as d:
        def put(name, text):
            with open(f'{d}/{name}', 'w') as f:
                f.write(text)
        put('10-names.nft', 'define who = { "smb", "h3" }\n')
        put('20-set.nft', 'table inet t {\n\tset s { typeof quic sni; }\n}\n')
        put('30-elements.nft', 'add element inet t s { "x.example" }\n')
        put('rules.inc', 'quic alpn $who accept\n')
        put('main.nft', f'include "{d}/none.d/*"\ninclude "{d}/10-names.nft"\n'
            f'include "{d}/[23]0-*.nft"\ntable inet t {{\n\tchain c {{\n\t\tinclude "{d}/rules.inc"\n'
            '\t\tquic sni @s drop\n\t}\n}\n')
        nft.good(f'-f {d}/main.nft')
        ok('quic alpn { "h3", "smb" } accept quic sni @s drop' in loaded() and '"x.example"' in loaded(),
           'includes with globs, defines and sets across files', loaded())
        nft.good('flush ruleset')
        put('behind.inc', f'include "{d}/ids.inc"\n')
        put('ids.inc', 'set ids {\n\ttypeof quic dcid,64\n\telements = { 0x0102030405060708 }\n}\n')
        put('behind.nft', 'table inet t {\n\tchain c {\n\t\tquic dcid @ids drop\n\t}\n'
            f'\tinclude "{d}/behind.inc"\n}}\n')
        nft.good(f'-f {d}/behind.nft')
        held = dump('inet', 't', 'c')
        ok('quic load dcid 8b' in held, 'a set in a file that is included behind its rule', held)
        nft.good('flush ruleset')
        put('bad.nft', 'table inet t {\n\tchain c {\n\t\tquic alpn "smb" accept\n\t\tquic alpn "b" bogus\n\t}\n}\n')
        r = nft(f'-f {d}/bad.nft')
        ok(r.rc == 1 and f'{d}/bad.nft:4:' in r.err and '\t\tquic alpn "b" bogus\n' in r.err and
           '0x' not in r.err, 'an error names file, line and text', r.err)
        same(loaded(), '', 'one bad line loads nothing')
        put('inc.nft', f'include "{d}/bad2.inc"\n')
        put('bad2.inc', '\nadd rule inet t c quic foo "x"\n')
        r = nft(f'-f {d}/inc.nft')
        ok(r.rc == 1 and f'{d}/bad2.inc:2:19-26: Error: unknown quic key "foo"' in r.err,
           'an error in an included file', r.err)
        put('long.nft', 'table inet t { set s { typeof quic alpn;\n elements = { "ok",\n  "x234567890123456y" } }\n}\n')
        r = nft(f'-f {d}/long.nft')
        ok(r.rc == 1 and f'{d}/long.nft:3:3-21: Error: quic alpn: name of 17 bytes' in r.err,
           'an overlong name, with its place', r.err)
        put('var.nft', 'table inet t {\n\tchain c { quic sni $name accept; }\n}\n')
        if version() >= (1, 0, 0):
            nft.good(f'-D name=dash.example -f {d}/var.nft')
            ok('quic sni "dash.example" accept' in loaded(), '-D', loaded())
        nft.good('flush ruleset')
        r = subprocess.run(f'LD_LIBRARY_PATH={LIB} nft -f <(cat {d}/main.nft)', shell=True,
                           executable='/bin/bash', capture_output=True, text=True)
        ok(r.returncode == 0 and 'quic sni @s drop' in loaded(), 'a file that is a pipe', r.stderr)
        nft.good('flush ruleset')
        put('o.nft', 'table inet t { chain c {\n udp dport 443 quic alpn "a" drop\n udp dport 443 quic alpn "b" accept\n'
            ' udp dport 1 accept\n udp dport 2 accept\n}\n}\n')
        nft.good(f'-o -f {d}/o.nft')
        ok('quic alpn "a" drop udp dport 443 quic alpn "b" accept udp dport { 1, 2 } accept' in loaded(),
           '-o leaves quic rules alone', loaded())


@in_ns
def beside_the_file():
    """nft since 1.1.1 looks for includes where the file is; others in what -I names."""
    with tempfile.TemporaryDirectory() as d:
        os.mkdir(f'{d}/sub')
        for name, text in (('who.nft', 'define who = { "smb", "h3" }\n'),
                           ('sub/elements.nft', 'add element inet t s { "x.example", \\\n "y.example" }\n'),
                           ('main.nft', 'include "who.nft"\nadd table inet t\nadd chain inet t c\n'
                            'add set inet t s { typeof quic sni; }\ninclude "sub/*.nft"\n'
                            'add rule inet t c quic alpn $who accept\n')):
            with open(f'{d}/{name}', 'w') as f:
                f.write(text)
        for args in ([f'-I {d} -f {d}/main.nft', f'-I {d}/sub/.. -f {d}/main.nft'] +
                     ([f'-f {d}/main.nft'] if version() >= (1, 1, 1) else [])):
            r = nft(args)
            ok(r.rc == 0 and 'quic alpn { "h3", "smb" } accept' in loaded() and '"x.example", "y.example"' in loaded(),
               f'includes: nft {args.replace(d, "D")}', r)
            nft.good('flush ruleset')


@in_ns
def same_batch():
    out = nft.good('add table inet t; add set inet t s { typeof quic sni; }; add map inet t m { typeof quic sni '
                   '. ip daddr : verdict; }; list table inet t')
    ok('typeof quic sni\n' in out and 'typeof quic sni . ip daddr : verdict' in out,
       'a listing in the batch that makes the sets', out)
    nft.good('add chain inet t c')
    r = subprocess.run(['nft', '--debug=netlink', 'add rule inet t c quic alpn != "h3" quic sni "' + 'x' * 70 +
                        '" quic version v1 quic alpn . quic sni { "a" . "b" }'], env=nft.env,
                       capture_output=True, text=True)
    ok('[ quic match alpn neq "h3" ]' in r.stdout and f'[ quic match sni eq "{"x" * 70}" ]' in r.stdout and
       '[ quic load version => reg 1 ]' in r.stdout and '[ quic load sni => reg 2 ]' in r.stdout and
       'inner header' not in r.stdout, '--debug=netlink', r.stdout)


@in_ns
def manual_page():
    with open(f'{TOP}/nft-ext/man/nft-quic.7') as f:
        examples = f.read().split('.SH EXAMPLES\n')[1].split('\n.SH ')[0]
    for part, text in (('without state', 'udp dport set quic server-id notrack accept'),
                       ('by NAT', 'redirect to :quic alpn map @ports')):
        examples = examples.partition('.nf\n')[2]
        r = nft.load(examples.partition('.fi')[0])
        ok(r.rc == 0 and text in loaded(), f"the manual page's example {part} loads", r)


@in_ns
def interactive():
    r = nft('-i', 'add table inet t\nadd chain inet t c\nadd rule inet t c quic alpn "smb" accept\n'
            'add set inet t s { typeof quic sni; }\nadd element inet t s { "a" }\nlist ruleset\nquit\n')
    ok('quic alpn "smb" accept' in loaded() and '"a"' in loaded(), 'nft -i', r)


@in_ns
def refused():
    nft.good('-f -', TABLE)
    before = loaded()
    for cmd, text in (
            ('add rule inet t c quic foo "x"', 'unknown quic key "foo"'),
            ('add rule inet t c quic alpn . quic sni . ip daddr @names', 'too long'),
            ('add map inet t bad { typeof quic alpn : nosuch; }', ''),
            ('add set inet t bad { typeof quic foo; }', 'unknown quic key "foo"'),
            ('add set inet t bad { typeof quic; }', 'a key is missing'),
            ('add rule inet t c update @names { quic sni : meta mark }', '64 bytes are too long beside another value'),
            ('add rule inet t c update @names { quic alpn . quic sni : meta mark }', 'at most 48'),
            ('describe quic foo', 'unknown quic key "foo"'),
            ('add set inet t bad { typeof quic alpn . ip saddr . ip daddr . udp dport . udp sport; }', 'of 5 parts'),
            ('add set inet t bad { typeof quic sni . ip saddr; flags interval; }', 'parts of at most 16 bytes'),
            ('add rule inet t c udp dport 443 redirect to :quic alpn map { "a" : "b" }', ''),
            ('add rule inet t nosuch quic alpn "x"', 'No such file'),
            ('add element inet t names { 5 }', 'expected a quoted name')):
        r = nft(cmd)
        ok(r.rc == 1 and text in r.err and '@ih' not in r.err, f'refused: {cmd}', r)
    r = nft('add rule inet t nosuch quic alpn "x"')
    ok('modprobe' not in r.err, 'a missing chain is not blamed on the module', r.err)
    same(loaded(), before, 'nothing was loaded')


@in_ns
def too_early():
    """A jump from an early chain is refused, or accepted with a warning, by some kernels only for a new jump."""
    late = '''table inet t {
	chain late { type filter hook prerouting priority -150; jump names; }
	chain names { quic sni "a.example" counter; }
}
'''
    early = '''table inet t {
	chain early { type filter hook prerouting priority -450; jump names; }
}
'''
    for name, before in ('at once', ''), ('later', late):
        nft.good('flush ruleset')
        if before:
            nft.good('-f -', before)
        r = nft.load(late + early)
        print(f'# an early jump {name}: {r}', flush=True)
        if r.rc:
            ok('not supported' in r.err and 'Warning' not in r.err, f'an early jump {name} is refused', r)
        else:
            ok(r.err.count('Warning: a chain at priority -399') == 1 and ':6:59-68: ' in r.err and
               'priority -450' in loaded(), f'an early jump {name} is accepted with a warning', r)


@in_ns
def json_commands():
    nft.good('-f -', TABLE)
    held = dump('inet', 't'), dump('inet', 't', 'set', 'names')
    text = nft.good('-j list ruleset')
    ok('{"quic": {"key": "alpn"}}' in text and '"a.example"' in text and
       '{"typeof": {"quic": {"key": "sni"}}}' in text and '"ih"' not in text, 'JSON speaks quic', text)
    nft.good('flush ruleset')
    r = nft('-j -f -', text)
    if version() < (1, 1, 0):
        ok(r.rc == 1 and 'typeof in JSON' in r.err, 'typeof in JSON is refused where nft lacks it', r)
    else:
        same((dump('inet', 't'), dump('inet', 't', 'set', 'names')), held, 'JSON output loads again')
        same(loaded(), words(TABLE), 'and lists the same')
        same(nft.good('-j list map inet t ports').count('"typeof"'), 2, 'typeof of map data in JSON')
    nft.good('flush ruleset')
    nft.good('-f -', TABLE)
    r = nft('-j -f -', '{"nftables": [{"add": {"element": {"family": "inet", "table": "t", '
            '"name": "names", "elem": ["json.example"]}}}]}')
    ok(r.rc == 0 and '"json.example"' in loaded(), 'an element through JSON', r)
    r = nft('-j -f -', '{"nftables": [{"add": {"rule": {"family": "inet", "table": "t", "chain": "c", '
            '"expr": [{"match": {"op": "==", "left": {"quic": {"key": "nosuch"}}, "right": "x"}}]}}}]}')
    ok(r.rc == 1 and 'unknown quic key' in r.err, 'an unknown key in JSON', r)
    sni, alpn = {'quic': {'key': 'sni'}}, {'quic': {'key': 'alpn'}}
    ip6 = {'payload': {'protocol': 'ip6', 'field': 'saddr'}}
    prefix = {'prefix': {'addr': 0xff000000, 'len': 24}}
    for right in prefix, {'set': [prefix]}:
        r = nft('-j -f -', json.dumps({'nftables': [{'add': {'rule': {
            'family': 'inet', 'table': 't', 'chain': 'c',
            'expr': [{'match': {'op': '==', 'left': {'quic': {'key': 'version'}}, 'right': right}}]}}}]}))
        ok(r.rc == 0 and '0xff000000-0xff0000ff' in nft.good('list chain inet t c'), f'in JSON: {right}', r)
        nft.good('flush chain inet t c')
    for what, expr, text in (
            ('meter', {'meter': {'key': sni, 'stmt': {'limit': {'rate': 1, 'per': 'second'}}, 'size': 5, 'name': 'm'}},
             'not possible in a meter'),
            ('> on a name', {'match': {'op': '>', 'left': alpn, 'right': 'x'}}, 'only == and !='),
            ('& on a name', {'match': {'op': '==', 'left': {'&': [alpn, 255]}, 'right': 5}}, 'cannot be computed with'),
            ('a range of names', {'match': {'op': '==', 'left': sni, 'right': {'set': [{'range': ['a', 'b']}]}}},
             'a range is not possible'),
            ('a key on the right', {'match': {'op': '==', 'left': alpn, 'right': sni}}, 'not with another key'),
            ('a hash of a long name', {'mangle': {'key': {'meta': {'key': 'mark'}}, 'value': {'jhash': {
                'mod': 2, 'expr': sni}}}}, 'at most 48'),
            ('a long key of a dynamic map', {'map': {'op': 'add', 'elem': {'elem': {'val': sni}}, 'data': 5,
                                                     'map': '@m'}}, 'at most 16'),
            ('a long name beside an address', {'dnat': {'family': 'ip', 'addr': '192.0.2.1', 'port': {
                'map': {'key': sni, 'data': '@ports'}}}}, 'at most 48'),
            ('80 bytes', {'match': {'op': '==', 'left': {'concat': [alpn, sni, ip6]}, 'right': '@x'}}, '80 bytes is too long')):
        r = nft('-j -f -', json.dumps({'nftables': [{'add': {'rule': {
            'family': 'inet', 'table': 't', 'chain': 'c', 'expr': [expr]}}}]}))
        ok(r.rc == 1 and text in r.err and '"ih"' not in r.err, f'refused in JSON: {what}', r)


# As it lists: a set of ports for both ends, widths of sets, and what nft prints in several ways.
IDS = '''table inet t {
	set private {
		type inet_service
		elements = { 4433, 8443 }
	}

	map wide {
		typeof quic server-id,32 : verdict
		elements = { 0x00000001 : accept, 0x20fb0000 : drop }
	}

	map cookies {
		typeof quic dcid,64 : meta mark
		elements = { 0xf102030405060708 : 0x00000001 }
	}

	chain c {
		type filter hook prerouting priority raw; policy accept;
		udp dport 443 quic server-id @private udp dport set quic server-id notrack accept
		udp sport @private notrack udp sport set 443
		quic server-id 8000-8999 quic server-id vmap @wide
		quic server-id 0x00000001-0x000000ff accept
		meta mark set quic dcid map @cookies
	}
}
'''


# As it lists.
STATES = '''table inet t {
	set done {
		typeof quic state
		elements = { established, moved }
	}

	map what {
		typeof quic state . udp dport : verdict
		elements = { new . 443 : accept, unknown . 443 : drop }
	}

	chain c {
		type filter hook prerouting priority raw; policy accept;
		quic state @done accept
		quic state . udp dport vmap @what
		quic state != new drop
	}
}
'''


@in_ns
def states():
    nft.good('-f -', STATES)
    same(loaded(), words(STATES), 'states list as they were written')
    held = dump('inet', 't', 'c')
    text, saved = nft.good('list ruleset'), nft.good('-j list ruleset')
    nft.good('flush ruleset')
    nft.good('-f -', text)
    same([loaded(), dump('inet', 't', 'c')], [words(STATES), held], 'a saved listing')
    if version() >= (1, 1):
        nft.good('flush ruleset')
        nft.good('-j -f -', saved)
        same([loaded(), dump('inet', 't', 'c')], [words(STATES), held], 'and from JSON')
    nft.good('delete element inet t done { moved }')
    out = nft.good('get element inet t done { established }')
    ok('established' in out and '@ih' not in out, 'get element of states', out)
    out = nft.good('-e add rule inet t c quic state vmap { new : accept, moved : drop }')
    ok('quic state vmap { new : accept, moved : drop }' in out, 'echo of states', out)
    out = nft.good('describe quic state')
    ok('quic_state' in out and '8 bits' in out, 'describe quic state', out)
    r = nft('add rule inet t c quic state closed drop')
    ok(r.rc == 1 and 'expected new, established, moved or unknown' in r.err, 'no such state', r)


@in_ns
def server_ids():
    for text in IDS, IDS.replace('quic server-id vmap', 'quic server-id,32 vmap'):
        nft.good('-f -', text)
        same(loaded(), words(IDS), 'server IDs list as they were written')
        held = dump('inet', 't', 'c')
        saved = nft.good('-j list ruleset')
        nft.good('flush ruleset')
    if version() >= (1, 1):
        nft.good('-j -f -', saved)
        same([loaded(), dump('inet', 't', 'c')], [words(IDS), held], 'and from JSON')
    else:
        nft.good('-f -', IDS)
    nft.good('add element inet t wide { 0x00000002 : drop }')
    nft.good('delete element inet t wide { 0x00000001 }')
    out = nft.good('get element inet t wide { 0x00000002 }')
    ok('0x00000002 : drop' in out and '@ih' not in out, 'get element', out)
    ok('elements = { 0x00000002 : drop, 0x20fb0000 : drop }' in loaded(), 'add and delete element', loaded())
    r = nft('add element inet t wide { 8443 : drop }')
    ok(r.rc == 1 and 'has 2 bytes, 4 are compared' in r.err, 'an element of another width', r)
    out = nft.good('-e add rule inet t c udp dport 443 quic server-id @private drop')
    ok('quic server-id @private drop' in out and '!= 1' not in out, 'echo', out)
    # the same name, another type, in one file
    nft.good('-f -', 'flush ruleset\n' + IDS.replace('type inet_service', 'typeof quic server-id')
             .replace('\t\tudp sport @private notrack udp sport set 443\n', ''))
    nft.good('-f -', 'flush ruleset\n' + IDS)
    same(loaded(), words(IDS), 'a set that becomes one of ports')
    out = nft.good('describe quic server-id')
    ok('quic_server-id' in out and '16 bits' in out, 'describe', out)
    out = nft.good('describe quic dcid,64')
    ok('quic_dcid' in out and ' 64 bits\n' in out, 'describe a part of an ID', out)
    for prefix, text in (('0x2000/4', '8192-12287'), ('0x200000/4', '0x200000-0x2fffff'), ('0x20/8', '0x20')):
        out = nft.good(f'-e add rule inet t c quic server-id {prefix} drop')
        ok(f'quic server-id {text} drop' in out, f'the prefix {prefix}', out)


@in_ns
def monitor():
    env = dict(os.environ, LD_LIBRARY_PATH=LIB)
    with tempfile.TemporaryFile('w+') as out, tempfile.TemporaryFile('w+') as jout:
        procs = [subprocess.Popen(['nft', 'monitor'], stdout=out, stderr=out, env=env),
                 subprocess.Popen(['nft', '-j', 'monitor'], stdout=jout, stderr=jout, env=env)]

        try:
            until(lambda: nft.good('add table inet m') == '' and 'add table inet m' in content(out)
                 and '"m"' in content(jout), 20, 0.3)
            nft.good('-f -', TABLE)
            nft.good('add element inet t names { "seen.example" }')
            nft.good('add element inet t ports { "seen" : 99 }')
            nft.good('add rule inet t c quic server-id 0x010203 quic dcid & 0xff0f == 0x0102')
            nft.good('add rule inet t c quic sni "' + 'x' * 70 + '" drop')
            ok(until(lambda: 'x' * 70 in content(out), 20), 'monitor shows rules', content(out))
            text = content(out)
            ok('add rule inet t c udp dport 443 quic alpn "smb" redirect to :8443' in text and
               'add element inet t names { "seen.example" }' in text and
               'add rule inet t c quic server-id 0x010203 quic dcid & 0xff0f == 0x0102' in text and '@ih' not in text,
               'monitor shows quic rules and elements', text)
            ok(until(lambda: 'x' * 70 in content(jout), 20) and '{"quic": {"key": "sni"}}' in content(jout) and
               '"seen.example"' in content(jout) and '["seen", 99]' in content(jout) and '"ih"' not in content(jout), 'JSON monitor', content(jout))
        finally:
            for p in procs:
                p.send_signal(signal.SIGTERM)
                p.wait()


@in_ns
def python_binding():
    nft.good('-f -', TABLE)
    code = ('import json, nftables\nn = nftables.Nftables()\nn.set_json_output(True)\n'
            'print(n.cmd("list ruleset"))\n'
            'print(n.json_cmd({"nftables": [{"add": {"rule": {"family": "inet", "table": "t", "chain": "c", '
            '"expr": [{"match": {"op": "==", "left": {"quic": {"key": "alpn"}}, "right": "py"}}, '
            '{"accept": None}]}}}]}))\n')
    r = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True,
                       env=dict(os.environ, LD_LIBRARY_PATH=LIB))
    ok('{"quic": {"key": "alpn"}}' in r.stdout and 'quic alpn "py" accept' in loaded(),
       'python3-nftables', r.stdout + r.stderr)
