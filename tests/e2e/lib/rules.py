# SPDX-License-Identifier: GPL-2.0-or-later
"""The module, the distribution's nft with the facade in front, and the rules' counters."""
import glob
import os
import re

from nqtest.module import modprobe
from nqtest.shell import run as sh
from nqtest.where import BUILD as BIN


def install():
    """Load the module, and put the facade in front of this guest's libnftables."""
    modprobe()
    sh('make', '-s', '-C', '/src/nft-ext', f'O={BIN}/nft-ext', 'install')


def load(host, path):
    """nft -f, as nftables.service does for the files of /etc/nftables.d."""
    target = f'/etc/nftables.d/{os.path.basename(path)}'
    sh('install', '-D', '-m', '644', path, target)
    host.run('nft', '-f', target)


def listing(host):
    return host.run('nft', 'list', 'ruleset')


def counters(host):
    """{rule without its counter's figures: packets}"""
    rules = {}
    for line in listing(host).splitlines():
        m = re.search(r'counter packets (\d+) bytes \d+ ?', line)
        if m:
            rules[(line[:m.start()] + line[m.end():]).strip()] = int(m.group(1))
    return rules


def module_loaded():
    return bool(glob.glob('/sys/module/nft_quic'))
