#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""beliefs.py FILE - beliefs about stock nftables, conntrack and UDP sockets, put to the test.

Each belief has a line of shell and the output that the belief predicts. Each runs in a network namespace of
its own. FILE gets JSON: belief, prediction, output.
"""
import json
import os
import subprocess
import sys

UDP = r'''
import socket, sys
# Sends from port 4000 to 443 of 127.0.0.1.
what, more = sys.argv[1], sys.argv[2:]
def sock(port, reuse=False):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if reuse:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(("127.0.0.1", port))
    s.settimeout(0.3)
    return s
def hears(s):
    try:
        return s.recvfrom(2048)[1]
    except OSError:
        return None
if what == "arrives":
    servers = {p: sock(p) for p in (443, 8443, 8444)}
    client = sock(4000)
    try:
        client.sendto(b"x", ("127.0.0.1", 443))
    except OSError:
        pass    # dropped in output
    print(*[p for p, s in servers.items() if hears(s)] or ["nowhere"])
elif what == "answer":
    server, client = sock(8443), sock(4000)
    client.connect(("127.0.0.1", 443))
    client.send(b"x")
    who = hears(server)
    server.sendto(b"y", who)
    print("answered" if hears(client) else "silence")
elif what == "count":
    server, client = sock(443), sock(4000)
    for _ in range(int(more[0])):
        client.sendto(b"x", ("127.0.0.1", 443))
    n = 0
    while hears(server):
        n += 1
    print(n)
elif what == "reuse":
    a, b = sock(443, True), sock(443, True)
    client = sock(4000)
    for _ in range(20):
        client.sendto(b"x", ("127.0.0.1", 443))
    print(sum(bool(hears(s)) for s in (a, b)))
elif what == "moved":
    a, b = sock(443, True), sock(443, True)
    for port in range(4000, 4020):
        client = sock(port)
        client.sendto(b"x", ("127.0.0.1", 443))
    print(sum(bool(hears(s)) for s in (a, b)))
elif what == "send":
    try:
        sock(4000).sendto(b"x", ("127.0.0.1", 443))
        print("sent")
    except OSError as e:
        print(e.strerror)
elif what == "closed":
    client = sock(4000)
    client.connect(("127.0.0.1", 443))
    client.send(b"x")
    try:
        client.recv(10)
    except OSError as e:
        print(e.strerror or "silence")
elif what == "reply":
    server, client = sock(443), sock(4000)
    client.sendto(b"x", ("127.0.0.1", 443))
    server.sendto(b"y", hears(server))
    hears(client)
'''
RAW = 'nft "add table ip t; add chain ip t c { type filter hook output priority raw; }"; nft add rule ip t c udp dport 443'
NAT = 'nft "add table ip t; add chain ip t c { type nat hook output priority dstnat; }"; nft add rule ip t c udp dport 443'
FILTER = 'nft "add table ip t; add chain ip t c { type filter hook output priority 0; }"; nft add rule ip t c udp dport 443'
CT = 'nft "add table ip u; add chain ip u c { type filter hook output priority 0; }"; nft add rule ip u c ct state new counter'
BELIEFS = [
    ('`udp dport set` at raw in output sends a local datagram to the other port', f'{RAW} udp dport set 8443; u arrives', '8443'),
    ('the answer needs a rule of its own then, or a connected client does not hear it', f'{RAW} udp dport set 8443; u answer', 'silence'),
    ('`redirect` in output answers from the port that was asked', f'{NAT} redirect to :8443; u answer', 'answered'),
    ('`redirect` in a chain of type filter is refused', f'{FILTER} redirect to :8443 2>/dev/null; echo $?', '1'),
    ('NAT is asked once: after the rule was changed the old port is still reached',
     f'{NAT} redirect to :8443; u arrives >/dev/null; nft flush chain ip t c; nft add rule ip t c udp dport 443 redirect to :8444; u arrives', '8443'),
    ('`flush ruleset` leaves conntrack\'s entries', f'{NAT} redirect to :8443; u arrives >/dev/null; nft flush ruleset; conntrack -C', '1'),
    ('after `flush ruleset` the NAT of a known 5-tuple continues',
     f'{NAT} redirect to :8443; u arrives >/dev/null; nft flush ruleset; {CT}; u arrives', '8443'),
    ('an empty nat chain in postrouting does not bring that NAT back',
     f'{NAT} redirect to :8443; u arrives >/dev/null; nft flush ruleset; u arrives >/dev/null; nft "add table ip t; '
     'add chain ip t any { type nat hook postrouting priority 0; }"; u arrives', '443'),
    ('a reload in one transaction that begins with `flush ruleset` does not interrupt NAT',
     f'{NAT} redirect to :8443; u arrives >/dev/null; (echo flush ruleset; nft list ruleset) >/tmp/r; nft -f /tmp/r; u arrives', '8443'),
    ('one answer makes a UDP entry last 120 s',
     f'{CT}; u reply; conntrack -L 2>/dev/null | sed -E "s/^udp +17 ([0-9]+) .*/\\1/" | awk \'{{ print ($1 > 60) ? "120 s" : "30 s" }}\'', '120 s'),
    ('`conntrack -D` that deletes nothing ends with status 0', 'conntrack -D -p udp --dport 5 >/dev/null 2>&1; echo $?', '0'),
    ('`add element` of an element that is there succeeds',
     'nft "add table ip t; add set ip t s { type inet_service; elements = { 1 }; }"; nft add element ip t s "{ 1 }"; echo $?', '0'),
    ('`create element` of an element that is there fails',
     'nft "add table ip t; add set ip t s { type inet_service; elements = { 1 }; }"; nft create element ip t s "{ 1 }" 2>/dev/null; echo $?', '1'),
    ('adding an element with another timeout changes its timeout',
     'nft "add table ip t; add set ip t s { type inet_service; flags timeout; elements = { 1 timeout 1h }; }"; '
     'nft add element ip t s "{ 1 timeout 2h }"; nft list set ip t s | grep -o "timeout [0-9]*h" | head -1', 'timeout 2h'),
    ('adding a map\'s element with another value changes the value',
     'nft "add table ip t; add map ip t m { type inet_service : inet_service; elements = { 1 : 2 }; }"; '
     'nft add element ip t m "{ 1 : 3 }" 2>/dev/null; nft list map ip t m | grep -o "1 : [0-9]"', '1 : 3'),
    ('`nft -j list ruleset` loads again', f'{FILTER} counter accept; nft -j list ruleset >/tmp/j; nft flush ruleset; nft -j -f /tmp/j; echo $?', '0'),
    ('loading `nft list ruleset` again without a flush changes nothing',
     f'{FILTER} accept; nft list ruleset >/tmp/r; nft -f /tmp/r; nft list chain ip t c | grep -c dport', '1'),
    ('`nft reset counters` sets the counters in rules to zero',
     f'{FILTER} counter; u send >/dev/null; nft reset counters >/dev/null; nft list ruleset | grep -o "packets [0-9]*"', 'packets 0'),
    ('`nft -s list` leaves counts out', f'{FILTER} counter; u send >/dev/null; nft -s list ruleset | grep -c packets', '0'),
    ('`nft -c` with a good file leaves nothing', f'echo "table ip x {{ }}" >/tmp/f; nft -c -f /tmp/f; nft list tables | wc -l', '0'),
    ('a file with a mistake in its last line changes nothing',
     'printf "table ip x { }\\nadd rule ip x nochain accept\\n" >/tmp/f; nft -f /tmp/f 2>/dev/null; nft list tables | wc -l', '0'),
    ('`limit rate 10/second` lets 10 of 100 datagrams through that come at once',
     'nft "add table ip t; add chain ip t c { type filter hook prerouting priority raw; }"; '
     'nft add rule ip t c udp dport 443 limit rate over 10/second drop; u count 100', '10'),
    ('`drop` in output is not told to the sender', f'{FILTER} drop; u send', 'sent'),
    ('`drop` in prerouting is not told to the sender',
     'nft "add table ip t; add chain ip t c { type filter hook prerouting priority raw; }"; nft add rule ip t c udp dport 443 drop; u send', 'sent'),
    ('`accept` in one chain keeps a later chain of the same hook from dropping',
     f'{RAW} accept; nft "add chain ip t d {{ type filter hook output priority 0; }}"; nft add rule ip t d udp dport 443 drop; u arrives', '443'),
    ('`notrack` behind conntrack, at priority 0, is refused', f'{FILTER} notrack 2>/dev/null; echo $?', '1'),
    ('a datagram to a closed port is told to a connected client', 'u closed', 'Connection refused'),
    ('`reject` in input is told to a connected client in the same way',
     'nft "add table ip t; add chain ip t c { type filter hook input priority 0; }"; nft add rule ip t c udp dport 443 reject; u closed', 'Connection refused'),
    ('two sockets with SO_REUSEPORT: one source port always comes to the same one', 'u reuse', '1'),
    ('two sockets with SO_REUSEPORT: twenty source ports come to both', 'u moved', '2'),
    ('`nft destroy` of a table that is not there succeeds', 'nft destroy table ip none; echo $?', '0'),
    ('`nft -o` makes one rule of two that accept two ports',
     f'{FILTER} accept; nft add rule ip t c udp dport 444 accept; nft list ruleset >/tmp/r; nft flush ruleset; nft -o -f /tmp/r >/dev/null; '
     'nft list chain ip t c | grep -c dport', '1'),
    ('a set with `size 2` takes no third element',
     'nft "add table ip t; add set ip t s { type inet_service; size 2; }"; for n in 1 2 3; do nft add element ip t s "{ $n }" 2>/dev/null; done; '
     'nft list set ip t s | grep -o "elements.*"', 'elements = { 1, 2 }'),
    ('a chain\'s priority can be changed by adding it again with another one',
     f'{FILTER} accept; nft "add chain ip t c {{ type filter hook output priority 5; }}" 2>/dev/null; echo $?', '1'),
]


def main(file):
    with open('/tmp/udp.py', 'w', encoding='ascii') as f:
        f.write(UDP)
    rows = []
    for belief, line, predicted in BELIEFS:
        r = subprocess.run(['unshare', '--net', 'sh', '-c', 'ip link set lo up; u() { python3 /tmp/udp.py "$@"; }; ' + line],
                           capture_output=True, text=True, timeout=60, check=False)
        seen = r.stdout.strip() or r.stderr.strip()[-200:]
        rows.append((belief, predicted, seen))
        print('held ' if predicted == seen else 'WRONG', belief, '|', predicted, '|', seen, file=sys.stderr, flush=True)
    version = subprocess.run(['nft', '--version'], capture_output=True, text=True, check=True).stdout.split()[1]
    with open(file, 'w', encoding='ascii') as f:
        json.dump({'nft': version, 'kernel': '.'.join(os.uname().release.split('.')[:2]), 'rows': rows}, f, indent='\t')


main(sys.argv[1])
