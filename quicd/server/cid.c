// SPDX-License-Identifier: GPL-2.0-or-later
#include "cid.h"

#include <stdio.h>
#include <string.h>

void cid_set_port(struct cid_format *f, uint16_t port)
{
	f->by_port = true;
	f->server_id_len = 2;
	f->server_id[0] = (uint8_t)(port >> 8);
	f->server_id[1] = (uint8_t)port;
}

void cid_server_id_text(const struct cid_format *f, char text[2 * CID_SERVER_ID_MAX + 1])
{
	text[0] = '\0';
	for (size_t i = 0; i < f->server_id_len; i++)
		sprintf(text + 2 * i, "%02x", f->server_id[i]);
}

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
	out[at + 1] = (uint8_t)(f->generation << 4 | (random[1] & 0x0f));
}

bool cid_fits(const struct cid_format *f, const uint8_t *cid)
{
	return cid[0] == (f->rotation << 5 | (cid_len(f) - 1)) &&
	       cid[cid_worker_offset(f) + 1] >> 4 == f->generation &&
	       (f->by_port || !memcmp(cid + 1, f->server_id, f->server_id_len));
}

bool cid_has_port(const uint8_t *cid, uint16_t port)
{
	return cid[1] == port >> 8 && cid[2] == (port & 0xff);
}

unsigned int cid_worker(const struct cid_format *f, const uint8_t *cid, size_t len)
{
	size_t at = cid_worker_offset(f);

	return len > at ? cid[at] % f->workers : 0;
}
