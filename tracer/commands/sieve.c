#include "commands/sieve_private.h"

#include <stdlib.h>
#include <string.h>

struct sieve *sieve_create(struct selection *selection, uint32_t max_depth)
{
	struct sieve *s = xcalloc(1, sizeof(*s));
	s->selection = selection;
	s->max_depth = max_depth;
	s->max_depth_fn = s->max_stack_fn = SIZE_MAX;
	return s;
}

void sieve_destroy(struct sieve *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_stacks; i++)
		free(s->stacks[i].f);
	sieve_values_deinit(s);
	sieve_heap_deinit(&s->heap);
	intern_deinit(&s->names);
	free(s->fn);
	lookup_deinit(&s->fn_by_text);
	lookup_deinit(&s->fn_by_name);
	free(s->stacks);
	free(s->threads);
	free(s->stores);
	free(s->frames);
	free(s->owners);
	free(s->cycle);
	free(s->rows);
	free(s);
}

/* ---- stacks ---- */

static size_t stack_index(struct sieve *s, int tid, uint64_t top)
{
	struct sieve_stack *at = s->last_stack < s->n_stacks ? &s->stacks[s->last_stack] : NULL;
	if (at && at->tid == tid && at->top == top && !at->over)
		return s->last_stack;
	for (size_t i = 0; i < s->n_stacks; i++)
		if (s->stacks[i].tid == tid && s->stacks[i].top == top && !s->stacks[i].over)
			return s->last_stack = i;
	s->stacks = xgrow(s->stacks, s->n_stacks, &s->cap_stacks, sizeof(*s->stacks));
	s->stacks[s->n_stacks] = (struct sieve_stack){
		.tid = tid, .top = top, .was.fn = SIZE_MAX, .now.fn = SIZE_MAX};
	return s->last_stack = s->n_stacks++;
}

static struct sieve_thread *thread_of(struct sieve *s, int tid)
{
	for (size_t i = 0; i < s->n_threads; i++)
		if (s->threads[i].tid == tid)
			return &s->threads[i];
	s->threads = xgrow(s->threads, s->n_threads, &s->cap_threads, sizeof(*s->threads));
	s->threads[s->n_threads] = (struct sieve_thread){.tid = tid, .current = SIZE_MAX};
	return &s->threads[s->n_threads++];
}

static struct sieve_frame *innermost_wanted(struct sieve_stack *st)
{
	for (size_t i = st->n; i-- > 0;)
		if (st->f[i].wanted)
			return &st->f[i];
	return NULL;
}

// As events/stack.c counts: a handler runs "in" its victim, also on another stack.
static uint32_t depth_to_go_on(struct sieve *s, size_t current)
{
	if (current == SIZE_MAX)
		return 0;
	const struct sieve_frame *top = innermost_wanted(&s->stacks[current]);
	return top ? top->depth + 1 : s->stacks[current].base_depth;
}

// A wanted frame's stop was on this stack.
static void go_to(struct sieve *s, size_t stack)
{
	struct sieve_thread *t = thread_of(s, s->stacks[stack].tid);
	if (t->current == stack)
		return;
	uint32_t depth = depth_to_go_on(s, t->current);
	if (s->stacks[stack].n_wanted == 0)
		s->stacks[stack].base_depth = depth;
	t->current = stack;
}

/* The frame of any stack of the thread that has this CFA, the innermost of such. */
static const struct sieve_frame *frame_at_cfa(const struct sieve *s, int tid, uint64_t cfa)
{
	for (size_t i = 0; i < s->n_stacks; i++) {
		const struct sieve_stack *st = &s->stacks[i];
		for (size_t k = st->tid == tid ? st->n : 0; k-- > 0;)
			if (st->f[k].cfa == cfa)
				return &st->f[k];
	}
	return NULL;
}

