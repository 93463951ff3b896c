/*
 * dwarf_private.h - the inside of struct dwarf_file and struct die (private to dwarf*.c).
 *
 * Owns:     nothing; it is what dwarf.c, dwarf_location.c, dwarf_lines.c and dwarf_cfi.c share.
 * Gives:    the translation of libdwarf's three outcomes, the units' private half.
 * Never:    is included by a file that is not called dwarf*.c.
 * Lifetime: that of the dwarf_file.
 */
#ifndef FT_DWARF_PRIVATE_H
#define FT_DWARF_PRIVATE_H

#include "symbols/arena.h"
#include "symbols/dwarf.h"
#include "symbols/dwarf_compat.h"

#define TYPES_BIT (1ULL << 63) // in DIE offsets: .debug_types

/* What a unit has besides struct dwarf_unit. */
struct unit_detail {
	uint64_t header; // offset of its header
	uint64_t base;	 // file-relative low_pc: the base address of its lists (DWARF 4, 2.17.3)
	uint8_t offset_size;   // 4 or 8
	uint64_t list_base[2]; // of its location and range lists (DW_FORM_loclistx, rnglistx)
	bool has_files, has_lines;
	const char **files; // by the index that rows and DW_AT_decl_file use; entries may be NULL
	size_t n_files;
	size_t first_file;     // what file 0 of a row means; see dwarf_file_is_vague()
	struct line_row *rows; // malloc'ed
	size_t n_rows;
};

struct cfi_entry {
	uint64_t lo, hi; // file-relative
	Dwarf_Fde fde;
	bool is_eh; // from .eh_frame
};

/* What libdwarf gave for .eh_frame or .debug_frame. */
struct cfi_section {
	Dwarf_Cie *cies;
	Dwarf_Fde *fdes; // NULL: nothing
	Dwarf_Signed n_cies, n_fdes;
};

/* Decoded expressions of call frame information, by where their bytes are. */
struct cfi_expr {
	const void *bytes; // NULL: a free slot
	const struct dw_op *ops;
	size_t n_ops;
};

enum { CFI_ROWS = 64 }; // rows remembered; a power of two

struct cfi_table {
	bool read;
	struct cfi_section eh, debug;
	struct cfi_entry *e; // by lo
	size_t n;
	struct cfi_expr *exprs;
	size_t n_exprs, cap_exprs; // cap_exprs is 0 or a power of two
	struct cfi_row *rows;	   // CFI_ROWS of them, by pc; lo == hi: free
};

/* Sections that attributes point into, and that 20210528 does not check the offsets of. */
enum list_section { LIST_LOC, LIST_LOCLISTS, LIST_RANGES, LIST_RNGLISTS, LIST_SECTIONS };

struct list_bytes {
	const uint8_t *p;
	size_t len; // 0: there is no such section
};

struct dwarf_file {
	Dwarf_Debug dbg; // NULL: broken beyond use
	Dwarf_Error err; // of the last call, until dw_ok() has seen it
	uint64_t bias;
	struct arena *arena;
	const char *warning;
	struct list_bytes lists[LIST_SECTIONS];
	bool units_read;
	struct dwarf_unit *units;
	struct unit_detail *details;
	size_t n_units;
	struct die *free_dies;
	struct cfi_table cfi;
};

struct die {
	Dwarf_Die dw;
	uint64_t offset; // with TYPES_BIT
	uint16_t tag;
	struct die *next; // in dwarf_file.free_dies
};

/* rc of a libdwarf call that was given &d->err: true if it was DW_DLV_OK; gives back the error. */
bool dw_ok(struct dwarf_file *d, int rc);

/* The same, and an error becomes the file's warning: "<what>: <libdwarf's words>". */
bool dw_ok_or_warn(struct dwarf_file *d, int rc, const char *what);

/* The attribute itself; to be given back with dwarf_dealloc_attribute(). */
bool dw_attribute(struct dwarf_file *d, const struct die *die, uint16_t attr, Dwarf_Attribute *ret);

/* dwarf_lists.c. A list is sound if it begins in its section and ends there; unit may be NULL. */
void dw_lists_init(struct dwarf_file *d, struct elf_file *elf);
bool dw_list_is_sound(struct dwarf_file *d, const struct unit_detail *unit, Dwarf_Attribute a,
		      Dwarf_Half form, enum list_section section);

/* Ranges of a DIE of a unit; malloc'ed. */
enum ft_rc dw_ranges(struct dwarf_file *d, const struct die *die, const struct unit_detail *unit,
		     unsigned version, struct range **ret, size_t *ret_n);

/* Decodes bytes as an expression, in the arena. unit SIZE_MAX: one of call frame information. */
bool dw_expression(struct dwarf_file *d, size_t unit, const void *bytes, uint64_t len,
		   const struct dw_op **ret, size_t *ret_n);

/* Joined without "//" and "/./"; in the arena. dir may be NULL. */
const char *dw_join(struct dwarf_file *d, const char *dir, const char *name);

void dw_cfi_deinit(struct dwarf_file *d);

/* dwarf_object.c: fills d->dbg with the sections of elf; libdwarf's return code. */
int dw_object_init(struct dwarf_file *d, struct elf_file *elf);

#endif
