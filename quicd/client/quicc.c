// SPDX-License-Identifier: GPL-2.0-or-later
/* quicc: to QUIC what openssl s_client is to TLS. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/clock.h"
#include "../common/log.h"
#include "client.h"
#include "relay.h"

/* How long a first connection may wait for the ticket that --0rtt needs. */
#define TICKET_WAIT (3 * NS_PER_S)

static void print_summary(struct client *c)
{
	ngtcp2_conn_info info;

	ngtcp2_conn_get_conn_info(c->quic, &info);
	fprintf(stderr, "RTT: %.3f ms smoothed, %.3f ms least\n",
		(double)info.smoothed_rtt / NS_PER_MS, (double)info.min_rtt / NS_PER_MS);
	for (unsigned int i = 0; i < c->nstreams; i++)
		fprintf(stderr, "stream %lld: %llu bytes received\n", (long long)c->stream[i].id,
			(unsigned long long)c->stream[i].received);
}

static int transfer(const struct options *o, struct ctls *tls)
{
	struct client c = {0};
	struct relay r;
	int status;

	relay_init(&r, &c);
	status = client_start(&c, o, tls);
	if (status < 0) {
		while (!c.done) {
			/* Plain input is read as long as there is room: do not wait for it. */
			bool ready = r.in.plain && !r.eof && c.connected;

			relay_turn(&r);
			if (!c.done)
				loop_once(&c.loop, ready ? 0 : NS_PER_S);
		}
		status = c.status;
		if (o->verbose && c.connected)
			print_summary(&c);
	}
	relay_free(&r);
	client_free(&c);
	return status;
}

/* --0rtt: a first connection only to get a session ticket. */
static int fetch_ticket(const struct options *o, struct ctls *tls)
{
	struct client c = {.fetch_only = true};
	int status = client_start(&c, o, tls);
	uint64_t deadline = 0;

	if (status < 0) {
		while (!c.done) {
			client_write(&c);
			if (!c.done)
				loop_once(&c.loop, 50 * NS_PER_MS);
			if (!c.connected)
				continue;
			if (!deadline)
				deadline = clock_now() + TICKET_WAIT;
			if (gnutls_session_get_flags(c.session) & GNUTLS_SFLAGS_SESSION_TICKET) {
				ctls_keep_ticket(tls, c.session, c.quic);
				client_end(&c, QUICC_OK);
			} else if (clock_now() >= deadline) {
				log_err("the server gave no session ticket");
				client_end(&c, QUICC_TLS);
			}
		}
		status = c.status;
	}
	client_free(&c);
	return status;
}

int main(int argc, char **argv)
{
	struct options o;
	struct ctls tls;
	int status;

	log_init("quicc");
	unsetenv("SSLKEYLOGFILE"); /* only --keylog may ask for secrets */
	signal(SIGPIPE, SIG_IGN);
	status = options_parse(&o, argc, argv);
	if (status >= 0)
		return status;
	status = ctls_init(&tls, &o);
	if (status < 0 && o.early_data)
		status = fetch_ticket(&o, &tls);
	if (status <= 0)
		status = transfer(&o, &tls);
	ctls_free(&tls);
	return status;
}
