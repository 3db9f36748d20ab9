# SPDX-License-Identifier: GPL-2.0-or-later
"""Small TCP backends, each connection in a thread."""
import socket
import struct
import threading


class Backend:
    """Calls handler(socket, backend) for each connection."""

    def __init__(self, handler, path=None, port=0):
        self.handler = handler
        self.notes = []
        self.accepted = 0
        if path:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.bind(str(path))
            self.address = str(path)
        else:
            self.sock = socket.socket()
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.sock.bind(("127.0.0.1", port))
            self.port = self.sock.getsockname()[1]
            self.address = "127.0.0.1:%d" % self.port
        self.sock.listen(512)
        self.open = set()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                s, _ = self.sock.accept()
            except OSError:
                return
            self.accepted += 1
            self.open.add(s)
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def serve(self, s):
        try:
            self.handler(s, self)
        except OSError as e:
            self.notes.append(type(e).__name__)
        finally:
            self.open.discard(s)
            s.close()

    def close(self, hard=False):
        """Stops listening; hard: breaks all connections off."""
        self.sock.shutdown(socket.SHUT_RDWR) if self.sock.family == socket.AF_INET else None
        self.sock.close()
        if hard:
            for s in list(self.open):
                break_off(s)


def reset(s):
    """Closes with a RST."""
    try:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
    except OSError:
        pass


def break_off(s):
    """Ends a connection that another thread reads: it wakes up and its close sends a RST."""
    try:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def echo(s, _):
    while True:
        d = s.recv(65536)
        if not d:
            break
        s.sendall(d)


def received(s, each=lambda n: None):
    """Read to the end; each(n) is called with what there is so far. How many bytes there were."""
    n = 0
    while d := s.recv(1 << 20):
        n += len(d)
        each(n)
    return n


def sink(s, b):
    n = received(s)
    b.notes.append(n)
    s.sendall(b"%d\n" % n)
