// SPDX-License-Identifier: GPL-2.0-or-later
#include "cid.h"

#include <string.h>

size_t cid_len(const struct cid_format *f)
{
	return 1u + f->server_id_len + f->nonce_len;
}

size_t cid_worker_offset(const struct cid_format *f)
{
	return 1u + f->server_id_len;
}

void cid_make(const struct cid_format *f, unsigned int worker, const uint8_t *random, uint8_t *out)
{
	size_t at = cid_worker_offset(f);
	unsigned int slots = 256 / f->workers;

	out[0] = (uint8_t)(f->rotation << 5 | (cid_len(f) - 1));
	memcpy(out + 1, f->server_id, f->server_id_len);
	memcpy(out + at, random, f->nonce_len);
	out[at] = (uint8_t)(random[0] % slots * f->workers + worker);
}

unsigned int cid_worker(const struct cid_format *f, const uint8_t *cid, size_t len)
{
	size_t at = cid_worker_offset(f);

	return len > at ? cid[at] % f->workers : 0;
}
