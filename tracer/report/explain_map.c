/*
 * explain_map.c - the address space in the explain format, and what an address is.
 */
#include <inttypes.h>
#include <string.h>

#include "report/explain.h"

static bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static void say_range(struct story *st, uint64_t lo, uint64_t hi)
{
	SAY(st, "0x%" PRIx64 " to 0x%" PRIx64 ", ", lo, hi);
	explain_size(st, hi - lo);
}

/* ---- the picture of the whole ---- */

static void say_band(struct story *st, const struct event_map *m, const struct event_band *band)
{
	SAY(st, "From ");
	say_range(st, band->lo, band->hi);
	SAY(st, ": %s", band->name);
	if (is(band->name, "free")) {
		SAY(st, ", nothing is there");
	} else if (is(band->name, "stack")) {
		SAY(st, " of the main thread; it grows down");
		if (m->stack_stop) {
			SAY(st, ", by at most ");
			explain_size(st, m->stack_room);
			SAY(st, " (%s)", m->stack_stop);
		}
	} else if (is(band->name, "heap")) {
		SAY(st, ", which brk makes grow up");
	} else if (is(band->name, "mmap area")) {
		SAY(st, ", ");
		explain_count(st, band->mappings, "mapping");
		SAY(st, ": libraries, large blocks, stacks of threads");
	} else if (is(band->name, "bss")) {
		SAY(st, ", variables that start as zero");
	} else if (is(band->name, "data")) {
		SAY(st, ", variables with a first value");
	} else if (is(band->name, "rodata")) {
		SAY(st, ", constants, which nobody may change");
	} else if (is(band->name, "text")) {
		SAY(st, ", the machine code");
	} else if (is(band->name, "relro")) {
		SAY(st, ", pointers that are read-only once the program runs");
	} else if (is(band->name, "tables")) {
		SAY(st, ", for the unwinder and the dynamic linker");
	} else if (is(band->name, "headers")) {
		SAY(st, ", the ELF header and tables for the dynamic linker");
	}
	if (band->what)
		SAY(st, " (%s)", band->what);
	SAY(st, ".");
}

static void say_change(struct story *st, const struct event_map_change *c)
{
	bool kernel_named = is(c->kind, "heap") || is(c->kind, "stack");
	if (kernel_named)
		SAY(st, "In the address space, the %s ", c->kind);
	else
		SAY(st, "In the address space, a mapping (%s)%s%s ", c->kind, *c->path ? " " : "",
		    c->path);
	if (is(c->how, "grew") || is(c->how, "shrank")) {
		SAY(st, "%s: it was ", c->how);
		say_range(st, c->old_lo, c->old_hi);
		SAY(st, ", it is ");
		say_range(st, c->lo, c->hi);
	} else if (is(c->how, "changed") && c->old_perms) {
		SAY(st, "changed from %s to %s: ", c->old_perms, c->perms);
		say_range(st, c->lo, c->hi);
	} else {
		SAY(st, "is %s: ", c->how);
		say_range(st, c->lo, c->hi);
	}
	SAY(st, ".");
}

/* ---- a process that was looked at ---- */

static void say_permissions(struct story *st, const char *perms)
{
	static const struct {
		size_t at;
		char set;
		const char *word;
	} rights[] = {{0, 'r', "read"}, {1, 'w', "written"}, {2, 'x', "executed"}};
	size_t n = 0;
	for (size_t i = 0; i < FT_COUNT(rights); i++)
		if (perms[rights[i].at] == rights[i].set)
			SAY(st, "%s%s", n++ ? " and " : "may be ", rights[i].word);
	SAY(st, n ? " (%s)" : "may not be touched (%s)", perms);
}

static void say_region(struct story *st, const struct event_region *r)
{
	say_range(st, r->lo, r->hi);
	SAY(st, ", ");
	say_permissions(st, r->perms);
	SAY(st, "%s%s%s: %s%s.", *r->path ? ", " : "", r->path, r->deleted ? " (deleted)" : "",
	    r->what ? r->what : r->kind, r->inferred ? " (inferred)" : "");
}

