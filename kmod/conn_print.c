// SPDX-License-Identifier: GPL-2.0-only
#include "conn_print.h"

/* The scope of an ID, and the ID; every byte up to the end of @id is set. */
struct nq_dest_id {
	union nf_inet_addr dst;
	u32 l3, link;
	__be16 dport;
	u8 pf;
	u8 len;
	u8 id[NQ_CID_MAX];
};

/* The same of IPv4, for which hashing takes half as long. */
struct nq_dest_id4 {
	__be32 dst;
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
	struct nq_dest_id4 d4 nq_uncleared;
	struct nq_dest_id d nq_uncleared;

	if (path->pf == NFPROTO_IPV4) {
		d4.dst = path->dst.ip;
		d4.l3 = path->l3;
		d4.dport = path->dport;
		d4.pf = path->pf;
		d4.len = len;
		memcpy(d4.id, id, len);
		return nq_bytes_print(&d4, offsetof(struct nq_dest_id4, id) + len);
	}
	d.dst = path->dst;
	d.l3 = path->l3;
	d.link = path->link;
	d.dport = path->dport;
	d.pf = path->pf;
	d.len = len;
	memcpy(d.id, id, len);
	return nq_bytes_print(&d, offsetof(struct nq_dest_id, id) + len);
}

u64 nq_opener_print(u64 path, const struct nq_cid *first)
{
	struct nq_opener o;

	memset(&o, 0, sizeof(o));
	o.path = path;
	nq_cid_set(&o.first, first->id, first->len);
	return nq_bytes_print(&o, sizeof(o));
}
