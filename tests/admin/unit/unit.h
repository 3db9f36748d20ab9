/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the unit tests of nft-quic. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ruleset.h"
#include "text.h"

/* JSON with ' for ", so that it can be read here. */
static inline json_t *json_of(const char *text)
{
	char *copy = na_printf("%s", text);
	json_t *j;

	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	j = json_loads(copy, JSON_DECODE_ANY, NULL);
	assert_non_null(j);
	free(copy);
	return j;
}

#define CHAIN(name, more)                                                                          \
	"{'chain': {'family': 'inet', 'table': 't', 'name': '" name "', 'handle': 1" more "}},"
#define BASE(type, hook, prio, policy)                                                             \
	", 'type': '" type "', 'hook': '" hook "', 'prio': " prio ", 'policy': '" policy "'"
#define RULE(chain, handle, expr)                                                                  \
	"{'rule': {'family': 'inet', 'table': 't', 'chain': '" chain "', 'handle': " handle        \
	", 'expr': [" expr "]}},"
#define DPORT(op, port)                                                                            \
	"{'match': {'op': '" op "', 'left': {'payload': {'protocol': 'udp', 'field': 'dport'}},"   \
	" 'right': " port "}}"
#define QUIC(key, right)                                                                           \
	"{'match': {'op': '==', 'left': {'quic': {'key': '" key "'}}, 'right': " right "}}"
#define STATE(right) "{'match': {'op': 'in', 'left': {'ct': {'key': 'state'}}, 'right': " right "}}"

/* A ruleset of these objects; elements of its sets are in them. */
static inline struct na_ruleset *ruleset_of(const char *objects)
{
	char *all = na_printf("[%s {'metainfo': {'version': '1.1.3'}}]", objects);
	json_t *list = json_of(all);
	struct na_ruleset *rs = na_ruleset_parse(list, NULL);

	rs->offline = true;
	json_decref(list);
	free(all);
	return rs;
}

#endif
