#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "commands/around.h"
#include "commands/commands.h"
#include "commands/live.h"
#include "commands/outfile.h"
#include "commands/record_say.h"
#include "commands/recording.h"
#include "commands/view.h"
#include "store/log.h"

/* What the command line says besides the options of a trace. */
struct wishes {
	uint64_t max_events, max_bytes;
	struct selection start_at, stop_after; // one pattern each, or none
	const char *start_text, *stop_text;    // NULL: not given, or a number
	uint64_t stop_events;		       // 0: no limit
	bool kill_on_error, no_output, show;
	const char *show_file; // NULL: stderr
	const char **env;
	size_t n_env, cap_env;
};

/* One recording, from the command line to the exit status. */
struct session {
	struct trace_options *o;
	struct wishes *w;
	char *file;
	struct live *live;
	struct recording *recording; // NULL: it is closed
	struct around *around;	     // NULL: it has begun
	FILE *show;
	struct outfile show_file; // behind `show`, if it is a file
	struct reporter *reporter;
	struct view *view; // what is asked for of what is recorded
	uint64_t events, calls;
	bool stopping;	      // the frame of --stop-after is there
	uint64_t stop_pushed; // seq of its push
	char *cut;	      // why it is not whole
	bool replaced;	      // there was an older log
	bool lost;	      // what came last could not be written
	bool broken;
};

/* ---- the command line ---- */

enum {
	OPT_MAX_EVENTS = MORE_OPTIONS,
	OPT_MAX_SIZE,
	OPT_START_AT,
	OPT_STOP_AFTER,
	OPT_ON_ERROR,
	OPT_ENV,
	OPT_NO_OUTPUT,
	OPT_SHOW,
};

static const struct option table[] = {
	{"max-events", required_argument, NULL, OPT_MAX_EVENTS},
	{"max-size", required_argument, NULL, OPT_MAX_SIZE},
	{"start-at", required_argument, NULL, OPT_START_AT},
	{"stop-after", required_argument, NULL, OPT_STOP_AFTER},
	{"on-error", required_argument, NULL, OPT_ON_ERROR},
	{"env", required_argument, NULL, OPT_ENV},
	{"no-output", no_argument, NULL, OPT_NO_OUTPUT},
	{"show", optional_argument, NULL, OPT_SHOW},
};

static void print_help(void)
{
	printf("Usage: frametrace record [OPTIONS] [--] PROGRAM [ARGS...]\n"
	       "Runs PROGRAM and keeps all that is to be known of it in one file, a trace log:\n"
	       "every frame with its variables, the heap, the address space, sources, output.\n"
	       "  -o, --output=FILE     the log; default: PROGRAM.frametrace, here\n"
	       "      --max-events=N    a ring: the last N events, and little more\n"
	       "      --max-size=SIZE   a ring of about that size: 500k, 20M, 1G\n"
	       "      --start-at=FUNCTION    begin when it is called first\n"
	       "      --stop-after=FUNCTION  end when that call of it returns; or a number: after\n"
	       "                        so many events. The program runs on, untraced\n"
	       "      --on-error=WHAT   the log cannot be written: continue (the program runs on,\n"
	       "                        untraced; default), kill\n"
	       "      --env=NAME        keep this environment variable too; a glob; repeatable\n"
	       "      --no-output       leave the program's output alone, and out of the log\n"
	       "      --show[=FILE]     print the trace too, to stderr or FILE: -v, -F, -c say "
	       "how\n"
	       "      --registers, --frames, --events=LIST, --map, --stack, --inlines, --no-heap\n"
	       "                        these things too, or not\n"
	       "and -f, -s, -l, -a, -d, -q, -R, -P as for a trace: frametrace --help\n"
	       "Then: frametrace replay FILE, frametrace step FILE, sqlite3 FILE\n"
	       "Example: frametrace record -o run.frametrace build/demos/boxed_value\n");
}

