# SPDX-License-Identifier: GPL-2.0-or-later
"""An HTTP/1.1 upstream that answers in text what it was asked; some of its paths misbehave."""
import time

from nqtest.upstream import Upstream, raw


class Teller(Upstream):
    def other(self, s, f, r, query):
        """Tell the request line, the fields, the body's size and SHA-256, the trailers."""
        if dict(r['fields']).get('expect') == '100-continue':
            self.send(s, b'HTTP/1.1 100 Continue\r\n\r\n')
        self.body(r, f)
        fields, trailers = (''.join(f'{n}: {v}\n' for n, v in x) for x in (r['fields'], r['trailers']))
        text = f"{r['method']} {r['target']}\n{fields}\n{r['size']} {r['sha256']}\n{trailers}"
        if r['method'] == 'HEAD':
            self.send(s, f'HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n'.encode())
            return True
        return self.answer(s, text)

    do_echo = other

    def keep(text):
        def do(self, s, f, r, query):
            self.send(s, text)
            return True
        return do

    do_none = keep(b'HTTP/1.1 204 No Content\r\n\r\n')
    do_hints = keep(b'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'
                    b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    do_chunked = keep(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n'
                      b'Connection: X-Hop\r\nX-Hop: secret\r\nKeep-Alive: x\r\n\r\n'
                      b'5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nX-Sum: 42\r\n\r\n')
    do_eof = raw(b'HTTP/1.1 200 OK\r\nX-End: close\r\n\r\nuntil the end')
    do_slow = Upstream.do_hang
    do_stall = Upstream.do_silent

    def do_split(self, s, f, r, query):
        # The pauses part the segments; nothing can be polled for.
        for piece in (b'HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 2\r\nConte', b'nt-Type: a/b\r\n\r\no', b'k'):
            self.send(s, piece)
            time.sleep(0.1)
        return True

    def do_big(self, s, f, r, query):
        return self.do_down(s, f, r, str(100 << 20))
