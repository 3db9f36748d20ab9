// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "udp.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

/* Room for pktinfo, TOS and segment size, either way. */
union cmsg_buf {
	struct cmsghdr align;
	uint8_t buf[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int)) +
		    CMSG_SPACE(sizeof(int))];
};

static int set_int(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) ? -errno : 0;
}

/* Beyond net.core.rmem_max and wmem_max if we may, else up to them. */
static int set_buffer(int fd, int name, int force_name, int bytes)
{
	if (!bytes || !set_int(fd, SOL_SOCKET, force_name, bytes))
		return 0;
	return set_int(fd, SOL_SOCKET, name, bytes);
}

static int set_family_options(int fd, int family, bool ecn)
{
	int err;

	/* Never fragment, and take no path MTU from ICMP: QUIC probes for itself (RFC 9000, 14). */
	if (family == AF_INET6) {
		err = set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
		if (!err)
			err = set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
		if (!err && ecn)
			err = set_int(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
	} else {
		err = set_int(fd, IPPROTO_IP, IP_PKTINFO, 1);
		if (!err)
			err = set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
		if (!err && ecn)
			err = set_int(fd, IPPROTO_IP, IP_RECVTOS, 1);
	}
	return err;
}

static int set_options(int fd, int family, const struct udp_options *o)
{
	int err = set_family_options(fd, family, o->ecn);

	if (!err)
		err = set_buffer(fd, SO_RCVBUF, SO_RCVBUFFORCE, o->rcvbuf);
	if (!err)
		err = set_buffer(fd, SO_SNDBUF, SO_SNDBUFFORCE, o->sndbuf);
	return err;
}

/* The socket is bound. Takes it over, or closes it. */
static int complete(struct udp_sock *s, int fd, const struct udp_options *o)
{
	socklen_t len = sizeof(s->local);

	if (getsockname(fd, &s->local.sa, &len)) {
		int err = -errno;

		close(fd);
		return err;
	}
	/* Old kernels lack these; the socket works without. */
	set_int(fd, SOL_UDP, UDP_GRO, o->gro);
	s->gso = o->gso && !set_int(fd, SOL_UDP, UDP_SEGMENT, 0);
	s->fd = fd;
	return 0;
}

int udp_open(struct udp_sock *s, const union addr *local, const struct udp_options *o)
{
	int fd, err = 0;

	*s = (struct udp_sock){.fd = -1, .ecn = o->ecn};
	fd = socket(local->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (local->sa.sa_family == AF_INET6)
		err = set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (!err)
		err = set_options(fd, local->sa.sa_family, o);
	if (!err && o->share)
		err = set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (!err && bind(fd, &local->sa, addr_len(local)))
		err = -errno;
	if (!err)
		err = set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (err) {
		close(fd);
		return err;
	}
	return complete(s, fd, o);
}

int udp_adopt(struct udp_sock *s, int fd, const struct udp_options *o)
{
	int family = AF_UNSPEC, err = 0;
	socklen_t len = sizeof(family);

	*s = (struct udp_sock){.fd = -1, .ecn = o->ecn};
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len) ||
	    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK))
		err = -errno;
	if (!err)
		err = set_options(fd, family, o);
	/* For workers that are added with an upgrade. */
	if (!err)
		err = set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (err) {
		close(fd);
		return err;
	}
	return complete(s, fd, o);
}

void udp_close(struct udp_sock *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

int udp_rcvbuf(const struct udp_sock *s)
{
	int value = 0;
	socklen_t len = sizeof(value);

	getsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &value, &len);
	return value / 2; /* the kernel doubles it for its own overhead */
}

static void read_cmsgs(const struct udp_sock *s, struct udp_msg *m, struct msghdr *h)
{
	m->local = s->local;
	m->ecn = 0;
	m->segment = m->len;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			m->local.in.sin_addr = info.ipi_addr;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			m->local.in6.sin6_addr = info.ipi6_addr;
			if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
				m->local.in6.sin6_scope_id = (uint32_t)info.ipi6_ifindex;
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
			m->ecn = *CMSG_DATA(c) & IPTOS_ECN_MASK;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
			int tclass;

			memcpy(&tclass, CMSG_DATA(c), sizeof(tclass));
			m->ecn = (uint8_t)(tclass & IPTOS_ECN_MASK);
		} else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
			int segment;

			memcpy(&segment, CMSG_DATA(c), sizeof(segment));
			if (segment > 0)
				m->segment = (size_t)segment;
		}
	}
}