static const struct sieve_frame *frame_of_push(const struct sieve *s, int tid, uint64_t pushed_seq)
{
	for (size_t i = 0; i < s->n_stacks; i++) {
		const struct sieve_stack *st = &s->stacks[i];
		for (size_t k = st->tid == tid ? st->n : 0; k-- > 0;)
			if (st->f[k].pushed_seq == pushed_seq)
				return &st->f[k];
	}
	return NULL;
}

static void note_mark(struct sieve_mark *m, const struct sieve_frame *f, uint64_t first_cfa,
		      uint64_t seq, uint32_t depth)
{
	if (m->fn == SIZE_MAX || f->rsp < m->rsp)
		*m = (struct sieve_mark){first_cfa, f->rsp, seq, depth, f->fn};
}

static void note_depth(struct sieve *s, struct sieve_stack *st, const struct sieve_frame *f)
{
	uint64_t bytes = st->first_cfa - f->rsp;
	if (f->reported)
		s->sum.pushed++;
	else
		s->sum.too_deep++;
	if (f->depth + 1 > s->sum.max_depth) {
		s->sum.max_depth = f->depth + 1;
		s->max_depth_fn = f->fn;
	}
	if (f->rsp < st->first_cfa && bytes > s->sum.max_stack) {
		s->sum.max_stack = bytes;
		s->max_stack_fn = f->fn;
	}
	note_mark(&st->now, f, st->first_cfa, f->reported ? f->pushed_seq : UINT64_MAX, f->depth);
}

/* ---- pushes and pops ---- */

static bool on_push(struct sieve *s, const struct event *ev)
{
	size_t at = stack_index(s, ev->tid, ev->stack_top);
	struct sieve_frame f = {
		.pushed_seq = ev->seq,
		.cfa = ev->cfa,
		.rsp = ev->rsp,
		.fn = sieve_fn_find(s, ev->function, ev->symbol, ev->module, ev->file),
		.was = ev->depth,
		.caller = intern_text(&s->names, ev->caller),
		.caller_file = intern_text(&s->names, ev->caller_file),
		.caller_line = ev->caller_line,
	};
	f.wanted = s->fn[f.fn].wanted;
	if (f.wanted)
		go_to(s, at);
	struct sieve_stack *st = &s->stacks[at];
	if (st->n == 0)
		st->was_first_cfa = f.cfa;
	note_mark(&st->was, &f, st->was_first_cfa, f.pushed_seq, f.was);
	if (f.wanted) {
		if (st->n_wanted == 0)
			st->first_cfa = f.cfa;
		f.depth = st->base_depth + (uint32_t)st->n_wanted++;
		f.reported = s->max_depth == 0 || f.depth < s->max_depth;
		note_depth(s, st, &f);
	}
	st->f = xgrow(st->f, st->n, &st->cap, sizeof(*st->f));
	st->f[st->n++] = f;
	s->fn[f.fn].shown |= f.reported;
	s->ev.depth = f.depth;
	return f.reported;
}

static bool on_pop(struct sieve *s, const struct event *ev)
{
	size_t at = stack_index(s, ev->tid, ev->stack_top);
	struct sieve_stack *st = &s->stacks[at];
	size_t i = st->n;
	while (i > 0 && st->f[i - 1].pushed_seq != ev->pushed_seq)
		i--;
	if (i == 0)
		return false; // its push is not in the log
	struct sieve_frame f = st->f[i - 1];
	for (; st->n >= i; st->n--)
		st->n_wanted -= st->f[st->n - 1].wanted;
	if (!f.wanted)
		return false;
	sieve_note_pop(s, &f);
	if (ev->how == POP_EXIT)
		s->sum.left++;
	else if (ev->delta_known)
		go_to(s, at);
	s->sum.popped += f.reported;
	s->ev.depth = f.depth;
	return f.reported;
}

/* ---- what happens inside frames ---- */

static bool in_frame(struct sieve *s, const struct event *ev, const struct sieve_frame *f)
{
	if (!f || !f->reported)
		return false;
	s->ev.depth = f->depth + (ev->depth > f->was ? ev->depth - f->was : 0);
	return true;
}

