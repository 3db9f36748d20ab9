// SPDX-License-Identifier: GPL-2.0-or-later
/* Capture files and link layers: each carries the usual datagram. */
#include "cases.h"

#define MACS "020000000001 020000000002 "

/* In front of the IP packet, as LINKTYPE_* says. Numbers of the capturing host are little-endian.
 */
static const struct {
	const char *name;
	uint16_t linktype;
	const char *header4, *header6; /* NULL: not with this family */
} links[] = {
	{"ethernet", 1, MACS "0800", MACS "86dd"},
	{"vlan", 1, MACS "8100 2005 0800", MACS "8100 2005 86dd"},
	{"qinq", 1, MACS "88a8 0001 8100 0002 0800", MACS "9100 0001 8100 0002 86dd"},
	{"snap", 1, MACS "04d4 aaaa03 000000 0800", MACS "04e8 aaaa03 000000 86dd"},
	{"vlan-snap", 1, MACS "8100 0005 04d4 aaaa03 000000 0800", NULL},
	{"llc", 1, MACS "04cf 060603", NULL},
	{"mpls", 1, MACS "8847 0001f040 0001f140", MACS "8847 0001f140"},
	{"pppoe", 1, MACS "8864 1100 0001 04ce 0021", MACS "8864 1100 0001 04e2 0057"},
	{"vlan-pppoe", 1, MACS "8100 0007 8864 1100 0001 04ce 0021", NULL},
	{"raw", 101, "", ""},
	{"ipv4", 228, "", NULL},
	{"ipv6", 229, NULL, ""},
	{"null", 0, "02000000", "1e000000"},
	{"null-big", 0, "00000002", "00000018"},
	{"loop", 108, "00000002", "0000001c"},
	{"ppp", 9, "ff03 0021", "ff03 0057"},
	{"ppp-short", 9, "0021", "57"},
	{"ppp-serial", 50, "ff03 0021", "ff03 0057"},
	{"ppp-pppd", 166, "0003 0021", "0103 0057"},
	{"ppp-direction", 204, "01 ff03 0021", "00 ff03 0057"},
	{"ppp-ether", 51, "1100 0001 04ce 0021", "1100 0001 04e2 0057"},
	{"hdlc", 104, "0f00 0800", "0f00 86dd"},
	{"sll", 113, "0000 0001 0006 020000000001 0000 0800",
	 "0004 0304 0006 000000000000 0000 86dd"},
	{"sll-vlan", 113, "0000 0001 0006 020000000001 0000 8100 0005 0800", NULL},
	{"sll-llc", 113, "0000 0001 0006 020000000001 0000 0004 aaaa03 000000 0800", NULL},
	{"sll2", 276, "0800 0000 00000002 0001 00 06 020000000001 0000",
	 "86dd 0000 00000002 0304 04 00 000000000000 0000"},
	{"nflog", 239, "02 00 0000 0800 0100 0800 00 00 0500 0300 78 000000 d004 0900",
	 "0a 00 0000 0800 0100 86dd 00 00 e404 0900"},
};

static void put_ip(struct qt_buf *out, bool v6)
{
	const struct wire_udp u = {0};
	const struct wire_ip ip = {.v6 = v6};
	static struct qt_buf udp;

	udp.len = 0;
	wire_udp(&udp, &u, tc_usual());
	wire_ip(out, &ip, udp.p, udp.len);
}

static void put_frame(struct tc *c, const char *header, bool v6)
{
	static struct qt_buf frame;

	frame.len = 0;
	qt_put_hex(&frame, header);
	put_ip(&frame, v6);
	tc_frame(c, &frame);
}

static void every_link(void)
{
	char name[64];
	struct tc c;

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		for (int v6 = 0; v6 < 2; v6++) {
			const char *header = v6 ? links[i].header6 : links[i].header4;

			if (!header)
				continue;
			snprintf(name, sizeof(name), "link-%s-v%d", links[i].name, v6 ? 6 : 4);
			tc_begin(&c, name, CAP_USEC, false, links[i].linktype);
			put_frame(&c, header, v6);
			tc_want(&c, v6, 0, USUAL);
			tc_end(&c);
		}
	}
}

