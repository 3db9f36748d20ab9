// SPDX-License-Identifier: GPL-2.0-or-later
#include "tap.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../quicd/server/link.h"

static const struct cid_format old_format = {
	.server_id_len = 2,
	.server_id = {0x20, 0xfb},
	.nonce_len = 10,
	.workers = 2,
	.generation = 7,
};

/* One link with two workers; @ends are those of the earlier process. */
static void make(struct links *l, int ends[3])
{
	struct hand_fds fds = {.n = 3};

	memset(l, 0, sizeof(*l));
	for (int i = 0; i < 3; i++) {
		int pair[2];

		assert_int_equal(link_pair(pair, 1 << 16), 0);
		ends[i] = pair[0];
		fds.fd[i] = pair[1];
	}
	assert_int_equal(links_add(l, &old_format, &fds), 0);
	assert_int_equal(fds.n, 0);
}

static void unmake(struct links *l, const int ends[3])
{
	links_free(l);
	for (int i = 0; i < 3; i++)
		close(ends[i]);
}

static void belongs_by_generation(void **state)
{
	struct cid_format f = old_format;
	uint8_t pkt[64] = {0x40}, random[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
	struct links l;
	int ends[3];

	(void)state;
	make(&l, ends);
	for (unsigned int w = 0; w < 2; w++) {
		cid_make(&f, w, random, pkt + 1);
		assert_ptr_equal(links_find(&l, pkt, sizeof(pkt), 8443).link, &l.link[0]);
		assert_int_equal(links_find(&l, pkt, sizeof(pkt), 8443).worker, w);
		/* Cut in the ID, and just behind it. */
		for (size_t len = 0; len < 14; len++)
			assert_null(links_find(&l, pkt, len, 8443).link);
		assert_non_null(links_find(&l, pkt, 14, 8443).link);
	}
	/* A long header: version, then the ID's length. */
	pkt[0] = 0xc0;
	pkt[5] = 13;
	cid_make(&f, 1, random, pkt + 6);
	assert_int_equal(links_find(&l, pkt, sizeof(pkt), 8443).worker, 1);
	assert_non_null(links_find(&l, pkt, 19, 8443).link);
	assert_null(links_find(&l, pkt, 18, 8443).link);
	pkt[5] = 12;
	assert_null(links_find(&l, pkt, sizeof(pkt), 8443).link);
	pkt[0] = 0x40;
	f.generation = 8;
	cid_make(&f, 0, random, pkt + 1);
	assert_null(links_find(&l, pkt, sizeof(pkt), 8443).link);
	unmake(&l, ends);
}

/* A client's random ID may have the right generation, but rarely the port that it was sent to. */
static void belongs_by_port(void **state)
{
	uint8_t pkt[64] = {0xc0}, random[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
	struct cid_format f;
	struct links l;
	int ends[3];

	(void)state;
	make(&l, ends);
	cid_set_port(&l.link[0].cid, 8443);
	f = l.link[0].cid;
	pkt[5] = (uint8_t)cid_len(&f);
	for (unsigned int port = 8443; port < 8446; port++) {
		cid_set_port(&f, (uint16_t)port);
		cid_make(&f, 0, random, pkt + 6);
		/* The link's own port is the first one of its process. */
		assert_non_null(links_find(&l, pkt, sizeof(pkt), (uint16_t)port).link);
		assert_null(links_find(&l, pkt, sizeof(pkt), (uint16_t)(port + 1)).link);
		assert_null(links_find(&l, pkt, sizeof(pkt), (uint16_t)(port ^ 0x100)).link);
	}
	unmake(&l, ends);
}

static void belongs_by_choice_of_the_client(void **state)
{
	struct hand_cid ids[300];
	uint8_t pkt[64] = {0xc0};
	struct links l;
	int ends[3];

	(void)state;
	make(&l, ends);
	memset(ids, 0, sizeof(ids));
	for (int i = 0; i < 300; i++) {
		ids[i].len = (uint8_t)(8 + i % 13);
		ids[i].id[0] = (uint8_t)(i * 7);
		ids[i].id[1] = (uint8_t)(i >> 8);
		ids[i].id[3] = (uint8_t)i; /* the octet of the worker */
	}
	assert_int_equal(links_add_cids(&l, ids, 256), 0);
	assert_int_equal(links_add_cids(&l, ids + 256, 44), 0);
	assert_int_not_equal(links_add_cids(&l, ids, HAND_CIDS_MAX + 1), 0);
	links_sort(&l);
	for (int i = 0; i < 300; i++) {
		pkt[0] = 0xc0;
		pkt[5] = ids[i].len;
		memcpy(pkt + 6, ids[i].id, sizeof(ids[i].id));
		assert_non_null(links_find(&l, pkt, sizeof(pkt), 8443).link);
		assert_int_equal(links_find(&l, pkt, sizeof(pkt), 8443).worker, i % 2);
		pkt[6 + ids[i].len - 1] ^= 0x55;
		assert_null(links_find(&l, pkt, sizeof(pkt), 8443).link);
		/* Such an ID has no meaning in a short header. */
		pkt[0] = 0x40;
		memcpy(pkt + 1, ids[i].id, sizeof(ids[i].id));
		assert_null(links_find(&l, pkt, sizeof(pkt), 8443).link);
	}
	unmake(&l, ends);
}

static void datagrams_arrive_as_they_came(void **state)
{
	struct udp_sock sock = {.local.in = {.sin_family = AF_INET, .sin_port = htons(8443)}};
	uint8_t data[3000], buf[65535];
	struct udp_msg m = {.data = data, .len = sizeof(data), .segment = 1200, .ecn = 3};
	struct link_from from;
	struct links l;
	int ends[3];

	(void)state;
	make(&l, ends);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 31);
	m.remote.in6 = (struct sockaddr_in6){
		.sin6_family = AF_INET6, .sin6_port = htons(5), .sin6_scope_id = 2};
	m.local.in =
		(struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002)};
	assert_true(link_pass((struct link_to){&l.link[0], 1}, &sock, &m, data, sizeof(data)));
	assert_true(link_pass((struct link_to){&l.link[0], 1}, &sock, &m, data + 2400, 600));
	assert_int_equal(link_read(ends[1], &from, buf, sizeof(buf)), 0);
	assert_int_equal(link_read(ends[2], &from, buf, sizeof(buf)), 1);
	assert_int_equal(from.msg.len, sizeof(data));
	assert_int_equal(from.msg.segment, 1200);
	assert_int_equal(from.msg.ecn, 3);
	assert_memory_equal(from.msg.data, data, sizeof(data));
	assert_true(addr_equal(&from.bound, &sock.local));
	assert_true(addr_equal(&from.msg.remote, &m.remote));
	assert_true(addr_equal(&from.msg.local, &m.local));
	assert_int_equal(link_read(ends[2], &from, buf, sizeof(buf)), 1);
	assert_int_equal(from.msg.segment, 600);
	assert_int_equal(link_read(ends[2], &from, buf, sizeof(buf)), 0);
	links_free(&l);
	assert_true(link_read(ends[2], &from, buf, sizeof(buf)) < 0);
	unmake(&l, ends);
}

