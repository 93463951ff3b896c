/*
 * symbols.h - what the files say: modules, functions, lines, names of addresses.
 *
 * Owns:     libelf, libdwarf (symbols/dwarf.h), capstone (symbols/code.h), the load bias.
 * Gives:    functions with their ranges and origin, source lines, symbol+offset, CFI rows; types,
 *           parameters and locals in symbols/type.h; instructions in symbols/code.h.
 * Never:    touches a process; file-relative addresses never leave this room: every address taken
 *           or returned is a runtime address.
 * Lifetime: everything returned lives as long as its struct symbols, unless said otherwise.
 *
 * Parsing is lazy: opening a module reads ELF headers and symbol tables; of DWARF only the unit
 * headers and unit DIEs. A unit's functions are parsed when somebody asks for it.
 */
#ifndef FT_SYMBOLS_H
#define FT_SYMBOLS_H

#include "base/base.h"

struct symbols;
struct module;
struct location;

enum language { LANG_UNKNOWN, LANG_C, LANG_CXX, LANG_RUST, LANG_ASM, LANG_OTHER };

/* Where a function comes from; decides the default selection. */
enum origin {
	ORIGIN_OWN,    // the program's own sources (or all there is, without debug information)
	ORIGIN_SYSTEM, // declared under the system's or toolchain's directories (/usr/include …)
	ORIGIN_STD, // Rust's own libraries (core, alloc, std), also when instantiated in the crate
	ORIGIN_HELPER, // made by the compiler or the C runtime start-up (_start, frame_dummy …);
		       // resolvers of indirect functions
	ORIGIN_NO_DEBUG, // no debug information, in a module that has some for other functions
};

enum name_source { NAME_DWARF, NAME_SYMTAB, NAME_DYNSYM, NAME_CFI };

struct range {
	uint64_t lo, hi; // [lo, hi)
};

/* Is pc in one of them? */
bool ranges_hold(const struct range *r, size_t n, uint64_t pc);

struct function {
	/*
	 * As the source says it, qualified, demangled: "double::double", "ns::C::f"; a deleting
	 * destructor is "A::~A [deleting]". Without DWARF the best symbol of its entry; from CFI
	 * only: "fn_0x401136" (file-relative address). The code at an indirect function's symbol
	 * is not that function: "strlen [ifunc resolver]", with symbol and aliases NULL.
	 */
	const char *name;
	const char *symbol; // linkage name; NULL if none
	/* Other linkage names of the same entry, NULL-terminated; NULL if none. */
	const char *const *aliases;
	const char *file; // path as the debug information gives it, joined with its directory;
			  // NULL if unknown
	uint32_t line;	  // of its declaration; 0 if unknown
	enum language language;
	enum origin origin;
	enum name_source source;
	bool nocall; // the optimiser changed how it is called (DW_CC_nocall): not by the ABI
	struct module *module;
	struct range *ranges; // ranges[0].lo is the entry; cold parts follow; n_ranges >= 1
	size_t n_ranges;
	void *detail; // private to symbols/
	uint64_t die; // private to symbols/: global DIE offset, 0 if none
	size_t unit;  // private to symbols/
};

struct module {
	const char *path;	// of the file; "[vdso]" is not a module
	const char *name;	// last component of path
	const char *build_id;	// hex, NULL if none
	const char *debug_path; // of its separate debug file; NULL: none
	uint64_t lo, hi;	// runtime extent of its PT_LOAD segments
	bool has_debug;		// it has .debug_info, or its separate debug file has
	bool has_symtab, has_dynsym, has_cfi;
	bool is_pie; // ET_DYN
	struct module_private *p;
};

struct symbols *symbols_create(void);
void symbols_destroy(struct symbols *s);

/*
 * What is wrong with a file as a program to trace, in one line; FT_OK if nothing. Words: not found,
 * source code (and how to compile it), no ELF header, an ELF for another machine or class,
 * truncated, a shared library, and only then not executable.
 */
FT_CHECK enum ft_rc symbols_check_program(const char *path);

/* The same for a file that is only to be read: it may be a library and need not be executable. */
FT_CHECK enum ft_rc symbols_check_file(const char *path);

/* FT_OK if the file starts with #!: the interpreter's path, to be freed. FT_NONE: it does not. */
FT_CHECK enum ft_rc symbols_script_interpreter(const char *path, char **ret_interpreter);

/*
 * Opens a module. map_lo and map_off are the runtime address and file offset of any of its file
 * mappings (from /proc/PID/maps); the load bias follows from the program headers. With map_lo 0 the
 * file is opened unloaded (bias 0), for listings. Broken DWARF is not a failure: the module then
 * has has_debug false and `symbols_warning` says why.
 */
FT_CHECK enum ft_rc symbols_open(struct symbols *s, const char *path, uint64_t map_lo,
				 uint64_t map_off, struct module **ret);
