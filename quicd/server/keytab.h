/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sections that are the same in every mode; their values are in struct config. */
#ifndef QUICD_KEYTAB_H
#define QUICD_KEYTAB_H

#include <stddef.h>

#include "confkey.h"

struct keytab_section {
	const char *name;
	const struct conf_key *keys;
	size_t nkeys;
};

/* Sections with a file of their own. */
extern const struct keytab_section access_section;

extern const struct keytab_section *const keytab[];
extern const size_t keytab_len;

#endif
