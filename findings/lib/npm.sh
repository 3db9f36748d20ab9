# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# For findings/*.sh, after debian.sh: packages of npm in the root's /tmp/npm. Needs npm; no script of a package is run on this system.

# npm_packages PACKAGE@VERSION...
npm_packages() {
	npm_said=$(npm install --prefix "$tmp/root/tmp/npm" --ignore-scripts --no-audit --no-fund --engine-strict=false "$@" 2>&1) || {
		echo "$npm_said" >&2
		echo "$0: the packages could not be fetched" >&2
		exit 2
	}
}
