# SPDX-License-Identifier: GPL-2.0-or-later
"""What the test harnesses in Python share. Each module has one job and knows no harness."""
