#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "commands/commands.h"
#include "commands/live.h"
#include "commands/recording.h"
#include "control/control.h"
#include "store/log.h"
#include "tui/plain.h"
#include "tui/player.h"
#include "tui/screen.h"

enum { MEMORY_MAX = 1 << 30 }; // of a recording that is not kept: its beginning is let go

/* What the command line says besides the options of a trace. */
struct wishes {
	bool plain;
	const char *script, *input, *answers;
	char **stops; // breakpoints, as player_break() has them
	size_t n_stops, cap_stops;
};

/* One session, from the command line to the exit status. */
struct session {
	struct trace_options *o;
	struct wishes *w;
	struct recording *recording; // NULL: a log that was there before
	struct live *live;
	struct log *log;
	struct player *player;
	FILE *script, *answers;
	bool on_screen;
	int interrupts; // a descriptor that tells of Ctrl-C; -1: none
	uint64_t events;
	bool ended;  // the program
	bool failed; // the recording could not be written: ft_error()
};

/* ---- the command line ---- */

enum {
	OPT_ANSWERS = MORE_OPTIONS,
	OPT_PLAIN,
	OPT_SCRIPT,
	OPT_STDIN,
	OPT_WATCH,
};

static const struct option table[] = {
	{"answers", required_argument, NULL, OPT_ANSWERS},
	{"break", required_argument, NULL, 'b'},
	{"plain", no_argument, NULL, OPT_PLAIN},
	{"script", required_argument, NULL, OPT_SCRIPT},
	{"stdin", required_argument, NULL, OPT_STDIN},
	{"watch", required_argument, NULL, OPT_WATCH},
};

static void print_help(void)
{
	printf("Usage: frametrace step [OPTIONS] [--] PROGRAM [ARGS...], or\n"
	       "       frametrace step [OPTIONS] LOG\n"
	       "Steps through a run, forwards and backwards: PROGRAM as it runs, or a LOG that\n"
	       "frametrace record made. What was stepped is recorded, so that it can be undone.\n"
	       "On a full screen: s n f u c step, capitals go back, ? shows all keys.\n"
	       "      --plain           a prompt, line by line, with gdb's commands (try: help)\n"
	       "      --script=FILE     --plain, with the commands of FILE; exit status 1 if one\n"
	       "                        failed\n"
	       "      --answers=FILE    --script over a LOG, grading the lines NAME = ANSWER of\n"
	       "                        FILE: only what it asks and checks is shown\n"
	       "  -b, --break=PLACE     stop at FUNCTION, FILE:LINE, *ADDRESS, +EVENT, each with\n"
	       "                        \" if CONDITION\"; may be given several times\n"
	       "      --watch=VARIABLE  stop when it has changed; FUNCTION.VARIABLE\n"
	       "Of a PROGRAM only\n"
	       "  -o, --output=FILE     keep the recording\n"
	       "      --stdin=FILE      the program's input; default: none, where the commands "
	       "come\n"
	       "                        from standard input\n"
	       "      --events=LIST     default: call,line,insn; call is faster\n"
	       "and -f, -s, -l, -a, -d, -c, -q, -R, -P, --no-heap as for a trace: frametrace "
	       "--help\n"
	       "Example: frametrace step build/demos/double_c\n");
}

static int take_option(void *ctx, int c, const char *value)
{
	struct wishes *w = ctx;
	switch (c) {
	case 'b':
	case OPT_WATCH:
		w->stops = xgrow(w->stops, w->n_stops, &w->cap_stops, sizeof(*w->stops));
		w->stops[w->n_stops++] = c == 'b' ? xstrdup(value) : xasprintf("watch %s", value);
		return -1;
	case OPT_PLAIN:
		w->plain = true;
		return -1;
	case OPT_SCRIPT:
		w->plain = true;
		w->script = value;
		return -1;
	case OPT_STDIN:
		w->input = value;
		return -1;
	case OPT_ANSWERS:
		w->answers = value;
		return -1;
	}
	return EXIT_USAGE;
}

/* What was handed in is never run, whatever it is: says why it is no log. */
static int only_a_log(const char *path)
{
	struct log *log;
	if (log_open(path, &log) != FT_OK)
		return failed();
	log_close(log);
	return -1;
}

/* Options that say how to run a program mean nothing for a run that is over. */
static int check_options(const struct trace_options *o, const struct wishes *w, bool is_log)
{
	const struct selection *sel = &o->selection;
	bool runs = o->output || w->input || o->events_said || o->no_aslr || o->pin || o->no_heap ||
		    o->max_depth || sel->all || sel->functions.n || sel->sources.n ||
		    sel->libraries.n || o->map != MAP_NONE || o->walk;
	if (o->sort || o->verify || o->inlines)
		return usage_error("step takes no --sort, --verify, --inlines");
	if (is_log && runs)
		return usage_error("a LOG is a run that is over: it takes no option that says how "
				   "to run a program or what to record");
	return -1;
}

/* ---- a live run ---- */

