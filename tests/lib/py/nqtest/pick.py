# SPDX-License-Identifier: GPL-2.0-or-later
"""TEST=NAME: run only some tests. NAME is a name or a glob; several are separated by commas."""
import fnmatch
import os
import sys


def patterns():
    """The patterns of TEST, an empty list if all tests are wanted."""
    return [p.strip() for p in os.environ.get('TEST', '').split(',') if p.strip()]


def matches(pattern, *names):
    """Whether a pattern fits one of a test's names, with or without an ending such as .py."""
    return any(fnmatch.fnmatchcase(n, pattern) or fnmatch.fnmatchcase(n.rpartition('.')[0], pattern)
               for n in names if n)


def wanted(*names, chosen=None):
    """Whether a test with these names is to run."""
    chosen = patterns() if chosen is None else chosen
    return not chosen or any(matches(p, *names) for p in chosen)


def nothing(asked=''):
    """End with status 2: no test has the name that was asked for."""
    print(f"no such test: {asked or os.environ.get('TEST', '')}", file=sys.stderr, flush=True)
    sys.exit(2)
