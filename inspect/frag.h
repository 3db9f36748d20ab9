/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reassembly of IP fragments, in bounded memory (RFC 791 3.2, RFC 8200 4.5). */
#ifndef QI_FRAG_H
#define QI_FRAG_H

#include <stddef.h>
#include <time.h>

#include "packet.h"

struct qi_frags;

/**
 * struct qi_frag - one fragment
 * @net:	QI_NET_IPV4 or QI_NET_IPV6
 * @src:	16 bytes, as in struct qi_tuple
 * @dst:	likewise
 * @id:		identification
 * @proto:	protocol, or next header
 * @off:	where the data belongs, in bytes
 * @more:	others follow
 * @data:	its bytes
 * @len:	how many
 */
struct qi_frag {
	enum qi_net net;
	const uint8_t *src, *dst;
	uint32_t id;
	uint8_t proto;
	size_t off;
	bool more;
	const uint8_t *data;
	size_t len;
};

/**
 * qi_frags_new - make a reassembler
 * @packets:	how many packets are kept that lack fragments, 1 at least; beyond that the
 *		oldest is dropped. Each has a buffer of 64 KiB.
 *
 * Return: the reassembler, or NULL if memory is short.
 */
struct qi_frags *qi_frags_new(unsigned int packets);

void qi_frags_free(struct qi_frags *t);

/**
 * qi_frags_add - take a fragment
 * @t:		the reassembler
 * @f:		the fragment
 * @now:	when it was captured, in seconds
 * @len:	gets the length of the whole packet's payload
 * @proto:	gets the protocol of the first fragment
 *
 * As in Linux: a fragment that overlaps others ends its packet, one that repeats known bytes
 * is dropped, a packet is given up after 30 s.
 *
 * Return: the payload when this fragment completed it, valid until the next call; else NULL.
 */
const uint8_t *qi_frags_add(struct qi_frags *t, const struct qi_frag *f, time_t now, size_t *len,
			    uint8_t *proto);

#endif /* QI_FRAG_H */
