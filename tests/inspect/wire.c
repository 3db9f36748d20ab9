// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdbool.h>

#include "wire.h"

#define CLIENT4 "c0000201"
#define SERVER4 "c6336401"
#define CLIENT6 "20010db8000000000000000000000001"
#define SERVER6 "20010db8000000000000000000000002"

static unsigned int chosen(unsigned int wanted, unsigned int right)
{
	if (!wanted)
		return right;
	return wanted == WIRE_ZERO ? 0 : wanted;
}

void wire_udp(struct qt_buf *out, const struct wire_udp *u, const struct qt_buf *payload)
{
	uint16_t client = u->sport ? u->sport : 40000;

	qt_put_u16(out, u->from_server ? 443 : client);
	qt_put_u16(out, u->from_server ? client : 443);
	qt_put_u16(out, chosen(u->length, payload->len + 8));
	qt_put_u16(out, 0);
	qt_put(out, payload->p, payload->len);
}

static void wire_ip4(struct qt_buf *out, const struct wire_ip *ip, const uint8_t *data, size_t len)
{
	const char *options = ip->options ? ip->options : "";
	size_t header = 20 + strlen(options) / 2;

	assert(header % 4 == 0);
	qt_put_u8(out, 0x40 | header / 4);
	qt_put_u8(out, 0);
	qt_put_u16(out, chosen(ip->length, header + len));
	qt_put_u16(out, ip->id);
	qt_put_u16(out, ip->frag);
	qt_put_u8(out, 64);
	qt_put_u8(out, chosen(ip->proto, 17));
	qt_put_u16(out, 0);
	qt_put_hex(out, ip->from_server ? SERVER4 : CLIENT4);
	qt_put_hex(out, ip->from_server ? CLIENT4 : SERVER4);
	qt_put_hex(out, options);
	qt_put(out, data, len);
}

static void wire_ip6(struct qt_buf *out, const struct wire_ip *ip, const uint8_t *data, size_t len)
{
	unsigned int proto = chosen(ip->proto, 17);
	size_t extra = ip->frag ? 8 : 0;

	qt_put_uint(out, 0x60000000, 4);
	qt_put_u16(out, chosen(ip->length, extra + len));
	qt_put_u8(out, ip->frag ? 44 : proto);
	qt_put_u8(out, 64);
	qt_put_hex(out, ip->from_server ? SERVER6 : CLIENT6);
	qt_put_hex(out, ip->from_server ? CLIENT6 : SERVER6);
	if (ip->frag) {
		qt_put_u8(out, proto);
		qt_put_u8(out, 0);
		qt_put_u16(out, ip->frag);
		qt_put_uint(out, ip->id, 4);
	}
	qt_put(out, data, len);
}

void wire_ip(struct qt_buf *out, const struct wire_ip *ip, const uint8_t *data, size_t len)
{
	if (ip->v6)
		wire_ip6(out, ip, data, len);
	else
		wire_ip4(out, ip, data, len);
}
