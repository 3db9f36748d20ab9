/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For services behind quicd in mode handoff: each QUIC stream arrives as a socket.
 *
 * The service listens on a Unix socket of type SOCK_SEQPACKET, the one that quicd's
 * configuration names, and accepts. Each message on an accepted connection is a struct
 * quicd_handoff with one file descriptor (SCM_RIGHTS): a connected stream socket that
 * carries one bidirectional stream. read, write, poll and the rest work on it:
 *
 *	end of file	the client finished the stream
 *	shutdown(WR)	finishes our side
 *	close		finishes our side; the client is told to stop sending
 *	close with data unread	resets the stream
 *
 * quicd connects again by itself when the service was restarted.
 */
#ifndef QUICD_HANDOFF_H
#define QUICD_HANDOFF_H

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define QUICD_HANDOFF_VERSION 1

struct quicd_handoff {
	uint32_t version;      /* QUICD_HANDOFF_VERSION; later ones only append */
	uint32_t quic_version; /* 0x00000001, 0x6b3343cf */
	uint64_t connection;   /* the same for all streams of a connection */
	uint64_t stream;       /* QUIC stream ID */
	struct sockaddr_storage peer, local;
	uint16_t alpn_len;	 /* octets of alpn; a NUL follows them */
	uint8_t client_verified; /* the client showed a certificate of our CA */
	uint8_t reserved[5];	 /* zero */
	char alpn[256];
	char sni[256];	       /* empty: the client sent none */
	char client_name[256]; /* subject of its certificate; empty: none */
};

/**
 * quicd_handoff_recv - take the next stream from an accepted connection
 * @fd:	the accepted SOCK_SEQPACKET connection
 * @h:	filled in
 *
 * Returns the stream's descriptor (close-on-exec), or -1: 0 in errno means that quicd
 * closed the connection, EPROTO that the message was not one of ours.
 */
static inline int quicd_handoff_recv(int fd, struct quicd_handoff *h)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {h, sizeof(*h)};
	struct msghdr m;
	struct cmsghdr *c;
	ssize_t n;
	int stream = -1;

	memset(&m, 0, sizeof(m));
	m.msg_iov = &iov;
	m.msg_iovlen = 1;
	m.msg_control = control.buf;
	m.msg_controllen = sizeof(control.buf);
	n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	if (n <= 0) {
		if (n == 0)
			errno = 0;
		return -1;
	}
	c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(&stream, CMSG_DATA(c), sizeof(stream));
	if (stream >= 0 && ((size_t)n < sizeof(*h) || h->version < QUICD_HANDOFF_VERSION)) {
		close(stream);
		stream = -1;
	}
	if (stream < 0)
		errno = EPROTO;
	return stream;
}

#endif
