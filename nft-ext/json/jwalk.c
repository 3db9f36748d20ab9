// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands, sets, maps and matches. */
#include <string.h>

#include "jfit.h"
#include "jtype.h"
#include "jvalue.h"
#include "jwalk.h"
#include "layouts.h"
#include "walk.h"

/* Is there a name or connection ID in it? */
static bool has_name(json_t *expr)
{
	json_t *concat = json_object_get(expr, "concat"), *p;
	const struct nx_key *k = nx_jkey(expr);
	size_t i;

	if (k)
		return !nx_key_is_number(k);
	json_array_foreach(concat, i, p)
	{
		k = nx_jkey(p);
		if (k && !nx_key_is_number(k))
			return true;
	}
	return false;
}

/* Refuse comparisons that names do not have. Comes first, as the message shows the match. */
static bool refuse_match(struct nx_jwalk *w, json_t *match, json_t *left, json_t *right,
			 const char *op)
{
	if (!has_name(left))
		return false;
	if (op && strcmp(op, "==") && strcmp(op, "!=") && strcmp(op, "in"))
		nx_jerror(w, match, "quic: only == and != are possible with a name");
	else if (json_object_get(right, "range"))
		nx_jerror(w, match, "quic: a range is not possible with a name");
	else
		return false;
	return true;
}

static void walk_match(struct nx_jwalk *w, json_t *match)
{
	json_t *left = json_object_get(match, "left"), *right = json_object_get(match, "right");
	const char *op = json_string_value(json_object_get(match, "op"));
	const struct nx_slot *slot = NULL;
	const struct nx_key *k;
	struct nx_layout l;
	struct nx_lit lit;
	unsigned int nerrs;
	const char *s;
	uint32_t num;
	bool numeric;

	if (w->lang->dir == NX_IN && nx_jkey(right)) {
		nx_jerror(w, match, "quic: a match compares with a value, not with another key");
		return;
	}
	if (!json_is_object(left) || !right)
		return;
	nerrs = w->lang->nerrs;
	nx_jfit(w, left, right);
	if (w->lang->nerrs > nerrs)
		return;
	if (w->lang->dir == NX_IN && refuse_match(w, match, left, right, op))
		return;
	nx_jexpr(w, left, &l, &slot);
	k = l.n == 1 ? l.key[0] : NULL;
	if (slot) {
		json_object_set_new(match, "right", nx_jname(slot->key, &slot->lit));
		return;
	}
	if (!nx_layout_quic(&l)) {
		if (w->lang->nerrs)
			return;
		nx_jwalk(w, left);
		nx_jwalk(w, right);
		return;
	}
	if (w->lang->dir == NX_IN && k && !nx_key_is_number(k)) {
		s = json_string_value(right);
		if (json_is_integer(right) || (s && s[0] != '@')) {
			if (!nx_jliteral(w, right, k, &lit))
				return;
			if (!nx_lit_fits(&lit, k->width)) {
				if (nx_slot_put(w->lang->slots, k, &lit, &num)) {
					w->lang->oom = true;
					return;
				}
				nx_jplace(left, nx_slot_offset(num), NX_SLOT_BITS);
				json_object_set_new(match, "right", json_integer(1));
				return;
			}
		}
	}
	/* bits of a number have no symbols */
	numeric = w->lang->numeric;
	w->lang->numeric |= w->lang->dir == NX_OUT && json_object_get(left, "&");
	json_object_set_new(match, "right", nx_jvalue(w, json_incref(right), l.key, l.n));
	w->lang->numeric = numeric;
}

/* Elements: values, or pairs of key and data. */
static void walk_elements(struct nx_jwalk *w, json_t *elems, const struct nx_layout *l, bool map)
{
	size_t i;
	json_t *e;

	json_array_foreach(elems, i, e)
	{
		if (map && json_is_array(e) && json_array_size(e) == 2) {
			json_t *data = json_array_get(e, 1);

			json_array_set_new(
				e, 0,
				nx_jvalue(w, json_incref(json_array_get(e, 0)), l->key, l->n));
			if (l->dn)
				json_array_set_new(e, 1,
						   nx_jvalue(w, json_incref(data), l->data, l->dn));
		} else {
			json_array_set_new(elems, i, nx_jvalue(w, json_incref(e), l->key, l->n));
		}
	}
}

