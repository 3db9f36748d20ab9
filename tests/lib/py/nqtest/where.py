# SPDX-License-Identifier: GPL-2.0-or-later
"""Paths of the checkout. BUILD_TOP is where programs for the guest were built, if that is not build/."""
import os

TOP = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../../..'))
BUILD = os.environ.get('BUILD_TOP') or os.path.join(TOP, 'build')
