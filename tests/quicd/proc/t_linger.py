# SPDX-License-Identifier: GPL-2.0-or-later
"""What clients that have gone leave for a backend that does not take it."""
import signal
import socket
import subprocess

from nqtest import lab
from nqtest.checks import eq
from nqtest.poll import settled, wait_for
from nqtest.quicc import quicc_cmd
from nqtest.quicd import Service
from nqtest.suite import test


def left_behind(s, count, size):
    """Clients that finish a stream and vanish before the backend has taken it."""
    data = lab.TMP / "left"
    data.write_bytes(b"x" * size)
    clients = []
    for _ in range(count):
        with open(data, "rb") as f:
            clients.append(subprocess.Popen(quicc_cmd(s.port), stdin=f, stdout=subprocess.DEVNULL,
                                            stderr=subprocess.DEVNULL))
    wait_for(lambda: s.stat("received_bytes") > count * size, 20)
    settled(lambda: s.stat("received_bytes"))  # the end of the stream, too
    for p in clients:
        p.kill()
        p.wait()
    wait_for(lambda: s.stat("connections") == 0, 20)


def deaf(address, family=socket.AF_UNIX):
    """A backend whose connections nobody reads."""
    listening = socket.socket(family)
    listening.bind(address)
    listening.listen(64)
    return listening


@test
def what_is_left_is_bounded():
    """four times connection-window at most waits for a backend that does not read"""
    path = str(lab.TMP / "deaf.sock")
    backend = deaf(path)
    s = Service(service={"mode": "stream", "idle-timeout": "2s"}, stream={"backend": path},
                transport={"connection-window": "1M"})
    left_behind(s, 14, 900000)
    left = s.stat("stream_buffer_bytes")
    assert 1 << 20 < left < 5 << 20, left
    backend.close()


@test
def what_is_cut_is_no_end():
    """at the end of the process: a reset, not an end of file in the middle"""
    backend = deaf(("127.0.0.1", 0), socket.AF_INET)
    s = Service(service={"mode": "stream", "idle-timeout": "2s"},
                stream={"backend": "127.0.0.1:%d" % backend.getsockname()[1]},
                transport={"stream-window": "16M", "connection-window": "16M"})
    left_behind(s, 1, 15 << 20)
    assert s.stat("stream_buffer_bytes") > 0, "all of it went into the kernel"
    c, _ = backend.accept()
    s.signal(signal.SIGTERM)
    wait_for(lambda: "draining" in s.log())
    eq(s.stop(), 0)
    got = b"."
    try:
        while got:
            got = c.recv(1 << 20)
    except ConnectionResetError:
        got = None
    eq(got, None, "end of file")
    c.close()
    backend.close()
