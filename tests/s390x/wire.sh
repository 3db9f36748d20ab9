#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# wire.sh BUILD FACADE [EMULATOR...] - BUILD/match.wire and BUILD/sets.wire: the messages that nft with the facade
# in the directory FACADE sends for the rules of tests/nft, and how it lists them
#
# CC is the compiler. Rules with a mark, an interface, a priority, a zone or a hash are left out: stock nft
# sends these in the machine's byte order, as the kernel wants it.
set -eu
out=$1 facade=$2
shift 2
mkdir -p "$out"
# shellcheck disable=SC2046,SC2086 # words
${CC:-cc} -std=gnu11 -O1 -g -Wall -Wextra -Wshadow -Wstrict-prototypes -Wvla $(pkg-config --cflags libmnl libnftables) \
	-o "$out/wire" tests/s390x/wire.c $(pkg-config --libs libmnl libnftables) -rdynamic
for name in match sets; do
	awk -F';' '
		/^(#|$)/ || /mark|iif|oif|priority set|zone|hash/ { next }
		/^\*/ { sub(/^\*inet /, ""); print "add table inet t"; print "add chain inet t c { " $0 "; }"; next }
		sub(/^!/, "") { print; next }
		{ print "add rule inet t c " $1 }' "tests/nft/$name.t" >"$out/$name.nft"
	LD_LIBRARY_PATH=$facade "$@" "$out/wire" "$out/$name.nft" >"$out/$name.wire"
done
