// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "jvalue.h"

void nx_jerror(struct nx_jwalk *w, const json_t *v, const char *msg)
{
	char *dump = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);

	if (w->lang->nerrs++ < NX_MAX_ERRORS)
		nx_buf_fmt(&w->lang->errors, "Error: %s: %.300s\n", msg, dump ? dump : "?");
	free(dump);
}

void nx_jplace(json_t *v, uint32_t bit_off, uint32_t bits)
{
	json_object_clear(v);
	json_object_set_new(v, "payload",
			    json_pack("{s:s, s:I, s:i}", "base", "ih", "offset",
				      (json_int_t)bit_off, "len", (int)bits));
}

void nx_jquic(json_t *v, const struct nx_key *k)
{
	json_object_clear(v);
	json_object_set_new(v, "quic", json_pack("{s:s}", "key", k->name));
	if (k->kind == NX_ID && !nx_key_is_port(k))
		json_object_set_new(json_object_get(v, "quic"), "len", json_integer(k->width * 8));
}

/* A part of a connection ID as it is written: a port's number, or digits. */
static json_t *id_text(const struct nx_key *k, const uint8_t *b)
{
	struct nx_buf s = NX_BUF_INIT;
	json_t *v;

	if (nx_key_is_port(k))
		return json_integer(b[0] << 8 | b[1]);
	nx_id_text(&s, k, b, true);
	v = json_string(nx_buf_cstr(&s));
	nx_buf_free(&s);
	return v;
}

/* `{"&": [KEY, MASK]}` in the place of KEY */
static void put_mask(json_t *v, const struct nx_slot *slot)
{
	const struct nx_key *k = slot->key;
	json_t *key = json_object(), *mask;
	json_int_t val = 0;

	nx_jquic(key, k);
	for (unsigned int i = 0; k->kind == NX_NUM && i < k->width; i++)
		val = val << 8 | slot->lit.b[i];
	mask = k->kind == NX_NUM ? json_integer(val) : id_text(k, slot->lit.b);
	json_object_clear(v);
	json_object_set_new(v, "&", json_pack("[o, o]", key, mask));
}

/*
 * The placeholder of a masked number, or of an ID that a mask of ones gave its width. Return: NULL
 * if @v is something else.
 */
static const struct nx_key *masked(struct nx_jwalk *w, json_t *v)
{
	json_t *and = json_object_get(v, "&"), *val = json_array_get(and, 1);
	const struct nx_key *k = nx_jkey(json_array_get(and, 0));
	struct nx_buf text = NX_BUF_INIT, err = NX_BUF_INIT;
	struct nx_lit lit = {0};
	bool ones = true, ok;
	uint32_t num;

	if (!k || json_array_size(and) != 2 || !nx_key_is_number(k) || !nx_jtext(val, &text))
		return NULL;
	ok = k->kind == NX_ID ? !nx_id_parse(k, text.p, text.len, &lit, &err)
			      : !nx_num_parse(k, text.p, text.len, &num);
	for (unsigned int i = 0; ok && k->kind == NX_NUM && i < k->width; i++)
		lit.b[i] = num >> 8 * (k->width - i - 1);
	for (unsigned int i = 0; i < k->width; i++)
		ones &= lit.b[i] == 0xff;
	if (!ok)
		nx_jerror(w, v, err.len ? nx_buf_cstr(&err) : "quic: an impossible mask");
	else if (ones)
		nx_jplace(v, nx_key_offset(k), k->width * 8u);
	else if (nx_slot_put_mask(w->lang->slots, k, lit.b, &num))
		w->lang->oom = true;
	else
		nx_jplace(v, nx_slot_offset(num), k->width * 8u);
	nx_buf_free(&text);
	nx_buf_free(&err);
	return k;
}

