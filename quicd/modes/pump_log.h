/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stream that is over: its line in the access log and its place in the histograms. */
#ifndef QUICD_PUMP_LOG_H
#define QUICD_PUMP_LOG_H

#include "../server/accessfmt.h"
#include "pump.h"

/* Once for each stream, before its pump is freed. */
void pump_log(const struct pump *p, enum access_end end);

#endif
