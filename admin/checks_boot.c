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

static json_t *lines_of_files(const json_t *files)
{
	struct na_ruleset *rs;
	json_t *lines = NULL, *v;
	char *err = NULL;
	size_t i;

	if (unshare(CLONE_NEWNET))
		return json_pack("{ss}", "cannot", "no network namespace can be made here");
	json_array_foreach(files, i, v)
	{
		if (na_nft_file(json_string_value(v), false, &err))
			return json_pack("{ss, sO}", "bad", err, "file", v);
	}
	rs = na_ruleset_load(&err);
	if (rs)
		lines = lines_of(rs);
	na_ruleset_free(rs);
	return lines;
}

/* The files are loaded by a child in a network namespace of its own. */
static json_t *after_boot(const json_t *files)
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
		lines = lines_of_files(files);
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

/* An init that is not systemd starts nftables. */
static bool by_script(const json_t *units)
{
	glob_t found;

	if (json_object_size(units) || glob("/etc/rc?.d/S*nftables", 0, NULL, &found))
		return false;
	globfree(&found);
	return true;
}

/*
 * Their tables would be lost with nftables.service: it flushes all when it stops. One that is
 * installed, but neither runs nor is started at boot, has none.
 */
static bool has_other_firewall(const struct na_host *h, const json_t *units)
{
	static const char *const others[] = {"firewalld.service", "docker.service"};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (json_object_get(units, others[i]))
			return true;
	for (size_t i = 0; i < h->rs->n_chains; i++) {
		const struct na_chain *c = &h->rs->chain[i];

		if (!strcmp(c->table, "firewalld") || !strcmp(c->table, "netavark") ||
		    !strcmp(c->table, "docker-bridges") || !strncmp(c->name, "DOCKER", 6) ||
		    !strncmp(c->name, "NETAVARK", 8) || !strncmp(c->name, "ufw-", 4))
			return true;
	}
	return false;
}

/* The caller frees it. */
static char *joined(const json_t *files)
{
	struct na_buf b;
	json_t *v;
	size_t i;

	na_buf_open(&b);
	json_array_foreach(files, i, v)
	{
		char *name = na_shown(json_string_value(v));

		fprintf(b.f, "%s%s", i ? ", " : "", name);
		free(name);
	}
	return na_take(&b);
}

static void compare(const json_t *now, const json_t *then, const json_t *files, struct na_found *f)
{
	const char *line, *bad = json_string_value(json_object_get(then, "bad"));
	const char *cannot = json_string_value(json_object_get(then, "cannot"));
	char *names = joined(files), *file, *text;
	json_t *v;

	if (!then) {
		na_found_add(f, NA_NOTE, "%s could not be tried", names);
	} else if (cannot) {
		na_found_add(f, NA_NOTE, "%s, so %s was not tried", cannot, names);
	} else if (bad) {
		text = na_name(bad, strcspn(bad, "\n"), 300);
		file = na_shown(json_string_value(json_object_get(then, "file")));
		/* a device that is not in the namespace is no fault of the file's */
		na_found_add(f,
			     strstr(bad, "No such") || strstr(bad, "Interface does not exist")
				     ? NA_NOTE
				     : NA_WARN,
			     "%s does not load by itself: %s", file, text);
		free(text);
		free(file);
	} else {
		json_object_foreach((json_t *)now, line, v) if (!json_object_get(then, line))
			na_found_add(f, NA_WARN, "not in %s: %s", names, line);
	}
	free(names);
}

/* nftables.conf first, then what other units load. */
static json_t *boot_files(const struct na_boot *boot, bool *enabled)
{
	json_t *files = na_need(json_array()), *v;
	size_t i;

	*enabled = by_script(boot->units);
	json_array_foreach(boot->files, i, v) *enabled |= !strcmp(json_string_value(v), CONF);
	if (na_exists(CONF) && (*enabled || !json_array_size(boot->files)))
		json_array_append_new(files, na_need(json_string(CONF)));
	json_array_foreach(boot->files, i, v) if (strcmp(json_string_value(v), CONF))
		json_array_append(files, v);
	return files;
}

void na_check_reboot(const struct na_host *h, struct na_found *f)
{
	json_t *now = na_has_rules(h, f) ? lines_of(h->rs) : NULL, *then, *files;
	const struct na_boot *boot;
	bool enabled, other, only_conf;

	if (!now || !json_object_size(now)) {
		json_decref(now);
		return;
	}
	boot = na_boot_read(h->boot);
	other = has_other_firewall(h, boot->units);
	if (other)
		f->remedy = "load the file by a unit of its own: docs/admin.md, "
			    "Beside another firewall";
	files = boot_files(boot, &enabled);
	only_conf = json_array_size(files) == 1 &&
		    !strcmp(json_string_value(json_array_get(files, 0)), CONF);
	if (other && !enabled && (only_conf || !json_array_size(files))) {
		na_found_add(f, NA_WARN,
			     "no enabled unit loads the rules with quic: a reboot loses them");
	} else if (!json_array_size(files)) {
		na_found_add(f, NA_WARN,
			     "there is no " CONF ": rules with quic are loaded, and a reboot "
			     "loses them");
	} else {
		if (!enabled && only_conf)
			na_found_add(f, NA_WARN,
				     "nftables.service is not enabled: nothing loads " CONF);
		then = after_boot(files);
		compare(now, then, files, f);
		json_decref(then);
	}
	json_decref(files);
	json_decref(now);
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
