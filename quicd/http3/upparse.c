// SPDX-License-Identifier: GPL-2.0-or-later
#include "upparse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../common/log.h"

static struct upparse *of(llhttp_t *p)
{
	return p->data;
}

static int piece_add(struct piece *p, const char *at, size_t len)
{
	if (p->len + len > FIELDS_BYTES_MAX)
		return -1;
	if (p->len + len > p->cap) {
		size_t cap = (p->len + len) * 2;
		char *data = realloc(p->data, cap);

		if (!data)
			return -1;
		p->data = data;
		p->cap = cap;
	}
	/* llhttp may report nothing, before there is memory. */
	if (len)
		memcpy(p->data + p->len, at, len);
	p->len += len;
	return 0;
}

static int on_name(llhttp_t *p, const char *at, size_t len)
{
	return piece_add(&of(p)->name, at, len);
}

static int on_value(llhttp_t *p, const char *at, size_t len)
{
	return piece_add(&of(p)->value, at, len);
}

/* After the header, when fields is empty again, the same callbacks bring the trailers. */
static int on_value_complete(llhttp_t *p)
{
	struct upparse *u = of(p);
	int err;

	while (u->value.len &&
	       (u->value.data[u->value.len - 1] == ' ' || u->value.data[u->value.len - 1] == '\t'))
		u->value.len--;
	err = fields_add(&u->fields, u->name.data ? u->name.data : "", u->name.len,
			 u->value.data ? u->value.data : "", u->value.len);
	u->name.len = u->value.len = 0;
	return err ? -1 : 0;
}

static int refuse(llhttp_t *p, const char *why)
{
	llhttp_set_error_reason(p, why);
	return -1;
}

/*
 * We asked for no transfer coding but chunked: any other would reach the client without
 * the field that names it.
 */
static bool coding_known(const struct upparse *u)
{
	bool chunked = false;

	for (size_t i = 0; i < u->fields.n; i++) {
		if (strcmp(u->fields.v[i].name, "transfer-encoding"))
			continue;
		if (chunked || strcasecmp(u->fields.v[i].value, "chunked"))
			return false;
		chunked = true;
	}
	return true;
}

static int on_headers_complete(llhttp_t *p)
{
	struct upparse *u = of(p);
	unsigned int status = (unsigned int)llhttp_get_status_code(p);

	if (llhttp_get_http_major(p) != 1)
		return refuse(p, "not HTTP/1");
	if (!coding_known(u))
		return refuse(p, "transfer coding");
	/* 1: no body follows, whatever Content-Length says (RFC 9112, 6.3). */
	if (status < 200)
		return u->on_header(u, status) ? refuse(p, "interim response") : 1;
	u->header_done = true;
	if (u->on_header(u, status))
		return refuse(p, "header");
	fields_free(&u->fields);
	return u->head;
}

static int on_body(llhttp_t *p, const char *at, size_t len)
{
	return of(p)->on_body(of(p), at, len);
}

static int on_complete(llhttp_t *p)
{
	struct upparse *u = of(p);

	if (!u->header_done) {
		/* Interim: the real one follows. */
		fields_free(&u->fields);
		return 0;
	}
	u->complete = true;
	u->keep = llhttp_should_keep_alive(p);
	/* Nobody asked for the bytes behind a complete answer. */
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
	.on_header_field = on_name,
	.on_header_value = on_value,
	.on_header_value_complete = on_value_complete,
	.on_headers_complete = on_headers_complete,
	.on_body = on_body,
	.on_message_complete = on_complete,
};

void upparse_init(struct upparse *u, bool head)
{
	llhttp_init(&u->parser, HTTP_RESPONSE, &settings);
	u->parser.data = u;
	/* Also an interim answer may say that the connection will close: after the final one. */
	llhttp_set_lenient_keep_alive(&u->parser, 1);
	u->head = head;
	u->name.len = u->value.len = 0;
	u->header_done = u->complete = u->keep = false;
	fields_free(&u->fields);
}

int upparse_feed(struct upparse *u, const char *data, size_t len)
{
	llhttp_errno_t e = llhttp_execute(&u->parser, data, len);

	if (e == HPE_OK)
		return 0;
	if (e == HPE_PAUSED && u->complete) {
		if (llhttp_get_error_pos(&u->parser) != data + len)
			u->keep = false;
		return 0;
	}
	log_info("upstream: %s (%s)", llhttp_errno_name(e), llhttp_get_error_reason(&u->parser));
	return -EPROTO;
}

int upparse_eof(struct upparse *u)
{
	llhttp_errno_t e = llhttp_finish(&u->parser);

	return e == HPE_OK || (e == HPE_PAUSED && u->complete) ? 0 : -EPROTO;
}

void upparse_free(struct upparse *u)
{
	fields_free(&u->fields);
	free(u->name.data);
	free(u->value.data);
}
