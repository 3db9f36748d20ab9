// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>

#include <jansson.h>

#include "output.h"

/* Any name has at most 255 bytes, and \xNN makes four of one. */
#define QI_NAME_TEXT (4 * 255 + 1)

#define QI_HEX_TEXT (2 * NQ_CID_MAX + 1)

static void qi_hex(char *text, const uint8_t *data, size_t len)
{
	text[0] = '\0';
	for (size_t i = 0; i < len; i++)
		sprintf(text + 2 * i, "%02x", data[i]);
}

/* @text must hold QI_NAME_TEXT bytes, and @len be 255 at most. */
static void qi_name_escape(char *text, const uint8_t *name, size_t len, const char *special)
{
	for (size_t i = 0; i < len; i++) {
		if (name[i] < ' ' || name[i] >= 0x7f) {
			text += sprintf(text, "\\x%02x", name[i]);
			continue;
		}
		if (strchr(special, name[i]))
			*text++ = '\\';
		*text++ = name[i];
	}
	*text = '\0';
}

static void qi_address(const struct qi_tuple *tuple, const uint8_t addr[16],
		       char text[INET6_ADDRSTRLEN])
{
	inet_ntop(tuple->net == QI_NET_IPV6 ? AF_INET6 : AF_INET, addr, text, INET6_ADDRSTRLEN);
}

/* As nft writes it: symbols where there is one. */
static void qi_version(char text[16], uint32_t version)
{
	if (version == NQ_V1)
		strcpy(text, "v1");
	else if (version == NQ_V2)
		strcpy(text, "v2");
	else if (version >> 8 == 0xff0000)
		sprintf(text, "draft-%u", version & 0xff);
	else
		sprintf(text, "0x%08x", version);
}

static void qi_text_address(FILE *out, const struct qi_tuple *tuple, const uint8_t addr[16],
			    uint16_t port)
{
	char text[INET6_ADDRSTRLEN];

	qi_address(tuple, addr, text);
	fprintf(out, tuple->net == QI_NET_IPV6 ? "[%s]:%u" : "%s:%u", text, port);
}

int qi_output_text(FILE *out, const struct qi_flow *flow)
{
	char version[16], dcid[QI_HEX_TEXT], name[QI_NAME_TEXT];
	const char *comma = " alpn ";
	unsigned int pos = 0, len;
	const uint8_t *alpn;

	qi_text_address(out, flow->tuple, flow->tuple->src, flow->tuple->sport);
	fputs(" > ", out);
	qi_text_address(out, flow->tuple, flow->tuple->dst, flow->tuple->dport);
	qi_version(version, flow->version);
	qi_hex(dcid, flow->dcid, flow->dcid_len);
	fprintf(out, " version %s dcid 0x%s", version, dcid);
	if (flow->sni_len) {
		qi_name_escape(name, flow->sni, flow->sni_len, "\"\\");
		fprintf(out, " sni \"%s\"", name);
	}
	while ((len = nq_alpn_next(flow->alpn, flow->alpn_len, &pos, &alpn))) {
		qi_name_escape(name, alpn, len, "\"\\");
		fprintf(out, "%s\"%s\"", comma, name);
		comma = ", ";
	}
	fprintf(out, " datagrams %u", flow->datagrams);
	if (flow->ech)
		fputs(" ech", out);
	if (!flow->complete)
		fputs(" incomplete", out);
	putc('\n', out);
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
		qi_name_escape(text, name, len, "\\");
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

	qi_address(flow->tuple, flow->tuple->src, src);
	qi_address(flow->tuple, flow->tuple->dst, dst);
	sprintf(version, "0x%08x", flow->version);
	qi_hex(dcid, flow->dcid, flow->dcid_len);
	object = json_pack("{s:s, s:i, s:s, s:i, s:s, s:s, s:o, s:o, s:i, s:b, s:b}", "src", src,
			   "sport", flow->tuple->sport, "dst", dst, "dport", flow->tuple->dport,
			   "version", version, "dcid", dcid, "sni",
			   flow->sni_len ? qi_json_name(flow->sni, flow->sni_len) : json_null(),
			   "alpn", qi_json_alpn(flow), "datagrams", (int)flow->datagrams,
			   "complete", (int)flow->complete, "ech", (int)flow->ech);
	if (!object)
		return -ENOMEM;
	if (json_dumpf(object, out, JSON_COMPACT) || putc('\n', out) == EOF)
		err = -EIO;
	json_decref(object);
	return err;
}