/* A number from 1, perhaps with k, M or G. -1, or the exit status. */
static int parse_amount(const char *option, const char *text, bool units, uint64_t *ret)
{
	static const char letters[] = "kMG";
	char *end;
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	bool good = !errno && end != text && *text >= '0' && *text <= '9' && n > 0;
	const char *unit = units && *end ? strchr(letters, *end == 'K' ? 'k' : *end) : NULL;
	unsigned shift = unit ? 10 * (unsigned)(unit - letters + 1) : 0;
	if (!good || end[unit != NULL] || n > UINT64_MAX >> 1 >> shift)
		return usage_error("%s takes a number from 1%s, not '%s'", option,
				   units ? ", with k, M or G behind it for a size" : "", text);
	*ret = (uint64_t)n << shift;
	return -1;
}

static int parse_pattern(struct selection *s, const char *value)
{
	patterns_deinit(&s->functions); // the last one counts
	if (patterns_add(&s->functions, value) == FT_OK)
		return -1;
	failed();
	return EXIT_USAGE;
}

static int parse_stop(struct wishes *w, const char *value)
{
	if (value[0] == '\0' || value[strspn(value, "0123456789")] != '\0') {
		w->stop_text = value;
		return parse_pattern(&w->stop_after, value);
	}
	return parse_amount("--stop-after", value, false, &w->stop_events);
}

static int take_option(void *ctx, int c, const char *value)
{
	struct wishes *w = ctx;
	switch (c) {
	case OPT_MAX_EVENTS:
		return parse_amount("--max-events", value, false, &w->max_events);
	case OPT_MAX_SIZE:
		return parse_amount("--max-size", value, true, &w->max_bytes);
	case OPT_START_AT:
		w->start_text = value;
		return parse_pattern(&w->start_at, value);
	case OPT_STOP_AFTER:
		return parse_stop(w, value);
	case OPT_ON_ERROR:
		w->kill_on_error = strcmp(value, "kill") == 0;
		if (!w->kill_on_error && strcmp(value, "continue") != 0)
			return usage_error("--on-error takes continue or kill, not '%s'", value);
		return -1;
	case OPT_ENV:
		w->env = xgrow(w->env, w->n_env, &w->cap_env, sizeof(*w->env));
		w->env[w->n_env++] = value;
		return -1;
	case OPT_NO_OUTPUT:
		w->no_output = true;
		return -1;
	case OPT_SHOW:
		w->show = true;
		w->show_file = value;
		return -1;
	}
	return EXIT_USAGE;
}

/* ---- events, output ---- */

static enum ft_rc keep(void *ctx, const struct event *ev)
{
	struct session *s = ctx;
	const struct event *shown = s->reporter ? view_event(s->view, ev) : NULL;
	if (shown)
		s->o->format->event(s->reporter, shown);
	s->events += !ev->aside && ev->kind != EVENT_START;
	s->calls += ev->kind == EVENT_PUSH;
	return recording_event(s->recording, ev);
}

// The log is complete as far as it goes. In a sink: the program may have more to tell than is kept.
static void close_log(struct session *s)
{
	enum ft_rc rc = recording_close(s->recording, s->cut);
	s->recording = NULL;
	if (rc != FT_FAIL || s->broken)
		return;
	s->broken = true;
	ft_say("cannot complete the log: %s", ft_error());
	ft_error_clear();
}

static void give_up(struct session *s)
{
	s->broken = s->lost = true;
	if (!live_ended_by())
		ft_say("cannot write the log: %s; %s", ft_error(),
		       s->w->kill_on_error ? "the program is ended (--on-error=kill)"
					   : "the program runs on untraced");
	if (!s->cut)
		s->cut = xasprintf("it could not be written: %s", ft_error());
	ft_error_clear();
	close_log(s);
	if (s->w->kill_on_error)
		live_kill(s->live);
	else
		live_let_go(s->live);
}

static bool is_named(struct selection *s, const struct event *ev)
{
	struct function f = {.name = ev->function, .symbol = ev->symbol};
	return s->functions.n && selection_of(s, &f, false) == WANTED;
}

