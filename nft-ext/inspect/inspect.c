// SPDX-License-Identifier: GPL-2.0-or-later
#include "inspect.h"
#include "link.h"

int qi_inspect_frame(struct qi_flows *flows, struct qi_frags *frags, int dlt,
		     const unsigned char *data, size_t len, time_t when)
{
	struct qi_datagram datagram;
	struct nq_cursor c;
	enum qi_net net;

	nq_cursor_init(&c, data, len);
	net = qi_link_strip(dlt, &c);
	if (!qi_ip_datagram(net, &c, frags, when, &datagram))
		return 0;
	return qi_flows_datagram(flows, &datagram);
}
