// SPDX-License-Identifier: GPL-2.0-or-later
/* The module, the kernels, the library in front of libnftables. */
#include <ctype.h>
#include <dirent.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "doctor.h"
#include "nft.h"
#include "text.h"

char *na_module_file(const char *release)
{
	char *dep = na_printf("/lib/modules/%s/modules.dep", release), *text, *line, *found = NULL;

	text = na_read_file(dep, NULL);
	free(dep);
	for (line = text; line && *line; line += *line == '\n') {
		size_t len = strcspn(line, ":\n");
		const char *base = memrchr(line, '/', len);

		base = base ? base + 1 : line;
		if (!strncmp(base, "nft_quic.ko", 11)) {
			found = *line == '/' ? na_printf("%.*s", (int)len, line)
					     : na_printf("/lib/modules/%s/%.*s", release, (int)len,
							 line);
			break;
		}
		line += strcspn(line, "\n");
	}
	free(text);
	if (found && !na_exists(found)) {
		free(found);
		found = NULL;
	}
	return found;
}

/* A field of modinfo's, "" if the module has none; NULL if modinfo fails. The caller frees it. */
static char *field_of(const char *file, const char *field)
{
	char *text = na_run((const char *[]){"modinfo", "-F", field, file, NULL});

	if (text)
		text[strcspn(text, "\n")] = '\0';
	return text;
}

static void file_version(struct na_found *f, const char *file)
{
	char *version = field_of(file, "version");

	if (version && strcmp(version, NFT_QUIC_VERSION))
		na_found_add(f, NA_FAULT, "the module in %s is version %s, this program %s", file,
			     version, NFT_QUIC_VERSION);
	free(version);
}

void na_check_module(const struct na_host *h, struct na_found *f)
{
	struct utsname u;
	char *file = uname(&u) ? NULL : na_module_file(u.release);

	if (h->module && strcmp(h->module, NFT_QUIC_VERSION))
		na_found_add(f, NA_FAULT, "the loaded module is version %s, this program %s",
			     h->module, NFT_QUIC_VERSION);
	if (file)
		file_version(f, file);
	else if (!h->module)
		na_found_add(f, NA_FAULT, "no nft_quic.ko is installed for this kernel, %s",
			     u.release);
	if (h->module && !h->counts.n)
		na_found_add(f, NA_FAULT, "the module is loaded, but shows no counters here");
	free(file);
}

static bool in_lockdown(void)
{
	char *text = na_read_file("/sys/kernel/security/lockdown", NULL);
	bool locked = text && !strstr(text, "[none]");

	free(text);
	return locked;
}

bool na_keys_have(const char *keys, const char *signer)
{
	const size_t len = strlen(signer);
	bool any = false;

	for (const char *line = keys, *end; *line; line = *end ? end + 1 : end) {
		const char *at = strstr(line, "asymmetri ");

		end = strchrnul(line, '\n');
		if (!at || at > end)
			continue;
		any = true;
		/* a subject may have its organisation first, and the key's number is last */
		for (at = strstr(at, signer); at && at < end; at = strstr(at + 1, signer))
			if (at[-1] == ' ' && at[len] == ':')
				return true;
	}
	return !any;
}

/* modinfo reads compressed files, too; whose signature it is only if it was built with OpenSSL. */
static void judge_signature(const struct na_host *h, const char *file, struct na_found *f)
{
	char *kind = field_of(file, "sig_id"), *signer = field_of(file, "signer");
	char *keys = h->root ? na_read_file("/proc/keys", NULL) : NULL;
	char *shown = na_shown(signer ? signer : "");

	if (kind && !*kind)
		na_found_add(f, NA_FAULT, "this kernel takes signed modules only, and %s is not",
			     file);
	else if (*shown && keys && !na_keys_have(keys, signer))
		na_found_add(f, NA_FAULT,
			     "this kernel takes signed modules only, and has no key of \"%s\", who "
			     "signed %s",
			     shown, file);
	else
		na_found_add(
			f, NA_NOTE,
			"this kernel takes signed modules only; modprobe says whether it knows "
			"the key");
	free(shown);
	free(keys);
	free(signer);
	free(kind);
}

