// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/random.h>

#include "flows.h"

/* Flights of one tuple that a datagram under a DCID nobody knows is tried with. */
#define QI_TRIES_MAX 4

/* A connection ID as a value. */
struct qi_cid {
	uint8_t len, id[NQ_CID_MAX];
};

/*
 * Gathering: the ClientHello is not complete, or is the one after a Retry. Waiting: it is complete,
 * and a Retry may still replace it. Settled: reported, and stays only to recognise what the client
 * sends again.
 */
enum qi_state { QI_GATHERING, QI_WAITING, QI_SETTLED, QI_STATES };

/*
 * One connection. Until it is settled it has a @flight, stored in nq_flight_size() bytes.
 *
 * @dcid and @scid are of the first Initial. @retry is the ID under which a Retry told the client
 * to come back, if @retried; @again: it did. @since is when it began to wait.
 */
struct qi_conn {
	TAILQ_ENTRY(qi_conn) age;
	LIST_ENTRY(qi_conn) chain;
	struct qi_tuple tuple;
	uint32_t version;
	struct qi_cid dcid, scid, retry;
	enum qi_state state;
	bool retried, again;
	time_t since;
	struct nq_flight *flight;
};

TAILQ_HEAD(qi_age, qi_conn);
LIST_HEAD(qi_chain, qi_conn);

/*
 * @ages: the conns of each state, the least recently used first, of which there are @n and at most
 * @max.
 * @chains: a hash of the tuple leads to them; the newest first.
 */
struct qi_flows {
	struct qi_age ages[QI_STATES];
	unsigned int n[QI_STATES], max[QI_STATES];
	unsigned int patience;
	struct qi_chain *chains;
	uint64_t mask, seed;
	qi_report_fn report;
	void *arg;
	struct nq_flight work;
	uint8_t dgram[QI_DATAGRAM_MAX];
};

struct qi_flows *qi_flows_new(unsigned int gathering, unsigned int settled, unsigned int patience,
			      qi_report_fn report, void *arg)
{
	struct qi_flows *t = calloc(1, sizeof(*t));
	size_t n = 1;

	if (!t)
		return NULL;
	while (n < 2 * (size_t)gathering + settled)
		n *= 2;
	t->chains = calloc(n, sizeof(*t->chains));
	if (!t->chains) {
		free(t);
		return NULL;
	}
	/* Without randomness senders could choose addresses that share a chain. */
	if (getrandom(&t->seed, sizeof(t->seed), GRND_NONBLOCK) != sizeof(t->seed))
		t->seed = (uintptr_t)t;
	t->mask = n - 1;
	t->max[QI_GATHERING] = gathering;
	t->max[QI_WAITING] = gathering;
	t->max[QI_SETTLED] = settled;
	t->patience = patience;
	t->report = report;
	t->arg = arg;
	for (int i = 0; i < QI_STATES; i++)
		TAILQ_INIT(&t->ages[i]);
	return t;
}

static struct qi_chain *qi_flows_chain(struct qi_flows *t, const struct qi_tuple *tuple)
{
	const uint8_t *p = (const uint8_t *)tuple;
	uint64_t hash = t->seed, word;

