#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""told.py NAME HTTP-PORT LINE-PORT - two backends of a service that say its name.

HTTP/1.1: any path; one that ends in /slow is answered after SLOW seconds. Lines: each comes back
behind the name; "slow" after that time, too. So a service can speak first after a silence.
"""
import http.server
import socketserver
import sys
import threading
import time

SLOW = 2
name, http_port, line_port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


class Http(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        if self.path.endswith('/slow'):
            time.sleep(SLOW)
        body = f'{name} '.encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Lines(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            if line.strip() == b'slow':
                time.sleep(SLOW)
            self.wfile.write(f'{name} '.encode() + line)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


lines = Server(('127.0.0.1', line_port), Lines)
threading.Thread(target=lines.serve_forever, daemon=True).start()
http.server.ThreadingHTTPServer(('127.0.0.1', http_port), Http).serve_forever()
