// SPDX-License-Identifier: GPL-2.0-or-later
#include "bulk.h"
#include "elem.h"
#include "many.h"

/**
 * struct form - of a set's elements
 * @open:	the brace before them
 * @type:	first token behind `typeof`
 * @type_end:	the token after the type
 * @data:	what they stand for
 * @n:		how many there are
 * @first_end:	the token after the first
 * @same:	the data that all have, if that is so, and its length
 */
struct form {
	size_t open, type, type_end, n, first_end;
	enum nx_bulk_data data;
	const char *same;
	size_t same_len;
};

/* The lines of the block: one type, one list of elements, a comment at most. */
static bool read_block(const struct nx_walk *w, size_t from, size_t to, struct form *f)
{
	size_t end;

	for (size_t i = from; i < to; i = end) {
		end = nx_skip_command(w, i, to);
		if (end == i) {
			end++;
		} else if (nx_is(w, i, "typeof") && !f->type) {
			f->type = i + 1;
			f->type_end = end;
		} else if (nx_is(w, i, "elements") && !f->open && i + 2 < to &&
			   nx_is_punct(w, i + 1, '=') && nx_is_punct(w, i + 2, '{') &&
			   nx_mate(w, i + 2) && nx_mate(w, i + 2) + 1 == end) {
			f->open = i + 2;
		} else if (!nx_is(w, i, "comment")) {
			return false;
		}
	}
	return f->type && f->open;
}

/* Numbers of these are as wide as their registers, so that none of them can be wrong. */
static enum nx_bulk_data data_of(const struct nx_walk *w, const struct form *f)
{
	size_t i = f->type;

	while (i < f->type_end && !nx_is_punct(w, i, ':'))
		i++;
	if (i == f->type_end)
		return NX_BULK_NONE;
	if (i + 3 == f->type_end && nx_is(w, i + 2, "mark") &&
	    (nx_is(w, i + 1, "meta") || nx_is(w, i + 1, "ct")))
		return w->lang->named_marks ? NX_BULK_SAME : NX_BULK_MARK;
	if (i + 3 == f->type_end && (nx_is(w, i + 2, "dport") || nx_is(w, i + 2, "sport")) &&
	    (nx_is(w, i + 1, "th") || nx_is(w, i + 1, "udp") || nx_is(w, i + 1, "tcp")))
		return NX_BULK_PORT;
	return NX_BULK_SAME;
}

static bool is_name(const struct nx_walk *w, size_t i)
{
	return nx_type_of(w, i) == NX_QUOTED || nx_type_of(w, i) == NX_WORD;
}

/* Data in one line without variables, blocks or whatever comes in parentheses. */
static size_t skip_data(const struct nx_walk *w, size_t i, size_t to)
{
	while (i < to && (is_name(w, i) || nx_is_punct(w, i, '.')))
		i++;
	return i;
}

/* A decimal number without zeros in front, for those are octal. */
static bool read_number(const struct nx_walk *w, size_t i, enum nx_bulk_data data, uint32_t *num)
{
	const char *s = nx_text_of(w, i);
	size_t len = nx_len_of(w, i);
	uint64_t n = 0;

	if (nx_type_of(w, i) != NX_WORD || len > 10 || (*s == '0' && len > 1))
		return false;
	for (size_t k = 0; k < len; k++) {
		if (s[k] < '0' || s[k] > '9')
			return false;
		n = n * 10 + (s[k] - '0');
	}
	*num = n;
	return n <= (data == NX_BULK_PORT ? UINT16_MAX : UINT32_MAX);
}

/* The token after the element at @i, 0 if it has another form. */
static size_t read_elem(const struct nx_walk *w, size_t i, size_t to, const struct form *f,
			uint32_t *num, const char **data, size_t *len)
{
	size_t end;

	if (i >= to || !is_name(w, i))
		return 0;
	if (f->data == NX_BULK_NONE)
		return i + 1;
	if (i + 2 >= to || !nx_is_punct(w, i + 1, ':'))
		return 0;
	i += 2;
	end = f->data == NX_BULK_SAME ? skip_data(w, i, to) : i + 1;
	if (end == i || (f->data != NX_BULK_SAME && !read_number(w, i, f->data, num)))
		return 0;
	*data = nx_text_of(w, i);
	*len = nx_text_of(w, end - 1) + nx_len_of(w, end - 1) - *data;
	return end;
}

/* Is there more than blanks between two ends of lines? */
static bool has_comment(const struct nx_walk *w, size_t i)
{
	const char *s = nx_text_of(w, i - 1) + nx_len_of(w, i - 1), *end = nx_text_of(w, i);

	return memchr(s, '#', end - s);
}

