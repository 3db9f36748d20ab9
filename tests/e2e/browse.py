#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""browse.py DIR - a browser on the build machine does what a test in a guest asks for.

Runs in the browsers' root until DIR/end appears. For each job DIR/N.json a browser starts with a
fresh profile, opens the page over HTTP/3 and nothing else, does what the job says, and the answer
is left in DIR/N.answer; of a failure Chromium's log of the network in DIR/N.netlog. A job: browser
(is it there?), name and port (of 127.0.0.1) to go to, ca (a file here), spki (of the server's
key); optional: picture (a file for it), echo (how many bytes to post to /echo), sum (a path to
fetch and hash), again (seconds to wait and fetch path), patient (keep a silent connection for
longer than the browser would).
"""
import base64
import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

# The answers and their protocols; then the slow ones.
SCRIPT = '''
const echo = %(echo)s, sum = %(sum)s, again = %(again)s, path = %(path)s;
const answer = {text: document.body.innerText,
	protocol: performance.getEntriesByType('navigation')[0].nextHopProtocol};
if (echo) {
	const sent = new Uint8Array(echo);
	for (let i = 0; i < echo; i += 65536)
		crypto.getRandomValues(sent.subarray(i, i + 65536));
	const r = await fetch('/echo', {method: 'POST', body: sent});
	const back = new Uint8Array(await r.arrayBuffer());
	answer.echo = r.status + ' ' + (back.length == sent.length && back.every((x, i) => x == sent[i]));
}
if (sum) {
	const data = await (await fetch(sum)).arrayBuffer();
	const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', data));
	answer.size = data.byteLength;
	answer.sum = Array.from(hash, x => x.toString(16).padStart(2, '0')).join('');
}
if (again) {
	await new Promise(done => setTimeout(done, again * 1000));
	answer.again = await (await fetch(path, {cache: 'no-store'})).text();
}
return JSON.stringify(answer);
'''


started = []
PATIENCE = 600  # seconds for a job


class Broken(Exception):
    """The browser did not do what it was told; the text says what."""


def start(argv, profile, **kw):
    p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                         env={**os.environ, 'HOME': profile, 'MOZ_CRASHREPORTER_DISABLE': '1'}, **kw)
    started.append(p)
    return p


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as s:
        return s.getsockname()[1]


class Chromium:
    """Driven over its debugging pipe: JSON, each message ended by a zero byte."""

    def __init__(self, job, profile):
        self.n, self.buffer = 0, b''
        here, there = os.pipe(), os.pipe()

        def pipes():
            # The browser reads commands from 3 and writes answers to 4.
            a, b = os.dup(here[0]), os.dup(there[1])
            os.dup2(a, 3)
            os.dup2(b, 4)
        host = job['name']
        self.p = start(
            ['chromium', '--headless', '--no-sandbox', '--remote-debugging-pipe', f'--user-data-dir={profile}',
             f'--log-net-log={profile}/net.json', '--no-first-run', '--disable-background-networking',
             '--disable-component-update', '--disable-sync', '--disable-default-apps', '--disable-extensions',
             '--disable-gpu', '--disable-dev-shm-usage',
             # An emulated server may need longer than a browser would wait.
             '--force-fieldtrials=QUIC/Slow/',
             '--force-fieldtrial-params=QUIC.Slow:max_time_before_crypto_handshake_seconds/120'
             '/max_idle_time_before_crypto_handshake_seconds/60'
             + ('/idle_connection_timeout_seconds/180' if job.get('patient') else ''),
             '--enable-quic', f'--origin-to-force-quic-on={host}:443',
             f"--ignore-certificate-errors-spki-list={job['spki']}",
             f"--host-resolver-rules=MAP {host}:443 127.0.0.1:{job['port']}", '--window-size=800,300', 'about:blank'],
            profile, close_fds=False, preexec_fn=pipes)
        os.close(here[0]), os.close(there[1])
        self.to, self.fro = here[1], there[0]
        target = self.ask('Target.createTarget', url='about:blank')['targetId']
        self.session = self.ask('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        self.ask('Page.enable')

    session = None

    def message(self):
        while b'\0' not in self.buffer:
            more = os.read(self.fro, 1 << 20)
            if not more:
                raise Broken(f'chromium ended with status {self.p.wait()}')
            self.buffer += more
        one, _, self.buffer = self.buffer.partition(b'\0')
        return json.loads(one)

    def ask(self, method, **params):
        self.n += 1
        command = {'id': self.n, 'method': method, 'params': params}
        if self.session:
            command['sessionId'] = self.session
        os.write(self.to, json.dumps(command).encode() + b'\0')
        while True:
            m = self.message()
            if m.get('id') == self.n:
                if 'error' in m:
                    raise Broken(f"{method}: {m['error']}")
                return m['result']
            self.loaded = getattr(self, 'loaded', False) or m.get('method') == 'Page.loadEventFired'

    def open(self, url):
        self.loaded = False
        r = self.ask('Page.navigate', url=url)
        if r.get('errorText'):
            raise Broken(f"{url}: {r['errorText']}")
        while not self.loaded:
            self.loaded = self.message().get('method') == 'Page.loadEventFired'

    def script(self, body):
        r = self.ask('Runtime.evaluate', expression=f'(async () => {{{body}}})()', awaitPromise=True,
                     returnByValue=True)
        if 'exceptionDetails' in r:
            raise Broken(r['exceptionDetails']['exception'].get('description', str(r)))
        return r['result']['value']

    def picture(self):
        return self.ask('Page.captureScreenshot', format='png')['data']


class Firefox:
    """Driven over Marionette: LENGTH:[0, id, command, parameters] on a TCP port."""

    PREFS = {
        'network.http.http3.enable': True,
        'network.http.http3.enable_0rtt': True,
        # No second attempt beside it, of which there would be only TCP.
        'network.http.http3.force-use-alt-svc-mapping-for-testing': True,
        'network.http.http3.backup_timer_delay': 0,
        'network.http.http3.parallel_fallback_conn_limit': 0,
        # Ours is an authority that Debian does not ship.
        'network.http.http3.disable_when_third_party_roots_found': False,
        'network.dns.forceResolve': '127.0.0.1',
        'network.trr.mode': 5,
        'network.captive-portal-service.enabled': False,
        'network.connectivity-service.enabled': False,
        'network.http.speculative-parallel-limit': 0,
        'security.OCSP.enabled': 0,
        'security.remote_settings.crlite_filters.enabled': False,
        'app.update.enabled': False,
        'app.normandy.enabled': False,
        'browser.safebrowsing.update.enabled': False,
        'browser.shell.checkDefaultBrowser': False,
        'browser.startup.page': 0,
        'datareporting.policy.dataSubmissionEnabled': False,
        'extensions.update.enabled': False,
        'toolkit.telemetry.enabled': False,
        'services.settings.server': 'data:,',
    }

    def __init__(self, job, profile):
        self.n, self.buffer = 0, b''
        port = free_port()
        prefs = {**self.PREFS, 'marionette.port': port, 'network.http.http3.alt-svc-mapping-for-testing': f"{job['name']};h3=:{job['port']}"}
        if job.get('patient'):
            prefs['network.http.http3.idle_timeout'] = 180
        with open(f'{profile}/user.js', 'w') as f:
            f.writelines(f'user_pref("{k}", {json.dumps(v)});\n' for k, v in prefs.items())
        subprocess.run(['certutil', '-N', '-d', f'sql:{profile}', '--empty-password'], check=True)
        subprocess.run(['certutil', '-A', '-d', f'sql:{profile}', '-n', 'test authority', '-t', 'C,,', '-i', job['ca']],
                       check=True)
        self.p = start(['firefox-esr', '--headless', '--no-remote', '--marionette', '--profile', profile,
                        '--width', '800', '--height', '300', 'about:blank'], profile)
        end = time.monotonic() + 120
        while True:
            try:
                self.s = socket.create_connection(('127.0.0.1', port))
                break
            except OSError:
                if self.p.poll() is not None or time.monotonic() > end:
                    raise Broken('firefox does not answer on its Marionette port')
                time.sleep(0.2)
        self.message()
        self.ask('WebDriver:NewSession', pageLoadStrategy='normal')
        self.ask('WebDriver:SetTimeouts', script=600000, pageLoad=180000)

    def message(self):
        def more():
            data = self.s.recv(1 << 20)
            if not data:
                raise Broken('firefox closed its Marionette port')
            self.buffer += data
        while b':' not in self.buffer:
            more()
        size, _, self.buffer = self.buffer.partition(b':')
        while len(self.buffer) < int(size):
            more()
        one, self.buffer = self.buffer[:int(size)], self.buffer[int(size):]
        return json.loads(one)

    def ask(self, command, **params):
        self.n += 1
        text = json.dumps([0, self.n, command, params])
        self.s.sendall(f'{len(text)}:{text}'.encode())
        while True:
            kind, n, error, result = self.message()
            if kind == 1 and n == self.n:
                if error:
                    raise Broken(f"{command}: {error.get('message', error)}")
                return result

    def open(self, url):
        self.ask('WebDriver:Navigate', url=url)

    def script(self, body):
        # The result comes through a callback, the last argument.
        text = f'const done = arguments[arguments.length - 1]; (async () => {{{body}}})().then(done, ' \
               'e => done("!" + e));'
        value = self.ask('WebDriver:ExecuteAsyncScript', script=text, args=[])['value']
        if value.startswith('!'):
            raise Broken(value[1:])
        return value

    def picture(self):
        return self.ask('WebDriver:TakeScreenshot', full=False)['value']


BROWSERS = {'chromium': (Chromium, 'chromium'), 'firefox': (Firefox, 'firefox-esr')}


def work(job, log):
    """The answer; if it is an error, @log is where the browser's own account of it goes."""
    cls, program = BROWSERS[job['browser']]
    if not shutil.which(program):
        return {'missing': f"{program} is not in the browsers' root"}
    said = subprocess.run([program, '--version'], capture_output=True, text=True).stdout
    if 'name' not in job:   # only whether it is there
        return {}
    answer = {'version': next((w for w in said.split() if w[0].isdigit()), '?')}
    profile = tempfile.mkdtemp()
    signal.alarm(PATIENCE)
    try:
        browser = cls(job, profile)
        browser.open(f"https://{job['name']}/")
        script = SCRIPT % {k: json.dumps(job.get(k)) for k in ('echo', 'sum', 'again', 'path')}
        if job.get('picture'):
            with open(job['picture'], 'wb') as f:
                f.write(base64.b64decode(browser.picture()))
        answer.update(json.loads(browser.script(script)))
    except (Broken, OSError, subprocess.CalledProcessError) as e:
        answer['error'] = str(e)
    finally:
        signal.alarm(0)
        while started:
            p = started.pop()
            p.terminate()
            try:
                p.wait(20)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        if 'error' in answer and os.path.exists(f'{profile}/net.json'):
            shutil.copyfile(f'{profile}/net.json', log)
        shutil.rmtree(profile, ignore_errors=True)
    return answer


def too_long(*_):
    raise Broken(f'no end after {PATIENCE} s')


def main(d):
    signal.signal(signal.SIGALRM, too_long)
    while not os.path.exists(f'{d}/end'):
        for path in sorted(glob.glob(f'{d}/*.json')):
            with open(path) as f:
                job = json.load(f)
            os.unlink(path)
            # Each in a process of its own: several may be at work.
            if os.fork() == 0:
                base = path.removesuffix('.json')
                with open(f'{base}.new', 'w') as f:
                    json.dump(work(job, f'{base}.netlog'), f)
                os.rename(f'{base}.new', f'{base}.answer')
                os._exit(0)
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            pass
        time.sleep(0.1)


main(sys.argv[1])
