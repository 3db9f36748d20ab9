// SPDX-License-Identifier: GPL-2.0-or-later
#include "flows.h"
#include <stdio.h>
#include <stdlib.h>
#include "chello.h"
#include "initial.h"

#define HELLO_ONE 600
#define HELLO_TWO 1800

const char *flow_text(enum flow_kind kind)
{
	static const char *const text[FLOW_KINDS] = {
		[FLOW_ONE] = "one datagram",
		[FLOW_TWO] = "two datagrams",
		[FLOW_SHUFFLED] = "26 frames, shuffled",
		[FLOW_FORGED] = "forged tag",
		[FLOW_HALF] = "half a hello, held",
		[FLOW_SHORT] = "gate: short header",
		[FLOW_RTP] = "gate: first bit set, as RTP",
		[FLOW_OTHER] = "gate: not QUIC",
	};

	return text[kind];
}

/* xorshift32, so that the flows are the same everywhere; never 0 for a @seed that is not 0 */
static uint32_t next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* An Initial with the frames that stand in @frames. */
static void add(struct flow *f, uint32_t nth, const struct qt_buf *frames)
{
	static struct qt_buf out;
	struct qt_packet p = {.version = QT_V1,
			      .dcid = qt_cid(1, 8),
			      .scid = qt_cid(90, 8),
			      .pn = f->n,
			      .pad_to = FLOW_LEN};

	for (int i = 0; i < 4; i++)
		p.dcid.id[i] = nth >> 8 * i;
	out.len = 0;
	qt_initial(&out, &p, frames);
	assert(out.len == FLOW_LEN);
	memcpy(f->d[f->n], out.p, out.len);
	memcpy(f->frames[f->n], frames->p, frames->len);
	f->n++;
}

/* The hello in FLOW_FRAMES frames, in an order of its own, half of them in each datagram. */
static void add_shuffled(struct flow *f, uint32_t nth, const struct qt_buf *hello)
{
	static struct qt_buf frames;
	unsigned int order[FLOW_FRAMES];
	uint32_t seed = nth + 1;

	for (unsigned int i = 0; i < FLOW_FRAMES; i++) {
		unsigned int j = next(&seed) % (i + 1);

		order[i] = order[j];
		order[j] = i;
	}
	for (unsigned int i = 0; i < FLOW_FRAMES; i++) {
		size_t from = hello->len * order[i] / FLOW_FRAMES;
		size_t to = hello->len * (order[i] + 1) / FLOW_FRAMES;

		if (i % (FLOW_FRAMES / 2) == 0)
			frames.len = 0;
		qt_frame_crypto(&frames, from, hello->p + from, to - from);
		if ((i + 1) % (FLOW_FRAMES / 2) == 0)
			add(f, nth, &frames);
	}
}

static void make_initials(struct flow *f, enum flow_kind kind, unsigned int nth)
{
	static struct qt_buf hello, frames;
	bool two = kind == FLOW_TWO || kind == FLOW_SHUFFLED || kind == FLOW_HALF;
	struct qt_chello h = {.sni = f->name, .alpn = "h3", .size = two ? HELLO_TWO : HELLO_ONE};
	size_t half;

	hello.len = 0;
	qt_chello(&hello, &h);
	if (kind == FLOW_SHUFFLED) {
		add_shuffled(f, nth, &hello);
		return;
	}
	half = two ? hello.len / 2 : hello.len;
	for (size_t from = 0; from < hello.len; from += half) {
		size_t to = from + half + 1 < hello.len ? from + half : hello.len;

		frames.len = 0;
		qt_frame_crypto(&frames, from, hello.p + from, to - from);
		add(f, nth, &frames);
		if (to == hello.len)
			break;
		if (kind == FLOW_HALF) {
			f->part = to;
			break;
		}
	}
	if (kind == FLOW_FORGED)
		f->d[0][FLOW_LEN - 1] ^= 1;
}

void flow_make(struct flow *f, enum flow_kind kind, unsigned int nth)
{
	uint32_t seed = nth + 1;

	memset(f, 0, sizeof(*f));
	f->opens = kind != FLOW_FORGED && !flow_gate_only(kind);
	f->len = FLOW_LEN;
	snprintf(f->name, sizeof(f->name), "host-%u.example.com", nth);
	if (!flow_gate_only(kind)) {
		make_initials(f, kind, nth);
		return;
	}
	f->n = 1;
	for (size_t i = 0; i < FLOW_LEN; i++)
		f->d[0][i] = next(&seed);
	if (kind == FLOW_SHORT) /* RFC 9000 17.3 */
		f->d[0][0] = (f->d[0][0] & 0x3f) | 0x40;
	else if (kind == FLOW_RTP) /* RFC 3550 5.1: version 2, so the fixed bit is 0 */
		f->d[0][0] = 0x80;
	else
		f->d[0][0] &= 0x3f;
	/* The sequence number and time of RTP where QUIC has its version */
	if (kind == FLOW_RTP)
		f->d[0][1] = 96;
	if (kind == FLOW_OTHER)
		f->len = 64;
}
