# SPDX-License-Identifier: GPL-2.0-or-later
"""Small checks and data for tests that are functions."""


def eq(got, want, what=""):
    assert got == want, "%s: got %r, wanted %r" % (what, got, want)


def pattern(n):
    block = bytes((i * 131 + (i >> 8)) & 255 for i in range(65537))
    return (block * (n // len(block) + 1))[:n]
