// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replies: on which paths they leave, and which clients they prove to be where they say.
 *
 * A client that never uses its server's first ID shows another one in its handshake, which nobody
 * here can verify, so whoever forges an address could show one as well. But a server that got no
 * Handshake packet it could open sends little: no more bytes than three times what came (RFC 9000
 * 8.1) nor than its first window (RFC 9002 7.2), which only acknowledgements open further, and its
 * probes are Handshake packets. So a run of short headers without a long one between them, longer
 * than any first window, is for a client whose address its server has validated.
 */
#include "conn_print.h"
#include "conn_table.h"

#define NQ_TOLD_ENOUGH 100 /* datagrams; first windows are of 10, in some servers of 32 */
#define NQ_TOLD_FIRST  128 /* they have the first ID of their client */

bool nq_conn_waits(const struct nq_net *nn)
{
	const struct nq_conns *t = nq_conns_of(nn);

	return t && (READ_ONCE(t->unsure) || READ_ONCE(t->shown));
}

bool nq_conn_proves(const struct nq_net *nn)
{
	const struct nq_conns *t = nq_conns_of(nn);

	return t && READ_ONCE(t->shown);
}

/* Under RCU: nearly all that leaves is on a path that does not wait, and takes no lock. */
static bool nq_path_waits(const struct nq_conns *t, u64 print)
{
	struct nq_conn_key *key;

	nq_key_for_each(key, t, 0, print)
	{
		if (!READ_ONCE(key->sure))
			return true;
	}
	return false;
}

static void nq_path_answered(struct nq_conns *t, u64 print)
{
	struct nq_conn_key *key;

	spin_lock_bh(&t->lock);
	nq_key_for_each(key, t, 0, print)
	{
		if (key->sure)
			continue;
		WRITE_ONCE(key->sure, true);
		WRITE_ONCE(t->unsure, t->unsure - 1);
	}
	spin_unlock_bh(&t->lock);
}

/* The connection that began like @names on its path, if only replies can prove it. */
static struct nq_conn *nq_conn_to_prove(const struct nq_conns *t, u64 path,
					const struct nq_names *names)
{
	u64 opener = nq_opener_print(path, &names->first);
	struct nq_conn_key *key;

	nq_key_for_each(key, t, 0, path)
	{
		if (READ_ONCE(key->conn->opener) == opener && READ_ONCE(key->conn->told) &&
		    READ_ONCE(key->conn->class) == NQ_ANSWERED)
			return key->conn;
	}
	return NULL;
}

/* Does a reply begin with what the client of @names calls itself? */
static bool nq_reply_is_for(const struct nq_names *names, const struct nq_reply *r)
{
	const struct nq_cid *scid = &names->scid;

	return scid->len >= NQ_ID_MIN && (r->exact ? r->len == scid->len : r->len >= scid->len) &&
	       !memcmp(r->dcid, scid->id, scid->len);
}

/* @n more; two processors may count one for both. */
static void nq_conn_told(struct nq_conns *t, struct nq_conn *c, unsigned int n, u8 first)
{
	u8 told = READ_ONCE(c->told);

	n += told & ~NQ_TOLD_FIRST;
	if (n <= NQ_TOLD_ENOUGH) {
		WRITE_ONCE(c->told, n | (told & NQ_TOLD_FIRST) | first);
		return;
	}
	spin_lock_bh(&t->lock);
	if (c->live && c->told)
		nq_conn_confirm(t, c);
	spin_unlock_bh(&t->lock);
}

/*
 * Whom is a reply for that does not have the first ID of a client? Some servers, as quic-go's, go
 * over to another one like their clients. The only one on the path that is to be proved, but for
 * those whose servers stay with the first, and those that rules know by a server ID, which need no
 * proof; unless somebody else may be there.
 */
static struct nq_conn *nq_conn_only_one(const struct nq_conns *t, u64 path)
{
	struct nq_conn *only = NULL;
	struct nq_conn_key *key;
	u8 told;

	nq_key_for_each(key, t, 0, path)
	{
		told = READ_ONCE(key->conn->told);
		if (READ_ONCE(key->crowded))
			return NULL;
		if (!told || told & NQ_TOLD_FIRST || READ_ONCE(key->conn->issuer) ||
		    READ_ONCE(key->conn->class) != NQ_ANSWERED)
			continue;
		if (only)
			return NULL;
		only = key->conn;
	}
	return only;
}

/* Whom is a reply for, of those that replies prove? */
static void nq_conn_tell(struct nq_conns *t, const struct nq_reply *r, u64 path)
{
	const struct nq_names *names = NULL;
	bool first = false;
	struct nq_conn *c;

	while ((names = nq_names_next(t->nn, r->path, names))) {
		if (!nq_reply_is_for(names, r))
			continue;
		first = true;
		c = nq_conn_to_prove(t, path, names);
		if (c && r->exact)
			WRITE_ONCE(c->told, 1);
		else if (c)
			nq_conn_told(t, c, r->n, NQ_TOLD_FIRST);
	}
	c = first || r->exact ? NULL : nq_conn_only_one(t, path);
	if (c)
		nq_conn_told(t, c, r->n, 0);
}

void nq_conn_reply(struct nq_net *nn, const struct nq_reply *r)
{
	struct nq_conns *t = nq_conns_of(nn);
	u64 print = nq_path_print(r->path);

	if (!t)
		return;
	if (!r->exact && nq_path_waits(t, print))
		nq_path_answered(t, print);
	if (READ_ONCE(t->shown))
		nq_conn_tell(t, r, print);
}
