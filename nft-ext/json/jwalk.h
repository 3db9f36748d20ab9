/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walk over JSON in nft's schema (libnftables-json(5)), the same both ways.
 *
 *	{"quic": {"key": "alpn"}}  <->  {"payload": {"base": "ih", "offset": N, "len": N}}
 *	"smb"			   <->  "0x736d6200..."
 *
 * Values are changed in place, so that all else keeps its order and form.
 */
#ifndef NX_JWALK_H
#define NX_JWALK_H

#include <jansson.h>

#include "lang.h"

/**
 * typedef nx_typeof_fn - what text output says of a set's type
 * @arg:	caller's
 * @id:		the set
 * @map:	is it a map
 * @key:	gets what stands behind `typeof`
 * @data:	gets what stands behind the colon, if @map
 *
 * Return: false if it cannot be found out.
 */
typedef bool nx_typeof_fn(void *arg, const struct nx_set_id *id, bool map, struct nx_buf *key,
			  struct nx_buf *data);

/**
 * struct nx_jwalk - a walk
 * @lang:	direction, slots, layouts, errors
 * @typeof_in:	the real library takes typeof in JSON
 * @typeof_text: NX_OUT: asks for types that JSON output lacks, or NULL
 * @arg:	for @typeof_text
 * @changed:	something was translated
 */
struct nx_jwalk {
	struct nx_lang *lang;
	bool typeof_in;
	nx_typeof_fn *typeof_text;
	void *arg;
	bool changed;
};

/** nx_jwalk - translate a value and all in it */
void nx_jwalk(struct nx_jwalk *w, json_t *v);

/** nx_jerror - a message; JSON has no places, so the value itself is shown */
void nx_jerror(struct nx_jwalk *w, const json_t *v, const char *msg);

/**
 * nx_jexpr - translate a selector: one key or a concatenation
 * @w:		the walk
 * @v:		the expression
 * @l:		its parts are written to @l->key and @l->n
 * @slot:	NX_OUT: set to the literal that it stands for if it is a slot; may be NULL
 */
void nx_jexpr(struct nx_jwalk *w, json_t *v, struct nx_layout *l, const struct nx_slot **slot);

/**
 * nx_jvalue - translate a value of a selector
 * @w:		the walk
 * @v:		the value; the reference is taken over
 * @key:	the parts that it belongs to
 * @n:		how many
 *
 * Return: a reference to what stands in its place.
 */
json_t *nx_jvalue(struct nx_jwalk *w, json_t *v, const struct nx_key *const *key, unsigned int n);

/** nx_jkey - the quic key that an untranslated expression selects, or NULL */
const struct nx_key *nx_jkey(json_t *expr);

/**
 * nx_jwidth - bytes that an untranslated expression takes in registers, at least
 * @v:		the expression
 * @quic:	is a quic key in it
 * @joined:	is it a concatenation
 */
unsigned int nx_jwidth(json_t *v, bool *quic, bool *joined);

/** nx_jliteral - read the name or CID that a JSON value is; false with an error */
bool nx_jliteral(struct nx_jwalk *w, const json_t *v, const struct nx_key *k, struct nx_lit *lit);

/** nx_jname - the JSON string of a name or CID */
json_t *nx_jname(const struct nx_key *k, const struct nx_lit *lit);

/** nx_jplace - make an object the raw payload of this place */
void nx_jplace(json_t *v, uint32_t bit_off, uint32_t bits);

/** nx_jquic - make an object the expression quic */
void nx_jquic(json_t *v, const struct nx_key *k);

#endif /* NX_JWALK_H */
