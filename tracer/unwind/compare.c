/*
 * compare.c - do our walk and libunwind's agree?
 */
#include "unwind/unwind.h"

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

/* May ours end after n frames where libunwind finds m? */
static bool may_end_first(size_t n, enum unwind_end end, size_t m)
{
	switch (end) {
	case UNWIND_END_OUTERMOST:
		return m - n <= UNWIND_STARTUP;
	case UNWIND_END_NO_CFI:
	case UNWIND_END_LIMIT:
		return true;
	case UNWIND_END_BAD_MEMORY:
	case UNWIND_END_CYCLE:
		return false;
	}
	return false;
}

bool unwind_compare(const struct unwind_frame *ours, size_t n, enum unwind_end end,
		    const struct unwind_frame *theirs, size_t m, struct buf *ret_words)
{
	for (size_t i = 0; i < n && i < m; i++)
		if (!same_frame(i, &ours[i], &theirs[i], ret_words))
			return false;
	if (m < n ? n - m <= UNWIND_STARTUP && m : n == m || may_end_first(n, end, m))
		return true;
	buf_printf(ret_words, "%zu frames (%s), libunwind finds %zu", n, unwind_end_text(end), m);
	return false;
}
