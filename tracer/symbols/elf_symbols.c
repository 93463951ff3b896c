/*
 * elf_symbols.c - what a file's symbol tables define, and which names its global offset table has.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/elf.h"

enum { VERSYM_HIDDEN = 0x8000 }; // of an entry of .gnu.version

/* A section that is an array, with the bytes of the section that its names are in. */
struct table {
	const uint8_t *entries;
	size_t len;
	const char *names;
	size_t names_len; // up to the last end of a name; 0: there are none
};

static const struct elf_section *linked_section(const struct elf_file *e,
						const struct elf_section *s)
{
	size_t n;
	const struct elf_section *sections = elf_sections(e, &n);
	return s->link && s->link < n ? &sections[s->link] : NULL;
}

static bool table_init(struct elf_file *e, const struct elf_section *s, struct table *ret)
{
	const struct elf_section *names = linked_section(e, s);
	const uint8_t *bytes;
	size_t len;
	*ret = (struct table){0};
	if (!elf_bytes(e, s, &ret->entries, &ret->len))
		return false;
	if (!names || names->type != SHT_STRTAB || !elf_bytes(e, names, &bytes, &len))
		return true;
	while (len && bytes[len - 1])
		len--;
	ret->names = (const char *)bytes;
	ret->names_len = len;
	return true;
}

static bool table_entry(const struct table *t, size_t i, void *ret, size_t size)
{
	if (i >= t->len / size)
		return false;
	memcpy(ret, t->entries + i * size, size);
	return true;
}

/* NULL if there is no name, or it does not end. */
static const char *table_name(const struct table *t, uint32_t off)
{
	return off < t->names_len && t->names[off] ? t->names + off : NULL;
}

/* ---- symbols ---- */

static enum elf_symbol_kind kind_of(const Elf64_Sym *sym)
{
	switch (ELF64_ST_TYPE(sym->st_info)) {
	case STT_FUNC:
		return ELF_SYMBOL_FUNCTION;
	case STT_GNU_IFUNC:
		return ELF_SYMBOL_IFUNC;
	case STT_OBJECT:
	case STT_COMMON:
		return ELF_SYMBOL_OBJECT;
	default: // a number from the file, not an enum
		return ELF_SYMBOL_OTHER;
	}
}

/* Whether a symbol names an address of this file. */
static bool is_address(const Elf64_Sym *sym)
{
	unsigned type = ELF64_ST_TYPE(sym->st_info);
	return sym->st_shndx != SHN_UNDEF && sym->st_shndx != SHN_ABS && sym->st_value != 0 &&
	       type != STT_SECTION && type != STT_FILE && type != STT_TLS;
}

struct symbol_list {
	struct elf_symbol *s;
	size_t n, cap;
};

/* The versions of a .dynsym's symbols; empty if it has none. */
static struct table versions_of(struct elf_file *e, const struct elf_section *dynsym)
{
	size_t n;
	const struct elf_section *sections = elf_sections(e, &n);
	struct table versions = {0};
	for (size_t i = 1; i < n; i++) {
		if (sections[i].type != SHT_GNU_versym || linked_section(e, &sections[i]) != dynsym)
			continue;
		if (!table_init(e, &sections[i], &versions))
			versions = (struct table){0};
		break;
	}
	return versions;
}

/* Hidden, as .gnu.version says, or as .symtab spells it: "foo@V1", not "foo@@V2". */
static bool is_old_version(const struct table *versions, size_t i, const char *name)
{
	Elf64_Versym version;
	const char *at = strchr(name, '@');
	if (at)
		return at[1] != '@';
	return table_entry(versions, i, &version, sizeof(version)) && (version & VERSYM_HIDDEN);
}

