# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: main new
"""Large sets of names, whose elements go around the library (nft-ext/lib/bulk.h): all must be as without."""
import os
import subprocess
import sys
import tempfile

from nqtest.nftcmd import Nft, dump, in_ns, version
from nqtest.tap import ok, same

nft = Nft()
N = 1500
# With a command that shows what is there nothing goes around the library; there are no flowtables.
SLOW = 'list flowtables netdev\n'
ADDRESSES = '10.0.0.1 . 8443'


def table(key, data, value, n=N, more='', name=lambda i: f'"host-{i}.example.com"'):
    kind = 'map' if data else 'set'
    elements = ',\n'.join(f'\t\t\t{name(i)}' + (f' : {value(i)}' if data else '') for i in range(n))
    return (f'table inet t {{\n\t{kind} m {{\n\t\ttypeof {key}{" : " + data if data else ""}\n{more}'
            f'\t\telements = {{\n{elements}\n\t\t}}\n\t}}\n}}\n')


MARKS = table('quic sni', 'meta mark', lambda i: i * 7919)


def elements():
    """All that the kernel has."""
    found = []
    for line in nft.good('-t list ruleset').splitlines():
        words = line.split()
        if words[:1] == ['table']:
            family, name = words[1:3]
            found.append(line)
        elif words[:1] in (['map'], ['set']):
            found.append(f'{line}\n{dump(family, name, "set", words[1])}')
        else:
            found.append(line)
    return '\n'.join(found)


def fresh(text, args='-f -'):
    """Result of a text, and what the kernel has then."""
    nft.good('flush ruleset')
    return nft(args, text), elements()


def printed(r):
    """Status and lines, without the number of the generation; a hash table keeps no order."""
    return r.rc, r.err, sorted(line for line in r.out.splitlines() if not line.startswith('# new'))


def through_a_pipe(text, included, end):
    """nft with a text that includes what comes through a pipe."""
    out, into = os.pipe()
    os.write(into, included.encode())
    os.close(into)
    nft.good('flush ruleset')
    r = subprocess.run(['nft', '-f', '-'], input=f'{text}include "/dev/fd/{out}"\n{end}', env=nft.env, pass_fds=[out],
                       capture_output=True, text=True)
    os.close(out)
    return r


def memory(text, include=False):
    """KiB that nft took."""
    with tempfile.NamedTemporaryFile('w') as f, tempfile.NamedTemporaryFile('w') as main:
        f.write(text)
        f.flush()
        main.write(f'include "{f.name}"\n')
        main.flush()
        pid = os.posix_spawnp('nft', ['nft', '-c', '-f', main.name if include else f.name], nft.env)
        _, status, used = os.wait4(pid, 0)
    return None if status else used.ru_maxrss


@in_ns
def every_form():
    for what, text in {
        'marks': MARKS,
        'ports': table('quic sni', 'th dport', lambda i: i * 21),
        'a set': table('quic sni', None, None),
        'ALPNs': table('quic alpn', 'ct mark', lambda i: i, name=lambda i: f'"p{i}"'),
        'one verdict': table('quic sni', 'verdict', lambda i: 'accept'),
        'one address and port': table('quic sni', 'ip daddr . udp dport', lambda i: ADDRESSES),
        'a comment': table('quic sni', 'meta mark', lambda i: i, more='\t\tcomment "a list"\n'),
        'hex digits': table('quic sni', None, None, name=lambda i: f'0x61{i:08x}62'),
        'flags': table('quic sni', 'meta mark', lambda i: i, more='\t\tflags constant\n'),
        'a size': table('quic sni', 'meta mark', lambda i: i, more='\t\tsize 5000\n'),
        'two verdicts': table('quic sni', 'verdict', lambda i: ('accept', 'drop')[i % 2]),
        'symbols': table('quic sni', 'th dport', lambda i: ('https', '53')[i % 2]),
        'upper case': table('quic sni', 'meta mark', lambda i: i, name=lambda i: f'"HOST-{i}.Example.com."'),
    }.items():
        fast, slow = fresh(text), fresh(text + SLOW)
        same(fast[0], slow[0], f'{what}: status and messages')
        ok(fast[1].count('element') == N and fast[1] == slow[1], f'{what}: the kernel has {N} elements, the same ones',
           fast[1].count('element'), slow[1].count('element'))
    for how in '-c -f -', '-e -f -':
        fast, slow = fresh(MARKS, how), fresh(MARKS + SLOW, how)
        same((printed(fast[0]), fast[1]), (printed(slow[0]), slow[1]), f'nft {how}')
    listed = fresh(MARKS + 'list map inet t m\n')
    ok(listed[0].out.count('example.com') == N, 'a listing in the same file has all of them', listed[0].out[:300])


@in_ns
def saved():
    held = fresh(MARKS)[1]
    listed = nft.good('list ruleset')
    again = fresh(listed)
    same((again[0].rc, again[0].err, again[1]), (0, '', held), 'a listing restores to the same')
    same(nft.load(listed).rc, 0, 'and loads once more beside itself')
    same(elements(), held, 'with no change')


