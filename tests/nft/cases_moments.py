# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: main new
"""When output leaves, and in which order: write by write as stock nft's, and likewise with quic."""
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading

from nqtest.nftcmd import BUILD, Nft, in_ns
from nqtest.netns import Ns
from nqtest.poll import settled, until
from nqtest.tap import case, ok, same

nft = Nft()
stock = Nft(facade=False)
PLAIN = '''table inet t {
	set s { type ifname; elements = { "eth0", "eth1", "eth2" }; }
	chain c { type filter hook prerouting priority 0;
		iifname @s accept; tcp dport 22 accept; tcp dport 23 accept; }
}
'''
REDIRECTS = '''table ip r {
	chain c { type nat hook prerouting priority dstnat;
		ip daddr 192.0.2.1 udp dport 443 redirect to :8443; ip daddr 192.0.2.2 udp dport 443 redirect to :9443; }
}
'''
QUIC = '''table inet t {
	set s { typeof quic sni; elements = { "a.example", "b.example", "c.example" }; }
	chain c { type filter hook prerouting priority 0;
		quic sni @s accept; quic alpn "smb" drop; tcp dport 22 accept; tcp dport 23 accept; }
}
'''


class Writes:
    """Each write to stdout and stderr, as a datagram of one socket or the other."""

    def __init__(self):
        self.got, self.dir = [], tempfile.TemporaryDirectory()
        self.sink = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sink.bind(f'{self.dir.name}/sink')
        self.out, self.err = self.source('out'), self.source('err')
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def source(self, name):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.bind(f'{self.dir.name}/{name}')
        s.connect(f'{self.dir.name}/sink')
        return s

    def read(self):
        while True:
            data, sender = self.sink.recvfrom(1 << 20)
            if not data:
                return
            self.got.append((os.path.basename(sender), data.decode(errors='backslashreplace')))

    def end(self):
        self.out.send(b'')
        self.thread.join()
        for s in self.sink, self.out, self.err:
            s.close()
        self.dir.cleanup()
        return self.got


def writes(argv, env, stdin=None):
    w = Writes()
    r = subprocess.run(argv, env=env, stdout=w.out, stderr=w.err, input=stdin, text=True)
    return [('rc', r.returncode)] + w.end()


def streams(got):
    """Joined as long as the stream stays the same."""
    joined = []
    for name, text in got:
        if joined and joined[-1][0] == name:
            joined[-1] = name, joined[-1][1] + text
        else:
            joined.append((name, text))
    return joined


def load(text):
    f = tempfile.NamedTemporaryFile('w', suffix='.nft', dir='/tmp')
    f.write(text)
    f.flush()
    return f


def alike(text):
    """Without what no two runs have in common."""
    # a set that was made anew has its elements in another order
    text = re.sub(r'(?:\telement .*\n)+', lambda m: ''.join(sorted(m[0].splitlines(True))), text)
    return re.sub(r'((?:handle|generation|process)"?:? )[0-9]+', r'\1N', text)


def session(which):
    """Each command's writes, without quic."""
    with Ns(), load(PLAIN) as f, load(REDIRECTS) as redirects:
        def plain(text):
            return text.replace(f.name, 'FILE').replace(redirects.name, 'REDIRECTS')

        def run(*argv, stdin=None):
            got = writes(argv, which.env, stdin)
            return plain(' '.join(argv)).split('\n')[0], [(a, plain(alike(str(b)))) for a, b in got]
        yield run('nft', '-c', '-o', '-f', f.name)
        # nft 1.1.3 and 1.1.7 lose their ports.
        yield run('nft', '-o', '-f', redirects.name)
        yield run('nft', '-e', '-f', f.name)
        yield run('nft', 'list', 'ruleset')
        yield run('nft', '-j', 'list', 'ruleset')
        yield run('nft', 'list tables; list table inet nosuch')
        yield run('nft', 'list ruleset; add rule inet t nosuch accept; list tables')
        yield run('nft', '--debug=netlink', 'list chain inet t c')
        yield run('nft', '-f', '-', stdin='list tables\nadd table inet u\nlist tables\nadd chain x y\n')
        yield run('nft', '-i', stdin='list tables\nadd bogus\nlist ruleset\n')
        for how in 'fork', 'born', 'held', 'end':
            yield run(f'{BUILD}/api', how, 'list ruleset')
        yield run(sys.executable, '-c', 'import nftables\nn = nftables.Nftables()\nfor i in 1, 2:\n'
                  ' print(n.cmd("list ruleset"), flush=True)\n print(n.cmd("list bogus"), flush=True)\n')


def write_by_write():
    for (name, a), (_, b) in zip(list(session(nft)), list(session(stock))):
        same(a, b, f'as stock nft, write by write: {name[:60]}')


