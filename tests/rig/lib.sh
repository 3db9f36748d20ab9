# SPDX-License-Identifier: GPL-2.0-or-later
# Shared by the rig's scripts; sourced by sh. Sets TOP, RIG, BUILD, CACHE, ROOTS and reads PINS.

RIG=$(cd "$(dirname "$0")" && pwd -P)
[ -e "$RIG/lib.sh" ] || RIG=$(cd "${RIG_DIR:?}" && pwd -P)
TOP=$(cd "$RIG/../.." && pwd -P)
BUILD=$TOP/build
# Roots and downloads may be shared between checkouts by setting these.
CACHE=${RIG_CACHE:-$BUILD/cache}
ROOTS=${RIG_ROOTS:-$BUILD/roots}

. "$TOP/PINS"
# shellcheck source=arch.sh
. "$RIG/arch.sh"

# The whole run's start, handed down so that every line shows the time since then.
RIG_T0=${RIG_T0:-$(date +%s)}
export RIG_T0

# Lines that a healthy kernel never prints.
complaints='BUG:|BUG [a-z]|WARNING:|Oops|Kernel panic|general protection fault|rcu: INFO'
complaints="$complaints|locking detected|lock inversion|suspicious RCU|unreferenced object"
complaints="$complaints|refcount_t:|leaked reference|waiting for .* to become free"
complaints="$complaints|UBSAN:|ODEBUG:|corruption|hung_task|blocked for more than|kmem_cache_destroy"

# say TEXT... - a progress line, with the time since the start, on stderr
say() {
	rig_t=$(($(date +%s) - RIG_T0))
	printf '[%02d:%02d] %s\n' $((rig_t / 60)) $((rig_t % 60)) "$*" >&2
}

# die TEXT... - give up
die() {
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit 2
}

# alone NAME - give up if another run of this name is under way in this checkout: both would use its folders, and
# the one that ends first would end the other's guest. Holds descriptor 8.
alone() {
	mkdir -p "$BUILD"
	exec 8>"$BUILD/.lock-$1"
	flock -n 8 || die "$1: a run in this checkout is under way"
}

# need_root - the rig makes roots and namespaces
need_root() {
	[ "$(id -u)" = 0 ] || die "must run as root (try: sudo make ...)"
}

# preferences - apt's, of the lines "pin SUITE src:NAME..." of a package list on standard input; SUITE is a key of PINS
preferences() {
	awk -v backports="$BACKPORTS" '$1 == "pin" {
		release = $2 == "BACKPORTS" ? backports : $2
		$1 = $2 = ""
		printf "Package:%s\nPin: release n=%s\nPin-Priority: 990\n\n", $0, release
	}' | tr -s ' '
}

# foreign NAME - whether the root of this name (ARCH or ARCH-...) is of an architecture that this machine cannot run
foreign() {
	case ${1%%-*} in
	"$DEBIAN_ARCH") return 1 ;;
	arm64 | s390x) ;;
	*) return 1 ;;
	esac
}

# mmdebstrap ARGS... - without the descriptors that whoever called this holds (locks): it has sh write to some of its
# own, and sh knows those of one digit only
mmdebstrap() {
	command mmdebstrap "$@" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
}

# package_list NAME - packages.NAME, for this machine's architecture
package_list() {
	[ -r "$RIG/packages.$1" ] || die "no package list $RIG/packages.$1"
	arch_names "$DEBIAN_ARCH"
	sed "s/@ARCH@/$DEBIAN_ARCH/g; s/@CPU@/$arch_cpu/g; s/@QEMU@/$arch_qemu/g" "$RIG/packages.$1"
}

# a_root NAME - make the root, if needed; its directory
a_root() {
	if foreign "$1"; then
		"$RIG/mkforeign" "$1"
	elif grep -q '^suite ' "$RIG/packages.$1" 2>/dev/null; then
		"$RIG/mksuite" "$1"
	else
		"$RIG/mkroot" "$1"
	fi
}

