# SPDX-License-Identifier: GPL-2.0-or-later
"""Test results as TAP, from any number of threads.

A program has one Tap; the functions of this module are those of Tap `tests`.
"""
import sys
import threading
import traceback


class Tap:
    def __init__(self):
        self.count = self.failed = 0
        self.passed = []
        self.prefix = ''
        self.lock = threading.Lock()

    def line(self, good, name, note='', mark=''):
        """One result. The note explains a failure, the mark is a directive such as `SKIP why`."""
        with self.lock:
            self.count += 1
            self.failed += not good
            print(f"{'ok' if good else 'not ok'} {self.count} - {self.prefix}{name}" + (mark and f' # {mark}'),
                  flush=True)
            for line in str(note).splitlines() if not good else ():
                print(f'# {line}', flush=True)
            if good and not mark.startswith('SKIP'):
                self.passed.append(name)
        return bool(good)

    def ok(self, good, name, *notes):
        """A test. The notes explain a failure."""
        return self.line(bool(good), name, '\n'.join(str(n)[:6000] for n in notes))

    def same(self, got, want, name):
        """A test that two values are equal."""
        return self.ok(got == want, name, f'got  {brief(got)}\nwant {brief(want)}')

    def skip(self, name, reason):
        self.line(True, name, mark=f'SKIP {reason}')

    def say(self, text):
        with self.lock:
            print('\n'.join(f'# {line}' for line in str(text).splitlines()), flush=True)

    def case(self, fn, *args):
        """Run a function of tests now; an exception is a failure with its name."""
        try:
            fn(*args)
        except Exception:
            self.ok(False, fn.__name__, traceback.format_exc())

    def retry(self, name, attempt, times=2, excuse=None):
        """A test that may be repeated: attempt() returns None or what went wrong.

        A pass that is not the first attempt's is marked `# flaked`, and so is a failure of every
        attempt for which excuse() finds a cause outside. Nothing else repeats a failed test.
        """
        problems = []
        for _ in range(times):
            problem = attempt()
            if problem is None:
                return self.line(True, name, mark='flaked' if problems else '')
            problems.append(problem)
        if excuse and excuse():
            return self.line(True, name, mark='flaked')
        return self.ok(False, name, f'in {times} of {times} attempts', *problems)

    def end(self):
        """Print the plan; the exit status. No test at all is a failure."""
        print(f'1..{self.count}', flush=True)
        return 1 if self.failed or not self.count else 0

    def done(self):
        sys.exit(self.end())


def brief(x):
    """A value's text, cut if it is long."""
    text = repr(x)
    return text if len(text) < 600 else text[:600] + '...'


tests = Tap()
ok, same, skip, say, case, retry = tests.ok, tests.same, tests.skip, tests.say, tests.case, tests.retry
end, done = tests.end, tests.done
