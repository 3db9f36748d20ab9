// SPDX-License-Identifier: GPL-2.0-or-later
#include <pcap/pcap.h>

#include "link.h"

enum {
	ETH_IPV4 = 0x0800,
	ETH_VLAN = 0x8100, /* IEEE 802.1Q */
	ETH_IPV6 = 0x86dd,
	ETH_MPLS = 0x8847,
	ETH_MPLS_MULTICAST = 0x8848,
	ETH_PPPOE = 0x8864, /* session stage, RFC 2516 */
	ETH_QINQ = 0x88a8,  /* IEEE 802.1ad */
	ETH_QINQ_OLD = 0x9100,
	ETH_LENGTH_MAX = 1500, /* up to here the field is a length, IEEE 802.3 3.2.6 */

	SLL_LLC = 4, /* "protocol" of a cooked frame with an LLC header */

	PPP_IPV4 = 0x21, /* RFC 1661 2, iana ppp-numbers */
	PPP_IPV6 = 0x57,

	LLC_IP = 0x06,
	LLC_SNAP = 0xaa,
	LLC_UI = 0x03,

	NFLOG_PAYLOAD = 9, /* NFULA_PAYLOAD */
};

/* Tags and labels that may be stacked; more are not met. */
#define QI_STACK_MAX 8

static enum qi_net qi_link_ethertype(struct nq_cursor *c, unsigned int type);

static enum qi_net qi_link_ppp_protocol(struct nq_cursor *c)
{
	unsigned int proto = nq_cursor_u8(c);

	/* A compressed protocol field is one odd byte (RFC 1661 6.5). */
	if (!(proto & 1))
		proto = proto << 8 | nq_cursor_u8(c);
	if (proto == PPP_IPV4)
		return QI_NET_IPV4;
	return proto == PPP_IPV6 ? QI_NET_IPV6 : QI_NET_NONE;
}

/* PPP in HDLC-like framing (RFC 1662 3.1); address and control may be left out. */
static enum qi_net qi_link_ppp(struct nq_cursor *c)
{
	if (nq_cursor_left(c) >= 2 && c->buf[c->pos] == 0xff && c->buf[c->pos + 1] == 0x03)
		nq_cursor_take(c, 2);
	return qi_link_ppp_protocol(c);
}

static enum qi_net qi_link_pppoe(struct nq_cursor *c)
{
	if (nq_cursor_u8(c) != 0x11) /* version and type */
		return QI_NET_NONE;
	if (nq_cursor_u8(c) != 0) /* code: session data */
		return QI_NET_NONE;
	nq_cursor_take(c, 4); /* session, length */
	return qi_link_ppp_protocol(c);
}

/* IEEE 802.2 LLC, with SNAP for what has an EtherType only (RFC 1042). */
static enum qi_net qi_link_llc(struct nq_cursor *c)
{
	u8 dsap = nq_cursor_u8(c), ssap = nq_cursor_u8(c), control = nq_cursor_u8(c);

	if (control != LLC_UI || dsap != ssap)
		return QI_NET_NONE;
	if (dsap == LLC_IP)
		return QI_NET_IPV4;
	if (dsap != LLC_SNAP)
		return QI_NET_NONE;
	nq_cursor_take(c, 3); /* OUI: 0, or 0000f8 of a bridge (IEEE 802.1H) */
	return qi_link_ethertype(c, nq_cursor_u16(c));
}

/* Labels end with the one that has the bottom-of-stack bit (RFC 3032 2.1). */
static enum qi_net qi_link_mpls(struct nq_cursor *c)
{
	for (int i = 0; i < QI_STACK_MAX; i++)
		if (nq_cursor_u32(c) & 0x100)
			return QI_NET_BY_VERSION;
	return QI_NET_NONE;
}

/* Step over VLAN tags; the type or length behind them. */
static unsigned int qi_link_untag(struct nq_cursor *c, unsigned int type)
{
	for (int i = 0; i < QI_STACK_MAX; i++) {
		if (type != ETH_VLAN && type != ETH_QINQ && type != ETH_QINQ_OLD)
			break;
		nq_cursor_u16(c); /* tag control */
		type = nq_cursor_u16(c);
	}
	return type;
}

/* An EtherType behind which no more tags are expected. */
static enum qi_net qi_link_untagged(struct nq_cursor *c, unsigned int type)
{
	switch (type) {
	case ETH_IPV4:
		return QI_NET_IPV4;
	case ETH_IPV6:
		return QI_NET_IPV6;
	case ETH_PPPOE:
		return qi_link_pppoe(c);
	case ETH_MPLS:
	case ETH_MPLS_MULTICAST:
		return qi_link_mpls(c);
	default:
		return QI_NET_NONE;
	}
}

static enum qi_net qi_link_ethertype(struct nq_cursor *c, unsigned int type)
{
	return qi_link_untagged(c, qi_link_untag(c, type));
}

