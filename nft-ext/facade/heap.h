/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The heap of nft, at its start and while it loads a large file. This concerns a whole process, so
 * in any other program nothing is done.
 */
#ifndef NX_HEAP_H
#define NX_HEAP_H

#include <stddef.h>

/**
 * nx_heap_start - before the real library is opened
 *
 * dlopen takes of the heap's first 132 KiB, and nft's first table, of 128 KiB, no longer fits:
 * malloc would map that anew, and each that follows, where stock nft has them from the heap. The
 * pages that every command writes to get their memory at once, which pays for some of what it takes
 * to load two libraries for one.
 */
void nx_heap_start(void);

/** nx_heap_keep - a file of @len bytes follows: what is freed is used again, not given back */
void nx_heap_keep(size_t len);

/**
 * nx_heap_fill - elements are about to be parsed
 * @n:	how many, at least
 *
 * The kernel hands their memory out at once, and not at the first touch of each page, which takes
 * it longer than nft takes to fill one. It is less than nft needs for them.
 */
void nx_heap_fill(size_t n);

#endif /* NX_HEAP_H */
