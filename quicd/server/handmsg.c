// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "handmsg.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int hand_send(int sock, const struct hand_msg *m, const int *fds, size_t n)
{
	union {
		struct cmsghdr align;
		uint8_t buf[CMSG_SPACE(HAND_FDS_MAX * sizeof(int))];
	} control;
	struct iovec iov = {.iov_base = (void *)m, .iov_len = sizeof(*m)};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n) {
		struct cmsghdr *c;

		memset(&control, 0, sizeof(control));
		h.msg_control = &control;
		h.msg_controllen = CMSG_SPACE(n * sizeof(int));
		c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	}
	for (;;) {
		if (sendmsg(sock, &h, MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
}

int hand_tell(int sock, enum hand_type type)
{
	struct hand_msg m = {.type = type};

	return hand_send(sock, &m, NULL, 0);
}

int hand_send_cids(int sock, const struct hand_cid *cid, size_t n)
{
	struct hand_msg m = {.type = HAND_CIDS};
	int err = 0;

	while (!err && n) {
		m.cids.n = n < HAND_CIDS_MAX ? (uint32_t)n : HAND_CIDS_MAX;
		memcpy(m.cids.cid, cid, m.cids.n * sizeof(*cid));
		err = hand_send(sock, &m, NULL, 0);
		cid += m.cids.n;
		n -= m.cids.n;
	}
	return err;
}

void hand_close(struct hand_fds *fds)
{
	for (size_t i = 0; i < fds->n; i++)
		close(fds->fd[i]);
	fds->n = 0;
}

int hand_recv(int sock, struct hand_msg *m, struct hand_fds *fds, bool wait)
{
	union {
		struct cmsghdr align;
		uint8_t buf[CMSG_SPACE(HAND_FDS_MAX * sizeof(int))];
	} control;
	struct iovec iov = {.iov_base = m, .iov_len = sizeof(*m)};
	struct msghdr h = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = &control,
			   .msg_controllen = sizeof(control)};
	struct hand_fds unwanted;
	ssize_t n;

	do {
		n = recvmsg(sock, &h, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (!fds)
		fds = &unwanted;
	fds->n = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); n && c; c = CMSG_NXTHDR(&h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		fds->n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds->fd, CMSG_DATA(c), fds->n * sizeof(int));
	}
	if (fds == &unwanted)
		hand_close(fds);
	if (n == 0)
		return -EPIPE;
	if (n == sizeof(*m) && !(h.msg_flags & MSG_CTRUNC))
		return 0;
	hand_close(fds);
	return -EPROTO;
}

int hand_expect(int sock, struct hand_msg *m, enum hand_type type)
{
	int err = hand_recv(sock, m, NULL, true);

	return err ? err : m->type == type ? 0 : -EPROTO;
}
