// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "capfile.h"

#define SNAPLEN 262144

static void put(struct cap_file *f, const void *data, size_t len)
{
	if (len && fwrite(data, len, 1, f->out) != 1) {
		perror("write");
		exit(1);
	}
}

/* A number of @n bytes in the file's order. */
static void put_uint(struct cap_file *f, uint64_t v, unsigned int n)
{
	uint8_t bytes[8];

	for (unsigned int i = 0; i < n; i++)
		bytes[i] = v >> 8 * (f->big ? n - 1 - i : i);
	put(f, bytes, n);
}

static void put_zeros(struct cap_file *f, size_t n)
{
	static const uint8_t zeros[8];

	put(f, zeros, n);
}

static size_t padding(size_t len)
{
	return -len & 3;
}

/* A pcapng block around a body of @len bytes, which the caller writes between the two. */
static void block_begin(struct cap_file *f, uint32_t type, size_t len)
{
	put_uint(f, type, 4);
	put_uint(f, len + 12, 4);
}

static void block_end(struct cap_file *f, size_t len)
{
	put_uint(f, len + 12, 4);
}

/* if_tsresol and the end of options; @tsresol is a power of 10. */
static void interface_block(struct cap_file *f, uint16_t linktype, uint8_t tsresol)
{
	const size_t len = 8 + 8 + 8 + 4;

	block_begin(f, 1, len);
	put_uint(f, linktype, 2);
	put_uint(f, 0, 2);
	put_uint(f, SNAPLEN, 4);
	put_uint(f, 2, 2); /* if_name */
	put_uint(f, 4, 2);
	put(f, "eth0", 4);
	put_uint(f, 9, 2); /* if_tsresol */
	put_uint(f, 1, 2);
	put_uint(f, tsresol, 1);
	put_zeros(f, 3);
	put_uint(f, 0, 4); /* opt_endofopt */
	block_end(f, len);
}

void cap_open(struct cap_file *f, const char *path, enum cap_form form, bool big, uint16_t linktype)
{
	*f = (struct cap_file){.out = fopen(path, "wb"), .form = form, .big = big};
	if (!f->out) {
		perror(path);
		exit(1);
	}
	if (form == CAP_USEC || form == CAP_NSEC) {
		put_uint(f, form == CAP_USEC ? 0xa1b2c3d4 : 0xa1b23c4d, 4);
		put_uint(f, 2, 2);
		put_uint(f, 4, 2);
		put_zeros(f, 8); /* time zone, accuracy */
		put_uint(f, SNAPLEN, 4);
		put_uint(f, linktype, 4);
		return;
	}
	block_begin(f, 0x0a0d0d0a, 16);
	put_uint(f, 0x1a2b3c4d, 4);
	put_uint(f, 1, 2);
	put_uint(f, 0, 2);
	put_uint(f, UINT64_MAX, 8); /* section length: not known */
	block_end(f, 16);
	interface_block(f, linktype, 9);
}

static void enhanced_block(struct cap_file *f, uint64_t ns, const uint8_t *data, size_t captured,
			   size_t len)
{
	const size_t body = 20 + captured + padding(captured) + 4 + 8 + 4;

	block_begin(f, 6, body);
	put_uint(f, 0, 4); /* interface */
	put_uint(f, ns >> 32, 4);
	put_uint(f, ns & 0xffffffff, 4);
	put_uint(f, captured, 4);
	put_uint(f, len, 4);
	put(f, data, captured);
	put_zeros(f, padding(captured));
	put_uint(f, 4, 2); /* epb_dropcount, 64 bits */
	put_uint(f, 8, 2);
	put_uint(f, 7, 8);
	put_uint(f, 0, 4); /* opt_endofopt */
	block_end(f, body);
}

void cap_frame(struct cap_file *f, unsigned int when, const uint8_t *data, size_t captured,
	       size_t len)
{
	const size_t simple = 4 + captured + padding(captured);

	switch (f->form) {
	case CAP_USEC:
	case CAP_NSEC:
		put_uint(f, when, 4);
		put_uint(f, f->form == CAP_USEC ? 999999 : 999999999, 4);
		put_uint(f, captured, 4);
		put_uint(f, len, 4);
		put(f, data, captured);
		break;
	case CAP_NG:
		enhanced_block(f, when * 1000000000ULL, data, captured, len);
		break;
	case CAP_NG_SIMPLE:
		block_begin(f, 3, simple);
		put_uint(f, len, 4);
		put(f, data, captured);
		put_zeros(f, padding(captured));
		block_end(f, simple);
		break;
	}
}

void cap_close(struct cap_file *f)
{
	if (fclose(f->out)) {
		perror("close");
		exit(1);
	}
}
