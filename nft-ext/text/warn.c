// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <stdarg.h>
#include <strings.h>

#include "warn.h"

#define HOST_MAX  253 /* RFC 1035 2.3.4, as text without the last dot */
#define LABEL_MAX 63

void nx_warn(struct nx_walk *w, enum nx_warning kind, size_t from, size_t to, const char *fmt, ...)
{
	const struct nx_walk *top = w;
	va_list ap;

	while (top->parent)
		top = top->parent;
	if (w->lang->no_warnings || top->text->warned & 1u << kind)
		return;
	top->text->warned |= 1u << kind;
	va_start(ap, fmt);
	nx_message(w, from, to, &w->lang->warnings, "Warning: ", fmt, ap);
	va_end(ap);
}

static bool is_address(const char *s, size_t len)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr in6;
	struct in_addr in4;

	if (len > 2 && *s == '[' && s[len - 1] == ']')
		s++, len -= 2;
	if (!len || len >= sizeof(text))
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	return inet_pton(AF_INET, text, &in4) == 1 || inet_pton(AF_INET6, text, &in6) == 1;
}

static bool too_long(const char *s, size_t len)
{
	const char *end = s + len;

	if (len > 2 && *s == '*' && s[1] == '.')
		s += 2;
	if (len && end[-1] == '.')
		end--;
	if (end - s > HOST_MAX)
		return true;
	while (s < end) {
		const char *dot = memchr(s, '.', end - s);

		if ((dot ? dot : end) - s > LABEL_MAX)
			return true;
		s = dot ? dot + 1 : end;
	}
	return false;
}

static void warn_sni(struct nx_walk *w, size_t i, const char *s, size_t len)
{
	const char *colon = memchr(s, ':', len), *slash = memchr(s, '/', len);

	if ((colon || (len && (*s == '[' || (*s >= '0' && *s <= '9')))) && is_address(s, len))
		nx_warn(w, NX_WARN_SNI_ADDRESS, i, i + 1,
			"quic sni: few clients send an address as the server name (RFC 6066 3 has "
			"host names only)");
	else if (colon && slash && memmem(s, len, "://", 3))
		nx_warn(w, NX_WARN_SNI_SCHEME, i, i + 1,
			"quic sni: a server name has no scheme, this will hardly match");
	else if (slash)
		nx_warn(w, NX_WARN_SNI_PATH, i, i + 1,
			"quic sni: a server name has no path or prefix length, this will hardly "
			"match");
	else if (colon)
		nx_warn(w, NX_WARN_SNI_PORT, i, i + 1,
			"quic sni: a server name has no port, this will hardly match");
	else if (len > LABEL_MAX && too_long(s, len))
		nx_warn(w, NX_WARN_SNI_LONG, i, i + 1,
			"quic sni: a server name has at most %u bytes and each label %u, this will "
			"hardly match",
			HOST_MAX, LABEL_MAX);
}

/* Protocols of QUIC that are in use, all in lower case. */
static bool known_alpn(const char *s, size_t len)
{
	static const char *const names[] = {"h3", "doq", "smb", "hq-interop", "h3-29"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i]) == len && !strncasecmp(names[i], s, len) &&
		    memcmp(names[i], s, len))
			return true;
	}
	return false;
}

static void warn_alpn(struct nx_walk *w, size_t i, const char *s, size_t len)
{
	/* "*" is the fallback, as for server names */
	if (len > 1 && memchr(s, '*', len))
		nx_warn(w, NX_WARN_ALPN_STAR, i, i + 1,
			"quic alpn: * is no wildcard here, a protocol is compared as a whole");
	else if (known_alpn(s, len))
		nx_warn(w, NX_WARN_ALPN_CAPITALS, i, i + 1,
			"quic alpn: protocols are compared as they are written, this one is in "
			"lower case");
}

void nx_warn_literal(struct nx_walk *w, size_t i, const struct nx_key *k, const char *s, size_t len)
{
	if (k->id == NFT_QUIC_SNI || k->id == NFT_QUIC_SNI_CONCAT)
		warn_sni(w, i, s, len);
	else if (k->id == NFT_QUIC_ALPN)
		warn_alpn(w, i, s, len);
}
