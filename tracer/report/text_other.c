/*
 * text_other.c - the lines of the text format that are not frames: "-- signal SIGINT", the summary.
 */
#include "report/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "events/kinds.h"

bool text_is_other_thread(const struct event *ev, int *first)
{
	if (*first == 0)
		*first = ev->tid;
	return ev->tid != *first || ev->kind == EVENT_THREAD;
}

void text_other_begin(struct lines *l, int tid)
{
	lines_tone(l, TONE_NOTE);
	lines_ours(l, "-- ");
	if (tid) {
		buf_char(&l->b, '[');
		buf_dec(&l->b, tid);
		lines_ours(l, "] ");
	}
}

static void end_line(struct lines *l)
{
	lines_tone(l, TONE_PLAIN);
	lines_end(l);
}

void text_sentence(struct lines *l, size_t column, const char *s)
{
	size_t width = TEXT_COLUMNS - column;
	while (*s) {
		size_t take = strlen(s);
		if (take > width) {
			take = width;
			while (take > 0 && s[take] != ' ')
				take--;
			if (take == 0)
				take = strcspn(s, " ");
		}
		size_t at = l->b.len - l->start - l->unseen;
		buf_pad(&l->b, ' ', at < column ? column - at : 0);
		lines_some(l, s, take);
		lines_end(l);
		s += take + strspn(s + take, " ");
	}
}

void text_registers(struct lines *l, const struct event *ev)
{
	struct buf b;
	buf_init(&b);
	for (size_t i = 0; i < ev->n_registers; i++)
		buf_printf(&b, i ? " %s=%" PRIx64 : "%s=%" PRIx64, ev->registers[i].name,
			   ev->registers[i].value);
	lines_tone(l, TONE_ASIDE);
	text_sentence(l, WIDTH_DELTA + 2, b.s);
	lines_tone(l, TONE_PLAIN);
	buf_deinit(&b);
}

/* A word of a command line, quoted if a shell would need it. */
static void add_word(struct lines *l, const char *word)
{
	if (*word && !strpbrk(word, " \t\n\"'\\$`*?[]{}()<>|&;#~!")) {
		lines_text(l, word);
		return;
	}
	char *copy = xstrdup(word);
	char *at = copy;

	buf_char(&l->b, '\'');
	for (char *quote; (quote = strchr(at, '\'')); at = quote + 1) {
		*quote = '\0';
		lines_text(l, at);
		lines_ours(l, "'\\''");
	}
	lines_text(l, at);
	buf_char(&l->b, '\'');
	free(copy);
}

static void add_command(struct lines *l, const struct event *ev)
{
	lines_ours(l, "process ");
	buf_dec(&l->b, ev->pid);
	lines_ours(l, ev->kind == EVENT_EXEC ? " now runs " : " runs ");
	add_word(l, ev->program ? ev->program : "?");
	for (size_t i = 1; i < ev->argc; i++) {
		buf_char(&l->b, ' ');
		add_word(l, ev->argv[i]);
	}
}

static void add_signal(struct lines *l, const struct event *ev)
{
	lines_tone(l, TONE_ALARM);
	if (ev->signal_name)
		lines_text(l, ev->signal_name);
	else
		lines_ours(l, "signal ");
	if (!ev->signal_name)
		buf_dec(&l->b, ev->signal);
	lines_tone(l, TONE_NOTE);
}

static void add_ending(struct lines *l, const struct event *ev)
{
	if (ev->signal) {
		lines_ours(l, "killed by ");
		add_signal(l, ev);
		if (ev->core)
			lines_ours(l, ", core dumped");
	} else {
		lines_ours(l, "exited with status ");
		buf_dec(&l->b, ev->status);
	}
}

