// SPDX-License-Identifier: GPL-2.0-or-later
#include "doctor.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "admin.h"
#include "text.h"

static const struct check {
	const char *name, *what, *remedy;
	void (*run)(const struct na_host *h, struct na_found *f);
} checks[] = {
#define X(name, fn, what, remedy) {name, what, remedy, na_check_##fn},
	NA_CHECKS(X)
#undef X
};

#define N_CHECKS (sizeof(checks) / sizeof(checks[0]))

static const char *const levels[] = {"ok", "note", "warning", "error"};

/* More findings of one check are counted, not shown. */
#define FOUND_MAX 20

/* UTF-8 without control characters. Takes @text. */
static json_t *harmless(char *text)
{
	json_t *j = json_string(text);
	char *p = text, *shown;

	while (j && (unsigned char)*p >= ' ' && *p != 0x7f)
		p++;
	if (!j || *p) {
		json_decref(j);
		shown = na_name(text, strlen(text), 1000);
		j = json_string(shown);
		free(shown);
	}
	free(text);
	return na_need(j);
}

/* Several rules may have the same finding. */
static bool is_said(const struct na_found *f, const json_t *one)
{
	json_t *v;
	size_t i;

	json_array_foreach(f->list, i, v) if (json_equal(v, one)) return true;
	return false;
}

void na_found_add(struct na_found *f, enum na_level level, const char *fmt, ...)
{
	va_list ap;
	json_t *one;
	char *text;
	int n;

	if (level > f->level)
		f->level = level;
	if (json_array_size(f->list) > FOUND_MAX)
		return;
	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	na_need(n < 0 ? NULL : text);
	one = na_need(json_pack("{ss, so}", "level", levels[level], "text", harmless(text)));
	if (is_said(f, one)) {
		json_decref(one);
	} else if (json_array_size(f->list) < FOUND_MAX) {
		json_array_append_new(f->list, one);
	} else {
		json_decref(one);
		json_array_append_new(
			f->list, json_pack("{ss, ss}", "level", "note", "text", "there are more"));
	}
}

static void put_found(const struct check *c, const struct na_found *f)
{
	json_t *v;
	size_t i;

	printf("%-8s%-13s%s\n", levels[f->level], c->name, c->what);
	json_array_foreach(f->list, i, v)
		printf("        %s: %s\n", json_string_value(json_object_get(v, "level")),
		       json_string_value(json_object_get(v, "text")));
	if (f->level >= NA_WARN)
		printf("        remedy: %s\n", f->remedy ? f->remedy : c->remedy);
}

static void put_file(const char *title, const char *path)
{
	char *text = na_read_file(path, NULL);

	if (text)
		printf("\n## %s\n%s", title, text);
	free(text);
}

static void put_run(const char *title, const char *const argv[])
{
	char *text = na_run(argv);

	if (text && *text)
		printf("\n## %s\n%s", title, text);
	free(text);
}

/* All that a bug report needs, on standard output. */
static void put_report(const struct na_host *h)
{
	struct utsname u;

	if (!uname(&u))
		printf("\n## Kernel\n%s %s %s\n", u.release, u.version, u.machine);
	put_file("System", "/etc/os-release");
	put_run("Packages", (const char *[]){"dpkg-query", "-W", "nftables", "libnftables1",
					     "nft-quic*", "quicd", "quic-inspect", NULL});
	put_run("DKMS", (const char *[]){"dkms", "status", NULL});
	put_run("Libraries", (const char *[]){"ldd", "/usr/sbin/nft", NULL});
	printf("\n## Status\n");
	na_status_text(stdout, h);
	put_file("What rules ask for", "/proc/thread-self/net/nft_quic");
	put_run("Limits", (const char *[]){"sysctl", "net.netfilter.nft_quic", NULL});
	put_run("Counters", (const char *[]){"cat", "/proc/net/stat/nft_quic", NULL});
}

/* A list has commas between its words. */
static const char *next_word(const char *word)
{
	const char *comma = strchr(word, ',');

	return comma ? comma + 1 : NULL;
}

static bool is_word(const char *word, const char *check)
{
	return strcspn(word, ",") == strlen(check) && !strncmp(word, check, strlen(check));
}

static bool is_asked(const char *only, const char *check)
{
	for (const char *word = only; word; word = next_word(word))
		if (is_word(word, check))
			return true;
	return !only;
}

static bool is_check(const char *word)
{
	for (size_t i = 0; i < N_CHECKS; i++)
		if (is_word(word, checks[i].name))
			return true;
	return false;
}

/* Each word of --only is a check. */
static bool known(const char *only)
{
	const char *word = only;

	while (word && is_check(word))
		word = next_word(word);
	if (!word)
		return true;
	fprintf(stderr, "nft-quic: no check \"%.*s\", known are", (int)strcspn(word, ","), word);
	for (size_t i = 0; i < N_CHECKS; i++)
		fprintf(stderr, "%s %s", i ? "," : "", checks[i].name);
	fputc('\n', stderr);
	return false;
}

int na_doctor(const struct na_options *o)
{
	enum na_level worst = NA_GOOD;
	json_t *all = na_need(json_array());
	struct na_host *h;

	if (o->only && !known(o->only)) {
		json_decref(all);
		return NA_ERRORS;
	}
	h = na_host_read(o->all ? 0 : NA_ELEMS_SHOWN);
	for (size_t i = 0; i < N_CHECKS; i++) {
		const struct check *c = &checks[i];
		struct na_found f = {.level = NA_GOOD};

		if (!is_asked(o->only, c->name))
			continue;
		f.list = na_need(json_array());
		c->run(h, &f);
		if (f.level > worst)
			worst = f.level;
		if (!o->json)
			put_found(c, &f);
		json_array_append_new(all,
				      json_pack("{ss, ss, ss, sO, ss}", "check", c->name, "what",
						c->what, "level", levels[f.level], "found", f.list,
						"remedy", f.remedy ? f.remedy : c->remedy));
		json_decref(f.list);
	}
	if (o->json) {
		all = json_pack("{ss, so}", "version", NFT_QUIC_VERSION, "checks", all);
		json_dumpf(all, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
		putchar('\n');
	}
	if (o->report)
		put_report(h);
	json_decref(all);
	na_host_free(h);
	return worst == NA_FAULT ? NA_ERRORS : worst == NA_WARN ? NA_WARNINGS : NA_OK;
}
