# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures of what passes between hosts, and quic-inspect's reading of them."""
import json
import os
import shutil

from nqtest.hosts import WORK, Process
from nqtest.poll import settled, wait_for
from nqtest.shell import Failed, run
from nqtest.where import BUILD

HEAD = 24   # bytes of a pcap file before its first packet


class Capture:
    """Everything that passes a device, kept in a file."""

    def __init__(self, host, name, dev):
        self.file = f'{WORK}/{name}.pcap'
        self.host = host
        self.p = Process(host, name, ['tcpdump', '-Z', 'root', '-i', dev, '-U', '--immediate-mode', '-B', '16384', '-w', self.file,
                                      'udp', 'or', 'icmp', 'or', 'icmp6'])
        wait_for(lambda: 'listening on' in self.p.said(), 60, 'tcpdump listens', 0.1, Failed)

    def settle(self):
        """Wait until tcpdump has written all that the kernel saw; the size then."""
        wait_for(lambda: os.path.getsize(self.file) >= HEAD, 10, f'{self.file} has its head', 0.1, Failed)
        return settled(lambda: os.path.getsize(self.file))

    def since(self, size):
        """A capture of its own of what came since the file had this size."""
        self.settle()
        out = self.file.replace('.pcap', '-part.pcap')
        with open(self.file, 'rb') as f, open(out, 'wb') as part:
            part.write(f.read(HEAD))
            f.seek(max(size, HEAD))
            shutil.copyfileobj(f, part)
        return out

    def stop(self):
        self.settle()
        self.p.stop()

    def flows(self):
        return flows(self.file)


def flows(file):
    """The flows of a capture, as quic-inspect reads them: a list of dicts, one a flow."""
    return [json.loads(line) for line in run(f'{BUILD}/inspect/quic-inspect', '--json', file).splitlines()]
