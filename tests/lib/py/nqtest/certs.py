# SPDX-License-Identifier: GPL-2.0-or-later
"""A certificate authority of the tests' own, and certificates that it signs."""
import os

from nqtest.shell import run

EC = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes')


class Authority:
    """ca.pem and ca.key in a directory, made at once."""

    def __init__(self, where, subject='/CN=Test authority'):
        os.makedirs(where, exist_ok=True)
        self.where = str(where)
        self.pem, self.key = f'{where}/ca.pem', f'{where}/ca.key'
        run('openssl', 'req', '-x509', *EC, '-keyout', self.key, '-out', self.pem, '-days', '30', '-subj', subject,
            '-addext', 'keyUsage=critical,keyCertSign,cRLSign')

    def path(self, name):
        """Where a certificate is."""
        return f'{self.where}/{name}.pem'

    def issue(self, name, *hosts, addresses=(), mode=0o600, usage='serverAuth'):
        """A certificate for these hosts and its key, whose file gets this mode; their paths."""
        pem, key = self.path(name), f'{self.where}/{name}.key'
        names = ','.join([f'DNS:{h}' for h in hosts] + [f'IP:{a}' for a in addresses])
        run('openssl', 'req', '-x509', *EC, '-keyout', key, '-out', pem, '-days', '30', '-subj', f'/CN={hosts[0]}',
            '-addext', f'subjectAltName={names}', '-addext', f'extendedKeyUsage={usage}',
            '-addext', 'basicConstraints=critical,CA:FALSE', '-CA', self.pem, '-CAkey', self.key)
        os.chmod(key, mode)
        return pem, key
