/*
 * map_plan.c - which of a frame's bytes are whose at one site, and which variable's value is where.
 */
#include <stdlib.h>

#include "events/map.h"

enum { FRAME_BYTES = 8 * 1024 }; // a frame up to this is captured whole with the hit

static size_t find(const struct accessor *a, size_t n, const struct variable *v)
{
	for (size_t i = 0; i < n; i++)
		if (a[i].var == v)
			return i;
	return SIZE_MAX;
}

static size_t add_own(struct map_plan *p, size_t *cap, const struct accessor *a)
{
	p->own = xgrow(p->own, p->n_own, cap, sizeof(*p->own));
	p->own[p->n_own] = *a;
	return p->n_site + p->n_own++;
}

// What the event has anyway is not read twice.
static size_t value_for(struct map_plan *p, size_t *cap, const struct traced *t,
			const struct traced_exit *x, const struct variable *v)
{
	const struct accessor *args = x ? x->args : t->args, *locals = x ? x->locals : NULL;
	size_t i = args ? find(args, t->n_args, v) : SIZE_MAX;
	if (i != SIZE_MAX)
		return i;
	i = locals ? find(locals, t->n_locals, v) : SIZE_MAX;
	if (i != SIZE_MAX)
		return t->n_args + i;
	i = find(p->own, p->n_own, v);
	if (i != SIZE_MAX)
		return p->n_site + i;
	struct accessor a = accessor_make(t, v, p->layout.pc, x != NULL);
	return add_own(p, cap, &a);
}

// Locals that are in registers already when the function begins: no slot tells of them.
static void add_registers(struct map_plan *p, size_t *cap, const struct traced *t,
			  const struct plan_options *o)
{
	for (size_t i = 0; i < t->sig->n_locals; i++) {
		const struct variable *v = &t->sig->locals[i];
		if (!plan_is_shown(v, o) || !variable_in_scope(v, p->layout.pc) ||
		    find(p->own, p->n_own, v) != SIZE_MAX)
			continue;
		struct accessor a = accessor_make(t, v, p->layout.pc, false);
		if (a.kind == ACCESS_REG || (a.kind == ACCESS_EXPR && !v->is_static))
			add_own(p, cap, &a);
	}
}

static void want_frame(const struct frame_layout *l, struct ranges *ranges, struct capture_plan *c)
{
	int64_t lo = 0, hi = 0;
	c->hold = true; // pointers are followed as far as they go
	for (size_t i = 0; i < l->n; i++) {
		const struct layout_slot *s = &l->slots[i];
		if (s->from_rsp)
			continue;
		if (s->off < lo)
			lo = s->off;
		if ((int64_t)s->off + s->size > hi)
			hi = (int64_t)s->off + s->size;
	}
	if (hi - lo <= FRAME_BYTES)
		ranges_add(ranges, lo, hi);
}

struct map_plan *map_plan_create(const struct traced *t, const struct traced_exit *x,
				 const struct plan_options *o, struct ranges *ranges,
				 struct capture_plan *c)
{
	struct map_plan *p = xcalloc(1, sizeof(*p));
	size_t cap = 0;
	uint64_t pc = x ? x->exit->pc : t->plan.body;
	enum ft_rc rc = frame_layout_init(t->symbols, t->f, &t->plan, pc, &p->layout);
	if (rc != FT_OK) {
		if (rc == FT_FAIL)
			ft_error_clear(); // a frame without a map
		free(p);
		return NULL;
	}
	p->layout.pc = pc;
	p->n_site = t->n_args + (x && x->locals ? t->n_locals : 0);
	p->value = xcalloc(p->layout.n + 1, sizeof(*p->value));
	for (size_t i = 0; i < p->layout.n; i++) {
		const struct layout_slot *slot = &p->layout.slots[i];
		// At the body, what is not stored yet has no value: its bytes are anything.
		bool has = slot->var && t->sig &&
			   (x || slot->at_body || (slot->var->is_param && !slot->inlined));
		p->value[i] = has ? value_for(p, &cap, t, x, slot->var) : SIZE_MAX;
	}
	if (!x && t->sig)
		add_registers(p, &cap, t, o);
	for (size_t i = 0; i < p->n_own; i++)
		accessor_capture(&p->own[i], o, ranges, c);
	want_frame(&p->layout, ranges, c);
	return p;
}

void map_plan_destroy(struct map_plan *p)
{
	if (!p)
		return;
	frame_layout_deinit(&p->layout);
	free(p->value);
	free(p->own);
	free(p);
}
