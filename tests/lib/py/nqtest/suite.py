# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests that are functions: a test passes unless it raises. Their marks and names choose them."""
import fnmatch
import os
import shutil
import time
import traceback

from nqtest import lab, pick
from nqtest.quicd import Service
from nqtest.tap import tests

TESTS = []
GROUPS = []


class Skip(Exception):
    """The test cannot run here; the text says why."""


def test(fn):
    """A function that is one test; its name and the first line of its comment name it."""
    TESTS.append(fn)
    return fn


def group(name, *marks):
    """A function that prints many tests, each led by the group's name; it gets a directory."""
    def add(fn):
        fn.group, fn.marks = name, marks
        GROUPS.append(fn)
        return fn
    return add


def mark(*words):
    """Words by which -k finds a test besides its name."""
    def add(fn):
        fn.marks = words
        return fn
    return add


def long_form():
    return bool(os.environ.get("LONG"))


def names(fn):
    """The names by which -k and TEST find a test: its own, its file's, its marks."""
    module = fn.__module__
    name = getattr(fn, 'group', fn.__name__)
    return [name, name.replace(' ', '_'), module, module.removeprefix('t_'), *getattr(fn, 'marks', ())]


def chosen(word):
    """The tests with a name that -k, or else TEST, is a part of or fits as a glob."""
    words = [word] if word else pick.patterns()

    def fits(fn):
        return any(fnmatch.fnmatchcase(n, w) or w in n for n in names(fn) for w in words)

    found = [fn for fn in TESTS + GROUPS if not words or fits(fn)]
    if not found:
        pick.nothing(f'-k {word}' if word else '')
    return found


def run_one(fn):
    name = fn.__name__.replace("_", " ") + ": " + (fn.__doc__ or "").split("\n")[0]
    try:
        fn()
        for s in list(Service.live):
            s.finish()
        tests.ok(True, name)
    except Skip as e:
        tests.skip(name, e)
    except BaseException:
        tests.ok(False, name, traceback.format_exc(), *logs())


def run_group(fn):
    where = lab.TMP / fn.group.replace(' ', '-')
    where.mkdir()
    tests.prefix = fn.group + ': '
    try:
        fn(str(where))
    except Exception:
        tests.ok(False, 'runs to its end', traceback.format_exc(), *logs())
    finally:
        tests.prefix = ''
        shutil.rmtree(where, ignore_errors=True)


def logs():
    """The last lines of each running quicd's log."""
    return ["log: " + line for s in Service.live for line in s.log().splitlines()[-15:]]


def run_all(word):
    """Run the tests that -k and TEST leave; the exit status."""
    print("TAP version 13", flush=True)
    for fn in chosen(word):
        begin = time.monotonic()
        try:
            run_group(fn) if hasattr(fn, 'group') else run_one(fn)
        finally:
            for s in list(Service.live):
                s.kill()
        took = time.monotonic() - begin
        if took > 5:
            tests.say("took %.1f s" % took)
    shutil.rmtree(lab.TMP, ignore_errors=True)
    return tests.end()


def need(program):
    if not shutil.which(program):
        raise Skip("%s is not installed" % program)
