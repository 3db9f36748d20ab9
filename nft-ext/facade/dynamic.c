// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "dynamic.h"

static void *address(const struct link_map *map, ElfW(Addr) addr)
{
	/* glibc relocates the pointers of the dynamic section on most architectures */
	return (void *)(addr < map->l_addr ? addr + map->l_addr : addr);
}

void nx_elf_read(struct nx_elf *t, const struct link_map *map)
{
	size_t rela = sizeof(ElfW(Rela)), rel = sizeof(ElfW(Rel));

	*t = (struct nx_elf){.map = map};
	for (const ElfW(Dyn) *d = map->l_ld; d->d_tag != DT_NULL; d++) {
		switch (d->d_tag) {
		case DT_SYMTAB:
			t->sym = address(map, d->d_un.d_ptr);
			break;
		case DT_STRTAB:
			t->str = address(map, d->d_un.d_ptr);
			break;
		case DT_STRSZ:
			t->str_size = d->d_un.d_val;
			break;
		case DT_GNU_HASH:
			t->hash = address(map, d->d_un.d_ptr);
			break;
		case DT_JMPREL:
			t->rel[0] = address(map, d->d_un.d_ptr);
			break;
		case DT_PLTRELSZ:
			t->size[0] = d->d_un.d_val;
			break;
		case DT_PLTREL:
			t->entry[0] = d->d_un.d_val == DT_RELA ? rela : rel;
			break;
		case DT_RELA:
		case DT_REL:
			t->rel[1] = address(map, d->d_un.d_ptr);
			t->entry[1] = d->d_tag == DT_RELA ? rela : rel;
			break;
		case DT_RELASZ:
		case DT_RELSZ:
			t->size[1] = d->d_un.d_val;
			break;
		case DT_RELACOUNT:
		case DT_RELCOUNT:
			t->relative = d->d_un.d_val;
			break;
		}
	}
}

static uint32_t gnu_hash(const char *name)
{
	uint32_t h = 5381;

	for (; *name; name++)
		h = h * 33 + (unsigned char)*name;
	return h;
}

/*
 * The table: number of buckets, first symbol in it, words of the Bloom filter, its shift; the
 * filter; a first symbol for each bucket; a hash for each symbol, whose lowest bit ends the chain.
 */
void *nx_elf_symbol(const struct nx_elf *e, const char *name)
{
	uint32_t buckets = e->hash[0], first = e->hash[1], filter = e->hash[2], h = gnu_hash(name);
	const uint32_t *bucket = e->hash + 4 + filter * (sizeof(ElfW(Addr)) / sizeof(*bucket));
	const uint32_t *chain = bucket + buckets;
	uint32_t i = buckets ? bucket[h % buckets] : 0;

	if (i < first)
		return NULL;
	for (;; i++) {
		uint32_t hash = chain[i - first];
		const ElfW(Sym) *sym = &e->sym[i];

		if ((hash | 1) == (h | 1) && sym->st_shndx != SHN_UNDEF &&
		    ELF64_ST_TYPE(sym->st_info) != STT_GNU_IFUNC &&
		    !strcmp(e->str + sym->st_name, name))
			return (void *)(e->map->l_addr + sym->st_value);
		if (hash & 1)
			return NULL;
	}
}
