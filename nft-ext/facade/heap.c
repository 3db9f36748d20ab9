// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "heap.h"

#define LARGE	    (256u << 10) /* bytes of a file for which this pays */
#define TOP_PAD	    (1 << 20)	 /* the heap grows by so much */
#define MMAP_FROM   (32 << 20)	 /* mallopt takes no more */
#define PER_ELEMENT 448		 /* nft 1.0.6 to 1.1.7 take more, even for a set of names */
#define PIECE	    (8u << 20)	 /* less than MMAP_FROM: it comes from the heap */
#define MAX_PIECES  128

#define START_MMAP                                                                                 \
	(4 << 20) /* above nft's tables of 128 KiB and the batch of 2 MiB of each command */
#define START_PAD (3 << 20) /* for one brk, and no mmap and munmap for the batch */

static bool kept;

static bool is_nft(void)
{
	return !strcmp(program_invocation_short_name, "nft");
}

void nx_heap_start(void)
{
	if (!is_nft())
		return;
	mallopt(M_MMAP_THRESHOLD, START_MMAP);
	mallopt(M_TRIM_THRESHOLD, 2 * START_MMAP);
	mallopt(M_TOP_PAD, START_PAD);
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
	uintptr_t page = sysconf(_SC_PAGESIZE), from, to;
	size_t want = n / (PIECE / PER_ELEMENT), got = 0;
	void *piece[MAX_PIECES];

	if (!kept)
		return;
	while (got < want && got < MAX_PIECES) {
		piece[got] = malloc(PIECE);
		if (!piece[got])
			break;
		from = ((uintptr_t)piece[got] + page - 1) & ~(page - 1);
		to = ((uintptr_t)piece[got] + PIECE) & ~(page - 1);
		got++;
		if (madvise((void *)from, to - from, MADV_POPULATE_WRITE))
			break;
	}
	/* the last piece first: they become one with the rest of the heap */
	while (got)
		free(piece[--got]);
}