case(write_by_write)


def answer(p, command, end):
    """The bytes that `nft -i` writes for a command, up to this end of them; fewer if it is silent for 20 s or ends."""
    p.stdin.write(command.encode() + b'\n')
    p.stdin.flush()
    text = b''
    while not text.endswith(end) and select.select([p.stdout], [], [], 20)[0]:
        more = os.read(p.stdout.fileno(), 1 << 16)
        text += more
        if not more:
            break
    return text


def answers(which, commands):
    """`nft -i` as a coprocess: the answer to each command, before the next one is given."""
    p = subprocess.Popen(['nft', '-i'], env=which.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT)
    got = []
    try:
        for cmd, end in commands:
            got.append(answer(p, cmd, end).decode())
    finally:
        p.stdin.close()
        p.wait()
        p.stdout.close()
    return got


@in_ns
def coprocess():
    commands = (('describe tcp dport', b'bits\n'), ('add table inet a\nlist tables', b'inet a\n'),
                ('add table inet b\nlist ruleset', b'inet b {\n}\n'), ('list bogus', b'^\n'))
    want = answers(stock, commands)
    stock.good('flush ruleset')
    same(answers(nft, commands), want, 'nft -i answers each command as stock nft does')
    got = answers(nft, (('describe quic sni', b'characters\n'),
                        ('add set inet a s { typeof quic sni; }\nadd element inet a s { "x" }\n'
                         'list set inet a s', b'"x" }\n\t}\n}\n'), ('list bogus', b'^\n'), ('list tables', b'inet b\n')))
    ok(got[0].startswith('quic expression') and 'typeof quic sni' in got[1] and 'syntax error' in got[2] and
       got[3] == 'table inet a\ntable inet b\n', 'nft -i answers each command with quic', got)


