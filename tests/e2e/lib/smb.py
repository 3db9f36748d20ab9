# SPDX-License-Identifier: GPL-2.0-or-later
"""smbclient and Samba beyond one file: accounts, what protects the traffic, two clients at once."""
import concurrent.futures
import re

from clients import Smbclient
from nqtest.shell import Failed

NAME = 'fs.example.org'


def attempt(tap, label, job):
    try:
        tap.ok(job() or True, label)
    except Failed as e:
        tap.ok(False, label, e)


def protection(lane, conf, user, how):
    """(encryption, signing) of a session as Samba knows it."""
    said = Smbclient(user, protection=how).said(lane.host, lane.addresses['IPv4'], 443, NAME,
                                                'ls', f'!smbstatus -s {conf} -p')
    m = re.search(r'^\d+ .*SMB3_11 +(\S+) +(\S+)', said, re.M)
    if not m:
        raise Failed(f'no session in {said}')
    return m.groups()


def check(tap, lanes, conf, user):
    lane = lanes[0]
    v4 = lane.addresses['IPv4']
    r = lane.host.attempt(*Smbclient(user).argv(v4, 443, ['-L', f'//{NAME}']))
    tap.ok(r.returncode == 0 and re.search(r'^\s+files\s+Disk', r.stdout, re.M), 'smbclient lists the shares',
           r.stdout + r.stderr)
    for who, answer in ((user + 'x', 'NT_STATUS_LOGON_FAILURE'), ('%', 'NT_STATUS_ACCESS_DENIED')):
        r = lane.host.attempt(*Smbclient(who).argv(v4, 443, [f'//{NAME}/files']), '-c', 'ls')
        tap.ok(r.returncode != 0 and answer in r.stdout + r.stderr,
               f"smbclient is refused {'with a wrong password' if who != '%' else 'without an account'}: {answer}",
               r.stdout + r.stderr)
    for how, good in ((None, lambda e, s: True), ('sign', lambda e, s: 'AES' in s), ('encrypt', lambda e, s: 'AES' in e)):
        label = f"smbclient, {how or 'Samba defaults'}: "
        try:
            encryption, signing = protection(lane, conf, user, how)
            tap.ok(good(encryption, signing), f'{label}encryption {encryption}, signing {signing}')
        except Failed as e:
            tap.ok(False, label, e)
    for how in ('sign', 'encrypt'):
        attempt(tap, f'smbclient, {how}: 1 MiB written, read back, equal',
                lambda: Smbclient(user, protection=how)(lane.host, v4, 443, NAME))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        two = [(f, pool.submit(Smbclient(user, mib=4), lane.host, a, 443, NAME)) for f, a in lane.addresses.items()]
        for family, job in two:
            attempt(tap, f'two smbclients at once, 4 MiB each, {family}', job.result)
