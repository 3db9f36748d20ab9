# SPDX-License-Identifier: GPL-2.0-or-later
# The other names of a Debian architecture; sourced by lib.sh, and by cross.sh inside a root.
# The kernel's make takes ARCH from the environment, in names of its own; so nothing here is called that.

# arch_names ARCH - set
#	arch_cpu	in the names of compilers, multiarch folders and qemu's programs
#	arch_qemu	the package with the machine's emulator
#	arch_loader	the dynamic loader, in a root
#	arch_machine	what that emulator is told of the machine
#	arch_console	what the kernel is told of its first serial port
#	arch_tsc	not empty if its clock is the processor's counter, which the kernel has to calibrate
arch_names() {
	arch_tsc=
	case $1 in
	amd64)
		arch_cpu=x86_64 arch_qemu=qemu-system-x86 arch_loader=lib64/ld-linux-x86-64.so.2
		arch_machine='-machine q35 -cpu max,la57=off' arch_console='console=ttyS0 no_timer_check' arch_tsc=1
		;;
	arm64)
		arch_cpu=aarch64 arch_qemu=qemu-system-arm arch_loader=lib/ld-linux-aarch64.so.1
		arch_machine='-machine virt -cpu max,pauth-impdef=on' arch_console=console=ttyAMA0
		;;
	s390x)
		arch_cpu=s390x arch_qemu=qemu-system-misc arch_loader=lib/ld64.so.1
		arch_machine='-machine s390-ccw-virtio -cpu max' arch_console=console=ttysclp0
		;;
	*)
		echo "$1: no architecture that tests/rig/arch.sh knows" >&2
		return 2
		;;
	esac
}
