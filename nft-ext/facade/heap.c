// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include "heap.h"

#define LARGE	    (256u << 10) /* bytes of a file for which this pays */
#define TOP_PAD	    (1 << 20)	 /* the heap grows by so much */
#define MMAP_FROM   (32 << 20)	 /* mallopt takes no more */
#define PER_ELEMENT 448		 /* nft 1.0.6 to 1.1.7 take more, even for a set of names */
#define PIECE	    (8u << 20)	 /* less than MMAP_FROM: it comes from the heap */
#define MAX_PIECES  128

#define START_MMAP (1 << 20)   /* above nft's tables of 128 KiB, which are at glibc's own limit */
#define START_PAD  (512 << 10) /* for one brk at the start and not three */
/* likewise above the batch of 2 MiB of each command: no mmap and munmap for it */
#define BATCH_MMAP (4 << 20)
#define BATCH_PAD  (3 << 20)
/* what every command writes to: two of those tables and a little; without a fault for each page */
#define START_USED (264 << 10)

static bool kept;

static bool is_nft(void)
{
	return !strcmp(program_invocation_short_name, "nft");
}

/* libmnl 1.0.4 sends what was there before between attributes: in mapped memory that is zero. */
static bool mnl_pads(void)
{
	_Alignas(struct nlmsghdr) char buf[64];
	struct nlmsghdr *nlh;

	memset(buf, 1, sizeof(buf));
	nlh = mnl_nlmsg_put_header(buf);
	mnl_attr_put(nlh, 1, 1, "");
	return !buf[MNL_NLMSG_HDRLEN + MNL_ATTR_HDRLEN + 1];
}

/* Its whole pages get memory at once. */
static bool populate(void *p, size_t len)
{
	uintptr_t page = sysconf(_SC_PAGESIZE);
	uintptr_t from = ((uintptr_t)p + page - 1) & ~(page - 1),
		  to = ((uintptr_t)p + len) & ~(page - 1);

	return !madvise((void *)from, to - from, MADV_POPULATE_WRITE);
}

void nx_heap_start(void)
{
	bool batch;
	void *used;

	if (!is_nft())
		return;
	batch = mnl_pads();
	mallopt(M_MMAP_THRESHOLD, batch ? BATCH_MMAP : START_MMAP);
	mallopt(M_TRIM_THRESHOLD, 2 * (batch ? BATCH_MMAP : START_MMAP));
	mallopt(M_TOP_PAD, batch ? BATCH_PAD : START_PAD);
	used = malloc(START_USED);
	if (used)
		populate(used, START_USED);
	free(used);
}

void nx_heap_keep(size_t len)
{
	if (len < LARGE || !is_nft())
		return;
	mallopt(M_MMAP_THRESHOLD, MMAP_FROM);
	mallopt(M_TRIM_THRESHOLD, -1);
	mallopt(M_TOP_PAD, TOP_PAD);
	kept = true;
}

void nx_heap_fill(size_t n)
{
	size_t want = n / (PIECE / PER_ELEMENT), got = 0;
	void *piece[MAX_PIECES];

	if (!kept)
		return;
	while (got < want && got < MAX_PIECES) {
		piece[got] = malloc(PIECE);
		if (!piece[got])
			break;
		if (!populate(piece[got++], PIECE))
			break;
	}
	/* the last piece first: they become one with the rest of the heap */
	while (got)
		free(piece[--got]);
}
