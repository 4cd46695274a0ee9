/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "process/elf.h"

#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/fdio.h"

#define START "__libc_start_main"

#define SEGMENTS_MAX 64
#define DYNAMIC_MAX 1024
#define TABLE_BYTES_MAX (64 << 20) /* of one table of relocations */
#define LOOKUPS_MAX 100000         /* of symbols */
#define LOADER_MAX 256

struct elf {
	int fd; /* borrowed */
	ElfW(Ehdr) header;
	ElfW(Phdr) segments[SEGMENTS_MAX];
	ElfW(Addr) dynamic[DT_NUM]; /* by tag; 0: none */
	int lookups;
};

/* This process's own program, as it is mapped. */
struct own {
	const ElfW(Ehdr) *header;
	const char *loader; /* NULL: none, it is statically linked */
};

static int look_at_own(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	struct own *own = arg;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *s = &info->dlpi_phdr[i];
		const void *mapped = (const void *)(uintptr_t)(info->dlpi_addr + s->p_vaddr);
		if (s->p_type == PT_LOAD && s->p_offset == 0)
			own->header = mapped;
		if (s->p_type == PT_INTERP)
			own->loader = mapped;
	}
	return 1; /* the first is the program, the others are its libraries */
}

static bool read_at(const struct elf *e, uint64_t at, void *bytes, size_t n)
{
	if (at > (uint64_t)INT64_MAX - n)
		return false;
	for (char *p = bytes; n > 0; ) {
		ssize_t got = fdio_pread(e->fd, p, n, (off_t)at);
		if (got <= 0)
			return false;
		p += got;
		at += (uint64_t)got;
		n -= (size_t)got;
	}
	return true;
}

/* Read what will be mapped at `address` from the file. */
static bool read_mapped(const struct elf *e, ElfW(Addr) address, void *bytes, size_t n)
{
	for (size_t i = 0; i < e->header.e_phnum; i++) {
		const ElfW(Phdr) *s = &e->segments[i];
		ElfW(Addr) into = address - s->p_vaddr;
		uint64_t at;
		if (s->p_type == PT_LOAD && address >= s->p_vaddr && into < s->p_filesz && n <= s->p_filesz - into)
			return !__builtin_add_overflow((uint64_t)s->p_offset, into, &at) && read_at(e, at, bytes, n);
	}
	return false;
}

static const ElfW(Phdr) *find_segment(const struct elf *e, ElfW(Word) type)
{
	for (size_t i = 0; i < e->header.e_phnum; i++)
		if (e->segments[i].p_type == type)
			return &e->segments[i];
	return NULL;
}

static bool is_of_machine(const ElfW(Ehdr) *h, const ElfW(Ehdr) *own)
{
	return memcmp(h->e_ident, ELFMAG, SELFMAG) == 0 && h->e_ident[EI_CLASS] == own->e_ident[EI_CLASS] &&
	       h->e_ident[EI_DATA] == own->e_ident[EI_DATA] && h->e_machine == own->e_machine;
}

static const char *read_headers(struct elf *e, const struct own *own)
{
	ElfW(Ehdr) *h = &e->header;
	if (!read_at(e, 0, h, sizeof *h) || !is_of_machine(h, own->header))
		return "not a program of this machine";
	if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
		return "not a program";
	if (h->e_phentsize != sizeof *e->segments || h->e_phnum > SEGMENTS_MAX ||
	    !read_at(e, h->e_phoff, e->segments, h->e_phnum * sizeof *e->segments))
		return "damaged";
	return NULL;
}

static bool has_loader(const struct elf *e, const ElfW(Phdr) *s, const char *loader)
{
	char name[LOADER_MAX];
	size_t size = strlen(loader) + 1;
	return size <= sizeof name && s->p_filesz == size && read_at(e, s->p_offset, name, size) &&
	       memcmp(name, loader, size) == 0;
}

static bool read_dynamic(struct elf *e)
{
	const ElfW(Phdr) *s = find_segment(e, PT_DYNAMIC);
	size_t n = s ? s->p_filesz / sizeof(ElfW(Dyn)) : 0;
	if (n == 0 || n > DYNAMIC_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		ElfW(Dyn) entry;
		if (!read_at(e, (uint64_t)s->p_offset + i * sizeof entry, &entry, sizeof entry))
			return false;
		if (entry.d_tag == DT_NULL)
			break;
		if (entry.d_tag > 0 && entry.d_tag < DT_NUM)
			e->dynamic[entry.d_tag] = entry.d_un.d_ptr;
	}
	return true;
}

/* Is it the function that starts programs, and in another object? */
static bool is_start(const struct elf *e, size_t index)
{
	ElfW(Sym) symbol;
	char name[sizeof START];
	return read_mapped(e, e->dynamic[DT_SYMTAB] + index * sizeof symbol, &symbol, sizeof symbol) &&
	       symbol.st_shndx == SHN_UNDEF && symbol.st_name < e->dynamic[DT_STRSZ] &&
	       read_mapped(e, e->dynamic[DT_STRTAB] + symbol.st_name, name, sizeof name) &&
	       memcmp(name, START, sizeof name) == 0;
}

static size_t symbol_of(ElfW(Xword) info)
{
	return sizeof(void *) == 8 ? (size_t)((uint64_t)info >> 32) : (size_t)(info >> 8);
}

/* Does a relocation of this table refer to it? The loader, too, knows only by these what is called. */
static bool table_refers(struct elf *e, ElfW(Addr) table, size_t size, size_t entry_size)
{
	char chunk[192 * sizeof(ElfW(Rela))]; /* whole entries of either kind */
	size_t last = 0;
	if (size > TABLE_BYTES_MAX)
		return false;
	for (size_t n; size >= entry_size; table += n, size -= n) {
		n = size < sizeof chunk ? size - size % entry_size : sizeof chunk;
		if (!read_mapped(e, table, chunk, n))
			return false;
		for (size_t i = 0; i < n; i += entry_size) {
			ElfW(Rel) r; /* what both kinds begin with */
			memcpy(&r, chunk + i, sizeof r);
			size_t index = symbol_of(r.r_info);
			if (index == last)
				continue;
			last = index;
			if (e->lookups++ >= LOOKUPS_MAX)
				return false;
			if (is_start(e, index))
				return true;
		}
	}
	return false;
}

static bool calls_start(struct elf *e)
{
	const ElfW(Addr) *d = e->dynamic;
	size_t plt_entry = d[DT_PLTREL] == DT_RELA ? sizeof(ElfW(Rela)) : sizeof(ElfW(Rel));
	return table_refers(e, d[DT_RELA], d[DT_RELASZ], sizeof(ElfW(Rela))) ||
	       table_refers(e, d[DT_REL], d[DT_RELSZ], sizeof(ElfW(Rel))) ||
	       table_refers(e, d[DT_JMPREL], d[DT_PLTRELSZ], plt_entry);
}

const char *elf_check(int fd)
{
	struct elf e = {.fd = fd};
	struct own own = {0};
	dl_iterate_phdr(look_at_own, &own);
	if (!own.header || !own.loader)
		return "not linked as forkpool is";
	const char *why = read_headers(&e, &own);
	if (why)
		return why;
	const ElfW(Phdr) *loader = find_segment(&e, PT_INTERP);
	if (!loader)
		return "statically linked";
	if (!has_loader(&e, loader, own.loader))
		return "loaded by another loader";
	if (!read_dynamic(&e) || !calls_start(&e))
		return "not started by " START;
	return NULL;
}
