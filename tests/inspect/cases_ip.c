// SPDX-License-Identifier: GPL-2.0-or-later
/* IP: extension headers, fragments, lengths. Each carries the usual datagram. */
#include "cases.h"

#define MORE4 0x2000
#define MORE6 1

static struct qt_buf udp, frame;

/* The usual datagram with UDP's header, in @udp. */
static void usual_udp(unsigned int length)
{
	const struct wire_udp u = {.length = length};

	udp.len = 0;
	wire_udp(&udp, &u, tc_usual());
}

/* Build a packet in @frame, and write it unless @c is NULL. */
static void put_ip(struct tc *c, const struct wire_ip *ip, const uint8_t *data, size_t len)
{
	frame.len = 0;
	wire_ip(&frame, ip, data, len);
	if (c)
		tc_frame(c, &frame);
}

/* A case of one packet, in which the datagram is seen or not. */
static void one_packet(const char *name, const struct wire_ip *ip, const char *prefix, bool seen)
{
	static struct qt_buf data;
	struct tc c;

	data.len = 0;
	qt_put_hex(&data, prefix);
	qt_put(&data, udp.p, udp.len);
	tc_raw(&c, name);
	put_ip(&c, ip, data.p, data.len);
	if (seen)
		tc_want(&c, ip->v6, 0, USUAL);
	tc_end(&c);
}

static void headers(void)
{
	static const struct {
		const char *name;
		unsigned int first;
		const char *bytes; /* of the extension headers */
		bool seen;
	} chains[] = {
		{"ip6-hop-by-hop", WIRE_ZERO, "11 00 010400000000", true},
		{"ip6-all", WIRE_ZERO,
		 "2b 00 010400000000 3c 02 0000000000000000 0000000000000000 000000000000 "
		 "33 01 0100 0000 0000 0000 0000 0000 0000 11 02 0000 00000001 00000001 00000000",
		 true},
		{"ip6-atomic-fragment", 44, "11 00 0000 00000007", true},
		{"ip6-fragment-options", 44, "3c 00 0000 00000007 11 00 010400000000", true},
		{"ip6-two-fragment-headers", 44, "2c 00 0000 00000007 11 00 0000 00000008", false},
		{"ip6-no-next-header", 59, "", false},
		{"ip6-tcp", 6, "", false},
		{"ip6-esp", 50, "11 00 010400000000", false},
		{"ip6-header-too-long", WIRE_ZERO, "11 ff 010400000000", false},
	};

	usual_udp(0);
	one_packet("ip4-options",
		   &(struct wire_ip){.options = "0101010144080500000000000101010000"
						"000000"},
		   "", true);
	one_packet("ip4-do-not-fragment", &(struct wire_ip){.frag = 0x4000}, "", true);
	one_packet("ip4-tcp", &(struct wire_ip){.proto = 6}, "", false);
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++)
		one_packet(chains[i].name, &(struct wire_ip){.v6 = true, .proto = chains[i].first},
			   chains[i].bytes, chains[i].seen);
}

static void lengths(void)
{
	usual_udp(0);
	one_packet("ip4-length-0", &(struct wire_ip){.length = WIRE_ZERO}, "", true);
	one_packet("ip6-length-0", &(struct wire_ip){.v6 = true, .length = WIRE_ZERO}, "", true);
	one_packet("ip4-length-short", &(struct wire_ip){.length = 1000}, "", false);
	one_packet("ip4-length-below-header", &(struct wire_ip){.length = 19}, "", false);
	usual_udp(WIRE_ZERO);
	one_packet("udp-length-0", &(struct wire_ip){0}, "", true);
	usual_udp(7);
	one_packet("udp-length-below-header", &(struct wire_ip){0}, "", false);
	usual_udp(1209);
	one_packet("udp-length-beyond-ip", &(struct wire_ip){0}, "", false);
	/* IP has more than UDP says. */
	usual_udp(1208);
	qt_fill(&udp, 0xff, 10);
	one_packet("udp-length-below-ip", &(struct wire_ip){0}, "", true);
	usual_udp(1207);
	one_packet("udp-length-short", &(struct wire_ip){0}, "", false);
}

/* Send bytes @from to before @to of the UDP datagram as a fragment. */
static void fragment(struct tc *c, bool v6, uint32_t id, size_t from, size_t to)
{
	bool more = to < udp.len;
	struct wire_ip ip = {.v6 = v6, .id = id};

	ip.frag = v6 ? from | (more ? MORE6 : 0) : from / 8 | (more ? MORE4 : 0);
	put_ip(c, &ip, udp.p + from, to - from);
}

static void fragments_in_order(bool v6)
{
	struct tc c;

	tc_raw(&c, v6 ? "frag6-in-order" : "frag4-in-order");
	fragment(&c, v6, 7, 0, 400);
	fragment(&c, v6, 7, 400, 800);
	fragment(&c, v6, 7, 800, udp.len);
	tc_want(&c, v6, 0, USUAL);
	tc_end(&c);

	tc_raw(&c, v6 ? "frag6-reversed" : "frag4-reversed");
	fragment(&c, v6, 7, 800, udp.len);
	fragment(&c, v6, 7, 400, 800);
	fragment(&c, v6, 7, 0, 400);
	tc_want(&c, v6, 0, USUAL);
	tc_end(&c);

	tc_raw(&c, v6 ? "frag6-repeated" : "frag4-repeated");
	fragment(&c, v6, 7, 0, 400);
	fragment(&c, v6, 7, 0, 400);
	fragment(&c, v6, 7, 800, udp.len);
	fragment(&c, v6, 7, 800, udp.len);
	fragment(&c, v6, 7, 400, 800);
	tc_want(&c, v6, 0, USUAL);
	tc_end(&c);

	/* One of another packet between them must not be taken. */
	tc_raw(&c, v6 ? "frag6-other-id" : "frag4-other-id");
	fragment(&c, v6, 7, 0, 400);
	fragment(&c, v6, 8, 400, 800);
	fragment(&c, v6, 7, 800, udp.len);
	tc_end(&c);
}

