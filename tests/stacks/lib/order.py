# SPDX-License-Identifier: GPL-2.0-or-later
"""order.py COMMAND... - what a command sends to: protocol and port of each first packet, in their order.

With WAITED=A:B in the environment, of two such as tcp445:udp443: whole seconds between them, or "never".
"""
import os
import socket
import subprocess
import sys
import threading
import time

ETH_P_IP, PROTOCOLS = 0x0800, {6: 'tcp', 17: 'udp'}


def seen(sniffed, first):
    while True:
        data, where = sniffed.recvfrom(2048)
        protocol = PROTOCOLS.get(data[9])
        if protocol and where[2] == socket.PACKET_OUTGOING:
            at = 4 * (data[0] & 15)
            first.setdefault(f'{protocol}{int.from_bytes(data[at + 2:at + 4], "big")}', time.monotonic())


def main(*command):
    first = {}
    # Outgoing packets are seen by sockets of all protocols alone.
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)) as s:
        threading.Thread(target=seen, args=(s, first), daemon=True).start()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        time.sleep(1)
    order = [name for name in first if int(name[3:]) < 32768]
    if 'WAITED' in os.environ:
        a, b = os.environ['WAITED'].split(':')
        print(f'{first[b] - first[a]:.0f}' if a in first and b in first else 'never')
    else:
        print(*order or ['nothing'])


main(*sys.argv[1:])
