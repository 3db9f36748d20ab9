// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "bulk.h"

static bool has_number(const struct nx_bulk *b)
{
	return b->data == NX_BULK_MARK || b->data == NX_BULK_PORT;
}

struct nx_bulk *nx_bulk_new(const struct nx_set_id *id, uint8_t width, enum nx_bulk_data data)
{
	struct nx_bulk *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->family = id->family;
	b->table = strndup(id->table, id->table_len);
	b->set = strndup(id->set, id->set_len);
	b->width = width;
	b->data = data;
	if (b->table && b->set)
		return b;
	nx_bulk_free(b);
	return NULL;
}

void nx_bulk_add(struct nx_bulk *b, const struct nx_lit *name, uint32_t num)
{
	if (has_number(b))
		nx_buf_add(&b->elems, &num, sizeof(num));
	nx_buf_add(&b->elems, &name->len, 1);
	nx_buf_add(&b->elems, name->b, name->len);
	b->n++;
}

bool nx_bulk_next(const struct nx_bulk *b, size_t *at, struct nx_bulk_elem *e)
{
	const char *p = b->elems.p + *at;

	if (*at >= b->elems.len)
		return false;
	e->num = 0;
	if (has_number(b)) {
		memcpy(&e->num, p, sizeof(e->num));
		p += sizeof(e->num);
	}
	e->len = (uint8_t)*p++;
	e->name = p;
	*at = p + e->len - b->elems.p;
	return true;
}

void nx_bulk_free(struct nx_bulk *b)
{
	while (b) {
		struct nx_bulk *next = b->next;

		free(b->table);
		free(b->set);
		nx_buf_free(&b->elems);
		free(b);
		b = next;
	}
}
