# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by sh in the root cross-s390x: see cross.sh

cross_arch=s390x
# shellcheck source=../rig/cross.sh
. /src/tests/rig/cross.sh
