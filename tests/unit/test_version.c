// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit.h"
#include "initial.h"
#include "version.h"

static void salts_are_the_specified_ones(void **state)
{
	static const u32 versions[] = {NQ_V1,	   NQ_V2,      NQ_DRAFT29, 0xff00001b,
				       0xff000016, 0x54303530, 0x54303531};

	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		const struct nq_version *ver = nq_version_find(versions[i]);
		struct sha256_ctx inner, outer;
		u8 ipad[64], opad[64];

		assert_non_null(ver);
		memset(ipad, 0x36, sizeof(ipad));
		memset(opad, 0x5c, sizeof(opad));
		for (int j = 0; j < 20; j++) {
			ipad[j] ^= qt_salt(versions[i])[j];
			opad[j] ^= qt_salt(versions[i])[j];
		}
		sha256_init(&inner);
		sha256_update(&inner, sizeof(ipad), ipad);
		assert_memory_equal(inner.state, ver->salt->inner, sizeof(ver->salt->inner));
		sha256_init(&outer);
		sha256_update(&outer, sizeof(opad), opad);
		assert_memory_equal(outer.state, ver->salt->outer, sizeof(ver->salt->outer));
	}
}

static void relatives_share_a_salt(void **state)
{
	static const struct {
		u32 version, like;
	} pairs[] = {
		{0xff00001e, NQ_DRAFT29}, {0xff00001f, NQ_DRAFT29}, {0xff000020, NQ_DRAFT29},
		{0xff000021, NQ_V1},	  {0xff000022, NQ_V1},	    {0xff000017, 0xff00001b},
		{0xff000018, 0xff00001b}, {0xff000019, 0xff00001b}, {0xff00001a, 0xff00001b},
		{0xff00001c, 0xff00001b}, {0xfaceb001, 0xff000016}, {0xfaceb002, 0xff00001b},
		{0xfaceb00e, 0xff00001b},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		const struct nq_version *ver = nq_version_find(pairs[i].version);

		assert_non_null(ver);
		assert_int_equal(ver->number, pairs[i].version);
		assert_ptr_equal(ver->salt, nq_version_find(pairs[i].like)->salt);
		assert_false(ver->v2);
	}
	assert_true(nq_version_find(NQ_V2)->v2);
}

static void unknown_versions(void **state)
{
	static const u32 unknown[] = {0,	  2,	      0x1a2a3a4a, 0xff000015, 0xff000023,
				      0x51303530, 0x709a50c4, 0x6b3343ce, 0xffffffff};

	(void)state;
	for (size_t i = 0; i < COUNT(unknown); i++)
		assert_null(nq_version_find(unknown[i]));
}

UNIT_MAIN("version", cmocka_unit_test(salts_are_the_specified_ones),
	  cmocka_unit_test(relatives_share_a_salt), cmocka_unit_test(unknown_versions))
