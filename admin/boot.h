/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of rules that enabled units of systemd load. */
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

/** na_unit_files() - those of all enabled units, in the order of their paths */
json_t *na_unit_files(void);

/** na_units_optimizing() - paths of enabled units, and of drop-ins, that load rules by `nft -o` */
json_t *na_units_optimizing(void);

#endif
