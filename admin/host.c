// SPDX-License-Identifier: GPL-2.0-or-later
#include "host.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nft.h"
#include "parts.h"
#include "text.h"

void na_counts_parse(struct na_counts *counts, const char *text)
{
	const char *names = text, *values = strchr(text, '\n');
	char *end;
	size_t len;

	counts->n = 0;
	while (values && counts->n < NA_COUNTS) {
		names += strspn(names, " ");
		len = strcspn(names, " \n");
		counts->c[counts->n].value = strtoull(values, &end, 16);
		if (!len || end == values)
			return;
		snprintf(counts->c[counts->n].name, sizeof(counts->c[0].name), "%.*s", (int)len,
			 names);
		counts->n++;
		names += len;
		values = end;
	}
}

void na_counts_read(struct na_counts *counts)
{
	char *text = na_read_file("/proc/thread-self/net/stat/nft_quic", NULL);

	counts->n = 0;
	if (text)
		na_counts_parse(counts, text);
	free(text);
}

unsigned long long na_count(const struct na_counts *counts, const char *name)
{
	for (size_t i = 0; i < counts->n; i++)
		if (!strcmp(counts->c[i].name, name))
			return counts->c[i].value;
	return 0;
}

char *na_module_version(void)
{
	char *text = na_read_file("/sys/module/nft_quic/version", NULL);

	if (text)
		text[strcspn(text, "\n")] = '\0';
	else if (na_exists("/sys/module/nft_quic"))
		text = na_printf("unknown");
	return text;
}

struct na_host *na_host_read(size_t most)
{
	struct na_host *h = na_need(calloc(1, sizeof(*h)));

	h->root = geteuid() == 0;
	h->boot = na_need(calloc(1, sizeof(*h->boot)));
	h->boot->root = "";
	h->knows_quic = na_nft_knows_quic();
	h->rs = na_ruleset_load(&h->rs_err);
	if (h->rs) {
		h->rs->most = most;
		na_ways_read(h->rs, &h->ways);
	}
	h->module = na_module_version();
	na_counts_read(&h->counts);
	na_listeners_read(h);
	na_addrs_read(h);
	na_services_read(h);
	return h;
}

void na_host_free(struct na_host *h)
{
	na_ways_free(&h->ways);
	na_ruleset_free(h->rs);
	for (size_t i = 0; i < h->n_listeners; i++)
		free(h->listener[i].comm);
	for (size_t i = 0; i < h->n_services; i++)
		na_service_clear(&h->service[i]);
	if (h->boot)
		na_boot_clear(h->boot);
	free(h->boot);
	free(h->listener);
	free(h->addr);
	free(h->service);
	free(h->module);
	free(h->rs_err);
	free(h);
}

const struct na_listener *na_host_listener(const struct na_host *h, int port)
{
	const struct na_listener *found = NULL;

	for (size_t i = 0; i < h->n_listeners; i++)
		if (h->listener[i].port == port && (!found || h->listener[i].pid))
			found = &h->listener[i];
	return found;
}

/* 0 if @l does not get it, or how well it fits: the kernel prefers a socket with an address, then
 * one of the packet's family. */
static int fits(const struct na_listener *l, const struct qi_tuple *t)
{
	static const unsigned char any[16];
	bool ip6 = t->net == QI_NET_IPV6;

	if (l->port != t->dport)
		return 0;
	if (memcmp(l->addr, any, sizeof(any)))
		return l->ip6 == ip6 && !memcmp(l->addr, t->dst, ip6 ? 16 : 4) ? 3 : 0;
	if (l->ip6 == ip6)
		return 2;
	return l->ip6;
}

const struct na_listener *na_host_reached(const struct na_host *h, const struct qi_tuple *t)
{
	const struct na_listener *found = NULL;
	int best = 0;

	for (size_t i = 0; i < h->n_listeners; i++) {
		const struct na_listener *l = &h->listener[i];
		int fit = fits(l, t);

		if (fit > best || (fit && fit == best && l->pid)) {
			best = fit;
			found = l;
		}
	}
	return found;
}

bool na_host_only_loopback(const struct na_host *h, int port)
{
	bool found = false;

	for (size_t i = 0; i < h->n_listeners; i++) {
		if (h->listener[i].port != port)
			continue;
		if (!h->listener[i].loopback)
			return false;
		found = true;
	}
	return found;
}

const struct na_service *na_host_service(const struct na_host *h, int port)
{
	const struct na_service *found = NULL;

	for (size_t i = 0; i < h->n_services; i++)
		for (size_t k = 0; k < h->service[i].n_ports; k++)
			if (h->service[i].port[k] == port && (!found || h->service[i].pid))
				found = &h->service[i];
	return found;
}