/* The expression `KEY map { ... }` or vmap. */
static void walk_map(struct nx_jwalk *w, json_t *map)
{
	json_t *key = json_object_get(map, "key"), *data = json_object_get(map, "data");
	struct nx_layout l = {0};
	json_t *set;

	nx_jfit(w, key, data);
	nx_jexpr(w, key, &l, NULL);
	if (!nx_layout_quic(&l) && !w->lang->nerrs)
		nx_jwalk(w, key);
	set = json_object_get(data, "set");
	if (json_is_array(set) && nx_layout_quic(&l))
		walk_elements(w, set, &l, true);
	nx_jwalk(w, data);
}

/* The key, or the data, of a set: {"typeof": ...}; its parts go to @key and @n. */
static void walk_type(struct nx_jwalk *w, json_t *set, const char *name, const struct nx_key **key,
		      uint8_t *n)
{
	json_t *type = json_object_get(set, name), *expr = json_object_get(type, "typeof");
	json_t *shown;
	struct nx_layout l = {0};

	if (!json_is_object(expr))
		return;
	shown = json_deep_copy(type);
	nx_jexpr(w, expr, &l, NULL);
	if (nx_layout_quic(&l) && w->lang->dir == NX_IN && !w->typeof_in)
		nx_jerror(w, shown,
			  "this libnftables does not take typeof in JSON; make the set with text");
	json_decref(shown);
	if (!nx_layout_quic(&l))
		return;
	memcpy(key, l.key, l.n * sizeof(key[0]));
	*n = l.n;
}

/* A type that is told by its name only. */
static bool is_vague(const json_t *type)
{
	return json_is_array(type) ||
	       (json_is_string(type) && strcmp(json_string_value(type), "verdict"));
}

static void fill_text(json_t *set, const char *name, const struct nx_buf *text)
{
	json_t *type = text->len ? nx_jtype_of_text(nx_buf_cstr(text)) : NULL;

	if (type)
		json_object_set_new(set, name, type);
}

/* Complete a set's type by what the kernel knows and JSON output leaves out. */
static void fill_types(struct nx_jwalk *w, json_t *set, const struct nx_set_id *id,
		       const struct nx_layout *l)
{
	json_t *type = json_object_get(set, "type"), *map = json_object_get(set, "map"), *p;
	struct nx_buf key = NX_BUF_INIT, data = NX_BUF_INIT;

	if (!json_is_object(type) && l->n == 1 && l->key[0]) {
		p = json_object();
		nx_jquic(p, l->key[0]);
		json_object_set_new(set, "type", json_pack("{s:o}", "typeof", p));
		w->changed = true;
		type = json_object_get(set, "type");
	}
	/* kinds of objects are no types */
	if (json_is_string(map) && !l->dn && !nx_jtype_known(map))
		map = NULL;
	if ((is_vague(type) || is_vague(map)) && w->typeof_text &&
	    w->typeof_text(w->arg, id, map != NULL, &key, &data)) {
		if (is_vague(type))
			fill_text(set, "type", &key);
		if (is_vague(map))
			fill_text(set, "map", &data);
		w->changed = true;
	}
	nx_buf_free(&key);
	nx_buf_free(&data);
}

/* typeof in the key wants typeof in the data, or nft drops both from its listings. */
static void name_data(struct nx_jwalk *w, json_t *set)
{
	json_t *type = nx_jtype_of_name(json_object_get(set, "map"));

	if (type) {
		json_object_set_new(set, "map", type);
		w->changed = true;
	}
}

static bool set_id(const json_t *obj, struct nx_set_id *id)
{
	const char *family = json_string_value(json_object_get(obj, "family"));

	id->table = json_string_value(json_object_get(obj, "table"));
	id->set = json_string_value(json_object_get(obj, "name"));
	if (!id->table || !id->set)
		return false;
	id->family = family ? nx_family_word(family, strlen(family)) : "ip";
	if (!id->family)
		return false;
	id->table_len = strlen(id->table);
	id->set_len = strlen(id->set);
	return true;
}

