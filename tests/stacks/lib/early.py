# SPDX-License-Identifier: GPL-2.0-or-later
"""A client that connects to Caddy a second time, through a relay that looks for 0-RTT packets."""
import socket
import subprocess
import time

import ask
from nqtest.ports import free_port
from servers import Caddy
from stops import Relay
from wire import Side

SECONDS = 20    # for each command


class Looking(Relay):
    """The kinds of packets with a long header that came from each of the client's ports."""

    def __init__(self, s, port):
        super().__init__(s, port)
        self.kinds = {}

    def passes(self, peer, data):
        side = Side()
        side.feed(data)
        self.kinds.setdefault(peer, []).extend(side.kinds)


def asked(client, name):
    """Whether a connection of this client sent 0-RTT packets, in words."""
    server, port = Caddy(), free_port()
    with server.running(port), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(('127.0.0.1', 0))
        for _ in range(20):
            if ask.other(port, server.alpn) == 'served':
                break
        relay = Looking(s, port)
        for n, argv in enumerate(client.again('127.0.0.1', s.getsockname()[1], name)):
            time.sleep(1.1 * bool(n))
            with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
                relay.until(SECONDS, lambda: p.poll() is not None)  # pylint: disable=cell-var-from-loop
                p.kill()
    firsts = [kinds for kinds in relay.kinds.values() if kinds]
    if len(firsts) < 2:
        return 'no second connection'
    return 'sent' if any(1 in kinds for kinds in firsts) else 'not sent'