/* Past the end of a line, and lines of comments. nft takes no empty line there: 0. */
static size_t skip_lines(const struct nx_walk *w, size_t i, size_t to)
{
	for (size_t from = i; i < to && nx_type_of(w, i) == NX_NL; i++) {
		if (i > from && !has_comment(w, i))
			return 0;
	}
	return i;
}

/* Behind the comma after the element that ends at @i; 0 if there is none and more follows. */
static size_t next_elem(const struct nx_walk *w, size_t i, size_t to)
{
	i = skip_lines(w, i, to);
	if (!i || (i < to && !nx_is_punct(w, i, ',')))
		return 0;
	return skip_lines(w, i < to ? i + 1 : i, to);
}

static bool all_simple(const struct nx_walk *w, struct form *f)
{
	size_t to = nx_mate(w, f->open), i = skip_lines(w, f->open + 1, to), len = 0;
	const char *data = NULL, *open = nx_text_of(w, f->open);
	uint32_t num;

	/* not a blank to nft everywhere */
	if (!i || memchr(open, '\r', nx_text_of(w, to) - open))
		return false;
	for (; i < to; f->n++) {
		size_t end = read_elem(w, i, to, f, &num, &data, &len);

		if (!end)
			return false;
		if (!f->n) {
			f->first_end = end;
			f->same = data;
			f->same_len = len;
		} else if (f->data == NX_BULK_SAME &&
			   (len != f->same_len || memcmp(data, f->same, len))) {
			return false;
		}
		i = next_elem(w, end, to);
		if (!i)
			return false;
	}
	return f->n >= w->lang->bulk_min;
}

/* False if one of the names is wrong, or cannot be had so. */
static bool gather(struct nx_walk *w, const struct form *f, const struct nx_layout *l,
		   struct nx_bulk *b)
{
	size_t to = nx_mate(w, f->open), i = skip_lines(w, f->open + 1, to), len;
	struct nx_lit lit;
	const char *data;
	uint32_t num = 0;

	while (i < to) {
		if (!nx_read_literal(w, i, l->key[0], &lit) || !lit.len || lit.len > b->width)
			return false;
		i = next_elem(w, read_elem(w, i, to, f, &num, &data, &len), to);
		nx_bulk_add(b, &lit, num);
	}
	return !b->elems.oom;
}

/* One list for a set: of two, one could be flushed before the other. */
static bool is_other(const struct nx_bulk *b, const struct nx_set_id *id)
{
	return strcmp(b->family, id->family ? id->family : "ip") ||
	       strlen(b->table) != id->table_len || memcmp(b->table, id->table, id->table_len) ||
	       strlen(b->set) != id->set_len || memcmp(b->set, id->set, id->set_len);
}

void nx_many_find(struct nx_walk *w, size_t from, size_t to, const struct nx_set_id *id,
		  const struct nx_layout *l)
{
	struct nx_lang *lang = w->lang;
	unsigned int nerrs = lang->nerrs, warned = w->text->warned;
	size_t errors = lang->errors.len, warnings = lang->warnings.len;
	struct form f = {0};
	struct nx_bulk *b;

	w->many = 0;
	if (lang->dir != NX_IN || !lang->bulk_min || w->parent || !id->table || !id->set ||
	    l->n != 1 || !l->key[0] || l->key[0]->kind != NX_NAME)
		return;
	for (unsigned int part = 0; part < l->dn; part++) {
		if (l->data[part])
			return;
	}
	for (b = lang->bulk; b; b = b->next) {
		if (!is_other(b, id))
			return;
	}
	if (!read_block(w, from, to, &f))
		return;
	f.data = data_of(w, &f);
	if (!all_simple(w, &f))
		return;
	b = nx_bulk_new(id, l->key[0]->width, f.data);
	if (b && gather(w, &f, l, b)) {
		b->next = lang->bulk;
		lang->bulk = b;
		w->many = f.open;
		w->many_first = f.first_end;
		return;
	}
	nx_bulk_free(b);
	/* they will be found again */
	lang->nerrs = nerrs;
	lang->errors.len = errors;
	lang->warnings.len = warnings;
	w->text->warned = warned;
}

bool nx_many_walk(struct nx_walk *w, size_t open, const struct nx_layout *l)
{
	struct nx_buf nothing = NX_BUF_INIT;
	size_t to = nx_mate(w, open);

	if (!w->many || w->many != open)
		return false;
	w->many = 0;
	/* warned of already */
	w->lang->no_warnings = true;
	nx_walk_elements(w, open + 1, w->many_first, l);
	w->lang->no_warnings = false;
	nx_replace(w, w->many_first, to, &nothing);
	return true;
}
