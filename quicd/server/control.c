// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../common/log.h"
#include "privilege.h"
#include "query.h"

#define ANSWER_TIMEOUT 5 /* seconds that --status waits for a service that hangs */

struct control {
	struct query query;
	const char *path;
	bool borrowed; /* the process that this one is to replace still serves it */
};

static int make_addr(const char *path, union addr *a)
{
	memset(a, 0, sizeof(*a));
	a->un.sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(a->un.sun_path))
		return -ENAMETOOLONG;
	strcpy(a->un.sun_path, path);
	return 0;
}

/* A socket file with no listener is left over from a crash and may be removed. */
static void remove_stale(const union addr *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (fd < 0)
		return;
	if (!stat(a->un.sun_path, &st) && S_ISSOCK(st.st_mode) &&
	    connect(fd, &a->sa, addr_len(a)) && errno == ECONNREFUSED)
		unlink(a->un.sun_path);
	close(fd);
}

/* The account that runs the service may query it, and so may its group. */
static int give_away(const struct config *config)
{
	uid_t uid;
	gid_t gid;
	int err;

	if (!config->user)
		return 0;
	err = privilege_find(config, &uid, &gid);
	if (err)
		return err;
	/* In its directory the account may have put a link in the socket's place. */
	return lchown(config->control, uid, gid) ? -errno : 0;
}

/* Makes the socket and its file. Returns it or -errno. */
static int make(const struct config *config, const char *path)
{
	union addr a;
	mode_t mask;
	int fd, err = make_addr(path, &a);

	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	remove_stale(&a);
	mask = umask(0117); /* owner and group */
	if (bind(fd, &a.sa, addr_len(&a)) || listen(fd, QUERY_BACKLOG))
		err = -errno;
	umask(mask);
	if (!err)
		err = give_away(config);
	if (!err)
		return fd;
	close(fd);
	return err;
}

struct control *control_open(struct server *s, struct loop *l)
{
	struct control *c = calloc(1, sizeof(*c));
	const char *path = s->config->control;
	int fd, err = 0;

	if (!c)
		return NULL;
	fd = inherit_take_control(&s->inherited, path);
	c->borrowed = fd >= 0;
	if (fd < 0)
		fd = make(s->config, path);
	if (fd < 0)
		err = fd;
	if (!err) {
		c->path = path;
		err = query_open(&c->query, s, l, fd, false);
	}
	if (err) {
		config_err(s->config, config_line(s->config, "service", "control"),
			   "control %s: %s", path, strerror(-err));
		if (fd >= 0)
			close(fd);
		free(c);
		return NULL;
	}
	return c;
}

int control_fd(const struct control *c)
{
	return c ? c->query.io.fd : -1;
}

void control_own(struct control *c)
{
	if (c)
		c->borrowed = false;
}

void control_leave(struct control *c)
{
	if (c)
		query_stop(&c->query);
}

void control_close(struct control *c)
{
	bool ours;

	if (!c)
		return;
	ours = control_fd(c) >= 0 && !c->borrowed;
	query_close(&c->query);
	if (ours)
		unlink(c->path);
	free(c);
}

int control_ask(const struct config *config, const char *command)
{
	static const struct timeval patience = {.tv_sec = ANSWER_TIMEOUT};
	char buf[4096];
	bool answered = false;
	union addr a;
	ssize_t n;
	int fd, err;

	if (!config->control) {
		config_err(config, 0, "\"control\" is not set in section [service]");
		return -EINVAL;
	}
	err = make_addr(config->control, &a);
	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)); /* and connect() */
	if (connect(fd, &a.sa, addr_len(&a)) || dprintf(fd, "%s\n", command) < 0) {
		err = -errno;
		log_err("control %s: %s", config->control, strerror(-err));
		close(fd);
		return err;
	}
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		fwrite(buf, 1, (size_t)n, stdout);
		answered = true;
	}
	/* The service hangs up when it has too many clients. */
	err = n < 0 ? -errno : answered ? 0 : -EAGAIN;
	close(fd);
	if (err) {
		log_err("control %s: %s", config->control,
			err == -EAGAIN ? "no answer" : strerror(-err));
		return err;
	}
	return fflush(stdout) ? -errno : 0;
}