	_Static_assert(sizeof(*tuple) % sizeof(word) == 0, "a tuple is hashed by words");
	for (size_t i = 0; i < sizeof(*tuple); i += sizeof(word)) {
		memcpy(&word, p + i, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
		hash ^= hash >> 32;
	}
	return &t->chains[hash & t->mask];
}

static bool qi_tuple_equal(const struct qi_tuple *a, const struct qi_tuple *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* @len is NQ_CID_MAX at most, as for every version that is known. */
static struct qi_cid qi_cid(const uint8_t *id, size_t len)
{
	struct qi_cid cid = {.len = len};

	memcpy(cid.id, id, len);
	return cid;
}

static bool qi_cid_equal(const struct qi_cid *a, const struct qi_cid *b)
{
	return a->len == b->len && !memcmp(a->id, b->id, a->len);
}

/* Report a flow from its flight, which may be on the table or in its conn. */
static void qi_conn_report(struct qi_flows *t, const struct qi_conn *conn,
			   const struct nq_flight *f, bool complete, bool closed)
{
	struct qi_flow flow = {
		.tuple = &conn->tuple,
		.version = conn->version,
		.dcid = conn->dcid.id,
		.dcid_len = conn->dcid.len,
		.datagrams = f->datagrams ? f->datagrams : 1,
		.retry = conn->again,
		.closed = closed,
		.complete = complete,
	};

	if (complete) {
		flow.ech = f->hello.ech;
		flow.sni = f->crypto.buf + f->hello.sni_off;
		flow.sni_len = f->hello.sni_len;
		flow.alpn = f->crypto.buf + f->hello.alpn_off;
		flow.alpn_len = f->hello.alpn_len;
	}
	t->report(t->arg, &flow);
}

/* Take the conn off the list of its state. */
static void qi_conn_remove(struct qi_flows *t, struct qi_conn *conn)
{
	TAILQ_REMOVE(&t->ages[conn->state], conn, age);
	t->n[conn->state]--;
}

/* Put it, as the last one, on that of a state. */
static void qi_conn_add(struct qi_flows *t, struct qi_conn *conn, enum qi_state state)
{
	conn->state = state;
	TAILQ_INSERT_TAIL(&t->ages[state], conn, age);
	t->n[state]++;
}

static void qi_conn_enter(struct qi_flows *t, struct qi_conn *conn, enum qi_state state)
{
	qi_conn_remove(t, conn);
	qi_conn_add(t, conn, state);
}

/* A conn that was reported. */
static void qi_conn_settle(struct qi_flows *t, struct qi_conn *conn)
{
	free(conn->flight);
	conn->flight = NULL;
	qi_conn_enter(t, conn, QI_SETTLED);
}

static void qi_conn_give_up(struct qi_flows *t, struct qi_conn *conn)
{
	qi_conn_report(t, conn, conn->flight, conn->state == QI_WAITING, false);
	qi_conn_settle(t, conn);
}

/* End what there is too much of: reported as it is, or forgotten. */
static void qi_flows_trim(struct qi_flows *t)
{
	struct qi_conn *old;

	for (int state = QI_GATHERING; state <= QI_WAITING; state++)
		if (t->n[state] > t->max[state])
			qi_conn_give_up(t, TAILQ_FIRST(&t->ages[state]));
	while (t->n[QI_SETTLED] > t->max[QI_SETTLED]) {
		old = TAILQ_FIRST(&t->ages[QI_SETTLED]);
		qi_conn_remove(t, old);
		LIST_REMOVE(old, chain);
		free(old);
	}
}

/* Keep the flight that is being worked on. */
static int qi_conn_store(struct qi_flows *t, struct qi_conn *conn)
{
	size_t size = nq_flight_size(&t->work);
	struct nq_flight *f = realloc(conn->flight, size);

	if (!f)
		return -ENOMEM;
	memcpy(f, &t->work, size);
	conn->flight = f;
	return 0;
}

/* nq_flight_feed()'s verdict on the current flight decides the fate of its conn. */
static int qi_conn_judge(struct qi_flows *t, struct qi_conn *conn, enum nq_verdict v,
			 const struct nq_feed_result *res, time_t when)
{
	bool wait = v == NQ_DONE && t->patience && !conn->again;

	if (v == NQ_MORE || wait) {
		if (qi_conn_store(t, conn))
			return -ENOMEM;
		conn->since = when;
		qi_conn_enter(t, conn, wait ? QI_WAITING : QI_GATHERING);
		return 0;
	}
	qi_conn_report(t, conn, &t->work, v == NQ_DONE, res->closed);
	qi_conn_settle(t, conn);
	return 0;
}

/* Feed a datagram, of which a copy is made, to the flight being worked on. */
static enum nq_verdict qi_flows_feed(struct qi_flows *t, const struct qi_datagram *d,
				     struct nq_feed_result *res)
{
	/* Bytes that were not captured cannot be opened, but count as length (RFC 9000 14.1). */
	memcpy(t->dgram, d->data, d->captured);
	memset(t->dgram + d->captured, 0, d->len - d->captured);
	return nq_flight_feed(&t->work, t->dgram, d->len, res);
}

/* The connection IDs in front of a datagram whose version is known. */
struct qi_head {
	struct nq_header h;
	struct qi_cid dcid, scid;
};

static bool qi_datagram_head(const struct qi_datagram *d, struct qi_head *head)
{
	if (nq_header_invariant(d->data, d->captured, 0, &head->h) != NQ_DONE || !head->h.ver ||
	    head->h.dcid_len > NQ_CID_MAX || head->h.scid_len > NQ_CID_MAX)
		return false;
	head->dcid = qi_cid(d->data + head->h.dcid_off, head->h.dcid_len);
	head->scid = qi_cid(d->data + head->h.scid_off, head->h.scid_len);
	return true;
}

/* Does the datagram's first Initial carry a token? */
static bool qi_datagram_token(const struct qi_datagram *d)
{
	struct nq_header h;

	return nq_header_parse(d->data, d->captured, 0, &h) == NQ_DONE && h.token_len;
}

/* Does the datagram continue this conn's flight? If so it is done with. */
static bool qi_flows_go_on(struct qi_flows *t, struct qi_conn *conn, const struct qi_datagram *d,
			   int *err)
{
	struct nq_feed_result res;
	enum nq_verdict v;

	memcpy(&t->work, conn->flight, nq_flight_size(conn->flight));
	v = qi_flows_feed(t, d, &res);
	if (res.restart || (v == NQ_NOT_OURS && !res.dead))
		return false;
	*err = qi_conn_judge(t, conn, v, &res, d->when);
	return true;
}

static struct qi_conn *qi_conn_new(struct qi_flows *t, struct qi_chain *chain,
				   const struct qi_datagram *d, const struct qi_head *head)
{
	struct qi_conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn->tuple = d->tuple;
	conn->version = head->h.version;
	conn->dcid = head->dcid;
	conn->scid = head->scid;
	LIST_INSERT_HEAD(chain, conn, chain);
	qi_conn_add(t, conn, QI_GATHERING);
	return conn;
}

/*
 * A datagram that may begin a flight: of a new connection, or that of @back, which a Retry sent
 * away. If it opens, what this one sent before is void.
 */
static int qi_flows_begin(struct qi_flows *t, struct qi_chain *chain, struct qi_conn *back,
			  const struct qi_datagram *d, const struct qi_head *head)
{
	struct nq_feed_result res;
	struct qi_conn *conn;
	enum nq_verdict v;
	int err;

	nq_flight_init(&t->work);
	v = qi_flows_feed(t, d, &res);
	if (!res.opened)
		return 0;
	conn = back ? back : qi_conn_new(t, chain, d, head);
	if (!conn)
		return -ENOMEM;
	if (back) {
		back->again = back->retried = true;
		back->retry = head->dcid;
	}
	err = qi_conn_judge(t, conn, v, &res, d->when);
	if (err && !conn->flight && conn->state == QI_GATHERING) {
		qi_conn_remove(t, conn);
		LIST_REMOVE(conn, chain);
		free(conn);
	}
	return err;
}

/* A datagram that may hold a client's Initial. */
static int qi_flows_initial(struct qi_flows *t, const struct qi_datagram *d,
			    const struct qi_head *head)
{
	struct qi_chain *chain = qi_flows_chain(t, &d->tuple);
	struct qi_conn *conn, *back = NULL, *tries[QI_TRIES_MAX];
	unsigned int n = 0;
	int err = 0;

	LIST_FOREACH(conn, chain, chain)
	{
		bool retry = conn->retried && qi_cid_equal(&conn->retry, &head->dcid);

		if (conn->version != head->h.version || !qi_tuple_equal(&conn->tuple, &d->tuple))
			continue;
		if (retry && !conn->again)
			return qi_flows_begin(t, chain, conn, d, head);
		if (retry || qi_cid_equal(&conn->dcid, &head->dcid)) {
			if (conn->state == QI_GATHERING)
				qi_flows_go_on(t, conn, d, &err);
			return err;
		}
		if (conn->state == QI_GATHERING && n < QI_TRIES_MAX)
			tries[n++] = conn;
		if (!back && !conn->retried && conn->scid.len &&
		    qi_cid_equal(&conn->scid, &head->scid))
			back = conn;
	}
	/* A client that continues under the server's connection ID, or a new connection. */
	for (unsigned int i = 0; i < n; i++)
		if (qi_flows_go_on(t, tries[i], d, &err))
			return err;
	/* Or one that comes back with a token, though the capture has no Retry. */
	return qi_flows_begin(t, chain, back && qi_datagram_token(d) ? back : NULL, d, head);
}

/*
 * A server's answer: to the conn of this tuple whose SCID it has, if that is no settled one.
 *
 * A Retry has the client come back under another DCID (RFC 9000 17.2.5). Its tag need not be
 * checked: only a client that took it for genuine uses the ID in it. After another answer no Retry
 * counts any more.
 */
static void qi_flows_answer(struct qi_flows *t, const struct qi_datagram *d,
			    const struct qi_head *head)
{
	bool retry = head->h.type == NQ_TYPE_RETRY;
	struct qi_tuple back = {
		.net = d->tuple.net,
		.sport = d->tuple.dport,
		.dport = d->tuple.sport,
	};
	struct qi_conn *conn;

	memcpy(back.src, d->tuple.dst, sizeof(back.src));
	memcpy(back.dst, d->tuple.src, sizeof(back.dst));
	LIST_FOREACH(conn, qi_flows_chain(t, &back), chain)
	{
		if (conn->version != head->h.version || !qi_tuple_equal(&conn->tuple, &back) ||
		    !qi_cid_equal(&conn->scid, &head->dcid) || conn->retried)
			continue;
		if (retry) {
			conn->retry = head->scid;
			conn->retried = true;
		} else if (conn->state == QI_WAITING) {
			qi_conn_give_up(t, conn);
		}
		return;
	}
}

/* Captures may be read in any order. */
void qi_flows_expire(struct qi_flows *t, time_t now)
{
	struct qi_conn *conn;

	while ((conn = TAILQ_FIRST(&t->ages[QI_WAITING])) &&
	       (now > conn->since + (time_t)t->patience || now < conn->since))
		qi_conn_give_up(t, conn);
}

static int qi_flows_take(struct qi_flows *t, const struct qi_datagram *d)
{
	struct qi_head head;

	if (d->len > QI_DATAGRAM_MAX || !d->captured || !(d->data[0] & NQ_LONG_HEADER))
		return 0;
	if (!qi_datagram_head(d, &head))
		return 0;
	if (head.h.type == NQ_TYPE_RETRY || (head.h.type == NQ_TYPE_INITIAL && t->n[QI_WAITING]))
		qi_flows_answer(t, d, &head);
	switch (head.h.type) {
	case NQ_TYPE_INITIAL:
	case NQ_TYPE_0RTT: /* an Initial may stand behind it */
		return d->len < NQ_INITIAL_MIN ? 0 : qi_flows_initial(t, d, &head);
	}
	return 0;
}

int qi_flows_datagram(struct qi_flows *t, const struct qi_datagram *d)
{
	int err;

	qi_flows_expire(t, d->when);
	err = qi_flows_take(t, d);
	qi_flows_trim(t);
	return err;
}

void qi_flows_flush(struct qi_flows *t)
{
	while (!TAILQ_EMPTY(&t->ages[QI_WAITING]))
		qi_conn_give_up(t, TAILQ_FIRST(&t->ages[QI_WAITING]));
	while (!TAILQ_EMPTY(&t->ages[QI_GATHERING]))
		qi_conn_give_up(t, TAILQ_FIRST(&t->ages[QI_GATHERING]));
}

static void qi_age_free(struct qi_age *list)
{
	struct qi_conn *conn;

	while ((conn = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, conn, age);
		free(conn->flight);
		free(conn);
	}
}

void qi_flows_free(struct qi_flows *t)
{
	if (!t)
		return;
	for (int i = 0; i < QI_STATES; i++)
		qi_age_free(&t->ages[i]);
	free(t->chains);
	free(t);
}
