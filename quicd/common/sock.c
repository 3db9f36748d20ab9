// SPDX-License-Identifier: GPL-2.0-or-later
#include "sock.h"

#include <sys/socket.h>
#include <unistd.h>

void sock_close(int fd, bool cut)
{
	struct linger hard = {.l_onoff = 1, .l_linger = 0};

	if (cut)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(fd);
}
