/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration file of one service: quicd.conf(5). */
#ifndef QUICD_CONFIG_H
#define QUICD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/addr.h"
#include "accessconf.h"
#include "cid.h"

struct conf_key;
struct mode;

enum client_cert_policy {
	CLIENT_CERT_NONE,
	CLIENT_CERT_REQUEST,
	CLIENT_CERT_REQUIRE,
};

enum cc_choice {
	CC_CUBIC,
	CC_RENO,
	CC_BBR,
};

enum server_id_kind {
	SERVER_ID_DEFAULT, /* the port, or none if that is always 443 */
	SERVER_ID_NONE,
	SERVER_ID_PORT,
	SERVER_ID_GIVEN,
};

struct string_list {
	char **item;
	size_t n;
	int *line; /* of each item, if it is a key's value */
};

/* Longest ALPN protocol that GnuTLS can agree on; a TLS extension could carry 255 octets. */
#define ALPN_NAME_MAX 31

/* "*" is one of each family. */
#define METRICS_ADDRS 2

struct listen_addr {
	union addr addr;
	char text[ADDR_TEXT_MAX];
	int line;
};

/* A section that the file may have: its keys, where their values go, and their lines. */
struct section {
	const char *name;
	const struct conf_key *keys;
	size_t nkeys;
	void *values;		 /* the keys' offsets count from here */
	int *given;		 /* line of each key, 0 if it is not there */
	const struct mode *mode; /* which the section belongs to; NULL: to all modes */
};

struct config {
	char *path;
	const struct mode *const *modes; /* all that there are; ends with NULL */
	struct section *section;	 /* those of keytab.h, then those of the modes */
	size_t nsections;

	/* [service] */
	char *name;
	struct listen_addr *listen;
	size_t nlisten;
	struct string_list alpn;
	bool alpn_any;
	const struct mode *mode;
	void *mode_conf; /* the values of the mode's own section */
	uint64_t workers;
	uint64_t max_connections, max_streams;
	uint64_t retry_threshold;
	uint64_t idle_timeout, keep_alive, handshake_timeout, drain_timeout; /* ns */
	char *user, *group;
	int log_level; /* enum log_level */
	char *control;
	union addr metrics[METRICS_ADDRS];
	int nmetrics; /* 0: none */
	bool metrics_remote;
	char *secret_file;
	enum server_id_kind server_id;
	struct cid_format cid; /* an endpoint's own has its port */
	uint64_t cid_rotation; /* UINT64_MAX: not given */

	/* [transport] */
	uint32_t versions[2]; /* in order of preference */
	size_t nversions;
	uint64_t stream_window, connection_window;
	int congestion; /* enum cc_choice */
	bool gso, gro, ecn, pmtud;
	uint64_t max_udp_payload;
	uint64_t receive_buffer, send_buffer;

	/* [tls] */
	struct string_list cert, key, ocsp;
	char *ciphers;
	char *client_ca;
	int client_cert; /* enum client_cert_policy */
	bool early_data;
	bool tickets; /* default: as the mode has it, or with early_data */

	struct access_conf access; /* [access] */

	/* [debug] */
	char *keylog, *qlog_dir;
};

/*
 * Reads and checks @path, the file of a service in one of @modes. On a mistake a line
 * "FILE:LINE: what is wrong" goes to the log for each that was found. Returns the
 * configuration or NULL.
 */
struct config *config_load(const char *path, const struct mode *const *modes);
void config_free(struct config *c);

/* Line of a key, for messages; 0 if it was not given. */
int config_line(const struct config *c, const char *section, const char *name);
/* Logs an error as "FILE:LINE: text" (no line if it is 0), also long after the file was read. */
__attribute__((format(printf, 3, 4))) void config_err(const struct config *c, int line,
						      const char *fmt, ...);
/* The same as a warning. */
__attribute__((format(printf, 3, 4))) void config_warn(const struct config *c, int line,
						       const char *fmt, ...);

#endif
