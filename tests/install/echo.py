# SPDX-License-Identifier: GPL-2.0-or-later
"""A TCP service that sends back what it gets: stands for Samba. Line "slow" delays the rest."""
import socketserver
import sys
import time


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            if data.startswith(b"slow"):
                time.sleep(3)
            self.request.sendall(data)


socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), Echo).serve_forever()
