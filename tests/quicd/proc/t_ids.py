# SPDX-License-Identifier: GPL-2.0-or-later
"""Connection IDs: the server ID in all of them, one ID without."""
import asyncio
import socket
from unittest import mock

from nqtest.aio import aioquic_run
from nqtest.checks import eq
from nqtest.ports import free_port
from nqtest.quicc import quicc, spawn_quicc
from nqtest.quicd import Service
from nqtest.suite import Skip, test


def all_ids(port):
    """The IDs that a client gets, the handshake's first, and the server's transport parameters."""
    try:
        from aioquic.quic.logger import QuicLogger
    except ImportError:
        raise Skip("python3-aioquic is not installed")
    logger = QuicLogger()

    async def work(c):
        await c.ping()
        await asyncio.sleep(0.1)  # NEW_CONNECTION_ID may come later than the answer
        return [bytes(i.cid) for i in [c._quic._peer_cid] + c._quic._peer_cid_available]

    ids = aioquic_run(port, work, quic_logger=logger)
    (params,) = [e["data"] for t in logger.to_dict()["traces"] for e in t["events"]
                 if e["name"] == "transport:parameters_set" and e["data"]["owner"] == "remote"]
    return ids, params


def check_routable(port, server_id, rotation=0):
    ids, params = all_ids(port)
    assert len(ids) > 1, ids
    eq({(i[0], i[1:3].hex(), len(i)) for i in ids}, {(rotation << 5 | 12, server_id, 13)})
    assert not params.get("disable_active_migration"), params
    eq(params["active_connection_id_limit"], 7)


@test
def server_id_is_the_port():
    """by default each ID has the port at which its connection began; all are of one length"""
    ports = free_port(), free_port()
    s = Service(service={"listen": "127.0.0.1:%d 127.0.0.1:%d" % ports, "workers": "3"})
    for port in ports:
        check_routable(port, "%04x" % port)
        assert "listening on 127.0.0.1:%d, mode echo, 3 workers, server ID %04x" % (port, port) in s.log()


@test
def no_server_id():
    """server-id = none: rotation 7, one ID, and the client must not migrate; its port may change"""
    s = Service(service={"server-id": "none"})
    ids, params = all_ids(s.port)
    eq([(i[0], len(i)) for i in ids], [(7 << 5 | 10, 11)])
    assert params.get("disable_active_migration"), params
    assert "server ID none" in s.log()


@test
def retry_has_the_server_id():
    """the Retry's ID, by which the client's next Initial goes, has it as well"""
    s = Service(service={"retry-threshold": "always"})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as front, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as back:
        front.bind(("127.0.0.1", 0))
        back.connect(("127.0.0.1", s.port))
        p = spawn_quicc(front.getsockname()[1])
        back.send(front.recvfrom(65536)[0])
        back.settimeout(5)
        answer = back.recv(65536)
        p.kill()
        p.wait()
    eq(answer[0] >> 4, 0xf, "type Retry")
    scid = answer[7 + answer[5]:][:answer[6 + answer[5]]]
    eq((scid[0], scid[1:3].hex(), len(scid)), (12, "%04x" % s.port, 13))
    eq(quicc(s, data=b"x").out, b"x")
    check_routable(s.port, "%04x" % s.port)


def without_parameters(port):
    """The code with which the server closes on a ClientHello that has no transport parameters."""
    try:
        from aioquic.quic.connection import QuicConnection
    except ImportError:
        raise Skip("python3-aioquic is not installed")
    seen = []
    initialize = QuicConnection._initialize

    def leave_out(self, *args):
        initialize(self, *args)
        self.tls.handshake_extensions = []
        seen.append(self)

    with mock.patch.object(QuicConnection, "_initialize", leave_out):
        try:
            aioquic_run(port, lambda c: c.ping())
        except ConnectionError:
            pass
    return seen[-1]._close_event.error_code


@test
def no_transport_parameters():
    """a ClientHello without them is refused with the alert missing_extension; the service lives"""
    for server_id in "none", "port":
        s = Service(service={"server-id": server_id})
        eq(without_parameters(s.port), 0x100 + 109)
        eq(s.stat("handshakes_failed_tls"), 1)
        eq(quicc(s, data=b"x").out, b"x")
