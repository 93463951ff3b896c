#include "events/places.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "events/collector.h"

enum {
	DEAD_REACH = 1 << 20, // below rsp that far it is taken for the stack still
};

/* ---- a variable of a frame, by what is known at its sites ---- */

// pc: where the frame is now; 0: at the accessor's own site, as far as is known.
static bool at_accessor(const struct accessor *a, const struct frame *f, uint64_t pc, uint64_t addr,
			struct known_place *ret)
{
	uint64_t at;
	if (!a->var || !a->var->name || !*a->var->name || !a->var->type)
		return false;
	if (pc ? !variable_in_scope(a->var, pc) : a->scope_ended)
		return false;
	if (a->kind == ACCESS_CFA)
		at = f->cfa + (uint64_t)a->off;
	else if (a->kind == ACCESS_BASE && f->has_base)
		at = f->base + (uint64_t)a->off;
	else
		return false;
	if (addr < at || addr - at >= a->var->type->size)
		return false;
	ret->owner = a->var->is_param ? "argument" : "local";
	ret->name = a->var->name;
	ret->address = at;
	ret->size = a->var->type->size;
	return true;
}

static bool at_any(const struct accessor *a, size_t n, const struct frame *f, uint64_t pc,
		   uint64_t addr, struct known_place *ret)
{
	for (size_t i = 0; a && i < n; i++)
		if (at_accessor(&a[i], f, pc, addr, ret))
			return true;
	return false;
}

// `inner`: the frame that it has called, or NULL.
static void name_variable(const struct frame *f, const struct frame *inner, uint64_t addr,
			  struct known_place *ret)
{
	const struct traced *fn = f->fn;
	bool calls = inner && frames_called_by(f, inner->return_address);
	uint64_t pc = calls ? inner->return_address - 1 : 0;
	if (at_any(fn->args, fn->n_args, f, pc, addr, ret))
		return;
	for (size_t i = 0; i < fn->n_exits; i++)
		if (at_any(fn->exits[i].locals, fn->n_locals, f, pc, addr, ret))
			return;
	if (!fn->map)
		return;
	const struct layout_slot *s = frame_layout_at(&fn->map->layout, f->cfa, f->rsp, addr);
	if (!s)
		return;
	ret->owner = owner_name(s->owner);
	ret->name = s->name;
	ret->address = (s->from_rsp ? f->rsp : f->cfa) + (uint64_t)(int64_t)s->off;
	ret->size = s->size;
}

// The innermost frame has the red zone too: but only what it has a name for is its own there.
static bool in_frame(const struct frame *f, const struct frame *inner, bool innermost,
		     uint64_t addr, struct known_place *ret)
{
	uint64_t red_zone = innermost ? ARCH_RED_ZONE : 0;
	if (addr < f->rsp - red_zone || addr >= f->cfa)
		return false;
	name_variable(f, inner, addr, ret);
	if (addr < f->rsp && !ret->name)
		return false;
	ret->function = f->fn->f->name;
	return true;
}

static bool on_stack(const struct stack *s, const struct frame *ending, uint64_t addr,
		     struct known_place *ret)
{
	size_t lo = 0, hi = s->n; // outermost first: CFAs fall
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (s->f[mid].cfa > addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	const struct frame *inner = lo < s->n ? &s->f[lo] : ending;
	return lo > 0 && in_frame(&s->f[lo - 1], inner, lo == s->n, addr, ret);
}

// What lies below is nobody's. A leaf may use its red zone without a name for it.
static uint64_t end_of(const struct frame *f)
{
	return f->rsp - (f->fn->plan.n_after_calls ? 0 : ARCH_RED_ZONE);
}

static bool was_on_stack(const struct stack *s, const struct frame *ending, uint64_t addr,
			 struct known_place *ret)
{
	struct ghost_list list = {.n = 0};
	if (!s->ghosts || (s->n > 0 && addr >= end_of(&s->f[s->n - 1])) ||
	    (ending && addr >= end_of(ending) && addr < ending->cfa))
		return false;
	ghosts_list(s->ghosts, addr, 1, &list);
	bool found = list.n > 0;
	if (found) {
		ret->function = list.g[0].function;
		ret->owner = list.g[0].owner;
		ret->name = list.g[0].name;
		ret->address = list.g[0].address;
		ret->size = list.g[0].size;
		ret->dead = true;
	}
	ghost_list_deinit(&list);
	return found;
}

// Below what the thread that has stopped uses: nobody named it, but it is no one's any more.
static bool below_stack(struct collector *col, uint64_t addr, struct known_place *ret)
{
	if (col->stacks.last >= col->stacks.n)
		return false;
	struct thread_stacks *t = &col->stacks.t[col->stacks.last];
	const struct frame *f = col->ending;
	if (t->n == 0)
		return false;
	uint64_t lo = t->s[t->current].lo;
	if (!f)
		f = stack_top(&t->s[t->current]);
	if (!f)
		return false;
	uint64_t end = end_of(f);
	ret->dead = addr < end && end - addr <= DEAD_REACH && addr >= lo;
	return ret->dead;
}

bool places_find(struct collector *col, uint64_t addr, struct known_place *ret)
{
	*ret = (struct known_place){.function = NULL};
	if (col->ending && in_frame(col->ending, NULL, true, addr, ret)) {
		ret->ending = true;
		return true;
	}
	for (size_t i = 0; i < col->stacks.n; i++) {
		const struct thread_stacks *t = &col->stacks.t[i];
		for (size_t k = 0; k < t->n; k++) {
			if (addr < t->s[k].lo || addr >= t->s[k].hi)
				continue;
			if (on_stack(&t->s[k], col->ending, addr, ret) ||
			    was_on_stack(&t->s[k], col->ending, addr, ret))
				return true;
		}
	}
	return below_stack(col, addr, ret);
}
