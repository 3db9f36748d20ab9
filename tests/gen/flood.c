// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * quicgen flood: first datagrams from random addresses of a network, over a raw socket, as fast
 * as they go or at a rate, until there were enough or the time is over. Without a DATAGRAM: the
 * first half of a ClientHello, so that each flow waits for a second half that never comes.
 *
 *	flood sent=300000 failed=0 seconds=4.21
 */
#include <err.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "net.h"
#include "quicgen.h"

#ifndef IPV6_HDRINCL
#define IPV6_HDRINCL 36
#endif

/* So many flights are built; then they are sent again, from other addresses. */
#define FLIGHTS 256
#define BATCH	64
#define HEAD	(sizeof(struct ip6_hdr) + sizeof(struct udphdr))

static uint64_t random_state;

/* xorshift64*: the same run after the same seed. */
static uint32_t random_u32(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1dULL >> 32;
}

struct net {
	union addr base;
	unsigned int bits;
};

static struct net net_parse(char *text)
{
	char *slash = strchr(text, '/');
	struct net n;
	unsigned int max;

	if (!slash)
		errx(2, "--from '%s': not NET/LENGTH", text);
	*slash = 0;
	n.base = addr_parse(text, 0);
	max = n.base.sa.sa_family == AF_INET ? 32 : 128;
	n.bits = option_number(slash + 1, "--from", 0, max);
	return n;
}

/* A random host of the network; the first byte that is not fixed keeps its fixed bits. */
static void random_host(const struct net *n, uint8_t *addr)
{
	bool v4 = n->base.sa.sa_family == AF_INET;
	const uint8_t *base =
		v4 ? (const void *)&n->base.in.sin_addr : (const void *)&n->base.in6.sin6_addr;
	unsigned int i, len = v4 ? 4 : 16;

	for (i = 0; i < len; i++) {
		unsigned int fixed = n->bits > 8 * i ? n->bits - 8 * i : 0;
		uint8_t mask = fixed >= 8 ? 0 : 0xff >> fixed;

		addr[i] = (base[i] & ~mask) | (random_u32() & mask);
	}
}

static uint16_t checksum(uint32_t sum, const uint8_t *p, size_t len)
{
	for (; len > 1; len -= 2, p += 2)
		sum += p[0] << 8 | p[1];
	if (len)
		sum += p[0] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* An IP and UDP header in front of @len bytes that follow at @p + HEAD; where the packet starts. */
static uint8_t *put_headers(uint8_t *p, size_t len, const struct net *from, const union addr *to,
			    size_t *total)
{
	struct udphdr *udp = (void *)(p + HEAD - sizeof(*udp));
	size_t udp_len = sizeof(*udp) + len;
	uint16_t sum;

	*udp = (struct udphdr){.uh_sport = htons(1024 + random_u32() % 64000),
			       .uh_dport = htons(addr_port(to)),
			       .uh_ulen = htons(udp_len)};
	if (to->sa.sa_family == AF_INET) {
		struct iphdr *ip = (void *)((uint8_t *)udp - sizeof(*ip));

		*ip = (struct iphdr){.version = 4,
				     .ihl = 5,
				     .ttl = 64,
				     .protocol = IPPROTO_UDP,
				     .tot_len = htons(sizeof(*ip) + udp_len),
				     .daddr = to->in.sin_addr.s_addr};
		random_host(from, (uint8_t *)&ip->saddr);
		*total = sizeof(*ip) + udp_len; /* the kernel fills in the header's checksum */
		return (uint8_t *)ip;
	} else {
		struct ip6_hdr *ip = (void *)((uint8_t *)udp - sizeof(*ip));

		*ip = (struct ip6_hdr){.ip6_plen = htons(udp_len),
				       .ip6_nxt = IPPROTO_UDP,
				       .ip6_hlim = 64,
				       .ip6_dst = to->in6.sin6_addr};
		ip->ip6_vfc = 6 << 4;
		random_host(from, ip->ip6_src.s6_addr);
		sum = checksum(udp_len + IPPROTO_UDP, (uint8_t *)&ip->ip6_src, 32 + udp_len);
		udp->uh_sum = htons(sum ? sum : 0xffff);
		*total = sizeof(*ip) + udp_len;
		return (uint8_t *)ip;
	}
}

static int open_raw(int family)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW), one = 1, size = 8 << 20;

	if (fd < 0)
		err(1, "raw socket");
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_HDRINCL, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	return fd;
}

