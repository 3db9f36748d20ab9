// SPDX-License-Identifier: GPL-2.0-or-later
/* Server IDs: those of rules against those of quicd's services. */
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "text.h"

char *na_id_text(const json_t *value)
{
	const char *text = json_string_value(value);

	if (json_is_integer(value))
		return na_printf("%04x", (unsigned int)json_integer_value(value) & 0xffff);
	if (text && !strncmp(text, "0x", 2))
		return na_printf("%s", text + 2);
	return NULL;
}

static bool all_443(const struct na_service *s)
{
	for (size_t i = 0; i < s->n_ports; i++)
		if (s->port[i] != 443)
			return false;
	return true;
}

/* The ID that a service puts into the connection IDs of those who come to @port; NULL for none. */
static char *id_of(const struct na_service *s, int port)
{
	if (s->server_id && !strcmp(s->server_id, "none"))
		return NULL;
	if (s->server_id && strcmp(s->server_id, "port"))
		return na_printf("%s", s->server_id);
	if (!s->server_id && all_443(s))
		return NULL;
	return na_printf("%04x", (unsigned int)port);
}

/* Whether rules know an ID; a range or a mask may. */
static bool known(const json_t *ids, const char *id)
{
	return json_object_get(ids, id) || json_object_get(ids, "*");
}

static void take(json_t *ids, const json_t *value)
{
	char *id = na_id_text(na_elem_key(value));

	json_object_set_new(ids, id ? id : "*", json_true());
	free(id);
}

static const json_t *elements(const struct na_ruleset *rs, const struct na_rule *r, const json_t *j)
{
	const char *name = json_string_value(j);
	struct na_set *set = name && *name == '@' ? na_ruleset_set(rs, r->chain, name) : NULL;

	return set ? na_set_elems(rs, set) : json_object_get(j, "set");
}

static void collect(const struct na_ruleset *rs, const struct na_rule *r, const json_t *j,
		    json_t *ids)
{
	const json_t *left = json_object_get(j, "left"), *key = json_object_get(j, "key"), *v;
	const json_t *list, *right = json_object_get(j, "right");
	const char *word;
	json_t *inner;
	size_t i;

	if (json_is_array(j)) {
		json_array_foreach(j, i, v) collect(rs, r, v, ids);
		return;
	}
	if (left && na_has_key(left, "server-id")) {
		list = elements(rs, r, right);
		/* a mask, or all IDs but some */
		if (!json_object_get(left, "quic") ||
		    na_is_other(json_string_value(json_object_get(j, "op"))))
			json_object_set_new(ids, "*", json_true());
		else if (!list)
			take(ids, right);
		json_array_foreach(list, i, v) take(ids, v);
		return;
	}
	if (key && json_object_get(j, "data") && na_has_key(key, "server-id")) {
		list = elements(rs, r, json_object_get(j, "data"));
		json_array_foreach(list, i, v) take(
			ids, json_object_get(key, "quic") ? json_array_get(v, 0) : json_null());
		return;
	}
	json_object_foreach((json_t *)j, word, inner) collect(rs, r, inner, ids);
}

static bool is_server_id(const json_t *value)
{
	return json_object_get(value, "quic") && na_has_key(value, "server-id");
}

/* Takes the rule the port from the ID itself? */
static bool writes_id(const struct na_rule *r)
{
	const json_t *s, *nat;
	size_t i;

	json_array_foreach(r->expr, i, s)
	{
		nat = json_object_get(s, "redirect");
		nat = nat ? nat : json_object_get(s, "dnat");
		if (is_server_id(json_object_get(json_object_get(s, "mangle"), "value")) ||
		    is_server_id(json_object_get(nat, "port")))
			return true;
	}
	return false;
}

