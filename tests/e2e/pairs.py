#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every real client with every real service, through UDP port 443 and `quic` rules.

Runs under the plain kernel of tests/uml, or in a guest. For each pair, on IPv4 and IPv6: content
went both ways; the connection is at the service's private port; quic-inspect reads what the client was told to offer; the module lost and delayed
nothing that a client would send twice; and the rules' counters agree. Then
what lasts: a minute of silence, 0-RTT, large files, SMB with an account.

TAP; the rows of docs/interop.md go to build/e2e/pairs.json, the first flights to
build/e2e/captures/pairs. With --long every pair's file has the full size. TEST=NAME leaves the
pairs whose label, client, server name or service it fits; their rows go to some-pairs.json.
"""
import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, 'lib'), os.path.join(HERE, '../lib/py')]
import certs
import rules
import services
import smb
from clients import Aioquic, Curl, CurlNoName, Kdig, Quicc, Quicgo, Smbclient
from matrix import Lane, Matrix, Pair, end
from nqtest import pick
from nqtest.hosts import Host, veth, workdir
from nqtest.shell import Failed
from nqtest.tap import Tap
from nqtest.where import BUILD as BIN
from services import CADDY, HAPROXY, NGINX, page

LONG = '--long' in sys.argv
USER, PASSWORD = 'alice', 'Rabbit-hole-7'
ACCOUNT = f'{USER}%{PASSWORD}'
CRYPTO = 'HAProxy 3.0 gives up on many CRYPTO frames out of order (haproxy issue 2776; 3.2.26 does not)'
# Go's tickets carry their age in whole seconds; an age above its own is a replay to GnuTLS.
AGE = {'early': 'Go makes its ticket up to a second too old, which GnuTLS takes for a replay'}
ONCE = {'early': 'early data is off: it could be replayed'}


PAIRS = [
    Pair(Curl(page('nginx')), 'one.example.org', 4433, 'nginx'),
    Pair(Curl(page('nginx')), 'uno.example.org', 4433, 'nginx, second name'),
    Pair(Curl(page('wild')), 'a.wild.example.org', 4434, 'nginx, *.wild'),
    Pair(Curl(page('static')), 'static.example.org', 4435, 'quicd http3'),
    Pair(Curl(page('haproxy')), 'proxy.example.org', 4436, 'HAProxy', HAPROXY, CRYPTO),
    Pair(Curl(page('caddy')), 'caddy.example.org', 4437, 'caddy', CADDY),
    Pair(Curl(page('rest')), 'other.example.org', 4438, 'nginx, fallback'),
    Pair(CurlNoName(page('rest')), '10.44.0.1', 4438, 'nginx, fallback without SNI'),
    Pair(Aioquic(page('nginx')), 'one.example.org', 4433, 'nginx', NGINX),
    Pair(Aioquic(page('static')), 'static.example.org', 4435, 'quicd http3'),
    Pair(Aioquic(page('haproxy')), 'proxy.example.org', 4436, 'HAProxy', HAPROXY),
    Pair(Aioquic(page('caddy')), 'caddy.example.org', 4437, 'caddy', CADDY),
    Pair(Quicgo(page('nginx')), 'one.example.org', 4433, 'nginx', NGINX),
    Pair(Quicgo(page('static')), 'static.example.org', 4435, 'quicd http3', AGE),
    Pair(Quicgo(page('haproxy')), 'proxy.example.org', 4436, 'HAProxy', HAPROXY),
    Pair(Quicgo(page('caddy')), 'caddy.example.org', 4437, 'caddy', CADDY),
    Pair(Kdig('host.example.org', '192.0.2.7'), 'dns.example.org', 8853, 'quicd, unbound'),
    Pair(Kdig('host.example.org', '192.0.2.8'), 'dns2.example.org', 8854, 'quicd, knot'),
    Pair(Smbclient(ACCOUNT), 'fs.example.org', 8443, 'quicd, Samba'),
    Pair(Quicc('whocalls/1', 'hello calls.example.org, you said:\n'), 'calls.example.org', 8009,
         'quicd handoff, whocalls', ONCE),
    Pair(Quicc('echo'), 'echo.example.org', 8007, 'quicd echo'),
    Pair(Quicc('echo/2', version=2), 'echo.example.org', 8007, 'quicd echo'),
]
# A word of the rule that leads to each port.
COUNTED = {8853: 'redirect to :8853', 8854: 'redirect to :8854', 8443: '"smb"', 8009: '"whocalls/1"', 8007: '"echo',
           None: 'alpn "h3"'}
PACKAGES = ['samba', 'unbound', 'knot', 'nginx', 'haproxy', 'caddy', 'libngtcp2-16', 'libnghttp3-9', 'libgnutls30t64',
            'nftables']


def set_up():
    workdir()
    rules.install()
    server, lanes = Host('server'), []
    for n in (44, 45):
        client = Host(f'client{n}')
        veth(server, client, n)
        lanes.append(Lane(client, f'to-{client.name}', f'10.{n}.0.1', f'fd{n}::1'))
    certs.authority()
    conf = services.samba(server, USER, PASSWORD)
    services.unbound(server, {'host.example.org': '192.0.2.7'})
    services.knot(server, '127.0.0.2', 'example.org', {'host.example.org': '192.0.2.8'})
    services.quicd_stream(server, 'quicd-smb', 8443, 'smb', '127.0.0.1:445', 'fs.example.org')
    services.quicd_stream(server, 'quicd-doq', 8853, 'doq', '127.0.0.1:53', 'dns.example.org')
    services.quicd_stream(server, 'quicd-doq2', 8854, 'doq', '127.0.0.2:53', 'dns2.example.org')
    services.quicd(server, 'quicd-echo', 8007, 'echo echo/2', ['echo.example.org'], mode='echo',
                   more='early-data = yes')
    services.whocalls(server, 'quicd-calls', 8009, 'whocalls/1', 'calls.example.org')
    services.web(server)
    tap.ok(not server.listens('-u', 443), 'nobody listens on UDP 443', server.listens('-u', 443))
    rules.load(server, f'{HERE}/pairs.nft')
    return server, lanes, conf


def main():
    server = matrix = None
    try:
        server, lanes, conf = set_up()
        pairs = chosen
        if not os.path.exists(f'{BIN}/e2e/quicgo'):
            for p in chosen:
                if isinstance(p.action, Quicgo):
                    tap.skip(p.label, 'quic-go could not be built')
            pairs = [p for p in chosen if not isinstance(p.action, Quicgo)]
        matrix = Matrix('pairs' if chosen == PAIRS else 'some-pairs', tap, server, lanes, pairs, COUNTED, PACKAGES)
        matrix.meet_all()
        matrix.write()  # a run that ends early leaves what it has
        wait = matrix.silence(lanes[0])
        matrix.early(lanes[1])
        wait()  # before more clients of smb come
        if any(isinstance(p.action, Smbclient) for p in chosen):
            smb.check(tap, lanes, conf, ACCOUNT)
        sizes = services.large_files()
        # One whole file here; the rest in the long form.
        matrix.big(lambda p: (mib := 100 if LONG or (p.action.name, p.port) == ('curl', 4435) else 1, *sizes[mib]))
        if any(isinstance(p.action, Smbclient) for p in chosen):
            smb.attempt(tap, 'smbclient writes 50 MiB and reads them back',
                        lambda: Smbclient(ACCOUNT, mib=50)(lanes[0].host, '10.44.0.1', 443, smb.NAME))
    except Failed as e:
        tap.ok(False, 'the pairs could be run to the end', e)
    return end(tap, server, matrix)


chosen = [p for p in PAIRS if pick.wanted('pairs', p.label, p.action.name, p.name, p.service)]
if not chosen:
    pick.nothing()
tap = Tap()
sys.exit(main())
