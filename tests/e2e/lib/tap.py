# SPDX-License-Identifier: GPL-2.0-or-later
"""Test results as TAP, from any number of threads."""
import threading


class Tap:
    def __init__(self):
        self.count = self.failed = 0
        self.passed = []
        self.lock = threading.Lock()

    def line(self, good, text, note=''):
        with self.lock:
            self.count += 1
            self.failed += not good
            print(f"{'ok' if good else 'not ok'} {self.count} - {text}", flush=True)
            for line in str(note).splitlines() if not good else ():
                print(f'# {line}', flush=True)

    def ok(self, good, name, note=''):
        """A test; `note` explains a failure."""
        self.line(bool(good), name, note)
        if good:
            self.passed.append(name)
        return bool(good)

    def skip(self, name, why):
        self.line(True, f'{name} # SKIP {why}')

    def say(self, text):
        with self.lock:
            print('\n'.join(f'# {line}' for line in str(text).splitlines()), flush=True)

    def end(self):
        """The plan; the exit status."""
        print(f'1..{self.count}')
        return 1 if self.failed or not self.count else 0
