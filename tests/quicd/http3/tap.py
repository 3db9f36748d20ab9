# SPDX-License-Identifier: GPL-2.0-or-later
"""TAP lines, and the checks that make them."""
import time
import traceback

count = failed = 0
prefix = ''


def ok(good, name, *why):
    """One test. What is in @why explains a failure."""
    global count, failed
    count += 1
    print(f"{'ok' if good else 'not ok'} {count} - http3 {prefix}: {name}", flush=True)
    if not good:
        failed += 1
        for w in why:
            print('#', str(w)[:2000].replace('\n', '\n# '), flush=True)
    return good


def equal(got, want, name):
    return ok(got == want, name, f'got:  {got!r}', f'want: {want!r}')


def group(name, fn, *args):
    """Runs the tests of one group; what it throws is a failure."""
    global prefix
    prefix = name
    try:
        fn(*args)
    except Exception:
        ok(False, 'runs to its end', traceback.format_exc())


def finish():
    print(f'1..{count}')
    return 1 if failed else 0


def until(fn, seconds=10):
    """Polls until fn() is true. Returns its last value."""
    end = time.monotonic() + seconds
    while True:
        value = fn()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.02)
