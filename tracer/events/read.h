/*
 * read.h - values out of a hit: arguments, locals, the returned value (private to events/).
 *
 * Owns:     the texts of the event being made.
 * Gives:    struct event_value lists, by the accessors planned for the site.
 * Never:    asks for more than the hit and the memory it was given.
 * Lifetime: texts live until the next read_entry() or read_exit().
 */
#ifndef FT_READ_H
#define FT_READ_H

#include "base/buf.h"
#include "events/event.h"
#include "events/plan.h"
#include "events/stack.h"
#include "unwind/surroundings.h"

struct overlay {
	struct memory captured, live;
};

struct value_text {
	struct buf line, full, json, place;
};

struct value_set {
	struct event_value *values;
	size_t cap_values;
	struct value_text *texts;
	size_t n_texts, cap_texts;
};

struct reader {
	struct value_style style;
	struct value_style alone;   // for values whose pointers are not followed
	struct event_value *values; // arguments, then locals
	size_t cap_values;
	struct value_tree tree;	   // of the value being read
	bool want_full, want_json; // of event_value
	struct value_text *texts;  // one per value, then that of the returned one; reused
	size_t n_texts, cap_texts;
	struct value_set more; // of read_more()
	struct value_text returned;
	struct overlay overlay;
	struct memory memory; // over `overlay`
	struct symbols *symbols;
	struct surroundings around; // of the hit's frame, if is_around
	bool is_around;
	struct entry_context entry; // of the frame that is being read
	/* The frame that is being read, if a walk met it; NULL: it is the innermost, by the hit. */
	const struct unwind_frame *walked;
	uint32_t known; // registers of it that the variable may be in
	/* event_value.points_to: appends it, or nothing. NULL: nobody knows. */
	void (*points_to)(void *ctx, uint64_t addr, struct buf *out);
	void *points_ctx;
};

/* The style is the plan's: what a site captures must be what its values show. */
void read_init(struct reader *r, struct symbols *s, const struct plan_options *o);
void read_deinit(struct reader *r);

/* The memory to read from for the hit being collected: its bytes first, then `live`. */
void read_memory(struct reader *r, const struct hit *hit, struct memory live);

void read_entry(struct reader *r, const struct frame *f, const struct hit *hit, struct event *ev);
void read_exit(struct reader *r, const struct frame *f, const struct traced_exit *x,
	       const struct hit *hit, bool returns, struct event *ev);

void read_inline(struct reader *r, const struct frame *f, const struct accessor *args, size_t n,
		 const struct hit *hit, struct event *ev);
/*
 * One variable; its texts live until the next value is read. With a hit made up from registers the
 * memory is read live.
 */
struct event_value read_one(struct reader *r, const struct accessor *a, const struct frame *f,
			    const struct hit *hit);

/* Other variables; they and the event's live side by side. */
const struct event_value *read_more(struct reader *r, const struct accessor *a, size_t n,
				    const struct frame *f, const struct hit *hit);

/*
 * A variable of a frame that a walk met, whose registers hit has; `known`: those that it may be in.
 * It becomes the value at `at`: all n_all of a walk live side by side, read_walk() begins with
 * them.
 */
void read_walk(struct reader *r, size_t n_all);
void read_walked(struct reader *r, const struct frame *f, const struct unwind_frame *walked,
		 uint32_t known, const struct accessor *a, const struct hit *hit, size_t at,
		 size_t n_all);

/* The frame base at run time; false if it is not known. */
bool read_base(struct reader *r, const struct traced *fn, const struct hit *hit, uint64_t *ret);

/* The address that the caller passed in rdi for a large result; false if there is none. */
bool read_result_pointer(struct reader *r, const struct traced *fn, const struct hit *hit,
			 uint64_t *ret);

/* Where an indirect jump goes. */
bool read_jump_target(struct reader *r, const struct code_exit *x, const struct hit *hit,
		      uint64_t *ret);

#endif
