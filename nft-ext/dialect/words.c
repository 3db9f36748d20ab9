// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "words.h"

/* clang-format off */
/* first words of expressions */
static const char *const exprs[] = {
	"ah",	   "arp",      "comp",	   "ct",      "dccp",	 "dst",	    "esp",	"ether",
	"exthdr",  "fib",      "frag",	   "geneve",  "gre",	 "gretap",  "hbh",	"icmp",
	"icmpv6",  "igmp",     "iif",	   "iifgroup", "iifkind", "iifname", "iiftype",	"ip",
	"ip6",	   "ipsec",    "jhash",	   "mark",    "meta",	 "mh",	    "nftrace",	"numgen",
	"oif",	   "oifgroup", "oifkind",  "oifname", "oiftype", "osf",	    "quic",	"rt",
	"rt0",	   "rt2",      "rt4",	   "rtclassid", "sctp",	 "skgid",   "skuid",	"socket",
	"srh",	   "symhash",  "tcp",	   "th",      "udp",	 "udplite", "vlan",	"vxlan",
	"xfrm",	   "cgroup",   "cpu",	   "ibrname", "obrname", "ibriport", "obriport", "l4proto",
	"length",  "nfproto",  "pkttype",  "priority", "protocol", "random", "secpath",	"time",
	"day",	   "hour",     "@",	   "(",
};

/* statements, verdicts and the words inside of them */
static const char *const stmts[] = {
	"accept", "drop",    "queue",	"continue", "jump",	"goto",	    "return",	"break",
	"counter", "log",    "limit",	"quota",    "reject",	"masquerade", "snat",	"dnat",
	"redirect", "tproxy", "notrack", "dup",	    "fwd",	"set",	    "add",	"update",
	"delete", "flow",    "meter",	"synproxy", "xt",	"last",	    "reset",	"comment",
	"map",	  "vmap",    "objref",	"secmark",  "to",	"over",	    "burst",	"until",
	"and",	  "or",	     "xor",	"not",	    "eq",	"ne",	    "lt",	"gt",
	"le",	  "ge",	     "lshift",	"rshift",   "mod",	"offset",   "seed",	"persistent",
	"fully-random", "tunnel", "element", "chain", "rule",	"table",    "describe",
	"handle", "index", "position", "typeof", "type", "flags", "elements",
};

static const char *const after_key[] = {
	"timeout", "expires", "counter", "quota", "limit", "comment", "last", "connlimit",
	"add", "update", "mod", "seed", "offset", "set", "accept", "drop", "return", "jump",
	"goto", "continue", "log", "and", "or", "xor", "eq", "ne", "lt", "gt", "le", "ge",
};

/* clang-format on */

static bool in(const char *const *list, size_t n, const char *s, size_t len)
{
	for (size_t i = 0; i < n; i++) {
		if (!strncmp(list[i], s, len) && !list[i][len])
			return true;
	}
	return false;
}

#define IN(list, s, len) in(list, sizeof(list) / sizeof((list)[0]), s, len)

bool nx_word_begins_expr(const char *s, size_t len)
{
	return IN(exprs, s, len);
}

bool nx_word_after_key(const char *s, size_t len)
{
	return IN(after_key, s, len);
}

bool nx_word_reserved(const char *s, size_t len)
{
	return IN(stmts, s, len) || IN(exprs, s, len) || IN(after_key, s, len);
}
