/*
 * step_state.c - what is kept of threads, frames and instructions while stepping.
 */
#include <stdlib.h>
#include <string.h>

#include "events/step_private.h"

struct stepper *step_create(const struct step_options *o)
{
	struct stepper *s = xcalloc(1, sizeof(*s));
	s->o = *o;
	s->sources = sources_create();
	s->here = xcalloc(1, sizeof(*s->here));
	for (size_t i = 0; i < FT_COUNT(s->texts); i++)
		buf_init(&s->texts[i]);
	buf_init(&s->ghost);
	return s;
}

static void forget_codes(struct stepper *s)
{
	for (size_t i = 0; i < s->codes_size; i++)
		free(s->codes[i]);
	free(s->codes);
	s->codes = NULL;
	s->codes_size = s->codes_used = 0;
	for (size_t i = 0; i < s->n_layouts; i++) {
		if (s->layouts[i]->known)
			frame_layout_deinit(&s->layouts[i]->l);
		free(s->layouts[i]);
	}
	s->n_layouts = 0;
}

void step_frame_deinit(struct step_frame *f)
{
	for (size_t i = 0; i < f->n_vars; i++)
		free(f->vars[i].text);
	free(f->vars);
	free(f->writes);
	free(f->call_text);
	free(f->snapshot);
}

static void thread_destroy(struct step_thread *t)
{
	strand_deinit(&t->now);
	for (size_t i = 0; i < t->n_by_signal; i++)
		strand_deinit(&t->by_signal[i].strand);
	for (size_t i = 0; i < t->n_frames; i++)
		step_frame_deinit(&t->frames[i]);
	free(t->frames);
	free(t);
}

void step_destroy(struct stepper *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_threads; i++)
		thread_destroy(s->threads[i]);
	free(s->threads);
	forget_codes(s);
	free(s->layouts);
	for (size_t i = 0; i < FT_COUNT(s->texts); i++)
		buf_deinit(&s->texts[i]);
	buf_deinit(&s->ghost);
	sources_destroy(s->sources);
	free(s->here);
	free(s);
}

struct step_thread *step_thread_of(struct stepper *s, pid_t tid)
{
	for (size_t i = 0; i < s->n_threads; i++)
		if (s->threads[i]->tid == tid)
			return s->threads[i];
	s->threads = xgrow(s->threads, s->n_threads, &s->cap_threads, sizeof(*s->threads));
	struct step_thread *t = xcalloc(1, sizeof(*t));
	t->tid = tid;
	return s->threads[s->n_threads++] = t;
}

void step_forget_thread(struct collector *col, pid_t tid)
{
	struct stepper *s = col->step;
	for (size_t i = 0; s && i < s->n_threads; i++) {
		if (s->threads[i]->tid != tid)
			continue;
		thread_destroy(s->threads[i]);
		s->threads[i] = s->threads[--s->n_threads];
		return;
	}
}

/*
 * Whatever refers to an instruction goes: a module's functions end with it, and addresses may mean
 * other code from now on.
 */
void step_forget_code(struct collector *col)
{
	struct stepper *s = col->step;
	if (!s)
		return;
	for (size_t i = 0; i < s->n_threads; i++) {
		struct step_thread *t = s->threads[i];
		t->code = t->last = NULL;
		strand_deinit(&t->now);
		for (size_t k = 0; k < t->n_by_signal; k++)
			strand_deinit(&t->by_signal[k].strand);
		for (size_t k = 0; k < t->n_frames; k++) {
			t->frames[k].n_writes = 0;
			t->frames[k].call = NULL;
			t->frames[k].layout = NULL;
		}
	}
	forget_codes(s);
}

/* ---- instructions, by pc ---- */

static struct step_code **code_slot(struct stepper *s, uint64_t pc)
{
	size_t i = (size_t)((pc * 0x9e3779b97f4a7c15u) >> 32) & (s->codes_size - 1);
	while (s->codes[i] && s->codes[i]->e.pc != pc)
		i = (i + 1) & (s->codes_size - 1);
	return &s->codes[i];
}