/* Behind Ethernet's addresses: an EtherType, or the length of an LLC frame. */
static enum qi_net qi_link_type_or_length(struct nq_cursor *c)
{
	unsigned int type = qi_link_untag(c, nq_cursor_u16(c));

	return type <= ETH_LENGTH_MAX ? qi_link_llc(c) : qi_link_untagged(c, type);
}

static enum qi_net qi_link_ethernet(struct nq_cursor *c)
{
	nq_cursor_take(c, 12); /* addresses */
	return qi_link_type_or_length(c);
}

static enum qi_net qi_link_cooked(struct nq_cursor *c, unsigned int type)
{
	return type == SLL_LLC ? qi_link_llc(c) : qi_link_ethertype(c, type);
}

static enum qi_net qi_link_sll(struct nq_cursor *c)
{
	nq_cursor_take(c, 14); /* packet type, ARPHRD, address length, address */
	return qi_link_cooked(c, nq_cursor_u16(c));
}

static enum qi_net qi_link_sll2(struct nq_cursor *c)
{
	unsigned int type = nq_cursor_u16(c);

	nq_cursor_take(c, 18); /* reserved, interface, ARPHRD, packet type, address */
	return qi_link_cooked(c, type);
}

/* Cisco HDLC: address, control, EtherType. */
static enum qi_net qi_link_chdlc(struct nq_cursor *c)
{
	nq_cursor_take(c, 2);
	return qi_link_ethertype(c, nq_cursor_u16(c));
}

/*
 * BSD loopback: an address family of the machine that captured, in its byte order. AF_INET
 * is 2 everywhere; AF_INET6 differs by system, so the IP header has the last word.
 */
static enum qi_net qi_link_null(struct nq_cursor *c)
{
	nq_cursor_u32(c);
	return QI_NET_BY_VERSION;
}

/* `nflog:GROUP` captures: attributes in the byte order of the machine, padded to 4. */
static enum qi_net qi_link_nflog(struct nq_cursor *c)
{
	nq_cursor_take(c, 4); /* family, version, resource */
	while (nq_cursor_left(c)) {
		const u8 *attr = nq_cursor_take(c, 4);
		uint16_t len, type;

		if (!attr)
			break;
		memcpy(&len, attr, 2);
		memcpy(&type, attr + 2, 2);
		if (len < 4)
			break;
		if ((type & 0x7fff) == NFLOG_PAYLOAD)
			return QI_NET_BY_VERSION;
		nq_cursor_take(c, ((len + 3U) & ~3U) - 4);
	}
	return QI_NET_NONE;
}

/* In or out instead of the address, then control. */
static enum qi_net qi_link_pppd(struct nq_cursor *c)
{
	nq_cursor_take(c, 2);
	return qi_link_ppp_protocol(c);
}

/* In or out in front of the frame. */
static enum qi_net qi_link_ppp_direction(struct nq_cursor *c)
{
	nq_cursor_u8(c);
	return qi_link_ppp(c);
}

static enum qi_net qi_link_raw(struct nq_cursor *c)
{
	(void)c;
	return QI_NET_BY_VERSION;
}

static const struct qi_link {
	int dlt;
	enum qi_net (*strip)(struct nq_cursor *c);
} qi_links[] = {
	{DLT_EN10MB, qi_link_ethernet}, {DLT_RAW, qi_link_raw},
	{DLT_IPV4, qi_link_raw},	{DLT_IPV6, qi_link_raw},
	{DLT_LINUX_SLL, qi_link_sll},	{DLT_LINUX_SLL2, qi_link_sll2},
	{DLT_NULL, qi_link_null},	{DLT_LOOP, qi_link_null},
	{DLT_PPP, qi_link_ppp},		{DLT_PPP_SERIAL, qi_link_ppp},
	{DLT_PPP_PPPD, qi_link_pppd},	{DLT_PPP_WITH_DIR, qi_link_ppp_direction},
	{DLT_PPP_ETHER, qi_link_pppoe}, {DLT_C_HDLC, qi_link_chdlc},
	{DLT_NFLOG, qi_link_nflog},
};

static const struct qi_link *qi_link_find(int dlt)
{
	for (size_t i = 0; i < sizeof(qi_links) / sizeof(qi_links[0]); i++)
		if (qi_links[i].dlt == dlt)
			return &qi_links[i];
	return NULL;
}

bool qi_link_known(int dlt)
{
	return qi_link_find(dlt) != NULL;
}

enum qi_net qi_link_strip(int dlt, struct nq_cursor *c)
{
	const struct qi_link *link = qi_link_find(dlt);
	enum qi_net net = link ? link->strip(c) : QI_NET_NONE;

	return nq_cursor_ok(c) ? net : QI_NET_NONE;
}
