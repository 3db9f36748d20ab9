// SPDX-License-Identifier: GPL-2.0-or-later
#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dynamic.h"
#include "real.h"

#define SONAME NX_REAL_SONAME

static struct nx_real real;

/* Where distributions keep libraries; the build's own directory comes first. */
static const char *const dirs[] = {
	NX_REAL_LIBDIR,
	"/usr/lib/" NX_MULTIARCH,
	"/lib/" NX_MULTIARCH,
	"/usr/lib64",
	"/lib64",
	"/usr/lib",
	"/lib",
	"/usr/local/lib",
};

static char why_not[512]; /* of the last library that was there and could not be opened */

static bool has_table(const struct nx_elf *elf)
{
	return elf->hash && elf->sym && elf->str;
}

/* As dlsym, which is only asked for what the library does not define itself. */
static void *symbol(void *lib, const struct nx_elf *elf, const char *name)
{
	void *own = has_table(elf) ? nx_elf_symbol(elf, name) : NULL;

	return own ? own : dlsym(lib, name);
}

static bool is_facade(void *lib, const struct nx_elf *elf)
{
	static const char mark[] = "nft_quic_facade";

	return has_table(elf) ? nx_elf_symbol(elf, mark) : dlsym(lib, mark);
}

/*
 * A library without our mark: neither this facade, which dlopen knows by its inode whatever the
 * path, nor another copy of it must be taken for the real one.
 */
static void *try_open(const char *path, struct nx_elf *elf)
{
	struct link_map *map;
	void *lib;

	/* with RTLD_NOW the libraries that it needs would be bound at once, too */
	lib = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	if (!lib && !access(path, F_OK))
		snprintf(why_not, sizeof(why_not), ": %s", dlerror());
	*elf = (struct nx_elf){0};
	if (lib && !dlinfo(lib, RTLD_DI_LINKMAP, &map) && map)
		nx_elf_read(elf, map);
	if (lib && is_facade(lib, elf)) {
		dlclose(lib);
		lib = NULL;
	}
	return lib;
}

static void *open_real(struct nx_elf *elf)
{
	const char *named = secure_getenv("NFT_QUIC_LIBNFTABLES");
	void *lib = NULL;

	if (named) {
		lib = try_open(named, elf);
		if (!lib)
			fprintf(stderr, "nft-quic: NFT_QUIC_LIBNFTABLES: cannot use %s%s\n", named,
				why_not);
	}
	for (size_t i = 0; !lib && i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		char path[256];

		snprintf(path, sizeof(path), "%s/" SONAME, dirs[i]);
		lib = try_open(path, elf);
	}
	return lib;
}

/* Functions that each version has; whoever calls others looks first. */
static bool has_all(void)
{
	return real.nft_ctx_new && real.nft_ctx_free && real.nft_run_cmd_from_buffer &&
	       real.nft_run_cmd_from_filename && real.nft_ctx_set_output &&
	       real.nft_ctx_set_error && real.nft_ctx_buffer_output &&
	       real.nft_ctx_unbuffer_output && real.nft_ctx_get_output_buffer &&
	       real.nft_ctx_buffer_error && real.nft_ctx_unbuffer_error &&
	       real.nft_ctx_get_error_buffer && real.nft_ctx_get_dry_run &&
	       real.nft_ctx_set_dry_run && real.nft_ctx_output_get_flags &&
	       real.nft_ctx_output_set_flags && real.nft_ctx_output_get_debug &&
	       real.nft_ctx_output_set_debug && real.nft_ctx_add_include_path &&
	       real.nft_ctx_clear_include_paths;
}

struct nx_real *nx_real_open(void **handle, const struct link_map **map)
{
	struct nx_elf elf;
	void *lib = open_real(&elf);

	if (!lib) {
		fprintf(stderr, "nft-quic: the distribution's " SONAME " is not to be found%s\n",
			why_not);
		exit(127);
	}
#define LOAD(ret, name, args) *(void **)&real.name = symbol(lib, &elf, #name);
	NX_API(LOAD)
#undef LOAD
	if (!has_all()) {
		fprintf(stderr, "nft-quic: the distribution's " SONAME " lacks functions\n");
		exit(127);
	}
	*handle = lib;
	*map = elf.map;
	return &real;
}

const struct nx_real *nx_real(void)
{
	return &real;
}
