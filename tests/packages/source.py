# SPDX-License-Identifier: GPL-2.0-or-later
"""A TCP service that sends 3 MiB to each client: 8 KiB every two seconds until the file argv[2] is there, then the rest."""
import os
import socketserver
import struct
import sys
import time

BLOCKS = 384


class Source(socketserver.BaseRequestHandler):
    def handle(self):
        for number in range(BLOCKS):
            self.request.sendall(struct.pack(">Q", number) * 1024)
            if not os.path.exists(sys.argv[2]):
                time.sleep(2)


if sys.argv[1] == "sum":
    import hashlib

    print(hashlib.sha256(b"".join(struct.pack(">Q", number) * 1024 for number in range(BLOCKS))).hexdigest())
else:
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    socketserver.ThreadingTCPServer.request_queue_size = 100
    socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), Source).serve_forever()
