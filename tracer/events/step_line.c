/*
 * step_line.c - source lines as they are reached, and what each one changed.
 *
 * A line is reached where one of its rows that is a statement begins and another line ran before,
 * or the same one and a jump went back: each turn of a loop counts.
 */
#include <stdlib.h>
#include <string.h>

#include "events/step_private.h"

static const char no_text[] = "";

static void look_from(struct collector *col, const struct frame *f, const struct step_thread *t,
		      const struct regs *regs)
{
	struct hit *here = col->step->here;
	here->tid = t->tid;
	here->pid = control_pid(col->control);
	here->held = true;
	here->cfa = f->cfa;
	here->n_captured = here->n_bytes = 0;
	here->regs = *regs;
	enum ft_rc rc = control_fp(col->control, t->tid, &here->fp);
	here->has_fp = rc == FT_OK;
	if (rc == FT_FAIL)
		ft_error_clear();
	read_memory(&col->reader, here, control_memory(col->control));
}

static bool is_in_memory(const struct accessor *a)
{
	return a->kind == ACCESS_CFA || a->kind == ACCESS_BASE;
}

// Its value at the moment, or NULL if it has none: no place, or nobody has stored there.
static const char *value_now(struct collector *col, const struct step_var *v,
			     const struct accessor *a, const struct frame *f,
			     struct event_value *ret)
{
	if (a->kind == ACCESS_NONE || a->kind == ACCESS_CONST || v->var->is_static ||
	    (is_in_memory(a) && !v->written))
		return NULL;
	*ret = read_one(&col->reader, a, f, col->step->here);
	return ret->known ? ret->value : NULL;
}

void line_vars_init(struct collector *col, struct step_frame *f, const struct frame *frame,
		    const struct hit *hit)
{
	struct traced *fn = frame->fn;
	struct plan_options o = {.macro_locals = col->step->o.macro_locals};
	const struct variable **vars = traced_variables(fn, &o);
	f->n_vars = fn->n_args + fn->n_locals;
	f->vars = xcalloc(f->n_vars + 1, sizeof(*f->vars));
	for (size_t i = 0; i < f->n_vars; i++)
		f->vars[i] = (struct step_var){.var = vars[i], .written = vars[i]->is_param};
	free(vars);
	if (!col->step->o.line)
		return;
	struct step_thread *t = step_thread_of(col->step, hit->tid);
	look_from(col, frame, t, &hit->regs);
	for (size_t i = 0; i < f->n_vars; i++) {
		struct step_var *v = &f->vars[i];
		struct event_value now;
		struct accessor a = i < fn->n_args ? fn->args[i]
						   : accessor_make(fn, v->var, fn->plan.body, true);
		const char *text = value_now(col, v, &a, frame, &now);
		if (text && (i < fn->n_args || variable_in_scope(v->var, fn->plan.body)))
			v->text = xstrdup(text);
	}
}

void line_written(struct step_frame *f, const struct frame *frame, uint64_t addr, uint64_t size)
{
	for (size_t i = 0; i < f->n_vars; i++) {
		struct step_var *v = &f->vars[i];
		if (v->written)
			continue;
		struct accessor a = accessor_make(f->fn, v->var, f->fn->plan.body, true);
		bool base = a.kind == ACCESS_BASE && frame->has_base;
		if (a.kind != ACCESS_CFA && !base)
			continue;
		uint64_t at = (base ? frame->base : frame->cfa) + (uint64_t)a.off;
		uint64_t len = v->var->type ? v->var->type->size : 0;
		v->written = addr < at + len && at < addr + size;
	}
}

bool step_is_unwritten(struct collector *col, pid_t tid, uint64_t seq, const struct variable *v)
{
	struct step_frame *f =
		col->step ? step_frame_of(step_thread_of(col->step, tid), seq) : NULL;
	for (size_t i = 0; f && i < f->n_vars; i++) {
		if (f->vars[i].var != v)
			continue;
		struct accessor a = accessor_make(f->fn, v, f->fn->plan.body, true);
		return is_in_memory(&a) && !v->is_static && !f->vars[i].written;
	}
	return false;
}

