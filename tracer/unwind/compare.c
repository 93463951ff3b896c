/*
 * compare.c - do our walk and libunwind's agree?
 */
#include "unwind/unwind.h"

enum { VERIFY_FRAMES = 128 }; // a difference shows near its cause; deep recursion adds nothing

static bool same_number(size_t i, const char *what, uint64_t ours, uint64_t theirs,
			struct buf *words)
{
	if (ours == theirs)
		return true;
	buf_printf(words, "frame %zu: %s is 0x%llx, libunwind says 0x%llx", i, what,
		   (unsigned long long)ours, (unsigned long long)theirs);
	return false;
}

static bool same_frame(size_t i, const struct unwind_frame *ours, const struct unwind_frame *theirs,
		       struct buf *words)
{
	if (!same_number(i, "pc", ours->pc, theirs->pc, words))
		return false;
	return !ours->cfa || !theirs->cfa || same_number(i, "CFA", ours->cfa, theirs->cfa, words);
}

/* May this walk end here, `more` frames before the other? */
static bool may_end(const struct unwind_trace *t, size_t more)
{
	switch (t->end) {
	case UNWIND_END_NO_CFI:
	case UNWIND_END_LIMIT:
		return true;
	case UNWIND_END_OUTERMOST:
		return more <= 1;
	case UNWIND_END_BAD_MEMORY:
	case UNWIND_END_CYCLE:
		return false;
	}
	return false;
}

bool unwind_trace_compare(const struct unwind_trace *ours, const struct unwind_trace *theirs,
			  struct buf *ret_words)
{
	const struct unwind_trace *shorter = ours->n < theirs->n ? ours : theirs;
	const struct unwind_trace *longer = shorter == ours ? theirs : ours;

	for (size_t i = 0; i < shorter->n; i++)
		if (!same_frame(i, &ours->frames[i], &theirs->frames[i], ret_words))
			return false;
	if (ours->n == theirs->n || may_end(shorter, longer->n - shorter->n))
		return true;
	buf_printf(ret_words, "%zu frames (%s), libunwind finds %zu (%s)", ours->n,
		   unwind_end_text(ours->end), theirs->n, unwind_end_text(theirs->end));
	return false;
}

bool unwind_verify(struct symbols *s, const struct memory *mem, const struct regs *regs,
		   struct buf *ret_words)
{
	struct unwind_frame mine[VERIFY_FRAMES], other[VERIFY_FRAMES];
	struct unwind_trace ours = {.frames = mine}, theirs = {.frames = other};

	ours.n = unwind_walk(s, mem, regs, mine, VERIFY_FRAMES, &ours.end);
	theirs.n = unwind_walk_libunwind(s, mem, regs, other, VERIFY_FRAMES, &theirs.end);
	return unwind_trace_compare(&ours, &theirs, ret_words);
}
