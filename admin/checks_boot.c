// SPDX-License-Identifier: GPL-2.0-or-later
/* The next boot: does it bring back the rules? */
#include <errno.h>
#include <glob.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "doctor.h"
#include "kept.h"
#include "nft.h"
#include "text.h"

#define CONF "/etc/nftables.conf"

/* doctor shows fewer */
#define MISSING_MAX 100

/* {"missing": [texts]}, or why that is not known; NULL if there is no answer at all. */
static json_t *try_files(const json_t *files, const json_t *now)
{
	struct na_ruleset *rs;
	json_t *then, *v;
	char *err = NULL, *text;
	size_t i;

	if (unshare(CLONE_NEWNET))
		return json_pack("{ss}", "cannot", "no network namespace can be made here");
	json_array_foreach(files, i, v)
	{
		if (!na_nft_file(json_string_value(v), false, &err))
			continue;
		/* it has a line of the file, in whatever characters */
		text = na_name(err, strcspn(err, "\n"), 300);
		return json_pack("{ss, sO}", "bad", text, "file", v);
	}
	rs = na_ruleset_load(&err);
	if (!rs)
		return NULL;
	then = na_kept_read(rs, now);
	na_ruleset_free(rs);
	v = na_kept_missing(now, then, MISSING_MAX);
	json_decref(then);
	return json_pack("{so}", "missing", v);
}

/* The files are loaded by a child in a network namespace of its own. */
static json_t *after_boot(const json_t *files, const json_t *now)
{
	/* of memory: a full or read-only /tmp is no reason to know nothing, and nothing is written
	 */
	int fd = memfd_create("nft-quic", MFD_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w+");
	json_t *answer;
	int status;
	pid_t pid;

	if (!file) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	fflush(NULL);
	pid = fork();
	if (!pid) {
		answer = try_files(files, now);
		if (answer)
			json_dumpf(answer, file, JSON_ENSURE_ASCII);
		_exit(fflush(file) ? 1 : 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status) {
		fclose(file);
		return NULL;
	}
	rewind(file);
	answer = json_loadf(file, 0, NULL);
	fclose(file);
	return answer;
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

static void tell(const json_t *answer, const json_t *files, struct na_found *f)
{
	const char *bad = json_string_value(json_object_get(answer, "bad"));
	const char *cannot = json_string_value(json_object_get(answer, "cannot"));
	char *names = joined(files), *file;
	json_t *v;
	size_t i;

	if (!answer) {
		na_found_add(f, NA_NOTE, "%s could not be tried", names);
	} else if (cannot) {
		na_found_add(f, NA_NOTE, "%s, so %s was not tried", cannot, names);
	} else if (bad) {
		file = na_shown(json_string_value(json_object_get(answer, "file")));
		/* a device that is not in the namespace is no fault of the file's */
		na_found_add(f,
			     strstr(bad, "No such") || strstr(bad, "Interface does not exist")
				     ? NA_NOTE
				     : NA_WARN,
			     "%s does not load by itself: %s", file, bad);
		free(file);
	} else {
		json_array_foreach(json_object_get(answer, "missing"), i, v)
			na_found_add(f, NA_WARN, "not in %s: %s", names, json_string_value(v));
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
	json_t *now = na_has_rules(h, f) ? na_kept_read(h->rs, NULL) : NULL, *answer, *files, *v;
	const struct na_boot *boot;
	const char *name;
	bool enabled, other, only_conf;

	if (!now || na_kept_none(now)) {
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
		answer = after_boot(files, now);
		tell(answer, files, f);
		json_decref(answer);
		json_object_foreach(json_object_get(now, "cut"), name, v)
			na_found_add(f, NA_NOTE,
				     "%s: more than %d are counted, and not compared; `nft-quic "
				     "doctor --all` does",
				     name, NA_ELEMS_SHOWN);
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
