# SPDX-License-Identifier: GPL-2.0-or-later
"""Ports that are free now."""
import socket


def free_port(kind=socket.SOCK_DGRAM, host="127.0.0.1"):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind((host, 0))
        return s.getsockname()[1]
