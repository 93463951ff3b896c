/*
 * elf.h - libelf behind a narrow door (private to symbols/).
 *
 * Owns:     libelf's Elf; the bounds checks on headers, segments and tables.
 * Gives:    segments, sections, symbols, PLT slots, build id, interpreter; the load bias.
 * Never:    knows of DWARF, of functions or of a process.
 * Lifetime: names and sections live until elf_file_destroy().
 *
 * Every address here is file-relative (p_vaddr); only elf_bias() relates it to a process.
 */
#ifndef FT_ELF_H
#define FT_ELF_H

#include "base/base.h"
#include "symbols/arena.h"

struct elf_file;

struct elf_segment {
	uint64_t vaddr, memsz, offset, filesz;
	bool executable, writable;
};

struct elf_section {
	const char *name; // "" if the name is broken
	uint64_t addr, offset, size, entsize;
	uint32_t type;
	uint32_t link; // number of another section, as the type has it; 0: none
	bool allocated, executable, compressed, is_tls;
};

enum elf_symbol_kind { ELF_SYMBOL_FUNCTION, ELF_SYMBOL_IFUNC, ELF_SYMBOL_OBJECT, ELF_SYMBOL_OTHER };

struct elf_symbol {
	uint64_t addr, size;
	const char *name; // without @VERSION if the table spells one, in `name_len` bytes
	size_t name_len;
	enum elf_symbol_kind kind;
	uint8_t binding; // STB_*: 0 local, 1 global, 2 weak
	bool is_dynamic; // from .dynsym
	bool is_old;	 // "foo@V1": programs that are linked today get another version
};

/* A slot of the global offset table, and whose address the dynamic linker puts there. */
struct elf_slot {
	uint64_t addr;
	const char *name;
	size_t index; // in .rela.plt; SIZE_MAX if it is of another section
};

/* One slot of .plt, .plt.sec or .plt.got: code at [addr, addr + size) that jumps to `name`. */
struct elf_plt {
	uint64_t addr, size;
	const char *name;
};

/* fd stays the caller's and must stay open. FT_FAIL words what is wrong with the file. */
FT_CHECK enum ft_rc elf_file_create(int fd, const char *path, struct elf_file **ret);
void elf_file_destroy(struct elf_file *e); // accepts NULL

/*
 * A file that has debug information only: it may have no segments, and elf_segments(), elf_bias()
 * and elf_read() have nothing to say of it. FT_NONE: there is no such file. With `whole` its bytes
 * are read at once and no descriptor stays open.
 */
FT_CHECK enum ft_rc elf_file_open_debug(const char *path, bool whole, struct elf_file **ret);

bool elf_is_pie(const struct elf_file *e); // ET_DYN
uint64_t elf_entry(const struct elf_file *e);
const char *elf_build_id(const struct elf_file *e);    // hex; NULL if none
const char *elf_interpreter(const struct elf_file *e); // NULL if none

const char *elf_hex(struct arena *a, const uint8_t *bytes, size_t len); // as build ids are

/* Bytes of the file itself; returns how many were there: 0 at its end, or if it was read whole. */
size_t elf_file_bytes(const struct elf_file *e, uint64_t off, void *buf, size_t len);

/* PT_LOAD segments by vaddr; never empty. */
const struct elf_segment *elf_segments(const struct elf_file *e, size_t *ret_n);
/* What the dynamic linker makes read-only after start (PT_GNU_RELRO); false if nothing. */
bool elf_relro(const struct elf_file *e, uint64_t *ret_lo, uint64_t *ret_hi);
const struct elf_section *elf_sections(const struct elf_file *e, size_t *ret_n);
const struct elf_section *elf_section(const struct elf_file *e, const char *name); // NULL if none
const struct elf_section *elf_section_at(const struct elf_file *e, uint64_t addr); // NULL if none

/* A section's bytes, decompressed; false if it is not there or cannot be read. */
bool elf_bytes(struct elf_file *e, const struct elf_section *s, const uint8_t **ret,
	       size_t *ret_len);
bool elf_section_bytes(struct elf_file *e, const char *name, const uint8_t **ret, size_t *ret_len);

/*
 * The first section ".debug_NAME" behind `after` (NULL: of all), or ".zdebug_NAME" if only that is
 * there, and its length when decompressed, which may prove wrong; NULL: it is not there, it is
 * empty or it lies outside the file.
 */
const struct elf_section *elf_debug_section(struct elf_file *e, const char *name,
					    const struct elf_section *after, uint64_t *ret_len);
bool elf_is_compressed_by_zstd(struct elf_file *e, const char *name);

/* Runtime address minus file-relative address, of a file mapped at map_lo from offset map_off. */
FT_CHECK enum ft_rc elf_bias(const struct elf_file *e, uint64_t map_lo, uint64_t map_off,
			     uint64_t *ret);

/* elf_symbols.c */

/* Defined symbols of .symtab, then of .dynsym, that have an address; *ret is malloc'ed. */
FT_CHECK enum ft_rc elf_symbols(struct elf_file *e, struct elf_symbol **ret, size_t *ret_n);
bool elf_has_symtab(const struct elf_file *e);
bool elf_has_dynsym(const struct elf_file *e);

/* Slots of the global offset table by address; *ret is malloc'ed, n may be 0. */
void elf_slots(struct elf_file *e, struct elf_slot **ret, size_t *ret_n);

/* plt.c: PLT slots by address; *ret is malloc'ed, n may be 0. */
void elf_plts(struct elf_file *e, struct elf_plt **ret, size_t *ret_n);

/* Bytes that the file has for an address; returns how many were there. */
size_t elf_read(const struct elf_file *e, uint64_t addr, void *buf, size_t len);

#endif
