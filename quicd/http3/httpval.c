// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "httpval.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool segment_allowed(const char *s, size_t len)
{
	static const char well_known[] = ".well-known";

	if (s[0] != '.')
		return true;
	return len == sizeof(well_known) - 1 && !memcmp(s, well_known, len);
}

int http_path_decode(const char *target, char *out, size_t out_len)
{
	size_t n = 0, start = 0;

	if (target[0] != '/')
		return -EINVAL;
	for (const char *p = target + 1;; p++) {
		bool end = !*p || *p == '?' || *p == '#';
		char c = *p;

		if (c == '%') {
			int hi = hex_digit(p[1]), lo = hi < 0 ? -1 : hex_digit(p[2]);

			if (lo < 0)
				return -EINVAL;
			c = (char)(hi << 4 | lo);
			p += 2;
			/* An encoded slash would be a separator to the file system only. */
			if (c == '/' || c == '\0')
				return -EINVAL;
		} else if (c == '/' || end) {
			size_t len = n - start;

			if ((len == 0 && !end) || (len && !segment_allowed(out + start, len)))
				return -EINVAL;
			if (end)
				break;
			start = n + 1;
		}
		if (n + 1 >= out_len)
			return -EINVAL;
		out[n++] = c;
	}
	out[n] = '\0';
	return 0;
}

/* Digits only: strtoull() alone would take signs and blanks. */
static const char *number(const char *p, uint64_t *out)
{
	char *end;

	if (!isdigit((unsigned char)*p))
		return NULL;
	errno = 0;
	*out = strtoull(p, &end, 10);
	return errno ? NULL : end;
}

enum range_result http_range(const char *value, uint64_t size, uint64_t *first, uint64_t *last)
{
	uint64_t a, b;

	if (strncasecmp(value, "bytes=", 6) || strchr(value, ','))
		return RANGE_NONE;
	value += 6;
	if (*value == '-') {
		value = number(value + 1, &a);
		if (!value || *value)
			return RANGE_NONE;
		if (!a || !size)
			return RANGE_BAD;
		*first = a < size ? size - a : 0;
		*last = size - 1;
		return RANGE_OK;
	}
	value = number(value, &a);
	if (!value || *value++ != '-')
		return RANGE_NONE;
	b = UINT64_MAX;
	if (*value) {
		value = number(value, &b);
		if (!value || *value || b < a)
			return RANGE_NONE;
	}
	if (a >= size)
		return RANGE_BAD;
	*first = a;
	*last = b < size ? b : size - 1;
	return RANGE_OK;
}

char *http_number(char *out, uint64_t n, unsigned int base)
{
	char digits[20];
	size_t len = 0;

	/* Divisions by constants. */
	do
		digits[len++] = "0123456789abcdef"[base == 16 ? n % 16 : n % 10];
	while (n = base == 16 ? n / 16 : n / 10, n);
	while (len)
		*out++ = digits[--len];
	*out = '\0';
	return out;
}

static void put_two(char *out, unsigned int n, char behind)
{
	out[0] = (char)('0' + n / 10 % 10);
	out[1] = (char)('0' + n % 10);
	out[2] = behind;
}

/* strftime() takes four times the instructions. */
static void write_date(time_t t, char out[HTTP_DATE_LEN])
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm = {.tm_mday = 1};
	unsigned int year;

	gmtime_r(&t, &tm);
	year = (unsigned int)tm.tm_year + 1900;
	memcpy(out, days + 3 * tm.tm_wday, 3);
	memcpy(out + 3, ", ", 2);
	put_two(out + 5, (unsigned int)tm.tm_mday, ' ');
	memcpy(out + 8, months + 3 * tm.tm_mon, 3);
	out[11] = ' ';
	put_two(out + 12, year / 100, ' ');
	put_two(out + 14, year, ' ');
	put_two(out + 17, (unsigned int)tm.tm_hour, ':');
	put_two(out + 20, (unsigned int)tm.tm_min, ':');
	put_two(out + 23, (unsigned int)tm.tm_sec, ' ');
	memcpy(out + 26, "GMT", 4);
}

/* Each answer has one or two, and most of them are those of the answer before. */
void http_date(time_t t, char out[HTTP_DATE_LEN])
{
	static _Thread_local struct {
		time_t t;
		char text[HTTP_DATE_LEN];
	} known[16];
	size_t i = (size_t)t % 16;

	if (known[i].t != t || !known[i].text[0]) {
		write_date(t, known[i].text);
		known[i].t = t;
	}
	memcpy(out, known[i].text, HTTP_DATE_LEN);
}

time_t http_date_parse(const char *value)
{
	/* Today's format, and two obsolete ones that must still be understood (RFC 9110, 5.6.7). */
	static const char *const forms[] = {
		"%a, %d %b %Y %H:%M:%S GMT",
		"%a, %d-%b-%y %H:%M:%S GMT",
		"%a %b %e %H:%M:%S %Y",
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = {0};
		const char *end = strptime(value, forms[i], &tm);

		if (end && !*end)
			return timegm(&tm);
	}
	return -1;
}

static bool etag_in(const char *list, const char *etag, bool weak)
{
	size_t want = strlen(etag);

	if (!strcmp(list, "*"))
		return true;
	for (const char *p = list; *p;) {
		const char *end;
		bool is_weak;

		p += strspn(p, ", \t");
		is_weak = !strncmp(p, "W/", 2);
		if (is_weak)
			p += 2;
		if (*p != '"')
			return false;
		end = strchr(p + 1, '"');
		if (!end)
			return false;
		if ((weak || !is_weak) && (size_t)(end + 1 - p) == want && !memcmp(p, etag, want))
			return true;
		p = end + 1;
	}
	return false;
}

bool http_etag_in(const char *list, const char *etag)
{
	return etag_in(list, etag, true);
}

bool http_etag_in_strong(const char *list, const char *etag)
{
	return etag_in(list, etag, false);
}

bool http_is_token(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("!#$%&'*+-.^_`|~", *s))
			return false;
	return true;
}

bool http_is_visible(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s <= 0x20 || (unsigned char)*s >= 0x7f)
			return false;
	return true;
}

bool http_is_authority(const char *s)
{
	return *s && http_is_visible(s) && !strpbrk(s, "/?#@\\\"<>^`{|}");
}

int64_t http_length(const char *value)
{
	uint64_t n;
	const char *end = number(value, &n);

	return end && !*end && n <= INT64_MAX ? (int64_t)n : -1;
}
