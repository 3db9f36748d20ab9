// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "takeover.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/log.h"
#include "handmsg.h"

#define PATIENCE 30 /* seconds for each message */

int takeover_socket(void)
{
	static const struct timeval patience = {.tv_sec = PATIENCE};
	const char *text = getenv(TAKEOVER_ENV);
	int type = 0;
	socklen_t len = sizeof(type);

	if (!text)
		return -1;
	unsetenv(TAKEOVER_ENV);
	if (strcmp(text, TAKEOVER_FD_TEXT) ||
	    getsockopt(TAKEOVER_FD, SOL_SOCKET, SO_TYPE, &type, &len) || type != SOCK_SEQPACKET)
		return -1;
	fcntl(TAKEOVER_FD, F_SETFD, FD_CLOEXEC);
	setsockopt(TAKEOVER_FD, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return TAKEOVER_FD;
}

static int failed(int err)
{
	log_err("upgrade: from the running process: %s", strerror(-err));
	return err;
}

/* The last link is to the running process itself, and the socket is its first descriptor. */
static int add_link(struct server *s, int sock, const struct hand_msg *m, struct hand_fds *fds)
{
	if (m->link.workers != m->link.cid.workers || fds->n > HAND_FDS_MAX)
		return -EPROTO;
	if (fds->n == m->link.workers && fds->n < HAND_FDS_MAX) {
		memmove(fds->fd + 1, fds->fd, fds->n * sizeof(int));
		fds->fd[0] = sock;
		fds->n++;
	}
	return links_add(&s->links, &m->link.cid, fds);
}

static void take_state(struct server *s, struct hand_msg *m)
{
	s->generation = m->state.generation;
	if (!secret_has_file(s->config))
		s->secret = m->state.secret;
	if (m->state.key_len <= sizeof(m->state.key))
		tls_shared_take_key(s->tls_shared, m->state.key, m->state.key_len);
	gnutls_memset(m, 0, sizeof(*m));
}

static int take(struct server *s, int sock, struct hand_msg *m, struct hand_fds *fds)
{
	int err = -EPROTO, fd = fds->n ? fds->fd[0] : -1;

	switch (m->type) {
	case HAND_STATE:
		take_state(s, m);
		return 0;
	case HAND_LINK:
		return add_link(s, sock, m, fds);
	case HAND_CIDS:
		return links_add_cids(&s->links, m->cids.cid, m->cids.n);
	case HAND_UDP:
		if (fds->n == 1)
			err = inherit_udp(&s->inherited, fd, &m->udp.addr, m->udp.slot);
		break;
	case HAND_METRICS:
		if (fds->n == 1)
			err = inherit_metrics(&s->inherited, fd, &m->metrics.addr);
		break;
	case HAND_CONTROL:
		m->control.path[sizeof(m->control.path) - 1] = '\0';
		if (fds->n == 1)
			err = inherit_control(&s->inherited, fd, m->control.path);
		break;
	}
	if (!err)
		fds->n = 0;
	return err;
}

int takeover_receive(int sock, struct server *s)
{
	struct hand_msg m = {.type = HAND_HELLO};
	struct hand_fds fds = {.n = 0};
	int err;

	m.hello.version = HAND_VERSION;
	m.hello.pid = getpid();
	err = hand_send(sock, &m, NULL, 0);
	while (!err) {
		err = hand_recv(sock, &m, &fds, true);
		if (!err && m.type == HAND_END)
			break;
		if (!err)
			err = take(s, sock, &m, &fds);
		hand_close(&fds);
	}
	if (!err && !s->links.n)
		err = -EPROTO;
	return err ? failed(err) : 0;
}

int takeover_go(int sock, struct server *s)
{
	struct hand_msg m;
	int err = hand_tell(sock, HAND_READY);

	while (!err) {
		err = hand_recv(sock, &m, NULL, true);
		if (!err && m.type == HAND_GO)
			break;
		if (!err)
			err = m.type == HAND_CIDS ? links_add_cids(&s->links, m.cids.cid, m.cids.n)
						  : -EPROTO;
	}
	links_sort(&s->links);
	/* Until GO the old process took early data, and only that one remembers it. */
	if (!err)
		err = tls_shared_begin(s->tls_shared);
	return err ? failed(err) : 0;
}

int takeover_done(int sock)
{
	struct hand_msg m;
	int err = hand_tell(sock, HAND_DONE);

	if (!err)
		err = hand_expect(sock, &m, HAND_MAIN);
	return err ? failed(err) : 0;
}
