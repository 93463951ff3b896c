/*
 * inlines.h - inlined calls as events: where they begin, and which of them an address lies in.
 *
 * Owns:     the meaning of --inlines.
 * Gives:    sites at the entries of the inlined calls of traced functions; the chain of inlined
 *           calls at a pc; words about functions that exist only inlined.
 * Never:    makes a frame of an inlined call: rsp does not move, and nothing returns.
 * Lifetime: a traced function's inline sites live as long as it does.
 */
#ifndef FT_INLINES_H
#define FT_INLINES_H

#include "events/plan.h"
#include "events/select.h"

struct inline_call {
	const struct inlined *call;
	const char *caller; // the inlined call that it is in, or the function
	struct accessor *args;
	size_t n_args;
	uint32_t level; // how many calls around it are shown
	bool early;	// it begins before the function's site: told with the push, and only then
	bool loops;	// the site is also the head of a loop inside it
};

/* Where inlined calls of one function begin: one pc, several calls, outer before inner. */
struct inline_site {
	struct traced *fn;
	uint64_t pc;
	struct capture_plan capture;
	struct inline_call *calls;
	size_t n;
};

struct inline_counts {
	size_t traced;	// inlined calls, by place, whose begin is told
	size_t hidden;	// by the selection
	size_t skipped; // where no site can be
};

/* Plans the sites of one function; adds to *counts. */
void inlines_plan(struct symbols *s, struct selection *sel, bool in_library,
		  const struct plan_options *o, struct traced *t, struct inline_counts *counts);
void inlines_deinit(struct traced *t);

/* Is a function that the user's patterns name inlined into f? */
bool inlines_hold_wanted(struct symbols *s, struct selection *sel, bool in_library,
			 struct function *f);

/* The inlined calls that hold pc, innermost first, at most `max`; how many. *ret_in may be NULL. */
size_t inlines_at(struct symbols *s, uint64_t pc, const struct inlined **ret, size_t max,
		  const struct function **ret_in);

/*
 * "inlined: double::double into main (--inlines shows it)": some functions of the program's own
 * that would be traced, were they not inlined wherever they are called. false: none is known.
 */
bool inlines_note(struct symbols *s, struct selection *sel, const struct function_list *list,
		  struct buf *out);

/* The function that an unmatched pattern names is inlined: says so by ft_fail(). */
FT_CHECK enum ft_rc inlines_check_pattern(struct symbols *s, struct selection *sel,
					  const struct function_list *list);

#endif
