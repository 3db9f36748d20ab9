#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""backend.py PORT DIR - the HTTP/1.1 application behind the web servers: sends back what is
posted to it, tells at /echo whether a request came in early data, and serves the files of DIR."""
import functools
import http.server
import sys


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers['Content-Length'])))

    def do_GET(self):
        if self.path == '/echo':
            self.answer(f"early {self.headers['Early-Data'] or 0}".encode())
        else:
            super().do_GET()

    def answer(self, body):
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])),
                                functools.partial(Handler, directory=sys.argv[2])).serve_forever()
