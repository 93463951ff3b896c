/*
 * plan.h - what will be read at each site of a function, decided once before it runs.
 *
 * Owns:     the choice of bytes to capture; how a variable is found in a hit.
 * Gives:    struct traced: a function with its frame plan, its accessors and its capture plans.
 * Never:    touches a process.
 * Lifetime: a traced function lives as long as its module is loaded.
 */
#ifndef FT_PLAN_H
#define FT_PLAN_H

#include "control/hit.h"
#include "events/event.h"
#include "symbols/code.h"
#include "symbols/layout.h"
#include "values/values.h"

/* How a variable's bytes are found, given a hit. */
enum access_kind {
	ACCESS_NONE,  // not at all: why
	ACCESS_CFA,   // at CFA + off
	ACCESS_BASE,  // at the frame's run-time base + off
	ACCESS_REG,   // in a register
	ACCESS_CONST, // nowhere: DW_AT_const_value
	ACCESS_EXPR,  // where an expression says
};

/* Where the first pointer is in a value that is one, or that a library's type owns something by. */
struct pointer_in {
	bool any;
	uint64_t off;
};

struct accessor {
	const struct variable *var;
	struct pointer_in pointer;
	enum access_kind kind;
	int64_t off;
	unsigned reg;
	const struct dw_op *ops;
	size_t n_ops;
	const char *why;  // "<optimised out>"
	bool scope_ended; // at this pc the variable's scope is over: its last value
	bool dropped;	  // so is what it owned: its pointers are not followed
	bool body_rsp;	  // the location means what rsp is at the body
	bool body_rbp;	  // the same of rbp
	bool has_rsp;	  // the location means rsp = CFA + rsp_off
	int64_t rsp_off;
};

/* The frame base (DW_AT_frame_base), which DW_OP_fbreg counts from. */
struct frame_base {
	enum { BASE_UNKNOWN, BASE_CFA, BASE_EXPR } kind;
	int64_t off;		 // BASE_CFA: CFA + off
	const struct dw_op *ops; // BASE_EXPR: to be evaluated at the body
	size_t n_ops;
	unsigned reg; // that it is or counts from; ARCH_NONE: none
};

/* What a frame map at one site takes: whose each byte is, and where the variables' values are. */
struct map_plan {
	struct frame_layout layout;
	/*
	 * By slot: which value is there: 0 … n_args - 1, then n_locals of the site, then those of
	 * own[]; SIZE_MAX: none.
	 */
	size_t *value;
	size_t n_site;	      // arguments and locals that the event has anyway
	struct accessor *own; // of the others: of inlined calls and macros; at the body, of locals
	size_t n_own;
};

struct traced_exit {
	const struct code_exit *exit;
	struct capture_plan capture;
	struct accessor *locals; // of the named ones, n_locals; NULL if not wanted
	struct accessor *args;	 // n_args
	struct event_part *parts;
	size_t n_parts;
	uint32_t line;
	const char *file;
	bool line_known;      // looked up already
	struct map_plan *map; // NULL: not wanted, or no layout
};

struct traced {
	struct symbols *symbols;
	struct function *f;
	const struct signature *sig; // NULL: no debug information
	struct frame_plan plan;
	struct frame_base base;
	struct capture_plan capture; // of the entry site
	struct accessor *args;
	size_t n_args, n_locals;
	struct event_part *parts;
	size_t n_parts;
	struct return_plan returns;
	bool has_return;
	struct pointer_in returned_pointer; // in the result, if has_return
	struct traced_exit *exits;
	size_t n_exits;
	struct inline_site *inlines; // events/inlines.h; by pc
	size_t n_inlines;
	struct map_plan *map; // at the body; NULL: not wanted, or no layout
	/* Statistics, kept by the collector. */
	uint64_t calls;
};

struct plan_options {
	bool locals;	   // arguments and locals at the pop too
	bool macro_locals; // those that a library's macro made too (println!)
	bool inlines;	   // tell where inlined calls begin
	bool full, trees;  // detail, JSON trees of values (struct event_value)
	bool step;	   // sites at the entry and behind each call too, for single steps
	bool frames;	   // frame maps, and what ghosts are made of
	bool heap;	   // sites on the allocator
	bool hold_all;	   // stop until the event has been used (walks, live reading)
	struct value_style style;
};

/* FT_NONE: it cannot be traced; *why says so for the user. */
FT_CHECK enum ft_rc traced_create(struct symbols *s, struct function *f,
				  const struct plan_options *o, struct traced **ret,
				  const char **why);
void traced_destroy(struct traced *t);

/* plan_pointer.c */
struct pointer_in pointer_in(struct type *type);

/* How v is found at pc; at_exit: the registers there are not those of the body. */
struct accessor accessor_make(const struct traced *t, const struct variable *v, uint64_t pc,
			      bool at_exit);

/* Adds to ranges and plan what a hit must carry for it. */
struct ranges;
void accessor_capture(const struct accessor *a, const struct plan_options *o, struct ranges *ranges,
		      struct capture_plan *c);

/* Is the parameter one that the user knows? */
bool accessor_is_shown(const struct variable *v);

/* Does the user see it at all? The compiler's own and macros' are hidden. */
bool plan_is_shown(const struct variable *v, const struct plan_options *o);

/* The variables that events show: the n-th of n_args + n_locals, arguments first. */
const struct variable **traced_variables(const struct traced *t, const struct plan_options *o);

#endif
