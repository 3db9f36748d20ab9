# SPDX-License-Identifier: GPL-2.0-or-later
"""Real clients that hold a connection open and ask again when they are told to: ask() returns the
name that the service says, slow() the same after a silence in which only the server speaks, of which it tells when
it begins, and fetch() the SHA-256 of a file. All raise Failed if the connection did not last."""
import hashlib
import os
import queue
import subprocess
import threading

import certs
from nqtest.hosts import WORK
from nqtest.shell import Failed
from nqtest.where import BUILD as BIN

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 40
START = 300     # seconds: a busy machine loads libraries slowly
AGAIN = 5       # seconds until a client speaks again: its server may have lost the path


def bracket(address):
    return f'[{address}]' if ':' in address else address


class Silent(Failed):
    """Nothing came."""


class Program:
    """A client's process, its output line by line."""

    def __init__(self, host, *argv):
        self.p = subprocess.Popen(['ip', 'netns', 'exec', host.name, *argv], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.p.stdout:
            self.lines.put(line.strip())
        self.lines.put(None)

    def say(self, line):
        try:
            self.p.stdin.write(line + '\n')
            self.p.stdin.flush()
        except OSError as e:
            raise Failed(f'it has ended: {self.rest()}') from e

    def hear(self, patience=PATIENCE):
        try:
            line = self.lines.get(timeout=patience)
        except queue.Empty:
            raise Silent(f'silent for {patience} s') from None
        if line is None:
            raise Failed(f'it ended with status {self.p.wait()}')
        return line

    def rest(self):
        said = []
        while not self.lines.empty():
            said.append(str(self.lines.get()))
        return ' '.join(said)[-300:]

    def stop(self):
        self.p.kill()
        self.p.wait()


class Scripted:
    """A client of ours on somebody's library, which is told what to do."""
    many = True     # several names at once
    waits = True    # connects when it is asked

    def __init__(self, host, address, *names):
        self.name = names[0]
        self.program = Program(host, *self.argv(address))
        if self.program.hear(START) != 'ready':
            raise Failed(f'it did not start: {self.program.rest()}')

    def told(self, *words):
        self.program.say(' '.join(words))
        said = self.program.hear()
        if not said.startswith('ok'):
            raise Failed(said)
        return said[3:].strip()

    def ask(self, name=None):
        return self.told('ask', name or self.name, '/')

    def slow(self, begins):
        begins()
        return self.told('ask', self.name, '/slow')

    def fetch(self):
        return self.told('sum', self.name, '/big')

    def stop(self):
        self.program.stop()


class Aioquic(Scripted):
    label = 'aioquic'

    def argv(self, address):
        return ['python3', f'{HERE}/aio_talk.py', certs.CA, address, '443']

    def rebind(self):
        self.told('rebind')

    def migrate(self):
        self.told('migrate')


class Quicgo(Scripted):
    label = 'quic-go'

    def many(self, name):
        return self.told('many', name, '/')

    def argv(self, address):
        return [f'{BIN}/moving/gotalk', certs.CA, f'{bracket(address)}:443']


class Curl:
    """One curl with many requests, two a second; ask() is the next answer, slow() and fetch() others'."""
    label = 'curl'
    many = waits = False
    # It sends a PING when it has waited for half of quicd's idle time-out, 50 seconds.
    patience = 120

    def __init__(self, host, address, name):
        self.host, self.name, self.address = host, name, address
        self.name_said, self.asked = None, False
        self.program = self.get(*[f'https://{name}/'] * 400, rate=True)

    def get(self, *urls, rate=False):
        return Program(self.host, 'curl', '-sSN', '--http3-only', '--fail-early', '--cacert', certs.CA, '--connect-timeout', '40',
                       '-m', str(self.patience), '--connect-to', f'{self.name}:443:{bracket(self.address)}:443',
                       *(['--rate', '2/s'] if rate else []), '-w', '%{num_connects}\n', *urls)

    def answer(self):
        words = self.program.hear(self.patience).split()
        if len(words) != 2 or words[1] != ('0' if self.name_said else '1'):
            raise Failed(f'{" ".join(words)} {self.program.rest()}')
        self.name_said = words[0]
        return self.name_said

    def ask(self):
        """The answer to a request that is made from now on."""
        said = {self.answer()}
        if self.asked:
            while not self.program.lines.empty():
                said.add(self.answer())
            said.add(self.answer())
        self.asked = True
        return ' and '.join(sorted(said))

    def fetch(self):
        """In a connection of its own; a limited rate has it send window updates all the time. Before the first one it only
        receives, and if it loses its path then, it speaks again when it sends a PING."""
        got = f'{WORK}/fetched'
        r = self.host.attempt('curl', '-sS', '--http3-only', '--cacert', certs.CA, '-m', str(self.patience), '--limit-rate', '1M',
                              '--connect-to', f'{self.name}:443:{bracket(self.address)}:443', '-o', got, f'https://{self.name}/big')
        if r.returncode:
            raise Failed(r.stderr.strip())
        with open(got, 'rb') as f:
            return hashlib.file_digest(f, 'sha256').hexdigest()

    def slow(self, begins):
        p = self.get(f'https://{self.name}/', f'https://{self.name}/slow')
        try:
            p.hear()
            begins()
            return p.hear().split()[0]
        finally:
            p.stop()

    def stop(self):
        self.program.stop()


class Quicc:
    """Lines on a stream."""
    label = 'quicc'
    many = waits = False

    def __init__(self, host, address, name, patience=PATIENCE):
        self.name, self.said, self.patience = name, 0, patience
        self.program = Program(host, f'{BIN}/quicd/quicc', '--alpn', 'line', '--sni', name, '--ca', certs.CA,
                               '--timeout', str(patience), f'{bracket(address)}:443')

    def ask(self):
        self.said += 1
        for _ in range(0, self.patience, AGAIN):
            self.program.say(str(self.said))
            try:
                while (words := self.program.hear(min(AGAIN, self.patience)).split())[-1] != str(self.said):
                    pass        # a late answer to a line that was said twice
                return words[0]
            except Silent as e:
                silence = e
        raise silence

    def slow(self, begins):
        self.program.say('slow')
        begins()
        return self.program.hear().split()[0]

    def stop(self):
        self.program.stop()
