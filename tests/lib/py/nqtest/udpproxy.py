# SPDX-License-Identifier: GPL-2.0-or-later
"""A UDP proxy that spoils a path."""
import heapq
import random
import select
import socket
import threading
import time


class UdpProxy:
    """A UDP path to a port: loses (all beyond an MTU), reorders and delays datagrams, or
    changes its address."""

    def __init__(self, port, loss=0.0, reorder=0.0, delay=0.0, seed=1, mtu=65535, host="127.0.0.1"):
        self.server = (host, port)
        self.mtu = mtu
        self.loss, self.reorder, self.delay = loss, reorder, delay
        self.random = random.Random(seed)
        self.front = self.make()
        self.front.bind(("127.0.0.1", 0))
        self.port = self.front.getsockname()[1]
        self.back = {}
        self.client = {}
        self.queue = []
        self.n = self.lost = 0
        self.largest = 0  # that got through
        self.stopped = False
        self.rebinding = False
        self.mute = False  # the client gets nothing
        self.upto = float("inf")  # that many datagrams more reach the server
        threading.Thread(target=self.run, daemon=True).start()

    @staticmethod
    def make():
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        return s

    def rebind(self):
        """From now on the server sees every client at a new port."""
        self.rebinding = True

    def back_for(self, addr):
        if self.rebinding:
            for s in self.back.values():
                self.client.pop(s, None)
                s.close()
            self.back.clear()
            self.rebinding = False
        s = self.back.get(addr)
        if not s:
            s = self.make()
            s.connect(self.server)
            self.back[addr] = s
            self.client[s] = addr
        return s

    def forward(self, sock, to, data):
        self.n += 1
        if len(data) > self.mtu or self.random.random() < self.loss:
            self.lost += 1
            return
        self.largest = max(self.largest, len(data))
        late = self.delay
        if self.random.random() < self.reorder:
            late += 0.003 + self.random.random() * 0.005
        if late:
            heapq.heappush(self.queue, (time.monotonic() + late, self.n, sock, to, data))
        else:
            self.put(sock, to, data)

    @staticmethod
    def put(sock, to, data):
        try:
            sock.sendto(data, to) if to else sock.send(data)
        except OSError:
            pass

    def run(self):
        while not self.stopped:
            wait = 0.05
            if self.queue:
                wait = max(0, min(wait, self.queue[0][0] - time.monotonic()))
            ready, _, _ = select.select([self.front] + list(self.client), [], [], wait)
            for s in ready:
                for _ in range(64):
                    try:
                        data, addr = s.recvfrom(65536, socket.MSG_DONTWAIT)
                    except OSError:
                        break
                    if s is self.front:
                        self.upto -= 1
                        if self.upto < 0:
                            continue
                        self.forward(self.back_for(addr), None, data)
                    elif s in self.client and not self.mute:
                        self.forward(self.front, self.client[s], data)
            while self.queue and self.queue[0][0] <= time.monotonic():
                _, _, sock, to, data = heapq.heappop(self.queue)
                self.put(sock, to, data)

    def stop(self):
        self.stopped = True
