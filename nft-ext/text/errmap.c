// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A message is up to four lines:
 *
 *	FILE:LINE:FIRST-LAST: Error: what is wrong	without the place for a command line
 *	expected any of: ...				of a syntax error, since nft 1.1.4
 *	the line of text				may be cut off, may be missing
 *	     ^^^^^  ~~~~				tabs as in the text
 */
#include <stdlib.h>
#include <string.h>

#include "errmap.h"
#include "walk.h"

#define EXPECTED "expected any of: "

/** struct line - one line of the messages, without its newline */
struct line {
	const char *s;
	size_t len;
};

/** struct place - where a message points to */
struct place {
	const struct nx_text *text;
	unsigned int line, first, last;
	size_t head; /* bytes of "FILE:LINE:FIRST-LAST: " */
};

static bool next_line(const char **p, const char *end, struct line *l)
{
	const char *nl;

	if (*p >= end)
		return false;
	nl = memchr(*p, '\n', end - *p);
	l->s = *p;
	l->len = (nl ? nl : end) - *p;
	*p = nl ? nl + 1 : end;
	return true;
}

static bool eat(const char **p, const char *end, char c)
{
	if (*p >= end || **p != c)
		return false;
	(*p)++;
	return true;
}

static bool eat_number(const char **p, const char *end, unsigned int *n)
{
	const char *from = *p;

	*n = 0;
	while (*p < end && **p >= '0' && **p <= '9' && *n < 100000000)
		*n = *n * 10 + (*(*p)++ - '0');
	return *p > from;
}

static bool starts(const char *p, const char *end, const char *s)
{
	size_t n = strlen(s);

	return (size_t)(end - p) >= n && !memcmp(p, s, n);
}

static bool find_place(const struct line *l, struct nx_text *const *text, size_t ntext,
		       struct place *pl)
{
	const char *end = l->s + l->len;

	if (ntext && !text[0]->name &&
	    (starts(l->s, end, "Error: ") || starts(l->s, end, "Warning: "))) {
		*pl = (struct place){text[0], 1, 0, 0, 0};
		return true;
	}
	for (size_t i = 0; i < ntext; i++) {
		const char *p = l->s;

		if (!text[i]->name || !starts(p, end, text[i]->name))
			continue;
		p += strlen(text[i]->name);
		if (eat(&p, end, ':') && eat_number(&p, end, &pl->line) && eat(&p, end, ':') &&
		    eat_number(&p, end, &pl->first) && eat(&p, end, '-') &&
		    eat_number(&p, end, &pl->last) && eat(&p, end, ':') && eat(&p, end, ' ')) {
			pl->text = text[i];
			pl->head = p - l->s;
			return true;
		}
	}
	return false;
}

/* Is this the line of the translation? nft shows at most its first 1023 bytes. */
static bool is_source(const struct line *l, const struct place *pl)
{
	size_t len;
	const char *s = nx_text_result(pl->text, &len), *end = s + len, *nl;

	for (unsigned int n = 1; n < pl->line && s < end; n++) {
		nl = memchr(s, '\n', end - s);
		s = nl ? nl + 1 : end;
	}
	nl = memchr(s, '\n', end - s);
	len = (nl ? nl : end) - s;
	return l->len <= len && !memcmp(l->s, s, l->len) && (l->len == len || l->len >= 1000);
}

/* At the end of a file nft shows the line before. */
static bool find_source(const struct line *l, struct place *shown)
{
	if (is_source(l, shown))
		return true;
	if (shown->line <= 1)
		return false;
	shown->line--;
	return is_source(l, shown);
}

static bool is_carets(const struct line *l)
{
	size_t marks = 0;

	for (size_t i = 0; i < l->len; i++) {
		if (l->s[i] == '^' || l->s[i] == '~')
			marks++;
		else if (l->s[i] != ' ' && l->s[i] != '\t')
			return false;
	}
	return marks;
}

