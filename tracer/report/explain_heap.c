/*
 * explain_heap.c - heap blocks in the explain format.
 */
#include <inttypes.h>

#include "report/explain.h"

enum { CALLERS_SHOWN = 6 }; // of a leak

/* " by main, line 9 of a.c" */
static void say_place(struct story *st, const struct event_place *p)
{
	if (!p->function) {
		SAY(st, " by code that is not traced");
		return;
	}
	SAY(st, " by %s", p->function);
	explain_line(st, p->file, p->line);
}

/* " (printf of libc.so.6)": who really asks, if it is not the function itself. */
static void say_via(struct story *st, const struct event_place *p)
{
	if (p->via && p->via_module)
		SAY(st, " (%s of %s)", p->via, p->via_module);
	else if (p->via || p->via_module)
		SAY(st, " (%s)", p->via ? p->via : p->via_module);
}

/* "For main, line 9 of a.c, malloc ": a library in between may be who asks. */
static void say_who(struct story *st, const struct event_heap *h)
{
	if (h->place.function) {
		SAY(st, "On behalf of %s", h->place.function);
		explain_line(st, h->place.file, h->place.line);
		say_via(st, &h->place);
	} else {
		SAY(st, "For code that is not traced");
	}
	SAY(st, ", %s ", h->call);
}

static void say_block(struct story *st, uint64_t number)
{
	if (number)
		SAY(st, "heap block #%" PRIu64, number);
	else
		SAY(st, "a heap block");
}

static void say_size(struct story *st, const struct event_heap *h)
{
	explain_count(st, h->size, "byte");
	SAY(st, h->size == 1 ? " was asked for" : " were asked for");
	if (h->usable)
		SAY(st, ", %" PRIu64 " may be used", h->usable);
	if (h->alignment)
		SAY(st, "; its address is to be a multiple of %" PRIu64, h->alignment);
	SAY(st, ".");
	if (h->usable > h->size)
		explain_teach(st, LESSON_USABLE);
}

static void say_failed(struct story *st, const struct event_heap *h)
{
	SAY(st,
	    h->size == UINT64_MAX ? "fails: it cannot give at least " : "fails: it cannot give ");
	explain_count(st, h->size, "byte");
	if (h->error)
		SAY(st, " (%s)", h->error);
}

void explain_alloc(struct story *st, const struct event *ev)
{
	const struct event_heap *h = ev->heap;
	say_who(st, h);
	if (h->failed) {
		say_failed(st, h);
		SAY(st, ".");
	} else {
		SAY(st, "gives out ");
		say_block(st, h->number);
		SAY(st, " at 0x%" PRIx64 ": ", h->address);
		say_size(st, h);
		explain_teach(st, LESSON_BLOCK);
	}
	explain_end(st, ev, ev->depth, h->failed ? "! " : "+ ");
}

static void say_owners(struct story *st, const struct event_heap *h)
{
	if (h->n_owners == 0)
		return;
	SAY(st, " What was seen to hold its address: ");
	for (size_t i = 0; i < h->n_owners; i++)
		SAY(st, "%s%s",
		    i == 0				     ? ""
		    : i + 1 == h->n_owners && h->more_owners ? ", others, "
							     : ", ",
		    h->owners[i]);
	SAY(st, ".");
}

static void say_bad_free(struct story *st, const struct event_heap *h)
{
	SAY(st, "is about to free 0x%" PRIx64 ", which is wrong: ", h->address);
	explain_teach(st, LESSON_BAD_FREE);
	switch (h->verdict) {
	case FREE_GOOD:
		break;
	case FREE_TWICE:
		say_block(st, h->number);
		SAY(st, " was freed before");
		say_place(st, &h->freed);
		break;
	case FREE_INSIDE:
		SAY(st, "the address lies ");
		explain_count(st, h->offset, "byte");
		SAY(st, " inside ");
		say_block(st, h->number);
		SAY(st, ", which was allocated");
		say_place(st, &h->allocated);
		break;
	case FREE_UNKNOWN:
		if (h->what)
			SAY(st, "there is %s, no block that was given out", h->what);
		else
			SAY(st, "no block that was given out begins there");
		break;
	}
	SAY(st, ".");
}

void explain_free(struct story *st, const struct event *ev)
{
	const struct event_heap *h = ev->heap;
	say_who(st, h);
	if (h->verdict != FREE_GOOD) {
		say_bad_free(st, h);
		explain_end(st, ev, ev->depth, "! ");
		return;
	}
	SAY(st, "takes ");
	say_block(st, h->number);
	SAY(st, " back: ");
	explain_count(st, h->size, "byte");
	SAY(st, " at 0x%" PRIx64, h->address);
	if (h->known_block) {
		SAY(st, ", allocated");
		say_place(st, &h->allocated);
	}
	SAY(st, ".");
	say_owners(st, h);
	explain_teach(st, LESSON_FREED);
	explain_end(st, ev, ev->depth, "- ");
}

