# SPDX-License-Identifier: GPL-2.0-or-later
"""Beliefs: a line of shell each, and the output that the belief predicts."""
import json
import os
import subprocess
import sys
import time


def version(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()[1].lstrip('v')


def run(title, beliefs, before, file, timeout=120, of=None):
    """Run each in namespaces of its own, behind the shell text `before`; the outcome as JSON in FILE. OF: what is tried, or nft."""
    rows = []
    for belief, line, predicted in beliefs:
        t = time.monotonic()
        try:
            r = subprocess.run(['unshare', '--net', '--mount', '--propagation', 'unchanged', 'sh', '-c', f'{before}\n{line}'], capture_output=True, text=True,
                               timeout=timeout, check=False)
            seen = r.stdout.strip() or r.stderr.strip()[-200:]
        except subprocess.TimeoutExpired:
            seen = f'no end in {timeout} s'
        rows.append((belief, predicted, seen))
        print('held ' if predicted == seen else 'WRONG', belief, '|', predicted, '|', seen, f'| {time.monotonic() - t:.1f} s',
              file=sys.stderr, flush=True)
    with open(file, 'w', encoding='ascii') as f:
        json.dump({'title': title, 'program': os.path.basename(sys.argv[0]), 'date': time.strftime('%Y-%m-%d'), 'of': of or 'nft ' + version('nft', '--version'),
                   'kernel': '.'.join(os.uname().release.split('.')[:2]), 'rows': rows}, f, indent='\t')
