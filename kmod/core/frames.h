/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames of an Initial packet (RFC 9000 19, and 12.4 for which may be there; or Google's). */
#ifndef NQ_FRAMES_H
#define NQ_FRAMES_H

#include "types.h"
#include "cursor.h"
#include "version.h"

/**
 * struct nq_crypto - one CRYPTO frame
 * @off:	its place in the CRYPTO stream, 0 to 2^62 - 1
 * @data:	its bytes
 * @len:	how many, maybe 0
 * @closed:	the walk ended at a CONNECTION_CLOSE
 */
struct nq_crypto {
	u64 off;
	const u8 *data;
	size_t len;
	bool closed;
};

/** nq_frames_init - walk the frames in @len bytes of @payload */
static inline void nq_frames_init(struct nq_cursor *c, const u8 *payload, size_t len)
{
	nq_cursor_init(c, payload, len);
}

/**
 * nq_frames_next - on to the next CRYPTO frame
 * @c:		the walk
 * @framing:	enum nq_framing of the version
 * @crypto:	gets the frame
 *
 * Steps over PADDING, PING, ACK and ACK_ECN.
 *
 * Return: NQ_MORE with a frame in @crypto; NQ_DONE at the end of the packet; NQ_NOT_OURS at
 * a frame that is cut off or that no client Initial may hold. A CONNECTION_CLOSE counts as
 * that too: who closes will not complete a ClientHello.
 */
enum nq_verdict nq_frames_next(struct nq_cursor *c, u8 framing, struct nq_crypto *crypto);

/**
 * nq_frames_valid - would a walk reach the end of the packet?
 *
 * A packet without any frame is not valid (RFC 9000 12.4).
 */
bool nq_frames_valid(u8 framing, const u8 *payload, size_t len);

#endif /* NQ_FRAMES_H */
