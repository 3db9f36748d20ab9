// SPDX-License-Identifier: GPL-2.0-or-later
/* Flows: what belongs to a connection, and what does not. */
#include "cases.h"

static struct qt_buf d;

/* A datagram with bytes @from to before @to of a ClientHello of @size bytes. */
static const struct qt_buf *part(const struct qt_packet *p, size_t size, size_t from, size_t to)
{
	d.len = 0;
	tc_part(&d, p, tc_hello(size), from, to);
	return &d;
}

static void versions(void)
{
	static const struct {
		const char *name, *text;
		uint32_t version;
	} all[] = {
		{"version-2", "v2", QT_V2},
		{"version-draft-29", "draft-29", QT_DRAFT29},
		{"version-draft-27", "draft-27", 0xff00001b},
	};
	struct qt_packet p = tc_packet();
	struct tc c;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		p.version = all[i].version;
		tc_raw(&c, all[i].name);
		tc_udp(&c, 0, part(&p, 0, 0, tc_hello(0)->len));
		tc_want(&c, false, 0,
			"version %s dcid 0x1112131415161718 " USUAL_NAMES " datagrams 1",
			all[i].text);
		tc_end(&c);
	}
	p.version = 0x1a2a3a4a;
	p.keys_as = QT_V1;
	tc_raw(&c, "version-unknown");
	tc_udp(&c, 0, part(&p, 0, 0, tc_hello(0)->len));
	tc_end(&c);
}

static void several_datagrams(void)
{
	struct qt_packet p = tc_packet(), later;
	struct tc c;

	tc_raw(&c, "two-datagrams");
	tc_udp(&c, 0, part(&p, 1700, 0, 1000));
	tc_udp(&c, 0, part(&p, 1700, 1000, 1700));
	tc_want(&c, false, 0, USUAL_ID " " USUAL_NAMES " datagrams 2");
	tc_end(&c);

	tc_raw(&c, "two-datagrams-reversed-repeated");
	tc_udp(&c, 0, part(&p, 1700, 1000, 1700));
	tc_udp(&c, 0, part(&p, 1700, 1000, 1700));
	tc_udp(&c, 0, part(&p, 1700, 0, 1000));
	tc_udp(&c, 0, part(&p, 1700, 0, 1000));
	tc_want(&c, false, 0, USUAL_ID " " USUAL_NAMES " datagrams 3");
	tc_end(&c);

	/* The server's connection ID while the hello is incomplete; one too short to begin with. */
	later = p;
	later.key_cid = &p.dcid;
	later.dcid = qt_cid(0x71, 5);
	tc_raw(&c, "dcid-changes");
	tc_udp(&c, 0, part(&p, 1700, 0, 1000));
	tc_udp(&c, 0, part(&later, 1700, 1000, 1700));
	tc_want(&c, false, 0, USUAL_ID " " USUAL_NAMES " datagrams 2");
	tc_end(&c);

	/* Segmentation offload: one packet, two datagrams. */
	tc_raw(&c, "gso");
	d.len = 0;
	tc_part(&d, &p, tc_hello(1700), 0, 1000);
	tc_part(&d, &p, tc_hello(1700), 1000, 1700);
	tc_udp(&c, 0, &d);
	tc_want(&c, false, 0, USUAL_ID " " USUAL_NAMES " datagrams 2");
	tc_end(&c);

	/* Two packets in one datagram are just that. */
	tc_raw(&c, "coalesced");
	later = p;
	later.pad_to = 600;
	d.len = 0;
	tc_part(&d, &later, tc_hello(0), 0, 100);
	tc_part(&d, &later, tc_hello(0), 100, tc_hello(0)->len);
	tc_udp(&c, 0, &d);
	tc_want(&c, false, 0, USUAL);
	tc_end(&c);

	/* As are two in a long one, of which the second is too short to be a datagram. */
	tc_raw(&c, "coalesced-long");
	later.pad_to = 1800;
	d.len = 0;
	tc_part(&d, &later, tc_hello(1700), 0, 1500);
	later.pad_to = 700;
	tc_part(&d, &later, tc_hello(1700), 1500, 1700);
	tc_udp(&c, 0, &d);
	tc_want(&c, false, 0, USUAL);
	tc_end(&c);

	tc_raw(&c, "0rtt-in-front");
	d.len = 0;
	qt_opaque(&d, QT_0RTT, &p, 300);
	tc_udp(&c, 0, &d);
	tc_part(&d, &p, tc_hello(0), 0, tc_hello(0)->len);
	tc_udp(&c, 0, &d);
	tc_want(&c, false, 0, USUAL);
	tc_end(&c);
}