void na_check_secure_boot(const struct na_host *h, struct na_found *f)
{
	struct utsname u;
	char *file = uname(&u) ? NULL : na_module_file(u.release);

	if (!h->module && file && in_lockdown())
		judge_signature(h, file, f);
	free(file);
}

/* A kernel that was purged may leave its modules.dep. */
static bool is_installed(const char *release)
{
	char *files[] = {na_printf("/boot/vmlinuz-%s", release),
			 na_printf("/lib/modules/%s/vmlinuz", release),
			 na_printf("/lib/modules/%s/kernel", release)};
	bool found = false;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		found |= na_exists(files[i]);
		free(files[i]);
	}
	return found;
}

/* A log that DKMS keeps beside its builds is one of a build that did not end well. */
static void build_log(const char *release, const char *path, struct na_found *f)
{
	static const char lacks[] = "nft-quic: this kernel lacks ";
	char *text = na_read_plain(path, NULL), *head = na_printf(" for kernel %s (", release);
	char *line = text, *at = text ? strstr(text, head) : NULL, *what;
	bool known = false;

	if (!at || at > strchrnul(text, '\n'))
		line = NULL;
	for (; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncmp(line, lacks, strlen(lacks)))
			continue;
		known = true;
		line += strlen(lacks);
		what = na_name(line, strcspn(line, "\n"), 300);
		na_found_add(f, NA_WARN, "kernel %s lacks %s: the module is not built for it",
			     release, what);
		free(what);
	}
	if (line && !known)
		na_found_add(f, NA_WARN, "the module's last build for kernel %s failed: %s",
			     release, path);
	free(head);
	free(text);
}

static void build_logs(const char *release, struct na_found *f)
{
	glob_t logs;

	if (glob("/var/lib/dkms/nft-quic/*/build/make.log", 0, NULL, &logs))
		return;
	for (size_t i = 0; i < logs.gl_pathc; i++)
		build_log(release, logs.gl_pathv[i], f);
	globfree(&logs);
}

static void has_module(const char *release, bool have_dkms, struct na_found *f)
{
	char *build = na_printf("/lib/modules/%s/build/Makefile", release);
	char *file = na_module_file(release);

	if (!file)
		na_found_add(
			f, NA_WARN,
			"kernel %s has no nft_quic.ko%s: rules with quic will not load under it",
			release, na_exists(build) ? "" : " and no headers to build it");
	else if (have_dkms && !na_exists(build))
		na_found_add(f, NA_NOTE,
			     "kernel %s has the module, but no headers to build it anew", release);
	build_logs(release, f);
	free(file);
	free(build);
}

void na_check_kernels(const struct na_host *h, struct na_found *f)
{
	glob_t dirs, dkms;
	bool have_dkms;

	(void)h;
	have_dkms = !glob("/usr/src/nft-quic-*/dkms.conf", 0, NULL, &dkms);
	if (have_dkms)
		globfree(&dkms);
	if (glob("/lib/modules/*/modules.dep", 0, NULL, &dirs))
		return;
	for (size_t i = 0; i < dirs.gl_pathc; i++) {
		char *release = na_printf("%s", dirs.gl_pathv[i] + strlen("/lib/modules/"));

		release[strcspn(release, "/")] = '\0';
		if (is_installed(release))
			has_module(release, have_dkms, f);
		free(release);
	}
	globfree(&dirs);
}

void na_check_facade(const struct na_host *h, struct na_found *f)
{
	char *cache = na_run((const char *[]){"ldconfig", "-p", NULL}), *at, *path;
	const char *facade = na_nft_facade();

	at = cache ? strstr(cache, "libnftables.so.1 ") : NULL;
	path = at ? strstr(at, "=> ") : NULL;
	if (path) {
		path += 3;
		path[strcspn(path, "\n")] = '\0';
	}
	if (!path)
		na_found_add(f, NA_FAULT, "the ld.so cache has no libnftables.so.1");
	else if (!strstr(path, "/nft-quic/"))
		na_found_add(f, NA_FAULT,
			     "the ld.so cache has %s first: nft shows no rule with quic, and a "
			     "save would lose them",
			     path);
	else if (!h->knows_quic && !getenv("NFT_QUIC") && !getenv("LD_LIBRARY_PATH"))
		na_found_add(f, NA_FAULT, "%s is first, but does not know quic", path);
	if (facade && strcmp(facade, NFT_QUIC_VERSION))
		na_found_add(f, NA_FAULT,
			     "the libnftables that knows quic is version %s, this program %s",
			     facade, NFT_QUIC_VERSION);
	if (getenv("NFT_QUIC") && !strcmp(getenv("NFT_QUIC"), "off"))
		na_found_add(f, NA_FAULT, "NFT_QUIC=off is set here: rules with quic are hidden");
	if (getenv("LD_LIBRARY_PATH"))
		na_found_add(f, NA_NOTE, "LD_LIBRARY_PATH is set here, and comes before the cache");
	free(cache);
}