/* One part of a selector; NULL if it is not ours. */
static const struct nx_key *part(struct nx_jwalk *w, json_t *v, bool concat,
				 const struct nx_slot **slot)
{
	struct nx_buf msg = NX_BUF_INIT;
	const struct nx_key *k = NULL;
	const char *name;
	json_int_t off, len;

	if (w->lang->dir == NX_OUT) {
		const struct nx_slot *s;

		if (json_unpack(v, "{s:{s:s, s:I, s:I}}", "payload", "base", &name, "offset", &off,
				"len", &len) ||
		    strcmp(name, "ih") || off < 0 || off > UINT32_MAX || len < 0 || len > 512)
			return NULL;
		s = nx_slot_mask_by_place(w->lang->slots, off, len);
		if (s) {
			put_mask(v, s);
			w->changed = true;
			return s->key;
		}
		s = slot ? nx_slot_by_place(w->lang->slots, off, len) : NULL;
		if (s)
			*slot = s;
		k = s ? s->key : nx_key_by_place(off, len);
		if (k)
			nx_jquic(v, k);
	} else {
		json_t *quic = json_object_get(v, "quic");

		k = masked(w, v);
		if (k) {
			w->changed = true;
			return k;
		}
		if (!quic)
			return NULL;
		if (json_unpack(quic, "{s:s}", "key", &name)) {
			nx_jerror(w, v, "quic: an object with \"key\" is expected");
			return NULL;
		}
		k = nx_key_by_name(name, strlen(name));
		if (!k) {
			nx_buf_fmt(&msg, "unknown quic key, known are %s", nx_key_names());
			nx_jerror(w, v, nx_buf_cstr(&msg));
			nx_buf_free(&msg);
			return NULL;
		}
		if (!nx_jkey(v)) {
			nx_jerror(w, v,
				  "quic: impossible \"len\", bits of a part of an ID are expected");
			return NULL;
		}
		k = nx_jkey(v);
		if (concat)
			k = nx_key_in_concat(k);
		nx_jplace(v, nx_key_offset(k), k->width * 8u);
	}
	w->changed |= k != NULL;
	return k;
}

/* Bytes of a stock part in a register, at least. */
static unsigned int stock_width(json_t *v)
{
	const char *protocol, *field, *key;

	if (!json_unpack(v, "{s:{s:s}}", "meta", "key", &key))
		return strcmp(key, "iifname") && strcmp(key, "oifname") ? 4 : 16;
	if (json_unpack(v, "{s:{s:s, s:s}}", "payload", "protocol", &protocol, "field", &field) ||
	    (strcmp(field, "saddr") && strcmp(field, "daddr")))
		return 4;
	return !strcmp(protocol, "ip6") ? 16 : !strcmp(protocol, "ether") ? 8 : 4;
}

const struct nx_key *nx_jkey(json_t *expr)
{
	json_t *len = json_object_get(json_object_get(expr, "quic"), "len");
	json_int_t bits = json_integer_value(len);
	const struct nx_key *k;
	const char *name;

	if (json_unpack(expr, "{s:{s:s}}", "quic", "key", &name))
		return NULL;
	k = nx_key_by_name(name, strlen(name));
	if (!k || !len)
		return k;
	return json_is_integer(len) && bits > 0 && bits % 8 == 0 ? nx_key_part(k, bits / 8) : NULL;
}

bool nx_jtext(const json_t *v, struct nx_buf *out)
{
	if (json_is_integer(v))
		nx_buf_fmt(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_string(v))
		nx_buf_add(out, json_string_value(v), json_string_length(v));
	return out->len;
}

unsigned int nx_jwidth(json_t *v, bool *quic, bool *joined)
{
	json_t *concat = json_object_get(v, "concat"), *p;
	unsigned int bytes = 0;
	size_t i;

	*joined = json_array_size(concat) > 1;
	*quic = nx_jkey(v);
	if (!*joined)
		return *quic ? nx_key_room(nx_jkey(v)) : stock_width(v);
	json_array_foreach(concat, i, p)
	{
		const struct nx_key *k = nx_key_in_concat(nx_jkey(p));

		*quic |= k != NULL;
		bytes += k ? nx_key_room(k) : stock_width(p);
	}
	return bytes;
}

/* As in text: refuse concatenations that no nft could load, or list again. */
static void check_concat(struct nx_jwalk *w, const json_t *shown, unsigned int n,
			 unsigned int bytes)
{
	char msg[100];

	if (n > NX_CONCAT_PARTS)
		snprintf(msg, sizeof(msg),
			 "quic: concatenation of %u parts, at most %u are possible", n,
			 NX_CONCAT_PARTS);
	else if (bytes > NX_CONCAT_MAX)
		snprintf(msg, sizeof(msg),
			 "quic: concatenation of %u bytes is too long, at most %u are possible",
			 bytes, NX_CONCAT_MAX);
	else
		return;
	nx_jerror(w, shown, msg);
}

void nx_jexpr(struct nx_jwalk *w, json_t *v, struct nx_layout *l, const struct nx_slot **slot)
{
	json_t *concat = json_object_get(v, "concat"), *p, *shown = NULL;
	unsigned int bytes = 0;
	size_t i;

	l->n = l->dn = 0;
	if (!json_is_array(concat)) {
		l->key[l->n++] = part(w, v, false, slot);
		return;
	}
	/* an error shows what the user wrote */
	if (w->lang->dir == NX_IN)
		shown = json_deep_copy(v);
	json_array_foreach(concat, i, p)
	{
		if (l->n == NX_COMPS)
			break;
		l->key[l->n] = part(w, p, json_array_size(concat) > 1, NULL);
		bytes += l->key[l->n] ? nx_key_room(l->key[l->n]) : stock_width(p);
		if (!l->key[l->n] && !w->lang->nerrs)
			nx_jwalk(w, p); /* `&` of a key, a hash */
		l->n++;
	}
	if (shown && nx_layout_quic(l))
		check_concat(w, shown, l->n, bytes);
	json_decref(shown);
}

