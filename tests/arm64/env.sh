# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by sh in the cross root, where /mnt is Debian's tree of arm64: its compiler, its libraries
# and qemu-user. Sets CC, RUN and O and pkg-config's variables.

CC="aarch64-linux-gnu-gcc --sysroot=/mnt"
RUN="qemu-aarch64 -L /mnt"
O=/src/build/arm64
PKG_CONFIG_LIBDIR=/mnt/usr/lib/aarch64-linux-gnu/pkgconfig:/mnt/usr/share/pkgconfig
PKG_CONFIG_SYSROOT_DIR=/mnt
export CC PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR
mkdir -p "$O"