static void grow_codes(struct stepper *s)
{
	struct step_code **old = s->codes;
	size_t n = s->codes_size;
	s->codes_size = n ? 2 * n : 256;
	s->codes = xcalloc(s->codes_size, sizeof(struct step_code *));
	for (size_t i = 0; i < n; i++)
		if (old[i])
			*code_slot(s, old[i]->e.pc) = old[i];
	free(old);
}

// Code that was inlined from the system's headers or from Rust's std has no lines of the user's.
static bool is_foreign(struct collector *col, struct function *f, uint64_t pc)
{
	const struct inlined *calls;
	size_t n;
	enum origin origin = ORIGIN_OWN;
	if (symbols_inlines(col->symbols, f, &calls, &n) != FT_OK)
		return false;
	for (size_t i = 0; i < n; i++) // outer before inner
		if (ranges_hold(calls[i].ranges, calls[i].n_ranges, pc))
			origin = calls[i].origin;
	return origin == ORIGIN_STD || origin == ORIGIN_SYSTEM;
}

const struct step_code *step_code_at(struct collector *col, uint64_t pc)
{
	struct stepper *s = col->step;
	if (s->codes_size && *code_slot(s, pc))
		return *code_slot(s, pc);
	struct traced *fn = target_traced_at(col->target, pc);
	struct step_code code = {.fn = fn};
	if (!fn || code_effect(col->symbols, pc, &code.e) != FT_OK) {
		ft_error_clear();
		return NULL;
	}
	struct line_row row;
	if (symbols_line_at(col->symbols, pc, &row) == FT_OK) {
		code.file = row.file;
		code.line = row.line;
		code.begins_line = row.pc == pc && row.is_stmt && row.line > 0;
	}
	code.foreign = is_foreign(col, fn->f, pc);
	ft_error_clear();
	if (2 * (s->codes_used + 1) > s->codes_size)
		grow_codes(s);
	struct step_code *kept = xmalloc(sizeof(*kept));
	*kept = code;
	s->codes_used++;
	return *code_slot(s, pc) = kept;
}

/* ---- layouts ---- */

const struct frame_layout *step_layout_of(struct collector *col, struct traced *fn)
{
	struct stepper *s = col->step;
	size_t lo = 0, hi = s->n_layouts;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if ((uintptr_t)s->layouts[mid]->fn < (uintptr_t)fn)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == s->n_layouts || s->layouts[lo]->fn != fn) {
		struct step_layout *made = xcalloc(1, sizeof(*made));
		made->fn = fn;
		made->known =
			frame_layout_init(col->symbols, fn->f, &fn->plan, 0, &made->l) == FT_OK;
		ft_error_clear();
		s->layouts = xgrow(s->layouts, s->n_layouts, &s->cap_layouts, sizeof(*s->layouts));
		memmove(s->layouts + lo + 1, s->layouts + lo,
			(s->n_layouts++ - lo) * sizeof(*s->layouts));
		s->layouts[lo] = made;
	}
	return s->layouts[lo]->known ? &s->layouts[lo]->l : NULL;
}

/* ---- frames ---- */

struct step_frame *step_frame_of(struct step_thread *t, uint64_t seq)
{
	for (size_t i = t->n_frames; i-- > 0;)
		if (t->frames[i].seq == seq)
			return &t->frames[i];
	return NULL;
}

const struct frame *step_live(struct collector *col, const struct step_thread *t, uint64_t seq)
{
	struct thread_stacks *ts = stacks_of(&col->stacks, t->tid, control_pid(col->control));
	for (size_t i = 0; i < ts->n; i++)
		for (size_t k = ts->s[i].n; k-- > 0;)
			if (ts->s[i].f[k].seq == seq && ts->s[i].f[k].reported)
				return &ts->s[i].f[k];
	return NULL;
}
