/*
 * where_stack.c - whose frame and variable an address on a stack is, with no thread stopped.
 *
 * Of a thread that is blocked in a system call the kernel tells stack pointer and pc. The tables of
 * call frame information lead from there outwards, as long as they count from registers that the
 * functions inside have saved. Where they count from an rbp that nobody saved, the size of the
 * frame leads on: rsp is where the body has it while a call is under way.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "events/where_private.h"
#include "symbols/layout.h"

static bool is_code(const struct where *w, uint64_t addr)
{
	const struct region *r = space_at(&w->regions->space, addr);
	return r && r->x;
}

// Not known: rbp. What lies at the place that the plan gives must look like what must be there; in
// the first frame the saved rbp may be any pointer.
static bool infer_cfa(const struct where *w, struct where_frame *f)
{
	struct frame_plan plan;
	const char *why;
	uint64_t ret, saved;
	if (!f->fn || frame_plan_init(w->symbols, f->fn, &plan, &why) != FT_OK) {
		ft_error_clear();
		return false;
	}
	uint64_t rsp = f->at.regs.r[ARCH_RSP];
	uint64_t cfa = rsp - (uint64_t)(int64_t)plan.rsp_at_body;
	uint64_t rbp = cfa + (uint64_t)(int64_t)plan.rbp_off;
	bool good = plan.rsp_known && plan.rbp_is_frame && cfa > rsp &&
		    memory_read_uint(&w->memory, cfa - ARCH_WORD, ARCH_WORD, &ret) &&
		    is_code(w, ret) && memory_read_uint(&w->memory, rbp, ARCH_WORD, &saved) &&
		    (saved > rbp || saved <= 1 || space_at(&w->regions->space, saved));
	frame_plan_deinit(&plan);
	if (!good)
		return false;
	f->at.regs.r[ARCH_RBP] = rbp;
	f->at.known |= 1u << ARCH_RBP;
	f->inferred = true;
	return true;
}

// Returns whether *f has a caller.
static bool step(const struct where *w, struct where_frame *f, struct unwind_frame *caller,
		 enum unwind_end *end)
{
	struct cfi_row row;
	uint64_t pc = frame_lookup_pc(&f->at);
	if (symbols_function_at(w->symbols, pc, &f->fn) != FT_OK)
		f->fn = NULL;
	if (symbols_cfi_at(w->symbols, pc, &row) != FT_OK) {
		*end = UNWIND_END_NO_CFI;
		return false;
	}
	f->at.exact_pc |= row.signal_frame;
	if (unwind_apply(&row, &w->memory, &f->at, caller, &f->cfa, end))
		return true;
	return *end == UNWIND_END_BAD_MEMORY && f->cfa == 0 && infer_cfa(w, f) &&
	       unwind_apply(&row, &w->memory, &f->at, caller, &f->cfa, end);
}

static void walk(const struct where *w, struct where_stack *s)
{
	struct unwind_frame at = {.pc = s->thread->pc, .exact_pc = true};
	at.regs.r[ARCH_RSP] = s->thread->sp;
	at.regs.r[ARCH_RIP] = s->thread->pc;
	at.known = 1u << ARCH_RSP | 1u << ARCH_RIP;
	size_t cap = 0;
	bool moved = s->thread->pc != 0;
	s->end = UNWIND_END_LIMIT;
	while (moved && s->n < WHERE_FRAMES) {
		s->f = xgrow(s->f, s->n, &cap, sizeof(*s->f));
		struct where_frame *f = &s->f[s->n++];
		*f = (struct where_frame){.at = at};
		moved = step(w, f, &at, &s->end);
	}
	ft_error_clear();
}

static struct where_stack *stack_of(struct where *w, const struct process_thread *t)
{
	for (struct where_stack *s = w->stacks; s; s = s->next)
		if (s->thread == t)
			return s;
	struct where_stack *s = xcalloc(1, sizeof(*s));
	s->thread = t;
	s->next = w->stacks;
	w->stacks = s;
	walk(w, s);
	return s;
}

void where_forget_stacks(struct where *w)
{
	while (w->stacks) {
		struct where_stack *s = w->stacks;
		w->stacks = s->next;
		free(s->f);
		free(s);
	}
}

/* ---- the byte in its frame ---- */

static void name_slot(struct where *w, const struct where_frame *f, struct event_where *ret)
{
	struct frame_plan plan;
	struct frame_layout layout;
	const char *why;
	uint64_t rsp = f->at.regs.r[ARCH_RSP];
	if (!f->fn || frame_plan_init(w->symbols, f->fn, &plan, &why) != FT_OK) {
		ft_error_clear();
		return;
	}
	if (frame_layout_init(w->symbols, f->fn, &plan, frame_lookup_pc(&f->at), &layout) ==
	    FT_OK) {
		const struct layout_slot *slot =
			frame_layout_at(&layout, f->cfa, rsp, ret->address);
		if (slot) {
			bool argument = slot->owner == OWNER_LOCAL && slot->var &&
					slot->var->is_param && !slot->inlined;
			ret->owner = argument ? "argument" : owner_name(slot->owner);
			ret->name = slot->name ? where_keep(w, xstrdup(slot->name)) : NULL;
			if (slot->var && slot->var->type)
				ret->type = slot->var->type->shown;
			ret->slot_address =
				(slot->from_rsp ? rsp : f->cfa) + (uint64_t)(int64_t)slot->off;
			ret->slot_size = slot->size;
			ret->inferred |= slot->inferred;
		}
		frame_layout_deinit(&layout);
	}
	ft_error_clear();
	frame_plan_deinit(&plan);
}

