/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text for people: names from the wire made harmless, numbers, small files. */
#ifndef NA_TEXT_H
#define NA_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* More bytes of one name are never shown. */
#define NA_NAME_MAX 64

/**
 * na_name() - a copy of @src that can be shown on any terminal
 *
 * All but printable ASCII becomes \xNN, and so does a backslash; behind @max bytes there is "...".
 * The caller frees it.
 */
char *na_name(const char *src, size_t len, size_t max);

/** na_printf() - as asprintf(); the process ends if there is no memory. The caller frees it. */
char *na_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** na_need() - @p; the process ends if it is NULL for want of memory */
void *na_need(void *p);

/**
 * na_shown() - a path or word of a configuration, as na_name() with 255 bytes
 *
 * The caller frees it.
 */
char *na_shown(const char *text);

/**
 * na_read_file() - all of a small file, with a NUL behind; NULL with errno. The caller frees it.
 *
 * For paths of this program's own, as in /proc: not for those that others name.
 */
char *na_read_file(const char *path, size_t *len);

/* Larger files that others name are not read. */
#define NA_FILE_MAX (1 << 20)

/** na_read_plain() - the same, of a regular file of at most NA_FILE_MAX bytes that is not in /proc
 */
char *na_read_plain(const char *path, size_t *len);

/** na_read_config() - the same, if the file is root's, or one's own, and nobody else may write it
 */
char *na_read_config(const char *path);

/** na_read_number() - the decimal number in a file of /proc or /sys, -1 if there is none */
long long na_read_number(const char *path);

/** na_exists() - whether there is something at @path */
bool na_exists(const char *path);

/** na_read_pipe() - all that comes until its end, with a NUL behind; NULL with errno */
char *na_read_pipe(int fd);

/* where programs are looked for, whoever calls */
#define NA_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/**
 * na_run() - the standard output of a program, which gets no environment but PATH
 *
 * NULL if it cannot be run or fails. The caller frees it.
 */
char *na_run(const char *const argv[]);

/* A text that grows; @f is open until na_take(). */
struct na_buf {
	char *text;
	size_t len;
	FILE *f;
};

/** na_buf_open() - begin a text */
void na_buf_open(struct na_buf *b);

/** na_take() - end a text; the caller frees it */
char *na_take(struct na_buf *b);

#endif
