#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Chromium and Firefox with the web servers, through UDP port 443 and `quic` rules.

    browser, on the build machine ---- qemu's forwarded ports ---- relay.py on host `client`
        ---- veth ---- host `server`, as in pairs.py

Runs in a guest; tests/e2e/browsers starts it and browse.py. It must pass what
every pair must pass. TAP; the rows of docs/interop.md go to build/e2e/browsers.json, the first flights to
build/e2e/captures/browsers, a picture of each page to build/e2e/pictures.
"""
import os
import shutil
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, 'lib'), os.path.join(HERE, '../lib/py')]
import certs
import rules
import services
from browser import JOBS, V6, Browser, ask
from matrix import Lane, Matrix, Pair, end
from nqtest.hosts import Host, veth, workdir
from nqtest.shell import Failed, run as sh
from nqtest.tap import Tap
from services import CADDY, HAPROXY, NGINX, page

LONG = '--long' in sys.argv
V4 = '10.44.0.1'
SERVICES = [
    ('one.example.org', 4433, 'nginx', 'nginx', NGINX),
    ('a.wild.example.org', 4434, 'nginx, *.wild', 'wild', NGINX),
    ('static.example.org', 4435, 'quicd http3', 'static', {}),
    ('proxy.example.org', 4436, 'HAProxy', 'haproxy', HAPROXY),
    ('caddy.example.org', 4437, 'caddy', 'caddy', CADDY),
]
PORTS = [443] + [s[1] for s in SERVICES]


def set_up():
    workdir()
    rules.install()
    server, client = Host('server'), Host('client')
    veth(server, client)
    certs.authority()
    shutil.copy(certs.CA, f'{JOBS}/ca.pem')
    services.web(server)
    tap.ok(not server.listens('-u', 443), 'nobody listens on UDP 443', server.listens('-u', 443))
    rules.load(server, f'{HERE}/pairs.nft')

    # The device that qemu forwards to becomes the client's.
    device = next(d for d in os.listdir('/sys/class/net') if d.startswith('e'))
    sh('ip', 'link', 'set', device, 'netns', client.name)
    sh('ip', '-n', client.name, 'addr', 'add', '10.0.2.15/24', 'dev', device)
    sh('ip', '-n', client.name, 'link', 'set', device, 'up')
    sh('ip', '-n', client.name, 'route', 'add', 'default', 'via', '10.0.2.2')
    client.start('relay', 'python3', '-B', f'{HERE}/lib/relay.py', *(f'{p}={V4}:{p}' for p in PORTS),
                 *(f'{p + V6}=[fd44::1]:{p}' for p in PORTS), udp=443)
    return server, Lane(client, 'to-client', V4, 'fd44::1')


def pairs():
    for browser in ('chromium', 'firefox'):
        answer = ask(browser=browser)
        for name, port, service, key, cannot in SERVICES:
            p = Pair(Browser(browser, page(key), key), name, port, service, cannot)
            if 'missing' in answer:
                tap.skip(p.label, answer['missing'])
            else:
                yield p


def main():
    server = matrix = None
    try:
        server, lane = set_up()
        matrix = Matrix('browsers', tap, server, [lane], list(pairs()), {None: 'alpn "h3"'})
        matrix.meet_all()
        matrix.write()  # a run that ends early leaves what it has
        matrix.silence(lane)()
        matrix.early(lane)
        sizes = services.large_files()
        matrix.big(lambda p: (mib := 100 if LONG else 1, *sizes[mib]))
    except Failed as e:
        tap.ok(False, 'the browsers could be run to the end', e)
    return end(tap, server, matrix)


tap = Tap()
sys.exit(main())