static void other_programs(struct na_found *f)
{
	static const char *const dirs[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
					   "/usr/bin",	      "/sbin",		"/bin",
					   "/opt/bin",	      "/root/bin"};
	struct stat seen[8], st;
	size_t n = 0;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		char *path = na_printf("%s/nft", dirs[i]), *out;
		bool again = stat(path, &st) != 0;

		for (size_t k = 0; k < n; k++)
			again |= st.st_ino == seen[k].st_ino && st.st_dev == seen[k].st_dev;
		if (!again) {
			seen[n++] = st;
			out = na_run((const char *[]){path, "describe", "quic", "alpn", NULL});
			if (!out || strncmp(out, "quic expression", 15))
				na_found_add(f, NA_FAULT,
					     "%s does not know quic and hides these rules", path);
			free(out);
		}
		free(path);
	}
}

char *na_library_path(const char *text)
{
	const char *at, *from;
	size_t len;

	for (at = strstr(text, "libnftables.so"); at; at = strstr(at + 1, "libnftables.so")) {
		for (from = at; from > text && !strchr("\"' =\t\n", from[-1]);)
			from--;
		len = strcspn(from, "\"' \t\n");
		if (*from == '/' && !memmem(from, len, "/nft-quic/", 10))
			return na_name(from, len, 255);
	}
	return NULL;
}

/* python3-nftables asks the cache; a module of another origin may have a library's path. */
static void python_modules(struct na_found *f)
{
	static const char *const places[] = {
		"/usr/lib/python3*/*-packages/nftables/nftables.py",
		"/usr/local/lib/python3*/*-packages/nftables/nftables.py"};
	glob_t found;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (glob(places[i], 0, NULL, &found))
			continue;
		for (size_t k = 0; k < found.gl_pathc; k++) {
			char *text = na_read_plain(found.gl_pathv[k], NULL);
			char *path = text ? na_library_path(text) : NULL;

			if (path)
				na_found_add(f, NA_WARN, "%s loads %s, which hides rules with quic",
					     found.gl_pathv[k], path);
			free(path);
			free(text);
		}
		globfree(&found);
	}
}

void na_check_other_nft(const struct na_host *h, struct na_found *f)
{
	struct dirent *e;
	DIR *dir = opendir("/proc");

	other_programs(f);
	python_modules(f);
	if (!h->root)
		na_found_add(f, NA_NOTE,
			     "programs of other users are not seen, as only root sees these");
	while (dir && (e = readdir(dir))) {
		char *path, *maps, *comm, *lib, *name;

		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		path = na_printf("/proc/%s/maps", e->d_name);
		maps = na_read_file(path, NULL);
		free(path);
		lib = maps ? strstr(maps, "/libnftables.so.1") : NULL;
		if (lib && !strstr(maps, "/nft-quic/libnftables.so.1") &&
		    atoi(e->d_name) != getpid()) {
			path = na_printf("/proc/%s/comm", e->d_name);
			comm = na_read_file(path, NULL);
			name = na_name(comm ? comm : "?", comm ? strcspn(comm, "\n") : 1,
				       NA_NAME_MAX);
			na_found_add(f, NA_WARN,
				     "%s (%s) runs with a libnftables that hides rules with quic",
				     name, e->d_name);
			free(name);
			free(comm);
			free(path);
		}
		free(maps);
	}
	if (dir)
		closedir(dir);
}
