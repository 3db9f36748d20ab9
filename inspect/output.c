// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>

#include <jansson.h>

#include "output.h"

/* Any name has at most 255 bytes, and \xNN makes four of one. */
#define QI_NAME_TEXT (4 * 255 + 1)

#define QI_HEX_TEXT (2 * NQ_CID_MAX + 1)

/* Each of these writes a string at @text. Return: its end, where the next one may begin. By hand as
 * far as lines commonly need it: with printf() a line costs as much as reading the connection. */

static char *qi_hex(char *text, const uint8_t *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*text++ = digits[data[i] >> 4];
		*text++ = digits[data[i] & 0xf];
	}
	*text = '\0';
	return text;
}

static char *qi_decimal(char *text, unsigned int number)
{
	char digits[10];
	unsigned int n = 0;

	do
		digits[n++] = '0' + number % 10;
	while (number /= 10);
	while (n)
		*text++ = digits[--n];
	*text = '\0';
	return text;
}

/* @text must hold QI_NAME_TEXT bytes, and @len be 255 at most. \ and @quote are escaped. */
static char *qi_name_escape(char *text, const uint8_t *name, size_t len, char quote)
{
	for (size_t i = 0; i < len; i++) {
		if (name[i] < ' ' || name[i] >= 0x7f) {
			text = qi_hex(stpcpy(text, "\\x"), &name[i], 1);
			continue;
		}
		if (name[i] == '\\' || name[i] == quote)
			*text++ = '\\';
		*text++ = name[i];
	}
	*text = '\0';
	return text;
}

static char *qi_address(char *text, const struct qi_tuple *tuple, const uint8_t addr[16])
{
	if (tuple->net == QI_NET_IPV6) {
		inet_ntop(AF_INET6, addr, text, INET6_ADDRSTRLEN);
		return text + strlen(text);
	}
	for (int i = 0; i < 4; i++) {
		text = qi_decimal(text, addr[i]);
		if (i < 3)
			*text++ = '.';
	}
	return text;
}

/* As nft writes it: symbols where there is one. */
static char *qi_version(char *text, uint32_t version)
{
	if (version == NQ_V1)
		return stpcpy(text, "v1");
	if (version == NQ_V2)
		return stpcpy(text, "v2");
	if (version >> 8 == 0xff0000)
		return qi_decimal(stpcpy(text, "draft-"), version & 0xff);
	return text + sprintf(text, "0x%08x", version);
}

static char *qi_text_address(char *text, const struct qi_tuple *tuple, const uint8_t addr[16],
			     uint16_t port)
{
	bool brackets = tuple->net == QI_NET_IPV6;

	text = qi_address(stpcpy(text, brackets ? "[" : ""), tuple, addr);
	return qi_decimal(stpcpy(text, brackets ? "]:" : ":"), port);
}

/* A name with what stands before it, in quotes. */
static void qi_text_name(FILE *out, const char *before, const uint8_t *name, size_t len)
{
	char text[16 + QI_NAME_TEXT];

	stpcpy(qi_name_escape(stpcpy(stpcpy(text, before), "\""), name, len, '"'), "\"");
	fputs(text, out);
}

/* Is the server name an address? RFC 6066 3 has names alone, but some clients send one. */
static bool qi_sni_address(const struct qi_flow *flow)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr addr;

	if (!flow->sni_len || flow->sni_len >= sizeof(text) ||
	    memchr(flow->sni, '\0', flow->sni_len))
		return false;
	memcpy(text, flow->sni, flow->sni_len);
	text[flow->sni_len] = '\0';
	return inet_pton(AF_INET, text, &addr) == 1 || inet_pton(AF_INET6, text, &addr) == 1;
}

int qi_output_text(FILE *out, const struct qi_flow *flow)
{
	char head[2 * (INET6_ADDRSTRLEN + 8) + QI_HEX_TEXT + 64], tail[96], *text;
	const char *comma = " alpn ";
	unsigned int pos = 0, len;
	const uint8_t *alpn;

	text = qi_text_address(head, flow->tuple, flow->tuple->src, flow->tuple->sport);
	text = stpcpy(text, " > ");
	text = qi_text_address(text, flow->tuple, flow->tuple->dst, flow->tuple->dport);
	text = qi_version(stpcpy(text, " version "), flow->version);
	qi_hex(stpcpy(text, " dcid 0x"), flow->dcid, flow->dcid_len);
	fputs(head, out);
	if (flow->sni_len)
		qi_text_name(out, " sni ", flow->sni, flow->sni_len);
	while ((len = nq_alpn_next(flow->alpn, flow->alpn_len, &pos, &alpn))) {
		qi_text_name(out, comma, alpn, len);
		comma = ", ";
	}
	text = qi_decimal(stpcpy(tail, " datagrams "), flow->datagrams);
	text = stpcpy(text, flow->ech ? " ech" : "");
	text = stpcpy(text, qi_sni_address(flow) ? " address" : "");
	text = stpcpy(text, flow->retry ? " retry" : "");
	text = stpcpy(text, flow->closed ? " closed" : "");
	text = stpcpy(text, flow->complete ? "" : " incomplete");
	stpcpy(text, "\n");
	fputs(tail, out);
	return ferror(out) ? -EIO : 0;
}

static json_t *qi_json_name(const uint8_t *name, size_t len)
{
	char text[QI_NAME_TEXT];
	json_t *string;
	size_t n = 0;

	/* Refused if it is not UTF-8. */
	string = json_stringn((const char *)name, len);
	if (string && !memchr(name, '\\', len))
		return string;
	if (!string) {
		qi_name_escape(text, name, len, '\\');
		return json_string(text);
	}
	json_decref(string);
	for (size_t i = 0; i < len; i++) {
		if (name[i] == '\\')
			text[n++] = '\\';
		text[n++] = name[i];
	}
	return json_stringn(text, n);
}

static json_t *qi_json_alpn(const struct qi_flow *flow)
{
	json_t *list = json_array();
	unsigned int pos = 0, len;
	const uint8_t *name;

	while (list && (len = nq_alpn_next(flow->alpn, flow->alpn_len, &pos, &name))) {
		if (json_array_append_new(list, qi_json_name(name, len))) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

int qi_output_json(FILE *out, const struct qi_flow *flow)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN], version[16], dcid[QI_HEX_TEXT];
	json_t *object;
	int err = 0;

	qi_address(src, flow->tuple, flow->tuple->src);
	qi_address(dst, flow->tuple, flow->tuple->dst);
	sprintf(version, "0x%08x", flow->version);
	qi_hex(dcid, flow->dcid, flow->dcid_len);
	object = json_pack("{s:s, s:i, s:s, s:i, s:s, s:s, s:o, s:o, s:i, s:b, s:b, s:b, s:b, s:b}",
			   "src", src, "sport", flow->tuple->sport, "dst", dst, "dport",
			   flow->tuple->dport, "version", version, "dcid", dcid, "sni",
			   flow->sni_len ? qi_json_name(flow->sni, flow->sni_len) : json_null(),
			   "alpn", qi_json_alpn(flow), "datagrams", (int)flow->datagrams,
			   "complete", (int)flow->complete, "ech", (int)flow->ech, "address",
			   (int)qi_sni_address(flow), "retry", (int)flow->retry, "closed",
			   (int)flow->closed);
	if (!object)
		return -ENOMEM;
	if (json_dumpf(object, out, JSON_COMPACT) || putc('\n', out) == EOF)
		err = -EIO;
	json_decref(object);
	return err;
}
