// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "admin.h"
#include "text.h"

/* Every counter and gauge of /proc/net/stat/nft_quic; a test compares the names. */
static const struct {
	const char *name, *help;
	bool gauge;
} table[] = {
	{"initials", "Datagrams with an Initial that may belong to a first flight", false},
	{"decrypted", "Initial packets that opened", false},
	{"bad_tag", "Initial packets that did not open", false},
	{"unknown_version", "Long headers of a version that cannot be read", false},
	{"complete", "ClientHellos that became complete", false},
	{"held", "Datagrams held back", false},
	{"released", "Held datagrams that were sent on", false},
	{"timed_out", "Held datagrams given up after hold_ms", false},
	{"overload", "Datagrams not held because of a limit", false},
	{"evicted", "Held datagrams that a limit made go", false},
	{"zero_rtt", "Datagrams with 0-RTT that may belong to a first flight", false},
	{"invalid_initials", "Initials that pass unread", false},
	{"bound", "Datagrams that passed as replies", false},
	{"known", "Datagrams of connections that are remembered", false},
	{"whole", "Datagrams that completed a ClientHello while nothing was held", false},
	{"unreadable", "Datagrams that did not open or had no ClientHello", false},
	{"flushed", "Held datagrams that went with rules, a device or the namespace", false},
	{"bad_checksum", "Datagrams with a wrong UDP checksum", false},
	{"lookups_spent", "Packets for which rules need more look-ups than a packet may cost",
	 false},
	{"too_early", "Initials at a rule that comes before the names", false},
	{"unasked", "Datagrams that no rule asks for", false},
	{"strayed", "Packets dropped at a rule that did not ask for them", false},
	{"foreign", "Datagrams dropped under the ID of a connection that they are not of", false},
	{"reused", "ClientHellos under the connection ID of another one", false},
	{"learned", "Connection IDs that servers gave", false},
	{"unfollowed", "Answers for whose connections there was no room", false},
	{"moved", "Packets of a followed connection on a path where it was not known", false},
	{"ambiguous", "Packets of one of several connections on a path", false},
	{"holding_flows", "Connections now held", true},
	{"holding_bytes", "Memory of connections now held", true},
	{"names_flows", "Connections now remembered", true},
	{"names_bytes", "Memory of connections now remembered", true},
	{"conns", "Connections followed, or ended and not yet cleared away", true},
	{"conns_bytes", "Memory of these connections' names", true},
};

bool na_is_gauge(const char *name)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(table[i].name, name))
			return table[i].gauge;
	return false;
}

static const char *const limits[] = {"hold_flows",  "hold_bytes",   "hold_datagrams",
				     "hold_ms",	    "crypto_bytes", "crypto_ranges",
				     "names_flows", "names_bytes",  "conns"};

void na_metrics_write(FILE *f, const struct na_counts *counts, const char *module)
{
	fprintf(f, "# TYPE nft_quic_info gauge\n# HELP nft_quic_info Versions of nft-quic and of "
		   "its module.\n");
	fprintf(f, "nft_quic_info{version=\"%s\",module=\"%s\"} 1\n", NFT_QUIC_VERSION,
		module ? module : "");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]) && counts->n; i++) {
		fprintf(f, "# TYPE nft_quic_%s %s\n# HELP nft_quic_%s %s.\n", table[i].name,
			table[i].gauge ? "gauge" : "counter", table[i].name, table[i].help);
		fprintf(f, "nft_quic_%s%s %llu\n", table[i].name, table[i].gauge ? "" : "_total",
			na_count(counts, table[i].name));
	}
	if (counts->n)
		fprintf(f, "# TYPE nft_quic_limit gauge\n# HELP nft_quic_limit Limits of the "
			   "module.\n");
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]) && counts->n; i++) {
		char *path = na_printf("/proc/sys/net/netfilter/nft_quic/%s", limits[i]);
		long long n = na_read_number(path);

		if (n >= 0)
			fprintf(f, "nft_quic_limit{name=\"%s\"} %lld\n", limits[i], n);
		free(path);
	}
	fprintf(f, "# EOF\n");
}

enum method { GET, HEAD, OTHER };

/* The head of the request, up to an empty line; an answer to any GET is the same. */
static enum method method_asked(void)
{
	char line[4096] = "";
	enum method asked = OTHER;

	if (fgets(line, sizeof(line), stdin))
		asked = !strncmp(line, "GET ", 4) ? GET : !strncmp(line, "HEAD ", 5) ? HEAD : OTHER;
	for (int n = 0; n < 100 && fgets(line, sizeof(line), stdin); n++)
		if (*line == '\r' || *line == '\n')
			break;
	return asked;
}

int na_metrics(const struct na_options *o)
{
	char *module = na_read_file("/sys/module/nft_quic/version", NULL), *text;
	enum method asked = GET;
	struct na_counts counts;
	struct na_buf b;

	if (o->http)
		asked = method_asked();
	if (asked == OTHER) {
		printf("HTTP/1.0 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nContent-Length: "
		       "0\r\n\r\n");
		free(module);
		return NA_OK;
	}
	if (module)
		module[strcspn(module, "\n\"\\")] = '\0';
	na_counts_read(&counts);
	na_buf_open(&b);
	na_metrics_write(b.f, &counts, module);
	text = na_take(&b);
	if (o->http)
		printf("HTTP/1.0 200 OK\r\n"
		       "Content-Type: application/openmetrics-text; version=1.0.0; "
		       "charset=utf-8\r\n"
		       "Content-Length: %zu\r\n\r\n",
		       strlen(text));
	if (asked == GET)
		fputs(text, stdout);
	free(text);
	free(module);
	return counts.n || o->http ? NA_OK : NA_WARNINGS;
}
