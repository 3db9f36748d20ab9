# SPDX-License-Identifier: GPL-2.0-or-later
"""Every rule and ruleset that README.md, docs/ and nft-quic(7) show, and those of examples/, load as they are written.

They are taken from the pages, so a new one is tested by being there. Rules without a table go into one of the page;
the sets and maps that the page shows are there, those that it only names are below. What has a key of quic in it and is
not recognised as a rule, a ruleset, a command or JSON fails.
"""
import glob
import json
import os
import re
import shlex

from nqtest.netns import Ns
from nqtest.nftcmd import Lib, version
from nqtest.pages import RULE, blocks, objects, sentences, statements
from nqtest.tap import case, ok
from nqtest.where import TOP

PAGES = ['README.md', *sorted(os.path.relpath(p, TOP) for p in glob.glob(f'{TOP}/docs/*.md')), 'nft-ext/man/nft-quic.7']
# Sets that pages name and do not show.
KNOWN = {
    'private': 'set private { type inet_service; }',
    'seen': 'set seen { typeof quic sni; size 65536; flags dynamic,timeout; timeout 1h; }',
    'ports': 'map ports { typeof quic alpn : udp dport; }',
    'pairs': 'set pairs { typeof ip daddr . quic sni; }',
    'm': 'map m { typeof quic alpn : meta mark; size 16; flags dynamic,timeout; timeout 1h; }',
    's': 'set s { typeof quic sni; }',
    'cids': 'set cids { typeof quic scid; size 16; flags dynamic; }',
}
CHAINS = {
    'nat': 'type nat hook prerouting priority dstnat',
    'source': 'type nat hook postrouting priority srcnat',
    'filter': 'type filter hook prerouting priority raw',
}
KEY = re.compile(r'\bquic (?:alpn|sni|version|type|dcid|scid|ech|hello|server-id|state)\b')
DEFINED = re.compile(r'(set|map|chain) (\w+) \{')


def place(rule):
    """The chain of CHAINS where a rule belongs."""
    if re.search(r'\b(?:redirect|dnat)\b', rule):
        return 'nat'
    return 'source' if re.search(r'\b(?:snat|masquerade)\b', rule) else 'filter'


class Page:
    def __init__(self, name):
        self.name = name
        self.nft = Lib()
        self.blocks = blocks(os.path.join(TOP, name))
        self.shown = {}
        for _, text in self.blocks:
            for m in re.finditer(r'^\s*(?:set|map) (\w+) \{', text, re.M):
                self.shown[m.group(1)] = statements(text[m.start():].lstrip())[0]

    def load(self, line, what, text):
        r = self.nft('-f -', text)
        ok(r.rc == 0, f'{self.name}:{line}: {what.split(chr(10))[0].strip()}', text, r.err)

    def needs(self, text):
        """The sets and chains that a rule names, those that a page's table does not have yet."""
        have = self.nft('list table inet page').out
        for name in dict.fromkeys(re.findall(r'@(\w+)', re.sub(r'@(?:ih|th|nh|ll),', '', text))):
            if not re.search(rf'\t(?:set|map) {name} {{', have):
                yield self.shown.get(name) or KNOWN.get(name) or f'set {name} {{ no page shows it, nor does cases_pages.py }}'
        for name in re.findall(r'(?:goto|jump) (\w+)', text):
            if not re.search(rf'\tchain {name} {{', have):
                yield f'chain {name} {{ }}'

    def table(self, what):
        return f'table inet page {{\n{what}\n}}\n'

    def rule(self, line, text):
        chain = place(text)
        body = '\n'.join([*self.needs(text), f'chain {chain} {{ {CHAINS[chain]}; }}'])
        self.load(line, text, self.table(body) + f'add rule inet page {chain} {text}\n')

    def command(self, line, text):
        """nft ..., as a shell would give it; the table and chain that it adds to are made."""
        words = shlex.split(text.split('\t#')[0], comments=True)[1:]
        cmd = ' '.join(words)
        m = re.match(r'(?:add|insert) (rule|element) (\w+) (\w+) (\w+)', cmd)
        before = ''
        if m and m.group(1) == 'rule' and not self.nft(f'list chain {" ".join(m.groups()[1:])}').out:
            before = f'table {m.group(2)} {m.group(3)} {{ chain {m.group(4)} {{ {CHAINS[place(cmd)]}; }}\n}}\n'
        if m and m.group(1) == 'element' and not self.nft(f'list table {m.group(2)} {m.group(3)}').out:
            before = f'table {m.group(2)} {m.group(3)} {{ {self.shown[m.group(4)]}\n}}\n'
        self.load(line, text, before + cmd)

    def json(self, line, objs):
        for obj in objs:
            kind = next(iter(obj))
            # nft 1.0.6 takes no typeof in JSON: sets with keys of quic are refused there
            if kind == 'quic' or version() < (1, 1):
                continue
            if kind != 'set':
                obj = {'rule': {'family': 'inet', 'table': 'page', 'chain': 'filter', 'expr': [obj]}}
            base = [{'add': {'table': {'family': 'inet', 'name': t}}} for t in ('page', 't')]
            base.append({'add': {'chain': {'family': 'inet', 'table': 'page', 'name': 'filter', 'type': 'filter',
                                           'hook': 'prerouting', 'prio': -300, 'policy': 'accept'}}})
            r = self.nft('-j -f -', json.dumps({'nftables': [*base, {'add': obj}]}))
            ok(r.rc == 0, f'{self.name}:{line}: JSON, {kind}', json.dumps(obj), r.err)

    def block(self, line, text):
        if re.search(r'^(?:table|flush ruleset)\b', text, re.M) and not re.search(r'^(?:nft|echo|\{)', text, re.M):
            return self.load(line, text, text)
        if objs := objects(text):
            return self.json(line, objs)
        for s in statements(text):
            if re.match(r'nft (?:add|insert|describe|delete element)\b', s):
                self.command(line, s)
            elif m := DEFINED.match(s):
                self.load(line, s, self.table('\n'.join(self.needs(s.split('{', 1)[1])) + '\n' + s))
                self.shown[m.group(2)] = s
            elif RULE.match(s):
                self.rule(line, s)
            elif KEY.search(s) and 'Error: ' not in s:
                ok(False, f'{self.name}:{line}: what is this?', s)

    def run(self):
        with Ns():
            for line, text in self.blocks:
                self.block(line, text)
            if self.name.endswith('.md'):
                for line, text in sentences(os.path.join(TOP, self.name)):
                    self.rule(line, text)
        self.nft.close()


def pages():
    seen = 0
    for name in PAGES:
        page = Page(name)
        seen += len(page.blocks)
        page.run()
    ok(seen > 40, 'the pages have examples', seen)


def examples():
    for path in sorted(glob.glob(f'{TOP}/examples/**/*.nft', recursive=True)):
        with Ns():
            with open(path) as f:
                text = f.read()
            for again in '', ', once more':
                nft = Lib()
                r = nft('-f -', text)
                ok(r.rc == 0 and KEY.search(nft.good('list ruleset')), os.path.relpath(path, TOP) + again, r.err)
                nft.close()


case(pages)
case(examples)
