// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/netfilter.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "layouts.h"

static const struct {
	uint32_t num;
	const char *name;
} families[] = {
	{NFPROTO_IPV4, "ip"},	    {NFPROTO_IPV6, "ip6"}, {NFPROTO_INET, "inet"},
	{NFPROTO_BRIDGE, "bridge"}, {NFPROTO_ARP, "arp"},  {NFPROTO_NETDEV, "netdev"},
};

#define NFAMILIES (sizeof(families) / sizeof(families[0]))

const char *nx_family_name(uint32_t family)
{
	for (size_t i = 0; i < NFAMILIES; i++) {
		if (families[i].num == family)
			return families[i].name;
	}
	return "?";
}

const char *nx_family_word(const char *s, size_t len)
{
	for (size_t i = 0; i < NFAMILIES; i++) {
		if (strlen(families[i].name) == len && !memcmp(families[i].name, s, len))
			return families[i].name;
	}
	return NULL;
}

/* None of the names can contain a blank. */
static void make_key(struct nx_buf *key, const struct nx_set_id *id)
{
	nx_buf_fmt(key, "%s ", id->family ? id->family : "ip");
	nx_buf_add(key, id->table, id->table_len);
	nx_buf_str(key, " ");
	nx_buf_add(key, id->set, id->set_len);
}

const struct nx_layout *nx_layouts_get(const struct nx_map *m, const struct nx_set_id *id)
{
	struct nx_buf key = NX_BUF_INIT;
	const struct nx_layout *l;

	if (!m->n)
		return NULL;
	make_key(&key, id);
	l = key.oom ? NULL : nx_map_get(m, key.p, key.len);
	nx_buf_free(&key);
	return l;
}

int nx_layouts_put(struct nx_map *m, const struct nx_set_id *id, const struct nx_layout *l)
{
	struct nx_buf key = NX_BUF_INIT;
	struct nx_layout *copy = NULL;
	void *old = NULL;
	int rc = -ENOMEM;

	if (l && !nx_layout_quic(l))
		l = NULL;
	if (!l && !m->n)
		return 0;
	make_key(&key, id);
	if (l) {
		copy = malloc(sizeof(*copy));
		if (!copy)
			goto out;
		*copy = *l;
	}
	if (!key.oom)
		rc = nx_map_put(m, key.p, key.len, copy, &old);
	if (rc)
		free(copy);
	free(old);
out:
	nx_buf_free(&key);
	return rc;
}

void nx_layouts_clear(struct nx_map *m)
{
	nx_map_clear(m, free);
}
