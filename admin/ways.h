/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where names go: each rule with quic, by the place that it sends connections to. */
#ifndef NA_WAYS_H
#define NA_WAYS_H

#include "ruleset.h"

enum na_how {
	NA_VERDICT, /* accept, drop, goto: @to says it */
	NA_NAT,	    /* redirect, dnat */
	NA_WRITE,   /* udp dport set, ip daddr set: no state */
};

/**
 * struct na_way - one destination of one rule
 * @key:	the key of quic that decides, or several: "sni", "alpn . sni"
 * @names:	the first NA_NAMES_KEPT of the names, as they can be shown; of a match by != one,
 *		which begins with the operator
 * @n_names:	how many there are
 * @to:		for people: "port 8443", "192.0.2.1:443", "drop"
 * @host:	NULL if it is this host
 * @port:	0 if it stays as it is
 * @cut:	the set or map of the rule that is too large to be read whole, or NULL
 */
struct na_way {
	const struct na_rule *rule;
	enum na_how how;
	char *key, *to, *host;
	int port;
	json_t *names;
	size_t n_names;
	const struct na_set *cut;
};
#define NA_NAMES_KEPT 4

struct na_ways {
	struct na_way *way;
	size_t n, room;
};

/** na_ways_read() - all ways of a ruleset's rules with quic, in the rules' order */
void na_ways_read(const struct na_ruleset *rs, struct na_ways *ways);
void na_ways_free(struct na_ways *ways);

/** na_rule_ports() - the UDP ports that a rule matches, as text: "443", "@ports", "any" */
char *na_rule_ports(const struct na_rule *rule);

/** na_elem_key() - an element of a set without its comment, counter or time-out */
const json_t *na_elem_key(const json_t *elem);

/** na_is_other() - is the operator of a match another than "is one of": !=, < */
bool na_is_other(const char *op);

/** na_value_text() - a value as people write it, escaped and capped; the caller frees it */
char *na_value_text(const json_t *value);

/** na_is_udp_port() - is this selector `udp dport` or `th dport` */
bool na_is_udp_port(const json_t *selector);

#endif
