/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the tests of flights: one flight, the datagram under construction, short verbs. */
#ifndef FLIGHT_UNIT_H
#define FLIGHT_UNIT_H

#include "chello.h"
#include "flight.h"
#include "initial.h"

static struct nq_flight f;
static struct nq_feed_result res;
static struct qt_buf msg, frames, d;

/* A client of version @version under the usual connection ID. */
static inline struct qt_packet client(u32 version)
{
	return (struct qt_packet){
		.version = version, .dcid = qt_cid(1, 8), .scid = qt_cid(90, 8), .pad_to = 1200};
}

static inline void hello_of(size_t size)
{
	struct qt_chello h = {.sni = "fs.example.com", .alpn = "smb,h3", .size = size};

	msg.len = 0;
	qt_chello(&msg, &h);
}

/* Begin a datagram with an Initial that holds bytes @from to before @to of the hello. */
static inline void part(const struct qt_packet *p, size_t from, size_t to)
{
	frames.len = 0;
	qt_frame_crypto(&frames, from, msg.p + from, to - from);
	if (p->version >> 8 == 0x543035) /* Google's T050, T051: frames with other numbers */
		frames.p[0] = 0x08;
	qt_initial(&d, p, &frames);
}

static inline enum nq_verdict feed(void)
{
	enum nq_verdict v = nq_flight_feed(&f, d.p, d.len, &res);

	d.len = 0;
	return v;
}

static inline enum nq_verdict feed_part(const struct qt_packet *p, size_t from, size_t to)
{
	d.len = 0;
	part(p, from, to);
	return feed();
}

static inline void check_names(void)
{
	assert_int_equal(f.hello.sni_len, 14);
	assert_memory_equal(f.crypto.buf + f.hello.sni_off, "fs.example.com", 14);
	assert_int_equal(f.hello.alpn_len, 7);
	assert_memory_equal(f.crypto.buf + f.hello.alpn_off, "\3smb\2h3", 7);
}

#endif /* FLIGHT_UNIT_H */
