# SPDX-License-Identifier: GPL-2.0-or-later
"""Loading and unloading the kernel module."""
import os
import subprocess

from nqtest.shell import sh
from nqtest.where import BUILD

MODULE = 'nft_quic'


def modprobe():
    """Load the module for the running kernel, from NFT_QUIC_KO or the build directory."""
    release = os.uname().release
    if os.path.exists(f'/sys/module/{MODULE}'):
        return
    sh('modprobe -a nf_tables nf_conntrack nf_defrag_ipv4 nf_defrag_ipv6')
    series = '.'.join(release.split('.')[:2])
    names = [os.environ.get('NFT_QUIC_KO', ''), f'{BUILD}/kmod/{series}/{MODULE}.ko',
             f'{BUILD}/kmod/{release}/{MODULE}.ko']
    for f in names:
        if f and os.path.exists(f):
            sh(f'insmod {f} ' + os.environ.get('NFT_QUIC_ARGS', ''))
            return
    sh(f'modprobe {MODULE}')


def rmmod():
    return subprocess.run(['rmmod', MODULE], stderr=subprocess.PIPE, text=True)
