/*
 * type.h - types, parameters, locals and where they live, as plain data read from DWARF.
 *
 * Owns:     nothing beyond what symbols.h owns.
 * Gives:    struct type (resolved lazily, cycles through pointers are fine), struct variable,
 *           struct location (decoded DWARF expressions with runtime addresses).
 * Never:    evaluates an expression (unwind/expr.h) or formats a value (values/values.h).
 * Lifetime: interned; lives as long as its struct symbols.
 */
#ifndef FT_TYPE_H
#define FT_TYPE_H

#include "symbols/symbols.h"

/* One operation of a DWARF expression (DWARF 5, section 2.5), operands decoded. */
struct dw_op {
	uint8_t op;	      // DW_OP_*
	uint64_t a, b;	      // operands; runtime addresses, addrx and constx resolved
	uint32_t off;	      // byte offset in the expression: target of DW_OP_skip and DW_OP_bra
	const uint8_t *block; // implicit_value, entry_value (raw), const_type: a bytes; or NULL
	const struct dw_op *sub; // DW_OP_entry_value / GNU_entry_value: the inner expression
	size_t n_sub;
	/*
	 * DW_OP_convert, reinterpret, const_type, regval_type, deref_type: the base type's size in
	 * bytes and DW_ATE_* encoding; 0, 0 is the generic type. DIE operands are global offsets.
	 * A type whose arithmetic is not the machine's (__float128) has a size, but no encoding.
	 */
	uint8_t type_size, type_encoding;
};

struct location_entry {
	uint64_t lo, hi; // [lo, hi); an exprloc has [0, UINT64_MAX)
	const struct dw_op *ops;
	size_t n_ops; // 0: explicitly optimised out here
};

/* Where something is: one expression for all pcs, or a list by pc. */
struct location {
	size_t n; // 0: no location at all (optimised out, or never had one)
	struct location_entry *e;
	bool broken; // there was more that could not be read
};

enum type_kind {
	TYPE_UNKNOWN, // unsupported or broken DWARF
	TYPE_VOID,    // C void; Rust ! and () have their own entries
	TYPE_BOOL,
	TYPE_INT,   // signed, 1..16 bytes
	TYPE_UINT,  // unsigned
	TYPE_CHAR,  // DW_ATE_signed_char / unsigned_char: a byte shown as number and glyph in C;
		    // is_signed tells; Rust i8/u8 are TYPE_INT/TYPE_UINT
	TYPE_UTF,   // char16_t, char32_t, char8_t, Rust char
	TYPE_FLOAT, // 2, 4, 8, 16 bytes (16: x87 extended on this machine; __float128 by name)
	TYPE_COMPLEX,
	TYPE_POINTER,
	TYPE_REFERENCE,	       // C++ &, target
	TYPE_RVALUE_REFERENCE, // C++ &&
	TYPE_ARRAY,	       // one dimension; target is the element
	TYPE_STRUCT,
	TYPE_CLASS,
	TYPE_UNION,
	TYPE_ENUM,     // C enum; target is the underlying type or NULL
	TYPE_VARIANTS, // a Rust enum: members are its variants, discriminant given
	TYPE_FUNCTION,
	TYPE_TYPEDEF, // name; target
	TYPE_CONST,
	TYPE_VOLATILE,
	TYPE_RESTRICT,
	TYPE_ATOMIC,
	TYPE_MEMBER_POINTER,
};

/*
 * A type is read when something refers to it, but the inside of a struct, class, union or enum
 * (members, enumerators, targs, by_reference, is_signed, and whether it is TYPE_VARIANTS) only when
 * type_strip() meets it: strip before looking inside.
 */
struct type;

struct member {
	const char *name; // NULL: anonymous
	struct type *type;
	uint64_t offset;      // bytes from the start of the aggregate
	uint16_t bit_size;    // 0: not a bit-field
	uint16_t bit_offset;  // from `offset`, counting from the least significant bit
	bool is_base;	      // C++ base class
	bool is_virtual_base; // offset is not constant: `ops` find it in an object
	bool is_static;	      // no storage in the object
	bool artificial;
	/* is_virtual_base: with the object's address on the stack, the base's; NULL: not known. */
	const struct dw_op *ops;
	size_t n_ops;
	/* TYPE_VARIANTS: which discriminant values choose this variant. */
	bool is_default;	     // the one chosen when no other matches
	uint64_t discr_lo, discr_hi; // inclusive, as unsigned of the discriminant's size
};

/* The count of a VLA, told by an expression or a variable of its function. */
struct array_bound {
	struct location loc;
	bool is_variable; // loc is where the variable is; else the expression's value is the bound
	uint32_t size;	  // is_variable: bytes of it
	bool is_count;	  // it counts elements; else it is the last index, from `lower`
	int64_t lower;
};

