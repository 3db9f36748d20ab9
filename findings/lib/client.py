# SPDX-License-Identifier: GPL-2.0-or-later
"""client.py PORT ALPN [CHANGES [LENGTH [PAUSE]]] - a QUIC connection by aioquic to 127.0.0.1:PORT that changes its own port.

LENGTH is that of the client's own connection IDs, 8 or 0. PAUSE: seconds of PINGs before each change, 0.

Prints lines: the server's connection IDs in hex; whether it forbade active migration; whether a PING
was answered before any change; then, for each of CHANGES (1), until one is not, whether a PING
was answered within three seconds of it.
Instead, on standard error: "closed CODE" if the server closed the connection, "silence" if there was no
handshake within ten seconds.
"""
import os
import select
import socket
import ssl
import sys
import time

from aioquic.quic import connection, events
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection

length = int(sys.argv[4]) if len(sys.argv) > 4 else 8
pause = float(sys.argv[5]) if len(sys.argv) > 5 else 0
theirs = []  # the server's transport parameters, which aioquic does not keep


def pull(buf, _pull=connection.pull_quic_transport_parameters):
    theirs.append(_pull(buf))
    return theirs[-1]


connection.pull_quic_transport_parameters = pull


class Client:
    def __init__(self, port, alpn):
        self.to = ('127.0.0.1', port)
        self.quic = QuicConnection(configuration=QuicConfiguration(
            is_client=True, alpn_protocols=[alpn], server_name='a.example', verify_mode=ssl.CERT_NONE,
            connection_id_length=length))
        if not length:
            # aioquic would give the server's first ID, and all spare ones, this length, too.
            self.quic._original_destination_connection_id = self.quic._peer_cid.cid = os.urandom(8)
            self.quic._replenish_connection_ids = lambda: None
        self.rebind()
        self.quic.connect(self.to, now=time.monotonic())

    def rebind(self):
        """Continue from another port of this host, as behind a NAT that forgot."""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(('127.0.0.1', 0))

    def until(self, kind, seconds):
        """Whether an event of this class came within so many seconds."""
        end = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            for data, _ in self.quic.datagrams_to_send(now):
                self.socket.sendto(data, self.to)
            while event := self.quic.next_event():
                if isinstance(event, events.ConnectionTerminated):
                    sys.exit(f'closed {event.error_code:#x}')
                if isinstance(event, kind):
                    return True
            if now >= end:
                return False
            timer = self.quic.get_timer()
            wait = min(end, timer or end) - now
            if select.select([self.socket], [], [], max(0, min(wait, 0.1)))[0]:
                self.quic.receive_datagram(self.socket.recv(65536), self.to, time.monotonic())
            elif timer and time.monotonic() >= timer:
                self.quic.handle_timer(time.monotonic())

    def ping(self, number):
        self.quic.send_ping(number)
        return self.until(events.PingAcknowledged, 3)


c = Client(int(sys.argv[1]), sys.argv[2])
if not c.until(events.HandshakeCompleted, 10):
    sys.exit('silence')
first = c.ping(1)
ids = [c.quic._peer_cid.cid, *(x.cid for x in c.quic._peer_cid_available)]
print('ids', *(i.hex() for i in ids))
print('forbids', 'yes' if theirs[0].disable_active_migration else 'no')
print('before', 'answered' if first else 'silence')
for n in range(int(sys.argv[3]) if len(sys.argv) > 3 else 1):
    end = time.monotonic() + pause
    while time.monotonic() < end:
        c.ping(1000)
        c.until((), 0.5)
    c.rebind()
    answered = c.ping(2 + n)
    print('after', 'answered' if answered else 'silence')
    if not answered:
        break
