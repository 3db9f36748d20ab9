# SPDX-License-Identifier: GPL-2.0-or-later
"""cost.py s|MiB LIMIT COMMAND... - "yes" if it takes less processor time, or memory at its peak; otherwise how much.

A command that fails is "status N".
"""
import resource
import subprocess
import sys

unit, limit, *command = sys.argv[1:]
r = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
got = used.ru_utime + used.ru_stime if unit == 's' else used.ru_maxrss / 1024
print(f'status {r.returncode}' if r.returncode else 'yes' if got < float(limit) else f'{got:.2g} {unit}' if got < 100 else f'{got:.0f} {unit}')
