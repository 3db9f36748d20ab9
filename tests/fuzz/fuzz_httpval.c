// SPDX-License-Identifier: GPL-2.0-or-later
/* quicd's HTTP fields and values. The first byte is a size, the rest text: values, then fields. */
#include "fuzz.h"
#include "quicd/http3/fields.h"
#include "quicd/http3/httpval.h"

#define YEAR_10000 INT64_C(253402300800)

/* A decoded path stays below its root, whatever is joined in front of it. */
static void path(const char *s, size_t len)
{
	char *out = malloc(len);

	CHECK(out);
	if (!http_path_decode(s, out, len)) {
		CHECK(strnlen(out, len) < len);
		CHECK(out[0] != '/' && !strstr(out, "//"));
		for (const char *p = out; p; p = strchr(p, '/')) {
			p += *p == '/';
			CHECK(*p != '.' ||
			      (!strncmp(p, ".well-known", 11) && (!p[11] || p[11] == '/')));
		}
	}
	free(out);
}

static void values(const char *s, uint64_t size)
{
	char date[HTTP_DATE_LEN];
	uint64_t first, last;
	time_t t;

	if (http_range(s, size, &first, &last) == RANGE_OK)
		CHECK(first <= last && last < size);
	CHECK(http_length(s) >= -1);
	t = http_date_parse(s);
	if (t != -1 && t < YEAR_10000) {
		http_date(t, date);
		CHECK(http_date_parse(date) == t);
	}
	if (http_etag_in_strong(s, "\"a\""))
		CHECK(http_etag_in(s, "\"a\""));
	if (http_is_token(s) || http_is_authority(s))
		CHECK(http_is_visible(s));
}

static void check_field(const struct fields *f, const struct field *v)
{
	const struct field *got = fields_get(f, v->name);

	CHECK(got && got <= v && !strcmp(got->name, v->name));
	CHECK(strlen(v->name) == v->name_len && strlen(v->value) == v->value_len);
	if (fields_in_trailer(f, v->name))
		CHECK(!fields_hop_by_hop(f, v->name) && !fields_ours(v->name));
	if (!strcmp(v->name, "connection") && fields_list_has(v->value, "x-mine"))
		CHECK(fields_hop_by_hop(f, "x-mine"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = {data, size};
	uint8_t n = fuzz_u8(&in);
	char *text = malloc(in.left + 1), *save = NULL;
	struct fields f = {0};

	CHECK(text);
	if (in.left)
		memcpy(text, in.p, in.left);
	text[in.left] = '\0';
	path(text, n + 1U);
	values(text, n);
	for (char *s = strtok_r(text, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) {
		size_t name = strcspn(s, ":");
		const char *value = s[name] ? s + name + 1 : "";

		if (fields_add(&f, s, name, value, strlen(value)))
			break;
		CHECK(f.n <= FIELDS_MAX && f.n <= f.cap && f.bytes <= FIELDS_BYTES_MAX);
	}
	for (size_t i = 0; i < f.n; i++)
		check_field(&f, &f.v[i]);
	fields_free(&f);
	free(text);
	return 0;
}
