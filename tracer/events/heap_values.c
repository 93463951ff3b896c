/*
 * heap_values.c - variables and blocks: what points where, who owns what, and what dangles.
 */
#include <stdlib.h>
#include <string.h>

#include "events/collector.h"
#include "events/heap.h"

enum { GONE_FRAMES = 64, LOCALS_LOOKED_AT = 64 };

struct gone_frame {
	const struct function *f;
	uint64_t cfa, rsp;
};

void heap_values_deinit(struct collector *col)
{
	for (size_t i = 0; i < col->n_dangling; i++)
		buf_deinit(&col->dangling[i]);
	free(col->dangling);
	free(col->values);
	free(col->gone);
	buf_deinit(&col->heap_text);
}

void heap_unload(struct collector *col)
{
	heap_forget_keys(col->heap);
	col->n_gone = 0;
}

void heap_note_pop(struct collector *col, const struct frame *f)
{
	if (!col->heap)
		return;
	if (!col->gone)
		col->gone = xcalloc(GONE_FRAMES, sizeof(*col->gone));
	col->gone[col->n_gone++ % GONE_FRAMES] =
		(struct gone_frame){.f = f->fn->f, .cfa = f->cfa, .rsp = f->rsp};
}

static const char *gone_at(const struct collector *col, uint64_t addr)
{
	size_t n = col->n_gone < GONE_FRAMES ? col->n_gone : GONE_FRAMES;
	for (size_t i = 1; i <= n; i++) {
		const struct gone_frame *g = &col->gone[(col->n_gone - i) % GONE_FRAMES];
		if (addr < g->cfa && addr >= g->rsp - ARCH_RED_ZONE)
			return g->f->name;
	}
	return NULL;
}

static struct buf *text_of(struct collector *col, size_t i)
{
	if (i >= col->n_dangling) {
		col->dangling = xreallocarray(col->dangling, i + 1, sizeof(*col->dangling));
		while (col->n_dangling <= i)
			buf_init(&col->dangling[col->n_dangling++]);
	}
	buf_reset(&col->dangling[i]);
	return &col->dangling[i];
}

static void add_place(struct buf *b, const struct event_place *p)
{
	buf_str(b, p->function ? " by " : " outside of the traced functions");
	if (!p->function)
		return;
	buf_str(b, p->function);
	if (p->file && p->line)
		buf_printf(b, ", %s:%u", path_name(p->file), p->line);
}

/* The stack below `live` is nobody's any more; 0: that is not known (alloca). */
static void note_value(struct collector *col, const struct stack *s, uint64_t live, size_t i,
		       struct event_value *v)
{
	struct block b;
	bool alive;
	if (v->pointer == 0 || !v->known)
		return;
	if (heap_block_at(col->heap, v->pointer, &b, &alive) && heap_is_numbered(&b)) {
		v->block = b.number;
		v->block_offset = v->pointer - b.addr;
		v->block_size = b.size;
		v->points_to = NULL; // the block says it
		if (alive)
			return;
		struct event_place freed = heap_place_text(col->heap, b.free_path);
		struct buf *text = text_of(col, i);
		buf_printf(text, "heap #%llu, freed", (unsigned long long)b.number);
		add_place(text, &freed);
		v->dangling = text->s;
	} else if (v->pointer >= s->lo && v->pointer < s->hi && v->pointer < live) {
		const char *name = gone_at(col, v->pointer);
		struct buf *text = text_of(col, i);
		buf_str(text, "the stack below all frames");
		if (name)
			buf_printf(text, ", where the frame of %s was", name);
		v->dangling = text->s;
	}
}

static void own(struct collector *col, const struct event *ev, const struct event_value *v)
{
	if (v->block && !v->dangling && v->block_offset == 0 && !v->scope_ended)
		heap_own(col->heap, v->pointer, ev->function, *v->name ? v->name : "(returned)");
}

static bool has_pointer(const struct event_value *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].pointer)
			return true;
	return false;
}

/* Values are copied to be changed: what the reader keeps may be shared with the frame map. */
void heap_note_values(struct collector *col, struct stack *s, const struct frame *f,
		      struct event *ev)
{
	bool any = has_pointer(ev->args, ev->n_args) || has_pointer(ev->locals, ev->n_locals);
	size_t n = any ? ev->n_args + ev->n_locals : 0;
	bool push = ev->kind == EVENT_PUSH;
	if (!col->heap)
		return;
	if (n > col->cap_values) {
		col->values = xreallocarray(col->values, n, sizeof(*col->values));
		col->cap_values = n;
	}
	for (size_t i = 0; i < n; i++) {
		struct event_value *v = &col->values[i];
		*v = i < ev->n_args ? ev->args[i] : ev->locals[i - ev->n_args];
		if (push &&
		    heap_is_freeing(col->heap, ev->tid, f->cfa, f->return_address, v->pointer))
			continue; // free itself is traced
		note_value(col, s, push ? f->rsp : 0, i, v);
		own(col, ev, v);
	}
	if (n > 0) {
		ev->args = col->values;
		ev->locals = ev->n_locals ? col->values + ev->n_args : NULL;
	}
	if (!ev->has_return)
		return;
	note_value(col, s, f->cfa, n, &ev->returned);
	own(col, ev, &ev->returned);
}

void heap_note_change(struct collector *col, int tid, const struct frame *f, uint64_t rsp, size_t i,
		      struct event_value *v)
{
	const struct stack *s =
		stack_holding(stacks_of(&col->stacks, tid, control_pid(col->control)), f->cfa);
	if (!col->heap || !s)
		return;
	// A leaf may have variables below rsp. On another stack, as a handler's, rsp tells nothing.
	note_value(col, s, rsp < s->hi ? rsp - ARCH_RED_ZONE : 0, i, v);
}

/* Before a block goes: which variable of the frame that is at pc has its address now. */
void heap_note_locals(struct collector *col, const struct frame *f, uint64_t pc, uint64_t block)
{
	const struct signature *sig = f->fn->sig;
	for (size_t i = 0; sig && i < sig->n_locals && i < LOCALS_LOOKED_AT; i++) {
		const struct variable *v = &sig->locals[i];
		uint64_t word;
		if (!v->name || v->is_static || !plan_is_shown(v, target_plan(col->target)) ||
		    !pointer_in(v->type).any)
			continue;
		// Rust drops at the end of a block what is out of scope by then: its slot tells.
		struct accessor a = accessor_make(f->fn, v, pc, !variable_in_scope(v, pc));
		uint64_t off = a.pointer.off;
		if (a.kind == ACCESS_CFA)
			off += f->cfa + (uint64_t)a.off;
		else if (a.kind == ACCESS_BASE && f->has_base)
			off += f->base + (uint64_t)a.off;
		else
			continue;
		if (memory_read_uint(&col->reader.memory, off, ARCH_WORD, &word) && word == block)
			heap_own(col->heap, block, f->fn->f->name, v->name);
	}
}
