// SPDX-License-Identifier: GPL-2.0-or-later
/* qlog: one file per connection, named after its original connection ID. */
#define _GNU_SOURCE
#include "qlog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/log.h"
#include "conncb.h"

struct qlog {
	FILE *file;
};

/*
 * Debian fixed its 1.11.0 without changing the library's number, so ask the package database.
 * The fixed versions are 1.11.0-1+deb13u1 and later updates of it.
 */
static bool debian_has_fix(void)
{
	FILE *f = fopen("/var/lib/dpkg/status", "re");
	bool ours = false, fixed = false;
	char *line = NULL;
	size_t cap = 0;

	if (!f)
		return false;
	while (getline(&line, &cap, f) > 0) {
		if (!strncmp(line, "Package: ", 9))
			ours = !strncmp(line, "Package: libngtcp2-1", 20) &&
			       !strstr(line, "crypto");
		else if (ours && !strncmp(line, "Version: 1.11.0-1+deb13u", 24))
			fixed = true;
	}
	free(line);
	fclose(f);
	return fixed;
}

bool qlog_safe(void)
{
	const ngtcp2_info *info = ngtcp2_version(0);

	return info->version_num >= QUICVER_QLOG_FIXED ||
	       (info->version_num == QUICVER_DEBIAN_FLOOR && debian_has_fix());
}

static void write_event(void *user, uint32_t flags, const void *data, size_t len)
{
	struct conn *c = user;

	(void)flags;
	if (c->qlog)
		fwrite(data, 1, len, c->qlog->file);
}

struct qlog *conn_qlog_open(struct conn *c, const struct conn_accept *a, ngtcp2_settings *s)
{
	const char *dir = c->worker->server->config->qlog_dir;
	const ngtcp2_cid *id = a->original_dcid ? a->original_dcid : &a->hd->dcid;
	char hex[2 * NGTCP2_MAX_CIDLEN + 1] = "", *path;
	struct qlog *q;

	if (!dir)
		return NULL;
	for (size_t i = 0; i < id->datalen; i++)
		sprintf(hex + 2 * i, "%02x", id->data[i]);
	if (asprintf(&path, "%s/%s.sqlog", dir, hex) < 0)
		return NULL;
	q = malloc(sizeof(*q));
	if (q) {
		q->file = fopen(path, "wex");
		if (!q->file) {
			log_warn("qlog %s: %s", path, strerror(errno));
			free(q);
			q = NULL;
		} else {
			s->qlog_write = write_event;
		}
	}
	free(path);
	return q;
}

void conn_qlog_close(struct conn *c)
{
	if (c->qlog)
		fclose(c->qlog->file);
	free(c->qlog);
	c->qlog = NULL;
}
