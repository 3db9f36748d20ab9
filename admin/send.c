// SPDX-License-Identifier: GPL-2.0-or-later
/* A datagram onto the wire of a device in the copy, or out of the copy's own loopback. */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "copy.h"

#define IP4_LEN 20
#define IP6_LEN 40
#define UDP_LEN 8
#define TTL	60

/* RFC 1071 */
static uint32_t sum(uint32_t s, const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		s += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return s;
}

static void put_sum(unsigned char *at, uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	s = ~s & 0xffff;
	at[0] = (unsigned char)(s >> 8);
	at[1] = (unsigned char)s;
}

static void put16(unsigned char *at, size_t v)
{
	at[0] = (unsigned char)(v >> 8);
	at[1] = (unsigned char)v;
}

static size_t put_ip4(unsigned char *p, const struct qi_tuple *t, size_t payload,
		      unsigned int number)
{
	memset(p, 0, IP4_LEN);
	p[0] = 0x45;
	put16(p + 2, IP4_LEN + payload);
	put16(p + 4, number);
	p[8] = TTL;
	p[9] = IPPROTO_UDP;
	memcpy(p + 12, t->src, 4);
	memcpy(p + 16, t->dst, 4);
	put_sum(p + 10, sum(0, p, IP4_LEN));
	return IP4_LEN;
}

static size_t put_ip6(unsigned char *p, const struct qi_tuple *t, size_t payload,
		      unsigned int number)
{
	memset(p, 0, IP6_LEN);
	p[0] = 0x60;
	put16(p + 2, number);
	put16(p + 4, payload);
	p[6] = IPPROTO_UDP;
	p[7] = TTL;
	memcpy(p + 8, t->src, 16);
	memcpy(p + 24, t->dst, 16);
	return IP6_LEN;
}

/* The packet behind its link layer; returns its length. */
static size_t make_packet(unsigned char *p, const struct qi_tuple *t, const unsigned char *data,
			  size_t len, unsigned int number)
{
	bool ip6 = t->net == QI_NET_IPV6;
	size_t addr = ip6 ? 16 : 4, at;
	uint32_t s;

	at = ip6 ? put_ip6(p, t, UDP_LEN + len, number) : put_ip4(p, t, UDP_LEN + len, number);
	put16(p + at, t->sport);
	put16(p + at + 2, t->dport);
	put16(p + at + 4, UDP_LEN + len);
	put16(p + at + 6, 0);
	memcpy(p + at + UDP_LEN, data, len);
	s = IPPROTO_UDP + (uint32_t)(UDP_LEN + len);
	s = sum(sum(s, t->src, addr), t->dst, addr);
	s = sum(s, p + at, UDP_LEN + len);
	put_sum(p + at + 6, s);
	if (!p[at + 6] && !p[at + 7])
		put16(p + at + 6, 0xffff);
	return at + UDP_LEN + len;
}

static int send_local(const struct na_copy *c, const struct qi_tuple *t, const void *packet,
		      size_t len)
{
	struct sockaddr_in6 to6 = {.sin6_family = AF_INET6};
	struct sockaddr_in to4 = {.sin_family = AF_INET};
	bool ip6 = t->net == QI_NET_IPV6;

	memcpy(&to4.sin_addr, t->dst, sizeof(to4.sin_addr));
	memcpy(&to6.sin6_addr, t->dst, sizeof(to6.sin6_addr));
	if (sendto(c->raw[ip6], packet, len, 0, ip6 ? (void *)&to6 : (void *)&to4,
		   ip6 ? sizeof(to6) : sizeof(to4)) < 0)
		return -errno;
	return 0;
}

int na_copy_send(const struct na_copy *c, const struct na_device *d, const struct qi_tuple *t,
		 const unsigned char *data, size_t len, unsigned int number)
{
	static unsigned char frame[ETH_HLEN + IP6_LEN + UDP_LEN + QI_DATAGRAM_MAX + 1];
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
				 .sll_ifindex = d->outer,
				 .sll_halen = ETH_ALEN,
				 .sll_protocol =
					 htons(t->net == QI_NET_IPV6 ? ETH_P_IPV6 : ETH_P_IP)};
	unsigned char *packet = frame + ETH_HLEN;

	len = make_packet(packet, t, data, len, number);
	if (d->index == 1)
		return send_local(c, t, packet, len);
	memset(frame, 0, ETH_HLEN);
	memcpy(frame, d->mac, ETH_ALEN);
	frame[ETH_ALEN] = 0x02; /* a local address */
	memcpy(frame + 2 * ETH_ALEN, &to.sll_protocol, sizeof(to.sll_protocol));
	if (sendto(c->packet, frame, ETH_HLEN + len, 0, (void *)&to, sizeof(to)) < 0)
		return -errno;
	return 0;
}