static void put_carets(struct nx_buf *out, const struct line *carets, const struct place *pl)
{
	struct nx_buf marks = NX_BUF_INIT;
	const char *user;
	size_t ulen = 0, i = 0;

	user = nx_text_line(pl->text, pl->line, &ulen);
	while (i < carets->len) {
		unsigned int first, last;
		char c = carets->s[i];
		size_t j = i;

		if (c != '^' && c != '~') {
			i++;
			continue;
		}
		while (j < carets->len && carets->s[j] == c)
			j++;
		first = i + 1;
		last = j;
		nx_text_back(pl->text, pl->line, &first, &last);
		/* carets may run over the end of the line by one, no more */
		if (user && last > ulen + 1 && last > first)
			last = ulen + 1 > first ? ulen + 1 : first;
		if (marks.len < last)
			nx_buf_char(&marks, ' ', last - marks.len);
		if (!marks.oom)
			memset(marks.p + first - 1, c, last - first + 1);
		i = j;
	}
	for (i = 0; i < marks.len && i < ulen; i++) {
		if (marks.p[i] == ' ' && user[i] == '\t')
			marks.p[i] = '\t';
	}
	nx_buf_add(out, marks.p, marks.len);
	nx_buf_str(out, "\n");
	nx_buf_free(&marks);
}

/* A message's words, with `quic` in the place of placeholders. */
static void put_words(struct nx_buf *out, const char *s, size_t len, struct nx_slots *slots)
{
	struct nx_lang lang = {.dir = NX_OUT, .slots = slots};
	struct nx_block chain = {.kind = NX_CHAIN};
	struct nx_text *t;
	char *copy;

	if (!memmem(s, len, "@ih,", 4)) {
		nx_buf_add(out, s, len);
		return;
	}
	copy = strndup(s, len);
	t = copy ? nx_text_new(NULL, copy, strlen(copy)) : NULL;
	if (t) {
		nx_translate(&lang, t, &chain);
		s = nx_text_result(t, &len);
	}
	nx_buf_add(out, s, len);
	nx_text_free(t);
	nx_lang_free(&lang);
}

/* A command ends at a semicolon. */
static bool same_command(const char *s, size_t from, size_t to)
{
	bool quoted = false;

	for (; from < to; from++) {
		quoted ^= s[from] == '"';
		if (s[from] == ';' && !quoted)
			return false;
	}
	return true;
}

/* A syntax error in a line with `quic` and no key behind it: say that instead. */
static bool unknown_key(struct nx_buf *out, const struct line *msg, const struct place *pl,
			unsigned int first, struct nx_suspect *all)
{
	const char *line, *src = pl->text->src;
	struct nx_suspect *s = NULL;
	size_t ulen, col, at;

	if (!memmem(msg->s, msg->len, "syntax error", 12) &&
	    !memmem(msg->s, msg->len, "No symbol type", 14))
		return false;
	line = nx_text_line(pl->text, pl->line, &ulen);
	/* a place may be missing, or lie behind the line's end */
	at = line ? line - src + (first && first <= ulen ? first - 1 : ulen) : 0;
	/* the last one of the command, before the place where the parser gave up */
	for (struct nx_suspect *t = all; line && t; t = t->next) {
		if (t->text == pl->text && src + t->off >= line && t->off <= at && !t->told &&
		    same_command(src, t->off + t->len, at) && (!s || t->off > s->off))
			s = t;
	}
	if (!s)
		return false;
	s->told = true;
	col = src + s->off - line;
	if (pl->head)
		nx_buf_fmt(out, "%s:%u:%zu-%zu: ", pl->text->name, pl->line, col + 1, col + s->len);
	nx_buf_fmt(out, "Error: unknown quic key \"%.*s\", known are %s\n%.*s\n",
		   (int)(s->off + s->len - s->word), src + s->word, nx_key_names(), (int)ulen,
		   line);
	for (const char *q = line; q < line + col; q++)
		nx_buf_char(out, *q == '\t' ? '\t' : ' ', 1);
	nx_buf_char(out, '^', s->len);
	nx_buf_str(out, "\n");
	return true;
}

/* A syntax error within a placeholder is one at `quic`. */
static void put_message(struct nx_buf *out, const struct line *msg, bool quic,
			struct nx_slots *slots)
{
	static const char *const in_placeholder[] = {"unexpected comma", "unexpected @",
						     "unexpected at"};

