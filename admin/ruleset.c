// SPDX-License-Identifier: GPL-2.0-or-later
#include "ruleset.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "elems.h"
#include "nft.h"
#include "text.h"

static const char *str(const json_t *j, const char *key)
{
	return json_string_value(json_object_get(j, key));
}

bool na_has_key(const json_t *j, const char *key)
{
	const json_t *v;
	const char *name;
	size_t i;

	if (json_is_array(j)) {
		json_array_foreach(j, i, v) if (na_has_key(v, key)) return true;
		return false;
	}
	if (!json_is_object(j))
		return false;
	v = json_object_get(j, "quic");
	name = str(v, "key");
	if (name && (!key || !strcmp(name, key)))
		return true;
	json_object_foreach((json_t *)j, name, v) if (na_has_key(v, key)) return true;
	return false;
}

bool na_rule_asked(const struct na_rule *rule)
{
	return rule->quic && !rule->chain->dormant;
}

/* A flag of a table or set: nft prints one as a string, several as a list. */
static bool has_flag(const json_t *j, const char *flag)
{
	const json_t *flags = json_object_get(j, "flags"), *v;
	size_t i;

	json_array_foreach(flags, i, v) if (json_is_string(v) &&
					    !strcmp(json_string_value(v), flag)) return true;
	return json_is_string(flags) && !strcmp(json_string_value(flags), flag);
}

/* "table FAMILY NAME {"; sscanf() alone would look for the end of all text at each line. */
static bool begins_table(const char *line, char family[16], char name[256])
{
	return !strncmp(line, "table ", 6) && sscanf(line, "table %15s %255s", family, name) == 2;
}

/* A table's flags stand behind one tab, a set's behind two. */
static bool is_dormant_line(const char *line)
{
	static const char flags[] = "\tflags ";
	size_t len;

	if (strncmp(line, flags, sizeof(flags) - 1))
		return false;
	for (line += sizeof(flags) - 1; *line && *line != '\n';
	     line += len + strspn(line + len, " ,;")) {
		len = strcspn(line, " ,;\n");
		if (len == strlen("dormant") && !strncmp(line, "dormant", len))
			return true;
	}
	return false;
}

/* The tables that are dormant. In the JSON of nft 1.0.6 a table's flags are its release name. */
static json_t *dormant_tables(const json_t *list, const char *text)
{
	json_t *tables = na_need(json_array());
	char family[16] = "", name[256] = "";
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v) if (has_flag(json_object_get(v, "table"), "dormant"))
		json_array_append(tables, json_object_get(v, "table"));
	for (const char *line = text, *end; line && *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		if (!begins_table(line, family, name) && is_dormant_line(line))
			json_array_append_new(tables, na_need(json_pack("{ss, ss}", "family",
									family, "name", name)));
	}
	return tables;
}

/* Is the table of @j, a chain or flowtable, one of those? */
static bool is_dormant(const json_t *tables, const json_t *j)
{
	const json_t *t;
	size_t i;

	json_array_foreach(tables, i, t) if (json_equal(json_object_get(t, "name"),
							json_object_get(j, "table")) &&
					     json_equal(json_object_get(t, "family"),
							json_object_get(j, "family"))) return true;
	return false;
}

static void add_chain(struct na_ruleset *rs, const json_t *j, const json_t *dormant)
{
	rs->chain[rs->n_chains++] = (struct na_chain){
		.family = str(j, "family"),
		.table = str(j, "table"),
		.name = str(j, "name"),
		.type = str(j, "type"),
		.hook = str(j, "hook"),
		.policy = str(j, "policy"),
		.prio = (int)json_integer_value(json_object_get(j, "prio")),
		.dormant = is_dormant(dormant, j),
	};
}

static void add_set(struct na_ruleset *rs, const json_t *j)
{
	rs->set[rs->n_sets++] = (struct na_set){
		.family = str(j, "family"),
		.table = str(j, "table"),
		.name = str(j, "name"),
		.type = json_object_get(j, "type"),
		.data = json_object_get(j, "map"),
		.dynamic = has_flag(j, "dynamic"),
		.elems = json_incref(json_object_get(j, "elem")),
	};
}

static const struct na_chain *chain_of(const struct na_ruleset *rs, const char *family,
				       const char *table, const char *name)
{
	for (size_t i = 0; i < rs->n_chains && family && table && name; i++) {
		const struct na_chain *c = &rs->chain[i];

		if (!strcmp(c->name, name) && !strcmp(c->table, table) &&
		    !strcmp(c->family, family))
			return c;
	}
	return NULL;
}

static void add_rule(struct na_ruleset *rs, const json_t *j)
{
	struct na_rule *r = &rs->rule[rs->n_rules];

	r->chain = chain_of(rs, str(j, "family"), str(j, "table"), str(j, "chain"));
	if (!r->chain)
		return;
	r->handle = json_integer_value(json_object_get(j, "handle"));
	r->expr = json_object_get(j, "expr");
	r->quic = na_has_key(r->expr, NULL);
	rs->n_rules++;
}

