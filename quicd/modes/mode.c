// SPDX-License-Identifier: GPL-2.0-or-later
#include "../server/mode.h"

const struct mode *mode_find(const struct config *c)
{
	switch ((enum service_mode)c->mode) {
	case MODE_STREAM:
		return &mode_stream;
	case MODE_ECHO:
		return &mode_echo;
	case MODE_HANDOFF:
		return &mode_handoff;
	case MODE_HTTP3:
		return &mode_http3;
	case MODE_UNSET:
		break;
	}
	return NULL;
}
