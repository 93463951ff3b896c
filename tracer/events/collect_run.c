/*
 * collect_run.c - the program as a whole: it starts, becomes another one, ends.
 */
#include <inttypes.h>
#include <time.h>

#include "events/collector.h"
#include "events/space_events.h"

static void describe_program(struct collector *col, struct event *ev)
{
	size_t argc = 0;
	while (col->o.argv[argc])
		argc++;
	ev->program = col->o.program;
	ev->build_id = target_build_id(col->target);
	ev->argv = (const char *const *)col->o.argv;
	ev->argc = argc;
}

static void note_program(struct collector *col)
{
	if (target_warning(col->target))
		collect_note(col, target_warning(col->target));
	struct traced *const *fns;
	size_t n = target_traced(col->target, &fns);
	bool debug = false;
	for (size_t i = 0; i < n && !debug; i++)
		debug = fns[i]->sig != NULL;
	const char *none = target_nothing_to_trace(col->target);
	if (none)
		collect_note(col, none);
	else if (!debug && n > 0)
		collect_note(col, NOTE_NO_DEBUG);
	if (target_inlined(col->target))
		collect_note(col, target_inlined(col->target));
}

void collect_start(struct collector *col)
{
	struct timespec wall;
	clock_gettime(CLOCK_REALTIME, &wall);
	col->now = col->start_ns = control_now();
	pid_t pid = control_pid(col->control);
	struct event ev = collect_event(col, EVENT_START, pid, pid, col->start_ns);
	ev.unix_ns = (uint64_t)wall.tv_sec * 1000000000u + (uint64_t)wall.tv_nsec;
	describe_program(col, &ev);
	collect_emit(col, &ev);
	note_program(col);
}

void collect_exec(struct collector *col, const struct stop *stop)
{
	col->regs_tid = 0;
	frames_pop_everything(col);
	space_tell_exec(col);
	points_changed(&col->points);
	col->use.known = false;
	step_forget_thread(col, stop->tid);
	step_forget_code(col);
	if (col->heap)
		heap_forget(col->heap);
	col->max_depth_fn = col->max_stack_fn = NULL;
	enum ft_rc rc = target_load(col->target);
	registers_take(col, stop);
	struct event ev = collect_event(col, EVENT_EXEC, stop->pid, stop->tid, stop->time_ns);
	ev.program = target_program(col->target);
	ev.build_id = target_build_id(col->target);
	collect_emit(col, &ev);
	if (rc != FT_OK) { // the new program runs on, untraced
		collect_note(col, rc == FT_FAIL ? ft_error() : "the new program cannot be read");
		ft_error_clear();
	} else {
		note_program(col);
	}
}

static void finish_summary(struct collector *col)
{
	struct event_summary *sum = &col->summary;
	struct target_counts n = target_counts(col->target);
	struct control_stats st = control_stats(col->control);
	sum->max_depth_function = col->max_depth_function;
	sum->max_stack_function = col->max_stack_function;
	sum->traced = n.traced;
	sum->skipped = n.skipped;
	sum->hidden_system = n.hidden[ORIGIN_SYSTEM];
	sum->hidden_std = n.hidden[ORIGIN_STD];
	sum->hidden_helper = n.hidden[ORIGIN_HELPER];
	sum->hidden_no_debug = n.hidden[ORIGIN_NO_DEBUG];
	sum->hidden_filter = n.hidden_filter;
	sum->inlines = col->o.inlines;
	sum->inlined_traced = n.inlines.traced;
	sum->inlined_skipped = n.inlines.skipped;
	sum->inlined_hidden = n.inlines.hidden;
	sum->hidden_libraries = n.libraries_hidden;
	sum->children = (size_t)st.children;
	sum->threads = (size_t)st.threads;
	sum->hits = st.hits;
	sum->stops = st.stops;
	sum->stepped = st.stepped;
	sum->wall_ns = col->now - col->start_ns;
	sum->stacks = col->use.rows;
	sum->n_stacks = col->use.n;
	sum->more_stacks = col->use.more;
	if (col->heap && heap_sites_found(col->target))
		sum->heap = heap_summary(col->heap);
}

static void note_end(struct collector *col)
{
	struct buf text;
	buf_init(&text);
	if (col->o.verify && col->mismatches == 0) {
		buf_printf(&text, "verify: %" PRIu64 " stacks walked twice, all equal",
			   col->verified);
		collect_note(col, text.s);
		buf_reset(&text);
	}
	const char *library = target_unmatched_library(col->target);
	const char *function = target_unmatched_function(col->target);
	if (library)
		buf_printf(&text, "no library was loaded that matches '%s'", library);
	else if (function)
		buf_printf(&text, "no function was found that matches '%s'", function);
	if (library || function)
		collect_note(col, text.s);
	buf_deinit(&text);
}

void collect_end(struct collector *col, const struct stop *stop)
{
	char name[32];
	frames_pop_everything(col);
	note_end(col);
	finish_summary(col);
	struct event ev = collect_event(col, EVENT_EXIT, stop->pid, stop->tid, stop->time_ns);
	ev.status = stop->status;
	ev.signal = stop->kind == STOP_KILLED ? stop->signal : 0;
	ev.signal_name = ev.signal ? collect_signal_name(ev.signal, name, sizeof(name)) : NULL;
	ev.core = stop->core;
	ev.summary = &col->summary;
	collect_emit(col, &ev);
}
