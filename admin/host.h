/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host besides its rules: the module, listeners, quicd's services. */
#ifndef NA_HOST_H
#define NA_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "../inspect/packet.h"
#include "boot.h"
#include "ruleset.h"
#include "ways.h"

/* A UDP socket of this network namespace that has no peer. */
struct na_listener {
	int port;
	bool ip6;		/* with no address it takes IPv4, too */
	unsigned char addr[16]; /* all 0 if it is bound to none; of IPv4 the first 4 bytes */
	bool loopback;		/* bound to 127.0.0.0/8 or ::1 */
	unsigned long inode;
	unsigned long long drops; /* datagrams that its receive buffer had no room for */
	pid_t pid;		  /* 0 if its process is not seen */
	unsigned long long since; /* when that began */
	char *comm;
};

/* An address of this host; of IPv6 none that is link-local. */
struct na_addr {
	bool ip6, loopback;
	unsigned char addr[16]; /* of IPv4 the first 4 bytes */
};

/* A service of quicd, from its configuration. @file and @cert are as they are: na_shown(). */
struct na_service {
	char *file, *name, *alpn, *server_id, *control;
	pid_t pid; /* 0 if it does not run */
	int port[16];
	size_t n_ports;
	char *cert[8];
	size_t n_certs;
	double idle_s;
};

/* A counter or gauge of /proc/net/stat/nft_quic. */
struct na_count {
	char name[32];
	unsigned long long value;
};
#define NA_COUNTS 64

struct na_counts {
	struct na_count c[NA_COUNTS];
	size_t n;
};

struct na_host {
	struct na_ruleset *rs; /* NULL with @rs_err if it cannot be read */
	char *rs_err;
	struct na_ways ways;
	bool knows_quic;
	bool root;    /* sees the processes of all users */
	char *module; /* the loaded module's version, NULL if it is not loaded */
	struct na_counts counts;
	bool no_sockets; /* those of UDP cannot be read: there is no /proc */
	struct na_listener *listener;
	size_t n_listeners;
	struct na_addr *addr;
	size_t n_addrs;
	struct na_service *service;
	size_t n_services;
	struct na_boot *boot; /* by na_boot_read(), when a check first asks; or NULL */
};

/** na_host_read() - all of it, but at most @most elements of each set, 0 for all */
struct na_host *na_host_read(size_t most);
void na_host_free(struct na_host *h);

/** na_module_version() - the loaded module's, NULL if it is not loaded; the caller frees it */
char *na_module_version(void);

/** na_host_listener() - who listens on a UDP port; NULL if nobody does */
const struct na_listener *na_host_listener(const struct na_host *h, int port);

/** na_host_reached() - whose socket gets a datagram with this destination; NULL if nobody's does */
const struct na_listener *na_host_reached(const struct na_host *h, const struct qi_tuple *t);

/** na_host_only_loopback() - all of a port's sockets are bound to the loopback */
bool na_host_only_loopback(const struct na_host *h, int port);

/** na_host_service() - the service of quicd that has @port in its configuration, or NULL */
const struct na_service *na_host_service(const struct na_host *h, int port);

/** na_counts_read() - the module's counters of this namespace; n is 0 if it is not loaded */
void na_counts_read(struct na_counts *counts);

/** na_counts_parse() - the same, from the file's text */
void na_counts_parse(struct na_counts *counts, const char *text);

/** na_count() - one of them by its name, 0 if there is none of that name */
unsigned long long na_count(const struct na_counts *counts, const char *name);

/** na_service_parse() - the keys that matter here, from the text of a configuration */
void na_service_parse(struct na_service *s, const char *text);

/** na_seconds() - quicd's notation of a time: 100s, 5m; @fallback if it is no time */
double na_seconds(const char *text, double fallback);

/** na_listeners_parse() - add the sockets in the text of /proc/net/udp or udp6 */
void na_listeners_parse(struct na_host *h, const char *text);

/** na_listener_bound() - the address that a socket is bound to, as text: "0.0.0.0", "::1" */
void na_listener_bound(const struct na_listener *l, char *out, size_t room);

/** na_listener_owner() - a process that has this socket; the youngest is kept */
void na_listener_owner(struct na_host *h, unsigned long inode, pid_t pid, unsigned long long since);

/** na_stat_since() - when a process began, from the text of /proc/PID/stat */
unsigned long long na_stat_since(const char *text);

/** na_cert_expires() - when the first certificate of a PEM file does; -1 if it cannot be read */
time_t na_cert_expires(const char *path);

#endif