static unsigned long send_batch(int fd, struct mmsghdr *msgs, unsigned int n)
{
	unsigned long failed = 0;
	unsigned int at = 0;

	while (at < n) {
		int sent = sendmmsg(fd, msgs + at, n - at, 0);

		if (sent > 0) {
			at += sent;
		} else if (errno == ENOBUFS || errno == EAGAIN || errno == EINTR) {
			usleep(200);
		} else {
			failed++; /* a random address that nothing may be sent from, say */
			at++;
		}
	}
	return failed;
}

static void flood(const struct datagram *flights, const struct net *from, const union addr *to,
		  unsigned long count, unsigned long rate, unsigned long ms)
{
	static uint8_t packets[BATCH][HEAD + 4096];
	struct mmsghdr msgs[BATCH];
	struct iovec iovs[BATCH];
	union addr target = *to;
	unsigned long sent = 0, failed = 0;
	uint64_t start = now_ms(), took;
	int fd = open_raw(to->sa.sa_family);

	addr_set_port(&target, 0); /* a raw socket has none */
	while (sent < count && (!ms || now_ms() - start < ms)) {
		unsigned int n = count - sent < BATCH ? count - sent : BATCH, i;

		for (i = 0; i < n; i++) {
			const struct datagram *d = &flights[random_u32() % FLIGHTS];
			size_t total;

			memcpy(packets[i] + HEAD, d->data, d->len);
			iovs[i].iov_base = put_headers(packets[i], d->len, from, to, &total);
			iovs[i].iov_len = total;
			msgs[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &target,
							       .msg_namelen = addr_len(&target),
							       .msg_iov = &iovs[i],
							       .msg_iovlen = 1}};
		}
		failed += send_batch(fd, msgs, n);
		sent += n;
		while (rate && (now_ms() - start) * rate / 1000 < sent)
			usleep(500);
	}
	took = now_ms() - start;
	printf("flood sent=%lu failed=%lu seconds=%llu.%02llu\n", sent - failed, failed,
	       (unsigned long long)took / 1000, (unsigned long long)took % 1000 / 10);
	close(fd);
}

int cmd_flood(int argc, char **argv)
{
	static const struct option opts[] = {CLIENT_OPTS,
					     {"from", 1, NULL, 'F'},
					     {"count", 1, NULL, 'C'},
					     {"rate", 1, NULL, 'R'},
					     {"seed", 1, NULL, 'E'},
					     {"keep-dcid", 0, NULL, 'K'},
					     {"for", 1, NULL, 'M'},
					     {NULL, 0, NULL, 0}};
	static struct datagram flights[FLIGHTS], made[DATAGRAMS_MAX];
	static struct shape shape;
	struct client_options c;
	struct net from;
	bool have_from = false, keep = false;
	unsigned long count = 0, rate = 0, ms = 0;
	union addr to;
	int opt;

	client_init(&c, &shape);
	c.split = 2;
	random_state = 1;
	while ((opt = getopt_long(argc, argv, "+", opts, NULL)) != -1) {
		if (client_option(&c, opt, optarg))
			continue;
		switch (opt) {
		case 'F':
			from = net_parse(optarg);
			have_from = true;
			break;
		case 'C':
			count = option_number(optarg, "--count", 1, 1000000000);
			break;
		case 'R':
			rate = option_number(optarg, "--rate", 1, 10000000);
			break;
		case 'E':
			random_state = option_number(optarg, "--seed", 1, 4000000000);
			break;
		case 'M':
			ms = option_number(optarg, "--for", 1, 86400000);
			break;
		case 'K':
			keep = true;
			break;
		default:
			return 2;
		}
	}
	if (!have_from || !count || argc - optind < 2 || argc - optind > 3)
		errx(2, "flood: --from, --count, an address, a port and at most one datagram");
	to = addr_parse(argv[optind], option_number(argv[optind + 1], "port", 1, 65535));
	if (from.base.sa.sa_family != to.sa.sa_family)
		errx(2, "flood: --from and the address are of two families");

	for (unsigned int i = 0; i < FLIGHTS; i++) {
		unsigned int n;

		client_shape(&c, keep ? 0 : i);
		n = client_datagrams(&c, argv + optind + 2, argc - optind - 2, made);
		if (!n || made[0].len > 4096)
			errx(2, "flood: no datagram, or one of more than 4096 bytes");
		flights[i] = made[0];
		while (--n)
			free(made[n].data);
	}
	flood(flights, &from, &to, count, rate, ms);
	return 0;
}
