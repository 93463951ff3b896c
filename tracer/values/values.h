/*
 * values.h - (type, bytes) -> a tree (values/tree.h) -> text, in the language's own spelling.
 *
 * Owns:     the formatting of values: gdb's spelling for C and C++, {:?} for Rust.
 * Gives:    trees of values, with limits, and their renderings; return values by the psABI.
 * Never:    reads but through struct memory; fails: what cannot be read is "<…>" with the reason.
 * Lifetime: text is appended to the caller's buffer.
 */
#ifndef FT_VALUES_H
#define FT_VALUES_H

#include "base/buf.h"
#include "base/memory.h"
#include "symbols/type.h"
#include "unwind/expr.h"
#include "values/tree.h"

struct value_style {
	uint32_t max_string; // bytes of a string shown, then "..."
	uint32_t max_array;  // elements shown, runs of equal ones folded as gdb does
	uint32_t max_depth;  // nesting of aggregates
	/*
	 * What follows a Rust pointer whose target cannot be read; "": nothing does, and the text
	 * behind a char * is not asked for: the pointer is shown as it is.
	 */
	const char *unreadable;
	bool targets; // C pointers too are followed, for detail and JSON
	/* Names an address: appends " <main+4>" or nothing. May be NULL. */
	void (*name_address)(void *ctx, uint64_t addr, struct buf *out);
	/* Where an address leads: appends "local x of main" or nothing. NULL: nobody asks. */
	void (*points_to)(void *ctx, uint64_t addr, struct buf *out);
	/*
	 * The type that the first parameter of the function at pc points to: of a function in a
	 * vtable it is the type of the object. NULL if it is not known. May be NULL.
	 */
	struct type *(*self_type)(void *ctx, uint64_t pc);
	void *ctx;
};
struct value_style value_style_default(void); // 200, 200, 4 levels, no names

/*
 * Fills in a tree from the given bytes. mem is for what it points to; address is where the bytes
 * are in memory, 0 if they are not. Fewer bytes than the type's size: an aggregate shows what is
 * there and then "...", a scalar is "<…>".
 */
void value_build(struct value_tree *t, const struct value_style *style, struct type *type,
		 const uint8_t *bytes, size_t len, uint64_t address, const struct memory *mem);

/* The same for a variable at a place (unwind/expr.h). */
void value_build_place(struct value_tree *t, const struct value_style *style, struct type *type,
		       const struct place *place, const struct expr_context *ctx);

/*
 * value_build() and value_compact() in one, for a single value. Returns false if the text is a
 * reason instead of a value.
 */
bool value_format(struct buf *out, const struct value_style *style, struct type *type,
		  const uint8_t *bytes, size_t len, const struct memory *mem);

/* value_build_place() and value_compact() in one. */
bool value_format_place(struct buf *out, const struct value_style *style, struct type *type,
			const struct place *place, const struct expr_context *ctx);

/*
 * How a function returns a type (psABI 3.2.3; Rust's own ABI for Rust).
 *
 * RETURN_MEMORY: where the hidden pointer said, which rdi held at the function's entry and rax
 * holds at the ret. Optimising LLVM (clang, rustc) leaves rax as it is in functions that nobody
 * outside of the unit calls, so for code that is signature.optimised the one from the entry is the
 * truth: put it into regs->r[ARCH_RAX] of return_value_format(), or say that it is unknown.
 */
enum return_class { RETURN_VOID, RETURN_REGISTERS, RETURN_MEMORY, RETURN_UNKNOWN };
struct return_plan {
	enum return_class class;
	uint64_t size;
	bool want_fp;
	uint8_t n;	  // registers used, 0..4; 0: a value without bytes
	uint8_t reg[4];	  // ARCH_RAX, ARCH_RDX, ARCH_XMM0, ARCH_XMM0 + 1, ARCH_ST0, ARCH_ST0 + 1
	uint8_t bytes[4]; // how many bytes of each
	uint8_t off[4];	  // where in the value they belong
	const char *why;  // RETURN_UNKNOWN
};
void return_plan_make(struct type *type, enum language language, struct return_plan *ret);

/*
 * The same for one function: a Rust function without a mangled name may be extern "C" or not, and
 * the debug information does not say; where the two differ the plan is RETURN_UNKNOWN. So it is
 * if the optimiser changed the calling convention (f->nocall).
 */
void return_plan_of(const struct function *f, struct type *type, struct return_plan *ret);

/* The value that `plan` finds. */
void return_value_build(struct value_tree *t, const struct value_style *style, struct type *type,
			const struct return_plan *plan, const struct regs *regs,
			const struct fp_regs *fp, const struct memory *mem);

/* The same and value_compact() in one; false (and a reason instead of a value) if unknown. */
bool return_value_format(struct buf *out, const struct value_style *style, struct type *type,
			 const struct return_plan *plan, const struct regs *regs,
			 const struct fp_regs *fp, const struct memory *mem);

/*
 * True if showing a value of this type reads *ret_len bytes behind one pointer, which is the 8
 * bytes at *ret_off of the value: char *, &str, &i32, Box. Out-parameters untouched if false.
 */
bool value_follows(struct type *type, const struct value_style *style, uint32_t *ret_off,
		   uint32_t *ret_len);

/*
 * True if showing it takes more than that one read: several pointers, or a pointer behind a
 * pointer (&String, Box<Box<i32>>). The caller then keeps the thread stopped and reads live.
 */
bool value_needs_memory(struct type *type, const struct value_style *style);

#endif