static void one_tuple(void)
{
	struct qt_packet p = tc_packet(), q = p;
	struct tc c;

	q.dcid = qt_cid(0x21, 8);
	tc_raw(&c, "one-after-another");
	tc_udp(&c, 0, part(&p, 0, 0, tc_hello(0)->len));
	tc_udp(&c, 0, part(&q, 0, 0, tc_hello(0)->len));
	tc_udp(&c, 0, part(&p, 0, 0, tc_hello(0)->len));
	tc_want(&c, false, 0, USUAL);
	tc_want(&c, false, 0, "version v1 dcid 0x2122232425262728 " USUAL_NAMES " datagrams 1");
	tc_end(&c);

	/* The second is complete first; then the rest of the first comes. */
	tc_raw(&c, "one-within-another");
	tc_udp(&c, 0, part(&p, 1700, 0, 1000));
	tc_udp(&c, 0, part(&q, 1700, 1000, 1700));
	tc_udp(&c, 0, part(&q, 1700, 0, 1000));
	tc_udp(&c, 0, part(&p, 1700, 1000, 1700));
	tc_want(&c, false, 0, "version v1 dcid 0x2122232425262728 " USUAL_NAMES " datagrams 2");
	tc_want(&c, false, 0, USUAL_ID " " USUAL_NAMES " datagrams 2");
	tc_end(&c);

	/* The same ID in another version is another connection. */
	q = p;
	q.version = QT_V2;
	tc_raw(&c, "dcid-in-two-versions");
	tc_udp(&c, 0, part(&p, 0, 0, tc_hello(0)->len));
	tc_udp(&c, 0, part(&q, 0, 0, tc_hello(0)->len));
	tc_want(&c, false, 0, USUAL);
	tc_want(&c, false, 0, "version v2 dcid 0x1112131415161718 " USUAL_NAMES " datagrams 1");
	tc_end(&c);

	tc_raw(&c, "two-clients");
	tc_udp(&c, 1001, part(&p, 1700, 0, 1000));
	tc_udp(&c, 1002, part(&p, 1700, 1000, 1700));
	tc_udp(&c, 1001, part(&p, 1700, 1000, 1700));
	tc_udp(&c, 1002, part(&p, 1700, 0, 1000));
	tc_want(&c, false, 1001, USUAL_ID " " USUAL_NAMES " datagrams 2");
	tc_want(&c, false, 1002, USUAL_ID " " USUAL_NAMES " datagrams 2");
	tc_end(&c);
}

