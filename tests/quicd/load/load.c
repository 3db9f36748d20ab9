// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * quic-load: many small QUIC connections from one thread, for tests and measurements.
 *
 *	quic-load [--count N] [--parallel P | --rate R] [--hold] [--alpn A] ADDRESS:PORT
 *
 * Each connection has a socket of its own, does the handshake and closes; with --hold all
 * stay open until standard input ends. Prints counts and the rate of handshakes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <gnutls/crypto.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../../../quicd/common/clock.h"
#include "../../../quicd/common/list.h"
#include "../../../quicd/common/loop.h"
#include "../../../quicd/common/quicver.h"
#include "../../../quicd/common/udp.h"

#define BURST 20

struct load {
	struct loop loop;
	union addr remote;
	gnutls_certificate_credentials_t cred;
	gnutls_priority_t priority;
	gnutls_datum_t alpn;
	unsigned int count, parallel, rate, started, running;
	unsigned int completed, refused, failed;
	bool hold, stop;
	struct list peers;
	struct timer pace;
	struct io input;
	uint64_t begin, end;
};

struct peer {
	ngtcp2_crypto_conn_ref ref;
	struct list of_load;
	struct load *load;
	struct io io;
	struct timer timer;
	union addr local;
	gnutls_session_t session;
	ngtcp2_conn *quic;
	bool connected;
};

static void start_more(struct load *l);

static ngtcp2_conn *get_quic(ngtcp2_crypto_conn_ref *ref)
{
	return ((struct peer *)ref->user_data)->quic;
}

static void rand_cb(uint8_t *dest, size_t len, const ngtcp2_rand_ctx *ctx)
{
	(void)ctx;
	gnutls_rnd(GNUTLS_RND_NONCE, dest, len);
}

static int new_cid_cb(ngtcp2_conn *quic, ngtcp2_cid *cid, uint8_t *token, size_t len, void *user)
{
	(void)quic;
	(void)user;
	cid->datalen = len;
	gnutls_rnd(GNUTLS_RND_NONCE, cid->data, len);
	gnutls_rnd(GNUTLS_RND_NONCE, token, NGTCP2_STATELESS_RESET_TOKENLEN);
	return 0;
}

static const ngtcp2_callbacks callbacks = {
	.client_initial = ngtcp2_crypto_client_initial_cb,
	.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
	.encrypt = ngtcp2_crypto_encrypt_cb,
	.decrypt = ngtcp2_crypto_decrypt_cb,
	.hp_mask = ngtcp2_crypto_hp_mask_cb,
	.recv_retry = ngtcp2_crypto_recv_retry_cb,
	.rand = rand_cb,
	.get_new_connection_id = new_cid_cb,
	.update_key = ngtcp2_crypto_update_key_cb,
	.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
	.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
	.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb,
	.version_negotiation = ngtcp2_crypto_version_negotiation_cb,
};

static void end_peer(struct peer *p, bool say)
{
	struct load *l = p->load;
	uint8_t buf[NGTCP2_MAX_UDP_PAYLOAD_SIZE];
	ngtcp2_path_storage ps;
	ngtcp2_pkt_info pi;
	ngtcp2_ccerr error;
	ngtcp2_ssize n;

	if (say) {
		ngtcp2_path_storage_zero(&ps);
		ngtcp2_ccerr_set_application_error(&error, 0x100, NULL, 0);
		n = ngtcp2_conn_write_connection_close(p->quic, &ps.path, &pi, buf, sizeof(buf),
						       &error, clock_now());
		if (n > 0 && send(p->io.fd, buf, (size_t)n, MSG_DONTWAIT) < 0)
			(void)0; /* the server finds out by itself */
	}
	list_del(&p->of_load);
	timer_cancel(&l->loop.timers, &p->timer);
	loop_del(&l->loop, &p->io);
	close(p->io.fd);
	ngtcp2_conn_del(p->quic);
	gnutls_deinit(p->session);
	free(p);
	l->running--;
}

static void failed(struct peer *p, int rv)
{
	const ngtcp2_ccerr *e = ngtcp2_conn_get_ccerr(p->quic);
	struct load *l = p->load;

	if (!p->connected && rv == NGTCP2_ERR_DRAINING &&
	    e->error_code == NGTCP2_CONNECTION_REFUSED)
		l->refused++;
	else
		l->failed++;
	end_peer(p, false);
	if (!l->rate)
		start_more(l);
}

