// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debug.h"
#include "literal.h"

#define LOAD "[ payload load "

/** struct line - one line, terminated */
struct line {
	char s[512]; /* of a comparison with 64 bytes there are 200 */
	size_t len;  /* in the text, newline included */
};

static bool read_line(const char *s, const char *end, struct line *l)
{
	const char *nl = memchr(s, '\n', end - s);
	size_t n = (nl ? nl : end) - s;

	if (s == end || n >= sizeof(l->s))
		return false;
	memcpy(l->s, s, n);
	l->s[n] = '\0';
	l->len = n + (nl != NULL);
	return true;
}

/* A comparison of register @reg for equality; its bytes. */
static bool read_cmp(const struct line *l, unsigned int reg, bool as_sent, const char **op,
		     struct nx_lit *lit)
{
	const char *p = strstr(l->s, "[ cmp ");
	unsigned int r;
	int n = 0;

	if (!p)
		return false;
	p += strlen("[ cmp ");
	*op = !strncmp(p, "eq ", 3) ? "eq" : !strncmp(p, "neq ", 4) ? "neq" : NULL;
	if (!*op || sscanf(p + strlen(*op), " reg %u%n", &r, &n) != 1 || r != reg)
		return false;
	p += strlen(*op) + n;
	lit->len = 0;
	while (!strncmp(p, " 0x", 3) && lit->len + sizeof(uint32_t) <= NFT_QUIC_SNI_LEN) {
		char *next;
		uint32_t word = strtoul(p + 1, &next, 16);

		if (as_sent)
			word = htonl(word);
		memcpy(lit->b + lit->len, &word, sizeof(word));
		lit->len += sizeof(word);
		p = next;
	}
	return lit->len;
}

/* The expression at the line's @p; how much of the text it took, 0 if it is not ours. */
static size_t put_expr(const struct line *l, const char *p, const char *next, const char *end,
		       const struct nx_slots *slots, bool as_sent, struct nx_buf *out)
{
	unsigned int bytes, off, reg;
	const struct nx_slot *slot;
	const struct nx_key *k;
	struct nx_lit lit;
	struct line cmp;
	const char *op;

	if (sscanf(p, LOAD "%ub @ inner header + %u => reg %u ]", &bytes, &off, &reg) != 3 ||
	    bytes > NFT_QUIC_SNI_LEN || off > UINT32_MAX / 8)
		return 0;
	slot = nx_slot_by_place(slots, off * 8, bytes * 8);
	k = slot ? slot->key : nx_key_by_place(off * 8, bytes * 8);
	if (!k)
		return 0;
	nx_buf_add(out, l->s, p - l->s);
	if (nx_key_is_number(k) || !read_line(next, end, &cmp) ||
	    !read_cmp(&cmp, reg, as_sent, &op, &lit)) {
		nx_buf_fmt(out, "[ quic load %s => reg %u ]\n", k->name, reg);
		return l->len;
	}
	while (lit.len && !lit.b[lit.len - 1])
		lit.len--;
	nx_buf_fmt(out, "[ quic match %s %s ", k->name, op);
	nx_lit_text(out, k, slot ? &slot->lit : &lit);
	nx_buf_str(out, " ]\n");
	return l->len + cmp.len;
}

void nx_debug_out(const char *s, size_t len, const struct nx_slots *slots, bool as_sent,
		  struct nx_buf *out)
{
	const char *end = s + len;

	while (s < end) {
		const char *nl = memchr(s, '\n', end - s), *p;
		size_t n = (nl ? nl + 1 : end) - s, took = 0;
		struct line l;

		p = memmem(s, n, LOAD, strlen(LOAD));
		if (p && read_line(s, end, &l))
			took = put_expr(&l, l.s + (p - s), s + l.len, end, slots, as_sent, out);
		if (!took)
			nx_buf_add(out, s, n);
		s += took ? took : n;
	}
}

size_t nx_debug_whole(const char *s, size_t len)
{
	const char *nl = memrchr(s, '\n', len), *line;

	if (!nl)
		return 0;
	line = memrchr(s, '\n', nl - s);
	line = line ? line + 1 : s;
	return (memmem(line, nl - line, LOAD, strlen(LOAD)) ? line : nl + 1) - s;
}
