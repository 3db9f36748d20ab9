// SPDX-License-Identifier: GPL-2.0-or-later
#include "shape.h"
#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

/* One packet of a datagram, as text. */
struct piece {
	char kind;
	char *options, *body;
};

#define PIECES_MAX 16

static unsigned long number(const char *text, const char *what)
{
	char *end;
	unsigned long n = strtoul(text, &end, 0);

	if (!*text || *end)
		errx(2, "%s: '%s' is no number", what, text);
	return n;
}

uint32_t shape_version(const char *text)
{
	if (!strcmp(text, "v1"))
		return QT_V1;
	if (!strcmp(text, "v2"))
		return QT_V2;
	if (!strcmp(text, "draft-29"))
		return QT_DRAFT29;
	return number(text, "version");
}

static void put_hex(struct qt_buf *b, const char *text)
{
	if (strlen(text) % 2 || text[strspn(text, "0123456789abcdef")])
		errx(2, "'%s' is not an even number of hex digits", text);
	qt_put_hex(b, text);
}

struct qt_cid shape_hex_cid(const char *text)
{
	static struct qt_buf b;
	struct qt_cid cid = {0};

	b.len = 0;
	put_hex(&b, text);
	if (b.len > sizeof(cid.id))
		errx(2, "connection ID '%s' is too long", text);
	cid.len = b.len;
	memcpy(cid.id, b.p, b.len);
	return cid;
}

static void put_range(const struct shape *s, const char *text, struct qt_buf *frames)
{
	static struct qt_buf bytes;
	unsigned long from, to;
	char *end;
	bool other;

	from = strtoul(text, &end, 10);
	if (end == text || *end != '-')
		errx(2, "frame '%s': what is that?", text);
	text = end + 1;
	to = isdigit((unsigned char)*text) ? strtoul(text, &end, 10) : s->hello.len;
	if (!isdigit((unsigned char)*text))
		end = (char *)text;
	other = *end == '!';
	if (end[other] || from > to || to > s->hello.len)
		errx(2, "bytes %lu to %lu of a hello of %zu", from, to, s->hello.len);
	bytes.len = 0;
	qt_put(&bytes, s->hello.p + from, to - from);
	for (size_t i = 0; other && i < bytes.len; i++)
		bytes.p[i] ^= 0xff;
	qt_frame_crypto(frames, from, bytes.p, bytes.len);
}

static void put_frames(const struct shape *s, char *list, struct qt_buf *frames)
{
	char *frame, *save;

	frames->len = 0;
	for (frame = strtok_r(list, ",", &save); frame; frame = strtok_r(NULL, ",", &save)) {
		if (!strcmp(frame, "ping"))
			qt_frame_ping(frames);
		else if (!strncmp(frame, "pad", 3))
			qt_frame_padding(frames, frame[3] ? number(frame + 3, "padding") : 1);
		else if (!strcmp(frame, "ack"))
			qt_frame_ack(frames, 2, 1, false);
		else if (!strcmp(frame, "ackecn"))
			qt_frame_ack(frames, 2, 1, true);
		else if (!strcmp(frame, "close"))
			qt_frame_close(frames, 0x128);
		else if (!strncmp(frame, "hex=", 4))
			put_hex(frames, frame + 4);
		else
			put_range(s, frame, frames);
	}
}

static void put_short(struct qt_buf *out, const struct qt_packet *p, size_t len)
{
	qt_put_u8(out, 0x43);
	qt_put(out, p->dcid.id, p->dcid.len);
	for (size_t i = 0; i < len; i++)
		qt_put_u8(out, i * 73 + 5);
}

/* @flips: bytes of the packet to invert afterwards, from its end if negative. */
struct damage {
	long at;
	uint8_t mask;
};

static void read_options(const struct shape *s, char *text, struct qt_packet *p,
			 struct qt_cid *key_cid, struct damage *damage)
{
	char *opt, *save, *value;
	bool fresh = false;

	for (opt = strtok_r(text, ",", &save); opt; opt = strtok_r(NULL, ",", &save)) {
		value = strchr(opt, '=');
		if (value)
			*value++ = 0;
		if (!strcmp(opt, "dcid") && value)
			p->dcid = shape_hex_cid(value);
		else if (!strcmp(opt, "scid") && value)
			p->scid = shape_hex_cid(value);
		else if (!strcmp(opt, "token") && value)
			p->token = value, p->token_len = strlen(value);
		else if (!strcmp(opt, "pn") && value)
			p->pn = number(value, opt);
		else if (!strcmp(opt, "pnlen") && value)
			p->pn_len = number(value, opt);
		else if (!strcmp(opt, "res") && value)
			p->reserved = number(value, opt) & 3;
		else if (!strcmp(opt, "version") && value)
			p->version = shape_version(value);
		else if (!strcmp(opt, "keys") && value)
			p->keys_as = shape_version(value);
		else if (!strcmp(opt, "server"))
			p->server = true;
		else if (!strcmp(opt, "bad"))
			*damage = (struct damage){-1, 0x01};
		else if (!strcmp(opt, "flip") && value)
			*damage = (struct damage){number(value, opt), 0xff};
		else if (!strcmp(opt, "new"))
			fresh = true;
		else
			errx(2, "packet option '%s': what is that?", opt);
	}
	if (p->pn_len > 4)
		errx(2, "a packet number has at most 4 bytes");
	*key_cid = fresh ? p->dcid : s->dcid;
}

