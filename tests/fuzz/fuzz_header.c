// SPDX-License-Identifier: GPL-2.0-or-later
/* Headers of any bytes: all offsets stay inside and in order, and the walk comes to an end. */
#include "fuzz.h"
#include "flight.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nq_header h, inv;
	enum nq_verdict v;
	size_t pos = 0;

	while (pos < size && nq_header_parse(data, size, pos, &h) == NQ_DONE) {
		CHECK(h.start == pos && h.end > pos && h.end <= size);
		CHECK(h.dcid_off == pos + 6 && h.dcid_off + h.dcid_len < h.scid_off);
		CHECK(h.scid_off + h.scid_len <= h.end);
		if (h.ver) {
			CHECK(h.dcid_len <= NQ_CID_MAX && h.scid_len <= NQ_CID_MAX);
			CHECK(h.type < NQ_TYPE_VERSION_NEGOTIATION);
		}
		if (h.pn_off)
			CHECK(h.pn_off >= h.scid_off + h.scid_len && h.pn_off <= h.end);
		CHECK(!h.token_len || h.type == NQ_TYPE_INITIAL);
		CHECK(nq_header_invariant(data, size, pos, &inv) == NQ_DONE);
		CHECK(inv.version == h.version && inv.type == h.type);
		CHECK(inv.dcid_off == h.dcid_off && inv.scid_off == h.scid_off);
		pos = h.end;
	}

	v = nq_header_invariant(data, size, 0, &inv);
	if (v == NQ_DONE)
		CHECK(inv.scid_off + inv.scid_len <= size);
	/* A datagram that passes the gate has a whole header and passes the laxer gate too. */
	if (nq_flight_gate(data, size, 1200)) {
		CHECK(v == NQ_DONE && inv.type == NQ_TYPE_INITIAL && inv.dcid_len >= NQ_DCID_MIN);
		CHECK(nq_flight_gate_on(data, size, 1200));
		CHECK(!nq_flight_gate(data, size, 1199));
	}
	return 0;
}