/* Does the rule, or one before it in its chain, look at which server ID it is? */
static bool looks_at_id(const struct na_ruleset *rs, const struct na_rule *rule)
{
	const json_t *s, *m;
	size_t i;

	for (const struct na_rule *r = rs->rule; r <= rule; r++) {
		if (r->chain != rule->chain)
			continue;
		json_array_foreach(r->expr, i, s)
		{
			m = json_object_get(s, "match");
			m = m ? json_object_get(m, "left")
			      : json_object_get(json_object_get(s, "vmap"), "key");
			if (m && na_has_key(m, "server-id"))
				return true;
		}
	}
	return false;
}

/* Rules by which a client chooses its port; of other chains the rule that jumps may look. */
static void any_ids(const struct na_host *h, struct na_found *f, json_t *ids)
{
	for (size_t i = 0; i < h->rs->n_rules; i++) {
		const struct na_rule *r = &h->rs->rule[i];

		if (!na_rule_asked(r) || !writes_id(r))
			continue;
		if (looks_at_id(h->rs, r))
			continue;
		json_object_set_new(ids, "*", json_true());
		if (r->chain->hook)
			na_found_add(f, NA_WARN,
				     "%s %s %s: %s: a client can make up a server ID and reaches "
				     "any UDP port",
				     r->chain->family, r->chain->table, r->chain->name, r->text);
	}
}

char *na_id_shown(const char *text)
{
	bool hex = !strncmp(text, "0x", 2);
	const char *digits = hex ? text + 2 : text;
	size_t len = strlen(digits);

	if (!len || strspn(digits, hex ? "0123456789abcdef" : "0123456789") != len)
		return NULL;
	return hex ? na_printf("%s", digits)
		   : na_printf("%04x", (unsigned int)atoi(digits) & 0xffff);
}

/* IDs that lead to a local port whose service has another. */
static void wrong_ids(const struct na_host *h, struct na_found *f)
{
	for (size_t i = 0; i < h->ways.n; i++) {
		const struct na_way *w = &h->ways.way[i];
		const struct na_service *s;
		char *own, *id;
		json_t *v;
		size_t k;

		if (strcmp(w->key, "server-id") || w->how == NA_VERDICT || w->host || !w->port ||
		    w->rule->chain->dormant)
			continue;
		s = na_host_service(h, w->port);
		if (!s || !s->pid)
			continue;
		own = id_of(s, w->port);
		json_array_foreach(w->names, k, v)
		{
			id = na_id_shown(json_string_value(v));
			if (id && (!own || strcmp(own, id)))
				na_found_add(
					f, NA_WARN,
					"server ID 0x%s leads to port %d, but %s there has %s%s",
					id, w->port, s->name, own ? "0x" : "", own ? own : "none");
			free(id);
		}
		free(own);
	}
}

void na_check_server_ids(const struct na_host *h, struct na_found *f)
{
	json_t *ids, *done;

	if (!na_has_rules(h, f))
		return;
	ids = na_need(json_object());
	done = na_need(json_object());
	for (size_t i = 0; i < h->rs->n_rules; i++)
		if (na_rule_asked(&h->rs->rule[i]))
			collect(h->rs, &h->rs->rule[i], h->rs->rule[i].expr, ids);
	any_ids(h, f, ids);
	for (size_t i = 0; i < h->ways.n; i++) {
		const struct na_way *w = &h->ways.way[i];
		const struct na_service *s =
			w->port && !w->host ? na_host_service(h, w->port) : NULL;
		char *id;

		if (w->how == NA_VERDICT || w->rule->chain->dormant || !s || !s->pid ||
		    !strcmp(w->key, "server-id"))
			continue;
		id = id_of(s, w->port);
		if (id && !known(ids, id) && !json_object_get(done, id))
			na_found_add(f, w->how == NA_WRITE ? NA_FAULT : NA_WARN,
				     "%s puts the server ID 0x%s into its connection IDs, and no "
				     "rule asks for it: "
				     "%s",
				     s->name, id,
				     w->how == NA_WRITE
					     ? "only the first packets of a connection arrive"
					     : "a client that moves is lost");
		if (id)
			json_object_set_new(done, id, json_true());
		free(id);
	}
	wrong_ids(h, f);
	json_decref(ids);
	json_decref(done);
}
