#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""greased.py VERB NAME [TIMES] - connections of the client NAME of clients.py to an aioquic server that sends grease_quic_bit (RFC 9287).

VERB:
  packets  the packets that had the fixed bit cleared: Initial, Handshake, short; or none
  share    in how many connections there were any: all, some or none
  first    the same for the first datagram of each
FLAG --plain behind them: the server does not send the parameter.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../lib/py'))

# pylint: disable=wrong-import-position
import clients  # noqa: E402
import hear  # noqa: E402
from aioquic.buffer import Buffer  # noqa: E402
from aioquic.quic import connection  # noqa: E402
from nqtest.certs import Authority  # noqa: E402
from wire import Side  # noqa: E402

GREASE_QUIC_BIT = 0x2ab2


def with_parameter(buf, parameters, push=connection.push_quic_transport_parameters):
    push(buf, parameters)
    buf.push_uint_var(GREASE_QUIC_BIT)
    buf.push_uint_var(0)


def header(buf, host_cid_length=None, pull=connection.pull_quic_header):
    """aioquic's, which does not take packets with the bit cleared; their first byte is under the AEAD as it came."""
    at = buf.tell()
    copy = bytearray(buf.data_slice(0, buf.capacity))
    copy[at] |= 0x40
    read = Buffer(data=bytes(copy))
    read.seek(at)
    found = pull(read, host_cid_length)
    buf.seek(read.tell())
    return found


def main(verb, name, times='12', plain=''):
    if not plain:
        connection.push_quic_transport_parameters = with_parameter
    connection.pull_quic_header = header
    client = next(c for c in clients.here() if c.name == name)
    cert, key = Authority('/tmp/stacks').issue('server', clients.NAME, addresses=['127.0.0.1'])
    found = []
    for _ in range(int(times)):
        heard = hear.served(client, clients.NAME, cert, key, 0.5)
        if not heard:
            sys.exit('no handshake')
        sides = []
        for data in heard['raw'][:1] if verb == 'first' else heard['raw']:
            sides.append(Side())
            sides[-1].feed(data)
        found.append(set().union(*(s.greased for s in sides)))
    if verb == 'packets':
        print(*[k for k in ('Initial', 'Handshake', 'short') if any(k in one for one in found)] or ['none'])
    else:
        print('all' if all(found) else 'some' if any(found) else 'none')


main(*sys.argv[1:])
