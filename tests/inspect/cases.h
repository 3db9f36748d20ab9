/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A case is a capture and, line by line, what quic-inspect must print of it: NAME.pcap beside
 * NAME.want. A case about JSON is called NAME.json.want.
 */
#ifndef CASES_H
#define CASES_H

#include "capfile.h"
#include "chello.h"
#include "initial.h"
#include "wire.h"

#define LINK_ETHERNET 1
#define LINK_RAW      101

/** struct tc - the case that is being written; the frames go out at @when */
struct tc {
	struct cap_file file;
	FILE *want;
	unsigned int when;
};

/** tc_begin - begin a case in the directory that was given to the program */
void tc_begin(struct tc *c, const char *name, enum cap_form form, bool big, uint16_t linktype);

/** tc_raw - begin one of raw IP packets in a plain pcap file */
void tc_raw(struct tc *c, const char *name);

/** tc_json - begin one of raw IP packets whose output is to be JSON */
void tc_json(struct tc *c, const char *name);

/** tc_end - end the case */
void tc_end(struct tc *c);

/** tc_frame - write a frame */
void tc_frame(struct tc *c, const struct qt_buf *frame);

/** tc_udp - write a raw IP packet with this payload, from this client port (0 for 40000) */
void tc_udp(struct tc *c, uint16_t sport, const struct qt_buf *payload);

/** tc_reply - write one from the server, to this client port */
void tc_reply(struct tc *c, uint16_t sport, const struct qt_buf *payload);

/** tc_want - expect a line: addresses by the family, then what @format says */
void tc_want(struct tc *c, bool v6, uint16_t sport, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/** tc_packet - a client's Initial of version 1 under the usual connection IDs, padded to 1200 */
struct qt_packet tc_packet(void);

/** tc_hello - the usual ClientHello, filled up to @size bytes */
const struct qt_buf *tc_hello(size_t size);

/** tc_part - append an Initial with bytes @from to before @to of a ClientHello */
void tc_part(struct qt_buf *out, const struct qt_packet *p, const struct qt_buf *hello, size_t from,
	     size_t to);

/** tc_usual - the usual datagram: all of the usual ClientHello in one Initial of 1200 bytes */
const struct qt_buf *tc_usual(void);

/* The printed connection IDs and names of the usual Initial. */
#define USUAL_ID    "version v1 dcid 0x1112131415161718"
#define USUAL_NAMES "sni \"fs.example.com\" alpn \"smb\", \"h3\""
#define USUAL	    USUAL_ID " " USUAL_NAMES " datagrams 1"

void cases_link(void);
void cases_ip(void);
void cases_flow(void);
void cases_output(void);

#endif /* CASES_H */