static void fragments_wrong(bool v6)
{
	struct tc c;

	/* It ends the packet: what comes then lacks the first fragment. */
	tc_raw(&c, v6 ? "frag6-overlap" : "frag4-overlap");
	fragment(&c, v6, 7, 0, 400);
	fragment(&c, v6, 7, 392, 800);
	fragment(&c, v6, 7, 400, 800);
	fragment(&c, v6, 7, 800, udp.len);
	tc_end(&c);

	tc_raw(&c, v6 ? "frag6-beyond-the-last" : "frag4-beyond-the-last");
	udp.len -= 8;
	fragment(&c, v6, 7, 400, udp.len);
	udp.len += 8;
	fragment(&c, v6, 7, udp.len - 8, udp.len);
	fragment(&c, v6, 7, 0, 400);
	tc_end(&c);

	/* Only the last may have a length that is not a multiple of 8; others do not count. */
	tc_raw(&c, v6 ? "frag6-odd-length" : "frag4-odd-length");
	fragment(&c, v6, 7, 0, 396);
	fragment(&c, v6, 7, 0, 400);
	fragment(&c, v6, 7, 400, udp.len);
	tc_want(&c, v6, 0, USUAL);
	tc_end(&c);

	tc_raw(&c, v6 ? "frag6-too-late" : "frag4-too-late");
	fragment(&c, v6, 7, 0, 400);
	c.when += 31;
	fragment(&c, v6, 7, 400, udp.len);
	tc_end(&c);

	tc_raw(&c, v6 ? "frag6-in-time" : "frag4-in-time");
	fragment(&c, v6, 7, 0, 400);
	c.when += 30;
	fragment(&c, v6, 7, 400, udp.len);
	tc_want(&c, v6, 0, USUAL);
	tc_end(&c);

	/* 64 packets are kept: one more pushes the first out, and only that. */
	tc_raw(&c, v6 ? "frag6-too-many" : "frag4-too-many");
	for (uint32_t id = 100; id < 165; id++)
		fragment(&c, v6, id, 0, 400);
	fragment(&c, v6, 100, 400, udp.len);
	fragment(&c, v6, 102, 400, udp.len);
	tc_want(&c, v6, 0, USUAL);
	tc_end(&c);
}

/* IPv4 tells fragments apart by the protocol, too. */
static void fragments_of_protocols(void)
{
	struct wire_ip ip = {.id = 7, .proto = 6, .frag = 50};
	struct tc c;

	tc_raw(&c, "frag4-other-protocol");
	fragment(&c, false, 7, 0, 400);
	put_ip(&c, &ip, udp.p + 400, udp.len - 400);
	tc_end(&c);
}

/* The capture lacks the end of the last fragment. Even if that is not of the Initial: nothing. */
static void fragments_cut_short(bool v6)
{
	static struct qt_buf payload;
	struct tc c;

	payload.len = udp.len = 0;
	qt_put(&payload, tc_usual()->p, tc_usual()->len);
	qt_fill(&payload, 0, 100);
	wire_udp(&udp, &(struct wire_udp){0}, &payload);
	tc_raw(&c, v6 ? "frag6-cut-short" : "frag4-cut-short");
	fragment(&c, v6, 7, 0, 400);
	fragment(NULL, v6, 7, 400, udp.len);
	cap_frame(&c.file, c.when, frame.p, frame.len - 8, frame.len);
	tc_end(&c);
	usual_udp(0);
}

/* The longest datagram that IPv4 carries, and one that would be longer than any packet. */
static void fragments_long(void)
{
	struct wire_ip ip = {.id = 7};
	static struct qt_buf big;
	struct tc c;

	big.len = 0;
	qt_put(&big, tc_usual()->p, tc_usual()->len);
	qt_fill(&big, 0, 65507 - big.len);
	udp.len = 0;
	wire_udp(&udp, &(struct wire_udp){0}, &big);
	tc_raw(&c, "frag4-longest");
	for (size_t from = 0; from < udp.len; from += 1480)
		fragment(&c, false, 7, from, from + 1480 < udp.len ? from + 1480 : udp.len);
	tc_want(&c, false, 0, USUAL);
	tc_end(&c);

	tc_raw(&c, "frag4-past-the-end");
	ip.frag = MORE4;
	put_ip(&c, &ip, udp.p, 1480);
	ip.frag = 0x1fff;
	put_ip(&c, &ip, udp.p, 1480);
	ip.frag = 185;
	put_ip(&c, &ip, udp.p, 0);
	tc_end(&c);
}

void cases_ip(void)
{
	headers();
	lengths();
	usual_udp(0);
	for (int v6 = 0; v6 < 2; v6++) {
		fragments_in_order(v6);
		fragments_wrong(v6);
		fragments_cut_short(v6);
	}
	fragments_of_protocols();
	fragments_long();
}
