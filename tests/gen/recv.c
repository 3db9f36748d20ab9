// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * quicgen recv: listens on ports, says what arrived in which order, and answers.
 *
 *	ready ports=8443,8853
 *	recv port=8443 from=192.0.2.9:40000 n=1 len=1200 id=0123456789abcdef
 *	total port=8443 datagrams=1 bytes=1200		(for each port, at SIGTERM)
 *
 * n counts what came from one address and port over all ports of this receiver. The answer says
 * the same in text: "quicgen port=8443 n=1 id=0123456789abcdef".
 */
#include <err.h>
#include <errno.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "net.h"
#include "quicgen.h"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define PORTS_MAX 16

struct port {
	int fd;
	uint16_t number;
	unsigned long datagrams, bytes;
};

/* How many datagrams came from whom: open addressing, doubled when half full. */
struct source {
	union addr from;
	unsigned int n;
};
static struct source *sources;
static size_t sources_size, sources_used;

static bool mute, quiet, server_initial;
static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static struct source *source_slot(const union addr *from)
{
	size_t at = datagram_id(from, addr_len(from)) & (sources_size - 1);

	while (sources[at].n && !addr_same(&sources[at].from, from))
		at = (at + 1) & (sources_size - 1);
	return &sources[at];
}

static unsigned int count_source(const union addr *from)
{
	struct source *s, *old = sources;
	size_t old_size = sources_size, i;

	if (2 * sources_used >= sources_size) {
		sources_size = old_size ? 2 * old_size : 1024;
		sources = calloc(sources_size, sizeof(*sources));
		if (!sources)
			err(1, "calloc");
		for (i = 0; i < old_size; i++)
			if (old[i].n)
				*source_slot(&old[i].from) = old[i];
		free(old);
	}
	s = source_slot(from);
	if (!s->n) {
		s->from = *from;
		sources_used++;
	}
	return ++s->n;
}

static int open_port(const union addr *address, uint16_t number, bool gro)
{
	union addr a = *address;
	int one = 1, size = 4 << 20, fd;

	addr_set_port(&a, number);
	fd = socket(a.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		err(1, "socket");
	if (a.sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one));
	setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (gro && setsockopt(fd, IPPROTO_UDP, UDP_GRO, &one, sizeof(one)))
		err(1, "UDP_GRO");
	if (bind(fd, &a.sa, addr_len(&a)))
		err(1, "%s", addr_text(&a));
	return fd;
}

/* An answer that is lost would look like a client's datagram that was: wait for the buffer. */
static void send_reply(int fd, const struct msghdr *reply)
{
	struct pollfd writable = {.fd = fd, .events = POLLOUT};

	while (sendmsg(fd, reply, 0) < 0) {
		if (errno != EAGAIN || poll(&writable, 1, 10000) <= 0) {
			warn("sendmsg");
			return;
		}
	}
}

/* A server's answer: an Initial with a ServerHello, under keys from the client's DCID. */
static void answer_initial(int fd, struct msghdr *reply, const uint8_t *data, size_t len)
{
	static struct qt_buf frames, out;
	struct qt_packet p = {.server = true, .scid = qt_cid(0x51, 8), .pad_to = 1200};
	struct qt_cid key_cid = {0};
	const uint8_t *scid;
	struct iovec iov;

	if (len < 1200 || data[0] < 0xc0 || data[5] > 20 || data[6 + data[5]] > 20)
		return;
	p.version = (uint32_t)data[1] << 24 | data[2] << 16 | data[3] << 8 | data[4];
	if (!qt_salt(p.version))
		return;
	key_cid.len = data[5];
	memcpy(key_cid.id, data + 6, key_cid.len);
	p.key_cid = &key_cid;
	scid = data + 6 + key_cid.len;
	p.dcid.len = *scid;
	memcpy(p.dcid.id, scid + 1, *scid);

	frames.len = out.len = 0;
	qt_frame_ack(&frames, 0, 0, false);
	qt_frame_crypto(&frames, 0, "\2\0\0\4\3\3\0\0", 8);
	qt_initial(&out, &p, &frames);
	iov = (struct iovec){out.p, out.len};
	reply->msg_iov = &iov;
	reply->msg_iovlen = 1;
	send_reply(fd, reply);
}

