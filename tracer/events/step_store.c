/*
 * step_store.c - what an instruction stores into traced frames: whose bytes, from what to what.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events/step_private.h"

// The part of [addr, addr + size) that lies in the traced frames of one stack.
static bool clip(const struct stack *s, uint64_t rsp, uint64_t top, struct code_store *st)
{
	uint64_t lo = s && s->n > 0 && (rsp <= s->lo || rsp > s->hi) ? s->f[s->n - 1].rsp : rsp;
	lo -= ARCH_RED_ZONE;
	if (st->address >= top || st->address + st->size <= lo || st->address + st->size < st->size)
		return false;
	if (st->address < lo) {
		st->size -= lo - st->address;
		st->address = lo;
	}
	if (st->size > top - st->address)
		st->size = top - st->address;
	return true;
}

static bool in_frames(const struct step_thread *t, const struct thread_stacks *ts,
		      struct code_store *st)
{
	uint64_t rsp = t->regs.r[ARCH_RSP];
	if (st->address < rsp) // what is pushed
		rsp = st->address;
	for (size_t i = 0; i < ts->n; i++) {
		const struct stack *s = &ts->s[i];
		uint64_t from = i == ts->current ? rsp : s->n > 0 ? s->f[s->n - 1].rsp : 0;
		if (s->n > 0 && clip(s, from, s->f[0].cfa, st))
			return true;
	}
	return t->now.prologue && clip(NULL, rsp, t->now.cfa, st);
}

void store_before(struct collector *col, struct step_thread *t, struct thread_stacks *ts)
{
	struct code_store st;
	t->store.size = 0;
	if (!t->code->e.store || !code_effect_store(&t->code->e, &t->regs, &st) ||
	    !in_frames(t, ts, &st))
		return;
	if (st.size > STEP_BYTES)
		st.size = STEP_BYTES;
	struct memory live = control_memory(col->control);
	t->store.address = st.address;
	t->store.size = (uint32_t)st.size;
	t->store.maybe = t->code->e.store_maybe;
	t->store.has_old = memory_read(&live, st.address, t->store.old, (size_t)st.size);
}

// The dead bytes under a store are its own now.
static void overwrite_ghosts(struct thread_stacks *ts, struct step_store *st)
{
	struct stack *s = stack_holding(ts, st->address);
	struct ghost_list died = {.n = 0};
	st->ghost[0] = '\0';
	if (!s || !s->ghosts)
		return;
	ghosts_overwrite(s->ghosts, st->address, st->size, &died);
	struct buf text;
	buf_init(&text);
	ghost_list_text(&died, &text);
	snprintf(st->ghost, sizeof(st->ghost), "%s", text.s);
	buf_deinit(&text);
	ghost_list_deinit(&died);
}

static bool settle_store(struct collector *col, struct step_thread *t, const struct regs *after)
{
	struct step_store *st = &t->store;
	struct memory live = control_memory(col->control);
	if (st->size == 0)
		return false;
	// A repeated one may have been stopped by its condition, or by a signal.
	if (t->code->e.repeated && after->r[ARCH_RCX] != 0)
		st->maybe = true;
	st->has_new = memory_read(&live, st->address, st->now, st->size);
	if (!st->maybe)
		return true;
	if (!st->has_new || !st->has_old)
		return false;
	uint32_t lo = 0, hi = st->size;
	while (lo < hi && st->old[lo] == st->now[lo])
		lo++;
	while (hi > lo && st->old[hi - 1] == st->now[hi - 1])
		hi--;
	memmove(st->old, st->old + lo, hi - lo);
	memmove(st->now, st->now + lo, hi - lo);
	st->address += lo;
	st->size = hi - lo;
	return st->size > 0;
}

bool store_after(struct collector *col, struct step_thread *t, struct thread_stacks *ts,
		 const struct regs *after)
{
	if (!settle_store(col, t, after))
		return false;
	overwrite_ghosts(ts, &t->store);
	return true;
}

/* ---- names ---- */

// The frame whose bytes these are: the innermost one that reaches there.
static const struct step_frame *owner_of(const struct step_thread *t, uint64_t addr)
{
	for (size_t i = t->n_frames; i-- > 0;)
		if (addr < t->frames[i].cfa && addr >= t->frames[i].rsp - ARCH_RED_ZONE)
			return &t->frames[i];
	return NULL;
}

struct place_of {
	const struct variable *var;
	uint64_t address, size; // of the whole
};

static bool variable_at(const struct step_frame *f, const struct frame *live, uint64_t addr,
			uint64_t pc, struct place_of *ret)
{
	bool found = false;
	for (size_t i = 0; i < f->n_vars; i++) {
		const struct variable *v = f->vars[i].var;
		struct accessor a = accessor_make(f->fn, v, f->fn->plan.body, true);
		bool base = a.kind == ACCESS_BASE && live->has_base;
		uint64_t size = v->type ? v->type->size : 0;
		if (a.kind != ACCESS_CFA && !base)
			continue;
		uint64_t at = (base ? live->base : live->cfa) + (uint64_t)a.off;
		if (addr < at || addr - at >= size)
			continue;
		if (found && !variable_in_scope(v, pc))
			continue; // two share the slot: the one that is in scope
		*ret = (struct place_of){v, at, size};
		found = true;
	}
	return found;
}

