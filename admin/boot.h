/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of rules that units of systemd load. */
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

/** na_unit_files() - those of all services in @units, of na_units_at_boot() */
json_t *na_unit_files(const json_t *units);

/** na_units_optimizing() - names of those services that load rules by `nft -o` */
json_t *na_units_optimizing(const json_t *units);

#endif
