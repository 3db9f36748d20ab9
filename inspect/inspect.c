// SPDX-License-Identifier: GPL-2.0-or-later
#include "inspect.h"
#include "header.h"
#include "link.h"

/*
 * With segmentation offload a captured packet holds several datagrams, all but the last of one
 * length (UDP_SEGMENT in udp(7)). Only the QUIC packets in it can tell: a client begins each
 * datagram of its first flight with an Initial, and needs no second one in a datagram.
 *
 * Return: length of the first datagram in @d, which is all of it as a rule.
 */
static size_t qi_segment(const struct qi_datagram *d)
{
	struct nq_header first, h;
	size_t pos;

	if (d->len < 2 * NQ_INITIAL_MIN || !d->captured || !(d->data[0] & NQ_LONG_HEADER))
		return d->len;
	for (pos = 0; pos < d->captured; pos = h.end) {
		if (nq_header_parse(d->data, d->captured, pos, &h) != NQ_DONE)
			break;
		if (!pos)
			first = h;
		/* A datagram of its own would be long enough to be one (RFC 9000 14.1). */
		if (h.type == NQ_TYPE_INITIAL && pos >= NQ_INITIAL_MIN &&
		    d->len - pos >= NQ_INITIAL_MIN && h.version == first.version &&
		    h.dcid_len == first.dcid_len &&
		    !memcmp(d->data + h.dcid_off, d->data + first.dcid_off, h.dcid_len))
			return pos;
	}
	return d->len;
}

int qi_inspect_datagrams(struct qi_frags *frags, int dlt, const unsigned char *data, size_t len,
			 time_t when, qi_datagram_fn take, void *arg)
{
	struct qi_datagram d, part;
	struct nq_cursor c;
	size_t size, pos;
	enum qi_net net;
	int err = 0;

	nq_cursor_init(&c, data, len);
	net = qi_link_strip(dlt, &c);
	if (!qi_ip_datagram(net, &c, frags, when, &d))
		return 0;
	part = d;
	size = qi_segment(&d);
	for (pos = 0; pos < d.captured && !err; pos += size) {
		part.data = d.data + pos;
		part.captured = d.captured - pos < size ? d.captured - pos : size;
		part.len = d.len - pos < size ? d.len - pos : size;
		err = take(arg, &part);
	}
	return err;
}

static int qi_inspect_take(void *arg, const struct qi_datagram *d)
{
	return qi_flows_datagram(arg, d);
}

int qi_inspect_frame(struct qi_flows *flows, struct qi_frags *frags, int dlt,
		     const unsigned char *data, size_t len, time_t when)
{
	return qi_inspect_datagrams(frags, dlt, data, len, when, qi_inspect_take, flows);
}
