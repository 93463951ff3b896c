/*
 * dwarf_private.h - the inside of struct dwarf_file and struct die (private to dwarf*.c).
 *
 * Owns:     nothing; it is what the files called dwarf*.c share.
 * Gives:    the translation of libdwarf's three outcomes, the units' private half.
 * Never:    is included by a file that is not called dwarf*.c.
 * Lifetime: that of the dwarf_file.
 */
#ifndef FT_DWARF_PRIVATE_H
#define FT_DWARF_PRIVATE_H

#include "symbols/arena.h"
#include "symbols/dwarf.h"
#include "symbols/dwarf_compat.h"

/*
 * DIE offsets are numbers that name a DIE of any file: TYPES_BIT for .debug_types, the number of
 * the source in the bits below it, then the offset in the section.
 */
#define TYPES_BIT (1ULL << 63)
#define SOURCE_SHIFT 40
#define SOURCE_BITS (TYPES_BIT - (1ULL << SOURCE_SHIFT))
#define OFFSET_BITS ((1ULL << SOURCE_SHIFT) - 1)

enum dw_section {
	DW_INFO,
	DW_TYPES,
	DW_ABBREV,
	DW_STR,
	DW_LINE_STR,
	DW_STR_OFFSETS,
	DW_ADDR,
	DW_LINE,
	DW_LOC,
	DW_LOCLISTS,
	DW_RANGES,
	DW_RNGLISTS,
	DW_FRAME,
	DW_EH_FRAME,
	DW_SECTIONS
};

struct dw_bytes {
	const uint8_t *p;
	size_t len; // 0: nothing there
};

/* Where a source's section is; it may be a part of one (DWARF packages). */
struct dw_section_at {
	struct elf_file *elf; // NULL: there is no such section
	const struct elf_section *section;
	const uint8_t *joined; // several sections of one name, one after another; or NULL
	uint64_t off, len;
};

enum source_kind {
	SOURCE_MAIN,  // the module's file, or its separate debug file
	SOURCE_ALT,   // what .gnu_debugaltlink names (dwz)
	SOURCE_SPLIT, // a .dwo file, or one unit of a package
};

/* A set of sections that belong together, as libdwarf wants them. */
struct dwarf_source {
	enum source_kind kind;
	uint64_t mark; // in the offsets of its DIEs
	struct dw_section_at sections[DW_SECTIONS];
	bool opened;
	Dwarf_Error err;  // of the last call, until dw_ok() has seen it
	Dwarf_Debug dbg;  // NULL: not opened, or broken beyond use
	const char *path; // of its file
	size_t lazy_unit; // a type unit of a package, to be read when it is asked for; or SIZE_MAX
};

/* What a unit has besides struct dwarf_unit. */
struct unit_detail {
	struct dwarf_source *source; // of its DIEs
	uint64_t header;	     // global offset of its header
	uint64_t line_die; // the unit DIE that refers to the line table: the skeleton's, if split
	struct dwarf_source *line_source; // and the source of that
	uint64_t base; // file-relative low_pc: the base address of its lists (DWARF 4, 2.17.3)
	uint64_t addr_base, str_base; // in .debug_addr, .debug_str_offsets
	uint64_t ranges_base;	      // of split DWARF 4, in .debug_ranges
	uint64_t list_base[2]; // of its location and range lists (DW_FORM_loclistx, rnglistx)
	uint64_t id;	       // of a skeleton and its split unit; a type unit's signature
	uint64_t type;	       // global offset of the DIE that a type unit defines
	bool is_type, is_skeleton, has_id;
	uint8_t offset_size; // 4 or 8
	bool has_files, has_lines;
	const char **files; // by the index that rows and DW_AT_decl_file use; entries may be NULL
	size_t n_files;
	size_t first_file;     // what file 0 of a row means; see dwarf_file_is_vague()
	struct line_row *rows; // malloc'ed
	size_t n_rows;
};