/* A set or map as an object of a table. */
static void walk_set(struct nx_jwalk *w, json_t *set, const struct nx_set_id *id)
{
	json_t *elems = json_object_get(set, "elem");
	const struct nx_layout *known;
	struct nx_layout l = {0};

	walk_type(w, set, "type", l.key, &l.n);
	walk_type(w, set, "map", l.data, &l.dn);
	if (w->lang->dir == NX_OUT && w->lang->known &&
	    (known = nx_layouts_get(w->lang->known, id))) {
		l = *known;
		fill_types(w, set, id, &l);
	}
	if (w->lang->dir == NX_IN) {
		if (nx_layout_quic(&l))
			name_data(w, set);
		if (nx_layouts_put(&w->lang->sets, id, &l))
			w->lang->oom = true;
	}
	if (json_is_array(elems) && nx_layout_quic(&l))
		walk_elements(w, elems, &l, json_object_get(set, "map") != NULL);
}

static void walk_element(struct nx_jwalk *w, json_t *obj, const struct nx_set_id *id)
{
	const struct nx_layout *l = nx_lang_layout(w->lang, id);
	json_t *elems = json_object_get(obj, "elem"), *e;
	bool map = false;
	size_t i;

	if (!l)
		return;
	/* as it is printed */
	if (json_is_array(json_object_get(elems, "set")))
		elems = json_object_get(elems, "set");
	if (json_is_array(elems)) {
		json_array_foreach(elems, i, e) map |= json_is_array(e);
		walk_elements(w, elems, l, map);
	} else if (elems) {
		json_object_set_new(obj, "elem", nx_jvalue(w, json_incref(elems), l->key, l->n));
	}
}

static bool has_quic(json_t *v)
{
	const char *key;
	size_t i;
	json_t *m;

	json_array_foreach(v, i, m)
	{
		if (has_quic(m))
			return true;
	}
	json_object_foreach(v, key, m)
	{
		if ((!strcmp(key, "quic") && json_is_object(m)) || has_quic(m))
			return true;
	}
	return false;
}

/* Two values that are needed at once must share the registers. */
static bool refuse_wide(struct nx_jwalk *w, json_t *expr, bool map)
{
	bool quic, joined;
	unsigned int bytes = nx_jwidth(expr, &quic, &joined), max;
	char msg[100];

	max = map && !joined ? NX_REG_MAX : NX_BESIDE_MAX;
	if (!quic || bytes <= max)
		return false;
	snprintf(msg, sizeof(msg),
		 "quic: %u bytes are too long beside another value, at most %u are possible", bytes,
		 max);
	nx_jerror(w, expr, msg);
	return true;
}

static bool refuse_second(struct nx_jwalk *w, const char *key, json_t *v)
{
	json_t *elem = json_object_get(v, "elem"), *val;

	if (!strcmp(key, "jhash"))
		return refuse_wide(w, json_object_get(v, "expr"), false);
	if (!strcmp(key, "map") && json_object_get(v, "op")) {
		val = json_object_get(json_object_get(elem, "elem"), "val");
		return refuse_wide(w, val ? val : elem, true);
	}
	val = json_object_get(json_object_get(v, "port"), "map");
	return val && json_object_get(v, "addr") &&
	       refuse_wide(w, json_object_get(val, "key"), false);
}

/* The text form refuses these as well. */
static bool refuse_member(struct nx_jwalk *w, const char *key, json_t *v)
{
	static const char *const binops[] = {"&", "|", "^", "<<", ">>"};
	size_t i;
	json_t *m;

	if (!strcmp(key, "meter") && has_quic(json_object_get(v, "key"))) {
		nx_jerror(w, v, "quic: not possible in a meter, use a dynamic set");
		return true;
	}
	if (json_is_object(v) && refuse_second(w, key, v))
		return true;
	for (size_t n = 0; n < sizeof(binops) / sizeof(binops[0]); n++) {
		if (strcmp(key, binops[n]))
			continue;
		json_array_foreach(v, i, m)
		{
			if (has_name(m)) {
				nx_jerror(w, m, "quic: a name cannot be computed with");
				return true;
			}
		}
	}
	return false;
}