static void retries(void)
{
	struct qt_packet p = tc_packet(), retry = {.version = QT_V1}, again = p, later;
	static struct qt_buf reply;
	struct tc c;

	retry.dcid = p.scid;
	retry.scid = qt_cid(0x91, 16);
	retry.token = again.token = "token";
	retry.token_len = again.token_len = 5;
	again.dcid = retry.scid;
	reply.len = 0;
	qt_retry(&reply, &retry);

	tc_raw(&c, "retry");
	tc_udp(&c, 0, part(&p, 0, 0, tc_hello(0)->len));
	tc_reply(&c, 0, &reply);
	tc_udp(&c, 0, part(&again, 0, 0, tc_hello(0)->len));
	tc_want(&c, false, 0, USUAL " retry");
	tc_end(&c);

	/* The ClientHello that it sends then may be another one, and is the one that counts. */
	tc_raw(&c, "retry-with-another-hello");
	tc_udp(&c, 0, part(&p, 0, 0, tc_hello(0)->len));
	tc_reply(&c, 0, &reply);
	tc_udp(&c, 0, part(&again, 1700, 0, 1000));
	tc_udp(&c, 0, part(&again, 1700, 1000, 1700));
	tc_udp(&c, 0, part(&again, 1700, 1000, 1700));
	tc_want(&c, false, 0, USUAL_ID " " USUAL_NAMES " datagrams 2 retry");
	tc_end(&c);

	/* A capture of one direction: the client comes back with a token. */
	tc_raw(&c, "retry-not-captured");
	tc_udp(&c, 0, part(&p, 0, 0, tc_hello(0)->len));
	tc_udp(&c, 0, part(&again, 0, 0, tc_hello(0)->len));
	tc_want(&c, false, 0, USUAL " retry");
	tc_end(&c);

	/* One that has a token from an earlier connection uses it under the server's ID, too. */
	tc_raw(&c, "token-without-retry");
	later = p;
	later.token = again.token;
	later.token_len = again.token_len;
	tc_udp(&c, 0, part(&later, 0, 0, tc_hello(0)->len));
	later.key_cid = &p.dcid;
	later.dcid = retry.scid;
	tc_udp(&c, 0, part(&later, 0, 0, 10));
	tc_want(&c, false, 0, USUAL);
	tc_end(&c);

	/* A Retry that the client does not heed changes nothing. */
	tc_raw(&c, "retry-not-heeded");
	tc_udp(&c, 0, part(&p, 0, 0, tc_hello(0)->len));
	tc_reply(&c, 0, &reply);
	tc_want(&c, false, 0, USUAL);
	tc_end(&c);

	/* It stays the connection of the first DCID. */
	tc_raw(&c, "retry-before-complete");
	tc_udp(&c, 0, part(&p, 1700, 0, 1000));
	tc_reply(&c, 0, &reply);
	tc_udp(&c, 0, part(&again, 1700, 0, 1000));
	tc_udp(&c, 0, part(&again, 1700, 1000, 1700));
	tc_want(&c, false, 0, USUAL_ID " " USUAL_NAMES " datagrams 2 retry");
	tc_end(&c);

	/* One for another client's connection does not concern this one. */
	tc_raw(&c, "retry-of-another");
	retry.dcid = qt_cid(0x61, 4);
	reply.len = 0;
	qt_retry(&reply, &retry);
	later = again;
	later.scid = retry.dcid;
	tc_udp(&c, 0, part(&p, 0, 0, tc_hello(0)->len));
	tc_reply(&c, 0, &reply);
	tc_udp(&c, 0, part(&later, 0, 0, tc_hello(0)->len));
	tc_want(&c, false, 0, USUAL);
	tc_want(&c, false, 0,
		"version v1 dcid 0x9192939495969798999a9b9c9d9e9fa0 " USUAL_NAMES " datagrams 1");
	tc_end(&c);
	retry.dcid = p.scid;
	reply.len = 0;
	qt_retry(&reply, &retry);

	/* Only the first counts (RFC 9000 17.2.5.2). */
	tc_raw(&c, "retry-twice");
	tc_udp(&c, 0, part(&p, 0, 0, tc_hello(0)->len));
	tc_reply(&c, 0, &reply);
	retry.scid = qt_cid(0xa1, 8);
	reply.len = 0;
	qt_retry(&reply, &retry);
	tc_reply(&c, 0, &reply);
	tc_udp(&c, 0, part(&again, 0, 0, tc_hello(0)->len));
	again.dcid = retry.scid;
	tc_udp(&c, 0, part(&again, 0, 0, tc_hello(0)->len));
	tc_want(&c, false, 0, USUAL " retry");
	tc_want(&c, false, 0, "version v1 dcid 0xa1a2a3a4a5a6a7a8 " USUAL_NAMES " datagrams 1");
	tc_end(&c);
}

static void never_complete(void)
{
	struct qt_packet p = tc_packet(), q = p;
	struct tc c;

	tc_raw(&c, "incomplete");
	tc_udp(&c, 1001, part(&p, 1700, 0, 1000));
	tc_udp(&c, 1002, part(&p, 1700, 1000, 1700));
	tc_udp(&c, 1002, part(&p, 1700, 1000, 1700));
	tc_want(&c, false, 1001, USUAL_ID " datagrams 1 incomplete");
	tc_want(&c, false, 1002, USUAL_ID " datagrams 2 incomplete");
	tc_end(&c);

	q.reserved = 1;
	tc_raw(&c, "broken-rules");
	tc_udp(&c, 1001, part(&q, 0, 0, tc_hello(0)->len));
	tc_udp(&c, 1002, part(&p, 1700, 0, 1000));
	tc_udp(&c, 1002, part(&q, 1700, 1000, 1700));
	tc_udp(&c, 1002, part(&p, 1700, 1000, 1700));
	tc_want(&c, false, 1001, USUAL_ID " datagrams 1 incomplete");
	tc_want(&c, false, 1002, USUAL_ID " datagrams 1 incomplete");
	tc_end(&c);
}

