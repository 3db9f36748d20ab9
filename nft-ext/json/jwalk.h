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
 * typedef nx_typeof_fn - asks for a set's type as text output has it
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
 * @port:	NX_IN: in this rule a server ID stands where stock nft wants a port
 */
struct nx_jwalk {
	struct nx_lang *lang;
	bool typeof_in;
	nx_typeof_fn *typeof_text;
	void *arg;
	bool changed;
	bool port;
};

/** nx_jwalk - translate a value and all in it */
void nx_jwalk(struct nx_jwalk *w, json_t *v);

#endif /* NX_JWALK_H */
