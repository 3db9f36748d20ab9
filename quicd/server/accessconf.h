/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Section [access] of the configuration. */
#ifndef QUICD_ACCESSCONF_H
#define QUICD_ACCESSCONF_H

#include "accessfmt.h"

struct access_conf {
	char *log;  /* path, "syslog", "syslog:PATH" or "journal"; NULL: none */
	int format; /* enum access_format */
	struct access_list fields;
	uint64_t sample; /* one of so many is logged */
	int addresses;	 /* 1: shortened */
};

#endif
