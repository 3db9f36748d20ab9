/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A byte queue in fixed chunks. Bytes are appended at the end and dropped at the
 * start; between the two a send mark moves, since QUIC data stays in place, at a
 * fixed address, until the peer has acknowledged it.
 */
#ifndef QUICD_CHUNKQ_H
#define QUICD_CHUNKQ_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#define CHUNK_BYTES	(16384 - 16)
#define CHUNKQ_READ_MAX (4 * CHUNK_BYTES)

struct chunk {
	struct chunk *next;
	uint32_t len;
	uint8_t data[CHUNK_BYTES];
};

/* Free chunks of one thread, kept for reuse up to a limit. */
struct chunk_pool {
	struct chunk *free;
	size_t nfree, max_free;
	size_t in_use;
};

struct chunkq {
	struct chunk *head, *tail;
	size_t head_off;    /* bytes of the first chunk that were dropped */
	size_t len;	    /* bytes in the queue */
	struct chunk *mark; /* chunk that holds the send mark; NULL: start of the queue */
	size_t mark_off;    /* place of the mark in its chunk */
	size_t unsent;	    /* bytes from the mark to the end */
};

void chunk_pool_init(struct chunk_pool *p, size_t max_free);
void chunk_pool_free(struct chunk_pool *p);

/* Appends @len bytes. Returns 0 or -ENOMEM (the queue is then as before). */
int chunkq_append(struct chunkq *q, struct chunk_pool *p, const void *data, size_t len);

/*
 * Reads up to @len bytes (CHUNKQ_READ_MAX at most) from @fd to the end of the queue with
 * one system call: at offset @at, or where the descriptor stands if @at is negative.
 * Returns as read() does, and -1 with ENOMEM when there is no memory.
 */
ssize_t chunkq_read(struct chunkq *q, struct chunk_pool *p, int fd, size_t len, off_t at);

/* Drops @len bytes from the start. If the mark is used, they must lie before it. */
void chunkq_drop(struct chunkq *q, struct chunk_pool *p, size_t len);
void chunkq_clear(struct chunkq *q, struct chunk_pool *p);

/* The first bytes of the queue as up to @max vectors; returns how many. */
size_t chunkq_peek(const struct chunkq *q, struct iovec *iov, size_t max);
/* The bytes behind the send mark, likewise; chunkq_sent() moves the mark on. */
size_t chunkq_peek_unsent(struct chunkq *q, struct iovec *iov, size_t max);
void chunkq_sent(struct chunkq *q, size_t len);

#endif
