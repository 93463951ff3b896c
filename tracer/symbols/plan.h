/*
 * plan.h - one function's code, rows and signature made into a frame_plan (private to symbols/).
 *
 * Owns:     nothing.
 * Gives:    plan_make(), and what its steps share: listing, walk, exits.
 * Never:    reads a file: everything comes in as struct plan_input.
 * Lifetime: a listing and a walk live for one plan_make(); they borrow the input.
 *
 * frame_plan.c  gathers the input from struct symbols, plan_make()
 * listing.c     bytes -> instructions, branch targets, "is this code?"
 * parts.c       "sub rsp,0x10"
 * walk.c        from the entry along the straight line: who holds what, where rsp is
 * held.c        what a register or a piece of the frame holds
 * arguments.c   when the arguments are where DWARF says
 * prologue.c    the body and the site
 * exits.c       the exits and their arithmetic
 * displace.c    an instruction for a slot
 * points.c      what is true at any other instruction of the function
 */
#ifndef FT_PLAN_H
#define FT_PLAN_H

#include "symbols/code.h"
#include "symbols/held.h"
#include "symbols/insn.h"

enum {
	PLAN_CODE_MAX = 1 << 20, // bytes of one function
	PLAN_ROWS_MAX = 1 << 16, // CFI rows of one function
	WALK_MAX = 1024,	 // instructions of a straight line
};

/* The bytes of one range. */
struct code_chunk {
	uint64_t pc;
	const uint8_t *bytes;
	size_t len;
};

/* A CFI row, reduced to its CFA; !known: an expression that is no cfa_rule. */
struct cfa_row {
	uint64_t lo, hi;
	bool known;
	struct cfa_rule cfa;
};

struct plan_input {
	const struct code_chunk *chunks; // [0] has the entry; n_chunks >= 1
	size_t n_chunks;
	const struct cfa_row *rows; // by lo; none: no call frame information
	size_t n_rows;
	const struct line_row *lines; // by pc; may be none
	size_t n_lines;
	const struct signature *sig; // NULL: no debug information
};

FT_CHECK enum ft_rc plan_make(struct disassembler *d, const struct plan_input *in,
			      struct frame_plan *ret, const char **why);

/* "a part of another function" */
extern const char plan_is_part[];

/* The row valid at pc; NULL if none. */
const struct cfa_row *plan_row_at(const struct plan_input *in, uint64_t pc);

/* ---- listing.c ---- */

struct listing {
	const struct plan_input *in;
	struct insn *insn; // chunk after chunk
	uint32_t *latest;  // per instruction: 1 + index of the last direct branch to it, or 0
	size_t n, cap;
	size_t *first; // n_chunks + 1: index of each chunk's first instruction
};

/* FT_NONE with *why: these bytes are not code. */
FT_CHECK enum ft_rc listing_init(struct listing *l, struct disassembler *d,
				 const struct plan_input *in, const char **why);
void listing_deinit(struct listing *l);
size_t listing_find(const struct listing *l, uint64_t pc); // SIZE_MAX if no instruction is there
bool listing_has(const struct listing *l, uint64_t pc);	   // is pc in any chunk?
const uint8_t *listing_bytes(const struct listing *l, size_t i);

/* ---- parts.c ---- */

/* Appends; takes over `text`. */
void plan_add_part(struct code_part **parts, size_t *n, size_t *cap, char *text, int64_t bytes);
char *insn_part_text(const struct insn *i); // malloc'ed, as objdump -M intel spells it

/* ---- walk.c ---- */

struct walk {
	const struct listing *l;
	uint64_t limit;	  // rsp moves from this pc on are not the prologue's
	bool may_profile; // a call may be passed before the first argument is stored
	size_t at;	  // the next instruction
	struct held reg[ARCH_XMM15 + 1];
	struct frame_store *store;
	size_t n_store, store_cap;
	struct code_part *parts; // of the prologue so far, "call" first
	size_t n_parts, parts_cap;
	size_t structural;		  // instruction after the last one of the prologue proper
	struct held frame_rsp, frame_rbp; // there
	uint32_t saved;			  // callee-saved registers pushed, by bit
	size_t gap;			  // instructions since `structural`
	bool pure;			  // nothing but prologue so far
	bool subtracted, probed;	  // rsp was lowered by a sub; a probe followed it
	bool stored_argument;
	bool aligned; // and rsp,-x has been seen
};

void walk_init(struct walk *w, const struct listing *l, uint64_t limit, bool may_profile);
void walk_deinit(struct walk *w);

/* One instruction further (or over one idiom); false: the straight line ends before `at`. */
bool walk_step(struct walk *w);

/* Where a store that comes later than store k does not touch it. */
bool walk_store_lives(const struct walk *w, size_t k);

/* ---- prologue.c ---- */

/* Sets everything of the plan but entry and exits. */
FT_CHECK enum ft_rc plan_prologue(const struct listing *l, struct frame_plan *ret,
				  const char **why);

/* ---- exits.c ---- */

void plan_exits(const struct listing *l, struct frame_plan *ret);

/* ---- displace.c ---- */

FT_CHECK enum ft_rc insn_displace(const struct insn *i, const uint8_t *bytes,
				  struct displaced *ret);

/* ---- frame_plan.c ---- */

struct symbols;
struct function;

/* What a plan_input borrows. */
struct gathered {
	struct code_chunk *chunks;
	struct cfa_row *rows;
	size_t n_chunks, n_rows, rows_cap;
};

/* The lines live until the next symbols_lines_of(); *g is to be released whatever it returns. */
FT_CHECK enum ft_rc plan_gather(struct symbols *s, struct function *f, struct gathered *g,
				struct plan_input *in);
void gathered_deinit(struct gathered *g);

/* The one disassembler of a struct symbols, made when first asked for; NULL with ft_fail(). */
struct disassembler *symbols_disassembler(struct symbols *s);

#endif
