// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/log.h"
#include "privilege.h"

static int derive(const uint8_t root[SECRET_LEN], const char *label, uint8_t out[SECRET_LEN])
{
	const gnutls_datum_t key = {(unsigned char *)root, SECRET_LEN};
	const gnutls_datum_t info = {(unsigned char *)label, (unsigned int)strlen(label)};

	return gnutls_hkdf_expand(GNUTLS_MAC_SHA256, &key, &info, out, SECRET_LEN) ? -EIO : 0;
}

/* After an upgrade the file is read by the account of the service. */
static int give_away(const struct config *c, int fd)
{
	uid_t uid;
	gid_t gid;
	int err;

	if (!c->user || geteuid())
		return 0;
	err = privilege_find(c, &uid, &gid);
	if (err)
		return err;
	return fchown(fd, uid, gid) ? -errno : 0;
}

/* Makes the file under another name first, so that it never exists half-written. */
static int create(const struct config *c, const char *path, uint8_t root[SECRET_LEN])
{
	char *tmp;
	int fd, err;

	if (asprintf(&tmp, "%s.%d", path, (int)getpid()) < 0)
		return -ENOMEM;
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		err = -errno;
		free(tmp);
		return err;
	}
	err = give_away(c, fd);
	if (!err && (write(fd, root, SECRET_LEN) != SECRET_LEN || fsync(fd)))
		err = errno ? -errno : -EIO;
	close(fd);
	/* link() does not replace: of two services that start at once, one file wins. */
	if (!err && link(tmp, path))
		err = -errno;
	unlink(tmp);
	free(tmp);
	return err;
}

static int load(const char *path, uint8_t root[SECRET_LEN])
{
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	n = read(fd, root, SECRET_LEN);
	close(fd);
	return n == SECRET_LEN ? 0 : n < 0 ? -errno : -EINVAL;
}

bool secret_has_file(const struct config *c)
{
	return c->secret_file || getenv("STATE_DIRECTORY");
}

int secret_load(struct secret *s, const struct config *c, bool may_create)
{
	const char *dir = getenv("STATE_DIRECTORY");
	uint8_t root[SECRET_LEN];
	char *path = NULL;
	int err;

	if (gnutls_rnd(GNUTLS_RND_KEY, root, sizeof(root)))
		return -EIO;
	if (c->secret_file)
		path = strdup(c->secret_file);
	else if (dir && asprintf(&path, "%s/%s.secret", dir, c->name) < 0)
		path = NULL;
	if (path) {
		err = load(path, root);
		if (err == -ENOENT && !may_create) {
			err = 0;
		} else if (err == -ENOENT) {
			err = create(c, path, root);
			if (err == -EEXIST)
				err = load(path, root);
		}
		if (err) {
			config_err(c, config_line(c, "service", "secret-file"),
				   "secret-file %s: %s", path,
				   err == -EINVAL ? "does not hold 32 octets" : strerror(-err));
			free(path);
			return err;
		}
		free(path);
	} else if (c->secret_file || dir) {
		return -ENOMEM;
	}
	err = derive(root, "quicd stateless reset", s->reset);
	if (!err)
		err = derive(root, "quicd address token", s->token);
	gnutls_memset(root, 0, sizeof(root));
	return err;
}