/* Answer from the address that the datagram went to. */
static void answer(int fd, struct msghdr *got, const uint8_t *data, size_t len, const char *text)
{
	struct iovec iov = {(void *)text, strlen(text)};
	struct msghdr reply = {.msg_name = got->msg_name, .msg_namelen = got->msg_namelen};
	union {
		char buf[CMSG_SPACE(sizeof(struct in6_pktinfo))];
		struct cmsghdr align;
	} control = {0};
	struct cmsghdr *c, *to = &control.align;

	for (c = CMSG_FIRSTHDR(got); c; c = CMSG_NXTHDR(got, c)) {
		if ((c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_PKTINFO) &&
		    (c->cmsg_level != IPPROTO_IPV6 || c->cmsg_type != IPV6_PKTINFO))
			continue;
		memcpy(to, c, c->cmsg_len);
		if (c->cmsg_level == IPPROTO_IP) {
			struct in_pktinfo *info = (void *)CMSG_DATA(to);

			info->ipi_spec_dst = info->ipi_addr;
			info->ipi_ifindex = 0;
		} else {
			((struct in6_pktinfo *)CMSG_DATA(to))->ipi6_ifindex = 0;
		}
		reply.msg_control = control.buf;
		reply.msg_controllen = CMSG_ALIGN(c->cmsg_len);
	}
	if (server_initial)
		answer_initial(fd, &reply, data, len);
	reply.msg_iov = &iov;
	reply.msg_iovlen = 1;
	send_reply(fd, &reply);
}

static void take(struct port *port, struct msghdr *got, const uint8_t *data, size_t len)
{
	union addr from = addr_plain(got->msg_name);
	unsigned long long id = datagram_id(data, len);
	unsigned int n = count_source(&from);
	char text[80];

	port->datagrams++;
	port->bytes += len;
	if (!quiet)
		printf("recv port=%u from=%s n=%u len=%zu id=%016llx\n", port->number,
		       addr_text(&from), n, len, id);
	if (mute)
		return;
	snprintf(text, sizeof(text), "quicgen port=%u n=%u id=%016llx", port->number, n, id);
	answer(port->fd, got, data, len, text);
}

static void receive(struct port *port)
{
	static uint8_t data[65536];
	union addr from;
	struct iovec iov = {data, sizeof(data)};
	char control[256] __attribute__((aligned(8)));
	struct msghdr msg = {
		.msg_name = &from, .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control};
	struct cmsghdr *c;
	ssize_t len, at;
	int gso_size;

	for (int i = 0; i < 1000; i++) {
		msg.msg_namelen = sizeof(from);
		msg.msg_controllen = sizeof(control);
		memset(&from, 0, sizeof(from));
		len = recvmsg(port->fd, &msg, 0);
		if (len < 0) {
			if (errno != EAGAIN && errno != EINTR)
				warn("recvmsg");
			return;
		}
		gso_size = len;
		for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
			if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO)
				memcpy(&gso_size, CMSG_DATA(c), sizeof(gso_size));
		for (at = 0; at < len || !at; at += gso_size) {
			take(port, &msg, data + at, len - at < gso_size ? len - at : gso_size);
			if (!gso_size)
				break;
		}
	}
}

int cmd_recv(int argc, char **argv)
{
	static const struct option opts[] = {{"address", 1, NULL, 'A'},
					     {"gro", 0, NULL, 'g'},
					     {"server-initial", 0, NULL, 'i'},
					     {"mute", 0, NULL, 'm'},
					     {"quiet", 0, NULL, 'q'},
					     {"for", 1, NULL, 'f'},
					     {NULL, 0, NULL, 0}};
	struct sigaction act = {.sa_handler = on_signal};
	union addr address = addr_parse("::", 0);
	struct pollfd fds[PORTS_MAX];
	struct port ports[PORTS_MAX];
	uint64_t end = UINT64_MAX;
	bool gro = false;
	int opt, n = 0, i;

	while ((opt = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		switch (opt) {
		case 'A':
			address = addr_parse(optarg, 0);
			break;
		case 'g':
			gro = true;
			break;
		case 'i':
			server_initial = true;
			break;
		case 'm':
			mute = true;
			break;
		case 'q':
			quiet = true;
			break;
		case 'f':
			end = now_ms() + option_number(optarg, "--for", 1, 86400000);
			break;
		default:
			return 2;
		}
	}
	if (optind == argc || argc - optind > PORTS_MAX)
		errx(2, "recv: one to %d ports", PORTS_MAX);
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGINT, &act, NULL);
	printf("ready ports=");
	for (; optind < argc; optind++, n++) {
		ports[n] = (struct port){.number = option_number(argv[optind], "port", 1, 65535)};
		ports[n].fd = open_port(&address, ports[n].number, gro);
		fds[n] = (struct pollfd){.fd = ports[n].fd, .events = POLLIN};
		printf("%s%u", n ? "," : "", ports[n].number);
	}
	printf("\n");

	while (!stop && now_ms() < end) {
		if (poll(fds, n, end == UINT64_MAX ? -1 : (int)(end - now_ms())) < 0 &&
		    errno != EINTR)
			err(1, "poll");
		for (i = 0; i < n && !stop; i++)
			if (fds[i].revents)
				receive(&ports[i]);
	}
	for (i = 0; i < n; i++)
		printf("total port=%u datagrams=%lu bytes=%lu\n", ports[i].number,
		       ports[i].datagrams, ports[i].bytes);
	return 0;
}
