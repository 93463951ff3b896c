#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "commands/commands.h"
#include "commands/outfile.h"
#include "commands/replay.h"
#include "commands/sieve.h"
#include "commands/view.h"

/* One replay, from the command line to the exit status. */
struct session {
	struct replay_options o;
	struct log *log;
	uint64_t from, to; // events that are shown
	bool whole;	   // from the very first on: EVENT_START too
	FILE *file, *out;  // out: file, or what turns it around
	const char *out_name;
	struct backwards *backwards;
	struct view *view;
	struct sieve *sieve; // NULL: no function is hidden
	struct reporter *reporter;
	int pid;
};

/* ---- which functions ---- */

static bool has_filter(const struct trace_options *t)
{
	return t->selection.functions.n || t->selection.sources.n || t->selection.libraries.n ||
	       t->max_depth;
}

static enum ft_rc add_function(void *ctx, const struct store_function *fn)
{
	sieve_function(ctx, fn->name, fn->symbol, fn->module, fn->file);
	return FT_OK;
}

static enum ft_rc no_match(const struct session *s, const struct pattern *p, const char *of)
{
	struct buf near;
	buf_init(&near);
	bool found = sieve_suggest(s->sieve, p, &near);
	ft_fail("no %s in %s matches '%s'%s%s%s", of, s->o.path, p->text,
		found ? "; did you mean " : "", found ? near.s : "", found ? "?" : "");
	buf_deinit(&near);
	return FT_FAIL;
}

static enum ft_rc check_patterns(const struct session *s, const struct patterns *ps, const char *of)
{
	for (size_t i = 0; i < ps->n; i++)
		if (!ps->p[i].matched && !ps->p[i].negated)
			return no_match(s, &ps->p[i], of);
	return FT_OK;
}

static enum ft_rc make_sieve(struct session *s)
{
	struct selection *selection = &s->o.trace.selection;
	const struct event *start;
	if (!has_filter(&s->o.trace))
		return FT_OK;
	s->sieve = sieve_create(selection, s->o.trace.max_depth);
	enum ft_rc rc = log_start(s->log, &start);
	if (rc == FT_OK)
		sieve_event(s->sieve, start); // whose program it is
	if (rc != FT_FAIL)
		rc = log_functions(s->log, add_function, s->sieve);
	if (rc == FT_FAIL)
		return rc;
	rc = check_patterns(s, &selection->functions, "function");
	if (rc == FT_OK)
		rc = check_patterns(s, &selection->sources, "source file");
	return rc == FT_OK ? check_patterns(s, &selection->libraries, "library") : rc;
}

/* ---- where it goes ---- */

static enum ft_rc open_output(struct session *s)
{
	s->file = stdout;
	s->out_name = "standard output";
	if (s->o.trace.output) {
		s->out_name = s->o.trace.output;
		s->file = NULL;
		if (outfile_open("-o", s->out_name, s->o.path, &s->file) != FT_OK)
			return FT_FAIL;
	}
	s->out = s->file;
	if (!s->o.reverse || s->o.at)
		return FT_OK;
	s->backwards = backwards_open(s->file, &s->out);
	return s->backwards ? FT_OK : FT_FAIL;
}

static enum ft_rc close_output(struct session *s, enum ft_rc rc)
{
	if (s->backwards && backwards_close(s->backwards) == FT_FAIL)
		rc = FT_FAIL;
	bool good = s->file && fflush(s->file) == 0 && !ferror(s->file);
	int error = errno;
	if (s->file && s->file != stdout)
		good &= fclose(s->file) == 0;
	if (s->file && !good && rc != FT_FAIL)
		rc = ft_fail("%s: %s", s->out_name, strerror(error));
	return rc;
}

/* ---- reading ---- */

static enum ft_rc settle_range(struct session *s)
{
	const struct log_info *info = log_info(s->log);
	enum ft_rc rc = FT_OK;
	s->from = info->dropped ? info->first : 0; // what came before all events is not let go
	s->to = UINT64_MAX;
	s->whole = !s->o.from;
	if (s->o.from)
		rc = log_word(s->log, "--from", s->o.from, &s->from);
	if (rc == FT_OK && s->o.to)
		rc = log_word(s->log, "--to", s->o.to, &s->to);
	if (rc == FT_OK && s->to < s->from)
		return ft_fail("--to (#%" PRIu64 ") is before --from (#%" PRIu64 ")", s->to,
			       s->from);
	return rc;
}

static void show_event(struct session *s, const struct event *ev)
{
	if (s->sieve)
		ev = sieve_event(s->sieve, ev);
	if (!ev || (ev->kind != EVENT_START && ev->seq < s->from))
		return;
	ev = view_event(s->view, ev);
	if (ev)
		s->o.trace.format->event(s->reporter, ev);
}

static void show_none_left(struct session *s, const struct event *start)
{
	struct event note = {
		.kind = EVENT_NOTE, .pid = start->pid, .tid = start->tid, .text = NOTE_NONE_LEFT};
	if (s->sieve && sieve_leaves_none(s->sieve))
		show_event(s, &note);
}

static void show_output(struct session *s, const struct log_item *item)
{
	struct report_output out = {
		.pid = s->pid,
		.stream = item->stream,
		.bytes = item->bytes,
		.len = item->len,
		.after = item->after,
		.before_all = item->before_all,
		.time_ns = item->time_ns,
	};
	if (s->o.output && s->o.kinds >> VIEW_OUTPUT & 1 && s->o.trace.format->output &&
	    item->after >= s->from)
		s->o.trace.format->output(s->reporter, &out);
}

