/* SPDX-License-Identifier: GPL-2.0-only */
/* In front of every source: nothing patches branches here, a static key is read each time. */
#undef CONFIG_JUMP_LABEL
