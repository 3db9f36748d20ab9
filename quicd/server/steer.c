// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A classic BPF program: it needs no privilege, and its arithmetic is enough for cid_worker().
 * It runs on the UDP payload.
 */
#include "steer.h"

#include <errno.h>
#include <linux/filter.h>
#include <string.h>
#include <sys/socket.h>

#ifndef SO_ATTACH_REUSEPORT_CBPF
#define SO_ATTACH_REUSEPORT_CBPF 51
#endif

int steer_attach(int fd, const struct cid_format *f)
{
	unsigned int at = (unsigned int)cid_worker_offset(f);
	struct sock_filter code[] = {
		/* Short header: the ID begins at octet 1. A load past the end returns 0. */
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x80, 2, 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 1 + at),
		BPF_JUMP(BPF_JMP | BPF_JA, 3, 0, 0),
		/* Long header: its length is octet 5, the ID begins at octet 6 (RFC 8999, 5.1). */
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 5),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, at, 0, 3),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6 + at),
		BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, f->workers),
		BPF_STMT(BPF_RET | BPF_A, 0),
		/* Too short to tell: worker 0, as cid_worker() says. */
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog;

	memset(&prog, 0, sizeof(prog)); /* its padding goes to the kernel, too */
	prog.len = sizeof(code) / sizeof(code[0]);
	prog.filter = code;
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &prog, sizeof(prog)) ? -errno
											 : 0;
}