int udp_recv(struct udp_sock *s, struct udp_batch *b)
{
	struct mmsghdr mm[UDP_BATCH];
	union cmsg_buf control[UDP_BATCH];
	struct iovec iov[UDP_BATCH];
	int n;

	for (int i = 0; i < UDP_BATCH; i++) {
		iov[i] = (struct iovec){.iov_base = b->buf[i], .iov_len = UDP_BUF};
		mm[i] = (struct mmsghdr){.msg_hdr = {
						 .msg_name = &b->msg[i].remote,
						 .msg_namelen = sizeof(b->msg[i].remote),
						 .msg_iov = &iov[i],
						 .msg_iovlen = 1,
						 .msg_control = &control[i],
						 .msg_controllen = sizeof(control[i]),
					 }};
	}
	n = recvmmsg(s->fd, mm, UDP_BATCH, MSG_DONTWAIT, NULL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		b->msg[i].data = b->buf[i];
		b->msg[i].len = mm[i].msg_len;
		read_cmsgs(s, &b->msg[i], &mm[i].msg_hdr);
	}
	return n;
}

static void *put_cmsg(struct msghdr *h, int level, int type, size_t size)
{
	union cmsg_buf *b = h->msg_control;
	struct cmsghdr *c = (struct cmsghdr *)(b->buf + h->msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(size);
	h->msg_controllen += CMSG_SPACE(size);
	return CMSG_DATA(c);
}

static void put_source(struct msghdr *h, const union addr *local)
{
	if (local->sa.sa_family == AF_INET) {
		struct in_pktinfo info = {.ipi_spec_dst = local->in.sin_addr};

		memcpy(put_cmsg(h, IPPROTO_IP, IP_PKTINFO, sizeof(info)), &info, sizeof(info));
	} else {
		struct in6_pktinfo info = {.ipi6_addr = local->in6.sin6_addr,
					   .ipi6_ifindex = local->in6.sin6_scope_id};

		memcpy(put_cmsg(h, IPPROTO_IPV6, IPV6_PKTINFO, sizeof(info)), &info, sizeof(info));
	}
}

static int send_once(struct udp_sock *s, const union addr *local, const union addr *remote,
		     uint8_t ecn, const uint8_t *data, size_t len, size_t segment)
{
	union cmsg_buf control = {0};
	struct iovec iov = {.iov_base = (void *)data, .iov_len = len};
	struct msghdr h = {
		.msg_name = (void *)remote,
		.msg_namelen = addr_len(remote),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
	};

	if (local)
		put_source(&h, local);
	if (ecn && s->ecn) {
		int tos = ecn;
		int v6 = remote->sa.sa_family == AF_INET6;

		memcpy(put_cmsg(&h, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TCLASS : IP_TOS,
				sizeof(tos)),
		       &tos, sizeof(tos));
	}
	if (len > segment) {
		uint16_t size = (uint16_t)segment;

		memcpy(put_cmsg(&h, SOL_UDP, UDP_SEGMENT, sizeof(size)), &size, sizeof(size));
	}
	if (!h.msg_controllen)
		h.msg_control = NULL;
	for (;;) {
		if (sendmsg(s->fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
}

int udp_send(struct udp_sock *s, const union addr *local, const union addr *remote, uint8_t ecn,
	     const uint8_t *data, size_t len, size_t segment)
{
	bool sent = false;
	int err;

	if (len > segment && s->gso) {
		err = send_once(s, local, remote, ecn, data, len, segment);
		if (err == -EAGAIN || err == -EWOULDBLOCK)
			return -EAGAIN;
		/* EIO: the device cannot checksum segments. EINVAL: a segment over its MTU. */
		if (err != -EIO && err != -EINVAL && err != -EMSGSIZE && err != -EOPNOTSUPP)
			return 0;
		if (err == -EIO || err == -EOPNOTSUPP) {
			log_info("GSO refused by the device (%s): sending datagram by datagram",
				 strerror(-err));
			s->gso = false;
		}
	}
	for (size_t off = 0; off < len; off += segment) {
		size_t n = len - off < segment ? len - off : segment;

		err = send_once(s, local, remote, ecn, data + off, n, n);
		/*
		 * Only half of a train went out: the rest counts as lost, since QUIC sends
		 * it again.
		 */
		if (err == -EAGAIN)
			return sent ? 0 : -EAGAIN;
		sent = true;
	}
	return 0;
}
