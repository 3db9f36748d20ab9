// SPDX-License-Identifier: GPL-2.0-or-later
#include "first.h"

#include <nettle/aes.h>
#include <nettle/gcm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "../inspect/capture.h"
#include "../inspect/inspect.h"
#include "header.h"
#include "hello.h"
#include "keys.h"
#include "text.h"

#define V1	   0x00000001u
#define ID_LEN	   8
#define DATAGRAM   1200
#define CHUNK	   1100 /* of the ClientHello in one datagram */
#define HELLO_MAX  4096
#define TAG	   16
#define FIRST_PORT 40000
#define NAME_MAX_B 255

/* A ClientHello, or a packet, as it grows; its makers keep within HELLO_MAX. */
struct bytes {
	size_t len;
	unsigned char p[HELLO_MAX + 512];
};

static void put(struct bytes *b, const void *data, size_t len)
{
	memcpy(b->p + b->len, data, len);
	b->len += len;
}

static void put_number(struct bytes *b, uint64_t v, unsigned int width)
{
	while (width--)
		b->p[b->len++] = (unsigned char)(v >> (8 * width));
}

static void put_length(struct bytes *b, size_t at, unsigned int width)
{
	size_t end = b->len, n = end - at - width;

	b->len = at;
	put_number(b, n, width);
	b->len = end;
}

static void put_random(struct bytes *b, size_t n)
{
	if (getrandom(b->p + b->len, n, 0) != (ssize_t)n)
		memset(b->p + b->len, 0x5a, n);
	b->len += n;
}

static struct na_first *add(struct na_firsts *f, const void *data, size_t len)
{
	struct na_first *d;

	if (f->n == NA_FIRSTS_MAX) {
		f->left++;
		return NULL;
	}
	f->d = na_need(realloc(f->d, (f->n + 1) * sizeof(*f->d)));
	d = &f->d[f->n++];
	*d = (struct na_first){.data = na_need(malloc(len)), .len = len};
	memcpy(d->data, data, len);
	return d;
}

/* server_name and ALPN (RFC 6066 3, RFC 7301 3.1). */
static const char *put_names(struct bytes *b, const char *sni, const char *const *alpn, size_t n)
{
	size_t ext, list, len;

	if (sni) {
		len = strlen(sni);
		if (!len || len > NAME_MAX_B)
			return "a name has 1 to 255 bytes";
		put_number(b, 0, 2);
		put_number(b, len + 5, 2);
		put_number(b, len + 3, 2);
		put_number(b, 0, 1);
		put_number(b, len, 2);
		put(b, sni, len);
	}
	if (!n)
		return NULL;
	put_number(b, 16, 2);
	ext = b->len;
	put_number(b, 0, 2);
	list = b->len;
	put_number(b, 0, 2);
	for (size_t i = 0; i < n; i++) {
		len = strlen(alpn[i]);
		if (!len || len > NAME_MAX_B)
			return "a protocol has 1 to 255 bytes";
		if (b->len + len > HELLO_MAX)
			return "too many protocols";
		put_number(b, len, 1);
		put(b, alpn[i], len);
	}
	put_length(b, list, 2);
	put_length(b, ext, 2);
	return NULL;
}

/* RFC 8446 4.1.2; with what a server could answer, but for a key that anybody knows. */
static const char *make_hello(struct bytes *b, const char *sni, const char *const *alpn, size_t n)
{
	static const unsigned char suites[] = {0, 6, 0x13, 1, 0x13, 2, 0x13, 3, 1, 0};
	static const unsigned char fixed[] = {
		0, 43, 0, 3,  2, 3,  4,	       /* supported_versions: 1.3 */
		0, 10, 0, 4,  0, 2,  0,	   29, /* supported_groups: x25519 */
		0, 13, 0, 6,  0, 4,  4,	   3,
		8, 4, /* signature_algorithms */
		0, 57, 0, 6,  4, 4,  0x80, 1,
		0, 0, /* quic_transport_parameters: initial_max_data */
		0, 51, 0, 38, 0, 36, 0,	   29,
		0, 32, /* key_share */
	};
	const char *wrong;
	size_t all;

	b->len = 0;
	put_number(b, 1, 1);
	put_number(b, 0, 3);
	put_number(b, 0x0303, 2);
	put_random(b, 32);
	put_number(b, 0, 1);
	put(b, suites, sizeof(suites));
	all = b->len;
	put_number(b, 0, 2);
	wrong = put_names(b, sni, alpn, n);
	if (wrong)
		return wrong;
	put(b, fixed, sizeof(fixed));
	put_random(b, 32);
	put_length(b, all, 2);
	put_length(b, 1, 3);
	return NULL;
}

