#include "events/read_private.h"

#include <stdlib.h>
#include <string.h>

static const uint32_t all_known = (1u << ARCH_GENERAL) - 1;

static void text_init(struct value_text *t)
{
	buf_init(&t->line);
	buf_init(&t->full);
	buf_init(&t->json);
	buf_init(&t->place);
}

static void text_deinit(struct value_text *t)
{
	buf_deinit(&t->line);
	buf_deinit(&t->full);
	buf_deinit(&t->json);
	buf_deinit(&t->place);
}

void read_init(struct reader *r, struct symbols *s, const struct plan_options *o)
{
	*r = (struct reader){
		.style = o->style,
		.alone = o->style,
		.want_full = o->full,
		.want_json = o->trees,
		.symbols = s,
	};
	r->alone.unreadable = "";
	value_tree_init(&r->tree);
	text_init(&r->returned);
}

static void swap_sets(struct reader *r)
{
	struct value_set mine = {r->values, r->cap_values, r->texts, r->n_texts, r->cap_texts};
	r->values = r->more.values;
	r->cap_values = r->more.cap_values;
	r->texts = r->more.texts;
	r->n_texts = r->more.n_texts;
	r->cap_texts = r->more.cap_texts;
	r->more = mine;
}

void read_deinit(struct reader *r)
{
	for (int set = 0; set < 2; set++) {
		for (size_t i = 0; i < r->n_texts; i++)
			text_deinit(&r->texts[i]);
		free(r->texts);
		free(r->values);
		swap_sets(r);
	}
	if (r->is_around)
		surroundings_deinit(&r->around);
	text_deinit(&r->returned);
	value_tree_deinit(&r->tree);
}

static size_t overlay_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	const struct overlay *o = ctx;
	size_t got = o->captured.read(o->captured.ctx, addr, buf, len);
	if (got == len)
		return got;
	size_t live = o->live.read(o->live.ctx, addr, buf, len);
	if (live >= got)
		return live;
	return o->captured.read(o->captured.ctx, addr, buf, len);
}

void read_memory(struct reader *r, const struct hit *hit, struct memory live)
{
	r->overlay = (struct overlay){hit_memory(hit), live};
	r->memory = (struct memory){overlay_read, &r->overlay};
	if (r->is_around)
		surroundings_deinit(&r->around);
	r->is_around = false;
	r->walked = NULL;
}

static struct expr_context context(const struct reader *r, const struct frame *f,
				   const struct hit *hit)
{
	return (struct expr_context){
		.regs = &hit->regs,
		.known = r->walked ? r->known : all_known,
		.fp = hit->has_fp ? &hit->fp : NULL,
		.memory = &r->memory,
		.has_cfa = true,
		.cfa = hit->cfa,
		.has_frame_base = f && f->has_base,
		.frame_base = f ? f->base : 0,
	};
}

struct expr_context read_wide_context(struct reader *r, const struct frame *f,
				      const struct hit *hit)
{
	struct expr_context ctx = context(r, f, hit);
	uint64_t pc = r->walked ? frame_lookup_pc(r->walked) : hit->regs.r[ARCH_RIP];
	bool at_site = pc == f->fn->plan.site && (!r->walked || r->walked->exact_pc);
	if (!r->is_around) {
		struct unwind_frame here = r->walked ? *r->walked : unwind_innermost(&hit->regs);
		surroundings_init(&r->around, r->symbols, &r->memory, &here);
	}
	r->is_around = true;
	entry_context_init(&r->entry, &f->entry, f->cfa);
	ctx.world = &r->around.world;
	ctx.pc = at_site ? f->fn->plan.body : pc;
	ctx.entry_regs = &r->entry.regs;
	ctx.entry_known = r->entry.known;
	ctx.entry_fp = &r->entry.fp;
	ctx.entry_fp_unknown = r->entry.fp_unknown;
	return ctx;
}

bool read_base(struct reader *r, const struct traced *fn, const struct hit *hit, uint64_t *ret)
{
	struct expr_context ctx;
	switch (fn->base.kind) {
	case BASE_UNKNOWN:
		return false;
	case BASE_CFA:
		*ret = hit->cfa + (uint64_t)fn->base.off;
		return true;
	case BASE_EXPR:
		ctx = context(r, NULL, hit);
		return expr_value(fn->base.ops, fn->base.n_ops, &ctx, ret);
	}
	return false;
}

bool read_result_pointer(struct reader *r, const struct traced *fn, const struct hit *hit,
			 uint64_t *ret)
{
	const struct entry_value *rdi = &fn->plan.at_site[ARCH_RDI];
	if (fn->returns.class != RETURN_MEMORY || rdi->size < ARCH_WORD)
		return false;
	switch (rdi->where) {
	case ENTRY_LOST:
		return false;
	case ENTRY_IN_REG:
		*ret = hit->regs.r[rdi->reg];
		return true;
	case ENTRY_AT_CFA:
		return memory_read_uint(&r->memory, hit->cfa + (uint64_t)(int64_t)rdi->off,
					ARCH_WORD, ret);
	}
	return false;
}