/* Whether the recording has begun, with this event at the latest. */
static enum ft_rc begin_if_due(struct session *s, const struct event *ev)
{
	if (!s->around || ev->kind == EVENT_START || ev->aside)
		return FT_OK;
	if (ev->kind != EVENT_PUSH || !is_named(&s->w->start_at, ev)) {
		around_event(s->around, ev);
		return FT_NONE;
	}
	enum ft_rc rc = around_tell(s->around, keep, s);
	around_destroy(s->around);
	s->around = NULL;
	return rc;
}

static bool ends_with(struct session *s, const struct event *ev)
{
	if (ev->aside || ev->kind == EVENT_START || ev->kind == EVENT_EXIT)
		return false;
	if (s->w->stop_events && s->events >= s->w->stop_events)
		return true;
	if (ev->kind == EVENT_POP && s->stopping && ev->pushed_seq == s->stop_pushed)
		return true;
	if (ev->kind == EVENT_PUSH && !s->stopping && is_named(&s->w->stop_after, ev)) {
		s->stopping = true;
		s->stop_pushed = ev->seq;
	}
	return false;
}

static void on_event(void *ctx, const struct event *ev)
{
	struct session *s = ctx;
	if (!s->recording)
		return;
	enum ft_rc rc = begin_if_due(s, ev);
	if (rc == FT_OK)
		rc = keep(s, ev);
	if (rc == FT_FAIL) {
		give_up(s);
	} else if (rc == FT_OK && ends_with(s, ev)) {
		s->cut = s->stopping
				 ? xasprintf("it was to end after %s (--stop-after)", ev->function)
				 : xasprintf("it was to end after %" PRIu64
					     " event%s (--stop-after)",
					     s->events, s->events == 1 ? "" : "s");
		close_log(s);
		live_let_go(s->live);
	}
}

static void on_output(void *ctx, int stream, const char *bytes, size_t len, uint64_t time_ns)
{
	struct session *s = ctx;
	if (s->recording && !s->around &&
	    recording_output(s->recording, stream, bytes, len, time_ns) == FT_FAIL)
		give_up(s);
}

static bool on_idle(void *ctx)
{
	struct session *s = ctx;
	if (s->recording && recording_sync(s->recording) == FT_FAIL)
		give_up(s);
	// What a reader of the log holds up is tried again.
	return s->recording && recording_is_pending(s->recording);
}

/* ---- a run ---- */

static enum ft_rc open_show(struct session *s, const char *program)
{
	if (s->w->show && s->w->show_file)
		return outfile_make("--show", s->w->show_file, program, s->file, &s->show_file);
	return FT_OK;
}

static enum ft_rc begin_show(struct session *s)
{
	if (!s->w->show)
		return FT_OK;
	if (s->show_file.f && outfile_begin(&s->show_file) != FT_OK)
		return FT_FAIL;
	s->show = s->show_file.f ? s->show_file.f : stderr;
	struct report_options ro = report_options_of(s->o, s->show);
	struct view_options vo = {.trace = s->o, .kinds = view_all_kinds()};
	s->reporter = s->o->format->open(s->show, &ro);
	s->view = view_create(&vo);
	return FT_OK;
}

static enum ft_rc open_recording(struct session *s)
{
	s->replaced = log_is_one(s->file);
	struct recording_options ro = {
		.path = s->file,
		.trace = s->o,
		.env = s->w->env,
		.n_env = s->w->n_env,
		.max_events = s->w->max_events,
		.max_bytes = s->w->max_bytes,
		.output = !s->w->no_output,
	};
	return recording_create(&ro, &s->recording);
}

static bool is_show_watched(const struct session *s)
{
	return s->w->show && isatty(s->show_file.f ? fileno(s->show_file.f) : STDERR_FILENO);
}

// The log is made when the program waits at its first instruction: else an older one would go for
// a program that cannot be started.
static enum ft_rc start(struct session *s, const char *path, char *const *argv)
{
	struct live_options live = {
		.trace = s->o,
		.path = path,
		.argv = argv,
		.watched = is_show_watched(s),
		.output = s->w->no_output ? NULL : on_output,
		.pass_on = true,
		.idle = on_idle,
		.sink = on_event,
		.sink_ctx = s,
	};
	recording_wants(&live);
	enum ft_rc rc = live_open(&live, &s->live);
	if (rc == FT_OK)
		rc = open_recording(s);
	if (rc == FT_OK)
		recording_begin(s->recording, s->live);
	return rc;
}