struct enumerator {
	const char *name;
	int64_t value;
};

struct type {
	enum type_kind kind;
	const char *name;  // tag or base name, in Rust and C++ qualified ("std::string");
			   // NULL if anonymous
	const char *shown; // as the language spells it: "struct point *", "const char *", "&str",
			   // "i32", "std::vector<int>"; never NULL
	enum language language;
	uint64_t size;		   // bytes; 0 if incomplete
	bool is_signed;		   // TYPE_CHAR, TYPE_ENUM
	bool is_tuple;		   // Rust tuple or tuple struct: members are __0, __1 …
	bool is_declaration;	   // incomplete
	struct type *target;	   // pointee, element, underlying, aliased; NULL: void
	uint64_t count;		   // TYPE_ARRAY: elements
	bool has_count;		   // false: VLA or flexible array
	struct array_bound *bound; // TYPE_ARRAY without has_count: a VLA's count; else NULL
	struct type *container;	   // TYPE_MEMBER_POINTER: the class
	struct member *members;
	size_t n_members;
	struct enumerator *enumerators;
	size_t n_enumerators;
	struct member *discriminant; // TYPE_VARIANTS; NULL: a single variant
	bool by_reference; // C++: a class passed by hidden reference (DW_AT_calling_convention 4,
			   // pass_by_reference)
	struct type **params; // TYPE_FUNCTION: parameter types
	size_t n_params;
	struct type **targs; // template type arguments: T of Vec<T>, in order; those of packs too
	size_t n_targs;
	uint32_t align; // bytes, if DW_AT_alignment says; 0: what the members ask for
	bool is_vector; // TYPE_ARRAY: a SIMD vector, passed in an SSE register
	uint16_t rustc; // LANG_RUST: which compiler laid it out, 95 for 1.95; 0 if unknown
	void *detail;	// private to symbols/: what is still to be read; NULL: nothing
};

struct variable {
	const char *name;
	struct type *type;
	struct location loc;
	bool is_param;
	bool artificial; // the compiler's: C++ this, and __in_chrg, __vtt_parm behind it
	bool is_static;	 // a static local: one for all calls (per thread if thread-local)
	/*
	 * A local of one of Rust's macros. DWARF does not say so: it has the file and line where
	 * the macro is used, for its locals as for the program's. This one is declared in std's
	 * sources after all, or has a type that only std can name, or stands right before such a
	 * one (println!'s `args`, assert_eq!'s `left_val`); in optimised code, where the latter may
	 * be gone, it is called `args` and is a tuple of references. Not found: dbg!'s `tmp`;
	 * format!'s `res` and dbg!'s `args` of rustc 1.63; locals of the program's own macros.
	 */
	bool from_macro;
	bool is_inlined; // belongs to an inlined callee; `from` names it
	const char *from;
	bool has_const; // DW_AT_const_value: no storage, this value
	uint64_t const_value;
	const uint8_t *const_bytes; // the same if it is a block of const_size bytes; else NULL
	size_t const_size;
	uint32_t line;
	struct range *scope; // code in which it is visible; n_scope 0: the whole function
	size_t n_scope;
};

/* What DWARF says of one function's frame. */
struct signature {
	struct type *returns; // NULL: void
	bool prototyped, variadic, noreturn_;
	bool nocall;	// as in struct function
	bool optimised; // variables use location lists, a parameter is constant, it is nocall, or
			// the producer says -O1 and up
	struct location frame_base;
	struct variable *params;
	size_t n_params;
	struct variable *locals; // of the function and its lexical blocks, in order of declaration;
	size_t n_locals;	 // variables of inlined callees are left out
};

/* Reads it once; FT_NONE: no debug information for this function. Broken DWARF: FT_NONE too. */
FT_CHECK enum ft_rc symbols_signature(struct symbols *s, struct function *f,
				      const struct signature **ret);

/*
 * The variable, parameter or DWARF procedure at a DIE that an expression refers to (DW_OP_call_ref,
 * implicit_pointer …). Read once; FT_NONE: there is no such thing in this module.
 */
FT_CHECK enum ft_rc symbols_variable_at(struct symbols *s, struct module *m, uint64_t die,
					const struct variable **ret);

/* What a call passes, as the caller computed it (DWARF 5, section 3.4.2). */
struct call_parameter {
	enum { CALL_IN_REG, CALL_ON_STACK, CALL_OF_DIE } kind;
	unsigned reg;		   // CALL_IN_REG: DWARF number
	int64_t off;		   // CALL_ON_STACK: at rsp + off, as rsp is just before the call
	uint64_t die;		   // of the callee's parameter; 0 if it is not said
	const struct dw_op *value; // its value, to be evaluated in the caller; n_value 0: unknown
	size_t n_value;
	const struct dw_op *data; // the value of what it points to; n_data 0: unknown
	size_t n_data;
};

