// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "lex.h"
#include "pieces.h"
#include "walk.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The next word from *@at on; its length, 0 at the end. */
static size_t next_word(const struct nx_buf *b, size_t *at, size_t end)
{
	size_t n = 0;

	while (*at < end && is_blank(b->p[*at]))
		++*at;
	while (*at + n < end && !is_blank(b->p[*at + n]))
		n++;
	return n;
}

static bool word_is(const struct nx_buf *b, size_t at, size_t n, const char *word)
{
	return n == strlen(word) && !memcmp(b->p + at, word, n);
}

static bool has(const char *s, size_t len, const char *word)
{
	return memmem(s, len, word, strlen(word));
}

/* Can there be anything to translate? */
static bool worth_a_look(const struct nx_pieces *p, const char *s, size_t len)
{
	const struct nx_lang *lang = &p->lang;
	bool sets =
		(lang->known && lang->known->n) || (lang->made && lang->made->n) || lang->sets.n;

	if (has(s, len, "@ih,"))
		return true;
	if (p->elements)
		return nx_layout_quic(&p->layout);
	if (p->in == NX_SET)
		return sets;
	return sets && has(s, len, "element");
}

static bool translate(struct nx_pieces *p, const char *s, size_t len, struct nx_buf *out)
{
	struct nx_block block = {.kind = p->in,
				 .family = p->family,
				 .table = nx_buf_cstr(&p->table),
				 .table_len = p->table.len};
	struct nx_lang *lang = &p->lang;
	struct nx_text *text;
	char *copy;

	if (!worth_a_look(p, s, len)) {
		nx_buf_add(out, s, len);
		return !out->oom;
	}
	copy = malloc(len + 1);
	if (!copy)
		return false;
	memcpy(copy, s, len);
	copy[len] = '\0';
	text = nx_text_new(NULL, copy, len);
	if (!text)
		return false;
	if (p->elements)
		nx_translate_elements(lang, text, &p->layout);
	else if (p->in == NX_SET && !p->head_done)
		nx_translate_set(lang, text, &block, &p->set, &p->layout);
	else if (p->in != NX_SET)
		nx_translate(lang, text, &block);
	s = nx_text_result(text, &len);
	nx_buf_add(out, s, len);
	nx_text_free(text);
	return !lang->oom && !out->oom;
}

/* All before @end is a piece. */
static bool piece(struct nx_pieces *p, size_t end, struct nx_buf *out)
{
	size_t start = p->start;

	p->start = end;
	if (p->line < end)
		p->line = end;
	return translate(p, p->raw.p + start, end - start, out);
}

/* All before p->seen opens a block. */
static bool opening(struct nx_pieces *p, struct nx_buf *out)
{
	nx_buf_add(out, p->raw.p + p->start, p->seen - p->start);
	p->start = p->line = p->seen;
	return !out->oom;
}

/* `table FAMILY NAME {` and nothing else */
static bool opens_table(struct nx_pieces *p, size_t brace)
{
	size_t at = p->start, n = next_word(&p->raw, &at, brace);

	if (!word_is(&p->raw, at, n, "table"))
		return false;
	at += n;
	n = next_word(&p->raw, &at, brace);
	p->family = nx_family_word(p->raw.p + at, n);
	at += n;
	n = next_word(&p->raw, &at, brace);
	nx_buf_reset(&p->table);
	nx_buf_add(&p->table, p->raw.p + at, n);
	at += n;
	return p->family && n && !next_word(&p->raw, &at, brace);
}

/* `chain NAME {`, `set NAME {`, `map NAME {` */
static bool opens_in_table(struct nx_pieces *p, size_t brace, enum nx_block_kind *in)
{
	size_t at = p->line, n = next_word(&p->raw, &at, brace);

	if (word_is(&p->raw, at, n, "chain"))
		*in = NX_CHAIN;
	else if (word_is(&p->raw, at, n, "set") || word_is(&p->raw, at, n, "map"))
		*in = NX_SET;
	else
		return false;
	at += n;
	n = next_word(&p->raw, &at, brace);
	nx_buf_reset(&p->set);
	nx_buf_add(&p->set, p->raw.p + at, n);
	p->head_done = false;
	memset(&p->layout, 0, sizeof(p->layout));
	return n;
}

