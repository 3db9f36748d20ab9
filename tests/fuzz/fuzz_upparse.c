// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * quicd's parser of an upstream's answers. The first byte has flags, the second the size of the
 * pieces; the rest are answers on one connection, each as far as the one before it left the bytes.
 */
#include <errno.h>

#include "fuzz.h"
#include "quicd/common/list.h"
#include "quicd/common/log.h"
#include "quicd/http3/upparse.h"

struct seen {
	struct upparse u;
	size_t body;
	unsigned int status; /* of the last header */
};

static int on_header(struct upparse *u, unsigned int status)
{
	struct seen *s = container_of(u, struct seen, u);
	const struct fields *f = &u->fields;

	CHECK(!u->complete && s->status < 200 && !s->body);
	CHECK(u->header_done == (status >= 200));
	CHECK(f->n <= FIELDS_MAX && f->n <= f->cap && f->bytes <= FIELDS_BYTES_MAX);
	for (size_t i = 0; i < f->n; i++) {
		const struct field *v = &f->v[i];

		/* Lines are what separates fields: none may hold an end of one. */
		CHECK(v->name_len && !memchr(v->name, ':', v->name_len));
		CHECK(!memchr(v->name, '\n', v->name_len) && !memchr(v->name, '\r', v->name_len));
		CHECK(!memchr(v->value, '\n', v->value_len) &&
		      !memchr(v->value, '\r', v->value_len));
		CHECK(!v->value_len ||
		      (v->value[v->value_len - 1] != ' ' && v->value[v->value_len - 1] != '\t'));
	}
	s->status = status;
	return status < 100 || status == 101 ? -1 : 0; /* as the proxy does */
}

static int on_body(struct upparse *u, const char *at, size_t len)
{
	struct seen *s = container_of(u, struct seen, u);

	CHECK(at && len && u->header_done && !u->complete);
	CHECK(!u->head && s->status != 204 && s->status != 304);
	s->body += len;
	return 0;
}

/* One answer. Returns how many of @len bytes it took, or 0 when the connection is of no more use.
 */
static size_t answer(struct seen *s, const char *data, size_t len, size_t step, bool head)
{
	size_t at = 0;

	s->body = s->status = 0;
	upparse_init(&s->u, head);
	CHECK(!s->u.complete && !s->u.header_done && !s->u.fields.n);
	while (at < len && !s->u.complete) {
		size_t n = len - at < step ? len - at : step;
		char *piece = malloc(n);
		int err;

		/* A copy of its own, so that reading past its end is seen. */
		CHECK(piece);
		memcpy(piece, data + at, n);
		err = upparse_feed(&s->u, piece, n);
		free(piece);
		CHECK(!err || err == -EPROTO);
		if (err)
			return 0;
		at += n;
	}
	if (!s->u.complete) {
		upparse_eof(&s->u);
		return 0;
	}
	CHECK(s->u.header_done && s->status >= 200);
	return s->u.keep ? at : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = {data, size};
	uint8_t flags = fuzz_u8(&in), step = fuzz_u8(&in);
	struct seen s = {.u = {.on_header = on_header, .on_body = on_body}};
	size_t taken;

	log_set_level(LOG_LEVEL_ERROR);
	do {
		taken = answer(&s, (const char *)in.p, in.left, step ? step : in.left + 1,
			       flags & 1);
		in.p += taken;
		in.left -= taken;
		flags >>= 1;
	} while (taken && in.left);
	upparse_free(&s.u);
	return 0;
}