static struct buf *next_text(struct stepper *s)
{
	struct buf *b = &s->texts[s->n_texts++ % FT_COUNT(s->texts)];
	buf_reset(b);
	return b;
}

// Little endian, as a register would show it; more than 8 bytes as they lie.
static const char *hex_text(struct stepper *s, const uint8_t *bytes, size_t len)
{
	struct buf *b = next_text(s);
	uint64_t word = 0;
	if (len <= ARCH_WORD) {
		memcpy(&word, bytes, len);
		buf_hex(b, word);
		return b->s;
	}
	for (size_t i = 0; i < len && i < 32; i++)
		buf_printf(b, "%s%02x", i ? " " : "", bytes[i]);
	if (len > 32)
		buf_str(b, " ...");
	return b->s;
}

static const char *value_text(struct collector *col, struct type *type, const uint8_t *bytes,
			      size_t len)
{
	struct buf *b = next_text(col->step);
	struct memory nowhere = memory_none();
	if (type)
		value_format(b, &col->reader.alone, type, bytes, len, &nowhere);
	return b->s;
}

// What the layout says of bytes that hold no variable; returns how many of them it means.
static uint32_t owner_by_layout(const struct step_frame *f, const struct frame *live, uint64_t addr,
				uint32_t len, struct event_store *ret)
{
	const struct layout_slot *slot =
		f->layout ? frame_layout_at(f->layout, live->cfa, live->rsp, addr) : NULL;
	if (!slot) {
		if (addr >= live->cfa - ARCH_WORD)
			ret->owner = "return address";
		return len;
	}
	// What a push stores below the body's rsp lies in what is the red zone there.
	if (slot->owner != OWNER_UNKNOWN && slot->owner != OWNER_PADDING &&
	    slot->owner != OWNER_LOCAL && !(slot->owner == OWNER_RED_ZONE && addr < live->rsp))
		ret->owner = owner_name(slot->owner);
	ret->name = slot->owner == OWNER_LOCAL ? NULL : slot->name;
	uint64_t at = (slot->from_rsp ? live->rsp : live->cfa) + (uint64_t)(int64_t)slot->off;
	return len > at + slot->size - addr ? (uint32_t)(at + slot->size - addr) : len;
}

static void describe_one(struct collector *col, struct step_thread *t, const struct step_store *st,
			 uint32_t from, uint32_t *ret_len, const struct step_code *by,
			 struct event_store *ret)
{
	uint64_t addr = st->address + from;
	uint32_t len = st->size - from;
	const struct step_frame *f = owner_of(t, addr);
	const struct frame *live = f ? step_live(col, t, f->seq) : NULL;
	struct place_of p = {.var = NULL};
	*ret = (struct event_store){.address = addr};
	if (live) {
		ret->depth = f->depth;
		ret->function = f->fn->f->name;
		if (len > f->cfa - addr)
			len = (uint32_t)(f->cfa - addr);
		if (variable_at(f, live, addr, by ? by->e.pc : 0, &p)) {
			ret->owner = p.var->is_param ? "argument" : "local";
			ret->name = p.var->name;
			if (len > p.address + p.size - addr)
				len = (uint32_t)(p.address + p.size - addr);
		} else {
			len = owner_by_layout(f, live, addr, len, ret);
		}
	}
	if (by && by->e.kind == CODE_CALL && !st->maybe) // of a callee that is not traced
		ret->owner = "return address";
	bool whole = p.var && addr == p.address && len == p.size;
	ret->type = whole && p.var->type ? p.var->type->shown : NULL;
	ret->size = len;
	ret->ghost = from == 0 && st->ghost[0] ? st->ghost : NULL;
	if (st->has_old)
		ret->old = whole ? value_text(col, p.var->type, st->old + from, len)
				 : hex_text(col->step, st->old + from, len);
	if (st->has_new)
		ret->value = whole ? value_text(col, p.var->type, st->now + from, len)
				   : hex_text(col->step, st->now + from, len);
	*ret_len = len;
}

size_t store_describe(struct collector *col, struct step_thread *t, const struct step_store *st,
		      const struct step_code *by, struct event_store *ret, size_t max)
{
	size_t n = 0;
	for (uint32_t from = 0; from < st->size && n < max;) {
		uint32_t len = 0;
		describe_one(col, t, st, from, &len, by, &ret[n]);
		len = len ? len : st->size - from;
		n += !st->maybe || memcmp(st->old + from, st->now + from, len) != 0;
		from += len;
	}
	return n;
}
