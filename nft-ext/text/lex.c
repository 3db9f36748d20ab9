// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lex.h"

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_xdigit(char c)
{
	return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9');
}

static bool in_word(char c)
{
	return is_alnum(c) || c == '_' || c == '.' || c == '/' || c == '-' || c == '*' ||
	       c == '\\' || (unsigned char)c >= 0x80;
}

static bool is_mac(const char *s, size_t len)
{
	unsigned int colons = 0, digits = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] != ':') {
			if (++digits > 2)
				return false;
			continue;
		}
		if (!digits)
			return false;
		digits = 0;
		colons++;
	}
	return colons == 5 && digits;
}

/*
 * An IPv6 or Ethernet address has colons, which elsewhere part key and data: length of the
 * address that begins here, or 0.
 */
static size_t address_len(const char *s, size_t len)
{
	char addr[INET6_ADDRSTRLEN];
	struct in6_addr in6;
	unsigned int colons = 0;
	size_t n = 0;

	while (n < len && n < sizeof(addr) - 1 && (is_xdigit(s[n]) || s[n] == ':' || s[n] == '.'))
		colons += s[n++] == ':';
	if (colons < 2 || (n < len && in_word(s[n]) && s[n] != '/' && s[n] != '-'))
		return 0;
	for (unsigned int tries = 0; n && tries < 2; tries++, n--) {
		memcpy(addr, s, n);
		addr[n] = '\0';
		if (is_mac(s, n) || inet_pton(AF_INET6, addr, &in6) == 1)
			return n;
		if (s[n - 1] != ':')
			return 0;
	}
	return 0;
}

static size_t word_len(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && in_word(s[n])) {
		/* a backslash at the end of a line joins lines */
		if (s[n] == '\\' && (n + 1 == len || s[n + 1] == '\n' || s[n + 1] == '\r'))
			break;
		n++;
	}
	return n;
}

static size_t op_len(const char *s, size_t len)
{
	if (len >= 2 && s[1] == '=' && s[0] && strchr("=!<>", s[0]))
		return 2;
	if (len >= 2 && (s[0] == '<' || s[0] == '>') && s[1] == s[0])
		return 2;
	return s[0] == '<' || s[0] == '>' ? 1 : 0;
}

static int add(struct nx_toks *toks, size_t *cap, enum nx_tok_type type, size_t off, size_t len)
{
	struct nx_tok *t = toks->t;

	if (toks->n + 1 >= *cap) {
		*cap = *cap ? *cap * 2 : 256;
		t = realloc(t, *cap * sizeof(*t));
		if (!t)
			return -ENOMEM;
		toks->t = t;
	}
	t += toks->n;
	t->type = type;
	t->off = off;
	t->len = len;
	t->mate = toks->n++;
	return 0;
}

/* The word, address or name that begins here; its length. */
static size_t take(const char *s, size_t left, enum nx_tok_type *type)
{
	size_t n;

	if (*s == '"') {
		const char *end = memchr(s + 1, '"', left - 1);

		*type = NX_QUOTED;
		if (end)
			return end - s + 1;
		*type = NX_PUNCT;
		return 1;
	}
	*type = NX_WORD;
	if (*s == ':' || is_xdigit(*s)) {
		n = address_len(s, left);
		if (n)
			return n + word_len(s + n, left - n);
	}
	/* as nft's scanner: these join words but do not begin one */
	if (is_alnum(*s) || *s == '_' || (unsigned char)*s >= 0x80 ||
	    (*s == '.' && left > 1 && (is_alnum(s[1]) || strchr("._/-", s[1]))) ||
	    (*s == '\\' && left > 1 && s[1] == '*') || (*s == '*' && left > 1 && s[1] == '.'))
		return word_len(s, left);
	*type = NX_OP;
	n = op_len(s, left);
	if (n)
		return n;
	*type = NX_PUNCT;
	return 1;
}

/* Pair braces with the help of a list of those still open, threaded through @mate. */
static void pair(struct nx_toks *toks)
{
	const size_t none = (size_t)-1;
	size_t open = none;

	for (size_t i = 0; i < toks->n; i++) {
		struct nx_tok *t = &toks->t[i];
		char c = toks->src[t->off];

		if (t->type != NX_PUNCT)
			continue;
		if (c == '{' || c == '(') {
			t->mate = open == none ? i : open;
			open = i;
		} else if (c == '}' || c == ')') {
			size_t up;

			if (open == none || toks->src[toks->t[open].off] != (c == '}' ? '{' : '('))
				continue;
			up = toks->t[open].mate == open ? none : toks->t[open].mate;
			toks->t[open].mate = i;
			t->mate = open;
			open = up;
		}
	}
	while (open != none) {
		size_t up = toks->t[open].mate;

		toks->t[open].mate = open;
		open = up == open ? none : up;
	}
}

size_t nx_out_handle(const char *s, size_t len)
{
	static const char handle[] = "# handle ";
	const size_t begin = sizeof(handle) - 1;
	size_t n = begin;

	if (len <= n || memcmp(s, handle, n))
		return 0;
	while (n < len && s[n] >= '0' && s[n] <= '9')
		n++;
	return n > begin && n < len && s[n] == ' ' ? n : 0;
}

static size_t comment_len(const char *s, size_t len, bool out)
{
	size_t handle = out ? nx_out_handle(s, len) : 0;
	const char *nl;

	if (handle)
		return handle;
	nl = memchr(s, '\n', len);
	return nl ? (size_t)(nl - s) : len;
}

int nx_lex(struct nx_toks *toks, const char *src, size_t len, bool out)
{
	size_t cap = 0, i = 0, n;
	enum nx_tok_type type;

	*toks = (struct nx_toks){.src = src, .len = len};
	if (len > INT32_MAX)
		return -EFBIG;
	while (i < len) {
		char c = src[i];

		if (c == ' ' || c == '\t' || c == '\r') {
			i++;
			continue;
		}
		if (c == '#') {
			i += comment_len(src + i, len - i, out);
			continue;
		}
		if (c == '\\' && (i + 1 == len || src[i + 1] == '\n' || src[i + 1] == '\r')) {
			i++;
			if (i < len && src[i] == '\r')
				i++;
			if (i < len && src[i] == '\n')
				i++;
			continue;
		}
		if (c == '\n') {
			type = NX_NL;
			n = 1;
		} else {
			n = take(src + i, len - i, &type);
		}
		if (add(toks, &cap, type, i, n))
			goto err;
		i += n;
	}
	if (add(toks, &cap, NX_END, len, 0))
		goto err;
	toks->n--;
	pair(toks);
	return 0;
err:
	nx_lex_free(toks);
	return -ENOMEM;
}

void nx_lex_free(struct nx_toks *toks)
{
	free(toks->t);
	toks->t = NULL;
	toks->n = 0;
}

bool nx_tok_is(const struct nx_toks *toks, size_t i, const char *s)
{
	const struct nx_tok *t = &toks->t[i];
	size_t len = strlen(s);

	return t->type >= NX_WORD && t->len == len && !memcmp(toks->src + t->off, s, len);
}
