// SPDX-License-Identifier: GPL-2.0-only
#include "conn_print.h"

/* The scope of an ID, and the ID. For IPv4 all from the last word of @dst on is hashed. */
struct nq_dest_id {
	u32 link;
	union nf_inet_addr dst;
	u32 l3;
	__be16 dport;
	u8 pf;
	u8 len;
	u8 id[NQ_CID_MAX];
};

struct nq_opener {
	u64 path;
	struct nq_cid first;
};

u64 nq_path_print(const struct nq_path *path)
{
	const struct {
		__be32 src, dst;
		__be16 sport, dport;
		u32 l3;
	} v4 = {path->src.ip, path->dst.ip, path->sport, path->dport, path->l3};

	/* IPv4 has no link-local scope here, so nothing else tells two paths apart. */
	if (path->pf == NFPROTO_IPV4)
		return nq_bytes_print(&v4, sizeof(v4));
	return nq_bytes_print(path, NQ_PATH_LEN);
}

u64 nq_id_print(const struct nq_path *path, const u8 *id, u8 len)
{
	struct nq_dest_id d nq_uncleared;
	const u8 *from = (u8 *)&d;

	if (path->pf == NFPROTO_IPV4) {
		from = (u8 *)&d.dst.all[3];
		d.dst.all[3] = (__force u32)path->dst.ip;
	} else {
		d.link = path->link;
		d.dst = path->dst;
	}
	d.l3 = path->l3;
	d.dport = path->dport;
	d.pf = path->pf;
	d.len = len;
	memcpy(d.id, id, len);
	return nq_bytes_print(from, d.id + len - from);
}

u64 nq_opener_print(u64 path, const struct nq_cid *first)
{
	struct nq_opener o;

	memset(&o, 0, sizeof(o));
	o.path = path;
	nq_cid_set(&o.first, first->id, first->len);
	return nq_bytes_print(&o, sizeof(o));
}
