# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by sh in a cross root, where /mnt is Debian's tree of the architecture $cross_arch: its compiler, its
# libraries and qemu-user. Sets CC, RUN and O and pkg-config's variables.

. /src/tests/rig/arch.sh
arch_names "$cross_arch"
CC="$arch_cpu-linux-gnu-gcc --sysroot=/mnt"
RUN="qemu-$arch_cpu -L /mnt"
O=/src/build/$cross_arch
PKG_CONFIG_LIBDIR=/mnt/usr/lib/$arch_cpu-linux-gnu/pkgconfig:/mnt/usr/share/pkgconfig
PKG_CONFIG_SYSROOT_DIR=/mnt
export CC PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR
mkdir -p "$O"