static void add_where(struct lines *l, const struct event *ev)
{
	if (ev->symbol_at) {
		lines_ours(l, " in ");
		lines_text(l, ev->function ? ev->function : ev->symbol_at);
		if (ev->within) {
			lines_ours(l, " (inlined in ");
			lines_text(l, ev->within);
			buf_char(&l->b, ')');
		}
	}
	if (ev->file && ev->line) {
		lines_ours(l, ", ");
		lines_position(l, ev->file, ev->line);
	}
	// A handler that got there was called by nobody.
	if (!ev->file && ev->n_frames > 0 && ev->frames[0].line) {
		lines_ours(l, ", during ");
		lines_text(l, ev->frames[0].function);
		lines_ours(l, ", ");
		lines_position(l, ev->frames[0].file, ev->frames[0].line);
	}
	if (ev->has_fault) {
		lines_ours(l, ", at address ");
		buf_hex(&l->b, ev->fault);
	}
}

static void add_in(struct lines *l, const char *function)
{
	if (!function)
		return;
	lines_ours(l, " in ");
	lines_text(l, function);
}

static void summary_frames(struct lines *l, const struct event_summary *s)
{
	lines_ours(l, "   frames: ");
	buf_udec(&l->b, s->pushed);
	lines_ours(l, " pushed, ");
	buf_udec(&l->b, s->popped);
	lines_ours(l, " popped");
	if (s->left) {
		lines_ours(l, ", ");
		buf_udec(&l->b, s->left);
		lines_ours(l, " of them at the end");
	}
	if (s->too_deep) {
		lines_ours(l, "; ");
		buf_udec(&l->b, s->too_deep);
		lines_ours(l, " deeper ones not shown (--depth)");
	}
	lines_end(l);
	if (!s->pushed)
		return;
	lines_ours(l, "   deepest: ");
	lines_count(l, s->max_depth, "frame");
	add_in(l, s->max_depth_function);
	lines_ours(l, ", ");
	lines_count(l, s->max_stack, "byte");
	lines_ours(l, " of stack");
	add_in(l, s->max_stack_function);
	lines_end(l);
}

/* "310 of Rust's std", after a comma if it is not the first. */
static bool add_hidden(struct lines *l, bool first, size_t n, const char *of)
{
	if (!n)
		return first;
	if (!first)
		lines_ours(l, ", ");
	buf_udec(&l->b, n);
	buf_char(&l->b, ' ');
	lines_ours(l, of);
	return false;
}

static void summary_functions(struct lines *l, const struct event_summary *s)
{
	lines_ours(l, "   functions: ");
	buf_udec(&l->b, s->traced);
	lines_ours(l, " traced");
	if (s->hidden_filter) {
		lines_ours(l, ", ");
		buf_udec(&l->b, s->hidden_filter);
		lines_ours(l, " hidden by your filters");
	}
	if (s->skipped) {
		lines_ours(l, ", ");
		buf_udec(&l->b, s->skipped);
		lines_ours(l, " that cannot be traced");
	}
	lines_end(l);
	if (!s->hidden_std && !s->hidden_system && !s->hidden_helper && !s->hidden_no_debug)
		return;
	lines_ours(l, "   hidden: ");
	bool first = add_hidden(l, true, s->hidden_std, "of Rust's std");
	first = add_hidden(l, first, s->hidden_system, "of system headers");
	first = add_hidden(l, first, s->hidden_helper, "of start-up code");
	add_hidden(l, first, s->hidden_no_debug, "without debug information");
	lines_ours(l, " (--all shows them)");
	lines_end(l);
}

static void summary_inlined(struct lines *l, const struct event_summary *s)
{
	if (!s->inlines)
		return;
	lines_ours(l, "   inlined calls: ");
	buf_udec(&l->b, s->inlined);
	lines_ours(l, " begun; ");
	lines_count(l, s->inlined_traced, "place");
	lines_ours(l, " in the code shown");
	if (s->inlined_hidden) {
		lines_ours(l, ", ");
		lines_count(l, s->inlined_hidden, "place");
		lines_ours(l, " hidden");
	}
	if (s->inlined_skipped) {
		lines_ours(l, ", ");
		buf_udec(&l->b, s->inlined_skipped);
		lines_ours(l, " that cannot be traced");
	}
	lines_end(l);
}

