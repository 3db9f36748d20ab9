# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting by asking again, never by a fixed sleep."""
import os
import time

# Every time limit is multiplied by this, as for a run under valgrind.
PATIENCE = float(os.environ.get('PATIENCE') or 1)


def until(condition, seconds=5, step=0.01, longest=None):
    """Poll until condition() is true or the time is over. Returns its last value."""
    end = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(step)
        if longest:
            step = min(longest, step * 1.2)


def wait_for(condition, seconds=5, what='condition', step=0.02, error=AssertionError):
    """Poll until condition() is true and return its value; raise an error if it takes too long."""
    value = until(condition, seconds, step, 0.5)
    if not value:
        raise error(f'{what}: not within {seconds * PATIENCE:g} s')
    return value


def settled(value, seconds=10, step=0.2, times=3):
    """Poll until value() has stayed the same that many times, or the time is over; the last value."""
    last, still, end = value(), 0, time.monotonic() + seconds * PATIENCE
    while still < times and time.monotonic() < end:
        time.sleep(step)
        now = value()
        still = still + 1 if now == last else 0
        last = now
    return last
