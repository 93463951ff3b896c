#include "events/stack_use.h"

#include <string.h>

#include "events/plan.h"
#include "memory/process.h"

void stack_use_deinit(struct stack_use *u)
{
	for (size_t i = 0; i < u->n; i++)
		free(u->names[i]);
	free(u->names);
	free(u->rows);
	*u = (struct stack_use){.n = 0};
}

void stack_use_ask(struct stack_use *u, pid_t pid)
{
	struct process p;
	enum ft_rc rc = process_read(pid, &p);
	u->known = true;
	if (rc != FT_OK) {
		if (rc == FT_FAIL)
			ft_error_clear();
		return;
	}
	u->start_stack = p.start_stack;
	u->main_limit = p.stack_limit;
	process_deinit(&p);
}

static struct event_stack row_of(const struct stack_use *u, const struct thread_stacks *t,
				 const struct stack *s)
{
	struct event_stack row = {
		.tid = (int)t->tid,
		.kind = "other stack",
		.first_cfa = s->mark.first_cfa,
		.lowest = s->mark.rsp,
		.top = s->hi,
		.seq = s->mark.seq,
		.depth = s->mark.depth,
	};
	bool is_first = s == t->s;
	if (u->start_stack && u->start_stack > s->lo && u->start_stack <= s->hi) {
		row.kind = "main stack";
		row.limit = u->main_limit;
	} else if (s->hi - s->lo > 1) {
		// What a new thread runs on first is what it was made with.
		if (is_first && t->tid != t->pid)
			row.kind = "thread stack";
		row.limit = s->hi - s->lo;
	} else {
		row.top = 0; // nothing was mapped there when it was looked at
	}
	return row;
}

static void add_row(struct stack_use *u, const struct thread_stacks *t, const struct stack *s)
{
	if (u->n == STACK_ROWS_MAX) {
		u->more++;
		return;
	}
	u->rows = xgrow(u->rows, u->n, &u->cap, sizeof(*u->rows));
	u->names = xgrow(u->names, u->n, &u->cap_names, sizeof(*u->names));
	u->rows[u->n] = row_of(u, t, s);
	u->names[u->n] = s->mark.fn ? xstrdup(s->mark.fn->f->name) : xstrdup(s->mark.name);
	u->rows[u->n].function = u->names[u->n];
	u->n++;
}

void stack_use_retire(struct stack_use *u, const struct thread_stacks *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->s[i].mark.fn || t->s[i].mark.name)
			add_row(u, t, &t->s[i]);
}

void stack_use_unload(struct stacks *s, const struct module *m)
{
	for (size_t i = 0; i < s->n; i++) {
		for (size_t k = 0; k < s->t[i].n; k++) {
			struct stack_mark *mark = &s->t[i].s[k].mark;
			if (!mark->fn || mark->fn->f->module != m)
				continue;
			mark->name = xstrdup(mark->fn->f->name);
			mark->fn = NULL;
		}
	}
}