/* Where a statement wants a port, or a key of its set. */
static void fit_statement(struct nx_jwalk *w, const char *key, json_t *v)
{
	json_t *elem = json_object_get(v, "elem"), *set = json_object_get(v, key), *in;
	const char *field;

	if (!json_unpack(v, "{s:{s:{s:s}}}", "key", "payload", "field", &field) &&
	    !strcmp(key, "mangle") && (!strcmp(field, "dport") || !strcmp(field, "sport")))
		nx_jfit_port(w, json_object_get(v, "value"));
	if (json_object_get(v, "port"))
		nx_jfit_port(w, json_object_get(v, "port"));
	if (elem && json_is_string(set)) {
		in = json_object_get(json_object_get(elem, "elem"), "val");
		nx_jfit(w, in ? in : elem, set);
		if (json_object_get(v, "data"))
			nx_jfit_data(w, json_object_get(v, "data"), set);
	}
}

static void walk_member(struct nx_jwalk *w, const char *key, json_t *v)
{
	struct nx_set_id id;

	if (w->lang->dir == NX_IN && refuse_member(w, key, v))
		return;
	if (json_is_object(v)) {
		if (!strcmp(key, "rule") && w->lang->dir == NX_IN &&
		    json_is_array(json_object_get(v, "expr"))) {
			nx_jfit_rule(w, v);
			return;
		}
		if (!strcmp(key, "rule") && w->lang->dir == NX_OUT)
			nx_jfit_rule_back(w, v);
		fit_statement(w, key, v);
		if (!strcmp(key, "match")) {
			walk_match(w, v);
			return;
		}
		if (!strcmp(key, "element") && set_id(v, &id)) {
			walk_element(w, v, &id);
			return;
		}
		if ((!strcmp(key, "set") || !strcmp(key, "map") || !strcmp(key, "meter")) &&
		    set_id(v, &id)) {
			walk_set(w, v, &id);
			return;
		}
		if ((!strcmp(key, "map") || !strcmp(key, "vmap")) && json_object_get(v, "key") &&
		    json_object_get(v, "data")) {
			walk_map(w, v);
			return;
		}
	}
	nx_jwalk(w, v);
}

/* Where nft has no JSON form it prints text in a string: a chain without a name. */
static json_t *text_in_json(struct nx_jwalk *w, json_t *v)
{
	static const struct nx_block chain = {.kind = NX_CHAIN};
	const char *s = json_string_value(v);
	struct nx_text *t;
	json_t *out = NULL;
	char *copy;
	size_t len;

	if (!strstr(s, "@ih,"))
		return v;
	copy = strdup(s);
	t = copy ? nx_text_new(NULL, copy, strlen(copy)) : NULL;
	if (t) {
		nx_translate(w->lang, t, &chain);
		s = nx_text_result(t, &len);
		out = json_stringn(s, len);
	}
	nx_text_free(t);
	if (!out)
		return v;
	w->changed = true;
	json_decref(v);
	return out;
}

void nx_jwalk(struct nx_jwalk *w, json_t *v)
{
	struct nx_layout l;
	const char *key;
	size_t i;
	json_t *m;

	if (json_is_array(v)) {
		json_array_foreach(v, i, m)
		{
			if (w->lang->dir == NX_OUT && json_is_string(m))
				json_array_set_new(v, i, text_in_json(w, json_incref(m)));
			else
				nx_jwalk(w, m);
		}
		return;
	}
	if (!json_is_object(v))
		return;
	if (json_object_get(v, "concat") || json_object_get(v, "payload") ||
	    json_object_get(v, "quic") || nx_jkey(json_array_get(json_object_get(v, "&"), 0))) {
		nx_jexpr(w, v, &l, NULL);
		if (nx_layout_quic(&l))
			return;
	}
	json_object_foreach(v, key, m) walk_member(w, key, m);
}
