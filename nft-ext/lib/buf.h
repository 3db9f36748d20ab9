/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A byte string that grows. */
#ifndef NX_BUF_H
#define NX_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * struct nx_buf - growing bytes, always followed by a NUL once anything was added
 * @p:		the bytes, or NULL
 * @len:	how many
 * @cap:	room
 * @oom:	an allocation failed; the content is not to be used. Sticky, so that a
 *		caller may add many times and look once.
 */
struct nx_buf {
	char *p;
	size_t len, cap;
	bool oom;
};

#define NX_BUF_INIT {NULL, 0, 0, false}

/** nx_buf_room - make room for @more bytes and a NUL; false without memory */
bool nx_buf_room(struct nx_buf *b, size_t more);
/** nx_buf_add - append @n bytes */
void nx_buf_add(struct nx_buf *b, const void *data, size_t n);
/** nx_buf_str - append a string */
void nx_buf_str(struct nx_buf *b, const char *s);
/** nx_buf_char - append @n times @c */
void nx_buf_char(struct nx_buf *b, char c, size_t n);
/** nx_buf_fmt - append as printf would */
void nx_buf_fmt(struct nx_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** nx_buf_vfmt - append as vprintf would */
void nx_buf_vfmt(struct nx_buf *b, const char *fmt, va_list ap);
/** nx_buf_reset - empty, keeping the room */
void nx_buf_reset(struct nx_buf *b);
/** nx_buf_free - give the memory back */
void nx_buf_free(struct nx_buf *b);
/** nx_buf_cstr - the bytes as a string, "" if there are none */
const char *nx_buf_cstr(const struct nx_buf *b);

#endif /* NX_BUF_H */
