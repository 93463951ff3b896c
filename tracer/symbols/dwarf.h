/*
 * dwarf.h - libdwarf behind a narrow door (private to symbols/).
 *
 * Owns:     Dwarf_Debug, Dwarf_Die; the difference between libdwarf 20210528 and 0.x/2.x.
 * Gives:    units, DIEs with attributes in our own types, line rows, decoded expressions, CFI.
 * Never:    interprets a tag; that is functions.c, types.c and signature.c.
 * Lifetime: a struct die lives until die_free(); strings, blocks, locations and ops live as long
 *           as the dwarf_file.
 *
 * Offsets of DIEs are global: one number names a DIE, whatever section (.debug_info, .debug_types)
 * of whatever file it is in. Within a unit they are in the order of the section.
 *
 * Everything here is file-relative unless it takes `bias`, which is then added to every address.
 */
#ifndef FT_DWARF_H
#define FT_DWARF_H

#include "symbols/type.h"

struct dwarf_file;
struct die;

/* Where a module's debug information is. */
struct elf_file;
struct dwarf_input {
	struct elf_file *elf; // the module itself, which has .eh_frame
	const char *path;
	struct elf_file *debug; // its separate debug file; NULL: none
	const char *debug_path;
};

/*
 * Opens the debug information of a module. What the files refer to further is opened when it is
 * needed: .gnu_debugaltlink, .dwo and .dwp files. FT_NONE: it has none (not even .eh_frame). The
 * ELF files stay the caller's and must stay open.
 */
FT_CHECK enum ft_rc dwarf_open(const struct dwarf_input *in, uint64_t bias,
			       struct dwarf_file **ret);
void dwarf_close(struct dwarf_file *d); // accepts NULL

/* What was found broken so far, first thing first; NULL: nothing. */
const char *dwarf_warning(const struct dwarf_file *d);

struct dwarf_unit {
	uint64_t die;	  // global offset of its DIE; 0: a type unit that was not needed yet
	uint64_t end;	  // global offset of the first byte behind the unit
	uint16_t version; // 2..5
	uint8_t address_size;
	uint16_t dw_lang;			// DW_LANG_*
	const char *name, *comp_dir, *producer; // NULL if absent
	struct range *ranges; // biased; from low_pc/high_pc or ranges; NULL if none
	size_t n_ranges;
	bool is_partial; // DW_TAG_partial_unit or type unit
};

/*
 * All units: of .debug_info in order, then those of .debug_types and of other files; owned by the
 * dwarf_file. A skeleton unit is shown as the unit that it stands for, or, if that is not found,
 * without name and language. A partial unit has the language of the first unit that imports it.
 * Stops at the first broken header. FT_NONE: there is no unit.
 */
FT_CHECK enum ft_rc dwarf_units(struct dwarf_file *d, const struct dwarf_unit **ret, size_t *ret_n);

/* Index of the unit that a DIE offset lies in; SIZE_MAX: none. */
size_t dwarf_unit_of(struct dwarf_file *d, uint64_t offset);

/* DIEs. Each die_* that returns a die gives ownership to the caller. */
FT_CHECK enum ft_rc die_at(struct dwarf_file *d, uint64_t offset, struct die **ret);
FT_CHECK enum ft_rc die_child(struct dwarf_file *d, const struct die *die, struct die **ret);
FT_CHECK enum ft_rc die_sibling(struct dwarf_file *d, const struct die *die, struct die **ret);
void die_free(struct dwarf_file *d, struct die *die); // accepts NULL
uint16_t die_tag(const struct die *die);
uint64_t die_offset(const struct die *die);

/* Attributes: FT_NONE if the attribute is absent or of another class. attr is DW_AT_*. */
bool die_has(struct dwarf_file *d, const struct die *die, uint16_t attr);
const char *die_string(struct dwarf_file *d, const struct die *die, uint16_t attr); // NULL if none
FT_CHECK enum ft_rc die_uint(struct dwarf_file *d, const struct die *die, uint16_t attr,
			     uint64_t *ret);
FT_CHECK enum ft_rc die_sint(struct dwarf_file *d, const struct die *die, uint16_t attr,
			     int64_t *ret);
bool die_flag(struct dwarf_file *d, const struct die *die, uint16_t attr);
FT_CHECK enum ft_rc die_address(struct dwarf_file *d, const struct die *die, uint16_t attr,
				uint64_t *ret); // biased
FT_CHECK enum ft_rc die_ref(struct dwarf_file *d, const struct die *die, uint16_t attr,
			    uint64_t *ret_offset);
/*
 * low_pc/high_pc or ranges, biased, in the order given; *ret is malloc'ed. Empty ranges and those
 * of code that the linker dropped are left out; FT_NONE: nothing is left.
 */
FT_CHECK enum ft_rc die_ranges(struct dwarf_file *d, const struct die *die, struct range **ret,
			       size_t *ret_n);
/* exprloc or location list; addresses in ops and entries biased. n is 0 if absent. */
void die_location(struct dwarf_file *d, const struct die *die, uint16_t attr, struct location *ret);
/* A block, exprloc, 16-byte or string constant (DW_AT_const_value) as bytes. */
FT_CHECK enum ft_rc die_block(struct dwarf_file *d, const struct die *die, uint16_t attr,
			      const uint8_t **ret, size_t *ret_len);

/* A file index of a unit's line table as a joined path; NULL if out of range. */
const char *dwarf_file_name(struct dwarf_file *d, size_t unit, uint64_t index);

/*
 * Whether a row of file 0 may belong to file 1: libdwarf 20210528 starts the file register of a
 * DWARF 5 sequence at 0 (it is 1: DWARF 5, 6.2.2), which in LLVM's tables cannot be told from a 0
 * that is meant. Known to be meant otherwise, and put right by dwarf_lines(), in gas's tables.
 */
bool dwarf_file_is_vague(struct dwarf_file *d, size_t unit);

/*
 * Line rows of one unit sorted by pc, biased; owned by the dwarf_file, parsed once. At one pc an
 * end_sequence comes before what begins there; otherwise the order of the table is kept.
 */
FT_CHECK enum ft_rc dwarf_lines(struct dwarf_file *d, size_t unit, const struct line_row **ret,
				size_t *ret_n);

/*
 * CFI from .eh_frame, then .debug_frame. Registers without a rule are CFI_SAME, as gdb and
 * libunwind take them (psABI 3.2.1 makes the callee-saved ones so; for the others it is harmless,
 * and true in functions that do not touch them); CFI_UNDEFINED is only what DW_CFA_undefined says.
 */
FT_CHECK enum ft_rc dwarf_cfi_at(struct dwarf_file *d, uint64_t pc, struct cfi_row *ret);
/* [lo, hi) of every FDE, sorted, biased; *ret is malloc'ed. */
FT_CHECK enum ft_rc dwarf_cfi_ranges(struct dwarf_file *d, struct range **ret, size_t *ret_n);

#endif