/* Lines of the text end in "# handle N"; tables are begun by "table FAMILY NAME {". */
static void add_text(struct na_ruleset *rs, const char *text)
{
	char family[16] = "", table[256] = "";
	size_t next = 0;

	for (const char *line = text, *end; line && *line; line = *end ? end + 1 : end) {
		const char *mark = NULL, *p;
		long handle;

		end = strchrnul(line, '\n');
		if (begins_table(line, family, table))
			continue;
		for (p = line; (p = strstr(p, " # handle ")) && p < end; p++)
			mark = p;
		if (!mark || line[0] != '\t' || line[1] != '\t')
			continue;
		handle = strtol(mark + 10, NULL, 10);
		line += strspn(line, "\t");
		/* both lists have the same order */
		for (size_t n = 0; n < rs->n_rules; n++) {
			struct na_rule *r = &rs->rule[(next + n) % rs->n_rules];

			if (r->handle != handle || r->text || strcmp(r->chain->table, table) ||
			    strcmp(r->chain->family, family))
				continue;
			r->text = na_name(line, (size_t)(mark - line), 1000);
			next = (size_t)(r - rs->rule) + 1;
			break;
		}
	}
}

struct na_ruleset *na_ruleset_parse(json_t *list, const char *text)
{
	struct na_ruleset *rs = na_need(calloc(1, sizeof(*rs)));
	size_t n = json_array_size(list) + 1, i;
	json_t *dormant;
	const json_t *v;

	dormant = dormant_tables(list, text);
	rs->list = json_incref(list);
	rs->chain = na_need(calloc(n, sizeof(*rs->chain)));
	rs->set = na_need(calloc(n, sizeof(*rs->set)));
	rs->rule = na_need(calloc(n, sizeof(*rs->rule)));
	/* libnftables lists all chains before the first rule, but nobody has promised that */
	json_array_foreach(list, i, v)
	{
		const json_t *set = json_object_get(v, "set");
		const json_t *meta = json_object_get(v, "metainfo");

		if (json_object_get(v, "chain"))
			add_chain(rs, json_object_get(v, "chain"), dormant);
		else if (set || (set = json_object_get(v, "map")))
			add_set(rs, set);
		else if (json_object_get(v, "flowtable"))
			rs->flowtable |= !is_dormant(dormant, json_object_get(v, "flowtable"));
		else if (meta)
			rs->nft_version = str(meta, "version");
	}
	json_decref(dormant);
	json_array_foreach(list, i, v) if (json_object_get(v, "rule"))
		add_rule(rs, json_object_get(v, "rule"));
	if (text)
		add_text(rs, text);
	for (i = 0; i < rs->n_rules; i++)
		if (!rs->rule[i].text)
			rs->rule[i].text =
				na_printf("rule with handle %lld", (long long)rs->rule[i].handle);
	return rs;
}

struct na_ruleset *na_ruleset_load(char **err)
{
	struct na_ruleset *rs;
	char *text;
	json_t *list = na_nft_json("list ruleset", NA_TERSE, err);

	if (!list)
		return NULL;
	text = na_nft("list ruleset", NA_TERSE | NA_HANDLES | NA_STATELESS, NULL);
	rs = na_ruleset_parse(list, text);
	json_decref(list);
	free(text);
	return rs;
}

void na_ruleset_free(struct na_ruleset *rs)
{
	if (!rs)
		return;
	for (size_t i = 0; i < rs->n_sets; i++)
		json_decref(rs->set[i].elems);
	for (size_t i = 0; i < rs->n_rules; i++)
		free(rs->rule[i].text);
	json_decref(rs->list);
	free(rs->chain);
	free(rs->set);
	free(rs->rule);
	free(rs);
}

struct na_set *na_ruleset_set(const struct na_ruleset *rs, const struct na_chain *chain,
			      const char *name)
{
	name += *name == '@';
	for (size_t i = 0; i < rs->n_sets; i++) {
		struct na_set *s = &rs->set[i];

		if (!strcmp(s->name, name) && !strcmp(s->table, chain->table) &&
		    !strcmp(s->family, chain->family))
			return s;
	}
	return NULL;
}

const struct na_chain *na_ruleset_chain(const struct na_ruleset *rs, const struct na_chain *of,
					const char *name)
{
	return chain_of(rs, of->family, of->table, name);
}

const json_t *na_set_elems(const struct na_ruleset *rs, struct na_set *set)
{
	json_t *list, *found;
	char *cmd;

	bool whole = true;

	if (set->elems)
		return set->elems;
	set->elems = rs->offline ? NULL : na_elems_read(set, rs->most, &whole);
	set->cut = set->elems && !whole;
	if (set->cut)
		set->total = na_elems_count(set);
	if (!rs->offline && (!set->elems || json_array_size(set->elems) <= NA_ELEMS_FULL)) {
		cmd = na_printf("list %s %s %s %s", set->data ? "map" : "set", set->family,
				set->table, set->name);
		list = na_nft_json(cmd, 0, NULL);
		found = json_object_get(
			json_object_get(json_array_get(list, 1), set->data ? "map" : "set"),
			"elem");
		if (list) {
			json_decref(set->elems);
			set->elems = json_incref(found);
		}
		json_decref(list);
		free(cmd);
	}
	if (!set->elems)
		set->elems = na_need(json_array());
	return set->elems;
}
