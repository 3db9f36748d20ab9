// SPDX-License-Identifier: GPL-2.0-or-later
#include <netinet/in.h>

#include "ip.h"

enum {
	IP_MORE_FRAGMENTS = 0x2000, /* RFC 791 3.1 */
	IP_OFFSET_MASK = 0x1fff,
	IP6_OFFSET_MASK = 0xfff8, /* RFC 8200 4.5 */
	IP6_MORE_FRAGMENTS = 1,
	UDP_HEADER_LEN = 8,
};

/* The payload of IP: the bytes that were captured, and how many there were. */
struct qi_payload {
	struct nq_cursor c;
	size_t len;
	uint8_t proto;
};

/* The rest of the cursor, at most @len bytes of it: what lies behind is link layer padding. */
static void qi_ip_payload(const struct nq_cursor *c, size_t len, uint8_t proto,
			  struct qi_payload *p)
{
	size_t left = nq_cursor_left(c);

	nq_cursor_init(&p->c, c->buf + c->pos, left < len ? left : len);
	p->len = len;
	p->proto = proto;
}

/* Step over @n bytes of what is above IP. */
static bool qi_payload_take(struct qi_payload *p, size_t n)
{
	if (!nq_cursor_take(&p->c, n))
		return false;
	p->len -= n;
	return true;
}

static bool qi_ip_fragment(const struct qi_tuple *t, uint32_t id, size_t off, bool more,
			   struct qi_frags *frags, time_t now, struct qi_payload *p)
{
	struct qi_frag f = {
		.net = t->net,
		.src = t->src,
		.dst = t->dst,
		.id = id,
		.proto = p->proto,
		.off = off,
		.more = more,
		.data = p->c.buf + p->c.pos,
		.len = p->len,
	};
	const uint8_t *whole;
	size_t len;
	uint8_t proto;

	/* Without all of its bytes the packet cannot be put together. */
	if (nq_cursor_left(&p->c) != p->len)
		return false;
	whole = qi_frags_add(frags, &f, now, &len, &proto);
	if (!whole)
		return false;
	nq_cursor_init(&p->c, whole, len);
	p->len = len;
	p->proto = proto;
	return true;
}

static bool qi_ip4(struct nq_cursor *c, struct qi_frags *frags, time_t now, struct qi_tuple *t,
		   struct qi_payload *p)
{
	size_t start = c->pos, header, total;
	const u8 *src, *dst;
	u16 id, frag;
	u8 first, proto;

	first = nq_cursor_u8(c);
	nq_cursor_u8(c); /* type of service */
	total = nq_cursor_u16(c);
	id = nq_cursor_u16(c);
	frag = nq_cursor_u16(c);
	nq_cursor_u8(c); /* time to live */
	proto = nq_cursor_u8(c);
	nq_cursor_u16(c); /* checksum */
	src = nq_cursor_take(c, 4);
	dst = nq_cursor_take(c, 4);
	header = (first & 0x0f) * 4;
	if (!nq_cursor_ok(c) || first >> 4 != 4 || header < 20)
		return false;
	/* 0: a network card was to cut the packet up, and to write the length then. */
	if (!total)
		total = nq_cursor_left(c) + (c->pos - start);
	if (total < header || !nq_cursor_take(c, header - (c->pos - start)))
		return false;

	t->net = QI_NET_IPV4;
	memcpy(t->src, src, 4);
	memcpy(t->dst, dst, 4);
	qi_ip_payload(c, total - header, proto, p);
	if (frag & (IP_MORE_FRAGMENTS | IP_OFFSET_MASK))
		return qi_ip_fragment(t, id, (frag & IP_OFFSET_MASK) * 8, frag & IP_MORE_FRAGMENTS,
				      frags, now, p);
	return true;
}

/* The fragment header (RFC 8200 4.5). */
static bool qi_ip6_fragment(const struct qi_tuple *t, struct qi_frags *frags, time_t now,
			    struct qi_payload *p)
{
	uint8_t next = nq_cursor_u8(&p->c);
	uint16_t place;
	uint32_t id;