static void summary(struct lines *l, const struct event_summary *s, int verbose)
{
	summary_frames(l, s);
	text_stacks(l, s, verbose);
	summary_functions(l, s);
	summary_inlined(l, s);
	if (s->heap)
		text_heap_summary(l, s->heap, verbose);
	if (s->hidden_libraries) {
		lines_ours(l, s->hidden_libraries == 1 ? "   library: " : "   libraries: ");
		buf_udec(&l->b, s->hidden_libraries);
		lines_ours(l, " not traced (--lib=NAME shows one)");
		lines_end(l);
	}
	if (s->children) {
		lines_ours(l, s->children == 1 ? "   child: " : "   children: ");
		lines_count(l, s->children, "forked program");
		lines_ours(l, " ran untraced");
		lines_end(l);
	}
	if (s->stepped) {
		lines_ours(l, "   stepped: ");
		lines_count(l, s->stepped, "instruction");
		lines_end(l);
	}
	if (verbose) {
		lines_ours(l, "   cost: ");
		lines_count(l, s->stops, "stop");
		lines_ours(l, ", of which ");
		lines_count(l, s->hits, "breakpoint hit");
		buf_printf(&l->b, "; %.1f ms", (double)s->wall_ns / 1e6);
		lines_end(l);
	}
}

static void add_space(struct lines *l, const struct event *ev, int verbose)
{
	if (ev->kind == EVENT_WHERE)
		text_where(l, ev->where);
	else if (ev->map->when)
		text_picture(l, ev->map);
	else
		text_map(l, ev, verbose);
}

static void add_words(struct lines *l, const struct event *ev)
{
	switch (ev->kind) {
	case EVENT_START:
	case EVENT_EXEC:
		add_command(l, ev);
		break;
	case EVENT_SIGNAL:
		add_signal(l, ev);
		lines_ours(l, " arrives");
		add_where(l, ev);
		break;
	case EVENT_THREAD:
		lines_ours(l, "thread ");
		buf_dec(&l->b, ev->child);
		lines_ours(l, " begins");
		break;
	case EVENT_CHILD:
		lines_ours(l, "process ");
		buf_dec(&l->b, ev->child);
		lines_ours(l, " forked; it runs untraced");
		break;
	case EVENT_NOTE:
		lines_ours(l, "note: ");
		lines_text(l, ev->text ? ev->text : "");
		break;
	case EVENT_EXIT:
		add_ending(l, ev);
		break;
	case EVENT_ALARM: // these have paragraphs of their own
	case EVENT_OVERFLOW:
	case EVENT_MAP:
	case EVENT_WHERE:
	case EVENT_PUSH:
	case EVENT_POP:
	case EVENT_INLINE:
	case EVENT_INSN:
	case EVENT_LINE:
	case EVENT_CHANGE:
	case EVENT_ALLOC:
	case EVENT_FREE:
	case EVENT_REALLOC:
	case EVENT_BRK:
		break;
	}
}

void text_other(struct lines *l, const struct event *ev, int tid, bool quiet, int verbose)
{
	if (event_group(ev->kind) == GROUP_SPACE)
		add_space(l, ev, verbose);
	if (quiet || event_group(ev->kind) == GROUP_SPACE)
		return;
	text_other_begin(l, ev->kind == EVENT_EXIT ? 0 : tid);
	if (ev->kind == EVENT_ALARM) {
		text_alarm(l, ev);
		return;
	}
	if (ev->kind == EVENT_OVERFLOW) {
		text_overflow(l, ev);
		return;
	}
	add_words(l, ev);
	end_line(l);
	if (ev->kind == EVENT_EXIT && ev->summary)
		summary(l, ev->summary, verbose);
}