# kernel_root SERIES - the root that carries this kernel series
kernel_root() {
	case $1 in
	"$KERNEL_MAIN") echo main ;;
	"$KERNEL_OLD") echo old ;;
	"$KERNEL_NEW") echo kernel-new ;;
	*) die "unknown kernel '$1' (one of $KERNEL_OLD $KERNEL_MAIN $KERNEL_NEW)" ;;
	esac
}

# kernel_userland SERIES - the root whose userland a guest with this kernel has by default
kernel_userland() {
	rig_u=$(kernel_root "$1")
	[ "$rig_u" != kernel-new ] || rig_u=main
	echo "$rig_u"
}

# kernel_place SERIES - its name in a test's line "# kernels:": old, main or new
kernel_place() {
	case $1 in
	"$KERNEL_MAIN") echo main ;;
	"$KERNEL_OLD") echo old ;;
	*) echo new ;;
	esac
}

# wanted FILE PLACE - whether a test runs at this place (old, main, new or faults): that is
# what its line "# kernels:" says, everywhere without one. With TEST=NAME its name decides alone.
wanted() {
	[ -f "$1" ] && [ -x "$1" ] || return 1
	if [ -n "${TEST-}" ]; then
		# shellcheck disable=SC2254 # a pattern
		case $(basename "$1") in $TEST) return 0 ;; *) return 1 ;; esac
	fi
	rig_places=$(sed -n 's/^# kernels: *//p;12q' "$1")
	case " ${rig_places:-$2} " in *" $2 "*) return 0 ;; *) return 1 ;; esac
}

# kill_tree PID... - end these processes and all that they started, whatever their session
kill_tree() {
	rig_tree=$(cat /proc/[0-9]*/stat 2>/dev/null | sed 's/ (.*) . / /' | awk -v roots="$*" '
		{ parent[$1] = $2 }
		END {
			n = split(roots, r)
			for (i = 1; i <= n; i++)
				in_tree[r[i]] = 1
			for (p in parent) {
				for (q = p; (q in parent) && !(q in in_tree); q = parent[q])
					;
				if (q in in_tree)
					print p
			}
		}')
	# A namespace's first process heeds nothing but SIGKILL; a guest takes a moment to end.
	# shellcheck disable=SC2086 # numbers
	kill $rig_tree 2>/dev/null || :
	rig_left=50
	for rig_p in $rig_tree; do
		while [ $rig_left -gt 0 ] && kill -0 "$rig_p" 2>/dev/null; do
			rig_left=$((rig_left - 1))
			sleep 0.1
		done
	done
	# shellcheck disable=SC2086 # numbers
	kill -9 $rig_tree 2>/dev/null || :
}

# has_kernel ROOTDIR SERIES - does this root carry a kernel of the series
has_kernel() {
	for rig_d in "$1/lib/modules/$2".*; do
		[ ! -d "$rig_d/kernel" ] || return 0
	done
	return 1
}

# kernel_release ROOTDIR SERIES - the full release, as in /lib/modules
kernel_release() {
	for rig_d in "$1/lib/modules/$2".*; do
		[ -d "$rig_d/kernel" ] && { basename "$rig_d"; return; }
	done
	die "no kernel $2 in $1: has the suite moved on? (see PINS)"
}

# make_image DIR IMAGE - a disk with what is in DIR, and room for what a test writes; sparse
make_image() {
	rig_kib=$(du -xsk "$1" | cut -f1)
	rm -f "$2.tmp"
	PATH=$PATH:/sbin:/usr/sbin mke2fs -q -t ext4 -O ^has_journal,^metadata_csum -m 0 -i 8192 \
		-d "$1" "$2.tmp" $((rig_kib * 5 / 4 + 1048576))k >/dev/null
	mv "$2.tmp" "$2"
}

# quote ARGS... - the arguments, quoted for sh
quote() {
	for rig_a; do
		printf "'%s' " "$(printf '%s' "$rig_a" | sed "s/'/'\\\\''/g")"
	done
}