void line_begin(struct collector *col, struct step_thread *t, struct step_frame *f,
		const char *file, uint32_t line, uint64_t pc)
{
	f->file = file;
	f->line = line;
	f->line_pc = pc;
	struct event ev = step_event(col, EVENT_LINE, t, f);
	ev.file = file;
	ev.line = line;
	ev.pc = pc;
	ev.rsp = f->rsp;
	ev.text = source_line(col->step->sources, file, line);
	collect_emit(col, &ev);
}

/*
 * A variable whose block ends with this line has had its last value; in Rust and C++ it has been
 * dropped, and what its bytes say is no change that the line's author made.
 */
static bool is_meant(const struct step_frame *f, const struct variable *v, uint64_t end)
{
	enum language l = f->fn->f->language;
	if (variable_in_scope(v, end))
		return true;
	return variable_in_scope(v, f->line_pc) && l != LANG_RUST && l != LANG_CXX;
}

// What read_one() lends until the next value is read. Returns how many of `kept` it took.
static size_t keep_texts(struct event_value *v, char **kept)
{
	const char **const lent[] = {&v->full, &v->json, &v->points_to, &v->why, &v->entry};
	size_t n = 0;
	for (size_t i = 0; i < FT_COUNT(lent); i++)
		if (*lent[i])
			*lent[i] = kept[n++] = xstrdup(*lent[i]);
	return n;
}

void line_end(struct collector *col, struct step_thread *t, struct step_frame *f, uint64_t pc,
	      const struct regs *regs)
{
	const struct frame *frame = step_live(col, t, f->seq);
	if (!col->step->o.line || f->line == 0 || !frame)
		return;
	struct event_change *changes = xcalloc(f->n_vars + 1, sizeof(*changes));
	char **texts = xcalloc(6 * f->n_vars + 1, sizeof(*texts)); // to be freed: keep_texts(), old
	size_t n = 0, n_texts = 0;
	look_from(col, frame, t, regs);
	for (size_t i = 0; i < f->n_vars; i++) {
		struct step_var *v = &f->vars[i];
		struct accessor a = accessor_make(f->fn, v->var, pc, true);
		struct event_value now;
		if (!is_meant(f, v->var, pc))
			continue;
		const char *text = value_now(col, v, &a, frame, &now);
		if (!text || (v->text && strcmp(v->text, text) == 0))
			continue;
		char *old = texts[n_texts++] = v->text;
		v->text = xstrdup(text);
		now.value = v->text;
		n_texts += keep_texts(&now, texts + n_texts);
		heap_note_change(col, t->tid, frame, regs->r[ARCH_RSP], n, &now);
		changes[n++] = (struct event_change){.now = now, .old = old};
	}
	if (n > 0) {
		struct event ev = step_event(col, EVENT_CHANGE, t, f);
		ev.file = f->file;
		ev.line = f->line;
		ev.pc = f->line_pc;
		ev.rsp = f->rsp;
		ev.changes = changes;
		ev.n_changes = n;
		collect_emit(col, &ev);
	}
	for (size_t i = 0; i < n_texts; i++)
		free(texts[i]);
	free(texts);
	free(changes);
}

void line_arrive(struct collector *col, struct step_thread *t, struct step_frame *f,
		 const struct step_code *code, const struct regs *regs)
{
	if (!col->step->o.line || !code->begins_line || code->foreign)
		return;
	const char *file = f->file ? f->file : no_text, *to = code->file ? code->file : no_text;
	bool same = code->line == f->line && strcmp(file, to) == 0;
	const struct step_code *last = t->last;
	bool back = last && last->fn == code->fn && last->e.kind == CODE_JUMP &&
		    code->e.pc <= last->e.pc;
	if (same && !back)
		return;
	line_end(col, t, f, code->e.pc, regs);
	line_begin(col, t, f, code->file, code->line, code->e.pc);
}
