# SPDX-License-Identifier: GPL-2.0-or-later
"""Paths of the checkout."""
import os

TOP = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../../..'))
BUILD = os.path.join(TOP, 'build')
