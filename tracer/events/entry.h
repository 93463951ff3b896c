/*
 * entry.h - what arguments were at a function's entry (private to events/).
 *
 * Owns:     nothing.
 * Gives:    the argument registers of then, kept with the frame; an argument's value of then as
 *           text; in words why a variable has no location at a pc.
 * Never:    takes memory of now for memory of then.
 * Lifetime: struct entry_registers is a value.
 */
#ifndef FT_ENTRY_H
#define FT_ENTRY_H

#include "base/buf.h"
#include "events/plan.h"
#include "values/values.h"

enum { ENTRY_INTEGER = 6, ENTRY_SSE = 8 }; // argument registers (psABI 3.2.3)

/* Of the registers that arguments come in, what is still known of them at the push. */
struct entry_registers {
	uint64_t integer[ENTRY_INTEGER];			  // rdi, rsi, rdx, rcx, r8, r9
	uint64_t sse[ENTRY_SSE];				  // low 8 bytes of xmm0 to xmm7
	uint8_t integer_size[ENTRY_INTEGER], sse_size[ENTRY_SSE]; // low bytes that are known
};

/* From the hit at the site. mem: the bytes that came with it. */
void entry_registers_take(const struct traced *fn, const struct hit *hit, const struct memory *mem,
			  struct entry_registers *ret);

/* The same in the form that expressions ask for. It lives as long as the contexts it is put in. */
struct entry_context {
	struct regs regs;
	struct fp_regs fp;
	uint32_t known;
	uint16_t fp_unknown;
};
void entry_context_init(struct entry_context *c, const struct entry_registers *kept, uint64_t cfa);

/* The low bytes of a register at the entry, by its DWARF number; false if not all are known. */
FT_CHECK bool entry_register(const struct entry_registers *kept, unsigned reg, void *buf,
			     size_t len);

/* The register whose content at the entry an expression is, and nothing else; or ARCH_NONE. */
unsigned entry_register_of(const struct dw_op *ops, size_t n);

/*
 * An argument's value at the entry: by the registers kept, else by ctx, which may ask the caller.
 * Its pointers are not followed: what they point to is not as it was. False: nothing is appended.
 */
FT_CHECK bool entry_format(struct buf *out, const struct value_style *style,
			   const struct traced *fn, const struct variable *v,
			   const struct entry_registers *kept, const struct expr_context *ctx);

/* "no location from 0x401136 to 0x401140"; nothing if it has one at pc. */
void entry_missing(struct buf *out, const struct location *l, uint64_t pc);

#endif
