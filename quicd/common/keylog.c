// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "keylog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct keylog {
	int fd;
};

struct keylog *keylog_open(const char *path, bool follow, uid_t uid, gid_t gid)
{
	/* A FIFO without a reader must not hold up the start. */
	int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK |
		    (follow ? 0 : O_NOFOLLOW);
	struct keylog *k = malloc(sizeof(*k));

	if (!k)
		return NULL;
	k->fd = open(path, flags | O_EXCL, 0600);
	if (k->fd < 0 && errno == EEXIST) {
		k->fd = open(path, flags, 0600);
	} else if (k->fd >= 0 && fchown(k->fd, uid, gid)) {
		close(k->fd);
		k->fd = -1;
	}
	if (k->fd < 0) {
		free(k);
		return NULL;
	}
	return k;
}

void keylog_close(struct keylog *k)
{
	if (k)
		close(k->fd);
	free(k);
}

static size_t put_hex(char *out, const unsigned char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sprintf(out + 2 * i, "%02x", data[i]);
	return 2 * len;
}

void keylog_write(struct keylog *k, gnutls_session_t session, const char *label,
		  const gnutls_datum_t *secret)
{
	gnutls_datum_t client_random, server_random;
	char line[512];
	size_t n;

	gnutls_session_get_random(session, &client_random, &server_random);
	if (strlen(label) > 64 || secret->size > 64 || client_random.size > 64)
		return;
	n = (size_t)sprintf(line, "%s ", label);
	n += put_hex(line + n, client_random.data, client_random.size);
	line[n++] = ' ';
	n += put_hex(line + n, secret->data, secret->size);
	line[n++] = '\n';
	/* One write to a file opened with O_APPEND: lines of several threads do not mix. */
	if (write(k->fd, line, n) < 0)
		return;
}