static bool opens_elements(const struct nx_pieces *p, size_t brace)
{
	size_t at = p->line, n = next_word(&p->raw, &at, brace);

	return p->in == NX_SET && !p->head_done && word_is(&p->raw, at, n, "elements");
}

/* An opening brace behind p->seen: of a block, or within a piece. */
static bool open_block(struct nx_pieces *p, struct nx_buf *out)
{
	enum nx_block_kind in = NX_TABLE;
	size_t brace = p->seen - 1;

	if (p->depth) {
		p->depth++;
		return true;
	}
	if (opens_elements(p, brace)) {
		/* all that tells the type stands before */
		if (!piece(p, p->line, out))
			return false;
		p->head_done = p->elements = true;
		return opening(p, out);
	}
	if ((p->in == NX_TOP && opens_table(p, brace)) ||
	    (p->in == NX_TABLE && opens_in_table(p, brace, &in))) {
		p->in = in;
		return opening(p, out);
	}
	p->depth++;
	return true;
}

/* A closing brace behind p->seen */
static bool close_block(struct nx_pieces *p, struct nx_buf *out)
{
	bool ok;

	if (p->depth) {
		p->depth--;
		return true;
	}
	if (p->in == NX_TOP)
		return true;
	ok = piece(p, p->seen - 1, out);
	/* the next block may open in this line */
	p->line = p->seen;
	if (p->elements)
		p->elements = false;
	else
		p->in = p->in == NX_TABLE ? NX_TOP : NX_TABLE;
	return ok;
}

/* Is the byte before p->seen one of the comment? */
static bool in_comment(const struct nx_pieces *p)
{
	return !nx_out_handle(p->raw.p + p->hash, p->seen - p->hash);
}

static bool look_at(struct nx_pieces *p, char c, struct nx_buf *out)
{
	if (c == '\n') {
		p->comment = false;
		p->line = p->seen;
		/* a prefix of iptables-nft's may have an odd number of quotes: its line ends it */
		if (!p->depth && !p->elements)
			p->quoted = false;
		if (!p->depth && !p->quoted && !p->elements && (p->in != NX_SET || p->head_done))
			return piece(p, p->seen, out);
		return true;
	}
	if (p->comment && in_comment(p))
		return true;
	p->comment = false;
	if (c == '"')
		p->quoted = !p->quoted;
	if (p->quoted)
		return true;
	switch (c) {
	case '#':
		p->comment = true;
		p->hash = p->seen - 1;
		return true;
	case '{':
		return open_block(p, out);
	case '}':
		return close_block(p, out);
	case ',':
		return p->elements && !p->depth ? piece(p, p->seen, out) : true;
	default:
		return true;
	}
}

static void forget_done(struct nx_pieces *p)
{
	if (!p->start)
		return;
	memmove(p->raw.p, p->raw.p + p->start, p->raw.len - p->start + 1);
	p->raw.len -= p->start;
	p->seen -= p->start;
	p->line -= p->start;
	p->hash = p->hash > p->start ? p->hash - p->start : 0;
	p->start = 0;
}

bool nx_pieces_add(struct nx_pieces *p, const char *s, size_t len, struct nx_buf *out)
{
	nx_buf_add(&p->raw, s, len);
	if (p->raw.oom)
		return false;
	while (p->seen < p->raw.len) {
		static const char marks[] = "\n\"#{},";

		/* a NUL ends the search, and is passed over */
		p->seen += strcspn(p->raw.p + p->seen, marks);
		if (p->seen < p->raw.len && !look_at(p, p->raw.p[p->seen++], out))
			return false;
	}
	forget_done(p);
	return true;
}

bool nx_pieces_flush(struct nx_pieces *p, struct nx_buf *out)
{
	bool ok = !p->raw.len || piece(p, p->raw.len, out);

	if (p->raw.len)
		forget_done(p);
	return ok;
}

void nx_pieces_free(struct nx_pieces *p)
{
	nx_lang_free(&p->lang);
	nx_buf_free(&p->raw);
	nx_buf_free(&p->table);
	nx_buf_free(&p->set);
}