/* One packet behind @out; @pad_to as in struct qt_packet. @probe: without damage, to see its
 * length. */
static void put_piece(const struct shape *s, const struct piece *piece, unsigned int n,
		      size_t pad_to, bool probe, struct qt_buf *out)
{
	static struct qt_buf frames;
	char *options = strdup(piece->options), *body = strdup(piece->body);
	struct damage damage = {0, 0};
	struct qt_cid key_cid;
	struct qt_packet p = {.version = s->version, .dcid = s->dcid, .scid = s->scid, .pn = n};
	size_t start = out->len;

	if (!options || !body)
		err(1, "strdup");
	read_options(s, options, &p, &key_cid, &damage);
	p.key_cid = &key_cid;
	switch (piece->kind) {
	case 'i':
		put_frames(s, body, &frames);
		/* A version that has no keys of its own needs some. */
		if (!p.keys_as && !qt_salt(p.version))
			p.keys_as = QT_V1;
		p.pad_to = pad_to;
		qt_initial(out, &p, &frames);
		break;
	case 'z':
		qt_opaque(out, QT_0RTT, &p, number(body, "0-RTT"));
		break;
	case 'h':
		qt_opaque(out, QT_HANDSHAKE, &p, number(body, "Handshake"));
		break;
	case 'r':
		qt_retry(out, &p);
		break;
	case 'v':
		qt_version_negotiation(out, &p, QT_V1);
		break;
	case 's':
		put_short(out, &p, number(body, "short header"));
		break;
	case 'x':
		put_hex(out, body);
		break;
	default:
		errx(2, "packet kind '%c': what is that?", piece->kind);
	}
	if (damage.mask && !probe) {
		if (damage.at >= (long)(out->len - start))
			errx(2, "byte %ld of a packet of %zu", damage.at, out->len - start);
		out->p[damage.at < 0 ? out->len - 1 : start + damage.at] ^= damage.mask;
	}
	free(options);
	free(body);
}

/* i{a,b}:c+z:5 into pieces, in place. */
static size_t split(char *text, struct piece *pieces)
{
	char *piece, *save, *rest;
	size_t n = 0;

	for (piece = strtok_r(text, "+", &save); piece; piece = strtok_r(NULL, "+", &save)) {
		if (n == PIECES_MAX)
			errx(2, "more than %d packets in a datagram", PIECES_MAX);
		pieces[n] = (struct piece){.kind = piece[0], .options = "", .body = ""};
		rest = piece + 1;
		if (*rest == '{') {
			pieces[n].options = rest + 1;
			rest = strchr(rest, '}');
			if (!rest)
				errx(2, "'%s': no }", piece);
			*rest++ = 0;
		}
		if (*rest == ':')
			pieces[n].body = rest + 1;
		else if (*rest)
			errx(2, "'%s': what is that?", piece);
		n++;
	}
	return n;
}

void shape_datagram(const struct shape *s, const char *text, struct datagram *out)
{
	static struct qt_buf b;
	struct piece pieces[PIECES_MAX];
	size_t n, i, last = PIECES_MAX, last_len = 0;
	char *copy = strdup(text);

	if (!copy)
		err(1, "strdup");
	n = split(copy, pieces);
	/* Once to see how long it is, then with the padding that is missing. */
	b.len = 0;
	for (i = 0; i < n; i++) {
		size_t before = b.len;

		put_piece(s, &pieces[i], i, 0, true, &b);
		if (pieces[i].kind == 'i') {
			last = i;
			last_len = b.len - before;
		}
	}
	if (last < PIECES_MAX && b.len < s->size)
		last_len += s->size - b.len;
	b.len = 0;
	for (i = 0; i < n; i++)
		put_piece(s, &pieces[i], i, i == last ? last_len : 0, false, &b);
	out->len = b.len;
	out->data = malloc(b.len ? b.len : 1);
	if (!out->data)
		err(1, "malloc");
	memcpy(out->data, b.p, b.len);
	free(copy);
}