/* The fields of a line of /proc/PID/maps (proc(5)). */
static void say_row_format(struct story *st, const struct event *ev)
{
	SAY(st,
	    "A line of /proc/PID/maps has six fields: the addresses, the first one and one past "
	    "the last, in base 16; the permissions, r, w, x or - and p (private: a write makes a "
	    "copy of the page) or s (shared); where in the file the mapping begins, in bytes; the "
	    "device that the file is on; the file's number on that device (inode), 0 if there is "
	    "no file; and to the end of the line, which may hold spaces, the path, a name in "
	    "brackets that the kernel gives, or nothing (anonymous memory).");
	explain_end(st, ev, 0, "-- ");
}

static void say_gap(struct story *st, const struct event *ev)
{
	const struct event_map *m = ev->map;
	if (m->gap_lo >= m->gap_hi)
		return;
	SAY(st, "Between heap and stack there are %" PRIu64 " bytes (", m->gap_hi - m->gap_lo);
	explain_size(st, m->gap_hi - m->gap_lo);
	SAY(st, "); they are not all free, the mmap area lies there.");
	explain_end(st, ev, 0, "-- ");
}

void explain_map(struct story *st, const struct event *ev)
{
	const struct event_map *m = ev->map;
	if (m->explain)
		say_row_format(st, ev);
	for (size_t i = 0; i < m->n_changes; i++) {
		say_change(st, &m->changes[i]);
		explain_end(st, ev, 0, "-- ");
	}
	if (m->n_changes > 0)
		return;
	SAY(st,
	    "The address space%s%s, high addresses first. A program can have addresses below "
	    "0x%" PRIx64 ".",
	    m->when ? " at " : "", m->when ? m->when : "", m->user_end);
	explain_teach(st, LESSON_ADDRESS_SPACE);
	explain_end(st, ev, 0, "-- ");
	for (size_t i = 0; i < m->n_bands; i++) {
		say_band(st, m, &m->bands[i]);
		explain_end(st, ev, 0, "   ");
	}
	for (size_t i = m->n_bands ? 0 : m->n; i-- > 0;) {
		say_region(st, &m->regions[i]);
		explain_end(st, ev, 0, "   ");
	}
	say_gap(st, ev);
}

/* ---- where ---- */

static void say_in_file(struct story *st, const struct event_where *w)
{
	if (!w->module)
		return;
	SAY(st, " It is part of %s", w->module);
	if (w->section)
		SAY(st, ", %" PRIu64 " bytes into its %s", w->address - w->section->lo,
		    w->section->name);
	if (w->symbol)
		SAY(st, ", %" PRIu64 " bytes into %s", w->symbol_offset, w->symbol);
	explain_line(st, w->file, w->line);
	SAY(st, ".");
}

static void say_on_stack(struct story *st, const struct event_where *w)
{
	if (w->tid && w->thread)
		SAY(st, " The stack is that of thread %d (%s).", w->tid, w->thread);
	if (w->tid && w->cfa && w->function)
		SAY(st, " The frame is that of %s, from 0x%" PRIx64 " up to 0x%" PRIx64 ".",
		    w->function, w->frame_rsp, w->cfa);
	if (w->unknown)
		SAY(st, " Whose frame it is, is not known: %s.", w->unknown);
}

static void say_neighbour(struct story *st, const struct event_region *r, uint64_t distance,
			  const char *side)
{
	if (!r || strcmp(r->kind, "vsyscall") == 0) // in the kernel's half
		return;
	SAY(st, " The next mapping %s it, ", side);
	explain_size(st, distance);
	SAY(st, " away, is %s%s%s.", r->kind, *r->path ? " " : "", r->path);
}

void explain_where(struct story *st, const struct event *ev)
{
	const struct event_where *w = ev->where;
	SAY(st, "0x%" PRIx64 ": %s%s.", w->address, w->what, w->inferred ? " (inferred)" : "");
	say_in_file(st, w);
	say_on_stack(st, w);
	if (w->block)
		SAY(st, " The block begins at 0x%" PRIx64 " and has %" PRIu64 " usable bytes.",
		    w->block, w->block_size);
	if (w->region) {
		SAY(st, " The mapping goes from ");
		say_range(st, w->region->lo, w->region->hi);
		SAY(st, ", and ");
		say_permissions(st, w->region->perms);
		SAY(st, ".");
	}
	if (w->above)
		say_neighbour(st, w->above, w->above->lo - w->address, "above");
	if (w->below)
		say_neighbour(st, w->below, w->address - w->below->hi + 1, "below");
	explain_end(st, ev, 0, "-- ");
}
