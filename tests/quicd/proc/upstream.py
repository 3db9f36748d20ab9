# SPDX-License-Identifier: GPL-2.0-or-later
"""An HTTP/1.1 upstream that tells what it was asked, and some that misbehave."""
import hashlib
import http.server
import socketserver
import threading
import time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536

    def setup(self):
        super().setup()
        self.server.connections += 1
        self.served = 0

    def log_message(self, *args):
        pass

    def body(self):
        digest, n, trailers = hashlib.sha256(), 0, ""
        if self.headers.get("Transfer-Encoding") == "chunked":
            while True:
                left = int(self.rfile.readline().split(b";")[0], 16)
                if left == 0:
                    break
                while left:
                    d = self.rfile.read(min(left, 65536))
                    digest.update(d)
                    n += len(d)
                    left -= len(d)
                self.rfile.readline()
            while True:
                line = self.rfile.readline()
                if line in (b"\r\n", b""):
                    break
                trailers += line.decode()
        else:
            left = int(self.headers.get("Content-Length", 0))
            while left:
                d = self.rfile.read(min(left, 65536))
                digest.update(d)
                n += len(d)
                left -= len(d)
        return n, digest.hexdigest(), trailers

    def raw(self, text, close=True):
        self.wfile.write(text)
        self.wfile.flush()
        self.close_connection = close

    def handle_one(self):
        path = self.path.split("?")[0]
        if path == "/close":
            self.close_connection = True
        elif path == "/garbage":
            self.raw(b"this is not HTTP\r\n\r\n")
        elif path == "/split":
            self.raw(b"HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 2\r\nConte", False)
            time.sleep(0.1)
            self.raw(b"nt-Type: a/b\r\n\r\no", False)
            time.sleep(0.1)
            self.raw(b"k", False)
        elif path == "/upgrade":
            self.raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
        elif path == "/cut":
            self.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        elif path == "/eof":
            self.raw(b"HTTP/1.1 200 OK\r\nX-End: close\r\n\r\nuntil the end")
        elif path == "/hints":
            self.raw(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                     b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", False)
        elif path == "/slow":
            time.sleep(4)
        elif path == "/stall":
            self.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", False)
            time.sleep(4)
        elif path == "/chunked":
            self.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n"
                     b"Connection: X-Hop\r\nX-Hop: secret\r\nKeep-Alive: x\r\n\r\n"
                     b"5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nX-Sum: 42\r\n\r\n", False)
        elif path == "/none":
            self.raw(b"HTTP/1.1 204 No Content\r\n\r\n", False)
        elif path == "/refuse":
            self.raw(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno\n")
        elif path == "/big":
            self.send_response(200)
            self.send_header("Content-Length", str(100 << 20))
            self.end_headers()
            for _ in range(1600):
                self.wfile.write(b"x" * 65536)
        else:
            n, digest, trailers = self.body()
            text = "%s %s\n%s\n%d %s\n%s" % (self.command, self.path, self.headers, n, digest,
                                             trailers)
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text.encode())

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = handle_one


class Upstream(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.connections = 0
        self.address = "127.0.0.1:%d" % self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()
