/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The flows that are measured: each has a DCID, a host name and bytes of its own. */
#ifndef BENCH_FLOWS_H
#define BENCH_FLOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLOW_DGRAMS 2
#define FLOW_LEN    1200	      /* of every datagram that holds an Initial */
#define FLOW_PN_OFF 26		      /* DCID and SCID of 8 bytes, no token, a length of 2 bytes */
#define FLOW_TEXT   (FLOW_PN_OFF + 4) /* where the frames start */
#define FLOW_FRAMES 26		      /* CRYPTO frames of a shuffled hello */

enum flow_kind {
	FLOW_ONE,
	FLOW_TWO,
	FLOW_SHUFFLED,
	FLOW_FORGED,
	FLOW_HALF,
	FLOW_SHORT,
	FLOW_RTP,
	FLOW_OTHER,
	FLOW_KINDS,
};

/**
 * struct flow - one of them
 * @name:	its host name; the ALPN is "h3" in all
 * @opens:	its tags are right
 * @part:	if it is only the beginning of a hello, bytes of that
 * @n:		datagrams
 * @len:	their length in bytes
 * @d:		their bytes
 * @frames:	what they hold, before protection
 */
struct flow {
	char name[32];
	bool opens;
	size_t part;
	unsigned int n;
	size_t len;
	uint8_t d[FLOW_DGRAMS][FLOW_LEN];
	uint8_t frames[FLOW_DGRAMS][FLOW_LEN];
};

/** flow_text - a kind as the table calls it */
const char *flow_text(enum flow_kind kind);

/** flow_gate_only - the gate decides it, nothing is opened */
static inline bool flow_gate_only(enum flow_kind kind)
{
	return kind >= FLOW_SHORT;
}

/** flow_make - build the @nth flow of a kind; the same one in every run */
void flow_make(struct flow *f, enum flow_kind kind, unsigned int nth);

#endif /* BENCH_FLOWS_H */
