/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the unit tests of nft-ext. */
#ifndef TEST_H
#define TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lang.h"
#include "walk.h"

/** struct pass - a text translated */
struct pass {
	struct nx_lang lang;
	struct nx_text *text;
};

/* Translate @src; the result is pass_text(). */
static inline void pass(struct pass *p, enum nx_dir dir, struct nx_slots *slots,
			const struct nx_map *known, const char *name, const char *src)
{
	memset(p, 0, sizeof(*p));
	p->lang.dir = dir;
	p->lang.slots = slots;
	p->lang.known = known;
	p->text = nx_text_new(name, strdup(src), strlen(src));
	assert_non_null(p->text);
	nx_translate(&p->lang, p->text, NULL);
	assert_false(p->lang.oom);
}

static inline const char *pass_text(const struct pass *p)
{
	size_t len;

	return nx_text_result(p->text, &len);
}

static inline void pass_free(struct pass *p)
{
	nx_text_free(p->text);
	nx_lang_free(&p->lang);
}

#endif /* TEST_H */
