#include "report/use.h"

#include <stdlib.h>
#include <string.h>

struct use_frame {
	uint64_t seq, cfa;
	uint64_t bytes;	 // of this frame
	uint64_t lowest; // rsp in it, or in what it called
	uint32_t depth;
	size_t fn;
};

/* What a function has on one stack now. */
struct use_live {
	uint64_t frames, bytes;
};

/* A stack of a thread, with the frames that live on it, outermost first. */
struct use_stack {
	int tid;
	uint64_t top;
	struct use_frame *f;
	size_t n, cap;
	struct use_live *live; // by function
	size_t n_live;
};

void use_init(struct use *u)
{
	*u = (struct use){.n = 0};
}

void use_deinit(struct use *u)
{
	for (size_t i = 0; i < u->n; i++) {
		free(u->f[i].name);
		free(u->f[i].module);
		free(u->f[i].file);
	}
	for (size_t i = 0; i < u->n_stacks; i++) {
		free(u->stacks[i].f);
		free(u->stacks[i].live);
	}
	free(u->f);
	lookup_deinit(&u->by_place);
	free(u->stacks);
	free(u->blocks);
	*u = (struct use){.n = 0};
}

/* ---- functions ---- */

static size_t function_of(struct use *u, const struct event *ev)
{
	const char *name = ev->function ? ev->function : "?";
	const char *module = ev->module ? ev->module : "";
	uint64_t hash = hash_text(hash_text(hash_text(ev->line, name), module), ev->file);
	size_t probe = 0, i;
	while ((i = lookup_next(&u->by_place, hash, &probe)) != SIZE_MAX) {
		const struct use_function *f = &u->f[i];
		if (f->line == ev->line && is_same_text(f->name, name) &&
		    is_same_text(f->module, module) && is_same_text(f->file, ev->file))
			return i;
	}
	u->f = xgrow(u->f, u->n, &u->cap, sizeof(*u->f));
	u->f[u->n] = (struct use_function){
		.name = xstrdup(name),
		.module = xstrdup(module),
		.file = xstrdup(ev->file),
		.line = ev->line,
	};
	lookup_add(&u->by_place, hash, u->n);
	return u->n++;
}

static void at_least(struct use *u, size_t fn, enum use_column column, uint64_t n)
{
	if (n > u->f[fn].n[column])
		u->f[fn].n[column] = n;
}

/* ---- stacks ---- */

/* NULL if it is not known, and `make` is false. One without frames serves for a new one. */
static struct use_stack *stack_of(struct use *u, int tid, uint64_t top, bool make)
{
	size_t empty = u->n_stacks;
	if (u->last_stack < u->n_stacks) {
		struct use_stack *s = &u->stacks[u->last_stack];
		if (s->tid == tid && s->top == top)
			return s;
	}
	for (size_t i = 0; i < u->n_stacks; i++) {
		u->last_stack = i;
		if (u->stacks[i].tid == tid && u->stacks[i].top == top)
			return &u->stacks[i];
		if (u->stacks[i].n == 0)
			empty = i;
	}
	if (!make)
		return NULL;
	if (empty == u->n_stacks) {
		u->stacks = xgrow(u->stacks, u->n_stacks, &u->cap_stacks, sizeof(*u->stacks));
		u->stacks[u->n_stacks++] = (struct use_stack){.n = 0};
	}
	u->last_stack = empty;
	u->stacks[empty].tid = tid;
	u->stacks[empty].top = top;
	return &u->stacks[empty];
}

static struct use_live *live_of(struct use *u, struct use_stack *s, size_t fn)
{
	if (fn >= s->n_live) {
		size_t n = u->cap > fn ? u->cap : fn + 1;
		s->live = xreallocarray(s->live, n, sizeof(*s->live));
		memset(s->live + s->n_live, 0, (n - s->n_live) * sizeof(*s->live));
		s->n_live = n;
	}
	return &s->live[fn];
}

static void pop(struct use *u, struct use_stack *s)
{
	struct use_frame f = s->f[--s->n];
	struct use_live *live = live_of(u, s, f.fn);
	live->frames--;
	live->bytes -= f.bytes;
	at_least(u, f.fn, USE_TOTAL, f.cfa - f.lowest);
	if (s->n > 0 && f.lowest < s->f[s->n - 1].lowest)
		s->f[s->n - 1].lowest = f.lowest;
}

static void grow_frame(struct use *u, struct use_stack *s, struct use_frame *f, uint64_t bytes)
{
	struct use_live *live = live_of(u, s, f->fn);
	live->bytes += bytes - f->bytes;
	f->bytes = bytes;
	at_least(u, f->fn, USE_FRAME, bytes);
	at_least(u, f->fn, USE_SELF, live->bytes);
}

