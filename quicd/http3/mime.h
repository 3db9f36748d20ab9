/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICD_MIME_H
#define QUICD_MIME_H

/* Media type of a file by its name's ending; application/octet-stream if unknown. */
const char *mime_type(const char *path);

#endif
