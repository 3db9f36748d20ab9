// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run.h"

bool nx_run_add(struct nx_run *run, struct nx_text *text)
{
	if (run->ntext == run->cap) {
		size_t cap = run->cap ? 2 * run->cap : 4;
		struct nx_text **t = realloc(run->text, cap * sizeof(*t));

		if (!t) {
			nx_text_free(text);
			return false;
		}
		run->text = t;
		run->cap = cap;
	}
	run->text[run->ntext++] = text;
	return true;
}

void nx_run_note(struct nx_run *run, const char *fmt, ...)
{
	va_list ap;

	run->failed = true;
	nx_buf_str(&run->notes, "Error: ");
	va_start(ap, fmt);
	nx_buf_vfmt(&run->notes, fmt, ap);
	va_end(ap);
	nx_buf_str(&run->notes, "\n");
}

static bool same_file(const char *a, const struct stat *b)
{
	struct stat st;

	return !stat(a, &st) && st.st_dev == b->st_dev && st.st_ino == b->st_ino;
}

/* The library may have another path to a file, a canonical one; messages will have it too. */
static void adopt_name(struct nx_run *run, const char *name)
{
	struct stat st;

	if (stat(name, &st))
		return;
	for (size_t i = 0; i < run->ntext; i++) {
		struct nx_text *t = run->text[i];
		char *copy;

		if (!t->name || !strcmp(t->name, name) || !same_file(t->name, &st))
			continue;
		copy = strdup(name);
		if (!copy)
			continue;
		free(t->name);
		t->name = copy;
	}
}

/* A file that is included n times has n texts; they are opened in that order. */
FILE *nx_run_fopen(struct nx_run *run, const char *name)
{
	struct nx_text *best = NULL;
	const char *text;
	size_t len;
	FILE *f;
	int fd;

	if (run->ntext > 1)
		adopt_name(run, name);
	for (size_t i = 0; i < run->ntext; i++) {
		struct nx_text *t = run->text[i];

		if (t->name && !strcmp(t->name, name) && (!best || t->opened < best->opened))
			best = t;
	}
	if (!best || (!best->n && !best->once))
		return NULL;
	best->opened++;
	text = nx_text_result(best, &len);
	fd = memfd_create("nft-quic", MFD_CLOEXEC);
	if (fd < 0)
		return NULL;
	for (size_t at = 0; at < len;) {
		ssize_t n = write(fd, text + at, len - at);

		if (n <= 0)
			goto err;
		at += n;
	}
	nx_text_map(best, fd);
	if (lseek(fd, 0, SEEK_SET) < 0)
		goto err;
	f = fdopen(fd, "r");
	if (f)
		return f;
err:
	close(fd);
	return NULL;
}

bool nx_run_stale(struct nx_run *run)
{
	for (const struct nx_asked *a = run->lang.asked; a && !run->again; a = a->next) {
		struct nx_set_id id = {a->family, a->table, strlen(a->table), a->set,
				       strlen(a->set)};
		const struct nx_layout *l = nx_layouts_get(&run->ctx->layouts, &id);
		static const struct nx_layout none;

		run->again = !nx_layout_equal(l ? l : &none, &a->layout);
	}
	return run->again && run->tries < NX_MAX_TRIES;
}
