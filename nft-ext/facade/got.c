// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The dynamic linker writes the addresses of called functions into the library's global offset
 * table, by relocations that name the symbol (System V gABI, "Dynamic Linking"); at the first call
 * if binding is lazy, unless another address is there by then. With RELRO the table is read-only.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dynamic.h"
#include "got.h"

#if __SIZEOF_POINTER__ == 8
#define R_SYM(info)  ELF64_R_SYM(info)
#define R_TYPE(info) ELF64_R_TYPE(info)
#else
#define R_SYM(info)  ELF32_R_SYM(info)
#define R_TYPE(info) ELF32_R_TYPE(info)
#endif

#define MAX_PLACES 32

/** struct place - where the address of a function is kept */
struct place {
	void **at;
	void *with;
};

/* Relocations that hold the plain address of a symbol. */
static bool is_address(unsigned long type)
{
#if defined(__x86_64__)
	return type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT;
#elif defined(__aarch64__)
	return type == R_AARCH64_JUMP_SLOT || type == R_AARCH64_GLOB_DAT;
#elif defined(__i386__)
	return type == R_386_JMP_SLOT || type == R_386_GLOB_DAT;
#elif defined(__arm__)
	return type == R_ARM_JUMP_SLOT || type == R_ARM_GLOB_DAT;
#elif defined(__riscv)
	return type == R_RISCV_JUMP_SLOT || type == R_RISCV_64;
#elif defined(__powerpc64__) && defined(_CALL_ELF) && _CALL_ELF == 2
	return type == R_PPC64_JMP_SLOT || type == R_PPC64_GLOB_DAT;
#elif defined(__s390x__)
	return type == R_390_JMP_SLOT || type == R_390_GLOB_DAT;
#else
	(void)type;
	return false;
#endif
}

static bool store(const struct place *place, size_t n)
{
	uintptr_t page = sysconf(_SC_PAGESIZE), open = 0;

	for (size_t i = 0; i < n; i++) {
		uintptr_t from = (uintptr_t)place[i].at & ~(page - 1);

		if (from != open && mprotect((void *)from, page, PROT_READ | PROT_WRITE))
			return false;
		open = from;
		*place[i].at = place[i].with;
		/* the page stays writable here: without RELRO other data in it is written to */
	}
	return true;
}

/* Places under RELRO, made read-only again. */
static void protect(const struct link_map *map, const struct place *place, size_t n)
{
	uintptr_t page = sysconf(_SC_PAGESIZE), first = UINTPTR_MAX, last = 0;
	const ElfW(Ehdr) *eh = (const void *)map->l_addr;
	const ElfW(Phdr) * ph;

	if (memcmp(eh->e_ident, ELFMAG, SELFMAG))
		return;
	for (size_t i = 0; i < n; i++) {
		uintptr_t at = (uintptr_t)place[i].at & ~(page - 1);

		first = at < first ? at : first;
		last = at + page > last ? at + page : last;
	}
	ph = (const void *)(map->l_addr + eh->e_phoff);
	for (unsigned int i = 0; i < eh->e_phnum; i++) {
		uintptr_t from, to;

		if (ph[i].p_type != PT_GNU_RELRO)
			continue;
		from = (map->l_addr + ph[i].p_vaddr) & ~(page - 1);
		to = (map->l_addr + ph[i].p_vaddr + ph[i].p_memsz) & ~(page - 1);
		from = first > from ? first : from;
		to = last < to ? last : to;
		if (to > from)
			mprotect((void *)from, to - from, PROT_READ);
	}
}

#define FAR 12 /* many names have the same kind of thing before it: nftnl_rule_, nftnl_set_ */

/** struct sieve - functions, as bits, whose names have a byte at the front and at FAR */
struct sieve {
	uint16_t front[256];
	uint16_t far[256];
};

static void sieve_init(struct sieve *sieve, const struct nx_patch *patch, size_t n)
{
	memset(sieve, 0, sizeof(*sieve));
	for (size_t i = 0; i < n; i++) {
		const unsigned char *name = (const unsigned char *)patch[i].name;

		sieve->front[name[0]] |= 1u << i;
		if (strlen(patch[i].name) >= FAR)
			sieve->far[name[FAR]] |= 1u << i;
		else
			for (size_t c = 0; c < 256; c++)
				sieve->far[c] |= 1u << i;
	}
}

/* Which of the functions has the name at @at? -1: not one of them. */
static int which(const struct nx_elf *t, size_t at, const struct nx_patch *patch,
		 const struct sieve *sieve)
{
	const unsigned char *name = (const unsigned char *)t->str + at;
	unsigned int left = sieve->front[name[0]];

	if (at + FAR < t->str_size)
		left &= sieve->far[name[FAR]];
	for (; left; left &= left - 1) {
		int i = __builtin_ctz(left);

		if (!strcmp((const char *)name, patch[i].name))
			return i;
	}
	return -1;
}

/* Find the places of all functions; how many are to be changed. The first @max are put down. */
static size_t visit(const struct link_map *map, const struct nx_elf *t, struct nx_patch *patch,
		    size_t n, struct place *place, size_t max)
{
	struct sieve sieve;
	size_t places = 0;

	sieve_init(&sieve, patch, n);
	for (unsigned int table = 0; table < 2; table++) {
		size_t off = table ? t->relative * t->entry[1] : 0;

		for (; t->entry[table] && off + t->entry[table] <= t->size[table];
		     off += t->entry[table]) {
			const ElfW(Rel) *r = (const void *)(t->rel[table] + off);
			int i;

			if (!is_address(R_TYPE(r->r_info)) || !R_SYM(r->r_info))
				continue;
			i = which(t, t->sym[R_SYM(r->r_info)].st_name, patch, &sieve);
			if (i < 0)
				continue;
			patch[i].found++;
			if (!patch[i].with)
				continue;
			if (places < max)
				place[places] = (struct place){(void **)(map->l_addr + r->r_offset),
							       patch[i].with};
			places++;
		}
	}
	return places;
}

const char *nx_got_patch(const struct link_map *map, struct nx_patch *patch, size_t n)
{
	static char why[80];
	struct place place[MAX_PLACES];
	struct nx_elf t;
	size_t places;
	bool ok;

	nx_elf_read(&t, map);
	if (!t.sym || !t.str)
		return "it has no dynamic symbols";
	for (size_t i = 0; i < n; i++)
		patch[i].found = 0;
	places = visit(map, &t, patch, n, place, MAX_PLACES);
	for (size_t i = 0; i < n; i++) {
		if (!patch[i].found && !patch[i].optional) {
			snprintf(why, sizeof(why), "it does not call %s", patch[i].name);
			return why;
		}
	}
	if (places > MAX_PLACES)
		return "it calls the functions from too many places";
	ok = store(place, places);
	protect(map, place, places);
	return ok ? NULL : "its address table cannot be changed";
}