/* A worker that does not read costs datagrams, and nobody waits. */
static void a_full_link_loses(void **state)
{
	struct udp_sock sock = {.fd = -1};
	uint8_t data[60000] = {0};
	struct udp_msg m = {.data = data, .len = sizeof(data), .segment = 1200};
	struct link_to to;
	struct links l;
	int ends[3], n = 0;

	(void)state;
	make(&l, ends);
	to = (struct link_to){&l.link[0], 0};
	while (n < 1000 && link_pass(to, &sock, &m, data, sizeof(data)))
		n++;
	assert_in_range(n, 1, 999);
	unmake(&l, ends);
}

static void messages_are_checked(void **state)
{
	struct hand_cid ids[600];
	struct hand_msg m;
	struct hand_fds fds;
	int pair[2], sixty[60];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(hand_recv(pair[0], &m, NULL, false), -EAGAIN);
	memset(ids, 1, sizeof(ids));
	assert_int_equal(hand_send_cids(pair[1], ids, 600), 0);
	for (int left = 600; left > 0; left -= HAND_CIDS_MAX) {
		assert_int_equal(hand_expect(pair[0], &m, HAND_CIDS), 0);
		assert_int_equal(m.cids.n, left < HAND_CIDS_MAX ? left : HAND_CIDS_MAX);
	}
	for (int i = 0; i < 60; i++)
		sixty[i] = pair[0];
	m.type = HAND_LINK;
	assert_int_equal(hand_send(pair[1], &m, sixty, 60), 0);
	assert_int_equal(hand_recv(pair[0], &m, &fds, false), 0);
	assert_int_equal(fds.n, 60);
	hand_close(&fds);
	assert_int_equal(hand_tell(pair[1], HAND_GO), 0);
	assert_int_equal(hand_expect(pair[0], &m, HAND_END), -EPROTO);
	assert_int_equal(send(pair[1], "short", 5, 0), 5);
	assert_int_equal(hand_recv(pair[0], &m, &fds, false), -EPROTO);
	close(pair[1]);
	assert_int_equal(hand_recv(pair[0], &m, &fds, false), -EPIPE);
	close(pair[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(belongs_by_generation),
		cmocka_unit_test(belongs_by_port),
		cmocka_unit_test(belongs_by_choice_of_the_client),
		cmocka_unit_test(datagrams_arrive_as_they_came),
		cmocka_unit_test(a_full_link_loses),
		cmocka_unit_test(messages_are_checked),
	};

	return RUN_TAP(tests);
}
