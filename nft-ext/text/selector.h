/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Selectors: `quic KEY`, alone and in concatenations, in rules and behind typeof. */
#ifndef NX_SELECTOR_H
#define NX_SELECTOR_H

#include "edit.h"

/**
 * struct nx_selector - `quic alpn . ip daddr`, or its placeholder
 * @layout:	its parts
 * @from:	first token of each quic part
 * @to:		token after each
 * @concat:	it is a part of a concatenation
 * @second:	it needs registers beside another value
 * @stock:	bytes of its parts that are not ours, at least
 * @sized:	the text tells the part's width: by a number behind the key, or by a mask
 * @masked:	there is a mask on it
 * @mask:	the mask, as wide as the key
 * @port:	NX_IN: stock nft wants a port there
 * @implied:	NX_OUT: a value follows without an operator
 * @evident:	NX_OUT: the width need not be written, as what it is compared with tells it
 */
struct nx_selector {
	struct nx_layout layout;
	size_t from[NX_COMPS], to[NX_COMPS];
	bool concat, second, implied;
	unsigned int stock;
	bool sized[NX_COMPS], masked[NX_COMPS], port[NX_COMPS], evident[NX_COMPS];
	uint8_t mask[NX_COMPS][NFT_QUIC_CID_LEN];
};

/** nx_selector_key - the quic key that is selected at @i; *end is the token after it */
const struct nx_key *nx_selector_key(const struct nx_walk *w, size_t i, size_t *end);
/** nx_refuse_key - an error if there is `quic` at @i, which no key follows */
void nx_refuse_key(struct nx_walk *w, size_t i, size_t to);
/** nx_raw_payload - `@ih,OFFSET,BITS` at @i */
bool nx_raw_payload(const struct nx_walk *w, size_t i, uint32_t *off, uint32_t *bits);
/** nx_names_follow - is @i a word or sign that a name follows? */
bool nx_names_follow(const struct nx_walk *w, size_t i);
/**
 * nx_read_selector - a selector whose first quic key @k is at tokens @i to @end
 * @from:	where the rule begins: parts of a concatenation before @i are counted
 * @to:		where it ends
 *
 * Return: the token after it.
 */
size_t nx_read_selector(struct nx_walk *w, size_t i, size_t from, size_t to, const struct nx_key *k,
			size_t end, struct nx_selector *s);
/**
 * nx_refuse_wide_key - an error if a key does not fit beside another value
 * @i:		its first token
 * @to:		where it must end
 * @map:	it is the key of a dynamic map, the data beside it; else that of a hash
 */
void nx_refuse_wide_key(struct nx_walk *w, size_t i, size_t to, bool map);
/** nx_selector_fits - an error if a selector, whose widths are known, is too wide for its place */
void nx_selector_fits(struct nx_walk *w, const struct nx_selector *s, size_t from, size_t to);
/** nx_write_selector - translate its quic keys */
void nx_write_selector(struct nx_walk *w, const struct nx_selector *s);
/** nx_walk_typeof - `KEY : DATA` behind typeof */
size_t nx_walk_typeof(struct nx_walk *w, size_t from, size_t to, struct nx_layout *layout);

#endif /* NX_SELECTOR_H */
