/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A client's first flight: datagrams in, the ClientHello's names out.
 *
 * Ties header, keys, frames, reassembly and ClientHello together. Allocates
 * nothing and keeps no pointer into a datagram. A flight is used by one thread at a
 * time; it may be copied and moved between calls (see nq_flight_size and nq_flight_pack).
 */
#ifndef NQ_FLIGHT_H
#define NQ_FLIGHT_H

#include "types.h"
#include "header.h"
#include "keys.h"
#include "reasm.h"
#include "hello.h"

/**
 * struct nq_flight - what is known of one client's first flight
 * @version:	of its Initials
 * @dcid:	of the FIRST Initial; the keys come from it (RFC 9001 5.2)
 * @dcid_len:	its length in bytes
 * @datagrams:	datagrams that held an Initial which decrypted, up to now
 * @base:	where in the CRYPTO stream the ClientHello begins: 0, or behind the first one for
 *		the second of a HelloRetryRequest (RFC 8446 4.1.4)
 * @keys:	client Initial keys
 * @hello:	offsets of the names in @crypto's bytes from @base on, valid after NQ_DONE
 * @crypto:	CRYPTO stream; its last member is the buffer, so that a flight
 *		is stored in nq_flight_size() bytes
 */
struct nq_flight {
	u32 version;
	u8 dcid[NQ_CID_MAX];
	u8 dcid_len;
	u8 datagrams;
	bool started; /* keys are set */
	bool resumed; /* and stay */
	bool second;  /* another ClientHello begins where this one ends */
	bool unread;  /* what was not opened may be, or hold, the ClientHello */
	u16 base;
	struct nq_keys keys;
	struct nq_hello hello;
	struct nq_reasm crypto;
};

#define NQ_FLIGHT_HEAD (7 + 2 * NQ_CID_MAX) /* a long header up to its connection IDs */

/**
 * nq_flight_gate - may this datagram begin or continue a first flight?
 * @head:	the first bytes of the UDP payload
 * @head_len:	how many are readable here; NQ_FLIGHT_HEAD are always enough
 * @len:	length of the whole UDP payload
 *
 * Cheap, no crypto: long header, known version, Initial type, DCID of
 * NQ_DCID_MIN to NQ_CID_MAX bytes, at least NQ_INITIAL_MIN bytes.
 * Return: true if nq_flight_feed() is worth a call.
 */
bool nq_flight_gate(const u8 *head, size_t head_len, size_t len);

/**
 * nq_flight_gate_on - as nq_flight_gate(), for a flight that has begun
 *
 * A client that continues under the server's connection ID may use one of any length up to
 * NQ_CID_MAX, also an empty one.
 */
bool nq_flight_gate_on(const u8 *head, size_t head_len, size_t len);

/** nq_flight_init - begin: nothing seen yet. Does not touch the CRYPTO buffer. */
void nq_flight_init(struct nq_flight *f);

/**
 * nq_flight_resume - begin in the middle: the connection is known
 * @f:		the flight
 * @ver:	version of the packets to come
 * @dcid:	of the connection's first Initial
 * @dcid_len:	its length
 * @base:	where the ClientHello that is waited for begins
 *
 * Packets open with these keys or not at all. Bytes before @base are gathered too, but decide
 * nothing.
 */
void nq_flight_resume(struct nq_flight *f, const struct nq_version *ver, const u8 *dcid,
		      u8 dcid_len, u16 base);

/**
 * nq_flight_feed - take one datagram of the client
 * @f:		the flight
 * @dgram:	the UDP payload; DECRYPTED IN PLACE, so hand in a copy
 * @len:	its length in bytes
 * @result:	counters for the caller, or NULL
 *
 * Walks the coalesced packets, opens each Initial with the flight's keys (or with
 * keys from its own DCID if the flight is new, or if the old keys fail and the new ones
 * open it: a client that came back after Retry, or a new connection), gathers CRYPTO.
 * A datagram that does not open leaves the flight as it was, but for @f->unread, and so does a
 * malformed one that would begin it anew. At most eight Initials of a datagram are opened, and four
 * that do not open; if more follow, they might hold the rest of the ClientHello, or another one.
 * Packets of other types are stepped over; 0-RTT may stand in front. A client puts no Initials of
 * two DCIDs or versions into one datagram, and a server need not ignore the second (RFC 9000 12.2,
 * some do not): what is in it may be, or hold, the ClientHello.
 *
 * Errors for which a server would close the connection end the flight: reserved bits that are
 * not 0, a frame that is malformed or not allowed in an Initial, CONNECTION_CLOSE, CRYPTO
 * that is no ClientHello (a ServerHello, say) or that passes a limit. So does what was not opened,
 * if the ClientHello is not complete without it. That is NQ_NOT_OURS with @result->dead set. CRYPTO
 * behind the ClientHello's own end is not kept; if another ClientHello begins there, @f->second
 * says so: a server that asks for one would read it.
 *
 * Return: NQ_NOT_OURS (also if nothing in it opened), NQ_MORE or NQ_DONE. Once NQ_DONE, a
 * flight stays so until it begins anew.
 */
struct nq_feed_result {
	u8 initials;  /* Initial packets looked at */
	u8 opened;    /* of these, with a good tag */
	u8 bad_tag;   /* of these, with a bad one */
	bool restart; /* the flight began anew under another DCID */
	bool dead;    /* no later datagram can complete it */
	bool limit;   /* dead, but only because it has more than NQ_RANGES_MAX ranges */
	bool left;    /* some did not open, or were not looked at */
	bool closed;  /* dead, as it has a CONNECTION_CLOSE */
};
enum nq_verdict nq_flight_feed(struct nq_flight *f, u8 *dgram, size_t len,
			       struct nq_feed_result *result);

/**
 * nq_flight_doubtful - may a server read another ClientHello in what came than we do?
 *
 * No later datagram makes that better.
 */
static inline bool nq_flight_doubtful(const struct nq_flight *f)
{
	return f->unread || nq_reasm_contradicts(&f->crypto);
}

/**
 * nq_flight_size - bytes from the start of @f that hold all of its state
 *
 * The CRYPTO buffer is the last member and is used only up to the highest byte
 * received; memcpy of that many bytes into a full struct nq_flight continues it.
 */
size_t nq_flight_size(const struct nq_flight *f);

/**
 * nq_flight_packed_size - bytes that nq_flight_pack() writes
 *
 * Grows with the CRYPTO bytes that came, wherever they are in the stream: a single frame far
 * behind costs no more than one at the start.
 */
size_t nq_flight_packed_size(const struct nq_flight *f);

/** nq_flight_pack - put all of the state into nq_flight_packed_size() bytes at @out */
void nq_flight_pack(const struct nq_flight *f, u8 *out);

/** nq_flight_unpack - restore what nq_flight_pack() wrote */
void nq_flight_unpack(struct nq_flight *f, const u8 *in);

#endif /* NQ_FLIGHT_H */
