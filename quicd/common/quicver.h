/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every difference between the ngtcp2 and nghttp3 versions that we build against, and
 * nothing else. Floor: ngtcp2 1.11 and nghttp3 1.8 (Debian 13).
 */
#ifndef QUICD_QUICVER_H
#define QUICD_QUICVER_H

#include <nghttp3/version.h>
#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <stdbool.h>

#if NGTCP2_VERSION_NUM < 0x010b00
#error "ngtcp2 1.11 or newer is needed"
#endif

/* Packets and bytes lost came to ngtcp2_conn_info in 1.16. */
#if NGTCP2_VERSION_NUM >= 0x011000
#define QUICVER_LOST_PACKETS(info) ((info)->pkt_lost)
#define QUICVER_HAVE_LOSS	   1
#else
#define QUICVER_LOST_PACKETS(info) ((void)(info), UINT64_C(0))
#define QUICVER_HAVE_LOSS	   0
#endif

/* Padding to a path's datagram came after 1.11: without it trains are shorter. */
#ifdef NGTCP2_WRITE_STREAM_FLAG_PADDING
#define QUICVER_PADDING NGTCP2_WRITE_STREAM_FLAG_PADDING
#else
#define QUICVER_PADDING 0
#endif

/*
 * For a server, before it has sent a 1-RTT packet: no connection ID beyond its first. The
 * library has no setting for that; it counts against what the client can take, in
 * parameters that are const only to those who ask for them. 1 is its count of ours. Returns false
 * if the client has sent no parameters: the library looks for them only later.
 */
static inline bool quicver_one_cid(ngtcp2_conn *quic)
{
	ngtcp2_transport_params *p =
		(ngtcp2_transport_params *)ngtcp2_conn_get_remote_transport_params(quic);

	if (p)
		p->active_connection_id_limit = 1;
	return p;
}

/*
 * For a server: take a few more IDs from a client than its transport parameter says. When a client
 * has moved twice within three PTOs, first with the same ID and then with another, the library (all
 * releases up to 1.25) counts an ID that it has retired, and would close the connection as
 * soon as the client replaces that one. It keeps eight unused IDs at most whatever the limit is.
 */
#define QUICVER_TOLERATE_CIDS(quic)                                                                \
	(((ngtcp2_transport_params *)ngtcp2_conn_get_local_transport_params(quic))                 \
		 ->active_connection_id_limit = 16)

/*
 * CVE-2026-40170, a stack overflow in the qlog writer: fixed in 1.22.1 and in Debian's
 * 1.11.0-1+deb13u1. The package's patch does not change the library's number, so with
 * 1.11 the running library is asked for more than its number (qlog.c).
 */
#define QUICVER_QLOG_FIXED   0x011601
#define QUICVER_DEBIAN_FLOOR 0x010b00

/*
 * nghttp3 1.12 counts suspicious frames if it is given the time; 1.11 takes a source of
 * randomness.
 */
#if NGHTTP3_VERSION_NUM >= 0x010c00
#define QUICVER_H3_READ(h3, id, data, len, fin, now)                                               \
	nghttp3_conn_read_stream2(h3, id, data, len, fin, now)
#else
#define QUICVER_H3_READ(h3, id, data, len, fin, now)                                               \
	(nghttp3_conn_read_stream(h3, id, data, len, fin))
#endif
#if NGHTTP3_VERSION_NUM >= 0x010b00
#define QUICVER_H3_RAND(fn) .rand = (fn),
#else
#define QUICVER_H3_RAND(fn)
#endif

/*
 * The length of a field's name or value, as far as nghttp3 counts it against its limits: since 1.18
 * that of the text which a Huffman code of this length may stand for.
 */
#if NGHTTP3_VERSION_NUM >= 0x011200
#define QUICVER_H3_STRING(len, huffman) ((huffman) ? (len) * 8 / 5 : (len))
#else
#define QUICVER_H3_STRING(len, huffman) ((void)(huffman), (len))
#endif

/*
 * Faults of one request, which are no concern of others on the connection (RFC 9114, 4.1.2). The
 * library (1.8: of bodies, since 1.11: also of fields) returns them like errors of the
 * connection; but it has changed nothing else by then, and works on if it is not given
 * that stream's data any more.
 */
#define QUICVER_H3_OF_STREAM(rv)                                                                   \
	((rv) == NGHTTP3_ERR_MALFORMED_HTTP_HEADER || (rv) == NGHTTP3_ERR_MALFORMED_HTTP_MESSAGING)

#endif
