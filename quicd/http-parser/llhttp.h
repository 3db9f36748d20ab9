/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of llhttp's interface that upparse.c uses, on its predecessor http-parser. Debian 12
 * has only that. Where there is no libllhttp the Makefile puts this folder before the system's.
 */
#ifndef QUICD_HTTP_PARSER_LLHTTP_H
#define QUICD_HTTP_PARSER_LLHTTP_H

#include <http_parser.h>
#include <stdbool.h>
#include <string.h>

typedef enum http_errno llhttp_errno_t;
typedef struct llhttp llhttp_t;
typedef int (*llhttp_cb)(llhttp_t *p);
typedef int (*llhttp_data_cb)(llhttp_t *p, const char *at, size_t len);

typedef struct {
	llhttp_data_cb on_header_field, on_header_value, on_body;
	llhttp_cb on_header_value_complete, on_headers_complete, on_message_complete;
} llhttp_settings_t;

struct llhttp {
	http_parser parser; /* its data is this struct */
	void *data;
	const llhttp_settings_t *settings;
	const char *reason, *stop; /* why and where it stopped */
	bool in_name, in_value;	   /* a field is under way */
	bool lenient_keep_alive;
};

static inline llhttp_t *llhttp_of(http_parser *parser)
{
	return parser->data;
}

/* Returns what @p's owner said; HPE_PAUSED is a pause and no error to http-parser. */
static inline int llhttp_said(llhttp_t *p, int rc)
{
	if (rc != HPE_PAUSED)
		return rc;
	http_parser_pause(&p->parser, 1);
	return 0;
}

/* http-parser reports no end of a value, and may report nothing at all for one that is empty. */
static inline int llhttp_end_field(llhttp_t *p)
{
	if (!p->in_name && !p->in_value)
		return 0;
	p->in_name = p->in_value = false;
	return p->settings->on_header_value_complete(p);
}

static inline int llhttp_on_name(http_parser *parser, const char *at, size_t len)
{
	llhttp_t *p = llhttp_of(parser);

	if (p->in_value && llhttp_end_field(p))
		return -1;
	p->in_name = true;
	/* The library may be built to take a blank in a name. */
	if (memchr(at, ' ', len))
		return -1;
	return p->settings->on_header_field(p, at, len);
}

static inline int llhttp_on_value(http_parser *parser, const char *at, size_t len)
{
	llhttp_t *p = llhttp_of(parser);

	p->in_value = true;
	return p->settings->on_header_value(p, at, len);
}

static inline int llhttp_on_headers(http_parser *parser)
{
	llhttp_t *p = llhttp_of(parser);
	int rc = llhttp_end_field(p) ? -1 : llhttp_said(p, p->settings->on_headers_complete(p));

	/* By these http-parser decides whether another message follows an interim answer. */
	if (p->lenient_keep_alive && parser->status_code < 200) {
		parser->flags &= ~(unsigned int)F_CONNECTION_CLOSE;
		parser->flags |= F_CONNECTION_KEEP_ALIVE;
	}
	/* RFC 9112, 6.3: no body follows 204 and 304; http-parser would wait for one. */
	return !rc && (parser->status_code == 204 || parser->status_code == 304) ? 1 : rc;
}

static inline int llhttp_on_body(http_parser *parser, const char *at, size_t len)
{
	llhttp_t *p = llhttp_of(parser);

	return llhttp_said(p, p->settings->on_body(p, at, len));
}

static inline int llhttp_on_message(http_parser *parser)
{
	llhttp_t *p = llhttp_of(parser);

	return llhttp_end_field(p) ? -1 : llhttp_said(p, p->settings->on_message_complete(p));
}

static inline void llhttp_init(llhttp_t *p, enum http_parser_type type,
			       const llhttp_settings_t *settings)
{
	memset(p, 0, sizeof(*p));
	http_parser_init(&p->parser, type);
	p->parser.data = p;
	p->settings = settings;
}

static inline void llhttp_set_lenient_keep_alive(llhttp_t *p, int enabled)
{
	p->lenient_keep_alive = enabled;
}

static inline llhttp_errno_t llhttp_execute(llhttp_t *p, const char *data, size_t len)
{
	static const http_parser_settings callbacks = {
		.on_header_field = llhttp_on_name,
		.on_header_value = llhttp_on_value,
		.on_headers_complete = llhttp_on_headers,
		.on_body = llhttp_on_body,
		.on_message_complete = llhttp_on_message,
	};

	p->stop = data + http_parser_execute(&p->parser, &callbacks, data, len);
	return HTTP_PARSER_ERRNO(&p->parser);
}

/* To http-parser no bytes are the end of file; one that cuts an answer short is an error. */
static inline llhttp_errno_t llhttp_finish(llhttp_t *p)
{
	if (HTTP_PARSER_ERRNO(&p->parser) == HPE_OK)
		return llhttp_execute(p, "", 0);
	return HTTP_PARSER_ERRNO(&p->parser);
}

static inline void llhttp_set_error_reason(llhttp_t *p, const char *reason)
{
	p->reason = reason;
}

static inline const char *llhttp_get_error_reason(const llhttp_t *p)
{
	return p->reason ? p->reason : http_errno_description(HTTP_PARSER_ERRNO(&p->parser));
}

static inline const char *llhttp_get_error_pos(const llhttp_t *p)
{
	return p->stop;
}

static inline const char *llhttp_errno_name(llhttp_errno_t e)
{
	return http_errno_name(e);
}

static inline int llhttp_get_status_code(const llhttp_t *p)
{
	return p->parser.status_code;
}

static inline int llhttp_get_http_major(const llhttp_t *p)
{
	return p->parser.http_major;
}

static inline int llhttp_should_keep_alive(const llhttp_t *p)
{
	return http_should_keep_alive(&p->parser);
}

#endif
