// SPDX-License-Identifier: GPL-2.0-or-later
#include "tap.h"

#include <arpa/inet.h>
#include <string.h>

#include "../../../quicd/server/token.h"

static const struct secret ours = {.token = {1, 2, 3}};
static const struct secret other = {.token = {1, 2, 4}};

static union addr peer(const char *ip, uint16_t port)
{
	union addr a = {.in = {.sin_family = AF_INET, .sin_port = htons(port)}};

	assert_int_equal(inet_pton(AF_INET, ip, &a.in.sin_addr), 1);
	return a;
}

static ngtcp2_cid cid(uint8_t first)
{
	ngtcp2_cid id = {.datalen = 8};

	memset(id.data, first, 8);
	return id;
}

static enum token_verdict check(const struct secret *s, const uint8_t *token, size_t len,
				const union addr *from)
{
	ngtcp2_pkt_hd hd = {.version = NGTCP2_PROTO_VER_V1, .token = token, .tokenlen = len};
	ngtcp2_cid odcid;

	return token_check(s, &hd, from, &odcid);
}

static void regular_is_for_one_address(void **state)
{
	union addr a = peer("192.0.2.1", 1000), moved = peer("192.0.2.2", 1000);
	uint8_t token[NGTCP2_CRYPTO_MAX_REGULAR_TOKENLEN];
	ngtcp2_addr remote = {.addr = &a.sa, .addrlen = addr_len(&a)};
	ngtcp2_ssize n = token_make_regular(&ours, &remote, token);

	(void)state;
	assert_true(n > 0);
	assert_int_equal(check(&ours, token, (size_t)n, &a), TOKEN_REGULAR_OK);
	assert_int_equal(check(&ours, token, (size_t)n, &moved), TOKEN_NONE);
	assert_int_equal(check(&other, token, (size_t)n, &a), TOKEN_NONE);
	assert_int_equal(check(&ours, token, (size_t)n - 1, &a), TOKEN_NONE);
	token[n - 1] ^= 1;
	assert_int_equal(check(&ours, token, (size_t)n, &a), TOKEN_NONE);
}

static void unknown_is_none(void **state)
{
	union addr a = peer("192.0.2.1", 1000);
	const uint8_t token[40] = {0xff};

	(void)state;
	assert_int_equal(check(&ours, token, 0, &a), TOKEN_NONE);
	assert_int_equal(check(&ours, token, sizeof(token), &a), TOKEN_NONE);
}

/* The token stands between the header and the 16 bytes of the integrity tag (RFC 9000, 17.2.5). */
static void retry_names_the_first_dcid(void **state)
{
	union addr a = peer("192.0.2.1", 1000), port = peer("192.0.2.1", 1001);
	ngtcp2_pkt_hd hd = {.version = NGTCP2_PROTO_VER_V1, .dcid = cid(1), .scid = cid(2)};
	ngtcp2_cid scid = cid(3), odcid = {0}, first = hd.dcid;
	uint8_t pkt[256];
	ngtcp2_ssize n = token_write_retry(&ours, &hd, &a, &scid, pkt, sizeof(pkt));
	const size_t head = 1 + 4 + 1 + 8 + 1 + 8;

	(void)state;
	assert_true(n > (ngtcp2_ssize)head + 16);
	hd.token = pkt + head;
	hd.tokenlen = (size_t)n - head - 16;
	hd.dcid = scid;
	assert_int_equal(token_check(&ours, &hd, &a, &odcid), TOKEN_RETRY_OK);
	assert_true(ngtcp2_cid_eq(&odcid, &first));
	assert_int_equal(token_check(&ours, &hd, &port, &odcid), TOKEN_RETRY_BAD);
	/* Sealed with the DCID: with another it cannot even be read. */
	hd.dcid = cid(4);
	assert_int_equal(token_check(&ours, &hd, &a, &odcid), TOKEN_NONE);
	hd.dcid = scid;
	pkt[head] ^= 0xff;
	assert_int_equal(token_check(&ours, &hd, &a, &odcid), TOKEN_NONE);
	hd.dcid = first;
	assert_true(token_write_retry(&ours, &hd, &a, &scid, pkt, 20) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(regular_is_for_one_address),
		cmocka_unit_test(unknown_is_none),
		cmocka_unit_test(retry_names_the_first_dcid),
	};

	return RUN_TAP(tests);
}