static void write_packets(struct peer *p)
{
	uint8_t buf[NGTCP2_MAX_UDP_PAYLOAD_SIZE];
	ngtcp2_path_storage ps;
	ngtcp2_pkt_info pi;
	uint64_t now = clock_now();

	ngtcp2_path_storage_zero(&ps);
	for (;;) {
		ngtcp2_ssize n =
			ngtcp2_conn_write_pkt(p->quic, &ps.path, &pi, buf, sizeof(buf), now);

		if (n < 0) {
			failed(p, (int)n);
			return;
		}
		if (n == 0 || send(p->io.fd, buf, (size_t)n, MSG_DONTWAIT) < 0)
			break;
	}
	timer_set(&p->load->loop.timers, &p->timer, ngtcp2_conn_get_expiry(p->quic));
}

static void on_timer(struct timer *t)
{
	struct peer *p = container_of(t, struct peer, timer);
	int rv = ngtcp2_conn_handle_expiry(p->quic, clock_now());

	if (rv)
		failed(p, rv);
	else
		write_packets(p);
}

static void on_readable(struct io *io, uint32_t events)
{
	struct peer *p = container_of(io, struct peer, io);
	struct load *l = p->load;
	ngtcp2_path path = {
		.local = {(ngtcp2_sockaddr *)&p->local.sa, addr_len(&p->local)},
		.remote = {(ngtcp2_sockaddr *)&l->remote.sa, addr_len(&l->remote)},
	};
	ngtcp2_pkt_info pi = {0};
	uint8_t buf[65536];
	ssize_t n;

	(void)events;
	while ((n = recv(io->fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		int rv = ngtcp2_conn_read_pkt(p->quic, &path, &pi, buf, (size_t)n, clock_now());

		if (rv) {
			failed(p, rv);
			return;
		}
	}
	if (!p->connected && ngtcp2_conn_get_handshake_completed(p->quic)) {
		p->connected = true;
		l->completed++;
		l->end = clock_now();
		write_packets(p); /* our Finished */
		if (!l->hold) {
			end_peer(p, true);
			if (!l->rate)
				start_more(l);
		}
		return;
	}
	write_packets(p);
}

static int make_session(struct peer *p)
{
	struct load *l = p->load;

	if (gnutls_init(&p->session, GNUTLS_CLIENT | GNUTLS_NO_TICKETS))
		return -1;
	gnutls_session_set_ptr(p->session, &p->ref);
	if (gnutls_priority_set(p->session, l->priority) ||
	    ngtcp2_crypto_gnutls_configure_client_session(p->session) ||
	    gnutls_credentials_set(p->session, GNUTLS_CRD_CERTIFICATE, l->cred) ||
	    gnutls_alpn_set_protocols(p->session, &l->alpn, 1, 0) ||
	    gnutls_server_name_set(p->session, GNUTLS_NAME_DNS, "localhost", 9))
		return -1;
	return 0;
}

static int start_one(struct load *l)
{
	struct peer *p = calloc(1, sizeof(*p));
	ngtcp2_path path = {.remote = {(ngtcp2_sockaddr *)&l->remote.sa, addr_len(&l->remote)}};
	ngtcp2_cid dcid = {.datalen = 16}, scid = {.datalen = 8};
	ngtcp2_transport_params params;
	ngtcp2_settings settings;
	socklen_t len;

	if (!p)
		return -1;
	p->load = l;
	len = sizeof(p->local);
	p->ref.get_conn = get_quic;
	p->ref.user_data = p;
	p->io.fn = on_readable;
	p->timer.fn = on_timer;
	p->io.fd = socket(l->remote.sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->io.fd < 0 || connect(p->io.fd, &l->remote.sa, addr_len(&l->remote)) ||
	    getsockname(p->io.fd, &p->local.sa, &len) || make_session(p)) {
		perror("quic-load");
		exit(1);
	}
	path.local.addr = (ngtcp2_sockaddr *)&p->local.sa;
	path.local.addrlen = addr_len(&p->local);
	gnutls_rnd(GNUTLS_RND_NONCE, dcid.data, dcid.datalen);
	gnutls_rnd(GNUTLS_RND_NONCE, scid.data, scid.datalen);
	ngtcp2_settings_default(&settings);
	settings.initial_ts = clock_now();
	settings.handshake_timeout = 30 * NGTCP2_SECONDS;
	settings.no_pmtud = 1;
	ngtcp2_transport_params_default(&params);
	params.initial_max_streams_uni = 3;
	params.initial_max_stream_data_uni = 65536;
	params.initial_max_data = 65536;
	params.max_idle_timeout = 600 * NGTCP2_SECONDS;
	if (ngtcp2_conn_client_new(&p->quic, &dcid, &scid, &path, NGTCP2_PROTO_VER_V1, &callbacks,
				   &settings, &params, NULL, p) ||
	    loop_add(&l->loop, &p->io, p->io.fd, EPOLLIN)) {
		perror("quic-load");
		exit(1);
	}
	ngtcp2_conn_set_tls_native_handle(p->quic, p->session);
	list_add_tail(&l->peers, &p->of_load);
	l->started++;
	l->running++;
	write_packets(p);
	return 0;
}

/* Keeps P handshakes going. */
static void start_more(struct load *l)
{
	unsigned int pending =
		l->hold ? l->started - l->completed - l->failed - l->refused : l->running;

	for (; l->started < l->count && pending < l->parallel; pending++)
		start_one(l);
}

/* --rate: as many as are due by now. */
static void on_pace(struct timer *t)
{
	struct load *l = container_of(t, struct load, pace);
	uint64_t due = (clock_now() - l->begin) * l->rate / NS_PER_S + 1;

	while (l->started < l->count && l->started < due)
		start_one(l);
	if (l->started < l->count)
		timer_set(&l->loop.timers, t, clock_now() + NS_PER_MS);
}

static void on_input(struct io *io, uint32_t events)
{
	struct load *l = container_of(io, struct load, input);
	char c;

	(void)events;
	if (read(io->fd, &c, 1) <= 0)
		l->stop = true;
}

static int parse(struct load *l, int argc, char **argv)
{
	static const struct option options[] = {
		{"count", required_argument, NULL, 'c'}, {"parallel", required_argument, NULL, 'p'},
		{"rate", required_argument, NULL, 'r'},	 {"hold", no_argument, NULL, 'h'},
		{"alpn", required_argument, NULL, 'a'},	 {NULL, 0, NULL, 0},
	};
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *res;
	char *host, *port;
	int opt;

	*l = (struct load){.count = 1, .parallel = 1, .alpn = {(unsigned char *)"h3", 2}};
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'c')
			l->count = (unsigned int)atoi(optarg);
		else if (opt == 'p')
			l->parallel = (unsigned int)atoi(optarg);
		else if (opt == 'r')
			l->rate = (unsigned int)atoi(optarg);
		else if (opt == 'h')
			l->hold = true;
		else if (opt == 'a')
			l->alpn = (gnutls_datum_t){(unsigned char *)optarg,
						   (unsigned int)strlen(optarg)};
		else
			return -1;
	}
	if (optind != argc - 1 || addr_split(argv[optind], &host, &port) || !host ||
	    getaddrinfo(host, port, &hints, &res))
		return -1;
	memcpy(&l->remote, res->ai_addr, res->ai_addrlen);
	freeaddrinfo(res);
	return 0;
}

