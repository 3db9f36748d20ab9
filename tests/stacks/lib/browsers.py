# SPDX-License-Identifier: GPL-2.0-or-later
"""Command lines of browsers that open one page over HTTP/3, each time with a profile of its own."""
import base64
import hashlib
import json
import subprocess
import tempfile

CA, CERT = '/tmp/stacks/ca.pem', '/tmp/stacks/server.pem'


def openssl(*argv, **kw):
    return subprocess.run(['openssl', *argv], capture_output=True, check=True, **kw).stdout


def spki():
    """The hash of the server's key, as Chromium wants it."""
    key = openssl('pkey', '-pubin', '-outform', 'der', input=openssl('x509', '-in', CERT, '-noout', '-pubkey'))
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


def host(name):
    """The name as a browser keeps it."""
    return name.lower().encode('idna').decode().rstrip('.') if not name.isascii() else name.lower()


class Chromium:
    name, program, alpn, patience = 'Chromium', 'chromium', ['h3'], 40
    pages = True    # it runs scripts

    def argv(self, address, port, name):
        return [self.program, '--headless', '--no-sandbox', f'--user-data-dir={tempfile.mkdtemp(prefix="stacks-")}', '--no-first-run',
                '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-extensions',
                '--disable-gpu', '--disable-dev-shm-usage', '--enable-quic', f'--origin-to-force-quic-on={host(name)}:{port}',
                f'--ignore-certificate-errors-spki-list={spki()}', f'--host-resolver-rules=MAP * {address}',  f'https://{name}:{port}/']


class Firefox:
    name, program, alpn, patience = 'Firefox ESR', 'firefox-esr', ['h3'], 60
    pages = True
    prefs = {
        'network.http.http3.enable': True,
        # HTTP/3 at once, and nothing beside it.
        'network.http.http3.force-use-alt-svc-mapping-for-testing': True,
        'network.http.http3.backup_timer_delay': 0,
        'network.http.http3.parallel_fallback_conn_limit': 0,
        'network.http.http3.disable_when_third_party_roots_found': False,
        'network.http.speculative-parallel-limit': 0,
        'network.trr.mode': 5,
        'network.captive-portal-service.enabled': False,
        'network.connectivity-service.enabled': False,
        'security.OCSP.enabled': 0,
        'security.remote_settings.crlite_filters.enabled': False,
        'app.update.enabled': False,
        'app.normandy.enabled': False,
        'browser.safebrowsing.update.enabled': False,
        'browser.shell.checkDefaultBrowser': False,
        'datareporting.policy.dataSubmissionEnabled': False,
        'extensions.update.enabled': False,
        'toolkit.telemetry.enabled': False,
        'services.settings.server': 'data:,',
    }

    def argv(self, address, port, name):
        profile = tempfile.mkdtemp(prefix='stacks-')
        prefs = {**self.prefs, 'network.dns.forceResolve': address,
                 'network.http.http3.alt-svc-mapping-for-testing': f'{host(name)};h3=:{port}'}
        with open(f'{profile}/user.js', 'w', encoding='ascii') as f:
            f.writelines(f'user_pref("{k}", {json.dumps(v)});\n' for k, v in prefs.items())
        db = f'sql:{profile}'
        subprocess.run(['certutil', '-N', '-d', db, '--empty-password'], check=True)
        subprocess.run(['certutil', '-A', '-d', db, '-n', 'test authority', '-t', 'C,,', '-i', CA], check=True)
        return ['env', 'MOZ_CRASHREPORTER_DISABLE=1', f'HOME={profile}', self.program, '--headless', '--no-remote', '--profile', profile,
                f'https://{name}:{port}/']
