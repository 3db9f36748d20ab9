// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * quicgen send: plays clients and says what became of what they sent, by the answers of
 * `quicgen recv`.
 *
 *	client sport=40000 sent=2 got=2 ports=8443,8443 order=1,2 from=192.0.2.1:443 right
 *	summary clients=1 right=1 wrong=0 silent=0 resent=0 datagrams=2 answers=2
 *
 * ports and order tell, datagram by datagram as they ARRIVED, at which port and which it was in
 * the order of sending. With --to a client is right if every datagram came to that port once, in
 * the order of sending (or any, with --any-order), and every answer came from where it had sent
 * to. With --silent it is right if nothing was answered. The exit status is 0 if all are right.
 */
#include <err.h>
#include <errno.h>
#include <linux/in6.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include "net.h"
#include "quicgen.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

struct answer {
	unsigned int n, port, datagram;
};

/* One client: its socket, what it sends, what came back. */
struct client {
	int fd;
	struct datagram *datagrams;
	uint64_t *ids;
	unsigned int n_datagrams, next, tries;
	unsigned int n_answers;
	struct answer answers[2 * DATAGRAMS_MAX];
	union addr from;
	bool foreign; /* an answer came from elsewhere */
	uint64_t due; /* when to send the next datagram, or to give up */
	bool finished;
};

static struct {
	struct client_options flight;
	union addr to, source;
	bool have_source, gso, fragment, hopopts, dstopts, silent, any_order, quiet;
	unsigned int sport, clients, interval, timeout, pto, tries, want_port;
	char **texts;
	unsigned int n_texts;
} o;

static struct {
	unsigned long right, wrong, silent, resent, datagrams, answers;
} sum;

/* An empty options header: padding up to 8 bytes, sent with every datagram. */
static void set_extension(int fd, int which)
{
	static const uint8_t empty[8] = {0, 0, 1, 4};

	if (setsockopt(fd, IPPROTO_IPV6, which, empty, sizeof(empty)))
		err(1, "IPv6 extension header");
}

static int open_socket(unsigned int nth)
{
	union addr a = {.sa.sa_family = o.to.sa.sa_family};
	int fd = socket(a.sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), off = 0;

	if (fd < 0)
		err(1, "socket");
	if (o.have_source)
		a = o.source;
	addr_set_port(&a, o.sport ? o.sport + nth : 0);
	if (bind(fd, &a.sa, addr_len(&a)))
		err(1, "bind %s", addr_text(&a));
	if (o.fragment) {
		if (a.sa.sa_family == AF_INET)
			setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &off, sizeof(off));
		else
			setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &off, sizeof(off));
	}
	if (o.hopopts)
		set_extension(fd, IPV6_HOPOPTS);
	if (o.dstopts)
		set_extension(fd, IPV6_DSTOPTS);
	return fd;
}

static void client_start(struct client *c, unsigned int nth)
{
	static struct datagram made[DATAGRAMS_MAX];

	memset(c, 0, sizeof(*c));
	client_shape(&o.flight, nth);
	c->n_datagrams = client_datagrams(&o.flight, o.texts, o.n_texts, made);
	c->datagrams = calloc(c->n_datagrams, sizeof(*c->datagrams));
	c->ids = calloc(c->n_datagrams, sizeof(*c->ids));
	if (!c->datagrams || !c->ids)
		err(1, "calloc");
	memcpy(c->datagrams, made, c->n_datagrams * sizeof(*c->datagrams));
	for (unsigned int i = 0; i < c->n_datagrams; i++)
		c->ids[i] = datagram_id(made[i].data, made[i].len);
	c->fd = open_socket(nth);
	c->due = now_ms() + c->datagrams[0].wait_ms;
}

/* In one call, as one skb: all datagrams up to the next pause. */
static void send_gso(struct client *c)
{
	static struct qt_buf all;
	struct iovec iov;
	union {
		char buf[CMSG_SPACE(sizeof(uint16_t))];
		struct cmsghdr align;
	} control = {0};
	struct msghdr msg = {.msg_name = &o.to,
			     .msg_namelen = addr_len(&o.to),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.buf,
			     .msg_controllen = sizeof(control.buf)};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);
	uint16_t size = c->datagrams[c->next].len;
	size_t last = size;

	all.len = 0;
	do {
		if (last != size || c->datagrams[c->next].len > size)
			errx(2, "--gso: all datagrams but the last must have one size");
		last = c->datagrams[c->next].len;
		qt_put(&all, c->datagrams[c->next].data, last);
	} while (++c->next < c->n_datagrams && !c->datagrams[c->next].wait_ms);
	iov = (struct iovec){all.p, all.len};
	cm->cmsg_level = IPPROTO_UDP;
	cm->cmsg_type = UDP_SEGMENT;
	cm->cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(cm), &size, sizeof(size));
	if (sendmsg(c->fd, &msg, 0) < 0)
		warn("sendmsg");
}

