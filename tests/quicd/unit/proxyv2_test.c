// SPDX-License-Identifier: GPL-2.0-or-later
#include "tap.h"

#include <arpa/inet.h>
#include <string.h>

#include "../../../quicd/modes/proxyv2.h"

static union addr v4(const char *ip, uint16_t port)
{
	union addr a = {.in = {.sin_family = AF_INET, .sin_port = htons(port)}};

	inet_pton(AF_INET, ip, &a.in.sin_addr);
	return a;
}

/* Finds a TLV behind @from; returns its value. */
static const uint8_t *tlv(const uint8_t *from, const uint8_t *end, uint8_t type, size_t *len)
{
	while (from + 3 <= end) {
		*len = (size_t)(from[1] << 8 | from[2]);
		if (from[0] == type)
			return from + 3;
		from += 3 + *len;
	}
	return NULL;
}

static void ipv4_with_names(void **state)
{
	static const uint8_t head[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11";
	union addr client = v4("192.0.2.1", 50000), local = v4("198.51.100.2", 443);
	struct proxyv2_info info = {.client = &client,
				    .local = &local,
				    .alpn = "smb",
				    .alpn_len = 3,
				    .sni = "fs.example.org",
				    .client_cn = ""};
	uint8_t out[PROXYV2_MAX];
	size_t len = proxyv2_build(&info, out), n;
	const uint8_t *v;

	(void)state;
	assert_memory_equal(out, head, 14);
	assert_int_equal((size_t)(out[14] << 8 | out[15]) + 16, len);
	assert_memory_equal(out + 16, "\xc0\x00\x02\x01\xc6\x33\x64\x02\xc3\x50\x01\xbb", 12);
	v = tlv(out + 28, out + len, 0x01, &n);
	assert_int_equal(n, 3);
	assert_memory_equal(v, "smb", 3);
	v = tlv(out + 28, out + len, 0x02, &n);
	assert_int_equal(n, 14);
	assert_memory_equal(v, "fs.example.org", 14);
	v = tlv(out + 28, out + len, 0x20, &n);
	assert_int_equal(v[0], 1);
	assert_memory_equal(v + 1, "\xff\xff\xff\xff", 4); /* no verified certificate */
}

static void ipv6_longest(void **state)
{
	union addr a = {.in6 = {.sin6_family = AF_INET6,
				.sin6_port = htons(1),
				.sin6_addr = IN6ADDR_LOOPBACK_INIT}};
	char name[256], alpn[256];
	struct proxyv2_info info = {.client = &a,
				    .local = &a,
				    .alpn = alpn,
				    .alpn_len = 255,
				    .sni = name,
				    .client_verified = true,
				    .client_cn = name};
	uint8_t out[PROXYV2_MAX + 8];
	size_t len, n;
	const uint8_t *v, *sub;

	(void)state;
	memset(name, 'n', 255);
	memset(alpn, 'a', 255);
	name[255] = '\0';
	memset(out, 0xee, sizeof(out));
	len = proxyv2_build(&info, out);
	assert_true(len <= PROXYV2_MAX);
	assert_int_equal(out[PROXYV2_MAX], 0xee);
	assert_int_equal(out[13], 0x21);
	v = tlv(out + 16 + 36, out + len, 0x20, &n);
	assert_int_equal(v[0], 3);
	assert_memory_equal(v + 1, "\0\0\0\0", 4);
	sub = tlv(v + 5, v + n, 0x22, &n);
	assert_int_equal(n, 255);
	assert_int_equal(sub[254], 'n');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_with_names),
		cmocka_unit_test(ipv6_longest),
	};

	return RUN_TAP(tests);
}
