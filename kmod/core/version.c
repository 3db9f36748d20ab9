// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each salt stands here as two states of SHA-256 (see struct nq_salt); the unit test
 * computes them from the salts of the specifications and compares.
 */
#include "version.h"

/* RFC 9001 5.2: 38762cf7f55934b34d179ae6a4c80cadccbb7f0a */
static const struct nq_salt nq_salt_v1 = {
	.inner =
		{
			0x2d5eed97,
			0x70d71abf,
			0x4c9b8799,
			0xc4eb86b0,
			0xe9b16e41,
			0xd04322f6,
			0xf73a0cb2,
			0x9e23a203,
		},
	.outer =
		{
			0x0d3d813d,
			0xcffa6f1f,
			0x7dbcb03e,
			0x923042dc,
			0xd15a45f6,
			0x55ab0325,
			0xf3c23aab,
			0x37426939,
		},
};

/* RFC 9369 3.3.1: 0dede3def700a6db819381be6e269dcbf9bd2ed9 */
static const struct nq_salt nq_salt_v2 = {
	.inner =
		{
			0x9f201982,
			0x7e771bd0,
			0x601a8795,
			0x5d7ab60d,
			0x2ff30d4b,
			0x72201a09,
			0x6eaa0d12,
			0xca4e4d6b,
		},
	.outer =
		{
			0xbb153200,
			0x003bcf3a,
			0xf99876d1,
			0xf698c9aa,
			0x804d4d49,
			0x7a379cfe,
			0xc1eb346e,
			0xadaf299f,
		},
};

/* draft-ietf-quic-tls-29 to -32: afbfec289993d24c9e9786f19c6111e04390a899 */
static const struct nq_salt nq_salt_draft29 = {
	.inner =
		{
			0x5a14242c,
			0x451b6623,
			0x8bda6c0c,
			0x56a97e94,
			0xa7e1ce39,
			0x201b10d1,
			0x424f7ac4,
			0x82ada9c5,
		},
	.outer =
		{
			0x85562323,
			0x55aa3152,
			0x4f429776,
			0x5f4cbb4a,
			0x1f3a1465,
			0x72c5b0e0,
			0x0e00e756,
			0x23be8427,
		},
};

/* draft-ietf-quic-tls-23 to -28: c3eef712c72ebb5a11a7d2432bb46365bef9f502 */
static const struct nq_salt nq_salt_draft23 = {
	.inner =
		{
			0xc6f38919,
			0x78b648b1,
			0x4d6df0c2,
			0xa6136e04,
			0xa5ec29ac,
			0xc58e0267,
			0x8a836edc,
			0x3bbfb57c,
		},
	.outer =
		{
			0x4fe93735,
			0xbb79fa70,
			0xae1fc5ef,
			0x0e65e811,
			0x332ef4d8,
			0xc0caa806,
			0x56e4a622,
			0x30febb0e,
		},
};

/* draft-ietf-quic-tls-21 and -22: 7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a */
static const struct nq_salt nq_salt_draft22 = {
	.inner =
		{
			0x6af0afa5,
			0x323a04fd,
			0x19b7309d,
			0xe5a443f6,
			0x56986063,
			0x0e196725,
			0x4a0d91bf,
			0x0779975e,
		},
	.outer =
		{
			0xfdfe1026,
			0x789fe625,
			0x04d4d234,
			0x60f2c922,
			0x241f7232,
			0x05055544,
			0x5f36f07d,
			0xa0d39d5d,
		},
};

/* Google T051: 7a4edef4e7ccee5fa4506c19124fc8ccda6e033d */
static const struct nq_salt nq_salt_t051 = {
	.inner =
		{
			0x5e457787,
			0x9e624aaa,
			0xb1952599,
			0x2b0da8c7,
			0x05298279,
			0x6a079935,
			0x3c0711b2,
			0x44b81437,
		},
	.outer =
		{
			0x6e069193,
			0x4a6c0147,
			0xf165a4a5,
			0xe60682e7,
			0xc79f5817,
			0xeda51540,
			0xb516ce7b,
			0xa9da726d,
		},
};

/* Google T050: 7ff579e5acd072915580304c43a2367c60488310 */
static const struct nq_salt nq_salt_t050 = {
	.inner =
		{
			0x5bd05cf9,
			0x8df30516,
			0x04ccfca0,
			0xde954b0a,
			0x36b84e61,
			0xd1a25c91,
			0xcdaf8a9c,
			0x692b5344,
		},
	.outer =
		{
			0xd53700df,
			0x3172d48b,
			0x11a565ac,
			0x3bca87fd,
			0xc35a737e,
			0x46f97fea,
			0xc92d62e1,
			0x20e8f480,
		},
};