int main(int argc, char **argv)
{
	struct rlimit files;
	struct load l;
	double seconds;

	if (parse(&l, argc, argv)) {
		fprintf(stderr, "usage: quic-load [--count N] [--parallel P | --rate R] [--hold] "
				"[--alpn A] ADDRESS:PORT\n");
		return 2;
	}
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (loop_init(&l.loop) || gnutls_certificate_allocate_credentials(&l.cred) ||
	    gnutls_priority_init(&l.priority,
				 "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-X25519:"
				 "%DISABLE_TLS13_COMPAT_MODE",
				 NULL))
		return 1;
	list_init(&l.peers);
	l.pace.fn = on_pace;
	l.input.fn = on_input;
	l.begin = clock_now();
	if (l.hold && loop_add(&l.loop, &l.input, STDIN_FILENO, EPOLLIN))
		return 1;
	if (l.rate)
		on_pace(&l.pace);
	else
		start_more(&l);
	while (!l.stop && (l.running || l.started < l.count || l.hold)) {
		loop_once(&l.loop, NS_PER_S);
		if (l.hold)
			start_more(&l);
	}
	/* In bursts that fit the server's socket: a lost good-bye is only known after its idle
	 * timeout. */
	for (unsigned int n = 1; !list_empty(&l.peers); n++) {
		end_peer(container_of(l.peers.next, struct peer, of_load), true);
		if (n % BURST == 0)
			usleep(2000);
	}
	seconds = (double)(l.end - l.begin) / NS_PER_S;
	printf("completed=%u refused=%u failed=%u rate=%.0f\n", l.completed, l.refused, l.failed,
	       l.completed ? l.completed / seconds : 0);
	gnutls_certificate_free_credentials(l.cred);
	gnutls_priority_deinit(l.priority);
	loop_free(&l.loop);
	return 0;
}