bool nx_jliteral(struct nx_jwalk *w, const json_t *v, const struct nx_key *k, struct nx_lit *lit)
{
	struct nx_buf err = NX_BUF_INIT;
	char num[32];
	const char *s;
	bool hex;

	if (w->lang->dir == NX_OUT) {
		if (json_is_integer(v)) {
			snprintf(num, sizeof(num), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
			return !nx_lit_from_number(num, strlen(num), k->width, lit);
		}
		s = json_string_value(v);
		return s && !nx_lit_from_number(s, strlen(s), k->width, lit);
	}
	s = json_string_value(v);
	if (!s) {
		nx_jerror(w, v, "a quic name must be a string");
		return false;
	}
	hex = !strncmp(s, "0x", 2);
	if (nx_lit_parse(k, s, json_string_length(v), !hex, lit, &err)) {
		nx_jerror(w, v, nx_buf_cstr(&err));
		nx_buf_free(&err);
		return false;
	}
	return true;
}

/* "@name" is a set and "0x..." bytes: names that look so are written as bytes. */
json_t *nx_jname(const struct nx_key *k, const struct nx_lit *lit)
{
	struct nx_buf b = NX_BUF_INIT;
	json_t *v;

	if (!nx_lit_quotable(k, lit) || lit->b[0] == '@' ||
	    (lit->len > 1 && !memcmp(lit->b, "0x", 2)))
		nx_lit_hex(&b, lit, 0);
	else
		nx_buf_add(&b, lit->b, lit->len);
	v = b.oom ? NULL : json_string(nx_buf_cstr(&b));
	if (!v && !b.oom) {
		/* not UTF-8 */
		nx_buf_reset(&b);
		nx_lit_hex(&b, lit, 0);
		v = json_string(nx_buf_cstr(&b));
	}
	nx_buf_free(&b);
	return v;
}

static json_t *number(struct nx_jwalk *w, const json_t *v, const struct nx_key *k)
{
	const char *s = json_string_value(v);
	struct nx_buf b = NX_BUF_INIT;
	uint32_t val;
	json_t *out;

	if (w->lang->dir == NX_IN) {
		if (!s || s[0] == '@' || !strcmp(s, "*"))
			return NULL;
		if (nx_num_parse(k, s, strlen(s), &val)) {
			nx_buf_fmt(&b, "quic %s: expected %s", k->name, nx_num_symbols(k));
			nx_jerror(w, v, nx_buf_cstr(&b));
			nx_buf_free(&b);
			return NULL;
		}
		return json_integer(val);
	}
	if (json_is_integer(v))
		val = json_integer_value(v);
	else if (!s || nx_num_parse(k, s, strlen(s), &val))
		return NULL;
	if (w->lang->numeric)
		return NULL;
	nx_num_text(&b, k, val, false);
	/* a number without a symbol stays one */
	out = b.oom || (b.p[0] >= '0' && b.p[0] <= '9' && k->id != NFT_QUIC_TYPE) ||
			      (k->id == NFT_QUIC_TYPE && val > NFT_QUIC_TYPE_SHORT)
		      ? NULL
		      : json_string(nx_buf_cstr(&b));
	nx_buf_free(&b);
	return out;
}

/* A part of a connection ID. Stock nft prints numbers of 64 bits with a sign. */
static json_t *id(struct nx_jwalk *w, const json_t *v, const struct nx_key *k)
{
	struct nx_buf text = NX_BUF_INIT, err = NX_BUF_INIT;
	json_int_t val = json_integer_value(v);
	json_t *out = NULL;
	struct nx_lit lit;

	if (w->lang->dir == NX_OUT) {
		if (json_is_integer(v))
			nx_buf_fmt(&text, "%llu", (unsigned long long)val);
		else
			nx_jtext(v, &text);
		if (text.len && !nx_lit_from_number(text.p, text.len, k->width, &lit))
			out = id_text(k, lit.b);
	} else if (nx_jtext(v, &text) && text.p[0] != '@' && strcmp(nx_buf_cstr(&text), "*")) {
		if (nx_id_parse(k, text.p, text.len, &lit, &err))
			nx_jerror(w, v, nx_buf_cstr(&err));
	}
	nx_buf_free(&text);
	nx_buf_free(&err);
	return out;
}

/* A plain value of one key; NULL if it stays. */
static json_t *scalar(struct nx_jwalk *w, const json_t *v, const struct nx_key *k, bool concat)
{
	struct nx_buf b = NX_BUF_INIT;
	const char *s = json_string_value(v);
	struct nx_lit lit;
	json_t *out;

	if (k->kind == NX_ID)
		return id(w, v, k);
	if (k->kind == NX_NUM)
		return number(w, v, k);
	if (s && s[0] == '@' && w->lang->dir == NX_IN)
		return NULL;
	if (s && !strcmp(s, "*") && w->lang->dir == NX_OUT)
		return json_pack("{s:{s:b}}", "quic", "catchall", 1);
	if (!nx_jliteral(w, v, k, &lit))
		return NULL;
	if (w->lang->dir == NX_OUT)
		return nx_jname(k, &lit);
	if (lit.len > k->width) {
		nx_buf_fmt(
			&b,
			"quic %s: name of %u bytes is too long for a %s, at most %u are possible",
			k->name, lit.len, concat ? "concatenation" : "set", k->width);
		nx_jerror(w, v, nx_buf_cstr(&b));
		out = NULL;
	} else {
		nx_lit_hex(&b, &lit, k->width);
		out = json_string(nx_buf_cstr(&b));
	}
	nx_buf_free(&b);
	return out;
}

/* A prefix of a number: nft would shorten the load for it, and a key can only be loaded whole. */
static json_t *prefix_range(struct nx_jwalk *w, json_t *v, const struct nx_key *k)
{
	json_t *prefix = json_object_get(v, "prefix"), *addr = json_object_get(prefix, "addr");
	const char *s = json_string_value(addr);
	json_int_t len = json_integer_value(json_object_get(prefix, "len"));
	uint32_t val = json_integer_value(addr), host;

	if (k->kind == NX_ID ||
	    (s ? nx_num_parse(k, s, strlen(s), &val) != 0 : !json_is_integer(addr)) || len < 1 ||
	    len > k->width * 8) {
		nx_jerror(w, v, "quic: an impossible prefix");
		return NULL;
	}
	host = (uint32_t)((UINT64_C(1) << (k->width * 8 - len)) - 1);
	return json_pack("{s:[I,I]}", "range", (json_int_t)(val & ~host), (json_int_t)(val | host));
}

static void each(struct nx_jwalk *w, json_t *array, const struct nx_key *const *key, unsigned int n)
{
	size_t i;
	json_t *v;

	json_array_foreach(array, i, v)
		json_array_set_new(array, i, nx_jvalue(w, json_incref(v), key, n));
}

json_t *nx_jvalue(struct nx_jwalk *w, json_t *v, const struct nx_key *const *key, unsigned int n)
{
	json_t *in, *out;
	size_t i;
	int yes;

	if (json_is_object(v)) {
		if (w->lang->dir == NX_IN && n == 1 && key[0] && nx_key_is_number(key[0]) &&
		    json_is_object(json_object_get(v, "prefix"))) {
			out = prefix_range(w, v, key[0]);
			if (!out)
				return v;
			json_decref(v);
			return out;
		}
		if ((in = json_object_get(v, "elem")) && json_is_object(in)) {
			json_t *val = json_object_get(in, "val");

			if (val)
				json_object_set_new(in, "val",
						    nx_jvalue(w, json_incref(val), key, n));
		} else if (json_is_array(in = json_object_get(v, "concat"))) {
			json_t *p;

			json_array_foreach(in, i, p)
			{
				if (i < n && key[i])
					json_array_set_new(
						in, i, nx_jvalue(w, json_incref(p), &key[i], 1));
			}
		} else if (w->lang->dir == NX_IN && n == 1 && key[0] && !nx_key_is_number(key[0]) &&
			   json_object_get(v, "range")) {
			nx_jerror(w, v, "quic: a range is not possible with a name");
		} else if (json_is_array(in = json_object_get(v, "set")) ||
			   json_is_array(in = json_object_get(v, "range"))) {
			each(w, in, key, n);
		} else if (!json_unpack(v, "{s:{s:b}}", "quic", "catchall", &yes) && yes) {
			json_decref(v);
			w->changed = true;
			return json_string("*");
		}
		return v;
	}
	if (json_is_array(v)) {
		each(w, v, key, n);
		return v;
	}
	if (n != 1 || !key[0])
		return v;
	out = scalar(w, v, key[0], key[0]->id == NFT_QUIC_SNI_CONCAT);
	if (!out)
		return v;
	w->changed = true;
	json_decref(v);
	return out;
}
