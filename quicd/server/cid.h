/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connection IDs in the plaintext format of QUIC-LB
 * (draft-ietf-quic-load-balancers, sections 3 and 5.1):
 *
 *	first octet	config rotation (3 bits), length of the rest (5 bits)
 *	server ID	0 to 15 octets: the listening port or as configured
 *	nonce		4 to 18 octets; the first one also tells the worker, the high half of
 *			the second one the process that made it, its generation
 *
 * All IDs of a service have one length. Without a server ID the rotation bits are 0b111,
 * "not routable by a balancer".
 *
 * Which worker owns a packet is (octet at cid_worker_offset()) modulo the number of
 * workers. That holds for IDs that a client chose, too: their octets are random, and
 * all packets of a first flight carry the same one.
 */
#ifndef QUICD_CID_H
#define QUICD_CID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CID_SERVER_ID_MAX 15
#define CID_NONCE_MIN	  4
#define CID_LEN_MAX	  20
#define CID_UNROUTABLE	  7
#define CID_GENERATIONS	  16

struct cid_format {
	uint8_t rotation; /* 0..6 with a server ID, CID_UNROUTABLE without */
	bool by_port;	  /* the server ID is the port, cid_set_port() */
	uint8_t server_id_len;
	uint8_t server_id[CID_SERVER_ID_MAX];
	uint8_t nonce_len;
	uint8_t workers;
	uint8_t generation; /* less than CID_GENERATIONS */
};

/* Makes @port (in host order) the server ID: two octets, big endian. */
void cid_set_port(struct cid_format *f, uint16_t port);

/* Writes the server ID in hexadecimal digits; empty without. */
void cid_server_id_text(const struct cid_format *f, char text[2 * CID_SERVER_ID_MAX + 1]);

/* Length of the IDs that this format makes. */
size_t cid_len(const struct cid_format *f);
/* Index of the octet that tells the worker. */
size_t cid_worker_offset(const struct cid_format *f);

/*
 * Makes an ID of @worker in @out (cid_len() octets) from @random, which has nonce_len
 * octets of unpredictable data.
 */
void cid_make(const struct cid_format *f, unsigned int worker, const uint8_t *random, uint8_t *out);

/*
 * True if these cid_len() octets may be an ID of the format: length, rotation, generation and a
 * server ID that is not the port.
 */
bool cid_fits(const struct cid_format *f, const uint8_t *cid);

/* With by_port: true if the server ID is @port (in host order). */
bool cid_has_port(const uint8_t *cid, uint16_t port);

/* The worker that owns packets with this ID; IDs too short for the format: 0. */
unsigned int cid_worker(const struct cid_format *f, const uint8_t *cid, size_t len);

#endif
