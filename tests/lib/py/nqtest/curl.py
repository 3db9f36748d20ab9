# SPDX-License-Identifier: GPL-2.0-or-later
"""curl as an HTTP/3 client."""
import re


def command(host, port, ca, *args):
    """A command line for https://HOST:PORT, which args must name; the path is sent as it is."""
    return ['curl', '-sS', '--http3-only', '--path-as-is', '--cacert', str(ca), '--resolve',
            f'{host}:{port}:127.0.0.1', *map(str, args)]


class Response:
    """An answer as curl got it: status, fields (a list of pairs, names in lower case), body, exit code."""

    def __init__(self, done):
        self.code, self.body = done.returncode, done.stdout
        text = done.stderr.decode('latin-1')
        self.error = text
        # With interim responses and trailers there are several blocks.
        self.heads = [Head(b) for b in re.split(r'\r\n\r\n', text) if b.startswith('HTTP/3')]
        self.status = self.heads[-1].status if self.heads else None
        self.fields = self.heads[-1].fields if self.heads else []
        tail = text.rsplit('\r\n\r\n', 1)[-1]
        self.trailers = Head('HTTP/3 0\r\n' + tail).fields if self.heads else []

    def __getitem__(self, name):
        values = [v for n, v in self.fields if n == name]
        return values[0] if values else None

    def __repr__(self):
        return f'curl {self.code}, status {self.status}, {self.fields}, {len(self.body)} bytes: {self.body[:200]!r} {self.error[-300:]!r}'


class Head:
    def __init__(self, block):
        lines = block.split('\r\n')
        self.status = int(lines[0].split()[1])
        self.fields = [(n.lower(), v.strip()) for n, v in (ln.split(':', 1) for ln in lines[1:] if ':' in ln)]
