/* SPDX-License-Identifier: GPL-2.0-only */
/* TLS 1.3 ClientHello: names out of a byte string (RFC 8446 4.1.2). */
#ifndef NQ_HELLO_H
#define NQ_HELLO_H

#include "types.h"

#define NQ_HELLO_TYPE	  1	   /* of a ClientHello message (RFC 8446 4) */
#define NQ_EXTENSIONS_MAX 128	   /* clients send about 20 */
#define NQ_IDLE_MAX	  86400000 /* milliseconds; a client that says more means for ever */

/**
 * struct nq_hello - where the names are, as offsets into the parsed bytes
 * @sni_off:	host_name of server_name (RFC 6066 3); any case, maybe a trailing dot
 * @sni_len:	1 to NQ_SNI_MAX, 0 if it is missing or empty
 * @alpn_off:	ProtocolNameList, without its length (RFC 7301 3.1): length byte, name, ...
 * @alpn_len:	its length in bytes, 0 if the extension is missing or the list empty
 * @ech:	encrypted_client_hello is there (RFC 9849)
 * @idle_ms:	max_idle_timeout of the transport parameters (RFC 9000 18.2), at most NQ_IDLE_MAX; 0
 *if the client has none
 */
struct nq_hello {
	u16 sni_off, sni_len;
	u16 alpn_off, alpn_len;
	bool ech;
	u32 idle_ms;
};

/**
 * nq_hello_parse - read a ClientHello
 * @buf:	TLS handshake bytes from offset 0 of the CRYPTO stream
 * @len:	how many are there without a gap
 * @hello:	the names; written only with NQ_DONE
 *
 * Bytes after the message are ignored (a second ClientHello may follow).
 * An error is found as soon as the bytes that show it are there.
 *
 * Return: NQ_DONE; NQ_MORE if @len is short of the message; NQ_NOT_OURS if it is not a
 * ClientHello or breaks its grammar: every length must add up; a doubled extension or name,
 * more than NQ_EXTENSIONS_MAX extensions, an empty protocol, a protocol with a NUL, a name
 * longer than NQ_SNI_MAX or with a byte that is no printable ASCII are refused. An empty
 * name and an empty list of protocols count as none.
 */
enum nq_verdict nq_hello_parse(const u8 *buf, size_t len, struct nq_hello *hello);

/**
 * nq_hello_size - length of the message that begins at @buf, with its header
 * @buf:	TLS handshake bytes from offset 0 of the CRYPTO stream
 * @len:	how many are there without a gap
 *
 * Return: 4 to 2^24 + 3 (RFC 8446 4), or 0 if @len is short of the header.
 */
static inline u32 nq_hello_size(const u8 *buf, size_t len)
{
	return len < 4 ? 0 : 4 + ((u32)buf[1] << 16 | buf[2] << 8 | buf[3]);
}

/**
 * nq_alpn_next - the next protocol of a list that nq_hello_parse accepted
 * @list:	ProtocolNameList
 * @len:	its length
 * @pos:	0 for the first; moved on
 * @name:	where the protocol's bytes begin
 *
 * Return: the protocol's length, 1 to 255, or 0 at the end.
 */
static inline unsigned int nq_alpn_next(const u8 *list, unsigned int len, unsigned int *pos,
					const u8 **name)
{
	unsigned int n;

	if (*pos >= len)
		return 0;
	n = list[*pos];
	if (!n || n > len - *pos - 1)
		return 0;
	*name = list + *pos + 1;
	*pos += 1 + n;
	return n;
}

#endif /* NQ_HELLO_H */