/* RFC 9001 5.8 */
static const struct nq_retry_key nq_retry_v1 = {
	.key = {0xbe, 0x0c, 0x69, 0x0b, 0x9f, 0x66, 0x57, 0x5a, 0x1d, 0x76, 0x6b, 0x54, 0xe3, 0x68,
		0xc8, 0x4e},
	.iv = {0x46, 0x15, 0x99, 0xd3, 0x5d, 0x63, 0x2b, 0xf2, 0x23, 0x98, 0x25, 0xbb},
};

/* RFC 9369 3.3.3 */
static const struct nq_retry_key nq_retry_v2 = {
	.key = {0x8f, 0xb4, 0xb0, 0x1b, 0x56, 0xac, 0x48, 0xe2, 0x60, 0xfb, 0xcb, 0xce, 0xad, 0x7c,
		0xcc, 0x92},
	.iv = {0xd8, 0x69, 0x69, 0xbc, 0x2d, 0x7c, 0x6d, 0x99, 0x90, 0xef, 0xb0, 0x4a},
};

/* draft-ietf-quic-tls-29 to -32 */
static const struct nq_retry_key nq_retry_draft29 = {
	.key = {0xcc, 0xce, 0x18, 0x7e, 0xd0, 0x9a, 0x09, 0xd0, 0x57, 0x28, 0x15, 0x5a, 0x6c, 0xb9,
		0x6b, 0xe1},
	.iv = {0xe5, 0x49, 0x30, 0xf9, 0x7f, 0x21, 0x36, 0xf0, 0x53, 0x0a, 0x8c, 0x1c},
};

/* draft-ietf-quic-tls-25 to -28 */
static const struct nq_retry_key nq_retry_draft25 = {
	.key = {0x4d, 0x32, 0xec, 0xdb, 0x2a, 0x21, 0x33, 0xc8, 0x41, 0xe4, 0x04, 0x3d, 0xf2, 0x7d,
		0x44, 0x30},
	.iv = {0x4d, 0x16, 0x11, 0xd0, 0x55, 0x13, 0xa5, 0x52, 0xc5, 0x87, 0xd5, 0x75},
};

/* The most frequent first. Drafts before -22 have another long header. */
static const struct nq_version nq_versions[] = {
	{NQ_V1, false, &nq_salt_v1, NQ_FRAMING_IETF, &nq_retry_v1},
	{NQ_V2, true, &nq_salt_v2, NQ_FRAMING_IETF, &nq_retry_v2},
	{NQ_DRAFT29, false, &nq_salt_draft29, NQ_FRAMING_IETF, &nq_retry_draft29},
	{0xff00001e, false, &nq_salt_draft29, NQ_FRAMING_IETF, &nq_retry_draft29},
	{0xff00001f, false, &nq_salt_draft29, NQ_FRAMING_IETF, &nq_retry_draft29},
	{0xff000020, false, &nq_salt_draft29, NQ_FRAMING_IETF, &nq_retry_draft29},
	{0xff000021, false, &nq_salt_v1, NQ_FRAMING_IETF, &nq_retry_v1},
	{0xff000022, false, &nq_salt_v1, NQ_FRAMING_IETF, &nq_retry_v1},
	{0xff000017, false, &nq_salt_draft23, NQ_FRAMING_IETF, NULL},
	{0xff000018, false, &nq_salt_draft23, NQ_FRAMING_IETF, NULL},
	{0xff000019, false, &nq_salt_draft23, NQ_FRAMING_IETF, &nq_retry_draft25},
	{0xff00001a, false, &nq_salt_draft23, NQ_FRAMING_IETF, &nq_retry_draft25},
	{0xff00001b, false, &nq_salt_draft23, NQ_FRAMING_IETF, &nq_retry_draft25},
	{0xff00001c, false, &nq_salt_draft23, NQ_FRAMING_IETF, &nq_retry_draft25},
	{0xff000016, false, &nq_salt_draft22, NQ_FRAMING_IETF, NULL},
	{0xfaceb001, false, &nq_salt_draft22, NQ_FRAMING_IETF, NULL}, /* mvfst, after -22 */
	{0xfaceb002, false, &nq_salt_draft23, NQ_FRAMING_IETF, NULL}, /* mvfst, after -27 */
	{0xfaceb00e, false, &nq_salt_draft23, NQ_FRAMING_IETF, NULL}, /* mvfst experimental */
	{0x54303530, false, &nq_salt_t050, NQ_FRAMING_GOOGLE, NULL},
	{0x54303531, false, &nq_salt_t051, NQ_FRAMING_GOOGLE, NULL},
};

const struct nq_version *nq_version_find(u32 number)
{
	size_t i;

	for (i = 0; i < sizeof(nq_versions) / sizeof(nq_versions[0]); i++)
		if (nq_versions[i].number == number)
			return &nq_versions[i];
	return NULL;
}
