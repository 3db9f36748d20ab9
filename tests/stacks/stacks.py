#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""stacks.py SUITE FILE [NAME...] - run the QUIC clients and servers that are here, on loopback; FILE gets JSON.

SUITE is how the table calls this Debian. NAME: only these clients or servers.
"""
import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [f'{HERE}/lib', f'{HERE}/../lib/py']

# pylint: disable=wrong-import-position
import ask  # noqa: E402
import clients  # noqa: E402
import early  # noqa: E402
import hear  # noqa: E402
import servers  # noqa: E402
import stops  # noqa: E402
from ask import spread  # noqa: E402
from clients import NAME  # noqa: E402
from nqtest.certs import Authority  # noqa: E402
from nqtest.ports import free_port  # noqa: E402

NAMES = {'upper case': 'Stack.Example', 'trailing dot': NAME + '.', 'address': '127.0.0.1', 'U-label': 'bücher.example'}
FLIGHTS = 5     # first flights of which the frames are counted
REBOUND = 40    # connections that a server with two workers has


def named(client, name):
    """The server name that this client sends if it is asked for a name."""
    _, hello = hear.first_flight(client, name)
    if not hello:
        return 'no ClientHello'
    return 'none' if hello.sni is None else hello.sni


def form(sent, asked):
    if sent in ('none', 'no ClientHello'):
        return sent
    return 'as it is' if sent == asked else sent


def flight(client):
    """What first flights have in common."""
    got = [hear.first_flight(client, NAME) for _ in range(FLIGHTS)]
    got = [(side, hello) for side, hello in got if hello]
    if not got:
        return None
    sides, hello, ech = [s for s, _ in got], got[0][1], [h.ech for _, h in got if h.ech is not None]
    return {
        'DCID, SCID': f'{spread([len(s.first) for s in sides])}, {spread([len(s.scid) for s in sides])}',
        'constant bytes': ask.constant([s.scid for s in sides]),
        'datagrams': spread([s.datagrams for s in sides]),
        'CRYPTO frames': spread([len(s.frames) for s in sides])
                         + (', shuffled' if any(s.shuffled() for s in sides) else ''),
        'ALPN': ' '.join(hello.alpn), 'key shares': ' '.join(hello.shares),
        'ECH': f'{spread(ech)} bytes' if ech else 'no',
    }


def after_change(heard):
    """Which of the server's IDs the client sends to, in a handshake's wake and after a change of its port."""
    before, after = set(heard['before']), set(heard['after'])
    at_once = 'the handshake\'s' if before == {heard['first']} else 'another at once' if before else '-'
    return at_once, '-' if not after else 'the same' if after <= before else 'another'


def client_row(client, cert, key):
    row = flight(client)
    if not row:
        return None
    for kind, name in NAMES.items():
        if kind == 'address' or getattr(client, 'by_name', True):
            row[f'SNI, {kind}'] = form(named(client, name), name)
    row['after Retry'] = hear.after_retry(client, NAME) or '-'
    row['after HelloRetryRequest'] = hear.after_hello_retry(client, NAME) or '-'
    heard = hear.served(client, NAME, cert, key)
    if heard:
        row['IDs issued'] = str(heard['issued'])
        row['forbids migration'] = 'yes' if heard['forbids'] else 'no'
        row['DCID used'], row['DCID after rebinding'] = after_change(heard)
        row['PATH_CHALLENGE'] = 'answered' if heard['responses'] else 'not answered' if heard['lived'] else '-'
        row['stateless reset'] = heard['reset'] or '-'
    if hasattr(client, 'again'):
        row['0-RTT'] = early.asked(client, NAME)
    if getattr(client, 'pages', False):
        row['path without packets'] = stops.watch(client, NAME)
    return row


def wait_up(server, port, process):
    """Whether it serves, within some seconds."""
    for _ in range(6):
        if process.poll() is not None:
            return False
        if ask.other(port, server.alpn) == 'served':
            return True
        time.sleep(0.2)
    return False


def of(some, most):
    return f'{some} of {most}'


def server_row(server):
    port = free_port()
    with server.running(port) as process:
        if not wait_up(server, port, process):
            why = server.refused()
            return why and {'UDP port': f'none: {why}'}
        if server.workers > 1:
            return {'rebound': of(ask.share(port, server.alpn, REBOUND), REBOUND)}
        got = ask.ids_of(port, server.alpn)
        if not got:
            return None
        first, issued, last, answers = got
        everything = first + [i for one in issued for i in one]
        return {
            'UDP port': 'open',
            'ID length': spread([len(i) for i in everything]),
            'IDs issued': spread([len(i) for i in issued]),
            'constant bytes': ask.constant(everything),
            'forbids migration': 'yes' if last.forbids else 'no',
            'HelloRetryRequest': 'yes' if any(a[0] for a in answers) else 'no',
            'asks for a key share of': ask.asks_for(port, server.alpn),
            'Retry': 'yes' if any(a[1] for a in answers) else 'no',
            'NEW_TOKEN': 'yes' if last.quic.tokens else 'no',
            'another port': ask.moved(port, server.alpn, 'port'),
            'another port, empty ID': ask.nameless(port, server.alpn),
            'another address': ask.moved(port, server.alpn, 'address'),
            'migration': ask.moved(port, server.alpn, 'migration'),
            'changes of port survived': of(ask.changes(port, server.alpn), 10),
            'with 8 s between them': of(ask.changes(port, server.alpn, 4, 8), 4),
            'early data': ask.early(port, server.alpn),
            'unknown short header': ask.stray(port, len(first[0])),
            'unknown version': ask.versions(port),
            'no ALPN': ask.other(port, None),
            'another ALPN': ask.other(port, 'nobody/1'),
            'unknown name': ask.other(port, server.alpn, 'unknown.example'),
            'no name': ask.other(port, server.alpn, None),
        }


def main(suite, file, *only):
    cert, key = Authority('/tmp/stacks').issue('server', NAME, addresses=['127.0.0.1'])
    rows = {'clients': [], 'servers': []}
    for kind, there in (('clients', clients.here()), ('servers', servers.here())):
        for one in there:
            if only and one.name not in only:
                continue
            row = client_row(one, cert, key) if kind == 'clients' else server_row(one)
            print('stacks:', suite, one.name, row or 'did not run', file=sys.stderr, flush=True)
            if row:
                rows[kind].append({'name': one.name, 'version': one.version(), 'suite': getattr(one, 'suite', suite), **row})
    with open(file, 'w', encoding='utf-8') as f:
        json.dump({'date': time.strftime('%Y-%m-%d'), **rows}, f, indent='\t', ensure_ascii=False)


main(*sys.argv[1:])
