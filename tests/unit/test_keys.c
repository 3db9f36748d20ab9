// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit.h"
#include "initial.h"
#include "keys.h"

struct vector {
	u32 version;
	const char *key, *iv, *hp;
};

/* RFC 9001 A.1, RFC 9369 A.1, draft-ietf-quic-tls-29 A.1: DCID 8394c8f03e515708 */
static const struct vector vectors[] = {
	{NQ_V1, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c",
	 "9f50449e04a0e810283a1e9933adedd2"},
	{NQ_V2, "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f",
	 "45b95e15235d6f45a6b19cbcb0294ba9"},
	{NQ_DRAFT29, "175257a31eb09dea9366d8bb79ad80ba", "6b26114b9cba2b63a9e8dd4f",
	 "9ddd12c994c0698b89374a9c077a3077"},
};

/* The server's, RFC 9001 A.1 and RFC 9369 A.1 */
static const struct vector server_vectors[] = {
	{NQ_V1, "cf3a5331653c364c88f0f379b6067e37", "0ac1493ca1905853b0bba03e",
	 "c206b8d9b9f0f37644430b490eeaa314"},
	{NQ_V2, "82db637861d55e1d011f19ea71d5d2a7", "dd13c276499c0249d3310652",
	 "edf6d05c83121201b436e16877593c3a"},
};

static void same_as(const struct vector *v, size_t n,
		    void (*derive)(const struct nq_version *, const u8 *, size_t, struct nq_keys *))
{
	static const u8 dcid[] = {0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08};
	static struct qt_buf want;
	struct nq_keys keys;

	for (; n; n--, v++) {
		want.len = 0;
		qt_put_hex(&want, v->key);
		qt_put_hex(&want, v->iv);
		qt_put_hex(&want, v->hp);
		derive(nq_version_find(v->version), dcid, sizeof(dcid), &keys);
		assert_memory_equal(keys.key, want.p, 16);
		assert_memory_equal(keys.iv, want.p + 16, 12);
		assert_memory_equal(keys.hp, want.p + 28, 16);
	}
}

static void vectors_of_the_rfcs(void **state)
{
	(void)state;
	same_as(vectors, COUNT(vectors), nq_keys_derive);
}

static void servers_vectors(void **state)
{
	(void)state;
	same_as(server_vectors, COUNT(server_vectors), nq_keys_derive_server);
}

static void any_length_as_hkdf(void **state)
{
	static const u32 versions[] = {NQ_V1,	   NQ_V2,      NQ_DRAFT29, 0xff00001b,
				       0xff000016, 0x54303530, 0x54303531};
	struct qt_keys want;
	struct nq_keys keys;

	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		for (u8 len = 0; len <= NQ_CID_MAX; len++) {
			struct qt_cid cid = qt_cid(len * 3, len);

			assert_true(qt_keys(versions[i], false, &cid, &want));
			nq_keys_derive(nq_version_find(versions[i]), cid.id, len, &keys);
			assert_memory_equal(keys.key, want.key, sizeof(want.key));
			assert_memory_equal(keys.iv, want.iv, sizeof(want.iv));
			assert_memory_equal(keys.hp, want.hp, sizeof(want.hp));
			assert_true(qt_keys(versions[i], true, &cid, &want));
			nq_keys_derive_server(nq_version_find(versions[i]), cid.id, len, &keys);
			assert_memory_equal(keys.key, want.key, sizeof(want.key));
			assert_memory_equal(keys.iv, want.iv, sizeof(want.iv));
			assert_memory_equal(keys.hp, want.hp, sizeof(want.hp));
		}
	}
}

UNIT_MAIN("keys", cmocka_unit_test(vectors_of_the_rfcs), cmocka_unit_test(servers_vectors),
	  cmocka_unit_test(any_length_as_hkdf))
