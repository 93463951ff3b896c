/*
 * log_where.c - what an address was at one moment of a recorded run.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands/moment_private.h"
#include "events/where.h"

enum { WORD = 8, RED_ZONE = 128, NULL_PAGES = 65536 };

static const char *keep(struct moment_of *m, char *text)
{
	const char *kept = intern_text(&m->texts, text);
	free(text);
	return kept;
}

/* ---- frames ---- */

static bool by_value(const struct moment_frame *f, struct event_where *ret)
{
	for (size_t i = 0; i < f->n_values; i++) {
		const struct event_value *v = f->values[i].value;
		if (!v->has_address || ret->address < v->address ||
		    ret->address - v->address >= v->size)
			continue;
		ret->owner = f->values[i].is_argument ? "argument" : "local";
		ret->name = v->name;
		ret->type = v->type;
		ret->slot_address = v->address;
		ret->slot_size = v->size;
		return true;
	}
	return false;
}

// The frame map of its push, if frame maps were recorded.
static enum ft_rc by_slot(struct moment_of *m, const struct moment_frame *f,
			  struct event_where *ret)
{
	const struct event *ev;
	if (f->pushed_seq == UINT64_MAX)
		return FT_OK;
	enum ft_rc rc = log_event(m->log, f->pushed_seq, &ev);
	if (rc != FT_OK)
		return rc == FT_NONE ? FT_OK : rc;
	for (size_t i = 0; i < ev->n_slots; i++) {
		const struct event_slot *s = &ev->slots[i];
		if (ret->address < s->address || ret->address - s->address >= s->size)
			continue;
		ret->owner = intern_text(&m->texts, s->owner);
		ret->name = intern_text(&m->texts, s->name);
		ret->type = intern_text(&m->texts, s->type);
		ret->slot_address = s->address;
		ret->slot_size = s->size;
		ret->inferred |= s->inferred;
	}
	return FT_OK;
}

// What it was at its pop: a variable's place is known then, also where no value was known before.
static enum ft_rc by_pop(struct moment_of *m, const struct moment_frame *f, struct event_where *ret)
{
	struct log_query q = {.function = f->function,
			      .has_address = true,
			      .address = f->cfa,
			      .has_kind = true,
			      .kind = EVENT_POP};
	const struct event *ev;
	uint64_t seq;
	enum ft_rc rc = log_find(m->log, &q, m->seq, false, &seq);
	if (rc == FT_OK)
		rc = log_event(m->log, seq, &ev);
	if (rc != FT_OK)
		return rc == FT_NONE ? FT_OK : rc;
	for (size_t i = 0; i < ev->n_locals && ev->pushed_seq == f->pushed_seq; i++) {
		const struct event_value *v = &ev->locals[i];
		if (!v->has_address || ret->address < v->address ||
		    ret->address - v->address >= v->size)
			continue;
		ret->owner = "local";
		ret->name = intern_text(&m->texts, v->name);
		ret->type = intern_text(&m->texts, v->type);
		ret->slot_address = v->address;
		ret->slot_size = v->size;
	}
	return FT_OK;
}

/* How many live frames of its stack lie inside of it. */
static uint32_t frames_inside(const struct moment_of *m, size_t at)
{
	uint32_t n = 0;
	const struct moment_frame *f = &m->frames[at];
	for (size_t i = at + 1; i < m->s.n_frames; i++) {
		const struct moment_frame *o = &m->frames[i];
		n += !o->ghost && o->tid == f->tid && o->stack_top == f->stack_top;
	}
	return n;
}

static enum ft_rc in_frame(struct moment_of *m, size_t at, struct event_where *ret)
{
	const struct moment_frame *f = &m->frames[at];
	ret->tid = f->tid;
	ret->thread =
		f->tid == m->s.pid && m->map.name ? m->map.name : "its name is not in the log";
	ret->function = f->function;
	ret->frame = f->ghost ? 0 : frames_inside(m, at);
	ret->cfa = f->ghost ? 0 : f->cfa;
	ret->frame_rsp = f->rsp;
	if (ret->address >= f->cfa - WORD) {
		ret->owner = "return address";
		ret->slot_address = f->cfa - WORD;
		ret->slot_size = WORD;
	} else if (!by_value(f, ret)) {
		enum ft_rc rc = by_slot(m, f, ret);
		if (rc == FT_OK && !ret->owner)
			rc = by_pop(m, f, ret);
		if (rc != FT_OK)
			return rc;
	}
	char *owner = where_owner_text(ret);
	ret->what = f->ghost ? keep(m, xasprintf("free stack: what is left of the frame of %s, "
						 "popped by event #%" PRIu64 "%s",
						 f->function, f->popped_seq, owner))
			     : keep(m, xasprintf("in the frame of %s%s", f->function, owner));
	free(owner);
	return FT_OK;
}

