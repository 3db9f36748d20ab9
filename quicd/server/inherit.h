/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets that are older than this process: of systemd, or of the process that it replaces. */
#ifndef QUICD_INHERIT_H
#define QUICD_INHERIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

struct inherited_socket {
	int fd;		   /* -1: taken */
	union addr addr;   /* as configured, or as bound */
	unsigned int slot; /* its place among the sockets of that address */
};

struct inherited {
	struct inherited_socket *udp;
	size_t nudp;
	struct inherited_socket metrics[METRICS_ADDRS];
	size_t nmetrics;
	int control;	    /* -1: none */
	char *control_path; /* of the socket's file */
};

void inherit_init(struct inherited *in);
/* Closes what was not taken; a control socket with another path than now goes with its file. */
void inherit_free(struct inherited *in, const struct config *c);

/* Each takes over the descriptor. Returns 0 or -errno. */
int inherit_udp(struct inherited *in, int fd, const union addr *a, unsigned int slot);
int inherit_metrics(struct inherited *in, int fd, const union addr *a);
int inherit_control(struct inherited *in, int fd, const char *path);

/*
 * The sockets that systemd passes (sd_listen_fds(3)). Returns 0, or -errno after saying which one
 * cannot be used.
 */
int inherit_from_systemd(struct inherited *in, const struct config *c);

/* Each hands a descriptor out, or returns -1 if there is none. */
int inherit_take_udp(struct inherited *in, const union addr *a, unsigned int slot);
int inherit_take_metrics(struct inherited *in, const union addr *a);
int inherit_take_control(struct inherited *in, const char *path);

/*
 * True if a worker of @c will take it. Others belong to earlier processes, and worker number
 * slot modulo the number of workers reads from them.
 */
bool inherit_wanted(const struct inherited_socket *s, const struct config *c);

#endif
