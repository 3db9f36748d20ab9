// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/list.h"

#define LONG_DCID_AT 6 /* RFC 8999, 5.1 */

/* In front of the datagrams. Each end is a quicd of the same HAND_VERSION. */
struct head {
	union addr bound, local, remote;
	uint32_t segment;
	uint32_t ecn;
};

int links_add(struct links *l, const struct cid_format *cid, struct hand_fds *fds)
{
	struct link *k = &l->link[l->n];

	if (l->n == LINKS_MAX || fds->n != 1u + cid->workers)
		return -EPROTO;
	*k = (struct link){.links = l, .cid = *cid, .nfds = fds->n};
	memcpy(k->fd, fds->fd, fds->n * sizeof(int));
	fds->n = 0;
	l->n++;
	atomic_fetch_add(&l->live, 1);
	return 0;
}

int links_add_cids(struct links *l, const struct hand_cid *cid, size_t n)
{
	struct link *k = &l->link[l->n - 1];
	struct hand_cid *all;

	if (!l->n || n > HAND_CIDS_MAX)
		return -EPROTO;
	all = realloc(k->cids, (k->ncids + n) * sizeof(*all));
	if (!all)
		return -ENOMEM;
	memcpy(all + k->ncids, cid, n * sizeof(*all));
	k->cids = all;
	k->ncids += n;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct hand_cid));
}

void links_sort(struct links *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->link[i].ncids)
			qsort(l->link[i].cids, l->link[i].ncids, sizeof(struct hand_cid), compare);
}

/* Nothing is ever sent this way, so it is the end. */
static void on_link(struct io *io, uint32_t events)
{
	struct link *k = container_of(io, struct link, io);

	(void)events;
	loop_del(k->links->loop, io);
	atomic_store(&k->dead, true);
	atomic_fetch_sub(&k->links->live, 1);
	if (k->links->on_end)
		k->links->on_end(k->links);
}

int links_watch(struct links *l, struct loop *loop)
{
	int err = 0;

	l->loop = loop;
	for (size_t i = 0; !err && i < l->n; i++) {
		l->link[i].io.fn = on_link;
		err = loop_add(loop, &l->link[i].io, l->link[i].fd[0], EPOLLIN);
	}
	return err;
}

void links_free(struct links *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct link *k = &l->link[i];

		if (l->loop && !atomic_load(&k->dead))
			loop_del(l->loop, &k->io);
		for (size_t j = 0; j < k->nfds; j++)
			close(k->fd[j]);
		free(k->cids);
	}
	l->n = 0;
	atomic_store(&l->live, 0);
}

void links_tell(const struct links *l, enum hand_type type)
{
	for (size_t i = 0; i < l->n; i++)
		if (!atomic_load(&l->link[i].dead))
			hand_tell(l->link[i].fd[0], type);
}

bool links_have(const struct links *l, unsigned int generation)
{
	for (size_t i = 0; i < l->n; i++)
		if (!atomic_load(&l->link[i].dead) && l->link[i].cid.generation == generation)
			return true;
	return false;
}

static bool chosen(const struct link *k, const uint8_t *id, size_t len)
{
	struct hand_cid key = {.len = (uint8_t)len};

	if (!k->ncids || len > sizeof(key.id))
		return false;
	memcpy(key.id, id, len);
	return bsearch(&key, k->cids, k->ncids, sizeof(key), compare);
}

struct link_to links_find(struct links *l, const uint8_t *data, size_t len, uint16_t port)
{
	bool is_long = len && data[0] & 0x80;
	size_t at = is_long ? LONG_DCID_AT : 1, id_len = 0;

	if (len <= at)
		return (struct link_to){0};
	if (is_long) {
		id_len = data[LONG_DCID_AT - 1];
		if (id_len > len - at)
			return (struct link_to){0};
	}
	for (size_t i = 0; i < l->n; i++) {
		struct link *k = &l->link[i];
		size_t ours = cid_len(&k->cid);

		if (atomic_load_explicit(&k->dead, memory_order_relaxed))
			continue;
		if ((is_long ? id_len == ours : ours < len) && cid_fits(&k->cid, data + at) &&
		    (!k->cid.by_port || cid_has_port(data + at, port)))
			return (struct link_to){k, cid_worker(&k->cid, data + at, ours)};
		if (is_long && chosen(k, data + at, id_len))
			return (struct link_to){k, cid_worker(&k->cid, data + at, id_len)};
	}
	return (struct link_to){0};
}

bool link_pass(struct link_to to, const struct udp_sock *s, const struct udp_msg *m,
	       const uint8_t *data, size_t len)
{
	struct head head;
	struct iovec iov[2] = {{.iov_base = &head, .iov_len = sizeof(head)},
			       {.iov_base = (void *)data, .iov_len = len}};
	struct msghdr h = {.msg_iov = iov, .msg_iovlen = 2};
	ssize_t n;

	memset(&head, 0, sizeof(head));
	head.bound = s->local;
	head.local = m->local;
	head.remote = m->remote;
	head.segment = (uint32_t)(m->segment < len ? m->segment : len);
	head.ecn = m->ecn;
	do {
		n = sendmsg(to.link->fd[1 + to.worker], &h, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n >= 0;
}

int link_pair(int fds[2], int bytes)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
		return -errno;
	/* A message counts against the sender until it is read. */
	if (bytes && setsockopt(fds[1], SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	return 0;
}

int link_read(int fd, struct link_from *f, uint8_t *buf, size_t size)
{
	struct head head;
	struct iovec iov[2] = {{.iov_base = &head, .iov_len = sizeof(head)},
			       {.iov_base = buf, .iov_len = size}};
	struct msghdr h = {.msg_iov = iov, .msg_iovlen = 2};
	ssize_t n = recvmsg(fd, &h, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -EPIPE;
	if ((size_t)n <= sizeof(head) || !head.segment)
		return n ? 0 : -EPIPE;
	f->bound = head.bound;
	f->msg = (struct udp_msg){.remote = head.remote,
				  .local = head.local,
				  .data = buf,
				  .len = (size_t)n - sizeof(head),
				  .segment = head.segment,
				  .ecn = (uint8_t)head.ecn};
	return 1;
}
