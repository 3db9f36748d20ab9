/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Section [stream] of the configuration. */
#ifndef QUICD_MODES_STREAM_H
#define QUICD_MODES_STREAM_H

#include "pump.h"

struct stream_conf {
	struct pump_conf pump; /* first */
	struct backends backends;
	bool proxy_protocol;
	bool server_stream; /* quicd opens one to each client */
};

#endif