static void send_next(struct client *c)
{
	const struct datagram *d = &c->datagrams[c->next++];

	if (sendto(c->fd, d->data, d->len, 0, &o.to.sa, addr_len(&o.to)) < 0)
		warn("sendto %s", addr_text(&o.to));
}

/* Which of the sent ones is it? Of equal ones the first that was not answered yet. */
static unsigned int find_datagram(const struct client *c, uint64_t id)
{
	unsigned int found = 0;

	for (unsigned int i = 0; i < c->n_datagrams; i++) {
		bool taken = false;

		if (c->ids[i] != id)
			continue;
		for (unsigned int j = 0; j < c->n_answers; j++)
			taken |= c->answers[j].datagram == i + 1;
		found = i + 1;
		if (!taken)
			break;
	}
	return found;
}

static void receive(struct client *c)
{
	char text[2048];
	union addr from;
	socklen_t len = sizeof(from);
	unsigned long long id;
	struct answer a;
	ssize_t n;

	while ((n = recvfrom(c->fd, text, sizeof(text) - 1, 0, &from.sa, &len)) >= 0 ||
	       errno == ECONNREFUSED) {
		len = sizeof(from);
		if (n < 0)
			continue;
		text[n] = 0;
		/* A QUIC server's answers do not matter here. */
		if (sscanf(text, "quicgen port=%u n=%u id=%llx", &a.port, &a.n, &id) != 3)
			continue;
		c->from = from;
		if (!addr_same(&from, &o.to))
			c->foreign = true;
		a.datagram = find_datagram(c, id);
		if (c->n_answers < 2 * DATAGRAMS_MAX)
			c->answers[c->n_answers++] = a;
	}
}

static int by_arrival(const void *a, const void *b)
{
	const struct answer *x = a, *y = b;

	return x->n < y->n ? -1 : x->n > y->n;
}

static bool is_right(const struct client *c)
{
	if (o.silent)
		return !c->n_answers;
	if (!o.want_port)
		return c->n_answers;
	if (c->foreign || c->n_answers != c->n_datagrams)
		return false;
	for (unsigned int i = 0; i < c->n_answers; i++) {
		bool seen = false;

		if (c->answers[i].port != o.want_port)
			return false;
		if (!o.any_order && c->answers[i].datagram != i + 1)
			return false;
		for (unsigned int j = 0; j < i; j++)
			seen |= c->answers[j].datagram == c->answers[i].datagram;
		if (seen || !c->answers[i].datagram)
			return false;
	}
	return true;
}

/* One of the numbers of every answer. */
static void print_answers(const struct client *c, const char *name, bool port)
{
	printf(" %s=", name);
	for (unsigned int i = 0; i < c->n_answers; i++)
		printf("%s%u", i ? "," : "", port ? c->answers[i].port : c->answers[i].datagram);
}

static void client_finish(struct client *c)
{
	union addr local;
	socklen_t len = sizeof(local);
	bool right;

	qsort(c->answers, c->n_answers, sizeof(c->answers[0]), by_arrival);
	right = is_right(c);
	sum.right += right;
	sum.wrong += !right && c->n_answers;
	sum.silent += !c->n_answers;
	sum.datagrams += c->n_datagrams;
	sum.answers += c->n_answers;
	if (!o.quiet) {
		getsockname(c->fd, &local.sa, &len);
		printf("client sport=%u sent=%u got=%u", addr_port(&local), c->n_datagrams,
		       c->n_answers);
		print_answers(c, "ports", true);
		print_answers(c, "order", false);
		printf(" from=%s %s\n", c->n_answers ? addr_text(&c->from) : "-",
		       right ? "right" : "wrong");
	}
	close(c->fd);
	for (unsigned int i = 0; i < c->n_datagrams; i++)
		free(c->datagrams[i].data);
	free(c->datagrams);
	free(c->ids);
	c->finished = true;
}

/* Something is due: a datagram, a resend of all, or the end. */
static void client_due(struct client *c, uint64_t now)
{
	if (c->next < c->n_datagrams) {
		if (o.gso)
			send_gso(c);
		else
			send_next(c);
		c->due = now + (c->next < c->n_datagrams      ? c->datagrams[c->next].wait_ms
				: o.pto && c->tries < o.tries ? o.pto
							      : o.timeout);
		return;
	}
	if (o.pto && c->tries < o.tries && !c->n_answers) {
		c->tries++;
		c->next = 0;
		sum.resent++;
		c->due = now;
		return;
	}
	client_finish(c);
}

static bool complete(const struct client *c)
{
	return !o.silent && c->next == c->n_datagrams && c->n_answers >= c->n_datagrams;
}

/* At most so many clients are under way at once; a slot is taken again when its client is done. */
#define SLOTS_MAX 2000

