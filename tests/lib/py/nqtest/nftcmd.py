# SPDX-License-Identifier: GPL-2.0-or-later
"""nft with the facade, as the tests call it."""
import ctypes
import os
import re
import shlex
import subprocess
from collections import namedtuple

from nqtest.netns import Ns
from nqtest.tap import case
from nqtest.where import TOP

BUILD = os.environ.get('BUILD_DIR', f'{TOP}/build/tests/nft')
LIB = f'{BUILD}/ext'
Result = namedtuple('Result', 'rc out err')


def in_ns(f):
    """A case in a network namespace of its own."""
    def run():
        with Ns():
            f()
    run.__name__ = f.__name__
    case(run)
    return f


def version():
    out = subprocess.run(['nft', '--version'], capture_output=True, text=True).stdout
    return tuple(int(n) for n in re.search(r'v(\d+)\.(\d+)\.(\d+)', out).groups())


class Nft:
    """Runs nft; facade=False is the distribution's alone."""

    def __init__(self, facade=True, **env):
        self.env = dict(os.environ, **env)
        self.env.pop('LD_LIBRARY_PATH', None)
        if facade:
            self.env['LD_LIBRARY_PATH'] = LIB

    def __call__(self, args, stdin=None, raw=False):
        """args: options split as a shell would, and a command as one argument."""
        if isinstance(args, str):
            m = re.match(r'((?:-\w+\s+)*)(.*)', args, re.S)
            rest = m.group(2)
            args = shlex.split(m.group(1))
            if args and args[-1] in ('-f', '-I', '-D'):
                args += shlex.split(rest)
            elif rest:
                args += [rest]
        r = subprocess.run(['nft'] + args, input=stdin, capture_output=True, text=True, errors='backslashreplace',
                           env=self.env)
        return Result(r.returncode, r.stdout, r.stderr)

    def good(self, args, stdin=None):
        r = self(args, stdin)
        if r.rc:
            raise RuntimeError(f'nft {args}: {r.err}')
        return r.out

    def load(self, text):
        return self('-f -', text)


class Lib:
    """The library in this process: as Nft, and many times as fast under emulation."""
    FLAGS = {'-s': 1 << 2, '-j': 1 << 4, '-a': 1 << 3, '-n': 1 << 9, '-t': 1 << 11, '-e': 1 << 5}

    def __init__(self):
        self.lib = ctypes.CDLL(f'{LIB}/libnftables.so.1')
        for f in 'nft_ctx_new', 'nft_ctx_get_output_buffer', 'nft_ctx_get_error_buffer':
            getattr(self.lib, f).restype = ctypes.c_void_p
        self.ctx = ctypes.c_void_p(self.lib.nft_ctx_new(0))
        self.lib.nft_ctx_buffer_output(self.ctx)
        self.lib.nft_ctx_buffer_error(self.ctx)

    def __call__(self, args, stdin=None):
        m = re.match(r'((?:-\w+\s+)*)(.*)', args, re.S)
        options = m.group(1).split()
        flags = sum(self.FLAGS[o] for o in options if o in self.FLAGS)
        self.lib.nft_ctx_output_set_flags(self.ctx, flags)
        cmd = stdin if '-f' in options else m.group(2)
        rc = self.lib.nft_run_cmd_from_buffer(self.ctx, cmd.encode())
        out, err = (ctypes.string_at(f(self.ctx)).decode() for f in (
            self.lib.nft_ctx_get_output_buffer, self.lib.nft_ctx_get_error_buffer))
        return Result(1 if rc else 0, out, err)

    good = Nft.good

    def close(self):
        self.lib.nft_ctx_free(self.ctx)


def dump(*args):
    """A table as the kernel holds it; elements in order, since a hash table keeps no order."""
    r = subprocess.run([f'{BUILD}/dump', *args], capture_output=True, text=True)
    if r.returncode:
        raise RuntimeError(r.stderr)
    lines, elements = [], []
    for line in r.stdout.splitlines() + ['']:
        if line.startswith('    element'):
            elements.append(line)
            continue
        lines += sorted(elements)
        elements = []
        lines.append(re.sub(r'(\[ lookup .*) 0x0 \]', r'\1 ]', line))
    return '\n'.join(lines)
