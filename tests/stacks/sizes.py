#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""sizes.py FILE [WORD] - beliefs about nft and conntrack with much to list. WORD: only beliefs with it. FILE gets JSON.

Costs are processor time and memory of the command, not of the kernel's own threads.
"""
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f'{HERE}/lib')
import tried  # noqa: E402 pylint: disable=wrong-import-position

BEFORE = f'''
mount -t tmpfs tmp /tmp; KEPT=
ip link set lo up
cost() {{ $KEPT python3 -B {HERE}/lib/cost.py "$@"; }}
addresses() {{ python3 -c "
import ipaddress
print('table ip big {{ set s {{ type ipv4_addr; $2 elements = {{')
print(',\\n'.join(str(ipaddress.ip_address(0x0a000000 + 2 * n)) for n in range($1)))
print('}}; }}; }}')" >/tmp/big; }}
# A namespace that all rows about a million share, kept by a process.
million() {{
	if [ ! -e /run/million ]; then
		unshare --net sleep 3600 >/dev/null 2>&1 &
		echo $! >/run/million
		sleep 1
		KEPT="nsenter --net=/proc/$(cat /run/million)/ns/net"
		addresses 1000000
		$KEPT nft -f /tmp/big
		$KEPT nft 'add table ip small; add chain ip small c; add rule ip small c udp dport 443 accept; add chain ip big c'
	fi
	KEPT="nsenter --net=/proc/$(cat /run/million)/ns/net"
}}
many() {{ addresses 100000 'flags interval;'; nft -f /tmp/big; }}
rules() {{ python3 -c "
print('flush ruleset\\ntable ip many {{ chain c {{ type filter hook input priority 0;')
print('\\n'.join(f'udp dport {{n}} ip saddr 10.0.{{n // 256}}.{{n % 256}} counter accept' for n in range(1, 10001)))
print('}}; }}')" >/tmp/rules; }}
loaded() {{ rules; nft -f /tmp/rules; }}
entries() {{ nft 'add table ip ct; add chain ip ct c {{ type filter hook input priority 0; }}'; nft add rule ip ct c ct state new accept
	python3 -c "
for n in range(100000):
    a = f'10.1.{{n // 256 % 256}}.{{n % 256}} -d 10.2.0.{{n // 65536}}'
    print(f'-I -p udp -s {{a}} --sport 4000 --dport 443 -t 600 -u SEEN_REPLY,ASSURED')" >/tmp/entries; conntrack -R /tmp/entries >/dev/null 2>&1; }}
'''
NFT = [
    ('nft loads a set of 1,000,000 addresses in less than 10 s', 'addresses 1000000; cost s 10 nft -f /tmp/big', 'yes'),
    ('with less than 500 MiB of memory', 'addresses 1000000; cost MiB 500 nft -f /tmp/big', 'yes'),
    ('`nft -c -f` of it, which loads nothing, costs less than 1 s', 'addresses 1000000; cost s 1 nft -c -f /tmp/big', 'yes'),
    ('`nft list ruleset` lists it in less than 10 s', 'million; cost s 10 nft list ruleset', 'yes'),
    ('with less than 500 MiB of memory when it lists', 'million; cost MiB 500 nft list ruleset', 'yes'),
    ('`nft -t list ruleset`, which prints no elements, takes less than 0.1 s then', 'million; cost s 0.1 nft -t list ruleset', 'yes'),
    ('`nft list tables` takes less than 0.1 s', 'million; cost s 0.1 nft list tables', 'yes'),
    ('`nft list table` of another table takes less than 0.1 s', 'million; cost s 0.1 nft list table ip small', 'yes'),
    ('`nft list chain` of another table takes less than 0.1 s', 'million; cost s 0.1 nft list chain ip small c', 'yes'),
    ('`nft add rule` to another table takes less than 0.1 s', 'million; cost s 0.1 nft add rule ip small c accept', 'yes'),
    ('`nft insert rule index 0` in another table takes less than 0.1 s', 'million; cost s 0.1 nft insert rule ip small c index 0 accept', 'yes'),
    ('`nft -e add rule`, which prints the rule with its handle, takes less than 0.1 s', 'million; cost s 0.1 nft -e -a add rule ip small c accept', 'yes'),
    ('`nft add rule` that looks up the set takes less than 0.1 s', 'million; cost s 0.1 nft add rule ip big c ip saddr @s accept', 'yes'),
    ('`nft list counters` takes less than 0.1 s', 'million; cost s 0.1 nft list counters', 'yes'),
    ('`nft list sets`, which prints no elements, takes less than 0.1 s', 'million; cost s 0.1 nft list sets', 'yes'),
    ('`nft add element` of one more takes less than 0.1 s', 'million; cost s 0.1 nft add element ip big s "{ 1.2.3.4 }"', 'yes'),
    ('`nft get element` takes less than 0.1 s', 'million; cost s 0.1 nft get element ip big s "{ 10.0.0.2 }"', 'yes'),
    ('`nft delete element` takes less than 0.1 s', 'million; cost s 0.1 nft delete element ip big s "{ 10.0.0.2 }"', 'yes'),
    ('one more into a set of 100,000 with `flags interval` takes less than 0.1 s', 'many; cost s 0.1 nft add element ip big s "{ 1.2.3.4 }"', 'yes'),
    ('so does one less', 'many; cost s 0.1 nft delete element ip big s "{ 10.0.0.2 }"', 'yes'),
    ('`nft get element` of it takes less than 0.1 s', 'many; cost s 0.1 nft get element ip big s "{ 10.0.0.2 }"', 'yes'),
    ('nft loads 10,000 rules in less than 1 s', 'rules; cost s 1 nft -f /tmp/rules', 'yes'),
    ('it loads them again in one transaction in less than 1 s', 'loaded; cost s 1 nft -f /tmp/rules', 'yes'),
    ('it lists them in less than 1 s', 'loaded; cost s 1 nft list ruleset', 'yes'),
    ('`nft -j` lists them in less than 1 s', 'loaded; cost s 1 nft -j list ruleset', 'yes'),
    ('one rule more behind them takes less than 0.1 s', 'loaded; cost s 0.1 nft add rule ip many c accept', 'yes'),
    ('one at `index 5000` takes less than 0.1 s', 'loaded; cost s 0.1 nft insert rule ip many c index 5000 accept', 'yes'),
    ('`nft delete rule handle` takes less than 0.1 s', 'loaded; cost s 0.1 nft delete rule ip many c handle 5000', 'yes'),
]
CT = [
    ('`conntrack -L` of 100,000 connections takes less than 1 s', 'entries; [ "$(conntrack -C)" = 100000 ] && cost s 1 conntrack -L', 'yes'),
    ('`conntrack -D` that deletes one of them takes less than 0.1 s', 'entries; cost s 0.1 conntrack -D -p udp -s 10.1.0.1 -d 10.2.0.0 --sport 4000 --dport 443', 'yes'),
    ('a ruleset is loaded again beside them in less than 0.1 s', 'entries; (echo flush ruleset; nft list ruleset) >/tmp/r; cost s 0.1 nft -f /tmp/r', 'yes'),
    ('all are there after it', 'entries; (echo flush ruleset; nft list ruleset) >/tmp/r; nft -f /tmp/r; conntrack -C', '100000'),
]


def main(file, word=''):
    rows = NFT + (CT if shutil.which('conntrack') else [])
    tried.run('Sizes', [row for row in rows if word in row[0]], BEFORE, file, 300)


main(*sys.argv[1:])
