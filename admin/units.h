/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The units that the next boot starts, as systemd would find them. */
#ifndef NA_UNITS_H
#define NA_UNITS_H

#include <jansson.h>

/**
 * na_units_at_boot() - the units that default.target pulls in
 * @root:	"", or a folder that stands for /
 *
 * By Wants=, Requires=, BindsTo= and Upholds= in units and their drop-ins, and by folders such as
 * NAME.wants, under /etc, /usr and what generators make; not by what `systemctl enable --runtime`
 * leaves in /run, as a boot loses that. Masked units, and masked links, are none.
 *
 * Returns an object {name: text of the unit and its drop-ins}.
 */
json_t *na_units_at_boot(const char *root);

#endif
