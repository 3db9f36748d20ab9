# SPDX-License-Identifier: GPL-2.0-or-later
"""The library of all test harnesses in Python. Each module has one job and knows no harness."""