/* Datagrams of which nothing opens. */
static void nothing(void)
{
	struct qt_packet p = tc_packet(), q;
	struct qt_cid other = qt_cid(0x31, 8);
	struct tc c;

	tc_raw(&c, "nothing");
	for (size_t i = 0; i < 1200; i += 37) {
		part(&p, 0, 0, tc_hello(0)->len);
		d.p[i] ^= 0x80;
		/* A flipped version or length bit leaves no Initial, all others spoil the tag. */
		tc_udp(&c, 2000 + i, &d);
	}
	q = p;
	q.pad_to = 1199;
	tc_udp(&c, 0, part(&q, 0, 0, tc_hello(0)->len));
	q = p;
	q.dcid = qt_cid(0x11, 7);
	tc_udp(&c, 0, part(&q, 0, 0, tc_hello(0)->len));
	q.dcid = qt_cid(0x11, 21);
	tc_udp(&c, 0, part(&q, 0, 0, tc_hello(0)->len));
	q = p;
	q.key_cid = &other;
	tc_udp(&c, 0, part(&q, 0, 0, tc_hello(0)->len));
	q = p;
	q.server = true;
	tc_udp(&c, 0, part(&q, 0, 0, tc_hello(0)->len));
	tc_reply(&c, 0, part(&q, 0, 0, tc_hello(0)->len));
	d.len = 0;
	qt_version_negotiation(&d, &p, QT_V2);
	tc_reply(&c, 0, &d);
	d.len = 0;
	qt_opaque(&d, QT_HANDSHAKE, &p, 1200);
	tc_udp(&c, 0, &d);
	d.len = 0;
	qt_opaque(&d, QT_0RTT, &p, 1200);
	tc_udp(&c, 0, &d);
	d.len = 0;
	tc_udp(&c, 0, &d);
	qt_put_u8(&d, 0xc0);
	tc_udp(&c, 0, &d);
	tc_end(&c);

	/* No second connection in another's datagram, which some servers read (RFC 9000 12.2). */
	tc_raw(&c, "coalesced-foreign-dcid");
	q = p;
	q.dcid = qt_cid(0x21, 8);
	d.len = 0;
	tc_part(&d, &p, tc_hello(0), 0, tc_hello(0)->len);
	tc_part(&d, &q, tc_hello(0), 0, tc_hello(0)->len);
	tc_udp(&c, 0, &d);
	q.dcid = p.dcid;
	q.version = QT_V2;
	d.len = 0;
	tc_part(&d, &p, tc_hello(0), 0, tc_hello(0)->len);
	tc_part(&d, &q, tc_hello(0), 0, tc_hello(0)->len);
	tc_udp(&c, 0, &d);
	tc_want(&c, false, 0, USUAL_ID " datagrams 1 incomplete");
	tc_end(&c);
}

/* 4096 half flows are kept: one more, and the one that was silent for longest is printed. */
static void too_many(void)
{
	struct qt_packet p = tc_packet();
	struct tc c;

	tc_raw(&c, "too-many-half-flows");
	for (unsigned int i = 0; i < 4097; i++) {
		tc_udp(&c, 10000 + i, part(&p, 1700, 0, 1000));
		if (i == 4095)
			tc_udp(&c, 10000, &d);
	}
	tc_udp(&c, 10001, part(&p, 1700, 1000, 1700));
	tc_udp(&c, 10000, part(&p, 1700, 1000, 1700));
	tc_want(&c, false, 10001, USUAL_ID " datagrams 1 incomplete");
	tc_want(&c, false, 10000, USUAL_ID " " USUAL_NAMES " datagrams 3");
	for (unsigned int i = 2; i < 4097; i++)
		tc_want(&c, false, 10000 + i, USUAL_ID " datagrams 1 incomplete");
	tc_end(&c);
}

void cases_flow(void)
{
	versions();
	several_datagrams();
	one_tuple();
	retries();
	never_complete();
	nothing();
	too_many();
}
