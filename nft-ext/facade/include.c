// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "include.h"
#include "run.h"
#include "walk.h"

#define MAX_DEPTH    16 /* as libnftables has it */
#define DEFAULT_PATH "/etc"

char *nx_read_fd(int fd, size_t *len)
{
	struct nx_buf b = NX_BUF_INIT;
	ssize_t n = 1;

	while (n > 0 && nx_buf_room(&b, b.len ? b.len : 16384)) {
		n = read(fd, b.p + b.len, b.cap - b.len - 1);
		if (n > 0)
			b.len += n;
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	if (n < 0 || b.oom) {
		int err = b.oom ? ENOMEM : errno;

		nx_buf_free(&b);
		errno = err;
		return NULL;
	}
	b.p[b.len] = '\0';
	*len = b.len;
	return b.p;
}

char *nx_read_file(const char *name, size_t *len, bool *regular)
{
	struct stat st;
	char *text = NULL;
	int fd, err;

	/* libnftables refuses these itself */
	if (stat(name, &st))
		return NULL;
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode)) {
		errno = EINVAL;
		return NULL;
	}
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	text = nx_read_fd(fd, len);
	err = errno;
	close(fd);
	errno = err;
	if (regular)
		*regular = S_ISREG(st.st_mode);
	return text;
}

/* The sets of a file that will be included. A pipe is read when it is its turn, once. */
static void look_into(struct nx_lang *lang, const struct nx_block *block, const char *name)
{
	struct nx_text *text = NULL;
	struct stat st;
	size_t len;
	char *src;

	if (stat(name, &st) || !S_ISREG(st.st_mode))
		return;
	src = nx_read_file(name, &len, NULL);
	if (!src)
		return;
	text = nx_text_new(NULL, src, len);
	if (text)
		nx_look_for_sets(lang, text, block);
	else
		lang->oom = true;
	nx_text_free(text);
}

/* As nx_read_file; a pipe is read once for all runs of a command. */
static char *read_included(struct nx_run *run, const char *name, size_t *len, bool *pipe)
{
	struct nx_pipes *pipes = run->pipes;
	struct nx_buf *all, *b;
	struct stat st;
	char *text;

	*pipe = !stat(name, &st) && S_ISFIFO(st.st_mode);
	if (!*pipe)
		return nx_read_file(name, len, NULL);
	if (run->npipes == pipes->n) {
		text = nx_read_file(name, len, NULL);
		all = text ? realloc(pipes->text, (pipes->n + 1) * sizeof(*all)) : NULL;
		if (!all) {
			run->lang.oom |= text != NULL;
			free(text);
			return NULL;
		}
		pipes->text = all;
		all[pipes->n++] = (struct nx_buf){.p = text, .len = *len};
	}
	b = &pipes->text[run->npipes++];
	*len = b->len;
	text = malloc(b->len + 1);
	if (text)
		memcpy(text, b->p, b->len + 1);
	else
		run->lang.oom = true;
	return text;
}

static void include_file(struct nx_lang *lang, const struct nx_block *block, const char *name)
{
	struct nx_run *run = lang->arg;
	struct nx_text *text;
	size_t len;
	char *src;
	bool pipe;

	if (lang->nested >= MAX_DEPTH)
		return;
	if (lang->looking) {
		lang->nested++;
		look_into(lang, block, name);
		lang->nested--;
		return;
	}
	src = read_included(run, name, &len, &pipe);
	if (!src)
		return;
	text = nx_text_new(name, src, len);
	if (text)
		text->once = pipe;
	if (!text || !nx_run_add(run, text)) {
		lang->oom = true;
		return;
	}
	lang->nested++;
	nx_translate(lang, text, block);
	lang->nested--;
}

/* All files of one pattern. False if the next directory is to be searched, too. */
static bool include_glob(struct nx_lang *lang, const struct nx_block *block, const char *pattern)
{
	bool wild = strpbrk(pattern, "*?[") != NULL, found = false;
	glob_t g;

	if (glob(pattern, GLOB_NOESCAPE | GLOB_MARK, NULL, &g))
		return false;
	for (size_t i = 0; i < g.gl_pathc; i++) {
		size_t len = strlen(g.gl_pathv[i]);

		/* directories are marked, and skipped */
		if (!len || g.gl_pathv[i][len - 1] == '/')
			continue;
		include_file(lang, block, g.gl_pathv[i]);
		found = true;
	}
	globfree(&g);
	return found && !wild;
}

static bool include_in(struct nx_lang *lang, const struct nx_block *block, const char *dir,
		       const char *name)
{
	struct nx_buf path = NX_BUF_INIT;
	bool done;

	nx_buf_fmt(&path, "%s/%s", dir, name);
	done = !path.oom && include_glob(lang, block, path.p);
	nx_buf_free(&path);
	return done;
}

void nx_include(struct nx_lang *lang, const struct nx_block *block, const char *pattern, size_t len)
{
	struct nx_run *run = lang->arg;
	const struct nx_buf *paths = &run->ctx->paths;
	char *name = strndup(pattern, len);
	bool done = false;

	if (!name) {
		lang->oom = true;
		return;
	}
	if (name[0] == '/' || !strncmp(name, "./", 2) || !strncmp(name, "../", 3)) {
		include_glob(lang, block, name);
		done = true;
	}
	for (size_t at = 0; !done && at < paths->len; at += strlen(paths->p + at) + 1)
		done = include_in(lang, block, paths->p + at, name);
	if (!done)
		include_in(lang, block, DEFAULT_PATH, name);
	free(name);
}
