/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nftrace of datagrams that na_copy_send() numbered. */
#ifndef NA_TRACE_H
#define NA_TRACE_H

#include <stdint.h>

#include "../inspect/packet.h"
#include "ruleset.h"

enum na_step_type { NA_STEP_RULE, NA_STEP_RETURN, NA_STEP_POLICY };

/**
 * struct na_step - one event of a datagram's trace
 * @chain:	of the copy's ruleset
 * @rule:	likewise; NULL of a policy, or if it is not known
 * @code:	NF_ACCEPT and the like, NFT_JUMP and the like
 * @target:	of a jump or goto, the caller of na_trace_free() owns it
 * @tuple:	addresses and ports as this base chain met them
 * @iif:	index of the device, 0 if there is none
 * @oif:	likewise
 */
struct na_step {
	const struct na_chain *chain;
	const struct na_rule *rule;
	enum na_step_type type;
	int code;
	char *target;
	struct qi_tuple tuple;
	int iif, oif;
};

struct na_trail {
	struct na_step *step;
	size_t n;
};

struct na_trace;

/** na_trace_open() - listen in this network namespace; NULL with errno */
struct na_trace *na_trace_open(const struct na_ruleset *rs, struct na_trail *trails, size_t n);

/**
 * na_trace_wait() - read what comes
 * @over:	have all datagrams come to their end?
 * @silent_ms:	for how long nothing may come
 *
 * Return: false if events were lost.
 */
bool na_trace_wait(struct na_trace *t, bool (*over)(const struct na_trail *trails, size_t n),
		   int silent_ms);

void na_trace_close(struct na_trace *t);
void na_trail_free(struct na_trail *trail);

#endif
