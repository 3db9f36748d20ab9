/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of the configuration file, by type. */
#ifndef QUICD_CONFKEY_H
#define QUICD_CONFKEY_H

#include <stddef.h>
#include <stdint.h>

enum conf_type {
	CONF_STRING,
	CONF_UINT,     /* 0 to 2^63 within [min, max] */
	CONF_SIZE,     /* bytes, with k, M or G */
	CONF_DURATION, /* ns, with ms, s, m or h; a bare number is seconds */
	CONF_BOOL,     /* yes, no */
	CONF_ENUM,     /* one of names[], to an int */
	CONF_LIST,     /* struct string_list, split at commas and blanks */
	CONF_CUSTOM,
};

/* Why a value was refused; shorter than a log line. */
#define CONF_WHY_MAX 160

struct conf_key {
	const char *name;
	enum conf_type type;
	size_t offset; /* of the value, in the structure of its section */
	uint64_t min, max;
	const char *const *names; /* CONF_ENUM: ends with NULL */
	/* CONF_CUSTOM: 0, or -EINVAL with the reason in @why. */
	int (*parse)(void *values, const char *value, int line, char *why);
	int repeat; /* may be given several times */
};

/* Each puts a parsed value at @dst, or returns -EINVAL with the reason in @why, or -ENOMEM. */
int conf_value(const struct conf_key *k, void *dst, const char *value, char *why);

struct string_list;
/* Adds the items of @value, separated by commas or blanks. 0 or -ENOMEM. */
int conf_list_add(struct string_list *l, const char *value);

#endif
