/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of all configuration keys. */
#ifndef QUICD_KEYTAB_H
#define QUICD_KEYTAB_H

#include <stddef.h>

#include "confkey.h"

extern const struct conf_key keytab[];
extern const size_t keytab_len;

/* By enum service_mode; a mode's own section has the same name. Ends with NULL. */
extern const char *const mode_names[];

#endif
