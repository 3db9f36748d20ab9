/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between the main threads of a process and the one that replaces it, over a socket
 * pair of type SOCK_SEQPACKET:
 *
 *	new	HELLO
 *	old	STATE, UDP..., CONTROL, METRICS..., (LINK, CIDS...)..., END
 *	new	READY: all that can fail has been done
 *	old	(reads no more) CIDS..., GO
 *	new	DONE: it serves
 *	old	MAIN: systemd knows; from now on the socket is the old process's link
 *	new	DRAIN, REOPEN, whenever it has been told so itself
 *
 * If the socket is closed before DONE the old process serves as before.
 */
#ifndef QUICD_HANDMSG_H
#define QUICD_HANDMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

#include "../common/addr.h"
#include "cid.h"
#include "secret.h"

/* To be counted up with each change of these structures: both sides must have the same. */
#define HAND_VERSION 1

#define HAND_FDS_MAX  65 /* the main thread's and one for each worker */
#define HAND_CIDS_MAX 256
#define HAND_KEY_MAX  128

enum hand_type {
	HAND_HELLO = 0x51430100,
	HAND_STATE,
	HAND_UDP,
	HAND_CONTROL,
	HAND_METRICS,
	HAND_LINK,
	HAND_CIDS,
	HAND_END,
	HAND_READY,
	HAND_GO,
	HAND_DONE,
	HAND_MAIN,
	HAND_DRAIN,
	HAND_REOPEN,
};

/* A connection ID that a client chose. */
struct hand_cid {
	uint8_t len;
	uint8_t id[CID_LEN_MAX];
};

struct hand_msg {
	uint32_t type;
	union {
		struct {
			uint32_t version;
			int32_t pid;
		} hello;
		struct {
			uint32_t generation;
			struct secret secret;
			uint32_t key_len; /* of session tickets; 0: has none */
			uint8_t key[HAND_KEY_MAX];
		} state;
		struct {
			union addr addr; /* as configured */
			uint32_t slot;	 /* place among the sockets of that address */
		} udp, metrics;
		struct {
			char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
		} control;
		struct {
			struct cid_format cid;
			uint32_t workers;
		} link;
		struct {
			uint32_t n;
			struct hand_cid cid[HAND_CIDS_MAX];
		} cids; /* of the link before; those of the old process come before GO */
	};
};

/* The descriptors that came with a message. */
struct hand_fds {
	int fd[HAND_FDS_MAX];
	size_t n;
};

/* Sends a message with @n descriptors. Returns 0 or -errno. */
int hand_send(int sock, const struct hand_msg *m, const int *fds, size_t n);
/* Sends one that has only a type. */
int hand_tell(int sock, enum hand_type type);
/* Sends @n IDs in as many messages as needed. */
int hand_send_cids(int sock, const struct hand_cid *cid, size_t n);
/*
 * Receives a message; @fds may be NULL, and descriptors that nobody wants are closed. Returns
 * 0 or -errno: -EPIPE at the end, -EPROTO for what is no message.
 */
int hand_recv(int sock, struct hand_msg *m, struct hand_fds *fds, bool wait);
/* The next message must be of this type. */
int hand_expect(int sock, struct hand_msg *m, enum hand_type type);
void hand_close(struct hand_fds *fds);

#endif