static void on_event(void *ctx, const struct event *ev)
{
	struct session *s = ctx;
	s->events += !ev->aside && ev->kind != EVENT_START;
	if (!s->failed && recording_event(s->recording, ev) == FT_FAIL)
		s->failed = true;
}

static void on_output(void *ctx, int stream, const char *bytes, size_t len, uint64_t time_ns)
{
	struct session *s = ctx;
	if (!s->failed && recording_output(s->recording, stream, bytes, len, time_ns) == FT_FAIL)
		s->failed = true;
}

static bool on_idle(void *ctx)
{
	struct session *s = ctx;
	if (!s->failed && recording_sync(s->recording) == FT_FAIL)
		s->failed = true;
	// The program waits, and nobody knows for how long: it gets the Ctrl-C that we got. The
	// handler of live.c hands on what kill(2) sends us.
	if (s->on_screen && player_is_pause_wanted(s->player))
		control_send(getpid(), SIGINT);
	return s->on_screen;
}

static enum ft_rc more(void *ctx)
{
	struct session *s = ctx;
	uint64_t before = s->events;
	while (!s->ended && s->events == before) {
		enum ft_rc rc = live_next(s->live);
		if (rc == FT_FAIL || s->failed)
			return FT_FAIL;
		s->ended = rc == FT_NONE;
	}
	return s->events == before ? FT_NONE : FT_OK;
}

/*
 * The program's standard input while it is started: what --stdin says; nothing, if the commands of
 * the session come from there; else ours. Returns a descriptor of ours to put back, or -1.
 */
static enum ft_rc lend_input(const struct session *s, int *ret)
{
	*ret = -1;
	if (!s->w->input && s->w->script)
		return FT_OK;
	const char *name = s->w->input ? s->w->input : "/dev/null";
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ft_fail("%s: %s", name, strerror(errno));
	int ours = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (ours < 0 || dup2(fd, STDIN_FILENO) < 0) {
		enum ft_rc rc = ft_fail("standard input: %s", strerror(errno));
		close(fd);
		return rc;
	}
	close(fd);
	*ret = ours;
	return FT_OK;
}

static void take_back_input(int ours)
{
	if (ours < 0)
		return;
	dup2(ours, STDIN_FILENO);
	close(ours);
}

static enum ft_rc open_recording(struct session *s)
{
	struct recording_options ro = {
		.path = s->o->output,
		.trace = s->o,
		.output = true,
		.max_bytes = s->o->output ? 0 : MEMORY_MAX,
	};
	return recording_create(&ro, &s->recording);
}

static enum ft_rc launch(struct session *s, const char *path, char *const *argv)
{
	struct live_options live = {
		.trace = s->o,
		.path = path,
		.argv = argv,
		.watched = true,
		.output = on_output,
		.idle = on_idle,
		.sink = on_event,
		.sink_ctx = s,
	};
	int ours;
	recording_wants(&live);
	enum ft_rc rc = lend_input(s, &ours);
	if (rc != FT_OK)
		return rc;
	rc = live_open(&live, &s->live);
	take_back_input(ours);
	if (rc == FT_OK)
		rc = open_recording(s);
	if (rc != FT_OK)
		return rc;
	if (ours >= 0 && !s->w->input && !s->o->quiet)
		ft_say("the program has no input (/dev/null); --stdin=FILE gives it some");
	recording_begin(s->recording, s->live);
	live_start(s->live);
	return s->failed ? FT_FAIL : FT_OK;
}

// Whatever can be recorded: what a person wants to see is not known before.
static void wish_all(struct trace_options *o)
{
	if (!o->events_said)
		o->step.insn = o->step.line = true;
	o->frames = o->registers = true;
}

static enum ft_rc open_live(struct session *s, char *const *argv)
{
	char *path;
	wish_all(s->o);
	enum ft_rc rc = live_find(argv[0], s->o->quiet, &path);
	if (rc != FT_OK)
		return rc;
	rc = launch(s, path, argv);
	if (rc == FT_OK)
		rc = log_of(recording_store(s->recording), &s->log);
	free(path);
	if (rc == FT_OK)
		s->player = player_create(s->log, &(struct player_live){more, s});
	return rc;
}

/* ---- the session ---- */

static bool is_interrupted(void *ctx)
{
	const struct session *s = ctx;
	struct signalfd_siginfo info;
	struct pollfd p = {.fd = s->interrupts, .events = POLLIN};
	return poll(&p, 1, 0) > 0 && read(s->interrupts, &info, sizeof(info)) > 0;
}

// Ctrl-C ends a move, not the session. Only now: the program must not inherit the mask.
static void watch_interrupts(struct session *s)
{
	sigset_t one;
	sigemptyset(&one);
	sigaddset(&one, SIGINT);
	sigprocmask(SIG_BLOCK, &one, NULL);
	s->interrupts = signalfd(-1, &one, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->interrupts >= 0)
		player_on_pause(s->player, is_interrupted, s);
}

