/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dynamic section of a loaded library (System V gABI, "Dynamic Linking"). */
#ifndef NX_DYNAMIC_H
#define NX_DYNAMIC_H

#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct nx_elf - the parts of it that are needed
 * @map:	the library
 * @sym:	its symbols, or NULL
 * @str:	their names, or NULL
 * @str_size:	bytes of these
 * @hash:	the table of DT_GNU_HASH, or NULL
 * @rel:	relocations of the PLT, and all others
 * @size:	bytes of each
 * @entry:	bytes of one
 * @relative:	so many of the others come first that name no symbol
 */
struct nx_elf {
	const struct link_map *map;
	const ElfW(Sym) * sym;
	const char *str;
	size_t str_size;
	const uint32_t *hash;
	const char *rel[2];
	size_t size[2];
	size_t entry[2];
	size_t relative;
};

/** nx_elf_read - find them */
void nx_elf_read(struct nx_elf *e, const struct link_map *map);

/**
 * nx_elf_symbol - address of what the library itself defines, whatever its version; or NULL
 *
 * dlsym would look into all that the library needs, too, and takes ten times as long. Only with
 * @e->hash.
 */
void *nx_elf_symbol(const struct nx_elf *e, const char *name);

#endif /* NX_DYNAMIC_H */
