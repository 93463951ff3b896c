/*
 * plain_say.c - where we are, and what has happened there.
 */
#include "tui/plain_private.h"

#include <stdlib.h>
#include <string.h>

#include "report/report.h"

enum {
	OUTPUT_KEPT = 1 << 20, // bytes of the program's output that are looked at
	WIDTH_SEQ = 6,
};

enum outcome say_report(struct plain *s, const struct event *ev)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	if (!out)
		return wrong(s, "no memory for a line");
	const struct report_format *f = report_find("text");
	// One reporter for each: a thread is named by its number, which differs from run to run.
	struct reporter *r =
		f->open(out, &(struct report_options){.verbose = ev->kind == EVENT_INSN});
	f->event(r, ev);
	f->close(r);
	fclose(out);
	buf_add(&s->out, text, len); // the report has escaped it
	free(text);
	return DONE;
}

// The number of the event stands in front of its first line.
static void number_lines(struct plain *s, size_t from, uint64_t seq)
{
	char *text = xstrdup(s->out.s + from);
	buf_truncate(&s->out, from);
	say(s, "%*llu  ", WIDTH_SEQ, (unsigned long long)seq);
	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n");
		if (line != text)
			buf_pad(&s->out, ' ', WIDTH_SEQ + 2);
		buf_add(&s->out, line, n);
		buf_char(&s->out, '\n');
		line += n + (line[n] == '\n');
	}
	if (!*text)
		buf_char(&s->out, '\n');
	free(text);
}

enum outcome say_event(struct plain *s, uint64_t seq, bool whole)
{
	const struct event *ev;
	size_t before = s->out.len;
	enum ft_rc rc = log_event(player_log(s->p), seq, &ev);
	if (rc != FT_OK)
		return rc == FT_NONE ? wrong(s, "there is no event %llu", (unsigned long long)seq)
				     : wrong_error(s);
	struct event shown = *ev;
	bool is_end = ev->kind == EVENT_EXIT;
	if (!whole) { // "stack" draws the frame
		shown.mapped = false;
		shown.n_slots = shown.n_elsewhere = shown.n_ghosts = 0;
	}
	enum outcome o = say_report(s, &shown);
	const char *line = strchr(s->out.s + before, '\n');
	if (is_end && !whole && line) // the summary is for "info event"
		buf_truncate(&s->out, (size_t)(line + 1 - s->out.s));
	if (o == DONE)
		number_lines(s, before, seq);
	return o;
}

enum outcome say_output(struct plain *s)
{
	const char *text;
	size_t len;
	uint64_t at = player_at(s->p);
	const struct event *ev;
	bool ended = player_event(s->p, &ev) == FT_OK && ev->kind == EVENT_EXIT;
	if (s->any_output && at <= s->output_at)
		return DONE;
	s->any_output = true;
	s->output_at = at;
	if (at == 0 && !ended)
		return DONE;
	// What is written after an event is known when the next one is: a live run has no more yet.
	enum ft_rc rc = log_output(player_log(s->p), ended ? at : at - 1, OUTPUT_KEPT, &text, &len);
	if (rc != FT_OK)
		return rc == FT_NONE ? DONE : wrong_error(s);
	if (len == OUTPUT_KEPT && s->output_shown != len)
		say(s, "(the program wrote too much to show here: see \"output\")\n");
	size_t from = len == OUTPUT_KEPT || s->output_shown > len ? len : s->output_shown;
	for (const char *line = text + from; line < text + len;) {
		const char *end = memchr(line, '\n', (size_t)(text + len - line));
		size_t n = (size_t)((end ? end : text + len) - line);
		say(s, "output: ");
		say_some(s, line, n);
		say(s, "%s\n", end ? "" : " (no newline yet)");
		line += n + (end != NULL);
	}
	s->output_shown = len;
	return DONE;
}

static bool is_place(enum event_kind kind)
{
	return kind == EVENT_PUSH || kind == EVENT_POP || kind == EVENT_LINE ||
	       kind == EVENT_INSN || kind == EVENT_CHANGE || kind == EVENT_INLINE;
}

void say_why(struct plain *s)
{
	const char *why = player_why(s->p);
	if (!*why)
		return;
	say_text(s, why);
	buf_char(&s->out, '\n');
}

