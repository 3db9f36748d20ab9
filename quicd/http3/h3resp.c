// SPDX-License-Identifier: GPL-2.0-or-later
/* Responses: their header, the body that nghttp3 asks for, errors. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../common/log.h"
#include "../server/worker.h"
#include "h3conf.h"
#include "h3req.h"
#include "handler.h"
#include "httpval.h"
#include "mime.h"

#define BODY_IOV     16
#define LOCATION_MAX 8192 /* of our own; it has the client's path, and all fields have a limit */

static struct chunk_pool *pool_of(const struct h3_req *r)
{
	return &r->hc->conn->worker->pool;
}

static nghttp3_nv make_nv(const char *name, size_t name_len, const char *value, size_t value_len)
{
	return (nghttp3_nv){
		.name = (uint8_t *)name,
		.value = (uint8_t *)value,
		.namelen = name_len,
		.valuelen = value_len,
	};
}

/* The field with @status, whose digits are in @text. */
static nghttp3_nv status_nv(unsigned int status, char text[3])
{
	text[0] = (char)('0' + status / 100 % 10);
	text[1] = (char)('0' + status / 10 % 10);
	text[2] = (char)('0' + status % 10);
	return make_nv(":status", 7, text, 3);
}

static const struct h3_rules *rules_of(const struct h3_req *r)
{
	const struct h3_conf *conf = r->hc->conn->worker->server->config->mode_conf;

	return &conf->rules;
}

static size_t make_nvs(nghttp3_nv *nv, const struct fields *f)
{
	for (size_t i = 0; f && i < f->n; i++)
		nv[i] = make_nv(f->v[i].name, f->v[i].name_len, f->v[i].value, f->v[i].value_len);
	return f ? f->n : 0;
}

/* Removes fields as the file says. Returns how many are left. */
static size_t remove_fields(const struct h3_rules *rules, nghttp3_nv *nv, size_t n)
{
	size_t kept = 0;

	if (!rules->remove.n)
		return n;
	for (size_t i = 0; i < n; i++)
		if (!fields_get(&rules->remove, (const char *)nv[i].name))
			nv[kept++] = nv[i];
	return kept;
}

static int submit_trailers(struct h3_req *r, uint32_t *flags)
{
	nghttp3_nv nv[FIELDS_MAX];
	size_t n = remove_fields(rules_of(r), nv, make_nvs(nv, &r->out_trailers));

	if (!n)
		return 0;
	*flags |= NGHTTP3_DATA_FLAG_NO_END_STREAM;
	return nghttp3_conn_submit_trailers(r->hc->h3, r->id, nv, n);
}

/* nghttp3 asks for body bytes; they stay in r->body until acknowledged. */
static nghttp3_ssize read_data_cb(nghttp3_conn *h3, int64_t id, nghttp3_vec *vec, size_t max,
				  uint32_t *flags, void *user, void *stream)
{
	struct h3_req *r = stream;
	struct iovec iov[BODY_IOV];
	size_t n;

	(void)h3;
	(void)id;
	(void)user;
	if (r->work && r->handler->fill)
		r->handler->fill(r);
	n = chunkq_peek_unsent(&r->body, iov, max < BODY_IOV ? max : BODY_IOV);
	for (size_t i = 0; i < n; i++) {
		vec[i].base = iov[i].iov_base;
		vec[i].len = iov[i].iov_len;
		chunkq_sent(&r->body, iov[i].iov_len);
	}
	if (r->body_fin && !r->body.unsent) {
		*flags |= NGHTTP3_DATA_FLAG_EOF;
		r->answered = true;
		if (submit_trailers(r, flags))
			return NGHTTP3_ERR_CALLBACK_FAILURE;
	} else if (!n) {
		r->body_waiting = true;
		return NGHTTP3_ERR_WOULDBLOCK;
	}
	return (nghttp3_ssize)n;
}

void h3_body_more(struct h3_req *r)
{
	if (r->body_waiting) {
		r->body_waiting = false;
		nghttp3_conn_resume_stream(r->hc->h3, r->id);
	}
	conn_touch(r->hc->conn);
}

bool h3_body_room(const struct h3_req *r)
{
	return r->body.len < r->hc->conn->worker->server->config->stream_window;
}