const char *symbols_warning(const struct module *m);	 // NULL if all is well
void symbols_close(struct symbols *s, struct module *m); // its functions become invalid

/*
 * All functions of a module, sorted by entry, from the best source it has: DWARF subprograms that
 * have code, plus symbols that DWARF does not cover; without symbols, the ranges of .eh_frame.
 * `foo.cold` and its like are ranges of foo. Aliases are one function. A unit whose sources are
 * not the program's own is not parsed unless `all`; what was left out is counted.
 */
struct function_list {
	struct function **f;
	size_t n;
	size_t n_hidden_units; // units not parsed because !all
	size_t n_hidden[5];    // functions by enum origin that exist but are not ORIGIN_OWN
			       // (estimated from .symtab for unparsed units)
};
FT_CHECK enum ft_rc symbols_functions(struct symbols *s, struct module *m, bool all,
				      struct function_list *ret); // ret->f is freed by the caller

/*
 * The same with `all`, but of a unit in which no linkage name contains any of the words, only what
 * the symbol table says of its functions: it is not parsed. For one who looks for functions by
 * name; a name that only the debug information has (asm labels) may be missed in such a unit.
 */
FT_CHECK enum ft_rc symbols_functions_like(struct symbols *s, struct module *m,
					   const char *const *words, size_t n_words,
					   struct function_list *ret);

struct module *symbols_module_at(const struct symbols *s, uint64_t pc);

/* The function whose code contains pc (parses at most the unit that covers it). */
FT_CHECK enum ft_rc symbols_function_at(struct symbols *s, uint64_t pc, struct function **ret);

/* symbol + offset for any address in a module: cheap, from symbol tables, then DWARF. */
FT_CHECK enum ft_rc symbols_name_at(struct symbols *s, uint64_t addr, const char **ret_name,
				    uint64_t *ret_offset);

/* A symbol's runtime address by its exact linkage name, in one module. */
FT_CHECK enum ft_rc symbols_address_of(struct symbols *s, struct module *m, const char *symbol,
				       uint64_t *ret);

struct line_row {
	uint64_t pc;
	const char *file; // as in struct function
	uint32_t line;	  // 0: no source line for this code
	bool is_stmt, prologue_end, end_sequence;
};

/*
 * Source position of the instruction at pc. FT_NONE also in a module whose debug information is in
 * a separate file, as long as nobody has asked for its functions.
 */
FT_CHECK enum ft_rc symbols_line_at(struct symbols *s, uint64_t pc, struct line_row *ret);

/* The rows of one function's code, by pc. *ret lives until the next call. */
FT_CHECK enum ft_rc symbols_lines_of(struct symbols *s, const struct function *f,
				     const struct line_row **ret, size_t *ret_n);

/* One row of call frame information (DWARF 5, section 6.4), valid for pc in [lo, hi). */
enum cfi_rule_kind {
	CFI_UNDEFINED, // not recoverable
	CFI_SAME,      // the register has not changed
	CFI_AT_CFA,    // saved at CFA + off
	CFI_IS_CFA,    // its value is CFA + off
	CFI_IN_REG,    // in another register
	CFI_AT_EXPR,   // saved at the address an expression gives
	CFI_IS_EXPR,   // its value is what an expression gives
};
struct cfi_rule {
	enum cfi_rule_kind kind;
	int64_t off;
	unsigned reg;
	const struct dw_op *ops; // see symbols/type.h
	size_t n_ops;
};
struct cfi_row {
	uint64_t lo, hi;
	bool cfa_is_expr;
	unsigned cfa_reg;
	int64_t cfa_off;
	const struct dw_op *cfa_ops;
	size_t n_cfa_ops;
	struct cfi_rule rules[17]; // by DWARF number; [16] is the return address
	bool signal_frame;	   // augmentation 'S': pc is exact, not a return address
};
FT_CHECK enum ft_rc symbols_cfi_at(struct symbols *s, uint64_t pc, struct cfi_row *ret);

/* Code bytes as the file has them. Returns how many were there. */
size_t symbols_code(const struct symbols *s, uint64_t pc, void *buf, size_t len);

/* What lies where in a loaded module: sections, or segments if it has none. */
enum part_kind { PART_HEADERS, PART_CODE, PART_READ_ONLY, PART_RELRO, PART_DATA, PART_BSS };
struct module_part {
	uint64_t lo, hi;  // runtime [lo, hi)
	const char *name; // ".text"; "ELF header", "program headers"; "segment 2"
	enum part_kind kind;
};
/* By address; *ret is freed by the caller. */
void symbols_parts(const struct module *m, struct module_part **ret, size_t *ret_n);

/* Where its first segment of code lies, if the module is loaded; FT_NONE: it has no code. */
FT_CHECK enum ft_rc symbols_code_start(const struct module *m, uint64_t *ret);

/* The file's dynamic linker and whether it has one (PT_INTERP). */
FT_CHECK enum ft_rc symbols_interpreter(const struct module *m, const char **ret);

#endif
