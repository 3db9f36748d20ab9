// SPDX-License-Identifier: GPL-2.0-or-later
/* One look-up for each element: there may be 100,000 of them. */
#include "kept.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "ways.h"

/* before a key that is JSON, so that it is no name */
#define IS_JSON '\1'

/* An element that a time-out takes away is not kept on purpose. */
static bool has_timeout(const json_t *elem)
{
	const json_t *more = json_object_get(elem, "elem");

	return json_object_get(more, "timeout") || json_object_get(more, "expires");
}

/* Bytes that are no UTF-8, as a large set may have them, are no JSON. The caller frees it. */
static char *dumped(const json_t *j)
{
	char *text =
		json_dumps(j, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_SORT_KEYS | JSON_ENCODE_ANY);

	return text ? text : na_value_text(j);
}

static void add_elem(json_t *elems, const json_t *key, json_t *data)
{
	const char *name = json_string_value(key);
	char *text, *value, *pair;

	if (name && *name != IS_JSON && strlen(name) == json_string_length(key)) {
		json_object_set_new_nocheck(elems, name, data ? json_incref(data) : json_true());
		return;
	}
	text = dumped(key);
	value = data ? dumped(data) : na_printf("%s", text);
	pair = na_printf("%c[%s,%s]", IS_JSON, text, value);
	json_object_set_new_nocheck(elems, pair, json_true());
	free(pair);
	free(value);
	free(text);
}

/* Of a set that is cut: may others of its elements go by themselves? */
static bool may_time_out(const struct na_set *s)
{
	const json_t *v;
	size_t i;

	json_array_foreach(s->elems, i, v)
	{
		if (has_timeout(s->data ? json_array_get(v, 0) : v))
			return true;
	}
	return false;
}

static json_t *elems_of(const struct na_ruleset *rs, struct na_set *s)
{
	json_t *elems = na_need(json_object()), *v;
	size_t i;

	json_array_foreach(na_set_elems(rs, s), i, v)
	{
		const json_t *elem = s->data ? json_array_get(v, 0) : v;

		if (!has_timeout(elem))
			add_elem(elems, na_elem_key(elem), s->data ? json_array_get(v, 1) : NULL);
	}
	return elems;
}

json_t *na_kept_read(struct na_ruleset *rs, const json_t *as)
{
	json_t *rules = na_need(json_object()), *sets = na_need(json_object()), *elems;
	json_t *cut = na_need(json_object()), *as_cut = json_object_get(as, "cut");
	char *name;

	for (size_t i = 0; i < rs->n_rules; i++) {
		const struct na_rule *r = &rs->rule[i];

		if (!r->quic)
			continue;
		name = na_printf("rule %s %s %s: %s", r->chain->family, r->chain->table,
				 r->chain->name, r->text);
		json_object_set_new_nocheck(rules, name, json_true());
		free(name);
	}
	for (size_t i = 0; i < rs->n_sets; i++) {
		struct na_set *s = &rs->set[i];

		if (s->dynamic || !na_has_key(json_object_get(s->type, "typeof"), NULL))
			continue;
		name = na_printf("element of %s %s %s", s->family, s->table, s->name);
		if (as)
			rs->most = json_object_get(as_cut, name) ? NA_ELEMS_SHOWN : 0;
		na_set_elems(rs, s);
		if (s->cut) {
			if (!may_time_out(s))
				json_object_set_new_nocheck(cut, name, json_integer(s->total));
		} else {
			elems = elems_of(rs, s);
			if (json_object_size(elems))
				json_object_set_nocheck(sets, name, elems);
			json_decref(elems);
		}
		free(name);
	}
	return na_need(json_pack("{so, so, so}", "rules", rules, "sets", sets, "cut", cut));
}

bool na_kept_none(const json_t *kept)
{
	return !json_object_size(json_object_get(kept, "rules")) &&
	       !json_object_size(json_object_get(kept, "sets")) &&
	       !json_object_size(json_object_get(kept, "cut"));
}

/* As a pair of JSON; of a set the key is there twice. */
static char *elem_text(const char *set, const char *key, const json_t *data)
{
	json_t *name;
	char *one, *two, *text;

	if (*key == IS_JSON)
		return na_printf("%s: %s", set, key + 1);
	name = na_need(json_stringn_nocheck(key, strlen(key)));
	one = dumped(name);
	two = json_is_true(data) ? na_printf("%s", one) : dumped(data);
	text = na_printf("%s: [%s,%s]", set, one, two);
	free(two);
	free(one);
	json_decref(name);
	return text;
}

/* How many elements of a set that is cut are missing, as a text; NULL if none is known to be. */
static char *count_text(const char *set, json_int_t now, const json_t *then)
{
	const json_t *total = json_object_get(json_object_get(then, "cut"), set);
	json_int_t had = json_integer_value(total);

	if (!total)
		had = json_object_size(json_object_get(json_object_get(then, "sets"), set));
	if (total && (now < 0 || had < 0 || now <= had))
		return NULL;
	if (now < 0)
		return na_printf("%s: all but %lld of more than %d", set, (long long)had,
				 NA_ELEMS_SHOWN);
	return na_printf("%s: %lld of %lld", set, (long long)(now - had), (long long)now);
}

json_t *na_kept_missing(const json_t *now, const json_t *then, size_t most)
{
	json_t *sets = json_object_get(now, "sets"), *rules = json_object_get(now, "rules");
	const json_t *had = json_object_get(then, "rules");
	json_t *missing = na_need(json_array()), *elems, *v;
	const char *line, *name;
	char *text;

	json_object_foreach(rules, line, v)
	{
		if (json_array_size(missing) < most && !json_object_get(had, line))
			json_array_append_new(missing, json_string(line));
	}
	json_object_foreach(json_object_get(now, "cut"), name, v)
	{
		text = json_array_size(missing) < most
			       ? count_text(name, json_integer_value(v), then)
			       : NULL;
		if (text)
			json_array_append_new(missing, na_need(json_string(text)));
		free(text);
	}
	json_object_foreach(sets, name, elems)
	{
		had = json_object_get(json_object_get(then, "sets"), name);
		json_object_foreach(elems, line, v)
		{
			if (json_array_size(missing) == most)
				return missing;
			if (json_equal(json_object_get(had, line), v))
				continue;
			text = elem_text(name, line, v);
			json_array_append_new(missing, na_need(json_string(text)));
			free(text);
		}
	}
	return missing;
}
