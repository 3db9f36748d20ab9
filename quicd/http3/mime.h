/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Media types by the ending of a file's name. */
#ifndef QUICD_MIME_H
#define QUICD_MIME_H

/* From Debian's media-types; each line is "type ending ending ...". */
#define MIME_FILE "/etc/mime.types"

struct mime;

/* Reads such a file. Returns NULL with errno if that fails. */
struct mime *mime_load(const char *path);
void mime_free(struct mime *m);

/*
 * The type of a file of that name, from @m (may be NULL) or else a small table of our
 * own; application/octet-stream if neither knows. Text is taken to be UTF-8.
 */
const char *mime_find(const struct mime *m, const char *path);
/* Likewise, from our own table only. */
const char *mime_type(const char *path);

#endif