/* Header protection (RFC 9001 5.4); @pn_at is where the packet number of four bytes is. */
static void protect(struct bytes *b, size_t pn_at, const unsigned char hp[16])
{
	unsigned char mask[16];
	struct aes128_ctx aes;

	aes128_set_encrypt_key(&aes, hp);
	aes128_encrypt(&aes, sizeof(mask), mask, b->p + pn_at + 4);
	b->p[0] ^= mask[0] & 0x0f;
	for (unsigned int i = 0; i < 4; i++)
		b->p[pn_at + i] ^= mask[1 + i];
}

/* An Initial that fills its datagram (RFC 9000 17.2.2, RFC 9001 5). */
static void make_initial(struct bytes *b, const unsigned char ids[2 * ID_LEN], uint32_t pn,
			 const unsigned char *crypto, size_t off, size_t len)
{
	struct gcm_aes128_ctx gcm;
	struct nq_keys keys;
	size_t pn_at, text_at;

	b->len = 0;
	put_number(b, 0xc3, 1);
	put_number(b, V1, 4);
	put_number(b, ID_LEN, 1);
	put(b, ids, ID_LEN);
	put_number(b, ID_LEN, 1);
	put(b, ids + ID_LEN, ID_LEN);
	put_number(b, 0, 1);
	put_number(b, 0x4000 | (DATAGRAM - b->len - 2), 2);
	pn_at = b->len;
	put_number(b, pn, 4);
	text_at = b->len;
	put_number(b, 6, 1);
	put_number(b, 0x4000 | off, 2);
	put_number(b, 0x4000 | len, 2);
	put(b, crypto, len);
	memset(b->p + b->len, 0, DATAGRAM - b->len);
	b->len = DATAGRAM - TAG;

	nq_keys_derive(nq_version_find(V1), ids, ID_LEN, &keys);
	for (unsigned int i = 0; i < 4; i++)
		keys.iv[8 + i] ^= b->p[pn_at + i];
	gcm_aes128_set_key(&gcm, keys.key);
	gcm_aes128_set_iv(&gcm, sizeof(keys.iv), keys.iv);
	gcm_aes128_update(&gcm, text_at, b->p);
	gcm_aes128_encrypt(&gcm, b->len - text_at, b->p + text_at, b->p + text_at);
	gcm_aes128_digest(&gcm, TAG, b->p + b->len);
	b->len = DATAGRAM;
	protect(b, pn_at, keys.hp);
}

const char *na_first_make(struct na_firsts *f, const char *sni, const char *const *alpn,
			  size_t n_alpn)
{
	static struct bytes hello, packet;
	uint16_t port = (uint16_t)(FIRST_PORT + f->n);
	const char *wrong = make_hello(&hello, sni, alpn, n_alpn);
	struct bytes ids = {0};
	struct na_first *d;
	uint32_t pn = 0;

	if (wrong)
		return wrong;
	put_random(&ids, 2 * ID_LEN);
	for (size_t off = 0; off < hello.len; off += CHUNK) {
		size_t n = hello.len - off < CHUNK ? hello.len - off : CHUNK;

		make_initial(&packet, ids.p, pn++, hello.p + off, off, n);
		d = add(f, packet.p, packet.len);
		if (!d)
			return "too many names";
		d->tuple.sport = port;
	}
	return NULL;
}

