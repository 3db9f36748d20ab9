/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The next boot: units of systemd, and the files of rules that these load. */
#ifndef NA_BOOT_H
#define NA_BOOT_H

#include <jansson.h>
#include <stdbool.h>

/**
 * na_unit_parse() - add the files that a unit's ExecStart gives to nft
 * @files:	an array of strings; a file that is in it already is not added
 * @text:	the unit, which is changed
 *
 * Return: whether one of these commands loads its file by `nft -o`.
 */
bool na_unit_parse(json_t *files, char *text);

/**
 * struct na_boot - the units of the next boot, and the rules that they load
 * @root:	"", or a folder that stands for /
 * @units:	as na_units_at_boot() returns them; NULL as long as nothing is read
 * @files:	that their services load, an array of strings
 * @optimizing:	names of those services that load rules by `nft -o`
 */
struct na_boot {
	const char *root;
	json_t *units, *files, *optimizing;
};

/** na_boot_read() - read what is below @b->root, unless that has been done; returns @b */
const struct na_boot *na_boot_read(struct na_boot *b);

/** na_boot_clear() - free what was read */
void na_boot_clear(struct na_boot *b);

#endif
