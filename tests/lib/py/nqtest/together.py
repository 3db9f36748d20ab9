# SPDX-License-Identifier: GPL-2.0-or-later
"""Functions that run at the same time."""
import threading
import time

from nqtest.poll import PATIENCE


def together(fns, seconds=120):
    """Runs functions in threads; an exception of one of them is raised here."""
    errors = []

    def guard(fn):
        try:
            fn()
        except BaseException as e:
            errors.append(e)

    threads = [threading.Thread(target=guard, args=(f,), daemon=True) for f in fns]
    for t in threads:
        t.start()
    end = time.monotonic() + seconds * PATIENCE
    for t in threads:
        t.join(max(0, end - time.monotonic()))
        assert not t.is_alive(), "not done within %s s" % seconds
    if errors:
        raise errors[0]
