# SPDX-License-Identifier: GPL-2.0-or-later
"""sockets.py COMMAND... - of which protocols a command asks the kernel for sockets of IP, in their order; x86-64 alone."""
import ctypes
import itertools
import os
import signal
import sys

TRACEME, SYSCALL, GETREGS, SETOPTIONS = 0, 24, 12, 0x4200
SYSGOOD, EXITKILL = 1, 0x100000
SOCKET = 41     # the system call
RDX, RSI, RDI, ORIG_RAX = 12, 13, 14, 15    # in struct user_regs_struct
INET, STREAM, QUIC = (2, 10), 1, 261

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long] * 4
libc.ptrace.restype = ctypes.c_long


def asked(pid):
    """The protocol of the socket that this stopped process asks for, or None."""
    regs = (ctypes.c_ulonglong * 27)()
    libc.ptrace(GETREGS, pid, 0, ctypes.addressof(regs))
    if regs[ORIG_RAX] != SOCKET or regs[RDI] not in INET:
        return None
    if regs[RDX] == QUIC:
        return 'quic'
    return 'tcp' if regs[RSI] & 15 == STREAM else 'udp'


def main(*command):
    pid = os.fork()
    if not pid:
        null = os.open('/dev/null', os.O_RDWR)
        for n in range(3):
            os.dup2(null, n)
        libc.ptrace(TRACEME, 0, 0, 0)
        os.execvp(command[0], command)
    os.waitpid(pid, 0)
    libc.ptrace(SETOPTIONS, pid, 0, SYSGOOD | EXITKILL)
    order, passed = [], 0
    while True:
        libc.ptrace(SYSCALL, pid, 0, passed)
        _, status = os.waitpid(pid, 0)
        if not os.WIFSTOPPED(status):
            break
        passed = os.WSTOPSIG(status)
        if passed == signal.SIGTRAP | 0x80:
            order.append(asked(pid))
            passed = 0
    print(*(name for name, _ in itertools.groupby(filter(None, order))))


main(*sys.argv[1:])