static void on_push(struct use *u, const struct event *ev)
{
	struct use_stack *s = stack_of(u, ev->tid, ev->stack_top, true);
	size_t fn = function_of(u, ev);
	// Between a frame and what it calls itself lies nothing but the frame: alloca, arguments.
	if (s->n > 0 && ev->caller) {
		struct use_frame *top = &s->f[s->n - 1];
		if (strcmp(u->f[top->fn].name, ev->caller) == 0 && ev->cfa < top->cfa &&
		    top->cfa - ev->cfa > top->bytes)
			grow_frame(u, s, top, top->cfa - ev->cfa);
	}
	s->f = xgrow(s->f, s->n, &s->cap, sizeof(*s->f));
	struct use_frame *f = &s->f[s->n++];
	*f = (struct use_frame){
		.seq = ev->seq, .cfa = ev->cfa, .lowest = ev->cfa, .depth = ev->depth, .fn = fn};
	if (ev->rsp < ev->cfa)
		f->lowest = ev->rsp;
	struct use_live *live = live_of(u, s, fn);
	live->frames++;
	grow_frame(u, s, f, f->cfa - f->lowest);
	u->f[fn].n[USE_CALLS]++;
	at_least(u, fn, USE_DEPTH, (uint64_t)ev->depth + 1);
	at_least(u, fn, USE_RECURSION, live->frames);
}

static void on_pop(struct use *u, const struct event *ev)
{
	struct use_stack *s = stack_of(u, ev->tid, ev->stack_top, false);
	if (!s)
		return;
	size_t n = s->n;
	while (n > 0 && s->f[n - 1].seq != ev->pushed_seq)
		n--;
	while (n > 0 && s->n >= n)
		pop(u, s);
}

// The thread's live frame inside which it happens; SIZE_MAX: of none that is told of.
static size_t asker_of(const struct use *u, const struct event *ev)
{
	if (!ev->function || ev->depth == 0)
		return SIZE_MAX;
	for (size_t i = 0; i < u->n_stacks; i++) {
		const struct use_stack *s = &u->stacks[i];
		size_t k = s->tid == ev->tid ? s->n : 0;
		while (k-- > 0 && s->f[k].depth >= ev->depth - 1)
			if (s->f[k].depth == ev->depth - 1 &&
			    strcmp(u->f[s->f[k].fn].name, ev->function) == 0)
				return s->f[k].fn;
	}
	return SIZE_MAX;
}

void use_event(struct use *u, const struct event *ev)
{
	if (ev->kind == EVENT_PUSH)
		on_push(u, ev);
	else if (ev->kind == EVENT_POP)
		on_pop(u, ev);
	else if (ev->kind == EVENT_ALLOC || ev->kind == EVENT_REALLOC)
		use_heap_event(u, asker_of(u, ev), ev);
	else if (ev->kind == EVENT_FREE)
		use_heap_event(u, SIZE_MAX, ev);
}

void use_finish(struct use *u)
{
	for (size_t i = 0; i < u->n_stacks; i++)
		while (u->stacks[i].n > 0)
			pop(u, &u->stacks[i]);
	use_heap_finish(u);
}

/* ---- columns ---- */

const char *use_column_name(enum use_column column)
{
	switch (column) {
	case USE_CALLS:
		return "calls";
	case USE_FRAME:
		return "frame";
	case USE_SELF:
		return "self";
	case USE_TOTAL:
		return "total";
	case USE_DEPTH:
		return "depth";
	case USE_RECURSION:
		return "recursion";
	case USE_HEAP:
		return "heap";
	case USE_ALIVE:
		return "alive";
	case USE_COLUMNS:
		return "name";
	}
	return "";
}

enum use_column use_column_find(const char *name)
{
	enum use_column column = USE_CALLS;
	while (column < USE_COLUMNS && strcmp(use_column_name(column), name) != 0)
		column++;
	return column;
}

static int compare_names(const struct use_function *a, const struct use_function *b)
{
	int by_name = strcmp(a->name, b->name);
	if (by_name)
		return by_name;
	by_name = strcmp(a->module, b->module);
	if (by_name)
		return by_name;
	return (a->line > b->line) - (a->line < b->line);
}

static int compare(const void *a, const void *b, void *column)
{
	const struct use_function *f = a, *g = b;
	enum use_column by = *(const enum use_column *)column;
	if (by != USE_COLUMNS && f->n[by] != g->n[by])
		return f->n[by] < g->n[by] ? 1 : -1;
	return compare_names(f, g);
}

void use_sort(struct use *u, enum use_column column)
{
	if (u->n > 0)
		qsort_r(u->f, u->n, sizeof(*u->f), compare, &column);
}
