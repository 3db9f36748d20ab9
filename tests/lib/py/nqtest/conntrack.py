# SPDX-License-Identifier: GPL-2.0-or-later
"""The UDP flows that conntrack still knows. An expired entry is not listed, collected or not."""
import os
import re
import socket
import struct

from nqtest import nft

PROC = '/proc/thread-self/net/nf_conntrack'
CT_GET = 1 << 8 | 1  # of the subsystem ctnetlink


def source_ports(ns):
    """The original source ports of all UDP flows in a namespace: a set."""
    with ns:
        if os.path.exists(PROC):
            with open(PROC) as f:
                return {int(m[1]) for m in (re.search(r' udp .*? sport=(\d+)', line) for line in f) if m}
        return _dump()


def _dump():
    ports = set()
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, nft.NETLINK_NETFILTER) as s:
        s.settimeout(20)
        s.send(struct.pack('=IHHIIBBH', 20, CT_GET, nft.NLM_F_REQUEST | nft.NLM_F_DUMP, 1, 0, 0, 0, 0))
        while True:
            data = s.recv(1 << 18)
            while data:
                length, kind = struct.unpack_from('=IH', data)
                if kind == 2:
                    raise OSError(-struct.unpack_from('=i', data, 16)[0], 'ctnetlink')
                if kind == 3:
                    return ports
                tuple_orig = dict(nft.parse(dict(nft.parse(data[20:length]))[1]))
                proto = dict(nft.parse(tuple_orig[2]))
                if proto[1] == b'\x11':
                    ports.add(struct.unpack('>H', proto[2])[0])
                data = data[(length + 3) & ~3:]
