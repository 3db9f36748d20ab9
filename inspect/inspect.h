/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a captured frame to the flow table. */
#ifndef QI_INSPECT_H
#define QI_INSPECT_H

#include "flows.h"
#include "frag.h"

/** qi_datagram_fn - gets each datagram; 0 to continue */
typedef int (*qi_datagram_fn)(void *arg, const struct qi_datagram *d);

/**
 * qi_inspect_datagrams - take a frame through link layer, IP and UDP
 *
 * Segments of one packet are taken one by one.
 *
 * Return: 0, or what @take returned.
 */
int qi_inspect_datagrams(struct qi_frags *frags, int dlt, const unsigned char *data, size_t len,
			 time_t when, qi_datagram_fn take, void *arg);

/**
 * qi_inspect_frame - take a frame through link layer, IP and UDP to the table
 * @flows:	the table
 * @frags:	takes fragments
 * @dlt:	link type; one that qi_link_known() accepts
 * @data:	the frame as far as it was captured
 * @len:	how many bytes
 * @when:	when it was captured, in seconds
 *
 * Return: 0 or -ENOMEM. Frames without QUIC, and damaged ones, are not errors.
 */
int qi_inspect_frame(struct qi_flows *flows, struct qi_frags *frags, int dlt,
		     const unsigned char *data, size_t len, time_t when);

#endif /* QI_INSPECT_H */
