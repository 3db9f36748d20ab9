// SPDX-License-Identifier: GPL-2.0-or-later
/* quicc: to QUIC what openssl s_client is to TLS. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/clock.h"
#include "../common/log.h"
#include "client.h"
#include "forward.h"
#include "relay.h"

/* How long a first connection may wait for the ticket that --0rtt needs. */
#define TICKET_WAIT (3 * NS_PER_S)

static void print_summary(struct client *c)
{
	ngtcp2_conn_info info;

	if (!c->quic)
		return;
	ngtcp2_conn_get_conn_info(c->quic, &info);
	client_say(c, "RTT: %.3f ms smoothed, %.3f ms least", (double)info.smoothed_rtt / NS_PER_MS,
		   (double)info.min_rtt / NS_PER_MS);
	client_say(c, "longest time without data: %.3f ms, PTO: %.3f ms",
		   (double)c->longest / NS_PER_MS,
		   (double)ngtcp2_conn_get_pto(c->quic) / NS_PER_MS);
	for (unsigned int i = 0; i < c->nstreams; i++)
		client_say(c, "stream %lld: %llu bytes received", (long long)c->stream[i].id,
			   (unsigned long long)c->stream[i].received);
}

/* Starts connections whose turn it is, and closes those that are done. Returns if all are. */
static bool manage(struct net *n)
{
	bool before_done = true, all_done = true;

	for (unsigned int i = 0; i < n->nclients; i++) {
		struct client *c = &n->client[i];

		if (!c->started && !c->done && (before_done || !n->o->in_turn)) {
			client_start(c);
			client_write(c);
		}
		if (c->done && c->started && n->nclients > 1 && c->quic) {
			if (n->o->verbose && c->connected)
				print_summary(c);
			client_close(c);
		}
		before_done = c->done;
		all_done &= c->done;
	}
	return all_done;
}

static int run(struct net *n, struct relay *r)
{
	int status = QUICC_OK;

	while (!manage(n) || !relay_empty(r)) {
		relay_turn(r);
		net_move(n);
		/* Plain input is read as long as there is room: do not wait for it. */
		if (!manage(n) || !relay_empty(r))
			loop_once(&n->loop, relay_ready(r) ? 0 : NS_PER_S);
	}
	for (unsigned int i = 0; i < n->nclients && !status; i++)
		status = n->client[i].status;
	if (!status && net_moves_left(n))
		status = QUICC_LOCAL;
	if (n->o->verbose && n->client[0].connected)
		print_summary(&n->client[0]);
	return status;
}

static int transfer(const struct options *o, struct ctls *tls)
{
	struct client *c = calloc(o->connections, sizeof(*c));
	struct relay r = {0};
	struct net n;
	int status;

	if (!c)
		return QUICC_LOCAL;
	status = net_init(&n, o, c, o->connections);
	for (unsigned int i = 0; i < n.nclients && status < 0; i++)
		status = client_init(&c[i], &n, i, tls);
	if (status < 0) {
		status = relay_init(&r, &n) ? QUICC_LOCAL : run(&n, &r);
		relay_free(&r);
	}
	for (unsigned int i = 0; i < n.nclients; i++)
		client_free(&c[i]);
	net_free(&n);
	free(c);
	return status;
}

/* --0rtt: a first connection only to get a session ticket. */
static int fetch_ticket(const struct options *o, struct ctls *tls)
{
	struct client c = {.fetch_only = true};
	struct net n;
	int status = net_init(&n, o, &c, 1);
	uint64_t deadline = 0;

	if (status < 0)
		status = client_init(&c, &n, 0, tls);
	if (status < 0) {
		client_start(&c);
		while (!c.done) {
			client_write(&c);
			if (!c.done)
				loop_once(&n.loop, 50 * NS_PER_MS);
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
	net_free(&n);
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
		status = o.listen.sa.sa_family ? forward_run(&o, &tls) : transfer(&o, &tls);
	ctls_free(&tls);
	return status;
}