char *where_owner_text(const struct event_where *e)
{
	if (!e->owner)
		return xstrdup("");
	uint64_t off = e->address - e->slot_address;
	char *name = e->name && e->type ? xasprintf(" %s: %s", e->name, e->type)
		     : e->name		? xasprintf(" %s", e->name)
					: xstrdup("");
	char *text = off ? xasprintf(", %s%s, byte %" PRIu64 " of %" PRIu64, e->owner, name, off,
				     e->slot_size)
			 : xasprintf(", %s%s", e->owner, name);
	free(name);
	return text;
}

static void in_frame(struct where *w, const struct where_stack *s, size_t i,
		     struct event_where *ret)
{
	const struct where_frame *f = &s->f[i];
	const char *symbol;
	uint64_t offset;
	ret->frame = (uint32_t)i;
	ret->cfa = f->cfa;
	ret->frame_rsp = f->at.regs.r[ARCH_RSP];
	ret->inferred |= f->inferred;
	if (f->fn)
		ret->function = f->fn->name;
	else if (symbols_name_at(w->symbols, frame_lookup_pc(&f->at), &symbol, &offset) == FT_OK)
		ret->function = where_keep(w, xstrdup(symbol));
	ft_error_clear();
	name_slot(w, f, ret);
	char *owner = where_owner_text(ret);
	ret->what = where_keep(w, xasprintf("in the frame of %s%s",
					    ret->function ? ret->function : "code without a name",
					    owner));
	free(owner);
}

/* What the kernel put above the first frame of the main stack (fs/binfmt_elf.c). */
static const char *above_frames(const struct process *p, uint64_t addr)
{
	if (addr >= p->env_lo && addr < p->env_hi)
		return "a string of the environment";
	if (addr >= p->args_lo && addr < p->args_hi)
		return "a string of argv";
	if (p->start_stack && addr >= p->start_stack && addr < p->args_lo)
		return "argc, the pointers of argv and of the environment, the auxiliary vector";
	if (p->env_hi && addr >= p->env_hi)
		return "the program's path, as the kernel left it above the environment";
	return NULL;
}

static bool beyond_frames(const struct where *w, const struct atlas_row *row,
			  struct event_where *ret)
{
	const char *what =
		row->kind == REGION_STACK ? above_frames(&w->regions->process, ret->address) : NULL;
	if (row->tcb && ret->address >= row->tcb)
		what = "the thread's control block (glibc's struct pthread)";
	if (what)
		ret->what = what;
	return what != NULL;
}

// Two stacks may lie in one mapping: an address is on that whose pointer is the next one below it.
static bool is_nearer(uint64_t sp, uint64_t than, uint64_t addr)
{
	if ((sp <= addr) != (than <= addr))
		return sp <= addr;
	return sp <= addr ? sp > than : sp < than;
}

static const struct process_thread *thread_of(const struct where *w, const struct atlas_row *row,
					      uint64_t addr)
{
	const struct process *p = &w->regions->process;
	const struct process_thread *owner = NULL, *here = NULL;
	for (size_t i = 0; i < p->n_threads; i++) {
		const struct process_thread *t = &p->threads[i];
		if (t->sp >= row->region->lo && t->sp < row->region->hi &&
		    (!here || is_nearer(t->sp, here->sp, addr)))
			here = t;
		if (t->tid == row->tid)
			owner = t;
	}
	return here ? here : owner;
}

static void find_frame(struct where *w, const struct where_stack *s, const struct atlas_row *row,
		       struct event_where *ret)
{
	uint64_t addr = ret->address, sp = s->thread->sp;
	if (addr < sp) {
		ret->what = sp - addr <= ARCH_RED_ZONE
				    ? "below the stack pointer, in the red zone of the innermost "
				      "frame"
				    : "free stack, below the stack pointer: what ended frames left";
		return;
	}
	for (size_t i = 0; i < s->n; i++) {
		if (s->f[i].cfa == 0 || addr < s->f[i].at.regs.r[ARCH_RSP])
			break;
		if (addr < s->f[i].cfa) {
			in_frame(w, s, i, ret);
			return;
		}
	}
	if (s->end == UNWIND_END_OUTERMOST && row->kind == REGION_THREAD_STACK) {
		ret->what = "above the thread's first frame: what the C library keeps there, "
			    "thread-local storage";
		return;
	}
	if (s->end == UNWIND_END_OUTERMOST)
		ret->what = "above the first frame of the stack";
	else
		ret->unknown = unwind_end_text(s->end);
}

void where_on_stack(struct where *w, const struct atlas_row *row, struct event_where *ret)
{
	const struct process_thread *t = thread_of(w, row, ret->address);
	ret->what = row->what;
	if (t) {
		ret->tid = (int)t->tid;
		ret->thread = t->name;
	}
	if (beyond_frames(w, row, ret))
		return;
	if (!t)
		ret->unknown = "no thread uses this stack";
	else if (t->sp == 0)
		ret->unknown = "the thread runs at this moment, or may not be looked at; only of "
			       "one that waits the stack can be read";
	else if (t->sp < row->region->lo || t->sp >= row->region->hi)
		ret->unknown = "the thread is on another stack now";
	else
		find_frame(w, stack_of(w, t), row, ret);
}
