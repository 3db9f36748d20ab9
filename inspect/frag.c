// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "frag.h"

#define QI_FRAG_TIMEOUT 30    /* seconds */
#define QI_FRAG_UNIT	8     /* offsets count these */
#define QI_FRAG_MAX	65535 /* bytes of a packet's payload */
#define QI_FRAG_UNITS	((QI_FRAG_MAX + QI_FRAG_UNIT - 1) / QI_FRAG_UNIT)

/* Fragments of one packet belong together by this (RFC 8200 4.5: without the protocol). */
struct qi_frag_key {
	uint32_t net, id, proto;
	uint8_t src[16], dst[16];
};

struct qi_frag_packet {
	TAILQ_ENTRY(qi_frag_packet) node;
	struct qi_frag_key key;
	time_t begun;
	size_t total;			       /* known from the last fragment, else 0 */
	size_t got;			       /* bytes received */
	size_t end;			       /* one past the highest byte received */
	uint8_t proto;			       /* of the first fragment */
	uint8_t seen[(QI_FRAG_UNITS + 7) / 8]; /* a bit a unit */
	uint8_t data[QI_FRAG_UNITS * QI_FRAG_UNIT];
};

TAILQ_HEAD(qi_frag_list, qi_frag_packet);

/* @list is in order of arrival, the oldest first; @idle are buffers to use again. */
struct qi_frags {
	struct qi_frag_list list, idle;
	struct qi_frag_packet *packets;
};

struct qi_frags *qi_frags_new(unsigned int packets)
{
	struct qi_frags *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	/* Memory that no fragment needs is never touched. */
	t->packets = calloc(packets, sizeof(*t->packets));
	if (!t->packets) {
		free(t);
		return NULL;
	}
	TAILQ_INIT(&t->list);
	TAILQ_INIT(&t->idle);
	for (unsigned int i = 0; i < packets; i++)
		TAILQ_INSERT_TAIL(&t->idle, &t->packets[i], node);
	return t;
}

void qi_frags_free(struct qi_frags *t)
{
	if (!t)
		return;
	free(t->packets);
	free(t);
}

static void qi_frags_drop(struct qi_frags *t, struct qi_frag_packet *p)
{
	TAILQ_REMOVE(&t->list, p, node);
	TAILQ_INSERT_HEAD(&t->idle, p, node);
}

static struct qi_frag_packet *qi_frags_find(struct qi_frags *t, const struct qi_frag_key *key,
					    time_t now)
{
	struct qi_frag_packet *p;

	TAILQ_FOREACH(p, &t->list, node)
	if (!memcmp(&p->key, key, sizeof(*key)))
		break;
	if (p && now > p->begun + QI_FRAG_TIMEOUT) {
		qi_frags_drop(t, p);
		p = NULL;
	}
	return p;
}

static struct qi_frag_packet *qi_frags_begin(struct qi_frags *t, const struct qi_frag_key *key,
					     time_t now)
{
	struct qi_frag_packet *p;

	if (TAILQ_EMPTY(&t->idle))
		qi_frags_drop(t, TAILQ_FIRST(&t->list));
	p = TAILQ_FIRST(&t->idle);
	TAILQ_REMOVE(&t->idle, p, node);
	TAILQ_INSERT_TAIL(&t->list, p, node);
	p->key = *key;
	p->begun = now;
	p->total = p->got = p->end = 0;
	memset(p->seen, 0, sizeof(p->seen));
	return p;
}

static bool qi_frag_unit(struct qi_frag_packet *p, size_t i, bool set)
{
	uint8_t bit = 1 << i % 8;
	bool was = p->seen[i / 8] & bit;

	if (set)
		p->seen[i / 8] |= bit;
	return was;
}

/* Put a fragment in its place. Return: false if the packet makes no sense. */
static bool qi_frag_put(struct qi_frag_packet *p, const struct qi_frag *f)
{
	size_t first = f->off / QI_FRAG_UNIT, last = (f->off + f->len - 1) / QI_FRAG_UNIT;
	size_t end = f->off + f->len, known = 0, i;

	for (i = first; i <= last; i++)
		known += qi_frag_unit(p, i, false);
	if (known)
		return known == last - first + 1 && end <= p->end; /* a duplicate, or an overlap */
	if (p->total ? end > p->total || (!f->more && end != p->total) : !f->more && end < p->end)
		return false;

	for (i = first; i <= last; i++)
		qi_frag_unit(p, i, true);
	memcpy(p->data + f->off, f->data, f->len);
	p->got += f->len;
	if (end > p->end)
		p->end = end;
	if (!f->more)
		p->total = end;
	if (!f->off)
		p->proto = f->proto;
	return true;
}

const uint8_t *qi_frags_add(struct qi_frags *t, const struct qi_frag *f, time_t now, size_t *len,
			    uint8_t *proto)
{
	struct qi_frag_key key = {.net = f->net, .id = f->id};
	struct qi_frag_packet *p;

	if (!f->len || f->off > QI_FRAG_MAX || f->len > QI_FRAG_MAX - f->off)
		return NULL;
	if (f->more && f->len % QI_FRAG_UNIT)
		return NULL;
	if (f->net == QI_NET_IPV4)
		key.proto = f->proto;
	memcpy(key.src, f->src, sizeof(key.src));
	memcpy(key.dst, f->dst, sizeof(key.dst));

	p = qi_frags_find(t, &key, now);
	if (!p)
		p = qi_frags_begin(t, &key, now);
	if (!qi_frag_put(p, f)) {
		qi_frags_drop(t, p);
		return NULL;
	}
	if (!p->total || p->got != p->total)
		return NULL;
	/* The buffer stays as it is until it is used again. */
	qi_frags_drop(t, p);
	*len = p->total;
	*proto = p->proto;
	return p->data;
}