static enum ft_rc set_stops(struct session *s)
{
	bool is_watch = false;
	for (size_t i = 0; i < s->w->n_stops; i++) {
		unsigned number;
		enum ft_rc rc = player_break(s->player, s->w->stops[i], &number);
		if (rc != FT_OK)
			return rc;
		is_watch |= strncmp(s->w->stops[i], "watch ", 6) == 0;
	}
	const char *note = is_watch ? player_watch_note(s->player) : NULL;
	if (note && !s->o->quiet)
		ft_say("--watch: %s", note);
	return FT_OK;
}

// A signal has ended the program, and is to end us.
static bool is_over(void *ctx)
{
	(void)ctx;
	return live_ended_by() != 0;
}

static int converse(struct session *s)
{
	watch_interrupts(s);
	struct plain_options po = {
		.in = s->script ? s->script : stdin,
		.out = stdout,
		.terminal = !s->script && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO),
		.script = s->w->script,
		.answers = s->answers,
		.is_over = is_over,
	};
	return finish_stdout(plain_run(s->player, &po));
}

static int show(struct session *s)
{
	struct screen_options so = {.color = report_options_of(s->o, stdout).color};
	s->on_screen = true;
	int status = screen_run(s->player, &so);
	s->on_screen = false;
	return status;
}

// A directory can be opened, and looks empty.
static enum ft_rc open_words(const char *path, FILE **ret)
{
	struct stat st;
	if (!path)
		return FT_OK;
	*ret = fopen(path, "re");
	if (*ret && fstat(fileno(*ret), &st) == 0 && S_ISDIR(st.st_mode))
		return ft_fail("%s: %s", path, strerror(EISDIR));
	return *ret ? FT_OK : ft_fail("%s: %s", path, strerror(errno));
}

static enum ft_rc begin(struct session *s, char *const *argv, bool is_log)
{
	enum ft_rc rc = open_words(s->w->script, &s->script);
	if (rc == FT_OK)
		rc = open_words(s->w->answers, &s->answers);
	if (rc != FT_OK)
		return rc;
	if (is_log) {
		rc = log_open(argv[0], &s->log);
		if (rc == FT_OK && log_info(s->log)->cut)
			ft_say("the recording is not whole: %s", log_info(s->log)->cut);
		if (rc == FT_OK)
			s->player = player_create(s->log, NULL);
	} else {
		rc = open_live(s, argv);
	}
	if (rc == FT_OK)
		rc = player_start(s->player);
	if (rc == FT_NONE)
		rc = ft_fail("there is nothing to step through: no event was recorded");
	return rc == FT_OK ? set_stops(s) : rc;
}

static enum ft_rc close_recording(struct session *s, bool runs)
{
	const char *cut = NULL;
	if (runs)
		cut = "the session ended before the program did";
	else if (s->failed)
		cut = "it could not be written";
	enum ft_rc rc = recording_close(s->recording, cut);
	s->recording = NULL;
	return s->failed ? FT_OK : rc;
}

static int finish(struct session *s, int status)
{
	bool runs = s->recording && !s->ended;
	player_destroy(s->player);
	log_close(s->log);
	if (close_recording(s, runs) == FT_FAIL)
		status = failed();
	if (live_ended_by())
		live_say_end(FT_OK, s->o->quiet);
	else if (runs && !s->o->quiet)
		ft_say("the program was still running; it has been ended");
	live_close(s->live, false); // its status is not ours: a session has one of its own
	if (s->script)
		fclose(s->script);
	if (s->answers)
		fclose(s->answers);
	if (s->interrupts >= 0)
		close(s->interrupts);
	return status;
}

static int step_run(struct trace_options *o, struct wishes *w, char *const *argv)
{
	struct session s = {.o = o, .w = w, .interrupts = -1};
	bool is_log = log_is_one(argv[0]);
	bool screen = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	int status = check_options(o, w, is_log);
	if (status < 0 && !w->plain && !screen)
		status = usage_error("the full screen needs a terminal for input and output; "
				     "--plain and --script=FILE do without");
	if (status < 0 && w->answers && !w->script)
		status = usage_error("--answers needs the questions: --script=FILE");
	if (status < 0 && is_log && argv[1])
		status = usage_error("there is one LOG: '%s' is too much", argv[1]);
	if (status < 0 && w->answers)
		status = only_a_log(argv[0]);
	if (status >= 0)
		return status;
	enum ft_rc rc = begin(&s, argv, is_log);
	status = rc != FT_OK ? failed() : w->plain ? converse(&s) : show(&s);
	return finish(&s, status);
}

static int step(int argc, char **argv)
{
	struct trace_options o;
	struct wishes w = {.plain = false};
	const struct more_options more_options = {
		.options = table,
		.n = FT_COUNT(table),
		.letters = "b:",
		.take = take_option,
		.ctx = &w,
		.help = print_help,
	};
	int rc = trace_options_parse_more(argc, argv, &more_options, &o);
	if (rc < 0) {
		rc = step_run(&o, &w, argv + o.first_argument);
		trace_options_deinit(&o);
	}
	for (size_t i = 0; i < w.n_stops; i++)
		free(w.stops[i]);
	free(w.stops);
	return rc;
}

const struct command command_step = {"step", "step through a program or a log, both ways", step};
