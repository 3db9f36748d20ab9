/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of the walk over JSON: selectors, values, messages. */
#ifndef NX_JVALUE_H
#define NX_JVALUE_H

#include "jwalk.h"

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

/** nx_jkey - the quic key that an untranslated expression selects, or NULL; of the width it says */
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

/** nx_jtext - add the text of a number or string; false if there is none */
bool nx_jtext(const json_t *v, struct nx_buf *out);

/** nx_jname - the JSON string of a name or CID */
json_t *nx_jname(const struct nx_key *k, const struct nx_lit *lit);

/** nx_jplace - make an object the raw payload of this place */
void nx_jplace(json_t *v, uint32_t bit_off, uint32_t bits);

/** nx_jquic - make an object the expression quic */
void nx_jquic(json_t *v, const struct nx_key *k);

#endif /* NX_JVALUE_H */