void explain_realloc(struct story *st, const struct event *ev)
{
	const struct event_heap *h = ev->heap;
	say_who(st, h);
	if (h->failed) {
		say_failed(st, h);
		SAY(st, ". The old block stays as it is.");
		explain_end(st, ev, ev->depth, "! ");
		return;
	}
	SAY(st, "changes the size of ");
	say_block(st, h->number);
	SAY(st, " from %" PRIu64 " to ", h->old_size);
	explain_count(st, h->size, "byte");
	if (h->moved)
		SAY(st, " and moves it from 0x%" PRIx64 " to 0x%" PRIx64, h->old_address,
		    h->address);
	else
		SAY(st, "; it stays at 0x%" PRIx64, h->address);
	if (h->usable)
		SAY(st, ". Of it %" PRIu64 " may be used", h->usable);
	SAY(st, ".");
	if (h->moved)
		explain_teach(st, LESSON_REALLOC);
	explain_end(st, ev, ev->depth, "* ");
}

void explain_brk(struct story *st, const struct event *ev)
{
	const struct event_heap *h = ev->heap;
	SAY(st, h->shrinks ? "The allocator gives " : "The allocator takes ");
	explain_size(st, h->size);
	SAY(st, h->shrinks ? " back to the kernel" : " from the kernel");
	if (h->is_brk)
		SAY(st, ": the end of the heap moves %s to 0x%" PRIx64 " (brk)",
		    h->shrinks ? "down" : "up", h->shrinks ? h->address : h->address + h->size);
	else
		SAY(st, ": a mapping of its own at 0x%" PRIx64 " (%s)", h->address, h->call);
	SAY(st, ".");
	if (h->served) {
		SAY(st, " Since the last time ");
		explain_count(st, h->served, "request");
		SAY(st, h->served == 1 ? " was" : " were");
		SAY(st, " served without asking the kernel.");
	}
	explain_teach(st, LESSON_BRK);
	explain_end(st, ev, ev->depth, "^ ");
}

static void say_blocks(struct story *st, uint64_t blocks, uint64_t bytes)
{
	explain_count(st, blocks, "block");
	SAY(st, " of ");
	explain_count(st, bytes, "byte");
	SAY(st, blocks == 1 ? "" : " in all");
}

static void say_leak(struct story *st, const struct event_leak *leak)
{
	size_t shown = 0;
	say_blocks(st, leak->blocks, leak->bytes);
	SAY(st, ", %s", leak->call);
	say_place(st, &leak->place);
	say_via(st, &leak->place);
	for (size_t i = leak->n_path; i-- > 1 && shown < CALLERS_SHOWN; shown++) {
		const struct event_place *p = &leak->path[i - 1];
		SAY(st, ", which %s called", p->function ? p->function : "?");
		explain_line(st, p->file, p->line);
		SAY(st, p->repeats ? " (again and again)" : "");
	}
	if (leak->owner)
		SAY(st, "; what was last seen to point to it is %s", leak->owner);
}

static void say_leaks(struct story *st, const struct event *ev, const struct event_heap_summary *s)
{
	SAY(st, "Never freed: ");
	if (s->n_leaks != 1 || s->more_places)
		say_blocks(st, s->alive_blocks, s->alive_bytes);
	for (size_t i = 0; i < s->n_leaks; i++) {
		SAY(st, "%s", i ? "; " : s->n_leaks != 1 || s->more_places ? ": " : "");
		say_leak(st, &s->leaks[i]);
	}
	if (s->more_places) {
		SAY(st, "; and from ");
		explain_count(st, s->more_places, "more place");
	}
	SAY(st, ".");
	explain_teach(st, LESSON_LEAK);
	explain_end(st, ev, 0, "   ");
}

void explain_heap_summary(struct story *st, const struct event *ev)
{
	const struct event_heap_summary *s = ev->summary->heap;
	if (!s || (!s->allocs && !s->bad_frees && !s->failed && !s->unseen))
		return;
	SAY(st, "On the heap ");
	explain_count(st, s->allocs, "block");
	SAY(st, s->allocs == 1 ? " was" : " were");
	SAY(st, " given out on behalf of the functions shown, ");
	explain_count(st, s->bytes, "byte");
	SAY(st,
	    " in all, and %" PRIu64 " freed. At most %" PRIu64 " bytes were in use at the same "
	    "time.",
	    s->frees, s->peak);
	explain_end(st, ev, 0, "   ");
	if (s->alive_blocks)
		say_leaks(st, ev, s);
	if (s->bad_frees)
		SAY(st, "Wrong frees: %" PRIu64 ".", s->bad_frees);
	if (s->failed)
		SAY(st, "%sRequests that failed: %" PRIu64 ".", s->bad_frees ? " " : "", s->failed);
	explain_end(st, ev, 0, "   ");
	if (s->unseen) {
		explain_count(st, s->unseen, "allocation");
		SAY(st, " could not be met when returning, so the numbers above are without them.");
	}
	explain_end(st, ev, 0, "   ");
}
