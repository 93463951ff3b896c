#include "events/read.h"

#include <stdlib.h>
#include <string.h>

enum {
	VALUE_MAX = 64 * 1024, // bytes of one value that are read at most
	POINTER_AT_MOST = 128, // bytes of a library's type before the end of its first pointer
};

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
}

static struct expr_context context(const struct reader *r, const struct frame *f,
				   const struct hit *hit)
{
	return (struct expr_context){
		.regs = &hit->regs,
		.known = all_known,
		.fp = hit->has_fp ? &hit->fp : NULL,
		.memory = &r->memory,
		.has_cfa = true,
		.cfa = hit->cfa,
		.has_frame_base = f && f->has_base,
		.frame_base = f ? f->base : 0,
	};
}

// The same, and what lies outside of the frame: its past, its caller, other DIEs.
static struct expr_context wide_context(struct reader *r, const struct frame *f,
					const struct hit *hit)
{
	struct expr_context ctx = context(r, f, hit);
	bool at_site = hit->regs.r[ARCH_RIP] == f->fn->plan.site;
	if (!r->is_around)
		surroundings_init(&r->around, r->symbols, &r->memory, &hit->regs);
	r->is_around = true;
	entry_context_init(&r->entry, &f->entry, f->cfa);
	ctx.world = &r->around.world;
	ctx.pc = at_site ? f->fn->plan.body : hit->regs.r[ARCH_RIP];
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

static struct value_text *text_at(struct reader *r, size_t i)
{
	while (r->n_texts <= i) {
		r->texts = xgrow(r->texts, r->n_texts, &r->cap_texts, sizeof(*r->texts));
		text_init(&r->texts[r->n_texts++]);
	}
	return &r->texts[i];
}

static struct buf *line_at(struct reader *r, size_t i)
{
	struct buf *line = &text_at(r, i)->line;
	buf_reset(line);
	return line;
}

// The renderings that are wanted of the tree that was built.
static void write_value(struct reader *r, struct value_text *t, struct event_value *v)
{
	buf_reset(&t->line);
	value_compact(&r->tree, &t->line);
	v->value = t->line.s;
	v->known = value_known(&r->tree);
	if (!v->known)
		return;
	buf_reset(&t->full);
	if (r->want_full && value_full(&r->tree, &t->full))
		v->full = t->full.s;
	buf_reset(&t->json);
	if (r->want_json && value_json(&r->tree, &t->json))
		v->json = t->json.s;
}

static void write_reason(struct value_text *t, struct event_value *v, const char *why)
{
	buf_reset(&t->line);
	buf_str(&t->line, why);
	v->value = t->line.s;
}

static void note_pointer(struct reader *r, struct type *type, const uint8_t *bytes, size_t len,
			 struct value_text *t, struct event_value *v)
{
	uint64_t off;
	if (!read_finds_pointer(type, &off) || len < ARCH_WORD || off > len - ARCH_WORD)
		return;
	memcpy(&v->pointer, bytes + off, ARCH_WORD);
	if (!v->pointer || !r->points_to)
		return;
	buf_reset(&t->place);
	r->points_to(r->points_ctx, v->pointer, &t->place);
	v->points_to = t->place.len > 0 ? t->place.s : NULL;
}

// The same for a value in memory that was not read as a whole.
static void note_pointer_at(struct reader *r, struct type *type, uint64_t address,
			    struct value_text *t, struct event_value *v)
{
	uint8_t bytes[POINTER_AT_MOST];
	uint64_t off;
	if (!read_finds_pointer(type, &off) || off > sizeof(bytes) - ARCH_WORD)
		return;
	size_t got = r->memory.read(r->memory.ctx, address, bytes, (size_t)off + ARCH_WORD);
	note_pointer(r, type, bytes, got, t, v);
}

static void read_at(struct reader *r, struct type *type, bool follow, struct value_text *t,
		    struct event_value *v)
{
	uint8_t small[256];
	struct memory nowhere = memory_none();
	uint64_t size = type ? type->size : 0;
	if (size > VALUE_MAX)
		size = VALUE_MAX;
	uint8_t *bytes = size > sizeof(small) ? xmalloc((size_t)size) : small;
	size_t got = r->memory.read(r->memory.ctx, v->address, bytes, (size_t)size);
	if (got == size) {
		value_build(&r->tree, follow ? &r->style : &r->alone, type, bytes, got, v->address,
			    follow ? &r->memory : &nowhere);
		write_value(r, t, v);
		note_pointer(r, type, bytes, got, t, v);
	} else {
		write_reason(t, v, "<memory not readable>");
	}
	if (bytes != small)
		free(bytes);
}

static void read_place(struct reader *r, const struct accessor *a, const struct frame *f,
		       const struct hit *hit, struct value_text *t, struct event_value *v)
{
	struct expr_context ctx = wide_context(r, f, hit);
	struct expr_storage storage;
	struct regs at_body = hit->regs;
	uint8_t bytes[ARCH_WORD];
	size_t size = a->var->type ? a->var->type->size : SIZE_MAX;
	if (a->body_rsp)
		at_body.r[ARCH_RSP] = f->rsp;
	if (a->body_rbp)
		at_body.r[ARCH_RBP] = f->rbp;
	if (a->has_rsp)
		at_body.r[ARCH_RSP] = f->cfa + (uint64_t)a->rsp_off;
	ctx.regs = &at_body;
	struct place place = {.kind = PLACE_REGISTER, .reg = a->reg};
	struct place kept = {.kind = PLACE_BYTES, .block = bytes, .size = size};
	if (a->kind == ACCESS_EXPR && size <= sizeof(bytes) &&
	    entry_register(&f->entry, entry_register_of(a->ops, a->n_ops), bytes, size))
		place = kept;
	else if (a->kind == ACCESS_EXPR)
		expr_eval(a->ops, a->n_ops, &ctx, &storage, &place);
	if (place.kind == PLACE_REGISTER)
		v->reg = arch_reg_name(place.reg);
	if (place.kind == PLACE_REGISTER && place.reg < ARCH_GENERAL)
		note_pointer(r, a->var->type, (const uint8_t *)&at_body.r[place.reg], ARCH_WORD, t,
			     v);
	if (place.kind == PLACE_VALUE)
		note_pointer(r, a->var->type, (const uint8_t *)&place.value, ARCH_WORD, t, v);
	if (place.kind == PLACE_BYTES)
		note_pointer(r, a->var->type, place.block, (size_t)place.size, t, v);
	if (place.kind == PLACE_MEMORY) {
		v->has_address = true;
		v->address = place.address;
		if (a->dropped) {
			read_at(r, a->var->type, false, t, v);
			return;
		}
		note_pointer_at(r, a->var->type, place.address, t, v);
	}
	value_build_place(&r->tree, &r->style, a->var->type, &place, &ctx);
	write_value(r, t, v);
}

static void read_const(struct reader *r, const struct accessor *a, struct value_text *t,
		       struct event_value *v)
{
	uint8_t word[ARCH_WORD];
	memcpy(word, &a->var->const_value, sizeof(word));
	const uint8_t *bytes = a->var->const_bytes ? a->var->const_bytes : word;
	size_t len = a->var->const_bytes ? a->var->const_size : sizeof(word);
	value_build(&r->tree, &r->style, a->var->type, bytes, len, 0, &r->memory);
	write_value(r, t, v);
	note_pointer(r, a->var->type, bytes, len, t, v);
}

static void read_variable(struct reader *r, const struct accessor *a, const struct frame *f,
			  const struct hit *hit, size_t i)
{
	struct value_text *t = text_at(r, i);
	struct event_value *v = &r->values[i];
	struct type *type = a->var->type;
	*v = (struct event_value){
		.name = a->var->name ? a->var->name : "",
		.type = type ? type->shown : "void",
		.size = type ? type->size : 0,
		.scope_ended = a->scope_ended && !a->var->is_static,
		.is_static = a->var->is_static,
		.from_macro = a->var->from_macro,
	};
	switch (a->kind) {
	case ACCESS_NONE:
		write_reason(t, v, a->why);
		break;
	case ACCESS_CFA:
	case ACCESS_BASE:
		if (a->kind == ACCESS_BASE && !f->has_base) {
			write_reason(t, v, "<frame base not known>");
			break;
		}
		v->has_address = true;
		v->address = (a->kind == ACCESS_CFA ? f->cfa : f->base) + (uint64_t)a->off;
		read_at(r, type, !a->dropped, t, v);
		break;
	case ACCESS_CONST:
		read_const(r, a, t, v);
		break;
	case ACCESS_REG:
	case ACCESS_EXPR:
		read_place(r, a, f, hit, t, v);
		break;
	}
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
	struct expr_context ctx = wide_context(r, f, hit);
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

/*
 * A large result lies where the caller said in rdi. psABI functions hand that pointer back in rax;
 * optimised code that only its own unit calls need not, so the pointer seen at the push counts.
 */
static bool result_pointer(const struct frame *f, const struct hit *hit, struct regs *ret)
{
	*ret = hit->regs;
	if (f->fn->returns.class != RETURN_MEMORY)
		return true;
	if (f->has_result)
		ret->r[ARCH_RAX] = f->result;
	return f->has_result || !f->fn->sig->optimised;
}

static void note_returned(struct reader *r, struct type *type, const struct return_plan *plan,
			  const struct regs *regs, struct event_value *v)
{
	uint64_t words[FT_COUNT(plan->reg)] = {0};
	if (plan->class != RETURN_REGISTERS)
		return;
	for (unsigned i = 0; i < plan->n; i++)
		if (plan->reg[i] < ARCH_GENERAL)
			words[i] = regs->r[plan->reg[i]];
	note_pointer(r, type, (const uint8_t *)words, sizeof(words), &r->returned, v);
}

static void read_returned(struct reader *r, const struct frame *f, const struct hit *hit,
			  struct event *ev)
{
	const struct traced *fn = f->fn;
	struct regs regs;
	struct event_value *v = &ev->returned;
	struct type *type = fn->sig->returns;
	*v = (struct event_value){.name = "", .type = type->shown, .size = type->size};
	if (result_pointer(f, hit, &regs)) {
		return_value_build(&r->tree, &r->style, type, &fn->returns, &regs,
				   hit->has_fp ? &hit->fp : NULL, &r->memory);
		write_value(r, &r->returned, v);
	} else {
		write_reason(&r->returned, v, "<where it was stored is not known>");
	}
	if (fn->returns.class == RETURN_MEMORY && v->known) {
		v->has_address = true;
		v->address = regs.r[ARCH_RAX];
		note_pointer_at(r, type, v->address, &r->returned, v);
	} else if (fn->returns.class == RETURN_REGISTERS && fn->returns.n == 1) {
		v->reg = arch_reg_name(fn->returns.reg[0]);
	}
	note_returned(r, type, &fn->returns, &regs, v);
	ev->has_return = true;
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
