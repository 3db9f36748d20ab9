# SPDX-License-Identifier: GPL-2.0-or-later
"""tun.py VERB TO [FLAG...] - a program with a TUN device `t0`, 10.0.4.1, beside UDP in the network namespace TO; prints what it counts.

VERB:
  batch    one packet that holds two datagrams of 600 bytes, from 10.0.4.2 to 10.0.2.2:443; the receiver's reads and bytes
  single   the two in packets of their own
  letters  a batch whose datagrams begin with A and B, as two connections' would; the letters that arrive
  read     a batch from TO to 10.0.4.2; how many packets the program gets
FLAG: napi (IFF_NAPI), uso (TUN_F_USO4), forwarding (ethtool's rx-udp-gro-forwarding)
"""
import os
import select
import socket
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../lib/py'))

# pylint: disable=wrong-import-position
from datagrams import SIZE, UDP_SEGMENT, everything, made  # noqa: E402
from nqtest import tun  # noqa: E402

US, THEM = ('10.0.4.2', 4000), ('10.0.2.2', 443)


def main(verb, to, *flags):
    fd = tun.device('t0', 'napi' in flags, 'uso' in flags)
    for line in ['ip addr add 10.0.4.1/24 dev t0', 'ip link set t0 up'] + \
                ['ethtool -K t0 gro on rx-udp-gro-forwarding on'] * ('forwarding' in flags):
        subprocess.run(line.split(), check=True)
    s = made(to, 443)
    first, second = b'A' * SIZE, b'B' * SIZE
    if verb == 'read':
        s.sendmsg([first + second], [(socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack('H', SIZE))], 0, US)
        count = 0
        while select.select([fd], [], [], 0.7)[0]:
            data = os.read(fd, 65536)[tun.HEADER:]
            count += data[0] >> 4 == 4 and data[9] == 17
        print(count)
        return
    for data in [first, second] if verb == 'single' else [first + second]:
        os.write(fd, tun.packet(US, THEM, data, SIZE))
    found = everything(s)
    if verb == 'letters':
        print(*sorted({chr(d[0]) for d, *_ in found}) or ['nothing'])
    else:
        print(len(found), sum(len(d) for d, *_ in found))


try:
    main(*sys.argv[1:])
except OSError as e:    # what this kernel or device does not take
    print(e.strerror)