static bool on_inline(struct sieve *s, const struct event *ev)
{
	size_t fn = sieve_fn_find(s, ev->function, NULL, ev->module, ev->file);
	if (!s->fn[fn].wanted || !in_frame(s, ev, frame_of_push(s, ev->tid, ev->pushed_seq)))
		return false;
	s->sum.inlined++;
	return true;
}

static void keep_stores(struct sieve *s, const struct event *ev)
{
	size_t n = 0;
	if (ev->n_stores > s->cap_stores) {
		s->stores = xreallocarray(s->stores, ev->n_stores, sizeof(*s->stores));
		s->cap_stores = ev->n_stores;
	}
	for (size_t i = 0; i < ev->n_stores; i++) {
		const struct sieve_frame *owner = NULL;
		uint64_t at = ev->stores[i].address;
		for (size_t k = 0; k < s->n_stacks && !owner; k++) {
			const struct sieve_stack *st = &s->stacks[k];
			for (size_t j = st->tid == ev->tid ? st->n : 0; j-- > 0 && !owner;)
				if (at < st->f[j].cfa && at >= st->f[j].rsp - SIEVE_RED_ZONE)
					owner = &st->f[j];
		}
		if (owner && !owner->reported)
			continue;
		s->stores[n] = ev->stores[i];
		if (owner)
			s->stores[n].depth = owner->depth;
		n++;
	}
	s->ev.stores = s->stores;
	s->ev.n_stores = n;
}

static bool on_step(struct sieve *s, const struct event *ev)
{
	const struct sieve_frame *f = frame_at_cfa(s, ev->tid, ev->cfa);
	keep_stores(s, ev);
	if (f)
		return in_frame(s, ev, f);
	// In a prologue: the frame's own push is still to come.
	size_t fn = sieve_fn_find(s, ev->function, ev->symbol, ev->module, ev->file);
	s->ev.depth = depth_to_go_on(s, thread_of(s, ev->tid)->current);
	return s->fn[fn].wanted && (s->max_depth == 0 || s->ev.depth < s->max_depth);
}

const struct sieve_frame *sieve_owner(const struct sieve *s, const struct event *ev,
				      struct event_place *ret_place)
{
	const struct sieve_frame *inner = NULL, *found = NULL;
	*ret_place = (struct event_place){.function = NULL};
	if (!ev->function)
		*ret_place = ev->heap->place;
	if (!ev->function || ev->depth == 0)
		return NULL;
	// The frame that the log names is the innermost of the thread with that depth.
	for (size_t i = 0; i < s->n_stacks; i++) {
		const struct sieve_stack *st = &s->stacks[i];
		size_t k = st->tid == ev->tid ? st->n : 0;
		while (k > 0 && st->f[k - 1].was + 1 > ev->depth)
			k--;
		if (k == 0 || st->f[k - 1].was + 1 != ev->depth)
			continue;
		found = &st->f[k - 1];
		while (k > 0 && !st->f[k - 1].reported)
			inner = &st->f[--k];
		if (k == 0)
			return NULL;
		found = &st->f[k - 1];
		break;
	}
	if (!found)
		return NULL;
	if (!inner) {
		*ret_place = ev->heap->place;
		return found;
	}
	const struct sieve_fn *fn = &s->fn[found->fn];
	bool direct = inner->caller == fn->name;
	*ret_place = (struct event_place){
		.function = fn->name,
		.file = direct ? inner->caller_file : fn->file,
		.line = direct ? inner->caller_line : 0,
		.via = s->fn[inner->fn].name,
		.via_module = ev->heap->place.via_module,
	};
	return found;
}

