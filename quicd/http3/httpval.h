/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of HTTP: paths, ranges, dates, entity tags. Pure functions. */
#ifndef QUICD_HTTPVAL_H
#define QUICD_HTTPVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define HTTP_DATE_LEN 30

/*
 * Decodes the path of a request target into a relative file name: no query, no %XX, no leading
 * slash, "" for the root. NUL, empty segments, dot segments and names that begin with a dot
 * (except .well-known) are refused. Returns 0, or -EINVAL.
 */
int http_path_decode(const char *target, char *out, size_t out_len);

enum range_result {
	RANGE_NONE, /* no range, or one that is to be ignored: send all */
	RANGE_OK,
	RANGE_BAD, /* 416 */
};

/* The value of a Content-Length, or -1 if it is not one. */
int64_t http_length(const char *value);

/* A Range field for a file of @size bytes: one range only (RFC 9110, 14.1.2). */
enum range_result http_range(const char *value, uint64_t size, uint64_t *first, uint64_t *last);

/*
 * Writes @n in @base, 10 or 16, with a NUL behind it, for which @out has room: 21 bytes or 17.
 * Returns where the NUL is.
 */
char *http_number(char *out, uint64_t n, unsigned int base);

/* IMF-fixdate (RFC 9110, 5.6.7). */
void http_date(time_t t, char out[HTTP_DATE_LEN]);
/* Returns -1 if it is not a date. */
time_t http_date_parse(const char *value);

/* True if @list, of an If-None-Match or If-Match field, has @etag or is "*". Weak comparison. */
bool http_etag_in(const char *list, const char *etag);
/* Likewise with strong comparison, for If-Match. */
bool http_etag_in_strong(const char *list, const char *etag);

/* True for one token, as a method is (RFC 9110, 5.6.2). */
bool http_is_token(const char *s);
/* True if @s has only visible ASCII: fit for a request line or a Host field. */
bool http_is_visible(const char *s);
/* True for a host and port, without user information. */
bool http_is_authority(const char *s);

#endif
