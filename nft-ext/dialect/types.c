// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "types.h"

static const struct {
	const char *type, *text;
} types[] = {
	{"inet_service", "tcp dport"},	{"ipv4_addr", "ip daddr"},
	{"ipv6_addr", "ip6 daddr"},	{"mark", "meta mark"},
	{"inet_proto", "meta l4proto"}, {"ether_addr", "ether daddr"},
	{"ifname", "meta iifname"},	{"iface_index", "meta iif"},
	{"verdict", "verdict"},		{"dscp", "ip dscp"},
	{"classid", "meta priority"},	{"cgroupsv2", "socket cgroupv2"},
};

const char *nx_type_expr(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strlen(types[i].type) == len && !memcmp(types[i].type, name, len))
			return types[i].text;
	}
	return NULL;
}
