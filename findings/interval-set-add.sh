#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# nftables 1.1.3 (Debian 13): `nft add element` of one address reads the whole set if it has `flags interval`
#
# One element more costs the same in a large set as in a small one, one would guess, and without flags it does. With
# `flags interval`, which sets of networks need, nft fetches all elements from the kernel first to look for
# overlaps: with 100,000 of them half a second and more for each call, and memory for all. Who adds and takes away addresses one by one,
# as fail2ban does, pays that each time. Elements in one call pay once.
#
# Seen: adding to a set of 100,000 takes more than twenty times the processor time if it has the flag.
. "$(dirname "$0")/lib/debian.sh"

debian trixie nftables=1.1.3-1 libnftables1=1.1.3-1 netbase python3-minimal libpython3-stdlib
cat >"$tmp/root/tmp/try.py" <<'end'
import ipaddress
import resource
import subprocess


def cost(*argv, **kw):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, check=True, **kw)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


took = []
for flags in '', 'flags interval;':
    elements = ',\n'.join(str(ipaddress.ip_address(0x0a000000 + 2 * n)) for n in range(100000))
    text = f'flush ruleset\ntable ip t {{ set s {{ type ipv4_addr; {flags} elements = {{ {elements} }}; }}; }}'
    cost('nft', '-f', '-', input=text.encode())
    took.append(min(cost('nft', 'add', 'element', 'ip', 't', 's', f'{{ 192.0.2.{n} }}') for n in (2, 4, 6)))
print('more than twenty times' if took[1] > 20 * took[0] else f'{took[0]:.3f} s and {took[1]:.3f} s')
end
seen "with the flag" "more than twenty times" "$(in_root python3 /tmp/try.py)"