/* Reported frames outside of the last one that the signal tells of. */
static uint64_t frames_left(struct sieve *s, const struct event *ev)
{
	uint64_t n = 0;
	const struct event_frame_at_signal *last =
		ev->n_frames ? &ev->frames[ev->n_frames - 1] : NULL;
	size_t current = thread_of(s, ev->tid)->current;
	const struct sieve_stack *st = current < s->n_stacks ? &s->stacks[current] : NULL;
	for (size_t i = 0; last && i < s->n_stacks; i++)
		for (size_t k = 0; s->stacks[i].tid == ev->tid && k < s->stacks[i].n; k++)
			if (s->stacks[i].f[k].pushed_seq == last->pushed_seq)
				st = &s->stacks[i];
	for (size_t k = 0; st && k < st->n && (!last || st->f[k].pushed_seq != last->pushed_seq);
	     k++)
		n += st->f[k].reported;
	return n;
}

/* What a signal tells of frames: the wanted ones, at their depth. */
static void on_signal(struct sieve *s, const struct event *ev)
{
	size_t n = 0;
	s->frames = xreallocarray(s->frames, ev->n_frames + 1, sizeof(*s->frames));
	for (size_t i = 0; i < ev->n_frames; i++) {
		const struct sieve_frame *f = frame_of_push(s, ev->tid, ev->frames[i].pushed_seq);
		if (!f || !f->reported)
			continue;
		s->frames[n] = ev->frames[i];
		s->frames[n++].depth = f->depth;
	}
	s->ev.frames = n ? s->frames : NULL;
	s->ev.n_frames = n;
	if (ev->more_frames)
		s->ev.more_frames = frames_left(s, ev);
}

/* ---- any event ---- */

static void new_program(struct sieve *s, const struct event *ev)
{
	s->program = intern_text(&s->names, ev->program);
	for (size_t i = 0; i < s->n_stacks; i++) {
		s->stacks[i].n = s->stacks[i].n_wanted = 0;
		s->stacks[i].over = true;
	}
	s->n_threads = 0;
	sieve_heap_new_program(&s->heap);
}

static bool on_note(struct sieve *s, const struct event *ev)
{
	if (!ev->text)
		return true;
	if (strcmp(ev->text, NOTE_NO_DEBUG) == 0)
		return !sieve_leaves_none(s); // that is said in place of it
	s->ev.text = sieve_inlined(s, ev->text);
	return s->ev.text != NULL;
}

static bool keep(struct sieve *s, const struct event *ev)
{
	const struct sieve_frame *f;
	switch (ev->kind) {
	case EVENT_START:
	case EVENT_EXEC:
		new_program(s, ev);
		return true;
	case EVENT_PUSH:
		return on_push(s, ev);
	case EVENT_POP:
		return on_pop(s, ev);
	case EVENT_INLINE:
		return on_inline(s, ev);
	case EVENT_INSN:
	case EVENT_LINE:
	case EVENT_CHANGE:
		return on_step(s, ev);
	case EVENT_ALARM: // also of a frame that is too deep
		f = frame_of_push(s, ev->tid, ev->pushed_seq);
		s->ev.depth = f ? f->depth : 0;
		return f && f->wanted;
	case EVENT_ALLOC:
	case EVENT_FREE:
	case EVENT_REALLOC:
	case EVENT_BRK:
		return ev->heap && sieve_heap_event(s);
	case EVENT_EXIT:
		if (ev->summary)
			s->ev.summary = sieve_summary(s, ev->summary);
		return true;
	case EVENT_MAP:
		leads_map_note(&s->map, ev->map);
		return true;
	case EVENT_NOTE:
		return on_note(s, ev);
	case EVENT_SIGNAL:
		on_signal(s, ev);
		return true;
	case EVENT_THREAD:
	case EVENT_CHILD:
	case EVENT_WHERE:
		break;
	case EVENT_OVERFLOW:
		if (ev->overflow)
			sieve_overflow(s);
		return true;
	}
	return true;
}

const struct event *sieve_event(struct sieve *s, const struct event *ev)
{
	s->ev = *ev;
	leads_reset(&s->leads);
	if (!keep(s, ev))
		return NULL;
	sieve_values(s);
	return &s->ev;
}
