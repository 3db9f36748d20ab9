/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Link layers: from a captured frame to the IP packet in it. */
#ifndef QI_LINK_H
#define QI_LINK_H

#include "cursor.h"
#include "packet.h"

/**
 * qi_link_known - can frames of this link type be read?
 * @dlt:	DLT_* value of libpcap
 */
bool qi_link_known(int dlt);

/**
 * qi_link_strip - step over a frame's headers
 * @dlt:	link type; one that qi_link_known() accepts
 * @c:		cursor at the start of the frame; left at the start of the IP packet
 *
 * VLAN tags, MPLS labels, PPPoE and LLC/SNAP are link layer too.
 *
 * Return: the network protocol, QI_NET_NONE if it is neither IPv4 nor IPv6 or the frame is
 * cut off.
 */
enum qi_net qi_link_strip(int dlt, struct nq_cursor *c);

#endif /* QI_LINK_H */
