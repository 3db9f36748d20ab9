// SPDX-License-Identifier: GPL-2.0-or-later
/* Files below the root directory. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../server/loader.h"
#include "../server/worker.h"
#include "coding.h"
#include "h3conf.h"
#include "handler.h"
#include "httpval.h"
#include "mime.h"

#define PATH_LEN   4096
#define ETAG_LEN   64 /* three numbers of 16 digits, the signs between them, a coding's ending */
#define FILL_CHUNK CHUNKQ_READ_MAX /* read ahead of what the client takes, at most */

struct static_file {
	int fd;
	uint64_t at, left;
};

/* A regular file that may be sent. */
struct found {
	int fd;
	struct stat st;
	const struct coding *coding; /* NULL: as it is */
	const char *name;	     /* without the coding's ending */
};

static const struct h3_conf *conf_of(const struct h3_req *r)
{
	return r->hc->conn->worker->server->config->mode_conf;
}

static void check_index(struct loader *l, struct h3_conf *conf)
{
	if (!conf->index)
		conf->index = strdup("index.html");
	else if (strchr(conf->index, '/'))
		loader_complain(l, config_line(l->c, "http3", "index"),
				"index = %s: not a file's name", conf->index);
}

static void check(struct loader *l)
{
	struct h3_conf *conf = l->c->mode_conf;

	if (conf->root) {
		conf->root_fd = open(conf->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (conf->root_fd < 0)
			loader_complain(l, config_line(l->c, "http3", "root"), "root = %s: %s",
					conf->root, strerror(errno));
		conf->mime = mime_load(conf->mime_types ? conf->mime_types : MIME_FILE);
		if (!conf->mime && conf->mime_types)
			loader_complain(l, config_line(l->c, "http3", "mime-types"),
					"mime-types = %s: %s", conf->mime_types, strerror(errno));
	} else if (conf->mime_types || conf->index || config_line(l->c, "http3", "precompressed")) {
		const char *key = conf->index	     ? "index"
				  : conf->mime_types ? "mime-types"
						     : "precompressed";

		loader_complain(l, config_line(l->c, "http3", key), "%s needs a root", key);
	}
	check_index(l, conf);
}

/* The kernel itself keeps the walk below the root: ".." and symbolic links cannot leave it. */
static int open_beneath(int dir, const char *name)
{
	struct open_how how = {
		/* O_NONBLOCK: a FIFO must not hold up the worker. */
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};

	int fd;

	/* EAGAIN: something was renamed while the kernel walked through "..". */
	for (int i = 0; i < 8; i++) {
		fd = (int)syscall(SYS_openat2, dir, name[0] ? name : ".", &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd;
}

static int method_not_allowed(struct h3_req *r)
{
	struct fields f = {0};
	int rv = fields_put(&f, "allow", "GET, HEAD") ? -1 : h3_error(r, 405, &f);

	fields_free(&f);
	return rv;
}

/* A directory requested without its slash: relative links in it would be wrong. */
static int redirect_to_directory(struct h3_req *r)
{
	size_t len = strcspn(r->path, "?#");
	char *where;

	if (asprintf(&where, "%.*s/%s", (int)len, r->path, r->path + len) < 0)
		where = NULL;
	return h3_moved(r, 301, where);
}

static int open_error(struct h3_req *r, int err)
{
	switch (err) {
	case EACCES:
	case EPERM:
		return h3_error(r, 403, NULL);
	case ENOENT:
	case ENOTDIR:
	case EXDEV: /* would leave the root */
	case ELOOP:
	case ENAMETOOLONG:
	case ENXIO:
		return h3_error(r, 404, NULL);
	case EMFILE:
	case ENFILE:
	case EAGAIN:
		return h3_error(r, 503, NULL);
	default:
		return h3_error(r, 500, NULL);
	}
}

/* A list may stand in one field or in several (RFC 9110, 5.3). */
static bool any_etag(const struct h3_req *r, const char *name, const char *etag,
		     bool (*in_list)(const char *list, const char *etag))
{
	for (size_t i = 0; i < r->fields.n; i++)
		if (!strcmp(r->fields.v[i].name, name) && in_list(r->fields.v[i].value, etag))
			return true;
	return false;
}

/* RFC 9110, 13.2.2, first half: this is not the file that the client means. */
static bool precondition_failed(const struct h3_req *r, const char *etag, time_t mtime)
{
	const struct field *f = fields_get(&r->fields, "if-match");
	time_t since;

	if (f)
		return !any_etag(r, "if-match", etag, http_etag_in_strong);
	f = fields_get(&r->fields, "if-unmodified-since");
	since = f ? http_date_parse(f->value) : -1;
	return since != -1 && mtime > since;
}

/* Second half: If-None-Match, else If-Modified-Since. */
static bool not_modified(const struct h3_req *r, const char *etag, time_t mtime)
{
	const struct field *f = fields_get(&r->fields, "if-none-match");
	time_t since;

	if (f)
		return any_etag(r, "if-none-match", etag, http_etag_in);
	f = fields_get(&r->fields, "if-modified-since");
	since = f ? http_date_parse(f->value) : -1;
	return since != -1 && mtime <= since;
}

/* A range applies only to the version that the client already has a part of (If-Range). */
static bool range_applies(const struct h3_req *r, const char *etag, time_t mtime)
{
	const struct field *f = fields_get(&r->fields, "if-range");

	if (!f)
		return true;
	if (f->value[0] == '"')
		return !strcmp(f->value, etag);
	return http_date_parse(f->value) == mtime;
}

/* Accept-Encoding decides about the file, and so about errors that tell of it. */
static int put_vary(const struct h3_req *r, struct fields *f)
{
	return conf_of(r)->precompressed ? fields_put(f, "vary", "accept-encoding") : 0;
}

/* An error of this version of the file; with a range in vain, its size. */
static int version_error(struct h3_req *r, unsigned int status, uint64_t size)
{
	struct fields f = {0};
	char text[48];
	int rv = -1;

	snprintf(text, sizeof(text), "bytes */%" PRIu64, size);
	if (!put_vary(r, &f) && (status != 416 || !fields_put(&f, "content-range", text)))
		rv = h3_error(r, status, &f);
	fields_free(&f);
	return rv;
}

/* The fields that also a 304 has; each coding is a version of its own. */
static int put_version(const struct h3_req *r, struct fields *f, const struct found *file,
		       const char *etag)
{
	char date[HTTP_DATE_LEN];

	http_date(file->st.st_mtime, date);
	if (put_vary(r, f))
		return -ENOMEM;
	return fields_put(f, "etag", etag) || fields_put(f, "last-modified", date) ||
			       fields_put(f, "accept-ranges", "bytes")
		       ? -ENOMEM
		       : 0;
}

static int put_content(const struct h3_req *r, struct fields *f, const struct found *file)
{
	if (file->coding && fields_put(f, "content-encoding", file->coding->name))
		return -ENOMEM;
	return fields_put(f, "content-type", mime_find(conf_of(r)->mime, file->name));
}

/* Size, time of the last change and coding: another version of the file differs in one of them. */
static void make_etag(const struct found *file, char etag[ETAG_LEN])
{
	const struct timespec *t = &file->st.st_mtim;
	const char *coding = file->coding ? file->coding->ending : "";

	*etag++ = '"';
	etag = http_number(etag, (uint64_t)file->st.st_size, 16);
	*etag++ = '-';
	etag = http_number(etag, (uint64_t)t->tv_sec, 16);
	*etag++ = '.';
	etag = stpcpy(http_number(etag, (uint64_t)t->tv_nsec, 16), coding);
	strcpy(etag, "\"");
}

/* Answers with the file, whose descriptor is closed or kept in r->work. */
static int answer(struct h3_req *r, struct found *found)
{
	uint64_t size = (uint64_t)found->st.st_size, first = 0, last = size - 1;
	time_t mtime = found->st.st_mtime;
	char etag[ETAG_LEN], length[24], range[80];
	const struct field *rf = fields_get(&r->fields, "range");
	enum range_result rr = RANGE_NONE;
	bool head = !strcmp(r->method, "HEAD");
	struct fields f = {0};
	int rv = -1;

	make_etag(found, etag);
	if (put_version(r, &f, found, etag))
		goto out;
	if (precondition_failed(r, etag, mtime)) {
		rv = version_error(r, 412, size);
		goto out;
	}
	if (not_modified(r, etag, mtime)) {
		rv = h3_respond(r, 304, &f, false);
		goto out;
	}
	if (rf && !head && range_applies(r, etag, mtime))
		rr = http_range(rf->value, size, &first, &last);
	if (rr == RANGE_BAD) {
		rv = version_error(r, 416, size);
		goto out;
	}
	http_number(length, rr == RANGE_OK ? last - first + 1 : size, 10);
	if (put_content(r, &f, found) || fields_put(&f, "content-length", length))
		goto out;
	if (rr == RANGE_OK) {
		snprintf(range, sizeof(range), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, first,
			 last, size);
		if (fields_put(&f, "content-range", range))
			goto out;
	}
	if (!head && size) {
		struct static_file *file = malloc(sizeof(*file));

		if (!file)
			goto out;
		*file = (struct static_file){
			.fd = found->fd, .at = first, .left = last - first + 1};
		r->work = file;
		found->fd = -1;
	}
	rv = h3_respond(r, rr == RANGE_OK ? 206 : 200, &f, r->work != NULL);
out:
	if (found->fd >= 0)
		close(found->fd);
	fields_free(&f);
	return rv;
}

/*
 * Takes the file's compressed form that the client likes best in its place. One that is older
 * than the file is of an older file.
 */
static void compressed(const struct h3_req *r, struct found *found)
{
	const struct coding *like[CODINGS];
	char name[PATH_LEN + 8];
	size_t n = coding_choose(&r->fields, like);

	for (size_t i = 0; i < n; i++) {
		struct stat st;
		int fd;

		snprintf(name, sizeof(name), "%s%s", found->name, like[i]->ending);
		fd = open_beneath(conf_of(r)->root_fd, name);
		if (fd < 0)
			continue;
		if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_mtime < found->st.st_mtime) {
			close(fd);
			continue;
		}
		close(found->fd);
		found->fd = fd;
		found->st = st;
		found->coding = like[i];
		return;
	}
}

static int start(struct h3_req *r)
{
	const struct h3_conf *conf = conf_of(r);
	char name[PATH_LEN];
	struct found found = {.name = name};
	size_t len;

	h3_discard_input(r);
	if (strcmp(r->method, "GET") && strcmp(r->method, "HEAD"))
		return method_not_allowed(r);
	if (http_path_decode(r->path, name, sizeof(name)))
		return h3_error(r, 404, NULL);
	found.fd = open_beneath(conf->root_fd, name);
	if (found.fd < 0)
		return open_error(r, errno);
	if (fstat(found.fd, &found.st)) {
		close(found.fd);
		return h3_error(r, 500, NULL);
	}
	len = strlen(name);
	if (S_ISDIR(found.st.st_mode)) {
		close(found.fd);
		if (len && name[len - 1] != '/')
			return redirect_to_directory(r);
		if (len + strlen(conf->index) >= sizeof(name))
			return h3_error(r, 404, NULL);
		strcpy(name + len, conf->index);
		found.fd = open_beneath(conf->root_fd, name);
		if (found.fd < 0)
			return open_error(r, errno == ENOENT ? EACCES : errno);
		if (fstat(found.fd, &found.st)) {
			close(found.fd);
			return h3_error(r, 500, NULL);
		}
	}
	if (!S_ISREG(found.st.st_mode)) {
		close(found.fd);
		return h3_error(r, 403, NULL);
	}
	if (conf->precompressed)
		compressed(r, &found);
	return answer(r, &found);
}

static void end(struct h3_req *r)
{
	struct static_file *f = r->work;

	close(f->fd);
	free(f);
	r->work = NULL;
}

/* Reads straight into the chunks that are sent from: one copy between page cache and cipher. */
static void fill(struct h3_req *r)
{
	struct static_file *f = r->work;
	struct worker *w = r->hc->conn->worker;
	uint64_t window = w->server->config->stream_window;

	while (f->left && r->body.unsent < FILL_CHUNK && r->body.len < window) {
		ssize_t n = chunkq_read(&r->body, &w->pool, f->fd,
					f->left < FILL_CHUNK ? (size_t)f->left : FILL_CHUNK,
					(off_t)f->at);

		if (n < 0 && errno == ENOMEM)
			return;
		if (n <= 0) {
			/*
			 * The file has become shorter than the length that we promised.
			 * This runs inside nghttp3, which learns of it when ngtcp2 refuses
			 * the stream.
			 */
			ngtcp2_conn_shutdown_stream_write(r->hc->conn->quic, 0, r->id,
							  NGHTTP3_H3_INTERNAL_ERROR);
			end(r);
			return;
		}
		f->at += (uint64_t)n;
		f->left -= (uint64_t)n;
	}
	if (!f->left)
		r->body_fin = true;
}

static void room(struct h3_req *r)
{
	if (r->body_waiting)
		h3_body_more(r);
}

const struct h3_handler h3_static = {
	.check = check,
	.start = start,
	.fill = fill,
	.room = room,
	.cancel = end,
};