static enum ft_rc run(struct session *s)
{
	if (s->w->start_at.functions.n)
		s->around = around_create();
	live_start(s->live);
	enum ft_rc rc;
	while ((rc = live_next(s->live)) == FT_OK)
		on_idle(s); // a stop may be nothing to tell of
	return rc == FT_NONE ? FT_OK : rc;
}

static void note_end(struct session *s, enum ft_rc rc)
{
	const char *name = live_ended_by() ? sigabbrev_np(live_ended_by()) : NULL;
	if (s->cut)
		return;
	if (live_ended_by())
		s->cut = xasprintf("frametrace was sent SIG%s, which ended the program",
				   name ? name : "?");
	else if (rc == FT_FAIL)
		s->cut = xstrdup(ft_error());
	else if (s->around)
		s->cut = xasprintf("%s was not called (--start-at)", s->w->start_text);
}

static void say_what_is_there(const struct session *s)
{
	const struct record_end end = {
		.file = s->file,
		.events = s->events,
		.calls = s->calls,
		.ring = s->w->max_events || s->w->max_bytes,
		.lost = s->lost,
		.replaced = s->replaced,
		.cut = s->cut,
		.never = s->stopping || s->w->stop_events ? NULL : s->w->stop_text,
	};
	if (!s->o->quiet && s->file)
		record_say_end(&end);
}

static void finish(struct session *s, enum ft_rc rc)
{
	note_end(s, rc);
	if (s->recording)
		close_log(s);
	if (s->reporter)
		s->o->format->close(s->reporter);
	view_destroy(s->view);
	if (s->show && (fflush(s->show) != 0 || ferror(s->show))) {
		ft_say("cannot write the trace to %s (--show); the log has it",
		       s->w->show_file ? s->w->show_file : "standard error");
		s->broken = true;
	}
	if (s->show && s->show != stderr)
		fclose(s->show);
	else if (s->show_file.f)
		outfile_give_up(&s->show_file);
	around_destroy(s->around);
}

static int record_run(struct trace_options *o, struct wishes *w, char **argv)
{
	struct session s = {.o = o, .w = w};
	char *path = NULL;
	enum ft_rc rc = live_find(argv[0], o->quiet, &path);
	s.file = o->output ? xstrdup(o->output) : xasprintf("%s.frametrace", path_name(argv[0]));
	if (rc == FT_OK)
		rc = open_show(&s, path);
	if (rc == FT_OK)
		rc = start(&s, path, argv);
	bool made = s.recording != NULL;
	if (rc == FT_OK)
		rc = begin_show(&s);
	if (rc == FT_OK)
		rc = run(&s);
	live_say_end(rc, o->quiet);
	finish(&s, rc);
	if (made)
		say_what_is_there(&s);
	int status = live_close(s.live, rc == FT_OK && !s.broken);
	free(s.file);
	free(s.cut);
	free(path);
	return status;
}

static int record_parsed(struct trace_options *o, struct wishes *w, char **argv)
{
	if (o->sort || o->verify)
		return usage_error("record takes no %s", o->sort ? "--sort" : "--verify");
	if (o->verbose > 1)
		o->frames = true;
	return record_run(o, w, argv);
}

static void wishes_deinit(struct wishes *w)
{
	selection_deinit(&w->start_at);
	selection_deinit(&w->stop_after);
	free(w->env);
}

static int record(int argc, char **argv)
{
	struct trace_options o;
	struct wishes w = {.env = NULL};
	const struct more_options more = {
		.options = table,
		.n = FT_COUNT(table),
		.take = take_option,
		.ctx = &w,
		.help = print_help,
	};
	int rc = trace_options_parse_more(argc, argv, &more, &o);
	if (rc < 0) {
		rc = record_parsed(&o, &w, argv + o.first_argument);
		trace_options_deinit(&o);
	}
	wishes_deinit(&w);
	return rc;
}

const struct command command_record = {"record", "run a program and keep its trace in a log",
				       record};