static enum ft_rc on_stack(struct moment_of *m, struct event_where *ret, bool *found)
{
	*found = true;
	for (int ghosts = 0; ghosts < 2; ghosts++) {
		for (size_t i = m->s.n_frames; i-- > 0;) {
			const struct moment_frame *f = &m->frames[i];
			bool innermost = !f->ghost && frames_inside(m, i) == 0;
			uint64_t low = f->rsp - (innermost ? RED_ZONE : 0);
			if (f->ghost == (ghosts == 1) && f->rsp && ret->address < f->cfa &&
			    ret->address >= low)
				return in_frame(m, i, ret);
		}
	}
	*found = false;
	return FT_OK;
}

/* ---- the heap ---- */

static bool on_heap(struct moment_of *m, struct event_where *ret)
{
	for (size_t i = 0; i < m->s.n_blocks; i++) {
		const struct moment_block *b = &m->blocks[i];
		uint64_t off = ret->address - b->address;
		if (ret->address < b->address || (off >= b->size && off != 0))
			continue;
		char *place = !b->place.function ? xstrdup("")
			      : b->place.file && b->place.line
				      ? xasprintf(" by %s, %s:%u", b->place.function,
						  path_name(b->place.file), b->place.line)
				      : xasprintf(" by %s", b->place.function);
		char *where = off ? xasprintf("byte %" PRIu64, off) : xstrdup("the start");
		ret->block = b->address;
		ret->block_size = b->size;
		ret->block_state = "in use";
		ret->what =
			keep(m, xasprintf("%s of heap #%" PRIu64 ", %" PRIu64
					  " bytes on the heap: %s%s, event #%" PRIu64,
					  where, b->number, b->size,
					  b->call ? b->call : "allocated", place, b->alloc_seq));
		free(where);
		free(place);
		return true;
	}
	return false;
}

/* ---- files, and what is not there ---- */

static enum ft_rc name_code(struct moment_of *m, struct event_where *ret)
{
	const struct store_function *fn;
	enum ft_rc rc = log_function_at(m->log, ret->address, &fn);
	if (rc != FT_OK)
		return rc == FT_NONE ? FT_OK : rc;
	ret->symbol = intern_text(&m->texts, fn->name);
	ret->symbol_offset = ret->address - fn->lo;
	for (size_t i = 0; i < fn->n_insns && fn->insns[i].pc <= ret->address; i++)
		ret->line = fn->insns[i].line;
	ret->file = ret->line ? intern_text(&m->texts, fn->file) : NULL;
	return FT_OK;
}

static void find_region(struct moment_of *m, struct event_where *ret)
{
	for (size_t i = 0; i < m->map.n; i++) {
		const struct event_region *r = &m->regions[i];
		if (ret->address >= r->lo && ret->address < r->hi)
			ret->region = r;
		else if (r->hi <= ret->address)
			ret->below = r;
		else if (!ret->above)
			ret->above = r;
	}
	if (!ret->region) {
		ret->kind = "unmapped";
		ret->what = !m->s.map			? "not known: the log has no address space"
			    : ret->address < NULL_PAGES ? "unmapped: what NULL and a small offset "
							  "from it point to"
							: "unmapped";
		return;
	}
	ret->below = ret->above = NULL;
	ret->kind = ret->region->kind;
	ret->what = ret->region->what;
	ret->inferred = ret->region->inferred;
	ret->tid = ret->region->tid;
	for (size_t i = 0; i < ret->region->n_parts; i++)
		if (ret->address >= ret->region->parts[i].lo &&
		    ret->address < ret->region->parts[i].hi)
			ret->section = &ret->region->parts[i];
	if (*ret->region->path == '/')
		ret->module = path_name(ret->region->path);
}

static enum ft_rc find(struct moment_of *m, struct event_where *ret)
{
	bool found;
	find_region(m, ret);
	enum ft_rc rc = on_stack(m, ret, &found);
	if (rc != FT_OK || found) {
		if (found && !ret->region) { // it has grown since the map was read
			ret->kind = "stack";
			ret->below = ret->above = NULL;
		}
		return rc;
	}
	if (!on_heap(m, ret))
		return name_code(m, ret);
	if (!ret->region) { // it has grown too
		ret->kind = "heap";
		ret->below = ret->above = NULL;
	}
	return FT_OK;
}

enum ft_rc moment_where(struct moment_of *m, uint64_t seq, uint64_t address,
			const struct report_format *f, struct reporter *r)
{
	struct event_where place = {.address = address};
	struct event ev = {
		.kind = EVENT_WHERE, .seq = seq, .pid = m->s.pid, .tid = m->s.pid, .where = &place};
	enum ft_rc rc = find(m, &place);
	if (rc == FT_OK)
		f->event(r, &ev);
	return rc;
}
