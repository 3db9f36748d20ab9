// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include <libmnl/libmnl.h>

#include "elems.h"
#include "join.h"

/**
 * struct joined - a batch on its way
 * @iov:	its pieces
 * @n:		how many
 * @put:	messages of each set
 * @bytes:	of all pieces
 */
struct joined {
	struct iovec *iov;
	size_t n;
	struct nx_buf *put;
	size_t bytes;
};

static void add_piece(struct joined *j, const char *from, const char *to)
{
	if (from == to)
		return;
	j->iov[j->n++] = (struct iovec){(char *)from, to - from};
	j->bytes += to - from;
}

/* The messages of one piece, with those that join them. */
static int join_piece(struct joined *j, const struct nx_bulk *bulk, const struct iovec *piece)
{
	const char *from = piece->iov_base;
	const struct nlmsghdr *nlh = piece->iov_base;
	int left = (int)piece->iov_len, rc;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		const char *end = (const char *)nlh + MNL_ALIGN(nlh->nlmsg_len);
		struct nx_buf *put = j->put;

		for (const struct nx_bulk *b = bulk; b; b = b->next, put++) {
			if (!nx_elems_are(nlh, b))
				continue;
			rc = put->len ? -EINVAL : nx_elems_put(put, nlh, b);
			if (rc)
				return rc;
			add_piece(j, from, end);
			add_piece(j, put->p, put->p + put->len);
			from = end;
		}
	}
	add_piece(j, from, (const char *)piece->iov_base + piece->iov_len);
	return 0;
}

static int join(struct joined *j, const struct nx_bulk *bulk, const struct msghdr *msg, size_t sets)
{
	int rc = 0;

	for (size_t i = 0; i < msg->msg_iovlen && !rc; i++)
		rc = join_piece(j, bulk, &msg->msg_iov[i]);
	for (size_t i = 0; i < sets && !rc; i++)
		rc = j->put[i].len ? 0 : -EINVAL;
	return rc;
}

#define ROOM_LEAST (2u << 20) /* as the library */

/* The library has made room for its own part alone. */
static void make_room(int fd, size_t bytes)
{
	size_t want = bytes + bytes / 16 + ROOM_LEAST;
	int room = want < INT32_MAX / 2 ? (int)want : INT32_MAX / 2;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
}

ssize_t nx_join_send(const struct nx_bulk *bulk, int fd, const struct msghdr *msg, int flags)
{
	struct msghdr all = *msg;
	struct joined j = {0};
	size_t sets = 0;
	ssize_t sent = -1;

	for (const struct nx_bulk *b = bulk; b; b = b->next)
		sets++;
	j.iov = calloc(msg->msg_iovlen + 2 * sets, sizeof(*j.iov));
	j.put = calloc(sets, sizeof(*j.put));
	if (j.iov && j.put && !join(&j, bulk, msg, sets)) {
		make_room(fd, j.bytes);
		all.msg_iov = j.iov;
		all.msg_iovlen = j.n;
		sent = sendmsg(fd, &all, flags);
	} else {
		errno = ECANCELED;
	}
	for (size_t i = 0; j.put && i < sets; i++)
		nx_buf_free(&j.put[i]);
	free(j.put);
	free(j.iov);
	return sent;
}
