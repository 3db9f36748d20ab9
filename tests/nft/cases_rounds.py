# SPDX-License-Identifier: GPL-2.0-or-later
"""Every key in every form, all in one ruleset: what nft prints of it loads as the same again."""
import json
import re
import signal
import subprocess
import tempfile

from nqtest.nftcmd import Nft, dump, in_ns, version
from nqtest.poll import until
from nqtest.shell import content
from nqtest.tap import ok, same

nft = Nft()
VALUES = {
    'alpn': ('"h3"', '"123"'), 'sni': ('"a.example"', '"*.b.example"'), 'dcid': ('0x1234', '0xab'), 'scid': ('0x12', '0x00ab'),
    'ech': ('exists', 'missing'), 'hello': ('exists', 'missing'), 'state': ('new', 'unknown'), 'type': ('initial', '0rtt'),
    'version': ('v1', '0x51303433'), 'server-id': ('443', '8443'), 'server-id,24': ('0x000001', '0x010203'),
    'dcid,64': ('0x0000000000000001', '0xf102030405060708'), 'scid,8': ('0x01', '0xff')}
RANGES = {'s_version': '0x01010101-0x0f0f0f0f', 's_type': '1-2', 's_server-id': '257-3855', 's_dcid64': '0x0101010101010101-0x0f0f0f0f0f0f0f0f'}


def sets(name, key, a, b):
    yield f'set {name} {{ typeof {key}; elements = {{ {a} }}; }}'
    yield f'set {name}_d {{ typeof {key}; size 9; flags dynamic,timeout; timeout 1m; }}'
    yield f'map {name}_v {{ typeof {key} : verdict; comment "# handle 1 {{"; elements = {{ {a} : drop, {b} : jump x }}; }}'
    yield f'set {name}_c {{ typeof ip saddr . {key}; elements = {{ 192.0.2.1 . {b} }}; }}'
    if name in RANGES:
        yield f'set {name}_r {{ typeof {key}; flags interval; elements = {{ {RANGES[name]} }}; }}'


def rules(name, key, a, b):
    yield f'{key} {a} {key} != {b} drop comment "# handle 1 {{"'
    yield f'{key} {{ {a}, {b} }} {key} != @{name} accept'
    yield f'{key} vmap @{name}_v'
    yield f'meta mark set {key} map {{ {a} : 1, {b} : 2 }}'
    yield f'ip saddr . {key} @{name}_c {key} . udp dport {{ {a} . 443 }} counter'
    yield f'update @{name}_d {{ {key} timeout 30s }}'
    if name in RANGES:
        low, high = RANGES[name].split('-')
        yield f'{key} != {RANGES[name]} {key} @{name}_r {key} & {high} == {low} {key} . ip saddr {{ {low}-{high} . 10.0.0.0/8 }}'


def whole(make):
    """The lines of all keys; a set's name is a word of its own, without a comma."""
    return '\n'.join(line for key, (a, b) in VALUES.items() for line in make('s_' + key.replace(',', ''), f'quic {key}', a, b))


TEXT = f'''add table inet t
table inet t {{
	counter n {{ }}
	chain x {{ }}
{whole(sets)}
	chain c {{
		type filter hook prerouting priority raw;
{whole(rules)}
	}}
}}
'''


def leak(text):
    """A placeholder in it."""
    return re.search(r'.{,80}(?:@ih,|"ih").{,80}', text)


@in_ns
def rounds():
    nft.good('-f -', TEXT)
    held, text, objects = dump('inet', 't'), nft.good('list ruleset'), nft.good('-j list ruleset')
    ok(held.count('quic') > 120, 'all is loaded', held.count('quic'))
    for what, option, printed in (('the listing', '', text), ('JSON', '-j ', objects), ('-n', '', nft.good('-n list ruleset'))):
        ok(not leak(printed), f'{what} has no placeholder', leak(printed))
        # nft 1.0.6 takes no typeof in JSON
        if option == '-j ' and version() < (1, 1):
            continue
        nft.good('flush ruleset')
        r = nft(f'{option}-f -', printed)
        ok(r.rc == 0, f'{what} loads', r)
        same(dump('inet', 't'), held, f'{what} loads as it was')
    for option in '-e', '-e -a', '-e -n':
        nft.good('flush ruleset')
        printed = nft.good(f'{option} -f -', TEXT)
        ok(not leak(printed), f'{option} has no placeholder', leak(printed))
        nft.good('flush ruleset')
        # nft 1.0.6 prints a new rule's handle where a rule to add behind would be named
        r = nft.load(re.sub(r' # handle \d+(?! \{)|(?<=^add rule inet t c) handle \d+', '', printed, flags=re.M))
        ok(r.rc == 0, f'what {option} prints loads', r)
        same(dump('inet', 't'), held, f'what {option} prints loads as it was')


