# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# For findings/*.sh: pinned Debian packages unpacked in a temporary folder, and what was seen in them.
#
# Needs root (for chroot and a network namespace), apt, dpkg, and Debian's archive keyring. MIRROR
# names another mirror than deb.debian.org. Nothing is installed on this system.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf --one-file-system "$tmp"' EXIT
trap 'exit 130' INT TERM

# debian SUITE PACKAGE=VERSION... - unpack these, some basic tools, and all that they depend on in $tmp/root
debian() {
	debian_suite=$1
	shift
	[ "$(id -u)" = 0 ] || { echo "$0: must be run as root" >&2; exit 2; }
	chmod 755 "$tmp"
	mkdir -p "$tmp/apt/lists/partial" "$tmp/apt/cache/archives/partial" "$tmp/root"
	: >"$tmp/apt/status"
	echo "deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
		"${MIRROR:-http://deb.debian.org/debian} $debian_suite main" >"$tmp/apt/sources.list"
	# An APT of its own: it believes that no package is installed.
	cat >"$tmp/apt/apt.conf" <<-end
		APT { Architecture "amd64"; Architectures { "amd64"; }; Install-Recommends "false"; Sandbox::User "root"; };
		Acquire::Languages "none";
		Dir::State "$tmp/apt";
		Dir::State::lists "$tmp/apt/lists";
		Dir::State::status "$tmp/apt/status";
		Dir::Cache "$tmp/apt/cache";
		Dir::Etc::sourcelist "$tmp/apt/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
	end
	export APT_CONFIG="$tmp/apt/apt.conf"
	{ apt-get update && apt-get --download-only --yes install base-files coreutils dash grep sed iproute2 "$@"; } >"$tmp/apt/log" 2>&1 || {
		cat "$tmp/apt/log" >&2
		echo "$0: the packages could not be fetched" >&2
		exit 2
	}
	# Today's Debian links /bin to /usr/bin and so on, which base-files ships.
	for debian_deb in "$tmp"/apt/cache/archives/base-files_*.deb "$tmp"/apt/cache/archives/*.deb; do
		dpkg-deb --fsys-tarfile "$debian_deb" | tar -x --keep-directory-symlink -C "$tmp/root"
	done
	echo root:x:0:0::/root:/bin/sh >"$tmp/root/etc/passwd"
	echo root:x:0: >"$tmp/root/etc/group"
	cp -a /dev/null /dev/zero /dev/urandom "$tmp/root/dev"
}

# pinned PACKAGE VERSION - end with status 1 if the upstream version that was fetched is another
pinned() {
	pinned_deb=$(echo "$tmp/apt/cache/archives/$1"_*.deb)
	seen "version of $1" "$2" "$(dpkg-deb -f "$pinned_deb" Version | sed 's/^[0-9]*://; s/-.*//')"
}

# in_root CMD... - in the unpacked packages, in a network namespace with nothing but loopback
in_root() {
	unshare --net --mount --fork sh -c 'mount -t proc proc "$0/proc" && chroot "$0" /bin/sh -c "
		export TMPDIR=/tmp; ip link set lo up 2>/dev/null; exec \"\$@\"" sh "$@"' "$tmp/root" "$@"
}

# seen NAME EXPECTED GOT - one thing that was observed; a difference ends with status 1
seen() {
	if [ "$2" = "$3" ]; then
		echo "as described: $1"
	else
		printf 'has changed: %s\n--- described\n%s\n--- now\n%s\n' "$1" "$2" "$3"
		exit 1
	fi
}