static void play(void)
{
	unsigned int started = 0, slots = o.clients < SLOTS_MAX ? o.clients : SLOTS_MAX, alive = 0;
	struct client *clients = calloc(slots, sizeof(*clients));
	struct pollfd *fds = calloc(slots, sizeof(*fds));
	uint64_t next_start = now_ms();

	if (!clients || !fds)
		err(1, "calloc");
	for (unsigned int i = 0; i < slots; i++)
		clients[i].finished = true;

	while (started < o.clients || alive) {
		uint64_t now = now_ms(), wake = started < o.clients ? next_start : UINT64_MAX;
		int wait;

		for (unsigned int i = 0; i < slots; i++) {
			struct client *c = &clients[i];

			if (c->finished && started < o.clients && now >= next_start) {
				client_start(c, started++);
				alive++;
				next_start += o.interval;
			}
			while (!c->finished && now >= c->due)
				client_due(c, now);
			if (!c->finished && c->due < wake)
				wake = c->due;
		}
		alive = 0;
		for (unsigned int i = 0; i < slots; i++) {
			alive += !clients[i].finished;
			fds[i] = (struct pollfd){.fd = clients[i].finished ? -1 : clients[i].fd,
						 .events = POLLIN};
		}
		if (!alive && started == o.clients)
			break;
		now = now_ms();
		/* With every slot taken only an answer or a due time helps. */
		if (alive == slots && started < o.clients && wake == next_start)
			wake = now + 1;
		wait = wake <= now ? 0 : wake - now > 1000 ? 1000 : (int)(wake - now);
		if (poll(fds, slots, wait) < 0 && errno != EINTR)
			err(1, "poll");
		for (unsigned int i = 0; i < slots; i++) {
			if (!fds[i].revents)
				continue;
			receive(&clients[i]);
			if (complete(&clients[i]))
				client_finish(&clients[i]);
		}
	}
	free(clients);
	free(fds);
}

int cmd_send(int argc, char **argv)
{
	static const struct option opts[] = {CLIENT_OPTS,
					     {"source", 1, NULL, 'A'},
					     {"sport", 1, NULL, 'P'},
					     {"clients", 1, NULL, 'N'},
					     {"interval", 1, NULL, 'I'},
					     {"gso", 0, NULL, 'g'},
					     {"fragment", 0, NULL, 'f'},
					     {"hopopts", 0, NULL, 'H'},
					     {"dstopts", 0, NULL, 'O'},
					     {"timeout", 1, NULL, 'T'},
					     {"pto", 1, NULL, 'R'},
					     {"tries", 1, NULL, 'Y'},
					     {"to", 1, NULL, 't'},
					     {"silent", 0, NULL, 'x'},
					     {"any-order", 0, NULL, 'r'},
					     {"quiet", 0, NULL, 'q'},
					     {NULL, 0, NULL, 0}};
	struct rlimit files;
	static struct shape shape;
	int opt;

	client_init(&o.flight, &shape);
	o.clients = 1;
	o.tries = 1;
	while ((opt = getopt_long(argc, argv, "+", opts, NULL)) != -1) {
		if (client_option(&o.flight, opt, optarg))
			continue;
		switch (opt) {
		case 'A':
			o.source = addr_parse(optarg, 0);
			o.have_source = true;
			break;
		case 'P':
			o.sport = option_number(optarg, "--sport", 1, 65535);
			break;
		case 'N':
			o.clients = option_number(optarg, "--clients", 1, 10000000);
			break;
		case 'I':
			o.interval = option_number(optarg, "--interval", 0, 60000);
			break;
		case 'g':
			o.gso = true;
			break;
		case 'f':
			o.fragment = true;
			break;
		case 'H':
			o.hopopts = true;
			break;
		case 'O':
			o.dstopts = true;
			break;
		case 'T':
			o.timeout = option_number(optarg, "--timeout", 1, 600000);
			break;
		case 'R':
			o.pto = option_number(optarg, "--pto", 1, 60000);
			break;
		case 'Y':
			o.tries = option_number(optarg, "--tries", 1, 100);
			break;
		case 't':
			o.want_port = option_number(optarg, "--to", 1, 65535);
			break;
		case 'x':
			o.silent = true;
			break;
		case 'r':
			o.any_order = true;
			break;
		case 'q':
			o.quiet = true;
			break;
		default:
			return 2;
		}
	}
	if (argc - optind < 2)
		errx(2, "send: address and port are missing");
	if (o.silent && o.want_port)
		errx(2, "send: --to and --silent exclude each other");
	if (o.sport && o.sport + o.clients > 65536)
		errx(2, "send: not that many ports from %u on", o.sport);
	o.to = addr_parse(argv[optind], option_number(argv[optind + 1], "port", 1, 65535));
	o.texts = argv + optind + 2;
	o.n_texts = argc - optind - 2;
	if (!o.timeout)
		o.timeout = o.silent ? 500 : 3000;
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	play();
	printf("summary clients=%u right=%lu wrong=%lu silent=%lu resent=%lu datagrams=%lu "
	       "answers=%lu\n",
	       o.clients, sum.right, sum.wrong, sum.silent, sum.resent, sum.datagrams, sum.answers);
	return sum.right == o.clients ? 0 : 1;
}
