// SPDX-License-Identifier: GPL-2.0-or-later
#include "loop.h"

#include <errno.h>
#include <unistd.h>

#include "clock.h"

int loop_init(struct loop *l)
{
	*l = (struct loop){0};
	timerq_init(&l->timers);
	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	return l->epfd < 0 ? -errno : 0;
}

void loop_free(struct loop *l)
{
	if (l->epfd >= 0)
		close(l->epfd);
	l->epfd = -1;
	timerq_free(&l->timers);
}

int loop_add(struct loop *l, struct io *io, int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = io};

	io->fd = fd;
	io->events = events;
	return epoll_ctl(l->epfd, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

int loop_mod(struct loop *l, struct io *io, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = io};

	if (io->events == events)
		return 0;
	io->events = events;
	return epoll_ctl(l->epfd, EPOLL_CTL_MOD, io->fd, &ev) ? -errno : 0;
}

void loop_del(struct loop *l, struct io *io)
{
	epoll_ctl(l->epfd, EPOLL_CTL_DEL, io->fd, NULL);
	for (int i = 0; i < l->nbatch; i++)
		if (l->batch[i].data.ptr == io)
			l->batch[i].data.ptr = NULL;
}

int loop_once(struct loop *l, uint64_t max_wait)
{
	uint64_t now = clock_now(), next = timerq_next(&l->timers), wait = max_wait;
	struct timespec ts;
	int n;

	if (next <= now)
		wait = 0;
	else if (next - now < wait)
		wait = next - now;
	ts.tv_sec = (time_t)(wait / NS_PER_S);
	ts.tv_nsec = (long)(wait % NS_PER_S);
	n = epoll_pwait2(l->epfd, l->batch, LOOP_BATCH, &ts, NULL);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	l->nbatch = n;
	for (int i = 0; i < n; i++) {
		struct io *io = l->batch[i].data.ptr;

		if (io)
			io->fn(io, l->batch[i].events);
	}
	l->nbatch = 0;
	timerq_run(&l->timers, clock_now());
	return 0;
}
