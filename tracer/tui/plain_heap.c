/*
 * plain_heap.c - heap blocks: those that are in use, the one that has an address.
 */
#include "tui/plain_private.h"

enum { MAX_BLOCKS = 1000 };

// "malloc inside libc.so.6 (printf), called by main, a.c:3", as the trace has it.
static void say_asker(struct plain *s, const struct log_block *b)
{
	const struct event *ev;
	bool known = log_event(player_log(s->p), b->alloc_seq, &ev) == FT_OK && ev->heap;
	const char *module = known ? ev->heap->place.via_module : NULL;
	const char *via = known ? ev->heap->place.via : NULL;
	say(s, ", ");
	say_text(s, b->call);
	if (module) {
		say(s, " inside ");
		say_text(s, module);
	}
	if (module && via) {
		say(s, " (");
		say_text(s, via);
		say(s, ")");
	}
	if (b->function) {
		say(s, module ? ", called by " : " by ");
		say_text(s, b->function);
	}
	ft_error_clear();
}

static void say_block(struct plain *s, const struct log_block *b)
{
	say(s, "#%-4llu 0x%llx  %llu byte%s", (unsigned long long)b->number,
	    (unsigned long long)b->address, (unsigned long long)b->size, b->size == 1 ? "" : "s");
	if (b->call)
		say_asker(s, b);
	if (b->file) {
		say(s, ", ");
		say_text(s, path_name(b->file));
		if (b->line)
			say(s, ":%u", b->line);
	}
	say(s, "\n");
}

enum outcome run_heap(struct plain *s, const char *arguments)
{
	const struct log_block *b;
	size_t n = 0;
	uint64_t all = 0, bytes = 0;
	(void)arguments;
	if (!log_info(player_log(s->p))->holds.heap)
		return wrong(s, "heap blocks were not recorded (--no-heap)");
	enum ft_rc rc = log_blocks(player_log(s->p), player_at(s->p), MAX_BLOCKS, &b, &n, &all);
	if (rc == FT_FAIL)
		return wrong_error(s);
	if (rc == FT_NONE || all == 0) {
		say(s, "No heap block is in use.\n");
		return DONE;
	}
	for (size_t i = 0; i < n; i++) {
		say_block(s, &b[i]);
		bytes += b[i].size;
	}
	if (n < all)
		say(s, "and %llu more block%s\n", (unsigned long long)(all - n),
		    all - n == 1 ? "" : "s");
	else
		say(s, "%llu block%s, %llu bytes\n", (unsigned long long)all, all == 1 ? "" : "s",
		    (unsigned long long)bytes);
	return DONE;
}

bool where_on_heap(struct plain *s, uint64_t address)
{
	const struct log_block *b;
	size_t n = 0;
	uint64_t all;
	if (log_blocks(player_log(s->p), player_at(s->p), 1 << 20, &b, &n, &all) != FT_OK)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (address < b[i].address || address - b[i].address >= b[i].size)
			continue;
		say(s, "heap #%llu+%llu, %llu bytes", (unsigned long long)b[i].number,
		    (unsigned long long)(address - b[i].address), (unsigned long long)b[i].size);
		if (b[i].function) {
			say(s, ", for ");
			say_text(s, b[i].function);
		}
		say(s, "\n");
		return true;
	}
	return false;
}
