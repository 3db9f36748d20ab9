// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "lang.h"

static void remember_asked(struct nx_lang *lang, const struct nx_set_id *id,
			   const struct nx_layout *l)
{
	struct nx_asked *a = calloc(1, sizeof(*a));

	if (a) {
		a->family = id->family;
		a->table = strndup(id->table, id->table_len);
		a->set = strndup(id->set, id->set_len);
	}
	if (!a || !a->table || !a->set) {
		if (a) {
			free(a->table);
			free(a->set);
		}
		free(a);
		lang->oom = true;
		return;
	}
	if (l)
		a->layout = *l;
	a->next = lang->asked;
	lang->asked = a;
}

const struct nx_layout *nx_lang_layout(struct nx_lang *lang, const struct nx_set_id *id)
{
	const struct nx_layout *l = nx_layouts_get(&lang->sets, id);

	if (l)
		return l;
	l = lang->known ? nx_layouts_get(lang->known, id) : NULL;
	if (lang->dir == NX_IN)
		remember_asked(lang, id, l);
	return l;
}

void nx_lang_free(struct nx_lang *lang)
{
	struct nx_asked *a;

	nx_layouts_clear(&lang->sets);
	nx_map_clear(&lang->vars, NULL);
	while (lang->scope) {
		struct nx_var *v = lang->scope;

		lang->scope = v->older;
		free(v->name);
		free(v->value);
		free(v);
	}
	while ((a = lang->asked)) {
		lang->asked = a->next;
		free(a->table);
		free(a->set);
		free(a);
	}
	while (lang->suspects) {
		struct nx_suspect *s = lang->suspects;

		lang->suspects = s->next;
		free(s);
	}
	nx_bulk_free(lang->bulk);
	nx_buf_free(&lang->shorts);
	nx_buf_free(&lang->word);
	nx_buf_free(&lang->describe);
	nx_buf_free(&lang->errors);
	nx_buf_free(&lang->warnings);
}