/* One call (DW_TAG_call_site, DW_TAG_GNU_call_site). */
struct call_site {
	uint64_t return_pc;
	const char *callee;	    // name of what it calls; NULL: an indirect call
	const char *callee_symbol;  // its linkage name; NULL if it has none of its own
	uint64_t callee_die;	    // private to symbols/
	struct module *module;	    // of the call
	const struct dw_op *target; // the address of what it calls; n_target 0: not said
	size_t n_target;
	struct call_parameter *params;
	size_t n_params;
};

/*
 * The call that returns to a pc. Read once. FT_NONE: the debug information does not describe it,
 * or there is none.
 */
FT_CHECK enum ft_rc symbols_call_site_at(struct symbols *s, uint64_t return_pc,
					 const struct call_site **ret);

/* Whether it is a call of this function, by name; an indirect call names nothing. */
bool symbols_call_site_names(const struct call_site *site, const struct function *f);

/*
 * Whether a frame of f may have been left by a tail call that led, through others, to f again: then
 * the call that it returns to did not pass the arguments of today. True if that is not known.
 */
bool symbols_tail_calls_itself(struct symbols *s, struct function *f);

/* Where a module's thread-local storage is (psABI 3.4.2 and Drepper's "ELF Handling for TLS"). */
struct tls {
	bool is_program;   // its block ends at the thread pointer
	uint64_t size;	   // of the block
	uint64_t below;	   // is_program: the block begins so many bytes below it
	uint64_t id_slot;  // holds the module's number, by which the thread's vector has its block;
			   // 0: none
	uint64_t off_slot; // holds the distance of `off_symbol` from the thread pointer; 0: none
	uint64_t off_symbol; // offset in the block
	bool is_glibc;	     // the vector is laid out as glibc does
};

/* FT_NONE: it has no thread-local storage. */
FT_CHECK enum ft_rc symbols_tls(struct symbols *s, struct module *m, struct tls *ret);

/* A variable in a module's thread-local storage, by its symbol. */
struct tls_variable {
	uint64_t off, size; // in the block; size 0: not known
	const char *name;   // demangled
};

/* By offset; *ret is freed by the caller, the names live as long as the module. */
void symbols_tls_variables(struct module *m, struct tls_variable **ret, size_t *ret_n);

/*
 * One inlined call (DW_TAG_inlined_subroutine; DWARF 5, section 3.3.8.2). One of which the
 * optimiser left no instruction is left out.
 */
struct inlined {
	const char *name; // of the function, as in struct function
	const char *file; // where it is declared; NULL if unknown
	uint32_t line;	  // 0 if unknown
	enum origin origin;
	const char *call_file; // where it is called; NULL if unknown
	uint32_t call_line;    // 0 if unknown
	struct range *ranges;  // its code; n_ranges >= 1
	size_t n_ranges;
	uint64_t entry; // DW_AT_entry_pc, else the start of the first range; not always in `ranges`
	uint32_t entry_view; // gcc's order of what begins at one pc; 0 if it has none
	size_t parent;	// index of the inlined call that it is in; SIZE_MAX: the function itself
	unsigned depth; // 0: directly in the function
	struct variable *params; // a scope with n_scope 0 is all of the call's code; a parameter
	size_t n_params;	 // that only the abstract function names has neither loc nor const
	struct variable *locals; // of its own lexical blocks, not of calls inlined into it
	size_t n_locals;
};

/* The inlined calls of a function, outer before inner; FT_NONE: none, or no debug information. */
FT_CHECK enum ft_rc symbols_inlines(struct symbols *s, struct function *f,
				    const struct inlined **ret, size_t *ret_n);

/* The same list; the variables may not be read yet (n_params, n_locals 0): cheaper. */
FT_CHECK enum ft_rc symbols_inline_tree(struct symbols *s, struct function *f,
					const struct inlined **ret, size_t *ret_n);

/*
 * Strips typedef, const, volatile, restrict, atomic, and reads the inside of what remains. NULL
 * stays NULL (void). A typedef that never ends is returned as it is.
 */
struct type *type_strip(struct type *t);

/* Is it visible at pc? */
bool variable_in_scope(const struct variable *v, uint64_t pc);

/* The general, xmm or st register that an expression names as the whole; else ARCH_NONE. */
unsigned location_register(const struct dw_op *ops, size_t n);

/* The entry valid at pc; FT_NONE: no location there. */
FT_CHECK enum ft_rc location_at(const struct location *l, uint64_t pc,
				const struct location_entry **ret);

/*
 * The same of a parameter at its function's entry, as it was passed: gcc may say with an empty
 * range that it was there, and with the next what the body makes of it before its first
 * instruction.
 */
FT_CHECK enum ft_rc location_at_entry(const struct location *l, uint64_t entry,
				      const struct location_entry **ret);

#endif
