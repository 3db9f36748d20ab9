# SPDX-License-Identifier: GPL-2.0-or-later
"""An HTTP/1.1 server of the tests' own: answers by the path, and remembers what it was sent."""
import hashlib
import json
import os
import re
import socket
import threading
import time

MIB = 1 << 20


def raw(text):
    """A path whose answer is this text, whatever it is, and the end of the connection."""
    def do(self, s, f, r, query):
        self.send(s, text)
        return False
    return do


class Upstream:
    def __init__(self, unix=None):
        self.unix = unix
        self.requests, self.connections, self.sent, self.received, self.gone = [], 0, 0, 0, 0
        self.release = threading.Event()
        self.socks = set()
        self.listen()

    def listen(self, port=0):
        if self.unix:
            if os.path.exists(self.unix):
                os.unlink(self.unix)
            self.server = socket.socket(socket.AF_UNIX)
            self.server.bind(self.unix)
            self.address = 'unix:' + self.unix
        else:
            self.server = socket.socket()
            self.server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.server.bind(('127.0.0.1', port))
            self.port = self.server.getsockname()[1]
            self.address = f'127.0.0.1:{self.port}'
        self.server.listen(64)
        threading.Thread(target=self.accept, args=(self.server,), daemon=True).start()

    def accept(self, server):
        while True:
            try:
                s, _ = server.accept()
            except OSError:
                return
            self.connections += 1
            self.socks.add(s)
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def stop(self):
        """Dies: no listener, all connections broken."""
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        for s in list(self.socks):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def serve(self, s):
        f = s.makefile('rb')
        try:
            while self.one(s, f):
                pass
        except (OSError, ValueError) as e:
            self.gone += 1
            self.error = e
        finally:
            self.socks.discard(s)
            f.close()
            s.close()

    def header(self, f):
        fields = []
        while True:
            line = f.readline()
            if line in (b'\r\n', b''):
                return fields
            n, v = line.decode('latin-1').rstrip('\r\n').split(':', 1)
            fields.append((n.lower(), v.strip()))

    def body(self, r, f):
        """Reads the request's body as HTTP/1.1 frames it."""
        h, digest = dict(r['fields']), hashlib.sha256()
        r['framing'], r['size'], r['trailers'] = 'none', 0, []

        def take(n):
            while n:
                data = f.read(min(n, 65536))
                if not data:
                    raise ValueError('the body is cut short')
                digest.update(data)
                r['size'] += len(data)
                self.received += len(data)
                n -= len(data)

        if h.get('transfer-encoding') == 'chunked':
            r['framing'] = 'chunked'
            while True:
                n = int(f.readline(), 16)
                if not n:
                    break
                take(n)
                if f.readline() != b'\r\n':
                    raise ValueError('no end of chunk')
            r['trailers'] = self.header(f)
        elif 'content-length' in h:
            r['framing'] = 'length'
            take(int(h['content-length']))
        r['sha256'] = digest.hexdigest()

    def send(self, s, data):
        s.sendall(data)
        self.sent += len(data)

    def answer(self, s, text, fields=(), status='200 OK'):
        data = text if isinstance(text, bytes) else text.encode()
        head = ''.join(f'{n}: {v}\r\n' for n, v in fields)
        self.send(s, f'HTTP/1.1 {status}\r\nContent-Length: {len(data)}\r\n{head}\r\n'.encode() + data)
        return True

    def one(self, s, f):
        line = f.readline().decode('latin-1')
        if not line:
            return False
        method, target, version = line.rstrip('\r\n').split(' ')
        r = {'method': method, 'target': target, 'version': version, 'fields': self.header(f),
             'connection': self.connections}
        self.requests.append(r)
        path, _, query = target.partition('?')
        name = re.sub(r'\W', '_', path.strip('/').split('/')[-1]) or 'echo'
        return getattr(self, 'do_' + name, self.other)(s, f, r, query)

    def other(self, s, f, r, query):
        """A path without an answer of its own."""
        self.body(r, f)
        return self.answer(s, 'nothing here', status='404 Not Found')

    # A function for each path; it returns whether the connection is kept.

    def do_echo(self, s, f, r, query):
        self.body(r, f)
        return self.answer(s, '' if r['method'] == 'HEAD' else json.dumps(r), [('Content-Type', 'application/json')]) \
            if r['method'] != 'HEAD' else self.do_head(s, f, r, query)

    def do_head(self, s, f, r, query):
        self.send(s, b'HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n')
        return True

    def pattern(self, s, n, frame):
        block = bytes(range(256)) * 256
        while n:
            piece = block[:min(n, len(block))]
            self.send(s, frame(piece))
            n -= len(piece)

    def do_down(self, s, f, r, query):
        self.send(s, f'HTTP/1.1 200 OK\r\nContent-Length: {query}\r\n\r\n'.encode())
        self.pattern(s, int(query), lambda p: p)
        return True

    def do_chunked(self, s, f, r, query):
        self.send(s, b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
        self.pattern(s, int(query), lambda p: b'%x;ext=1\r\n' % len(p) + p + b'\r\n')
        self.send(s, b'0\r\n\r\n')
        return True

    def do_until_close(self, s, f, r, query):
        self.send(s, b'HTTP/1.0 200 OK\r\n\r\n')
        self.pattern(s, int(query), lambda p: p)
        return False

    def do_trailers(self, s, f, r, query):
        self.send(s, b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\n'
                     b'X-Sum: 42\r\nConnection: x-sum2\r\nX-Sum2: 1\r\nHost: x\r\nX-Forwarded-For: y\r\n\r\n')
        return True

    def do_early(self, s, f, r, query):
        self.send(s, b'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\n')
        return self.answer(s, 'after hints')

    def do_late_body(self, s, f, r, query):
        """A body for HEAD, when the connection has long been used for the next request."""
        self.send(s, b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n')
        time.sleep(1)
        self.send(s, b'<p>no</p>')
        return True

    def do_last_hint(self, s, f, r, query):
        self.send(s, b'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: close\r\n\r\n')
        self.answer(s, 'after hints', [('Connection', 'close')])
        return False

    def do_hop(self, s, f, r, query):
        return self.answer(s, 'hop', [('Connection', 'keep-alive, X-Private'), ('X-Private', '1'), ('Keep-Alive', 'timeout=5'),
                                      ('Upgrade', 'h2c'), ('Proxy-Connection', 'x'), ('X-Public', 'a'), ('X-Public', 'b'),
                                      ('Set-Cookie', 'a=1'), ('Set-Cookie', 'b=2')])

    def do_continue(self, s, f, r, query):
        r['before'] = self.received
        self.send(s, b'HTTP/1.1 100 Continue\r\n\r\n')
        self.body(r, f)
        return self.answer(s, json.dumps(r))

    def do_no_content(self, s, f, r, query):
        self.send(s, b'HTTP/1.1 204 No Content\r\nX-Here: 1\r\nContent-Length: 5\r\n\r\n')
        return True

    def do_not_modified(self, s, f, r, query):
        self.send(s, b'HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\nETag: "x"\r\n\r\n')
        return True

    def do_hang(self, s, f, r, query):
        f.read(1)  # until it closes
        self.gone += 1
        return False

    def do_close(self, s, f, r, query):
        return False

    do_vast_length = raw(b'HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n')
    do_two_codings = raw(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n'
                         b'2\r\nok\r\n0\r\n\r\n')
    do_cut = raw(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this')
    do_cut_chunk = raw(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nonly')
    do_garbage = raw(b'\x16\x03\x01 no HTTP at all\r\n\r\n')
    do_two_lengths = raw(b'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd')
    do_both = raw(b'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')
    do_gzip = raw(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n')
    do_upgrade = raw(b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n')
    do_bad_name = raw(b'HTTP/1.1 200 OK\r\nBad Name: x\r\nContent-Length: 0\r\n\r\n')
    do_bad_value = raw(b'HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n')
    do_many = raw(b'HTTP/1.1 200 OK\r\n' + b''.join(b'X-%d: y\r\n' % i for i in range(300)) + b'Content-Length: 0\r\n\r\n')
    do_huge = raw(b'HTTP/1.1 200 OK\r\nX: ' + b'y' * 100000 + b'\r\nContent-Length: 0\r\n\r\n')
    do_endless_line = raw(b'HTTP/1.1 200 ' + b'y' * 200000)
    do_extra = raw(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged')

    def do_slow_read(self, s, f, r, query):
        self.release.wait(30)
        self.body(r, f)
        return self.answer(s, json.dumps(r))

    def do_refuse(self, s, f, r, query):
        """Answers before the body has come, and keeps the connection open for a while."""
        self.answer(s, 'too much', status='413 Content Too Large')
        time.sleep(0.5)
        return False

    def do_silent(self, s, f, r, query):
        self.send(s, b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome')
        f.read(1)
        return False