/* A frame that looks like one with IP in it, and is not. */
static void not_ip(void)
{
	static const struct {
		const char *name;
		uint16_t linktype;
		const char *header;
	} wrong[] = {
		{"arp", 1, MACS "0806"},
		{"pppoe-discovery", 1, MACS "8863 1109 0001 04ce"},
		{"pppoe-code", 1, MACS "8864 1109 0001 04ce 0021"},
		{"lcp", 9, "ff03 c021"},
		{"llc-other", 1, MACS "04cf 424203"},
		{"tags-without-end", 1,
		 MACS "8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 "
		      "8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 0800"},
		{"nflog-no-payload", 239, "02 00 0000 0800 0100 0800 00 00 0000 0000"},
		{"header-of-family-6", 1, MACS "86dd"},
	};
	char name[64];
	struct tc c;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(name, sizeof(name), "not-ip-%s", wrong[i].name);
		tc_begin(&c, name, CAP_USEC, false, wrong[i].linktype);
		put_frame(&c, wrong[i].header, false);
		tc_end(&c);
	}
}

static void every_form(void)
{
	static const struct {
		const char *name;
		enum cap_form form;
		bool big;
	} forms[] = {
		{"usec", CAP_USEC, false},
		{"usec-big", CAP_USEC, true},
		{"nsec", CAP_NSEC, false},
		{"nsec-big", CAP_NSEC, true},
		{"pcapng", CAP_NG, false},
		{"pcapng-big", CAP_NG, true},
		{"pcapng-simple", CAP_NG_SIMPLE, false},
		{"pcapng-simple-big", CAP_NG_SIMPLE, true},
	};
	char name[64];
	struct tc c;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		snprintf(name, sizeof(name), "form-%s", forms[i].name);
		tc_begin(&c, name, forms[i].form, forms[i].big, LINK_ETHERNET);
		put_frame(&c, MACS "0806", false);
		put_frame(&c, MACS "0800", false);
		tc_want(&c, false, 0, USUAL);
		tc_end(&c);
	}
}

/* Every frame cut off at every length: only those with all of the Initial show it. */
static void cut_short(void)
{
	static struct qt_buf frame;
	struct tc c;

	frame.len = 0;
	qt_put_hex(&frame, MACS "8100 0005 0800");
	put_ip(&frame, false);
	tc_begin(&c, "cut-short", CAP_USEC, false, LINK_ETHERNET);
	for (size_t len = 0; len < frame.len; len++)
		cap_frame(&c.file, c.when, frame.p, len, frame.len);
	tc_end(&c);

	/* The bytes that the capture lost lie behind the Initial. */
	frame.len = 0;
	qt_put_hex(&frame, MACS "0800");
	{
		const struct wire_udp u = {0};
		const struct wire_ip ip = {0};
		static struct qt_buf udp, payload;
		struct qt_packet p = tc_packet();
		const struct qt_buf *hello = tc_hello(0);

		udp.len = payload.len = 0;
		p.pad_to = 500;
		tc_part(&payload, &p, hello, 0, hello->len);
		qt_opaque(&payload, QT_0RTT, &p, 800);
		wire_udp(&udp, &u, &payload);
		wire_ip(&frame, &ip, udp.p, udp.len);
	}
	tc_begin(&c, "cut-behind-initial", CAP_USEC, false, LINK_ETHERNET);
	cap_frame(&c.file, c.when, frame.p, 600, frame.len);
	tc_want(&c, false, 0, USUAL);
	tc_end(&c);

	/* A link layer pads short frames, and may add a trailer. */
	frame.len = 0;
	qt_put_hex(&frame, MACS "0800");
	put_ip(&frame, false);
	qt_fill(&frame, 0xff, 18);
	tc_begin(&c, "padded-frame", CAP_USEC, false, LINK_ETHERNET);
	tc_frame(&c, &frame);
	tc_want(&c, false, 0, USUAL);
	tc_end(&c);
}

void cases_link(void)
{
	every_link();
	not_ip();
	every_form();
	cut_short();
}