static bool is_answer(const struct na_firsts *f, const struct qi_tuple *t)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct qi_tuple *c = &f->d[i].tuple;

		if (c->net == t->net && c->sport == t->dport && c->dport == t->sport &&
		    !memcmp(c->src, t->dst, sizeof(t->dst)) &&
		    !memcmp(c->dst, t->src, sizeof(t->src)))
			return true;
	}
	return false;
}

/* A server's first datagrams begin with an Initial, too, but come second. */
static int take(void *arg, const struct qi_datagram *d)
{
	struct na_firsts *f = arg;
	struct na_first *mine;
	struct nq_header h;

	if (d->captured < d->len || !d->captured || !(d->data[0] & NQ_LONG_HEADER) ||
	    nq_header_parse(d->data, d->captured, 0, &h) != NQ_DONE || h.type != NQ_TYPE_INITIAL ||
	    !h.ver || is_answer(f, &d->tuple))
		return 0;
	mine = add(f, d->data, d->captured);
	if (mine)
		mine->tuple = d->tuple;
	return 0;
}

struct capture {
	struct na_firsts *f;
	struct qi_frags *frags;
};

static int frame(void *arg, int dlt, const unsigned char *data, size_t len, time_t when)
{
	struct capture *c = arg;

	return qi_inspect_datagrams(c->frags, dlt, data, len, when, take, c->f);
}

int na_first_capture(struct na_firsts *f, const char *path)
{
	struct capture c = {.f = f, .frags = na_need(qi_frags_new(16))};
	int rc = qi_capture_run(&(struct qi_source){.name = path}, frame, &c);

	qi_frags_free(c.frags);
	return rc;
}

static json_t *shown(const void *name, size_t len)
{
	char *text = na_name(name, len, NA_NAME_MAX);
	json_t *j = na_need(json_string(text));

	free(text);
	return j;
}

struct reading {
	struct na_first *now;
};

static void report(void *arg, const struct qi_flow *flow)
{
	struct reading *r = arg;
	json_t *alpn = na_need(json_array());
	unsigned int pos = 0, len;
	const uint8_t *name;
	char version[16];

	snprintf(version, sizeof(version), "0x%08x", flow->version);
	while (flow->complete &&
	       (len = nq_alpn_next(flow->alpn, (unsigned int)flow->alpn_len, &pos, &name)) != 0)
		json_array_append_new(alpn, shown(name, len));
	if (!r->now || r->now->names) {
		json_decref(alpn);
		return;
	}
	r->now->names = na_need(json_pack(
		"{ss, sb, sb, so, so}", "version", version, "complete", flow->complete, "ech",
		flow->complete && flow->ech, "alpn", alpn, "sni",
		flow->complete && flow->sni_len ? shown(flow->sni, flow->sni_len) : json_null()));
}

void na_first_names(struct na_firsts *f)
{
	struct reading r = {0};
	struct qi_flows *flows = na_need(qi_flows_new(NA_FIRSTS_MAX, NA_FIRSTS_MAX, 0, report, &r));

	for (size_t i = 0; i < f->n; i++) {
		struct na_first *d = &f->d[i];

		r.now = d;
		if (qi_flows_datagram(flows, &(struct qi_datagram){.tuple = d->tuple,
								   .data = d->data,
								   .captured = d->len,
								   .len = d->len}))
			na_need(NULL);
	}
	r.now = NULL;
	qi_flows_free(flows);
}

bool na_first_complete(const struct na_firsts *f, size_t i)
{
	for (size_t k = i; k < f->n; k++)
		if (f->d[k].names && !memcmp(&f->d[k].tuple, &f->d[i].tuple, sizeof(f->d[i].tuple)))
			return true;
	return false;
}

void na_firsts_free(struct na_firsts *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->d[i].data);
		json_decref(f->d[i].names);
	}
	free(f->d);
}
