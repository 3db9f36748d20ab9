// SPDX-License-Identifier: GPL-2.0-or-later
#include "quicgen.h"
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

unsigned long option_number(const char *text, const char *name, unsigned long min,
			    unsigned long max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!*text || *end || n < min || n > max)
		errx(2, "%s: '%s' is not a number from %lu to %lu", name, text, min, max);
	return n;
}

void client_init(struct client_options *c, struct shape *shape)
{
	memset(c, 0, sizeof(*c));
	memset(shape, 0, sizeof(*shape));
	c->shape = shape;
	c->split = 1;
	shape->version = QT_V1;
	shape->scid = qt_cid(0xc0, 8);
	shape->size = 1200;
}

bool client_option(struct client_options *c, int opt, const char *arg)
{
	static struct qt_buf name;

	switch (opt) {
	case 'V':
		c->shape->version = shape_version(arg);
		return true;
	case 's':
		c->hello.sni = arg;
		return true;
	case 'S':
		name.len = 0;
		qt_put_hex(&name, arg);
		c->hello.sni = (const char *)name.p;
		c->hello.sni_len = name.len;
		return true;
	case 'a':
		c->hello.alpn = arg;
		return true;
	case 'e':
		c->hello.ech = true;
		return true;
	case 'z':
		c->hello.size = option_number(arg, "--size", 0, 60000);
		return true;
	case 'L':
		c->hello.names_last = true;
		return true;
	case 'p':
		if (c->patches == sizeof(c->patch) / sizeof(c->patch[0]))
			errx(2, "--patch: too many");
		c->patch[c->patches++] = arg;
		return true;
	case 'd':
		c->shape->dcid = shape_hex_cid(arg);
		return true;
	case 'c':
		c->shape->scid = shape_hex_cid(arg);
		return true;
	case 'D':
		c->shape->size = option_number(arg, "--datagram", 0, 60000);
		return true;
	case 'n':
		c->split = option_number(arg, "--split", 1, DATAGRAMS_MAX);
		return true;
	case 'o':
		c->order = arg;
		return true;
	}
	return false;
}

static void patch(struct qt_buf *hello, const char *text)
{
	static struct qt_buf bytes;
	char *end;
	unsigned long at = strtoul(text, &end, 10);

	if (end == text || *end != '=' || end[1 + strspn(end + 1, "0123456789abcdef")] ||
	    strlen(end + 1) % 2)
		errx(2, "--patch '%s': not OFFSET=HEX", text);
	bytes.len = 0;
	qt_put_hex(&bytes, end + 1);
	if (at + bytes.len > hello->len)
		errx(2, "--patch '%s': the hello has %zu bytes", text, hello->len);
	memcpy(hello->p + at, bytes.p, bytes.len);
}

/* A client makes up its IDs: those of another run are others. */
static uint32_t run_number(void)
{
	static uint32_t number;

	if (!number && getrandom(&number, sizeof(number), 0) != sizeof(number))
		err(1, "getrandom");
	return number;
}

void client_shape(struct client_options *c, unsigned int nth)
{
	struct shape *s = c->shape;

	s->hello.len = 0;
	qt_chello(&s->hello, &c->hello);
	for (unsigned int i = 0; i < c->patches; i++)
		patch(&s->hello, c->patch[i]);
	if (!s->dcid.len || nth) {
		uint8_t len = s->dcid.len ? s->dcid.len : 8;
		uint32_t x = run_number() + nth;

		s->dcid.len = len;
		for (uint8_t i = 0; i < len; i++) {
			x = x * 1664525 + 1013904223;
			s->dcid.id[i] = x >> 24;
		}
	}
}

/* Part @i of @n of the hello, as the language has it. */
static void part(const struct client_options *c, unsigned int i, unsigned int n, char *text,
		 size_t size)
{
	size_t len = c->shape->hello.len;

	snprintf(text, size, "i{pn=%u}:%zu-%zu", i, len * i / n, len * (i + 1) / n);
}

unsigned int client_datagrams(const struct client_options *c, char **texts, unsigned int n,
			      struct datagram *out)
{
	const char *order = c->order;
	unsigned int wait_ms = 0, sent = 0, i;
	char text[64], *end;

	memset(out, 0, DATAGRAMS_MAX * sizeof(*out));
	if (!n) {
		for (i = 0; order ? *order : i < c->split; i++) {
			unsigned long which = i;

			if (order) {
				which = strtoul(order, &end, 10) - 1;
				if (end == order || which >= c->split || (*end && *end != ','))
					errx(2, "--order '%s' of %u", c->order, c->split);
				order = end + (*end == ',');
			}
			if (sent == DATAGRAMS_MAX)
				errx(2, "more than %d datagrams", DATAGRAMS_MAX);
			part(c, which, c->split, text, sizeof(text));
			shape_datagram(c->shape, text, &out[sent++]);
		}
		return sent;
	}
	for (i = 0; i < n; i++) {
		if (!strncmp(texts[i], "wait:", 5)) {
			wait_ms += option_number(texts[i] + 5, "wait", 0, 60000);
			continue;
		}
		if (sent == DATAGRAMS_MAX)
			errx(2, "more than %d datagrams", DATAGRAMS_MAX);
		out[sent].wait_ms = wait_ms;
		wait_ms = 0;
		shape_datagram(c->shape, texts[i], &out[sent++]);
	}
	return sent;
}
