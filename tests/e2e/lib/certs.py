# SPDX-License-Identifier: GPL-2.0-or-later
"""Certificates for a run: one authority, and one key for each service."""
import os

from net import WORK, sh

CA = f'{WORK}/pki/ca.pem'


def authority():
    os.makedirs(f'{WORK}/pki', exist_ok=True)
    sh('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
       '-keyout', f'{WORK}/pki/ca.key', '-out', CA, '-days', '2', '-subj', '/CN=Test authority',
       '-addext', 'keyUsage=critical,keyCertSign,cRLSign')


def path(name):
    """Where a service's certificate is."""
    return f'{WORK}/pki/{name}.pem'


def issue(name, *hosts):
    """A key and a certificate for these host names; their paths."""
    base = f'{WORK}/pki/{name}'
    names = ','.join(f'DNS:{h}' for h in hosts)
    sh('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
       '-keyout', f'{base}.key', '-out', f'{base}.pem', '-days', '2', '-subj', f'/CN={hosts[0]}',
       '-addext', f'subjectAltName={names}', '-addext', 'extendedKeyUsage=serverAuth',
       '-addext', 'basicConstraints=critical,CA:FALSE',
       '-CA', CA, '-CAkey', f'{WORK}/pki/ca.key')
    os.chmod(f'{base}.key', 0o600)
    return f'{base}.pem', f'{base}.key'
