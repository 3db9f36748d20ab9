# SPDX-License-Identifier: GPL-2.0-or-later
"""Run in the place of quicd by its unit: tries what a quicd that was taken over would try. Prints what it could do."""
import ctypes
import os
import socket
import subprocess

libc = ctypes.CDLL(None, use_errno=True)


def call(function, *args):
    """A function of libc that returns -1 when it fails."""
    if function(*args) == -1:
        raise OSError(ctypes.get_errno(), "refused")


def write(path):
    with open(path, "w", encoding="ascii"):
        pass


def read(path):
    with open(path, "rb") as file:
        file.read(1)


def others():
    """Processes of other accounts, init among them, are not to be seen."""
    os.stat("/proc/1/cmdline")


tries = {
    "write to /etc": lambda: write("/etc/quicd-was-here"),
    "write to /usr": lambda: write("/usr/quicd-was-here"),
    "write to /var/lib": lambda: write("/var/lib/quicd-was-here"),
    "change its own configuration": lambda: write("/etc/quicd/leave.conf"),
    "read /etc/shadow": lambda: read("/etc/shadow"),
    "list /root": lambda: os.listdir("/root"),
    "list /home": lambda: os.listdir("/home/rig"),
    "see other processes": others,
    "set a kernel variable": lambda: write("/proc/sys/kernel/domainname"),
    "read the kernel's log": lambda: read("/dev/kmsg"),
    "open a disk": lambda: read("/dev/vda"),
    "become root": lambda: os.setuid(0),
    "make a user namespace": lambda: call(libc.unshare, 0x10000000),
    "make a network namespace": lambda: call(libc.unshare, 0x40000000),
    "mount": lambda: call(libc.mount, b"none", b"/tmp", b"tmpfs", 0, None),
    "change the root": lambda: os.chroot("/tmp"),
    "open a packet socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0),
    "open a netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12),
    "open a raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
    "trace": lambda: call(libc.ptrace, 16, os.getppid(), 0, 0),
    "load a module": lambda: call(libc.syscall, 175, b"", 0, b""),
    "set the clock": lambda: call(libc.syscall, 227, 0, (ctypes.c_long * 2)(0, 0)),
    "set the host's name": lambda: socket.sethostname("quicd"),
    "run a program with more rights": lambda: subprocess.run(
        ["/usr/bin/su", "-c", "true"], check=True, stdin=subprocess.DEVNULL
    ),
    "memory to write and to run": lambda: __import__("mmap").mmap(-1, 4096, prot=7),
}

done = 0
for name, attempt in tries.items():
    # A process for each: the unit's filter ends one that makes a forbidden call.
    child = os.fork()
    if child == 0:
        try:
            attempt()
        except (OSError, subprocess.CalledProcessError) as error:
            print("not", name + ":", error, flush=True)
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        print("not", name + ": ended by signal", os.WTERMSIG(status), flush=True)
    elif status == 0:
        print("COULD", name, flush=True)
        done += 1
print(f"{len(tries)} tries, {done} came out", flush=True)