@in_ns
def one_by_one():
    """Each rule as it is listed, by a command of its own: the sets are of an earlier run."""
    nft.good('-f -', TEXT)
    nft.good('-f -', 'table inet t {\nset p { typeof quic dcid,64 . ip saddr; }\nmap w { typeof quic sni . quic scid,16 : verdict; }\n'
             'set d { typeof quic server-id,24 . ip saddr; flags dynamic; size 9; }\nchain c {\nquic dcid . ip saddr != @p drop\n'
             'quic sni . quic scid vmap @w\nadd @d { quic server-id . ip saddr }\n}\n}\n')
    held, objects = dump('inet', 't', 'c'), json.loads(nft.good('-j list chain inet t c'))['nftables']
    rules = [line.strip() for line in nft.good('list chain inet t c').splitlines() if 'quic' in line]
    nft.good('flush chain inet t c')
    for rule in rules:
        r = nft(f'add rule inet t c {rule}')
        if r.rc:
            ok(False, f'a rule alone: {rule}', r)
    same((len(rules) > 60, dump('inet', 't', 'c')), (True, held), 'rules by themselves load as they were')
    if version() >= (1, 1):
        nft.good('flush chain inet t c')
        for o in objects:
            if 'rule' in o:
                nft.good('-j -f -', json.dumps({'nftables': [{'add': {'rule': {k: v for k, v in o['rule'].items() if k != 'handle'}}}]}))
        same(dump('inet', 't', 'c'), held, 'and as JSON')


@in_ns
def words():
    """Elements without quotes of sets of an earlier run, which nft itself would not read."""
    nft.good('-f -', 'table inet t {\nset y { typeof quic type; }\nset n { typeof quic sni; }\nmap m { typeof ip saddr . quic type : verdict; }\n}\n')
    for what, listed in (('y { 0rtt }', '{ 0rtt }'), ('n { a.example, *.b.example }', '{ "*.b.example", "a.example" }'),
                         ('m { 192.0.2.1 . 0rtt : drop }', '{ 192.0.2.1 . 0rtt : drop }')):
        for command in 'add', 'get', 'delete':
            r = nft(f'{command} element inet t {what}')
            ok(r.rc == 0 and not r.err and (command != 'get' or listed in re.sub(r',\n\t+ *', ', ', r.out)),
               f'{command} element {what}', r)
    nft.good('add chain inet t c')
    r = nft.load('define y = { 0rtt, initial }\ndefine n = *.c.example\nadd rule inet t c quic type $y quic sni $n drop\n'
                 'add element inet t y $y\n')
    out = nft.good('list table inet t')
    ok(r.rc == 0 and 'quic type { initial, 0rtt } quic sni "*.c.example" drop' in out and '{ initial, 0rtt }\n' in out,
       'and in defines', r, out)
    r = nft('add element inet t n { 3com.example }')
    ok(r.rc == 1 and 'quic sni: expected a quoted name, not a number' in r.err, 'and what is no word of ours either', r)


@in_ns
def events():
    """A monitor that shows handles, which stand within lines."""
    with tempfile.TemporaryFile('w+') as f:
        p = subprocess.Popen(['nft', '-a', 'monitor'], env=nft.env, stdout=f, stderr=f)

        def seen():
            return content(f)
        try:
            until(lambda: nft.good('add table ip probe; delete table ip probe') == '' and seen(), 20, 0.2)
            nft.good('-f -', TEXT)
            until(lambda: 'quic scid,8 timeout 30s }' in seen(), 20)
            ok(not leak(seen()), 'a monitor has no placeholder', leak(seen()))
            ok(re.search(r'add set inet t s_alpn \{ # handle \d+ typeof quic alpn; \}', seen()), 'a set with its handle', seen()[:600])
        finally:
            p.send_signal(signal.SIGTERM)
            p.wait()