void h3_req_room(struct h3_req *r)
{
	if (r->work)
		r->handler->room(r);
}

int h3_inform(struct h3_req *r, unsigned int status, const struct fields *f)
{
	nghttp3_nv nv[FIELDS_MAX + 1];
	size_t n = make_nvs(nv + 1, f);
	char text[3];

	nv[0] = status_nv(status, text);
	n = 1 + remove_fields(rules_of(r), nv + 1, n);
	conn_touch(r->hc->conn);
	return nghttp3_conn_submit_info(r->hc->h3, r->id, nv, n) ? -1 : 0;
}

int h3_respond(struct h3_req *r, unsigned int status, const struct fields *f, bool has_body)
{
	static const nghttp3_data_reader reader = {.read_data = read_data_cb};
	nghttp3_nv nv[FIELDS_MAX + 3 + RULES_ADD_MAX];
	char text[3], date[HTTP_DATE_LEN];
	const struct h3_rules *rules = rules_of(r);
	struct stats *st = &r->hc->conn->worker->stats;
	size_t n = 1;

	nv[0] = status_nv(status, text);
	n += make_nvs(nv + n, f);
	if (!f || !fields_get(f, "date")) {
		http_date(time(NULL), date);
		nv[n++] = make_nv("date", 4, date, strlen(date));
	}
	if (!f || !fields_get(f, "server"))
		nv[n++] = make_nv("server", 6, "quicd", 5);
	n = 1 + remove_fields(rules, nv + 1, n - 1);
	n += make_nvs(nv + n, &rules->add);
	r->responded = true;
	r->status = status;
	r->answered = !has_body;
	if (status >= 500)
		STAT_INC(st, http_5xx);
	else if (status >= 400)
		STAT_INC(st, http_4xx);
	log_debug("%s: stream %lld: %s %s %s: %u", r->hc->conn->peer, (long long)r->id,
		  r->method ? r->method : "-", r->authority ? r->authority : "-",
		  r->path ? r->path : "-", status);
	conn_touch(r->hc->conn);
	return nghttp3_conn_submit_response(r->hc->h3, r->id, nv, n, has_body ? &reader : NULL) ? -1
												: 0;
}

static const char *reason(unsigned int status)
{
	static const struct {
		unsigned int status;
		const char *text;
	} reasons[] = {
		{301, "Moved Permanently"},
		{302, "Found"},
		{303, "See Other"},
		{307, "Temporary Redirect"},
		{308, "Permanent Redirect"},
		{400, "Bad Request"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{412, "Precondition Failed"},
		{414, "URI Too Long"},
		{416, "Range Not Satisfiable"},
		{421, "Misdirected Request"},
		{425, "Too Early"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "Error";
}

int h3_error(struct h3_req *r, unsigned int status, const struct fields *f)
{
	const struct error_page *page = h3_page(rules_of(r), status);
	bool head = r->method && !strcmp(r->method, "HEAD");
	struct fields all = {0};
	char text[64], length[24];
	int n = snprintf(text, sizeof(text), "%u %s\n", status, reason(status)), rv = -1;
	const char *type = page ? mime_type(page->path) : "text/plain; charset=utf-8";
	const char *body = page ? page->data : text;
	size_t len = page ? page->len : (size_t)n;

	http_number(length, len, 10);
	for (size_t i = 0; f && i < f->n; i++)
		if (fields_add(&all, f->v[i].name, f->v[i].name_len, f->v[i].value,
			       f->v[i].value_len))
			goto out;
	if (fields_put(&all, "content-type", type) || fields_put(&all, "content-length", length))
		goto out;
	if (!head && len && chunkq_append(&r->body, pool_of(r), body, len))
		goto out;
	r->body_fin = true;
	h3_discard_input(r);
	rv = h3_respond(r, status, &all, !head);
out:
	fields_free(&all);
	return rv;
}

int h3_moved(struct h3_req *r, unsigned int status, char *where)
{
	struct fields f = {0};
	int rv;

	if (where && strlen(where) > LOCATION_MAX)
		rv = h3_error(r, 414, NULL);
	else if (!where || fields_put(&f, "location", where))
		rv = h3_error(r, 500, NULL);
	else
		rv = h3_error(r, status, &f);
	free(where);
	fields_free(&f);
	return rv;
}
