# SPDX-License-Identifier: GPL-2.0-or-later
"""The moves of a connection that is open, or about to be; each takes the world and a client."""
import threading
import time

from talkers import Quicgo
from world import Loop, forget

FORGETS = 1     # seconds into a silence of two
HUNDREDS = 100  # of requests, each with a packet or two of its client


def port(world, client):
    world.box.rebind()


def address(world, client):
    world.box.rebind(5 - world.box.maps[2][0])


def expiry(world, client):
    forget(world.server)


def reload(world, client):
    world.load(world.form)


def gap(world, client):
    world.unload()
    time.sleep(0.5)
    world.load(world.form)


def module(world, client):
    world.module_again()


def rebind(world, client):
    client.rebind()


def migrate(world, client):
    client.migrate()


# Between two questions: name, what, the method a client needs for it.
PORT, ADDRESS = 'another port of the NAT box', 'another address of the NAT box'
SOCKET, MIGRATION = 'another socket of the client', 'active migration'
EXPIRY = 'conntrack forgets, the client speaks first'
MODULE = 'the module is loaded anew'
BETWEEN = [
    (PORT, port, None),
    (ADDRESS, address, None),
    (SOCKET, rebind, 'rebind'),
    (MIGRATION, migrate, 'migrate'),
    (EXPIRY, expiry, None),
    ('reload in one transaction', reload, None),
    ('reload with a gap of half a second', gap, None),
    (MODULE, module, None),
]
SERVER_FIRST = 'conntrack forgets, the server speaks first'
HANDSHAKE = 'the NAT box changes ports during the handshake'
FLUSH = 'conntrack forgets all the time, during the handshake'
TRANSFER = 'the NAT box changes ports during 3 MiB'
NAMES = 'three names on one socket'
LONG = 'new IDs of a Go client, after some 10,000 packets each'
LONG_NAMES = 'the same with three names on its socket'
TWO = 'two clients, one after the other, on one port of the NAT box'
STOPPED = "the gateway's keepalived is stopped during a transfer, and started again"
FAILOVER = "the gateway's links fail during a transfer, and come back"


def server_first(world, client):
    """The word of a service that is silent until conntrack has forgotten the client."""
    timer = threading.Timer(FORGETS, forget, [world.server])
    said = client.slow(timer.start)
    timer.join()
    return said


def transfer(world, client):
    """What the client got, of as many transfers as it takes for a change of port to come within one."""
    with Loop(world.box.rebind, 0.7) as loop:
        found = set()
        for _ in range(20):
            found.add(client.fetch())
            if loop.count:
                break
    return found, loop.count


def handshakes(make, waits, fn, pause, times, most=None):
    """The services that new clients hear while something is done in a loop."""
    said = []
    for _ in range(times):
        early = make() if waits else None
        with Loop(fn, pause, most):
            client = early or make()
            try:
                said.append(client.ask())
            finally:
                client.stop()
    return said


def names(world, address, services):
    """Ask each service twice from one socket; the words of their answers."""
    client = Quicgo(world.box.client, address, f'{services[0]}.example.org')
    try:
        return [client.ask(f'{n}.example.org') for n in [*services, *services]]
    finally:
        client.stop()


def long(world, address, services):
    """As names(), with so many requests of the last one in between that the client takes new IDs."""
    client = Quicgo(world.box.client, address, f'{services[0]}.example.org')
    try:
        said = [client.ask(f'{n}.example.org') for n in services]
        said += [client.many(f'{services[-1]}.example.org') for _ in range(HUNDREDS)]
        return said + [client.ask(f'{n}.example.org') for n in services]
    finally:
        client.stop()


def two(world, make, make_other):
    """The first client loses its port to the second one, which asks another service."""
    box = world.box
    before = dict(box.maps), box.width
    try:
        box.width, box.maps = 1, {2: (2, 18000), 3: (2, 18001)}
        box.apply()
        one = make()
        said = [one.ask()]
        box.maps = {2: (2, 18001), 3: (2, 18000)}
        box.apply()
        other = make_other()
        said += [other.ask(), one.ask()]
        one.stop()
        other.stop()
        return said
    finally:
        box.maps, box.width = before
        box.apply()
