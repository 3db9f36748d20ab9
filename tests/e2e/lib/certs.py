# SPDX-License-Identifier: GPL-2.0-or-later
"""Certificates for a run: one authority, and one key for each service."""
from nqtest.certs import Authority
from nqtest.hosts import WORK

CA = f'{WORK}/pki/ca.pem'
_authority = None


def authority():
    global _authority
    _authority = Authority(f'{WORK}/pki')


def path(name):
    """Where a service's certificate is."""
    return _authority.path(name)


def issue(name, *hosts):
    """A key and a certificate for these host names; their paths."""
    return _authority.issue(name, *hosts)