/* [lo, hi) are the global offsets of a unit's DIEs. */
struct unit_span {
	uint64_t lo, hi;
	size_t unit;
};

struct unit_signature {
	uint64_t signature;
	size_t unit;
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

struct dwp;
struct dwo;

struct dwarf_file {
	struct dwarf_source *frames; // call frame information only
	uint64_t bias;
	struct arena *arena;
	const char *warning;
	const char *path; // of the file that has the debug information
	const char *module_path;
	struct dwarf_source **sources; // the first one is the main one
	size_t n_sources, cap_sources;
	struct dwarf_source *alt; // NULL: none
	bool alt_sought;
	struct elf_file **files; // opened here, to be closed here
	size_t n_files, cap_files;
	struct dwp *dwp; // dwarf_split.c
	struct dwo *dwos;
	bool units_read;
	struct dwarf_unit *units;
	struct unit_detail *details;
	size_t n_units, cap_units, cap_details;
	struct unit_span *spans; // by lo
	size_t n_spans, cap_spans;
	struct unit_signature *signatures; // by signature
	size_t n_signatures, cap_signatures;
	const struct unit_detail *reading; // the unit whose DIE is being read, if any
	struct die *free_dies;
	struct cfi_table cfi;
};

struct die {
	Dwarf_Die dw;
	struct dwarf_source *source;
	uint64_t offset; // global
	uint16_t tag;
	struct die *next; // in dwarf_file.free_dies
};

/* rc of a libdwarf call that was given &s->err: true if it was DW_DLV_OK; gives back the error. */
bool dw_ok(struct dwarf_source *s, int rc);

/* The same, and an error becomes the file's warning: "<what>: <libdwarf's words>". */
bool dw_ok_or_warn(struct dwarf_file *d, struct dwarf_source *s, int rc, const char *what);

/* The attribute itself; to be given back with dwarf_dealloc_attribute(). */
bool dw_attribute(struct dwarf_file *d, const struct die *die, uint16_t attr, Dwarf_Attribute *ret);

/* ---- dwarf_source.c ---- */

/* The source that a global offset is in; NULL: none. It is opened. */
struct dwarf_source *dw_source_of(struct dwarf_file *d, uint64_t offset);

/* A new, empty source; NULL: too many. */
struct dwarf_source *dw_source_new(struct dwarf_file *d, enum source_kind kind, const char *path);

/* Takes a file over, to be closed with d. */
void dw_keep_file(struct dwarf_file *d, struct elf_file *elf);

/* Fills in those sections of elf that the source does not have yet; ".dwo" is what names end in. */
void dw_source_add(struct dwarf_file *d, struct dwarf_source *s, struct elf_file *elf,
		   const char *suffix);

/* Lets libdwarf read it, once. False: it has no DWARF, or it is broken. */
bool dw_source_open(struct dwarf_file *d, struct dwarf_source *s);

/* A section's bytes; len 0: none. */
struct dw_bytes dw_section(const struct dwarf_source *s, enum dw_section which);

/* What .gnu_debugaltlink names; NULL: nothing, or it was not found. */
struct dwarf_source *dw_alt(struct dwarf_file *d);

/* dwarf_object.c: fills s->dbg; libdwarf's return code. */
int dw_object_init(struct dwarf_file *d, struct dwarf_source *s);

/* "first thing first": records what is wrong. */
void dw_warn(struct dwarf_file *d, const char *fmt, ...) FT_PRINTF(2, 3);

/* ---- dwarf.c ---- */

/* Takes over dw, which belongs to source s. */
struct die *dw_wrap(struct dwarf_file *d, struct dwarf_source *s, Dwarf_Die dw);

/* The unit that a DIE is in; NULL: none. */
const struct unit_detail *dw_unit_of(struct dwarf_file *d, const struct die *die);

bool dw_is_constant(Dwarf_Half form);

/* ---- dwarf_units.c ---- */

/* Reads the units of a source; split units take the places of their skeletons. */
void dw_read_units(struct dwarf_file *d, struct dwarf_source *s);
size_t dw_add_unit(struct dwarf_file *d, const struct dwarf_unit *unit,
		   const struct unit_detail *detail);

/* Reads a type unit of a package into its entry. */
void dw_read_lazy_unit(struct dwarf_file *d, struct dwarf_source *s);
size_t dw_unit_with_signature(const struct dwarf_file *d, uint64_t signature); // SIZE_MAX: none

/* ---- dwarf_split.c: replaces the DIEs of skeleton units by those of their split units. ---- */
void dw_split_units(struct dwarf_file *d);

/* ---- dwarf_forms.c: what a form means that refers to another section ---- */

bool dw_form_address(struct dwarf_file *d, const struct die *die, Dwarf_Attribute a, uint64_t *ret);
const char *dw_form_string(struct dwarf_file *d, const struct die *die, Dwarf_Attribute a);
bool dw_form_ref(struct dwarf_file *d, const struct die *die, Dwarf_Attribute a, uint64_t *ret);
/* DW_FORM_sec_offset, data4, data8: an offset. */
bool dw_form_offset(const struct die *die, Dwarf_Attribute a, Dwarf_Half form, uint64_t *ret);
/* Entry `index` of .debug_addr, file-relative. */
bool dw_indexed_address(struct dwarf_file *d, const struct unit_detail *unit, uint64_t index,
			uint64_t *ret);

/* ---- dwarf_lists.c ---- */

/* One entry of a range or location list, file-relative, bases applied. */
struct list_entry {
	uint64_t lo, hi;
	bool is_default; // of a location: valid where no other entry is
	const uint8_t *expr;
	size_t len;
};

enum list_kind { LIST_LOCATIONS, LIST_RANGES };

/* dwarf_cursor.c: bytes that libdwarf does not read for us; once they end too early it is broken.
 */
struct dw_cursor {
	const uint8_t *at, *end;
	bool broken;
};
const uint8_t *dw_skip(struct dw_cursor *c, uint64_t len); // what was passed; NULL: broken
uint64_t dw_take(struct dw_cursor *c, size_t size);	   // little-endian, 1 to 8 bytes; 0: broken
uint64_t dw_take_uleb(struct dw_cursor *c);
uint64_t dw_take_sleb(struct dw_cursor *c);

/* Opaque but for its size. */
struct list {
	struct dwarf_file *d;
	const struct unit_detail *unit;
	enum list_kind kind;
	unsigned format; // private
	struct dw_cursor in;
	uint64_t base;
};

/* False: there is no such list. version is the unit's. */
bool dw_list_open(struct dwarf_file *d, const struct unit_detail *unit, unsigned version,
		  enum list_kind kind, const struct die *die, Dwarf_Attribute a, Dwarf_Half form,
		  struct list *ret);
/* False: it has ended, or is broken. */
bool dw_list_next(struct list *l, struct list_entry *ret);

/* Ranges of a DIE of a unit; malloc'ed. */
enum ft_rc dw_ranges(struct dwarf_file *d, const struct die *die, const struct unit_detail *unit,
		     unsigned version, struct range **ret, size_t *ret_n);

/* Decodes bytes as an expression, in the arena. unit SIZE_MAX: one of call frame information. */
bool dw_expression(struct dwarf_file *d, size_t unit, const void *bytes, uint64_t len,
		   const struct dw_op **ret, size_t *ret_n);

/* ---- dwarf_op.c ---- */

/* Reads one operation after another; operands as they are there, a block in `block` with length a.
 */
struct dw_op_reader {
	const uint8_t *begin;
	struct dw_cursor in;
	unsigned version, offset_size;
};
bool dw_op_next(struct dw_op_reader *r, struct dw_op *ret); // false: at the end, or broken

/* Joined without "//" and "/./"; in the arena. dir may be NULL. */
const char *dw_join(struct dwarf_file *d, const char *dir, const char *name);

void dw_cfi_deinit(struct dwarf_file *d);

#endif
