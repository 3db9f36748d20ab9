# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands whose failure is an error."""
import os
import subprocess


class Failed(Exception):
    """Something the test needs did not work; the text says what."""


def sh(cmd, check=True):
    """Run a line of shell; its output and errors in one."""
    r = subprocess.run(cmd, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if check and r.returncode:
        raise RuntimeError(f'{cmd}: {r.stdout.strip()}')
    return r.stdout


def content(f):
    """All text of an open file that a child process writes to: it has the same offset, so that stays as it is."""
    return os.pread(f.fileno(), os.fstat(f.fileno()).st_size, 0).decode(errors='replace')


def run(*argv, **kw):
    """Run a command; its output, or Failed with what it said."""
    r = subprocess.run(argv, capture_output=True, text=True, **kw)
    if r.returncode:
        raise Failed(f"{' '.join(map(str, argv))}: status {r.returncode}: {(r.stderr or r.stdout).strip()}")
    return r.stdout