// In the order of their beginning; the system's numbers differ from run to run.
static enum outcome say_thread(struct plain *s, int tid)
{
	unsigned number;
	if (player_thread_number(s->p, tid, &number) == FT_FAIL)
		return wrong_error(s);
	say(s, "[thread %u]\n", number ? number : (unsigned)tid);
	return DONE;
}

bool end_is_said(struct plain *s)
{
	const struct event *ev;
	return *player_why(s->p) && player_event(s->p, &ev) == FT_OK && ev->kind == EVENT_EXIT;
}

enum outcome say_position(struct plain *s, bool always_frame)
{
	const struct event *ev;
	const struct log_frame *f;
	size_t n;
	enum ft_rc rc = player_event(s->p, &ev);
	if (rc != FT_OK)
		return rc == FT_NONE ? wrong(s, "nothing was recorded") : wrong_error(s);
	bool told = is_place(ev->kind);
	int tid = ev->tid, ev_pid = ev->pid;
	bool ends = end_is_said(s);
	rc = player_frames(s->p, &f, &n);
	if (rc == FT_FAIL)
		return wrong_error(s);
	if (n == 0 || !told) {
		enum outcome o = ends ? DONE : say_event(s, player_at(s->p), false);
		if (o != DONE || n == 0) {
			s->has_said = false;
			return o;
		}
	}
	uint64_t cfa = f[0].cfa;
	bool same = s->has_said && s->said_cfa == cfa && s->said_tid == tid;
	if (s->said_tid != tid && (s->said_tid || tid != ev_pid) && say_thread(s, tid) != DONE)
		return FAILED;
	s->has_said = true;
	s->said_cfa = cfa;
	s->said_tid = tid;
	if ((always_frame || !same) && say_frame(s, 0, false) != DONE)
		return FAILED;
	struct player_place here;
	player_place(s->p, &here);
	return here.line ? say_line(s, here.file, here.line, "") : DONE;
}

// ---- threads ----

/* A thread that has frames. */
struct thread_row {
	int tid;
	size_t frames;
	char *function; // of the one that was pushed last
	uint64_t pushed;
};

static size_t thread_rows(const struct log_frame *f, size_t n, struct thread_row *rows)
{
	size_t n_rows = 0;
	for (size_t i = 0; i < n; i++) {
		size_t j = 0;
		if (f[i].ghost)
			continue;
		while (j < n_rows && rows[j].tid != f[i].tid)
			j++;
		struct thread_row *row = &rows[j];
		if (j == n_rows)
			rows[n_rows++] = (struct thread_row){.tid = f[i].tid};
		row->frames++;
		bool inner = f[i].pushed_seq != UINT64_MAX && f[i].pushed_seq >= row->pushed;
		if (row->function && !inner)
			continue;
		free(row->function);
		row->function = xstrdup(f[i].function ? f[i].function : "?");
		row->pushed = f[i].pushed_seq;
	}
	return n_rows;
}

static enum outcome say_threads(struct plain *s, const struct thread_row *rows, size_t n, int now)
{
	for (size_t i = 0; i < n; i++) {
		unsigned number;
		if (player_thread_number(s->p, rows[i].tid, &number) == FT_FAIL)
			return wrong_error(s);
		number = number ? number : (unsigned)rows[i].tid;
		say(s, "%c thread %-3u ", rows[i].tid == now ? '*' : ' ', number);
		if (s->o->terminal || s->o->on_screen)
			say(s, "(%d) ", rows[i].tid);
		say_text(s, rows[i].function);
		say(s, ", %zu frame%s\n", rows[i].frames, rows[i].frames == 1 ? "" : "s");
	}
	if (n == 0)
		say(s, "No thread has a traced frame here.\n");
	return DONE;
}

enum outcome run_threads(struct plain *s, const char *arguments)
{
	const struct log_frame *f;
	const struct event *ev;
	size_t n = 0;
	(void)arguments;
	enum ft_rc rc = player_event(s->p, &ev);
	int now = rc == FT_OK ? ev->tid : 0;
	if (rc == FT_OK)
		rc = log_frames(player_log(s->p), player_at(s->p), &f, &n);
	if (rc == FT_FAIL)
		return wrong_error(s);
	struct thread_row *rows = xcalloc(n + 1, sizeof(*rows));
	size_t n_rows = rc == FT_OK ? thread_rows(f, n, rows) : 0;
	enum outcome o = say_threads(s, rows, n_rows, now);
	for (size_t i = 0; i < n_rows; i++)
		free(rows[i].function);
	free(rows);
	return o;
}
