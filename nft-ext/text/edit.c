// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>

#include "edit.h"

void nx_replace(struct nx_walk *w, size_t from, size_t to, const struct nx_buf *with)
{
	size_t off = w->toks.t[from].off;
	const struct nx_tok *last = &w->toks.t[to - 1];

	if (with->oom || off < w->text->pos) {
		w->lang->oom |= with->oom;
		return;
	}
	nx_text_edit(w->text, off, last->off + last->len - off, nx_buf_cstr(with), with->len);
}

/* As nft prints one: place, text, the user's line, carets below it. */
void nx_message(struct nx_buf *b, const struct nx_walk *w, size_t from, size_t to, const char *text)
{
	const char *line, *src, *end;
	size_t off, last, len;
	unsigned int no = 1;

	for (; w->parent; w = w->parent) {
		from = w->at;
		to = w->at_end;
	}
	src = line = w->toks.src;
	off = w->toks.t[from].off;
	last = w->toks.t[to - 1].off + w->toks.t[to - 1].len;
	for (const char *nl; (nl = memchr(line, '\n', src + off - line)); line = nl + 1)
		no++;
	end = memchr(src + off, '\n', w->toks.len - off);
	len = (end ? end : src + w->toks.len) - line;
	if (last > (size_t)(line - src) + len)
		last = line - src + len;
	if (w->text->name)
		nx_buf_fmt(b, "%s:%u:%zu-%zu: ", w->text->name, no, src + off - line + 1,
			   src + last - line);
	nx_buf_str(b, text);
	nx_buf_str(b, "\n");
	nx_buf_add(b, line, len);
	nx_buf_str(b, "\n");
	for (const char *p = line; p < src + off; p++)
		nx_buf_char(b, *p == '\t' ? '\t' : ' ', 1);
	nx_buf_char(b, '^', last > off ? last - off : 1);
	nx_buf_str(b, "\n");
}

void nx_error(struct nx_walk *w, size_t from, size_t to, const char *fmt, ...)
{
	struct nx_buf text = NX_BUF_INIT;
	va_list ap;

	if (w->lang->nerrs++ >= NX_MAX_ERRORS)
		return;
	nx_buf_str(&text, "Error: ");
	va_start(ap, fmt);
	nx_buf_vfmt(&text, fmt, ap);
	va_end(ap);
	nx_message(&w->lang->errors, w, from, to, nx_buf_cstr(&text));
	w->lang->oom |= text.oom;
	nx_buf_free(&text);
}

size_t nx_skip_command(const struct nx_walk *w, size_t i, size_t to)
{
	while (i < to && nx_type_of(w, i) != NX_NL && !nx_is_punct(w, i, ';'))
		i = nx_is_punct(w, i, '{') && nx_mate(w, i) ? nx_mate(w, i) + 1 : i + 1;
	return i < to ? i : to;
}

size_t nx_rule_end(const struct nx_walk *w, size_t i, size_t to)
{
	while (i < to && nx_type_of(w, i) != NX_NL && !nx_is_punct(w, i, ';')) {
		if (nx_is_punct(w, i, '}'))
			break;
		i = (nx_is_punct(w, i, '{') || nx_is_punct(w, i, '(')) && nx_mate(w, i)
			    ? nx_mate(w, i) + 1
			    : i + 1;
	}
	return i < to ? i : to;
}
