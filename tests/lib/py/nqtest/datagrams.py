# SPDX-License-Identifier: GPL-2.0-or-later
"""Datagrams that sockets have received."""
import select
import time


def drain(sock):
    """All datagrams that are there: [(payload, address)]."""
    out = []
    while True:
        try:
            out.append(sock.recvfrom(65535))
        except (BlockingIOError, ConnectionRefusedError):
            return out


def collect(socks, n, seconds=3, quiet=0.05):
    """Wait for n datagrams on several sockets, then a little for what should not come.

    Returns a list of lists of payloads, one for each socket.
    """
    out = [[] for _ in socks]
    end = time.monotonic() + seconds
    while True:
        have = sum(map(len, out))
        left = quiet if have >= n else end - time.monotonic()
        if left <= 0:
            return out
        ready = select.select(socks, [], [], left)[0]
        if not ready and (have >= n or time.monotonic() >= end):
            return out
        for s in ready:
            out[socks.index(s)] += [d[0] for d in drain(s)]