static enum ft_rc show_item(void *ctx, const struct log_item *item)
{
	struct session *s = ctx;
	if (!item->event)
		show_output(s, item);
	else if (item->event->kind != EVENT_START)
		show_event(s, item->event);
	return ferror(s->out) ? ft_fail("%s: %s", s->out_name, strerror(errno)) : FT_OK;
}

// Lines carry their thread from the second one on: in an excerpt too.
static enum ft_rc had_threads(struct session *s, bool *ret)
{
	struct log_query q = {.has_kind = true, .kind = EVENT_THREAD};
	uint64_t seq;
	*ret = false;
	if (s->whole)
		return FT_OK;
	enum ft_rc rc = log_find(s->log, &q, log_info(s->log)->first, false, &seq);
	*ret = rc == FT_OK && seq < s->from;
	return rc == FT_FAIL ? rc : FT_OK;
}

static enum ft_rc show(struct session *s)
{
	const struct log_info *info = log_info(s->log);
	const struct event *start;
	struct report_options ro = report_options_of(&s->o.trace, s->file);
	if (!info->holds.frames)
		ro.frames = false; // no columns for what is not there
	enum ft_rc rc = had_threads(s, &ro.threads);
	if (rc != FT_OK)
		return rc;
	struct view_options vo = {
		.trace = &s->o.trace,
		.kinds = s->o.kinds,
		.map_asides = s->o.trace.map != MAP_NONE && !info->holds.maps,
		.dead_names = info->holds.frames,
	};
	s->view = view_create(&vo);
	s->reporter = s->o.trace.format->open(s->out, &ro);
	rc = log_start(s->log, &start);
	if (rc == FT_OK) {
		s->pid = start->pid;
		if (s->whole) {
			show_event(s, start);
			show_none_left(s, start);
		}
	}
	if (rc != FT_FAIL && !info->is_empty)
		rc = log_read(s->log, s->sieve && !s->whole ? info->first : s->from, s->to, false,
			      show_item, s);
	s->o.trace.format->close(s->reporter);
	view_destroy(s->view);
	return rc == FT_NONE ? FT_OK : rc;
}

/* ---- the command ---- */

static enum ft_rc not_whole(const struct log_info *info, const struct buf *events)
{
	struct buf why;
	buf_init(&why);
	buf_escaped(&why, info->cut, strlen(info->cut), 0);
	ft_fail("%s is not whole: %s; what is in it is sound, %s", info->path, why.s, events->s);
	buf_deinit(&why);
	return FT_FAIL;
}

/* One verdict: whole and sound, or what it lacks. */
static enum ft_rc check(struct session *s)
{
	const struct log_info *info = log_info(s->log);
	enum ft_rc rc = log_check(s->log);
	struct buf events;
	if (rc == FT_FAIL)
		return rc;
	buf_init(&events);
	if (info->is_empty)
		buf_str(&events, "without an event");
	else
		buf_printf(&events, "events #%" PRIu64 " to #%" PRIu64, info->first, info->last);
	if (info->dropped)
		buf_printf(&events, " (a ring let the %" PRIu64 " before go)", info->dropped);
	if (info->cut)
		rc = not_whole(info, &events);
	else
		printf("%s: sound, %s\n", s->o.path, events.s);
	buf_deinit(&events);
	return rc == FT_NONE ? FT_OK : rc;
}

static enum ft_rc show_moment(struct session *s)
{
	const struct trace_options *o = &s->o.trace;
	struct moment_of *m;
	uint64_t at;
	enum ft_rc rc = log_word(s->log, "--at", s->o.at, &at);
	if (rc == FT_OK)
		rc = moment_open(s->log, at, o->format == &report_json || o->verbose > 0, &m);
	if (rc != FT_OK)
		return rc;
	moment_show(m, o, s->file);
	moment_close(m);
	return FT_OK;
}

static enum ft_rc replay_log(struct session *s)
{
	if (s->o.check)
		return check(s);
	if (!s->o.no_frames)
		replay_say_missing(&s->o, log_info(s->log));
	if (s->o.at)
		return show_moment(s);
	enum ft_rc rc = settle_range(s);
	if (rc == FT_OK)
		rc = make_sieve(s);
	return rc == FT_OK ? show(s) : rc;
}

int replay_run(struct replay_options *o)
{
	struct session s = {.o = *o};
	enum ft_rc rc = log_open(s.o.path, &s.log);
	if (rc == FT_OK)
		rc = open_output(&s);
	if (rc == FT_OK)
		rc = replay_log(&s);
	rc = close_output(&s, rc);
	if (rc == FT_OK && !s.o.check && !s.o.at && !s.o.to)
		log_say_cut(s.log);
	int status = rc == FT_OK ? 0 : failed();
	sieve_destroy(s.sieve);
	log_close(s.log);
	trace_options_deinit(&s.o.trace);
	return status;
}

static int replay(int argc, char **argv)
{
	struct replay_options o;
	int status = replay_options_parse(argc, argv, &o);
	return status >= 0 ? status : replay_run(&o);
}

const struct command command_replay = {"replay", "print a log as the run was printed", replay};
