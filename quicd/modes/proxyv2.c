// SPDX-License-Identifier: GPL-2.0-or-later
#include "proxyv2.h"

#include <string.h>

#define VERSION_PROXY	0x21
#define TCP4		0x11 /* a stream to the receiver, as HAProxy says of QUIC streams */
#define TCP6		0x21
#define TLV_ALPN	0x01
#define TLV_AUTHORITY	0x02
#define TLV_SSL		0x20
#define TLV_SSL_VERSION 0x21
#define TLV_SSL_CN	0x22
#define SSL_CLIENT	0x01
#define SSL_CERT_CONN	0x02

static uint8_t *put_tlv(uint8_t *p, uint8_t type, const void *data, size_t len)
{
	*p++ = type;
	*p++ = (uint8_t)(len >> 8);
	*p++ = (uint8_t)len;
	memcpy(p, data, len);
	return p + len;
}

static uint8_t *put(uint8_t *p, const void *data, size_t len)
{
	memcpy(p, data, len);
	return p + len;
}

/* The client's bit field, whether its certificate failed to verify, and sub-TLVs. */
static uint8_t *put_ssl(uint8_t *p, const struct proxyv2_info *info)
{
	uint8_t sub[5 + 3 + 7 + 3 + 256], *q = sub;
	uint32_t not_verified = info->client_verified ? 0 : 0xffffffff;

	*q++ = SSL_CLIENT | (info->client_verified ? SSL_CERT_CONN : 0);
	q = put(q, &not_verified, sizeof(not_verified));
	q = put_tlv(q, TLV_SSL_VERSION, "TLSv1.3", 7);
	if (info->client_verified && info->client_cn[0])
		q = put_tlv(q, TLV_SSL_CN, info->client_cn, strlen(info->client_cn));
	return put_tlv(p, TLV_SSL, sub, (size_t)(q - sub));
}

size_t proxyv2_build(const struct proxyv2_info *info, uint8_t *out)
{
	static const uint8_t magic[12] = "\r\n\r\n\0\r\nQUIT\n";
	bool v6 = info->client->sa.sa_family == AF_INET6;
	uint8_t *p = put(out, magic, sizeof(magic)), *length;
	size_t len;

	*p++ = VERSION_PROXY;
	*p++ = v6 ? TCP6 : TCP4;
	length = p;
	p += 2;
	if (v6) {
		p = put(p, &info->client->in6.sin6_addr, 16);
		p = put(p, &info->local->in6.sin6_addr, 16);
		p = put(p, &info->client->in6.sin6_port, 2);
		p = put(p, &info->local->in6.sin6_port, 2);
	} else {
		p = put(p, &info->client->in.sin_addr, 4);
		p = put(p, &info->local->in.sin_addr, 4);
		p = put(p, &info->client->in.sin_port, 2);
		p = put(p, &info->local->in.sin_port, 2);
	}
	if (info->alpn_len)
		p = put_tlv(p, TLV_ALPN, info->alpn, info->alpn_len);
	if (info->sni[0])
		p = put_tlv(p, TLV_AUTHORITY, info->sni, strlen(info->sni));
	p = put_ssl(p, info);
	len = (size_t)(p - length) - 2;
	length[0] = (uint8_t)(len >> 8);
	length[1] = (uint8_t)len;
	return (size_t)(p - out);
}
