// SPDX-License-Identifier: GPL-2.0-or-later
#include "tap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../../quicd/server/cid.h"
#include "../../../quicd/server/cidmap.h"

static void quic_lb_layout(void **state)
{
	struct cid_format f = {
		.rotation = 2,
		.server_id_len = 3,
		.server_id = {0xaa, 0xbb, 0xcc},
		.nonce_len = 6,
		.workers = 1,
	};
	const uint8_t random[6] = {1, 2, 3, 4, 5, 6};
	const uint8_t want[10] = {2 << 5 | 9, 0xaa, 0xbb, 0xcc, 1, 2, 3, 4, 5, 6};
	uint8_t id[CID_LEN_MAX];

	(void)state;
	assert_int_equal(cid_len(&f), 10);
	cid_make(&f, 0, random, id);
	assert_memory_equal(id, want, 10);
}

static void unroutable_without_server_id(void **state)
{
	struct cid_format f = {.rotation = CID_UNROUTABLE, .nonce_len = 8, .workers = 4};
	uint8_t random[8] = {0}, id[CID_LEN_MAX];

	(void)state;
	cid_make(&f, 3, random, id);
	assert_int_equal(id[0], 0xe0 | 8);
}

static void generation_is_found(void **state)
{
	struct cid_format f = {.rotation = 1,
			       .server_id_len = 2,
			       .server_id = {1, 2},
			       .nonce_len = 4,
			       .workers = 3};
	uint8_t id[CID_LEN_MAX];

	(void)state;
	for (unsigned int g = 0; g < CID_GENERATIONS; g++) {
		struct cid_format other = f;
		uint8_t random[4] = {(uint8_t)rand(), (uint8_t)rand(), 7, 8};

		f.generation = (uint8_t)g;
		cid_make(&f, g % 3, random, id);
		assert_int_equal(cid_worker(&f, id, cid_len(&f)), g % 3);
		assert_true(cid_fits(&f, id));
		other = f;
		other.generation = (uint8_t)((g + 1) % CID_GENERATIONS);
		assert_false(cid_fits(&other, id));
		other = f;
		other.server_id[1] = 3;
		assert_false(cid_fits(&other, id));
		/* The port is another one at each socket. */
		other.by_port = true;
		assert_true(cid_fits(&other, id));
		other.nonce_len = 5;
		assert_false(cid_fits(&other, id));
		other = f;
		other.rotation = 2;
		assert_false(cid_fits(&other, id));
	}
}

static void worker_survives(void **state)
{
	(void)state;
	for (unsigned int workers = 1; workers <= 64; workers++) {
		struct cid_format f = {.server_id_len = (uint8_t)(workers % 15),
				       .nonce_len = 5,
				       .workers = (uint8_t)workers};

		for (unsigned int i = 0; i < 2000; i++) {
			uint8_t random[5], id[CID_LEN_MAX];

			for (int j = 0; j < 5; j++)
				random[j] = (uint8_t)rand();
			cid_make(&f, i % workers, random, id);
			assert_int_equal(cid_worker(&f, id, cid_len(&f)), i % workers);
		}
	}
}

/* The vectors of the SipHash paper, appendix A, and of its reference code. */
static void siphash_vectors(void **state)
{
	uint8_t key[16], in[15];
	uint64_t k[2];

	(void)state;
	for (int i = 0; i < 16; i++)
		key[i] = (uint8_t)i;
	for (int i = 0; i < 15; i++)
		in[i] = (uint8_t)i;
	memcpy(k, key, 16);
	assert_true(siphash24(k, in, 15) == UINT64_C(0xa129ca6149be45e5));
	assert_true(siphash24(k, in, 0) == UINT64_C(0x726fdb47dd0e0e31));
	assert_true(siphash24(k, in, 8) == UINT64_C(0x93f5f5799a932462));
}

static void map_adds_finds_removes(void **state)
{
	enum { N = 5000 };
	const uint8_t key[16] = "0123456789abcde";
	struct list owner[2];
	struct cidmap m;

	(void)state;
	list_init(&owner[0]);
	list_init(&owner[1]);
	assert_int_equal(cidmap_init(&m, key), 0);
	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(cidmap_add(&m, &owner[i % 2], (struct conn *)(uintptr_t)(i + 1),
					    (uint8_t *)&i, sizeof(i)),
				 0);
	assert_int_equal(m.count, N);
	for (uint32_t i = 0; i < N; i++)
		assert_ptr_equal(cidmap_find(&m, (uint8_t *)&i, sizeof(i)), (uintptr_t)(i + 1));
	assert_true(cidmap_add(&m, &owner[0], NULL, (uint8_t *)&(uint32_t){7}, 4) < 0);
	assert_null(cidmap_find(&m, (uint8_t *)&(uint32_t){7}, 3));
	cidmap_remove(&m, (uint8_t *)&(uint32_t){8}, 4);
	assert_null(cidmap_find(&m, (uint8_t *)&(uint32_t){8}, 4));
	cidmap_remove_all(&m, &owner[0]);
	assert_int_equal(m.count, N / 2);
	assert_null(cidmap_find(&m, (uint8_t *)&(uint32_t){10}, 4));
	assert_non_null(cidmap_find(&m, (uint8_t *)&(uint32_t){11}, 4));
	cidmap_remove_all(&m, &owner[1]);
	assert_int_equal(m.count, 0);
	cidmap_free(&m);
}

/* An ID that is the beginning of another is another; the empty one counts too. */
static void map_tells_lengths(void **state)
{
	const uint8_t key[16] = "0123456789abcde", id[CIDMAP_ID_MAX + 1] = {0};
	struct conn *conn = (struct conn *)(uintptr_t)1;
	struct list owner;
	struct cidmap m;

	(void)state;
	list_init(&owner);
	assert_int_equal(cidmap_init(&m, key), 0);
	for (size_t len = 0; len <= CIDMAP_ID_MAX; len++)
		assert_int_equal(cidmap_add(&m, &owner, conn, id, len), 0);
	assert_int_equal(cidmap_add(&m, &owner, conn, id, CIDMAP_ID_MAX), -EEXIST);
	assert_int_equal(cidmap_add(&m, &owner, conn, id, CIDMAP_ID_MAX + 1), -EINVAL);
	cidmap_remove(&m, id, 0);
	cidmap_remove(&m, id, 0);
	assert_int_equal(m.count, CIDMAP_ID_MAX);
	assert_null(cidmap_find(&m, id, 0));
	assert_ptr_equal(cidmap_find(&m, id, 1), conn);
	cidmap_remove_all(&m, &owner);
	assert_true(list_empty(&owner));
	cidmap_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quic_lb_layout),
		cmocka_unit_test(unroutable_without_server_id),
		cmocka_unit_test(generation_is_found),
		cmocka_unit_test(worker_survives),
		cmocka_unit_test(siphash_vectors),
		cmocka_unit_test(map_adds_finds_removes),
		cmocka_unit_test(map_tells_lengths),
	};

	return RUN_TAP(tests);
}