@in_ns
def messages():
    """An element that the kernel refuses is told with its place, and nothing is loaded."""
    lines = MARKS.split('\n')
    for what, wrong in {
        'other data for a name': '"host-3.example.com" : 1,',
        'no number': '"host-3.example.org" : frog,',
        'a number too large': '"host-3.example.org" : 4294967296,',
        'a name too long': f'"{"x" * 70}.example.org" : 1,',
        'no comma': '"host-3.example.org" : 1',
    }.items():
        text = '\n'.join(lines[:1200] + [wrong] + lines[1200:])
        fast, slow = fresh(text), fresh(text + SLOW)
        same(fast[0], slow[0], f'{what}: status and message')
        ok(fast[0].rc == 1 and ':120' in fast[0].err and not fast[1], f'{what}: its place, and nothing loaded', fast[0].err)
    text = MARKS + 'add rule inet t nowhere accept\n'
    fast, slow = fresh(text), fresh(text + SLOW)
    same(fast, slow, 'an error behind the elements')
    text = MARKS.replace('"host-1200.', '"https://host-1200.')
    fast, slow = fresh(text), fresh(text + SLOW)
    ok('Warning' in fast[0].err and fast == slow, 'a warning, once', fast[0].err, slow[0].err)


@in_ns
def order():
    """Commands around the elements keep their order."""
    other = table('quic sni', 'meta mark', lambda i: i, name=lambda i: f'"other-{i}.example.com"')
    for what, text in {
        'made anew': MARKS + 'delete table inet t\n' + other,
        'one more before': 'add table inet t\nadd map inet t m { typeof quic sni : meta mark; }\n'
                           'add element inet t m { "first.example.com" : 1 }\n' + MARKS,
        'one taken away behind': MARKS + 'delete element inet t m { "host-7.example.com" }\n',
        'one more behind': MARKS + 'add element inet t m { "last.example.com" : 1 }\n',
        'two sets': MARKS + other.replace(' m {', ' o {'),
        'two tables': MARKS + other.replace('inet t', 'ip t'),
        'a table without a family': MARKS + MARKS.replace('inet ', ''),
        'destroyed before': MARKS.replace('table inet t {', 'table inet t\ndelete table inet t\ntable inet t {', 1),
    }.items():
        fast, slow = fresh(text), fresh(text + SLOW)
        same(fast, slow, what)
        ok(fast[0].rc == 0 and fast[1].count('element') >= N - 1, f'{what}: loaded', fast[0].err, fast[1][:300])


@in_ns
def elsewhere():
    """Included files, a buffer, one line, another program."""
    with tempfile.TemporaryDirectory() as d:
        with open(f'{d}/many.nft', 'w') as f:
            f.write(MARKS)
        want = fresh(MARKS)[1]
        got = fresh(f'include "{d}/many.nft"\n')
        same((got[0].rc, got[1]), (0, want), 'an included file')
        same(fresh('', f'-f {d}/many.nft')[1], want, 'a file')
        with open(f'{d}/main.nft', 'w') as f:
            f.write(f'table inet t {{\ninclude "{d}/map.nft"\n}}\n')
        with open(f'{d}/map.nft', 'w') as f:
            f.write(MARKS.split('{', 1)[1].rsplit('}', 1)[0])
        same(fresh('', f'-f {d}/main.nft')[1], want, 'a map in a file included in its table')
        with open(f'{d}/map.nft', 'a') as f:
            f.write('frog\n')
        got = fresh('', f'-f {d}/main.nft')
        ok(got[0].rc == 1 and f'{d}/map.nft:{N + 7}:' in got[0].err and not got[1], 'an error in it', got[0].err[:500])
        code = f'import nftables, sys\nn = nftables.Nftables()\nprint(n.cmd(open("{d}/many.nft").read()))\n'
        nft.good('flush ruleset')
        r = subprocess.run([sys.executable, '-c', code], env=nft.env, capture_output=True, text=True)
        same((r.stdout, elements()), ("(0, '', '')\n", want), 'python3-nftables')
    pipes = version() < (1, 1, 0)  # later ones take none
    for end, rc in ('', 0), ('add rule inet t nowhere accept\n', 1), ('list map inet t m\n', 0):
        r = through_a_pipe(MARKS, 'add map inet t o { typeof quic sni : th dport; elements = { "a" : 1 }; }\n', end)
        good = 'Not a regular file' in r.stderr and r.returncode == 1
        if pipes:
            good = r.returncode == rc and (rc or 'map o' in nft.good('list table inet t'))
        ok(good, f'an included pipe, {end.strip() or "alone"}', r.stderr[:500])


@in_ns
def less_memory():
    text = table('quic sni', 'meta mark', lambda i: i, n=60000)
    slow = memory(text + SLOW)
    for include in False, True:
        fast = memory(text, include)
        ok(fast and slow and fast < 0.7 * slow, f'nft takes less memory{", for an included file" * include}', f'{fast} KiB, {slow} KiB')
