/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of QUIC connections and what their first flights said. */
#ifndef QI_FLOWS_H
#define QI_FLOWS_H

#include "flight.h"
#include "ip.h"
#include "packet.h"

/**
 * struct qi_flow - one connection, as far as it is known
 * @tuple:	client first
 * @version:	of its Initials
 * @dcid:	of the first Initial
 * @dcid_len:	in bytes
 * @datagrams:	with an Initial that opened, up to the one that completed the ClientHello
 * @retry:	a Retry sent the client away, and this is the ClientHello with which it came back
 * @closed:	the client closed the connection in an Initial (CONNECTION_CLOSE)
 * @complete:	the ClientHello is complete; what follows is only set then
 * @ech:	encrypted_client_hello was there
 * @sni:	host name, in the client's case
 * @sni_len:	0 if there is none
 * @alpn:	ProtocolNameList, for nq_alpn_next()
 * @alpn_len:	in bytes
 */
struct qi_flow {
	const struct qi_tuple *tuple;
	uint32_t version;
	const uint8_t *dcid;
	size_t dcid_len;
	unsigned int datagrams;
	bool retry;
	bool closed;
	bool complete;
	bool ech;
	const uint8_t *sni, *alpn;
	size_t sni_len, alpn_len;
};

/**
 * qi_report_fn - gets each flow once: when it is complete, cannot be, or is given up
 *
 * Without patience a flow that a Retry sent away after it was complete comes a second time.
 */
typedef void (*qi_report_fn)(void *arg, const struct qi_flow *flow);

struct qi_flows;

/**
 * qi_flows_new - make a table
 * @gathering:	flows whose ClientHello is not complete that are kept; beyond that
 *		the longest silent one is reported as it is
 * @settled:	reported flows that are kept, to know what belongs to them
 * @patience:	seconds of the capture for which a complete flow waits for the server to answer, as
 *		a Retry would replace its ClientHello; 0 to report it at once
 * @report:	called for each flow
 * @arg:	handed to @report
 *
 * Return: the table, or NULL if memory is short.
 */
struct qi_flows *qi_flows_new(unsigned int gathering, unsigned int settled, unsigned int patience,
			      qi_report_fn report, void *arg);

/**
 * qi_flows_datagram - take a datagram
 *
 * A flow is a client's address and port, the server's, and the DCID of the first Initial: one
 * tuple can carry several connections, one after another. After a Retry it stays the flow: the
 * capture has the Retry, or the client comes back under the same SCID with a token. The
 * ClientHello that it sends then is the one that counts (RFC 9000 17.2.5.2).
 *
 * Return: 0 or -ENOMEM.
 */
int qi_flows_datagram(struct qi_flows *t, const struct qi_datagram *d);

/** qi_flows_expire - report those whose server has been silent for longer than the patience */
void qi_flows_expire(struct qi_flows *t, time_t now);

/** qi_flows_flush - report all flows that were not reported, the longest silent first */
void qi_flows_flush(struct qi_flows *t);

void qi_flows_free(struct qi_flows *t);

#endif /* QI_FLOWS_H */
