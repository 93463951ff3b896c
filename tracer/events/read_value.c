/*
 * read_value.c - one value of a hit: its bytes, where they are, its texts, where it points.
 */
#include "events/read_private.h"

#include <stdlib.h>
#include <string.h>

enum {
	VALUE_MAX = 64 * 1024, // bytes of one value that are read at most
	POINTER_AT_MOST = 128, // bytes of a library's type before the end of its first pointer
};

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

static void note_pointer(struct reader *r, struct pointer_in p, const uint8_t *bytes, size_t len,
			 struct value_text *t, struct event_value *v)
{
	if (!p.any || len < ARCH_WORD || p.off > len - ARCH_WORD)
		return;
	memcpy(&v->pointer, bytes + p.off, ARCH_WORD);
	if (!v->pointer || !r->points_to)
		return;
	buf_reset(&t->place);
	r->points_to(r->points_ctx, v->pointer, &t->place);
	v->points_to = t->place.len > 0 ? t->place.s : NULL;
}

// The same for a value in memory that was not read as a whole.
static void note_pointer_at(struct reader *r, struct pointer_in p, uint64_t address,
			    struct value_text *t, struct event_value *v)
{
	uint8_t bytes[POINTER_AT_MOST];
	if (!p.any || p.off > sizeof(bytes) - ARCH_WORD)
		return;
	size_t got = r->memory.read(r->memory.ctx, address, bytes, (size_t)p.off + ARCH_WORD);
	note_pointer(r, p, bytes, got, t, v);
}

static void read_at(struct reader *r, const struct accessor *a, bool follow, struct value_text *t,
		    struct event_value *v)
{
	struct type *type = a->var->type;
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
		note_pointer(r, a->pointer, bytes, got, t, v);
	} else {
		write_reason(t, v, "<memory not readable>");
	}
	if (bytes != small)
		free(bytes);
}

static void read_place(struct reader *r, const struct accessor *a, const struct frame *f,
		       const struct hit *hit, struct value_text *t, struct event_value *v)
{
	struct expr_context ctx = read_wide_context(r, f, hit);
	struct expr_storage storage;
	struct regs at_body = hit->regs;
	uint8_t bytes[ARCH_WORD];
	size_t size = a->var->type ? a->var->type->size : SIZE_MAX;
	if (a->body_rsp)
		at_body.r[ARCH_RSP] = f->rsp;
	if (a->body_rbp)
		at_body.r[ARCH_RBP] = f->rbp;
	ctx.known |= (uint32_t)a->body_rbp << ARCH_RBP;
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
	bool is_kept = place.kind == PLACE_REGISTER && place.reg < ARCH_GENERAL;
	if (is_kept && ctx.known >> place.reg & 1)
		note_pointer(r, a->pointer, (const uint8_t *)&at_body.r[place.reg], ARCH_WORD, t,
			     v);
	if (place.kind == PLACE_VALUE)
		note_pointer(r, a->pointer, (const uint8_t *)&place.value, ARCH_WORD, t, v);
	if (place.kind == PLACE_BYTES)
		note_pointer(r, a->pointer, place.block, (size_t)place.size, t, v);
	if (place.kind == PLACE_MEMORY) {
		v->has_address = true;
		v->address = place.address;
		if (a->dropped) {
			read_at(r, a, false, t, v);
			return;
		}
		note_pointer_at(r, a->pointer, place.address, t, v);
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
	note_pointer(r, a->pointer, bytes, len, t, v);
}

void read_variable(struct reader *r, const struct accessor *a, const struct frame *f,
		   const struct hit *hit, size_t i)
{
	struct value_text *t = read_text_at(r, i);
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
		read_at(r, a, !a->dropped, t, v);
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

/* ---- results ---- */

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

static void note_returned(struct reader *r, const struct traced *fn, const struct regs *regs,
			  struct event_value *v)
{
	const struct return_plan *plan = &fn->returns;
	uint64_t words[FT_COUNT(plan->reg)] = {0};
	if (plan->class != RETURN_REGISTERS)
		return;
	for (unsigned i = 0; i < plan->n; i++)
		if (plan->reg[i] < ARCH_GENERAL)
			words[i] = regs->r[plan->reg[i]];
	note_pointer(r, fn->returned_pointer, (const uint8_t *)words, sizeof(words), &r->returned,
		     v);
}

void read_returned(struct reader *r, const struct frame *f, const struct hit *hit, struct event *ev)
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
		note_pointer_at(r, fn->returned_pointer, v->address, &r->returned, v);
	} else if (fn->returns.class == RETURN_REGISTERS && fn->returns.n == 1) {
		v->reg = arch_reg_name(fn->returns.reg[0]);
	}
	note_returned(r, fn, &regs, v);
	ev->has_return = true;
}
