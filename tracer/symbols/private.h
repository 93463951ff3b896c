/*
 * private.h - the inside of struct symbols and struct module (private to symbols/).
 *
 * Owns:     nothing: it is what the files of this room share.
 * Gives:    a module's ELF and DWARF, its units and their functions, scopes, an arena, a warning.
 * Never:    is included from another room.
 * Lifetime: everything here lives as long as its module, until symbols_close().
 *
 * All addresses are runtime addresses, except those that elf.h takes and gives.
 */
#ifndef FT_SYMBOLS_PRIVATE_H
#define FT_SYMBOLS_PRIVATE_H

#include "symbols/arena.h"
#include "symbols/dwarf.h"
#include "symbols/elf.h"
#include "symbols/symbols.h"

/* A namespace, class, enum or function of a unit's DIE tree: what qualifies the names inside. */
struct scope {
	uint64_t begin, end; // DIE offsets: inside is begin < offset < end
	size_t parent;	     // index into unit_state.scopes; SIZE_MAX: the unit itself
	const char *name;    // qualified: "ns::Class"; NULL until asked for
	bool unnamed;	     // it, or one around it, has no name that a user would know
};

/* Code that belongs to a function; sorted by lo in every table. */
struct code_range {
	uint64_t lo, hi;
	struct function *f;
};

struct code_map {
	struct code_range *r;
	size_t n, cap;
};

/* What is known of one unit besides its header; scopes and functions are filled by unit_scan(). */
struct unit_state {
	bool scanned;
	enum origin origin; // of its own source file: OWN, SYSTEM or STD
	enum language language;
	struct scope *scopes; // by begin
	size_t n_scopes, cap_scopes;
	struct function **f; // by entry, one per entry
	size_t n;
	struct code_map map;
};

/* Which unit has code at [lo, hi). */
struct unit_range {
	uint64_t lo, hi;
	size_t unit;
};

/* A name of an address, from .symtab, .dynsym or a PLT. */
struct symbol {
	uint64_t addr, end; // [addr, end): what it names; end > addr
	const char *name;   // linkage name; "puts@plt" for a PLT slot
	const char *shown;  // made readable; NULL until asked for
	enum elf_symbol_kind kind;
	uint8_t binding;
	bool is_dynamic, is_plt;
	bool is_old;   // a version that is not the default
	bool in_code;  // in an executable section
	bool has_size; // the table gives its size
};

struct module_private {
	struct arena *arena;
	struct elf_file *elf;
	struct elf_file *debug;	  // its separate debug file; NULL: none
	struct dwarf_file *dwarf; // NULL: neither .debug_info nor call frame information
	uint64_t bias;
	int fd;
	const char *warning;

	/* units.c */
	bool has_units;			// they have been read
	const struct dwarf_unit *units; // n_units 0: no .debug_info
	size_t n_units;
	struct unit_state *state;	// n_units of them
	struct unit_range *unit_ranges; // by lo, without overlap
	size_t n_unit_ranges;
	bool has_own_unit; // a unit with code is the program's own

	/* names.c */
	bool has_symbols;	// they have been read
	unsigned n_looks;	// for a name, before has_symbols
	bool has_rust_main;	// std's lang_start is there
	struct symbol *symbols; // by addr; the best name of an address first
	size_t n_symbols;
	struct symbol **by_name; // n_symbols of them; NULL until asked for

	/* functions.c: functions that only a symbol table or only .eh_frame knows, by entry. */
	bool has_symbol_functions, has_cfi_functions;
	struct code_map symbol_map, cfi_map;
	struct function **symbol_functions, **cfi_functions;
	size_t n_symbol_functions, n_cfi_functions;

	/* types.c: its cache of types by DIE offset; NULL until the first one. */
	void *types;
};

struct symbols {
	struct module **m; // by lo
	size_t n, cap;
	struct line_row *rows; // of the last symbols_lines_of()
	size_t rows_cap;
	void *disassembler; // frame_plan.c; NULL until asked for, given to disassembler_destroy()
};

/* types.c: releases module_private.types. Not called with NULL. */
void types_destroy(void *types);

/* Records what is wrong with a module's debug information; the first one wins. */
void module_warn(struct module *m, const char *fmt, ...) FT_PRINTF(2, 3);

/* units.c */

/* enum language of a DW_LANG_* code. */
enum language language_of(uint16_t dw_lang);

/* Reads the unit headers and which unit covers what, once. Before that there are none. */
void module_read_units(struct module *m);
void module_free_units(struct module *m);

/* Index of the unit that holds a DIE; SIZE_MAX if none (a type unit, or out of range). */
size_t module_unit_of(const struct module *m, uint64_t die_offset);

/* Index of the unit that has code at pc; SIZE_MAX if none. */
size_t module_unit_at(const struct module *m, uint64_t pc);

/* Reads a unit's DIE tree once: its scopes and its functions. */
void unit_scan(struct module *m, size_t unit);

/*
 * The qualified name of what surrounds a DIE: "alloc::string"; "" at the top of a unit, and in C.
 * Reads the unit's tree once. Never NULL. *ret_unnamed (or NULL): see struct scope.
 */
const char *module_scope_of(struct module *m, uint64_t die_offset, bool *ret_unnamed);

/*
 * Where a type's or function's name belongs: at its declaration, if the definition stands apart
 * (in type units all do); otherwise its own DIE offset.
 */
uint64_t module_declared_at(struct module *m, const struct die *die);

/* functions.c */

/* Makes the function of a DIE that has code; NULL: it has no name at all, or lies in no segment. */
struct function *function_of_die(struct module *m, size_t unit, const struct die *die,
				 struct range *ranges, size_t n_ranges);

/* Once: a function for each address that symbols call one, whether DWARF covers it or not. */
void module_read_symbol_functions(struct module *m);

/* Once, of a stripped module: what call frame information covers and no symbol names. */
void module_read_cfi_functions(struct module *m);

void code_map_add(struct code_map *map, struct function *f);
void code_map_sort(struct code_map *map);
struct function *code_map_find(const struct code_map *map, uint64_t pc); // NULL if none

/* lines.c: index of the last row at or before pc; SIZE_MAX if there is none. */
size_t line_row_at(const struct line_row *rows, size_t n, uint64_t pc);

/* names.c */

/* Reads the symbol tables once. */
void module_read_symbols(struct module *m);
void module_free_symbols(struct module *m);

/* The best symbol that names code or data at addr; NULL if none. */
struct symbol *module_symbol_at(struct module *m, uint64_t addr);

/* All symbols of exactly that address, the best one first. */
struct symbol *module_symbols_of(struct module *m, uint64_t addr, size_t *ret_n);

/* A symbol by its exact linkage name, defined, the best one; NULL if none. */
struct symbol *module_symbol_named(struct module *m, const char *name);

/* Its readable name. */
const char *symbol_shown(struct module *m, struct symbol *s);

/* demangle.c */

/* A linkage name made readable, without parameters; NULL if it is not mangled. */
const char *demangle(struct arena *a, const char *symbol);

/* "A::~A" of the linkage name of a deleting destructor (D0) becomes "A::~A [deleting]". */
const char *name_deleting(struct arena *a, const char *name, const char *linkage);

bool is_rust_symbol(const char *symbol);

/* origin.c */

/* OWN, SYSTEM or STD by the path of a source file. */
enum origin origin_of_path(const char *path);

/* HELPER, STD or OWN by the names of what has no debug information; `shown` may be NULL. */
enum origin origin_of_names(const char *symbol, const char *shown);

/* A linkage name of the compiler's own making: static constructors, thunks, allocator shims. */
bool is_compiler_made(const char *name);

#endif