	for (size_t i = 0; quic && i < sizeof(in_placeholder) / sizeof(in_placeholder[0]); i++) {
		const char *p =
			memmem(msg->s, msg->len, in_placeholder[i], strlen(in_placeholder[i]));

		if (!p)
			continue;
		nx_buf_add(out, msg->s, p - msg->s);
		nx_buf_str(out, "unexpected quic");
		p += strlen(in_placeholder[i]);
		nx_buf_add(out, p, msg->s + msg->len - p);
		return;
	}
	put_words(out, msg->s, msg->len, slots);
}

static unsigned int first_mark(const struct line *carets)
{
	for (size_t i = 0; i < carets->len; i++) {
		if (carets->s[i] == '^')
			return i + 1;
	}
	return 0;
}

static bool at_quic(const struct place *pl, unsigned int col)
{
	size_t len;
	const char *line = nx_text_line(pl->text, pl->line, &len);

	return line && col && col <= len && starts(line + col - 1, line + len, "quic ");
}

/* `nft -o` shows each rule that it merges: the place, and its line. */
static void put_merged(struct nx_buf *out, const struct place *pl)
{
	unsigned int first = pl->first, last = pl->last;
	size_t len = 0;
	const char *line = nx_text_line(pl->text, pl->line, &len);

	nx_text_back(pl->text, pl->line, &first, &last);
	nx_buf_fmt(out, "%s:%u:%u-%u: ", pl->text->name, pl->line, first, last);
	nx_buf_add(out, line ? line : "", len);
	nx_buf_str(out, "\n");
}

bool nx_errmap(const char *raw, size_t len, struct nx_text *const *text, size_t ntext,
	       const struct nx_lang *lang, struct nx_buf *out)
{
	struct nx_slots *slots = lang->slots;
	const char *p = raw, *end = raw + len;
	struct line l;
	bool blamed = false;

	while (next_line(&p, end, &l)) {
		unsigned int first, last;
		const char *user, *q = p;
		struct line msg, expected = {0}, source = {0}, carets = {0};
		struct place pl, shown;
		size_t ulen;

		if (!find_place(&l, text, ntext, &pl)) {
			put_words(out, l.s, l.len, slots);
			nx_buf_str(out, "\n");
			continue;
		}
		msg = (struct line){l.s + pl.head, l.len - pl.head};
		if (pl.head && pl.text->n && is_source(&msg, &pl)) {
			put_merged(out, &pl);
			continue;
		}
		if (starts(q, end, EXPECTED)) {
			next_line(&q, end, &expected);
			p = q;
		}
		shown = pl;
		if (!next_line(&q, end, &source) || !find_source(&source, &shown))
			source.s = NULL;
		else
			p = q;
		if (!source.s || !next_line(&q, end, &carets) || !is_carets(&carets))
			carets.s = NULL;
		else
			p = q;
		first = pl.head ? pl.first : carets.s ? first_mark(&carets) : 0;
		last = pl.head ? pl.last : first;
		nx_text_back(pl.text, pl.line, &first, &last);
		if (unknown_key(out, &msg, &pl, first, lang->suspects))
			continue;
		blamed |= at_quic(&pl, first);
		if (pl.head)
			nx_buf_fmt(out, "%s:%u:%u-%u: ", pl.text->name, pl.line, first, last);
		put_message(out, &msg, at_quic(&pl, first), slots);
		nx_buf_str(out, "\n");
		if (expected.s) {
			nx_buf_add(out, expected.s, expected.len);
			nx_buf_str(out, "\n");
		}
		if (source.s) {
			user = nx_text_line(shown.text, shown.line, &ulen);
			if (user && pl.text->n)
				nx_buf_add(out, user, ulen);
			else
				nx_buf_add(out, source.s, source.len);
			nx_buf_str(out, "\n");
		}
		if (carets.s && pl.text->n) {
			put_carets(out, &carets, &shown);
		} else if (carets.s) {
			nx_buf_add(out, carets.s, carets.len);
			nx_buf_str(out, "\n");
		}
	}
	return blamed;
}
