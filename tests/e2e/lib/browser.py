# SPDX-License-Identifier: GPL-2.0-or-later
"""Browsers as clients like the others. They run on the build machine (browse.py): a job is left on
the share, the answer comes back there."""
import itertools
import json
import os

import certs
from clients import SILENCE, Client
from nqtest.poll import wait_for
from nqtest.shell import Failed, run as sh
from nqtest.where import BUILD as BIN

JOBS = f'{BIN}/e2e/browse'
V6 = 10000      # so much above a port is the one that leads to the same port over IPv6
numbers = itertools.count(1)


def ask(**job):
    """Have it done; the answer, or Failed."""
    base = f'{JOBS}/{next(numbers)}'
    with open(f'{base}.new', 'w') as f:
        json.dump(job, f)
    os.rename(f'{base}.new', f'{base}.json')
    wait_for(lambda: os.path.exists(f'{base}.answer'), 700, f"{job['browser']} answers", 0.1, Failed)
    with open(f'{base}.answer') as f:
        answer = json.load(f)
    if 'error' in answer:
        raise Failed(answer['error'])
    return answer


def spki(cert):
    """The hash of a certificate's key that Chromium is told to accept."""
    return sh('sh', '-c', f'openssl x509 -in {cert} -pubkey -noout | openssl pkey -pubin -outform der | '
              'openssl dgst -sha256 -binary | openssl base64').strip()


class Browser(Client):
    """By itself a browser closes a silent connection after 30 s: `idle` has it wait for longer,
    `early` connects again."""
    alpn = ['h3']
    may_not_resume = True

    def __init__(self, name, page, service):
        self.name, self.page, self.service = name, page, service
        self.known = None

    def version(self):
        return self.known

    def job(self, address, port, name, **what):
        answer = ask(browser=self.name, name=name, port=port + (V6 if ':' in address else 0),
                     ca='build/e2e/browse/ca.pem', spki=spki(certs.path(self.service)), **what)
        self.known = answer['version']
        if answer['text'].strip() != self.page.strip() or answer['protocol'] != 'h3':
            raise Failed(f"by {answer['protocol']}: {answer['text']}")
        return answer

    def __call__(self, host, address, port, name):
        # The picture of the last run is kept.
        answer = self.job(address, port, name, echo=200 << 10,
                          picture=f'build/e2e/pictures/{self.name}-{self.service}.png')
        if answer['echo'] != '200 true':
            raise Failed(f"another body came back than was sent: {answer['echo']}")
        return self.page.strip()

    def idle(self, host, address, port, name):
        if self.job(address, port, name, again=SILENCE, path='/', patient=True)['again'] != self.page:
            raise Failed('another answer after the pause')

    def early(self, host, address, port, name):
        """Whether it is accepted is between browser and server: `early 1` is what an application
        behind it is told if so."""
        return self.job(address, port, name, again=35, path='/echo')['again']

    def big(self, host, address, port, name, path, checksum):
        answer = self.job(address, port, name, sum=path)
        if answer['sum'] != checksum:
            raise Failed(f"{answer['size']} bytes with checksum {answer['sum']}, not {checksum}")
