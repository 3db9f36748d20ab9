// SPDX-License-Identifier: GPL-2.0-or-later
/* The end of a certificate's validity, RFC 5280, 4.1: no TLS library is needed for one date. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "text.h"

/* DER, from @p on up to @end. */
struct der {
	const unsigned char *p, *end;
};

enum { INTEGER = 0x02, UTC_TIME = 0x17, TIME = 0x18, SEQUENCE = 0x30, VERSION = 0xa0 };

/* Takes the next value from @d; its contents are @in. Returns its tag, 0 at a fault. */
static int der_next(struct der *d, struct der *in)
{
	size_t len, n;
	int tag;

	if (d->end - d->p < 2)
		return 0;
	tag = *d->p++;
	len = *d->p++;
	if (len & 0x80) {
		n = len & 0x7f;
		len = 0;
		if (n > 4 || (size_t)(d->end - d->p) < n)
			return 0;
		while (n--)
			len = len << 8 | *d->p++;
	}
	if ((size_t)(d->end - d->p) < len)
		return 0;
	in->p = d->p;
	in->end = d->p += len;
	return tag;
}

static time_t der_time(int tag, const struct der *in)
{
	struct tm tm = {0};
	char text[16];
	size_t len = (size_t)(in->end - in->p);
	int year;

	if (len != (tag == UTC_TIME ? 13U : 15U) || (tag != UTC_TIME && tag != TIME))
		return -1;
	memcpy(text, in->p, len);
	text[len] = '\0';
	if (sscanf(text, tag == UTC_TIME ? "%2d%2d%2d%2d%2d%2dZ" : "%4d%2d%2d%2d%2d%2dZ", &year,
		   &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return -1;
	if (tag == UTC_TIME)
		year += year < 50 ? 2000 : 1900;
	tm.tm_year = year - 1900;
	tm.tm_mon--;
	return timegm(&tm);
}

static time_t not_after(struct der cert)
{
	struct der outer, tbs, in;
	int tag;

	if (der_next(&cert, &outer) != SEQUENCE || der_next(&outer, &tbs) != SEQUENCE)
		return -1;
	tag = der_next(&tbs, &in);
	if (tag == VERSION)
		tag = der_next(&tbs, &in);
	if (tag != INTEGER || der_next(&tbs, &in) != SEQUENCE || der_next(&tbs, &in) != SEQUENCE)
		return -1;
	if (der_next(&tbs, &outer) != SEQUENCE || !der_next(&outer, &in))
		return -1;
	tag = der_next(&outer, &in);
	return der_time(tag, &in);
}

static size_t base64(const char *text, const char *end, unsigned char *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0;
	size_t n = 0, have = 0;

	for (; text < end && *text != '='; text++) {
		const char *at = *text ? strchr(digits, *text) : NULL;

		if (!at)
			continue;
		bits = bits << 6 | (uint32_t)(at - digits);
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		out[n++] = (unsigned char)(bits >> have);
	}
	return n;
}

time_t na_cert_expires(const char *path)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	size_t len;
	char *text = na_read_plain(path, &len), *from, *to;
	unsigned char *der;
	time_t when = -1;

	if (!text)
		return -1;
	from = strstr(text, begin);
	to = from ? strstr(from, "-----END CERTIFICATE-----") : NULL;
	if (to) {
		from += strlen(begin);
		der = na_need(malloc((size_t)(to - from) + 1));
		when = not_after((struct der){der, der + base64(from, to, der)});
		free(der);
	}
	free(text);
	return when;
}
