/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stream sockets to backends and old clients. */
#ifndef QUICD_SOCK_H
#define QUICD_SOCK_H

#include <stdbool.h>

/* Closes @fd; @cut: with a RST, so that the other side does not take a part for the whole. */
void sock_close(int fd, bool cut);

#endif
