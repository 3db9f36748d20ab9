// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The dynamic linker writes the addresses of called functions into the library's global offset
 * table, by relocations that name the symbol (System V gABI, "Dynamic Linking"); at the first call
 * if binding is lazy, unless another address is there by then. With RELRO the table is read-only.
 */
#include <elf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "got.h"

#if __SIZEOF_POINTER__ == 8
#define R_SYM(info)  ELF64_R_SYM(info)
#define R_TYPE(info) ELF64_R_TYPE(info)
#else
#define R_SYM(info)  ELF32_R_SYM(info)
#define R_TYPE(info) ELF32_R_TYPE(info)
#endif

/** struct tables - the parts of the dynamic section that are needed */
struct tables {
	const ElfW(Sym) * sym;
	const char *str;
	size_t str_size;
	const char *rel[2]; /* PLT and other relocations */
	size_t size[2];
	size_t entry[2];
	size_t relative; /* so many of the others come first that name no symbol */
};

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

static void *address(const struct link_map *map, ElfW(Addr) addr)
{
	/* glibc relocates the pointers of the dynamic section on most architectures */
	return (void *)(addr < map->l_addr ? addr + map->l_addr : addr);
}

static void read_dynamic(const struct link_map *map, struct tables *t)
{
	size_t rela = sizeof(ElfW(Rela)), rel = sizeof(ElfW(Rel));

	memset(t, 0, sizeof(*t));
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

/* Tables under RELRO, made read-only again. */
static void protect(const struct link_map *map)
{
	uintptr_t page = sysconf(_SC_PAGESIZE);
	const ElfW(Ehdr) *eh = (const void *)map->l_addr;
	const ElfW(Phdr) * ph;

	if (memcmp(eh->e_ident, ELFMAG, SELFMAG))
		return;
	ph = (const void *)(map->l_addr + eh->e_phoff);
	for (unsigned int i = 0; i < eh->e_phnum; i++) {
		uintptr_t from, to;

		if (ph[i].p_type != PT_GNU_RELRO)
			continue;
		from = (map->l_addr + ph[i].p_vaddr) & ~(page - 1);
		to = (map->l_addr + ph[i].p_vaddr + ph[i].p_memsz) & ~(page - 1);
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
static int which(const struct tables *t, size_t at, const struct nx_patch *patch,
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
static size_t visit(const struct link_map *map, const struct tables *t, struct nx_patch *patch,
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
	struct tables t;
	size_t places;
	bool ok;

	read_dynamic(map, &t);
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
	protect(map);
	return ok ? NULL : "its address table cannot be changed";
}
