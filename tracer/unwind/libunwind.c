/*
 * libunwind.c - the second opinion: libunwind's walk of a ptrace-stopped thread.
 *
 * libunwind reads the thread by itself (its _UPT_* accessors cannot be half-borrowed), so what it
 * says depends on nothing that our own walk stands on.
 */
#include "unwind/unwind.h"

#include <libunwind-ptrace.h>

static size_t walk(unw_cursor_t *cursor, struct unwind_frame *ret, size_t max)
{
	size_t n = 0;

	do {
		unw_word_t pc, sp;
		if (unw_get_reg(cursor, UNW_REG_IP, &pc) < 0 ||
		    unw_get_reg(cursor, UNW_REG_SP, &sp) < 0 || !pc)
			break;
		if (n > 0)
			ret[n - 1].cfa = sp;
		if (n == max)
			break;
		bool exact = n == 0 || unw_is_signal_frame(cursor) > 0;
		ret[n++] = (struct unwind_frame){.pc = pc, .exact_pc = exact};
	} while (unw_step(cursor) > 0);
	return n;
}

size_t unwind_libunwind(pid_t tid, struct unwind_frame *ret, size_t max)
{
	unw_cursor_t cursor;
	size_t n = 0;

	unw_addr_space_t as = unw_create_addr_space(&_UPT_accessors, 0);
	if (!as)
		return 0;
	unw_set_caching_policy(as, UNW_CACHE_GLOBAL); // recursion meets the same pcs again
	void *thread = _UPT_create(tid);
	if (thread && unw_init_remote(&cursor, as, thread) == 0)
		n = walk(&cursor, ret, max);
	if (thread)
		_UPT_destroy(thread);
	unw_destroy_addr_space(as);
	return n;
}