	nq_cursor_u8(&p->c);
	place = nq_cursor_u16(&p->c);
	id = nq_cursor_u32(&p->c);
	if (!nq_cursor_ok(&p->c))
		return false;
	p->len -= 8;
	p->proto = next;
	/* The only fragment of its packet stands for itself (RFC 6946). */
	if (!(place & (IP6_OFFSET_MASK | IP6_MORE_FRAGMENTS)))
		return true;
	return qi_ip_fragment(t, id, place & IP6_OFFSET_MASK, place & IP6_MORE_FRAGMENTS, frags,
			      now, p);
}

/* Extension headers up to the upper layer (RFC 8200 4.1, RFC 4302 2.2). */
static bool qi_ip6_extensions(const struct qi_tuple *t, struct qi_frags *frags, time_t now,
			      struct qi_payload *p)
{
	bool fragment = false;
	size_t len;
	u8 next;

	/* Each turn steps over 8 bytes at least. */
	for (;;) {
		switch (p->proto) {
		case IPPROTO_FRAGMENT:
			if (fragment)
				return false;
			fragment = true;
			if (!qi_ip6_fragment(t, frags, now, p))
				return false;
			continue;
		case IPPROTO_HOPOPTS:
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
		case IPPROTO_AH:
			break;
		default:
			return true;
		}
		next = nq_cursor_u8(&p->c);
		len = nq_cursor_u8(&p->c);
		if (!nq_cursor_ok(&p->c))
			return false;
		p->len -= 2;
		len = p->proto == IPPROTO_AH ? (len + 2) * 4 : (len + 1) * 8;
		if (!qi_payload_take(p, len - 2))
			return false;
		p->proto = next;
	}
}

static bool qi_ip6(struct nq_cursor *c, struct qi_frags *frags, time_t now, struct qi_tuple *t,
		   struct qi_payload *p)
{
	const u8 *src, *dst;
	size_t len;
	u8 first, next;

	first = nq_cursor_u8(c);
	nq_cursor_take(c, 3); /* traffic class, flow label */
	len = nq_cursor_u16(c);
	next = nq_cursor_u8(c);
	nq_cursor_u8(c); /* hop limit */
	src = nq_cursor_take(c, 16);
	dst = nq_cursor_take(c, 16);
	if (!nq_cursor_ok(c) || first >> 4 != 6)
		return false;
	/* 0: a jumbogram (RFC 2675), or as in IPv4. */
	if (!len)
		len = nq_cursor_left(c);

	t->net = QI_NET_IPV6;
	memcpy(t->src, src, 16);
	memcpy(t->dst, dst, 16);
	qi_ip_payload(c, len, next, p);
	return qi_ip6_extensions(t, frags, now, p);
}

static bool qi_udp(struct qi_payload *p, struct qi_datagram *d)
{
	size_t len;

	d->tuple.sport = nq_cursor_u16(&p->c);
	d->tuple.dport = nq_cursor_u16(&p->c);
	len = nq_cursor_u16(&p->c);
	nq_cursor_u16(&p->c); /* checksum */
	if (!nq_cursor_ok(&p->c))
		return false;
	/* 0: all that IP has (RFC 2675 4). */
	if (!len)
		len = p->len;
	if (len < UDP_HEADER_LEN || len > p->len)
		return false;
	d->len = len - UDP_HEADER_LEN;
	d->captured = nq_cursor_left(&p->c);
	if (d->captured > d->len)
		d->captured = d->len;
	d->data = p->c.buf + p->c.pos;
	return true;
}

bool qi_ip_datagram(enum qi_net net, struct nq_cursor *c, struct qi_frags *frags, time_t now,
		    struct qi_datagram *d)
{
	struct qi_payload p;
	bool found = false;

	if (net == QI_NET_NONE || !nq_cursor_left(c))
		return false;
	memset(d, 0, sizeof(*d));
	d->when = now;
	if (net == QI_NET_BY_VERSION)
		net = c->buf[c->pos] >> 4 == 6 ? QI_NET_IPV6 : QI_NET_IPV4;
	if (net == QI_NET_IPV4)
		found = qi_ip4(c, frags, now, &d->tuple, &p);
	else if (net == QI_NET_IPV6)
		found = qi_ip6(c, frags, now, &d->tuple, &p);
	return found && p.proto == IPPROTO_UDP && qi_udp(&p, d);
}
