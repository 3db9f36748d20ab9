/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The netlink ABI of the nftables expression "quic".
 *
 * Frozen: rules that an older userspace loaded must keep their meaning.
 * All numbers travel big-endian, as everywhere in nf_tables.
 */
#ifndef _UAPI_NFT_QUIC_H
#define _UAPI_NFT_QUIC_H

/**
 * enum nft_quic_keys - what a quic expression loads or matches
 *
 * The value is also the key's place in the raw-payload placeholder that the
 * nft extension hands to stock nft: bit offset (128 + key) * 4096 of @ih.
 * The register holds the wire's bytes, padded with zeros to the key's full width.
 *
 * @NFT_QUIC_ALPN:	an offered application protocol, 16 bytes (RFC 7301)
 * @NFT_QUIC_SNI:	server name, lower case, no trailing dot, 64 bytes (RFC 6066)
 * @NFT_QUIC_TYPE:	packet type, enum nft_quic_types, 1 byte
 * @NFT_QUIC_SNI_CONCAT: as NFT_QUIC_SNI, 48 bytes, for use in a concatenation
 * @NFT_QUIC_VERSION:	version of a long header packet, 4 bytes (RFC 8999)
 * @NFT_QUIC_DCID:	destination connection ID, 20 bytes (RFC 8999)
 * @NFT_QUIC_SCID:	source connection ID, 20 bytes
 * @NFT_QUIC_ECH:	1 if the ClientHello has encrypted_client_hello, else 0, 1 byte
 * @NFT_QUIC_HELLO:	enum nft_quic_hellos, 1 byte; loads for every packet, QUIC or not
 * @NFT_QUIC_SERVER_ID:	NFTA_QUIC_LEN bytes of a DCID behind its first one: the server ID in the
 *	plaintext form of draft-ietf-quic-load-balancers; also of short headers
 * @NFT_QUIC_STATE:	enum nft_quic_states, 1 byte; of a client's packets, a rule with it has
 *	connections followed
 */
enum nft_quic_keys {
	NFT_QUIC_ALPN = 0,
	NFT_QUIC_SNI = 1,
	NFT_QUIC_TYPE = 2,
	NFT_QUIC_SNI_CONCAT = 3,
	NFT_QUIC_VERSION = 4,
	NFT_QUIC_DCID = 5,
	NFT_QUIC_SCID = 6,
	NFT_QUIC_ECH = 7,
	NFT_QUIC_HELLO = 8,
	NFT_QUIC_SERVER_ID = 9,
	NFT_QUIC_STATE = 10,
	__NFT_QUIC_KEY_MAX
};
#define NFT_QUIC_KEY_MAX (__NFT_QUIC_KEY_MAX - 1)

#define NFT_QUIC_ALPN_LEN	16
#define NFT_QUIC_SNI_LEN	64
#define NFT_QUIC_SNI_CONCAT_LEN 48
#define NFT_QUIC_CID_LEN	20
#define NFT_QUIC_PART_MAX	15 /* NFTA_QUIC_LEN; no server ID is longer */

/**
 * enum nft_quic_types - packet types, independent of the version's type bits
 */
enum nft_quic_types {
	NFT_QUIC_TYPE_INITIAL = 0,
	NFT_QUIC_TYPE_0RTT = 1,
	NFT_QUIC_TYPE_HANDSHAKE = 2,
	NFT_QUIC_TYPE_RETRY = 3,
	NFT_QUIC_TYPE_VERSION_NEGOTIATION = 4,
	NFT_QUIC_TYPE_SHORT = 5,
};

/**
 * enum nft_quic_hellos - was the ClientHello of the connection that a packet opens understood?
 * @NFT_QUIC_HELLO_MISSING: no: an Initial without names, or a long header of a version
 *	that cannot be read
 * @NFT_QUIC_HELLO_EXISTS: yes
 * @NFT_QUIC_HELLO_NONE: it opens no connection
 */
enum nft_quic_hellos {
	NFT_QUIC_HELLO_MISSING = 0,
	NFT_QUIC_HELLO_EXISTS = 1,
	NFT_QUIC_HELLO_NONE = 2,
};

/**
 * enum nft_quic_states - what is known of the connection of a client's packet
 * @NFT_QUIC_STATE_NEW: its ClientHello; its client has not yet used an ID of its server
 * @NFT_QUIC_STATE_ESTABLISHED: its client has, and the packet came on a path where it is known
 * @NFT_QUIC_STATE_MOVED: it is known, but came on a path on which no reply has left yet
 * @NFT_QUIC_STATE_UNKNOWN: nothing, or it may be of several
 */
enum nft_quic_states {
	NFT_QUIC_STATE_NEW = 0,
	NFT_QUIC_STATE_ESTABLISHED = 1,
	NFT_QUIC_STATE_MOVED = 2,
	NFT_QUIC_STATE_UNKNOWN = 3,
};

/* NFTA_QUIC_FLAGS */
#define NFT_QUIC_F_INVERT (1 << 0) /* with NFTA_QUIC_DATA: true if nothing equals it */

/* Longest literal of NFTA_QUIC_DATA, in bytes. */
#define NFT_QUIC_DATA_MAX 255

/**
 * enum nft_quic_attributes - netlink attributes of the quic expression
 *
 * With NFTA_QUIC_DREG the expression loads the key; with NFTA_QUIC_DATA it
 * matches a literal of its exact length (an SNI literal that starts with "*."
 * matches any name below it; the literal "*" any complete ClientHello). One of
 * the two, never both.
 *
 * @NFTA_QUIC_KEY:	enum nft_quic_keys (NLA_U32)
 * @NFTA_QUIC_DREG:	destination register (NLA_U32)
 * @NFTA_QUIC_FLAGS:	NFT_QUIC_F_* (NLA_U32)
 * @NFTA_QUIC_DATA:	literal, 0 to NFT_QUIC_DATA_MAX bytes (NLA_BINARY); ALPN, SNI, DCID, SCID
 * @NFTA_QUIC_LEN:	bytes to load (NLA_U32), 1 to NFT_QUIC_PART_MAX; of NFT_QUIC_SERVER_ID,
 *which must have it, and of DCID and SCID: the first bytes of an ID that has so many. With it a
 *DCID is that of a short header, too.
 */
enum nft_quic_attributes {
	NFTA_QUIC_UNSPEC,
	NFTA_QUIC_KEY,
	NFTA_QUIC_DREG,
	NFTA_QUIC_FLAGS,
	NFTA_QUIC_DATA,
	NFTA_QUIC_LEN,
	__NFTA_QUIC_MAX
};
#define NFTA_QUIC_MAX (__NFTA_QUIC_MAX - 1)

#endif /* _UAPI_NFT_QUIC_H */
