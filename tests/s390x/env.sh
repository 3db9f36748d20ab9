# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by sh in the root of cross-s390x, where /mnt is Debian's tree of s390x: its compiler, its libraries
# and qemu-user. Sets CC, RUN and O and pkg-config's variables.

CC="s390x-linux-gnu-gcc --sysroot=/mnt"
RUN="qemu-s390x -L /mnt"
O=/src/build/s390x
PKG_CONFIG_LIBDIR=/mnt/usr/lib/s390x-linux-gnu/pkgconfig:/mnt/usr/share/pkgconfig
PKG_CONFIG_SYSROOT_DIR=/mnt
export CC PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR
mkdir -p "$O"