bool read_jump_target(struct reader *r, const struct code_exit *x, const struct hit *hit,
		      uint64_t *ret)
{
	uint64_t at = (uint64_t)x->disp;
	if (x->base < ARCH_RIP) // for rip the displacement is absolute already
		at += hit->regs.r[x->base];
	if (!x->deref) {
		*ret = at;
		return true;
	}
	if (x->index < ARCH_RIP)
		at += hit->regs.r[x->index] * x->scale;
	return memory_read_uint(&r->memory, at, ARCH_WORD, ret);
}

struct value_text *read_text_at(struct reader *r, size_t i)
{
	while (r->n_texts <= i) {
		r->texts = xgrow(r->texts, r->n_texts, &r->cap_texts, sizeof(*r->texts));
		text_init(&r->texts[r->n_texts++]);
	}
	return &r->texts[i];
}

static struct buf *line_at(struct reader *r, size_t i)
{
	struct buf *line = &read_text_at(r, i)->line;
	buf_reset(line);
	return line;
}

static void need_values(struct reader *r, size_t n)
{
	if (n <= r->cap_values)
		return;
	r->values = xreallocarray(r->values, n, sizeof(*r->values));
	r->cap_values = n;
}

/*
 * What can be said of variables that are not known: why, and what an argument was at the entry. The
 * texts follow those of the n values.
 */
static void explain(struct reader *r, const struct accessor *a, const struct frame *f,
		    const struct hit *hit, size_t i, size_t n)
{
	struct event_value *v = &r->values[i];
	if (v->known)
		return;
	struct expr_context ctx = read_wide_context(r, f, hit);
	if (!hit->held) // the caller's registers are not there: asking costs much and tells nothing
		ctx.world = NULL;
	if (a->kind == ACCESS_NONE) {
		struct buf *why = line_at(r, n + i);
		entry_missing(why, &a->var->loc, ctx.pc);
		v->why = why->len > 0 ? why->s : NULL;
	}
	if (!a->var->is_param)
		return;
	struct buf *entry = line_at(r, 2 * n + i);
	if (entry_format(entry, &r->alone, f->fn, a->var, &f->entry, &ctx))
		v->entry = entry->s;
}

struct event_value read_one(struct reader *r, const struct accessor *a, const struct frame *f,
			    const struct hit *hit)
{
	need_values(r, 1);
	read_variable(r, a, f, hit, 0);
	return r->values[0];
}

const struct event_value *read_more(struct reader *r, const struct accessor *a, size_t n,
				    const struct frame *f, const struct hit *hit)
{
	swap_sets(r);
	need_values(r, n);
	for (size_t i = 0; i < n; i++)
		read_variable(r, &a[i], f, hit, i);
	swap_sets(r);
	return r->more.values;
}

void read_walk(struct reader *r, size_t n_all)
{
	need_values(r, n_all);
}

void read_walked(struct reader *r, const struct frame *f, const struct unwind_frame *walked,
		 uint32_t known, const struct accessor *a, const struct hit *hit, size_t at,
		 size_t n_all)
{
	r->walked = walked;
	r->known = known;
	read_variable(r, a, f, hit, at);
	explain(r, a, f, hit, at, n_all);
	r->walked = NULL;
}

void read_entry(struct reader *r, const struct frame *f, const struct hit *hit, struct event *ev)
{
	const struct traced *fn = f->fn;
	need_values(r, fn->n_args);
	for (size_t i = 0; i < fn->n_args; i++) {
		read_variable(r, &fn->args[i], f, hit, i);
		explain(r, &fn->args[i], f, hit, i, fn->n_args);
	}
	ev->args = r->values;
	ev->n_args = fn->n_args;
}

void read_inline(struct reader *r, const struct frame *f, const struct accessor *args, size_t n,
		 const struct hit *hit, struct event *ev)
{
	need_values(r, n);
	for (size_t i = 0; i < n; i++)
		read_variable(r, &args[i], f, hit, i);
	ev->args = r->values;
	ev->n_args = n;
}

void read_exit(struct reader *r, const struct frame *f, const struct traced_exit *x,
	       const struct hit *hit, bool returns, struct event *ev)
{
	const struct traced *fn = f->fn;
	if (returns && fn->has_return)
		read_returned(r, f, hit, ev);
	if (!x->locals)
		return;
	size_t n = fn->n_args + fn->n_locals;
	need_values(r, n);
	for (size_t i = 0; i < n; i++) {
		const struct accessor *a =
			i < fn->n_args ? &x->args[i] : &x->locals[i - fn->n_args];
		read_variable(r, a, f, hit, i);
		explain(r, a, f, hit, i, n);
	}
	ev->args = r->values;
	ev->n_args = fn->n_args;
	ev->locals = r->values + fn->n_args;
	ev->n_locals = fn->n_locals;
}
