// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../../quicd/common/chunkq.h"

static uint8_t pattern(size_t i)
{
	return (uint8_t)(i * 7 + (i >> 8));
}

static void append(struct chunkq *q, struct chunk_pool *p, size_t from, size_t len)
{
	uint8_t *buf = malloc(len + 1);

	for (size_t i = 0; i < len; i++)
		buf[i] = pattern(from + i);
	assert_int_equal(chunkq_append(q, p, buf, len), 0);
	free(buf);
}

/* The pattern as a file; it repeats itself after this many bytes. */
#define PERIOD 65536

static int pattern_file(void)
{
	int fd = memfd_create("pattern", MFD_CLOEXEC);

	for (size_t i = 0; i < PERIOD + CHUNKQ_READ_MAX; i++) {
		uint8_t b = pattern(i);

		assert_int_equal(write(fd, &b, 1), 1);
	}
	return fd;
}

/* Everything in the queue is the pattern from @from on. */
static void check_content(const struct chunkq *q, size_t from)
{
	struct iovec iov[64];
	size_t n = chunkq_peek(q, iov, 64), total = 0;

	for (size_t i = 0; i < n; i++) {
		const uint8_t *b = iov[i].iov_base;

		assert_true(iov[i].iov_len > 0);
		for (size_t j = 0; j < iov[i].iov_len; j++)
			assert_int_equal(b[j], pattern(from + total + j));
		total += iov[i].iov_len;
	}
	assert_int_equal(total, q->len);
}

static void keeps_bytes_in_order(void **state)
{
	struct chunk_pool p;
	struct chunkq q = {0};

	(void)state;
	chunk_pool_init(&p, 4);
	append(&q, &p, 0, 10);
	append(&q, &p, 10, 3 * CHUNK_BYTES);
	check_content(&q, 0);
	chunkq_drop(&q, &p, CHUNK_BYTES + 5);
	check_content(&q, CHUNK_BYTES + 5);
	append(&q, &p, 10 + 3 * CHUNK_BYTES, 100);
	check_content(&q, CHUNK_BYTES + 5);
	chunkq_clear(&q, &p);
	assert_int_equal(p.in_use, 0);
	chunk_pool_free(&p);
}

static void empty_queue_holds_no_memory(void **state)
{
	struct chunk_pool p;
	struct chunkq q = {0};
	int fd[2];

	(void)state;
	chunk_pool_init(&p, 0);
	append(&q, &p, 0, CHUNK_BYTES);
	chunkq_drop(&q, &p, CHUNK_BYTES);
	assert_int_equal(p.in_use, 0);
	assert_int_equal(pipe2(fd, O_NONBLOCK), 0);
	assert_int_equal(chunkq_read(&q, &p, fd[0], 100, -1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(p.in_use, 0);
	assert_int_equal(write(fd[1], "x", 1), 1);
	assert_int_equal(chunkq_read(&q, &p, fd[0], CHUNKQ_READ_MAX, -1), 1);
	assert_int_equal(p.in_use, 1);
	close(fd[1]);
	assert_int_equal(chunkq_read(&q, &p, fd[0], CHUNKQ_READ_MAX, -1), 0);
	close(fd[0]);
	chunkq_drop(&q, &p, 1);
	assert_int_equal(p.in_use, 0);
	assert_null(q.head);
	chunk_pool_free(&p);
}

/* Random appends, reads, sends and acknowledgements against a plain model of three numbers. */
static void mark_follows_model(void **state)
{
	struct chunk_pool p;
	struct chunkq q = {0};
	size_t end = 0, sent = 0, acked = 0;
	int fd = pattern_file();

	(void)state;
	srand(1);
	chunk_pool_init(&p, 8);
	for (int round = 0; round < 20000; round++) {
		struct iovec iov[3];
		size_t n, total = 0, take;

		if (end - acked < 6 * CHUNK_BYTES && rand() % 3) {
			take = (size_t)rand() % (rand() % 4 ? 200 : 2 * CHUNK_BYTES);
			append(&q, &p, end, take);
			end += take;
		}
		if (end - acked < 6 * CHUNK_BYTES && rand() % 3 == 0) {
			take = 1 + (size_t)rand() % (CHUNKQ_READ_MAX + 100);
			n = take < CHUNKQ_READ_MAX ? take : CHUNKQ_READ_MAX;
			assert_int_equal(chunkq_read(&q, &p, fd, take, (off_t)(end % PERIOD)), n);
			end += n;
		}
		n = chunkq_peek_unsent(&q, iov, 3);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(*(uint8_t *)iov[i].iov_base, pattern(sent + total));
			total += iov[i].iov_len;
		}
		assert_int_equal(q.unsent, end - sent);
		assert_true(total <= end - sent);
		if (total) {
			take = (size_t)rand() % (total + 1);
			chunkq_sent(&q, take);
			sent += take;
		}
		take = (size_t)rand() % (sent - acked + 1);
		if (rand() % 2) {
			chunkq_drop(&q, &p, take);
			acked += take;
		}
		assert_int_equal(q.len, end - acked);
	}
	check_content(&q, acked);
	chunkq_clear(&q, &p);
	close(fd);
	assert_int_equal(p.in_use, 0);
	chunk_pool_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_bytes_in_order),
		cmocka_unit_test(empty_queue_holds_no_memory),
		cmocka_unit_test(mark_follows_model),
	};

	return RUN_TAP(tests);
}
