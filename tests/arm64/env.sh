# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by sh in the root cross: see cross.sh

cross_arch=arm64
# shellcheck source=../rig/cross.sh
. /src/tests/rig/cross.sh