static void read_symbols(struct elf_file *e, const struct elf_section *s, struct symbol_list *l)
{
	struct table symbols, versions = {0};
	bool is_dynamic = s->type == SHT_DYNSYM;
	Elf64_Sym sym;
	if (!table_init(e, s, &symbols))
		return;
	if (is_dynamic)
		versions = versions_of(e, s);
	for (size_t i = 1; table_entry(&symbols, i, &sym, sizeof(sym)); i++) {
		const char *name = table_name(&symbols, sym.st_name);
		if (!name || !is_address(&sym))
			continue;
		l->s = xgrow(l->s, l->n, &l->cap, sizeof(*l->s));
		l->s[l->n++] = (struct elf_symbol){
			.addr = sym.st_value,
			.size = sym.st_size,
			.name = name,
			.name_len = strcspn(name, "@"),
			.kind = kind_of(&sym),
			.binding = (uint8_t)ELF64_ST_BIND(sym.st_info),
			.is_dynamic = is_dynamic,
			.is_old = is_old_version(&versions, i, name),
		};
	}
}

static void read_tables(struct elf_file *e, uint32_t type, struct symbol_list *l)
{
	size_t n;
	const struct elf_section *sections = elf_sections(e, &n);
	for (size_t i = 1; i < n; i++)
		if (sections[i].type == type)
			read_symbols(e, &sections[i], l);
}

enum ft_rc elf_symbols(struct elf_file *e, struct elf_symbol **ret, size_t *ret_n)
{
	struct symbol_list l = {0};
	read_tables(e, SHT_SYMTAB, &l);
	read_tables(e, SHT_DYNSYM, &l);
	if (!l.n)
		return FT_NONE;
	*ret = l.s;
	*ret_n = l.n;
	return FT_OK;
}

static bool has_section_of(const struct elf_file *e, uint32_t type)
{
	size_t n;
	const struct elf_section *sections = elf_sections(e, &n);
	for (size_t i = 1; i < n; i++)
		if (sections[i].type == type && sections[i].size > sizeof(Elf64_Sym))
			return true;
	return false;
}

bool elf_has_symtab(const struct elf_file *e)
{
	return has_section_of(e, SHT_SYMTAB);
}

bool elf_has_dynsym(const struct elf_file *e)
{
	return has_section_of(e, SHT_DYNSYM);
}

/* ---- the global offset table ---- */

struct slot_list {
	struct elf_slot *s;
	size_t n, cap;
};

static int compare_slots(const void *va, const void *vb)
{
	const struct elf_slot *a = va, *b = vb;
	return a->addr < b->addr ? -1 : a->addr > b->addr;
}

static const char *relocated_name(const struct table *symbols, const Elf64_Rela *r)
{
	Elf64_Sym sym;
	uint64_t index = ELF64_R_SYM(r->r_info);
	if (!index || !table_entry(symbols, index, &sym, sizeof(sym)))
		return NULL;
	return table_name(symbols, sym.st_name);
}

static void read_relocations(struct elf_file *e, const struct elf_section *s, struct slot_list *l)
{
	const struct elf_section *of = linked_section(e, s);
	bool is_plt = strcmp(s->name, ".rela.plt") == 0;
	struct table relocations, symbols;
	Elf64_Rela r;
	if (!of || !table_init(e, s, &relocations) || !table_init(e, of, &symbols))
		return;
	for (size_t i = 0; table_entry(&relocations, i, &r, sizeof(r)); i++) {
		uint64_t type = ELF64_R_TYPE(r.r_info);
		if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT)
			continue;
		const char *name = relocated_name(&symbols, &r);
		if (!name)
			continue;
		l->s = xgrow(l->s, l->n, &l->cap, sizeof(*l->s));
		l->s[l->n++] = (struct elf_slot){r.r_offset, name, is_plt ? i : SIZE_MAX};
	}
}

void elf_slots(struct elf_file *e, struct elf_slot **ret, size_t *ret_n)
{
	size_t n;
	const struct elf_section *sections = elf_sections(e, &n);
	struct slot_list l = {0};
	for (size_t i = 1; i < n; i++)
		if (sections[i].type == SHT_RELA && sections[i].allocated)
			read_relocations(e, &sections[i], &l);
	if (l.n)
		qsort(l.s, l.n, sizeof(*l.s), compare_slots);
	*ret = l.s;
	*ret_n = l.n;
}
