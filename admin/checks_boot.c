// SPDX-License-Identifier: GPL-2.0-or-later
/* The next boot: does it bring back the rules? */
#include <errno.h>
#include <glob.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "doctor.h"
#include "nft.h"
#include "text.h"

#define CONF "/etc/nftables.conf"

/* An element that a time-out takes away is not kept on purpose. */
static bool has_timeout(const json_t *elem)
{
	const json_t *more = json_object_get(elem, "elem");

	return json_object_get(more, "timeout") || json_object_get(more, "expires");
}

/* The rules with quic and the elements of their sets, one a line. */
static json_t *lines_of(const struct na_ruleset *rs)
{
	json_t *lines = na_need(json_object()), *v;
	char *line, *text;
	size_t k;

	for (size_t i = 0; i < rs->n_rules; i++) {
		const struct na_rule *r = &rs->rule[i];

		if (!r->quic)
			continue;
		line = na_printf("rule %s %s %s: %s", r->chain->family, r->chain->table,
				 r->chain->name, r->text);
		json_object_set_new(lines, line, json_true());
		free(line);
	}
	for (size_t i = 0; i < rs->n_sets; i++) {
		struct na_set *s = &rs->set[i];

		if (s->dynamic || !na_has_key(json_object_get(s->type, "typeof"), NULL))
			continue;
		json_array_foreach(na_set_elems(rs, s), k, v)
		{
			const json_t *elem = s->data ? json_array_get(v, 0) : v;
			const json_t *key = na_elem_key(elem);
			json_t *pair;

			if (has_timeout(elem))
				continue;
			pair = json_pack("[O, O]", key, s->data ? json_array_get(v, 1) : key);
			text = na_need(json_dumps(pair, JSON_COMPACT | JSON_ENSURE_ASCII |
								JSON_SORT_KEYS));
			line = na_printf("element of %s %s %s: %s", s->family, s->table, s->name,
					 text);
			json_object_set_new(lines, line, json_true());
			free(line);
			free(text);
			json_decref(pair);
		}
	}
	return lines;
}

static json_t *lines_of_file(void)
{
	struct na_ruleset *rs;
	json_t *lines = NULL;
	char *err = NULL;

	if (unshare(CLONE_NEWNET))
		return json_pack("{ss}", "cannot", "no network namespace can be made here");
	if (na_nft_file(CONF, false, &err))
		return json_pack("{ss}", "bad", err);
	rs = na_ruleset_load(&err);
	if (rs)
		lines = lines_of(rs);
	na_ruleset_free(rs);
	return lines;
}

/* The file is loaded by a child in a network namespace of its own. */
static json_t *after_boot(void)
{
	FILE *file = tmpfile();
	json_t *lines;
	int status;
	pid_t pid;

	if (!file)
		return NULL;
	fflush(NULL);
	pid = fork();
	if (!pid) {
		lines = lines_of_file();
		if (lines)
			json_dumpf(lines, file, JSON_ENSURE_ASCII);
		_exit(fflush(file) ? 1 : 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status) {
		fclose(file);
		return NULL;
	}
	rewind(file);
	lines = json_loadf(file, 0, NULL);
	fclose(file);
	return lines;
}

static bool is_enabled(void)
{
	static const char *const links[] = {"/etc/systemd/system/*.wants/nftables.service",
					    "/etc/systemd/system/*.wants/nftables-*.service",
					    "/etc/rc?.d/S*nftables"};
	glob_t found;

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (!glob(links[i], 0, NULL, &found)) {
			globfree(&found);
			return true;
		}
	return false;
}

static void compare(const json_t *now, const json_t *then, struct na_found *f)
{
	const char *line, *bad = json_string_value(json_object_get(then, "bad"));
	const char *cannot = json_string_value(json_object_get(then, "cannot"));
	json_t *v;

	if (!then) {
		na_found_add(f, NA_NOTE, CONF " could not be tried");
		return;
	}
	if (cannot) {
		na_found_add(f, NA_NOTE, "%s, so " CONF " was not tried", cannot);
		return;
	}
	if (bad) {
		char *text = na_name(bad, strcspn(bad, "\n"), 300);

		/* a device that is not in the namespace is no fault of the file's */
		na_found_add(f,
			     strstr(bad, "No such") || strstr(bad, "Interface does not exist")
				     ? NA_NOTE
				     : NA_WARN,
			     CONF " does not load by itself: %s", text);
		free(text);
		return;
	}
	json_object_foreach((json_t *)now, line, v) if (!json_object_get(then, line))
		na_found_add(f, NA_WARN, "not in " CONF ": %s", line);
}

void na_check_reboot(const struct na_host *h, struct na_found *f)
{
	json_t *now = na_has_rules(h, f) ? lines_of(h->rs) : NULL, *then = NULL;

	if (now && json_object_size(now)) {
		if (!na_exists(CONF)) {
			na_found_add(f, NA_WARN,
				     "there is no " CONF
				     ": rules with quic are loaded, and a reboot "
				     "loses them");
		} else {
			if (!is_enabled())
				na_found_add(
					f, NA_WARN,
					"nftables.service is not enabled: nothing loads " CONF);
			then = after_boot();
			compare(now, then, f);
		}
	}
	json_decref(now);
	json_decref(then);
}

bool na_any_has(const char *pattern, const char *word)
{
	glob_t files;
	bool found = false;
	char *text;

	if (glob(pattern, 0, NULL, &files))
		return false;
	for (size_t i = 0; i < files.gl_pathc && !found; i++) {
		text = na_read_file(files.gl_pathv[i], NULL);
		for (char *line = text; line && *line && !found;) {
			char *end = strchrnul(line, '\n'), *at = strstr(line, word);

			found = at && at < end && *line != '#' && *line != ';';
			line = *end ? end + 1 : end;
		}
		free(text);
	}
	globfree(&files);
	return found;
}

void na_check_sysctl(const struct na_host *h, struct na_found *f)
{
	(void)h;
	if ((na_any_has("/etc/sysctl.d/*.conf", "netfilter.nft_quic") ||
	     na_any_has("/etc/sysctl.d/*.conf", "netfilter/nft_quic")) &&
	    !na_any_has("/etc/modules-load.d/*.conf", "nft_quic") &&
	    !na_any_has("/etc/modules", "nft_quic"))
		na_found_add(
			f, NA_WARN,
			"/etc/sysctl.d sets limits of nft_quic, but the module is not loaded when "
			"these are applied");
}
