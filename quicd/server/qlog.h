/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICD_QLOG_H
#define QUICD_QLOG_H

#include <stdbool.h>

/* False with a library whose qlog writer has CVE-2026-40170. */
bool qlog_safe(void);

#endif