def signalled(which, sig, command, end):
    """How `nft -i` ends by a signal that comes behind the answer to a command, and what it has written by then."""
    p = subprocess.Popen(['nft', '-i'], env=which.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    try:
        text = answer(p, command, end)
        p.send_signal(sig)
        rest = p.communicate(timeout=20)[0]
    finally:
        p.kill()
        p.wait()
    return p.returncode, text + rest


@in_ns
def signals():
    quic = 'add set inet a s { typeof quic sni; elements = { "x" }; }\nlist set inet a s'
    for sig in signal.SIGTERM, signal.SIGHUP, signal.SIGINT:
        stock.good('flush ruleset; add table inet a; add chain inet a c')
        want = signalled(stock, sig, 'list ruleset', b'}\n}\n')
        same(signalled(nft, sig, 'list ruleset', b'}\n}\n'), want, f'nft -i ends by {sig.name} as stock nft does')
        rc, text = signalled(nft, sig, quic, b'"x" }\n\t}\n}\n')
        ok(rc == want[0] and text.endswith(b'"x" }\n\t}\n}\n'), f'and with quic: {sig.name}', (rc, text))


def terminal(which, cmd, keys=None):
    """What a command prints to a terminal; keys: typed one after the other."""
    pid, fd = pty.fork()
    if not pid:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.environ.clear()
        os.environ.update(which.env, TERM='dumb')
        os.execvp('nft', cmd)
    text = b''
    # what is typed before the prompt is echoed twice
    while keys and b'nft> ' not in text and select.select([fd], [], [], 20)[0]:
        text += os.read(fd, 1 << 16)
    for key in keys or ():
        while select.select([fd], [], [], 0.7)[0]:
            text += os.read(fd, 1 << 16)
        os.write(fd, key)
    while True:
        try:
            more = os.read(fd, 1 << 16)
        except OSError:
            break
        if not more:
            break
        text += more
    os.close(fd)
    return os.waitpid(pid, 0)[1], text.decode(errors='replace')


@in_ns
def terminals():
    stock.load(PLAIN)
    for cmd in ['nft', 'list', 'ruleset'], ['nft', '-j', 'list', 'ruleset'], ['nft', 'list', 'bogus']:
        same(terminal(nft, cmd), terminal(stock, cmd), f'on a terminal: {" ".join(cmd)}')
    # ^A goes to the begin of the line, ^D on an empty line ends it
    edited = [b'ist tables\x01l\n', b'\x04']
    want = terminal(stock, ['nft', '-i'], edited)
    ok('table inet t' in want[1], 'a line is edited', want)
    same(terminal(nft, ['nft', '-i'], edited), want, 'line editing of nft -i')
    broken = [b'list tab\x03']
    same(terminal(nft, ['nft', '-i'], broken), terminal(stock, ['nft', '-i'], broken), 'nft -i ends by ^C alike')


@in_ns
def files():
    for text, what in (PLAIN, 'stock'), (QUIC, 'quic'):
        nft.good('flush ruleset')
        nft.good('-f -', text)
        with tempfile.NamedTemporaryFile(dir='/tmp') as f:
            r = subprocess.run([f'{BUILD}/api', 'file', f.name, 'list ruleset'], env=nft.env, capture_output=True,
                               text=True)
            same(r.stdout, f'0 {os.path.getsize(f.name)}\n', f'a program finds its file complete: {what} rules')
            same(open(f.name).read(), nft.good('list ruleset'), f'and all is in it: {what} rules')


def watched(which, texts, option):
    """What `nft monitor` writes meanwhile."""
    w = Writes()
    p = subprocess.Popen(['nft'] + option + ['monitor'], env=which.env, stdout=w.out, stderr=w.err)
    try:
        until(lambda: nft.good('add table ip probe; delete table ip probe') == '' and w.got, 20, 0.2)
        settled(lambda: len(w.got))
        del w.got[:]
        for text in texts:
            nft.good('-f -', text)
        until(lambda: any('last' in text for _, text in w.got), 20)
        settled(lambda: len(w.got))
    finally:
        p.send_signal(signal.SIGTERM)
        p.wait()
    return [(a, alike(b)) for a, b in w.end()]


@in_ns
def monitors():
    texts = PLAIN, 'delete table inet t\nadd table ip last\n', 'flush ruleset'
    for option in [], ['-j']:
        got, want = watched(nft, texts, option), watched(stock, texts, option)
        same(got, want, f'a monitor writes as stock nft does {option}')
    got = watched(nft, (QUIC, 'add element inet t s { "d.example" }', 'add table ip last'), [])
    seen = [text for _, text in got]
    ok('add element inet t s { "d.example" }\n' in seen and 'add rule inet t c quic sni @s accept\n' in seen,
       'a monitor writes each event with quic by itself', got)
    got = watched(nft, (QUIC, 'add table ip last\nadd chain ip last c\n'), ['--debug=netlink'])
    seen = [text for _, text in got if text.endswith('quic sni @s accept\n') and text.count('\nadd ') == 1]
    ok(len(seen) == 1 and 'last c' in got[-1][1] + got[-2][1], 'and with --debug=netlink', got)


@in_ns
def order_with_quic():
    nft.good('-f -', QUIC)
    got = streams(writes(['nft', 'list set inet t s; add rule inet t nosuch quic alpn "h3"'], nft.env))
    ok([a for a, _ in got] == ['rc', 'out', 'err'] and '"a.example", "b.example"' in got[1][1] and
       'quic alpn "h3"' in got[2][1], 'errors come behind the output that was before them', got)
    nft.good('flush ruleset')
    with load(QUIC) as f:
        got = streams(writes(['nft', '-c', '-o', '-f', f.name], nft.env))
    want = [('out', 'tcp dport { 22, 23 } accept')]
    at = [a for a, _ in got].index('out')
    ok(got[at:at + 1] == want and got[at - 1][0] == 'err' and got[at - 1][1].endswith('into:\n\t') and
       got[at + 1:] == [('err', '\n')], '-o prints a merged rule behind its `into:`', got)
    nft.good('-f -', QUIC)
    r = subprocess.run([f'{BUILD}/api', 'fork', 'list ruleset'], env=nft.env, capture_output=True, text=True)
    same(r.stdout, 3 * nft.good('list ruleset'), 'a program that forks prints each listing once')
    r = subprocess.run([f'{BUILD}/api', 'born', 'list ruleset'], env=nft.env, capture_output=True, text=True)
    same((r.returncode, r.stdout), (0, 2 * nft.good('list ruleset')), 'and one that forks before its first command')
    r = subprocess.run([f'{BUILD}/api', 'held', 'list set inet t s'], env=nft.env, capture_output=True, text=True)
    text = nft.good('list set inet t s')
    same(sorted(r.stdout.replace('kept ', '').splitlines()),
         sorted(2 * f'begin 0\n{text}end 0\n{text}'.splitlines()), 'buffered and unbuffered in turn')


@in_ns
def a_long_listing():
    """It leaves while it is made: no write holds more than a piece of it."""
    names = ', '.join(f'"n{i}.example"' for i in range(2000))
    nft.good('-f -', f'add table inet t; add set inet t s {{ typeof quic sni; elements = {{ {names} }}; }}')
    got = writes(['nft', 'list', 'ruleset'], nft.env)[1:]
    ok(len(got) > 2000 and max(len(text) for _, text in got) < 200 and
       sum(text.count('.example"') for _, text in got) == 2000, 'a long set leaves element by element',
       (len(got), got[:5]))
