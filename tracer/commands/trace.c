#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/options.h"
#include "commands/program.h"
#include "events/collect.h"

enum { OUTPUT_BUFFER = 1 << 16 };

/* One trace, from the command line to the exit status. */
struct session {
	struct trace_options o;
	char *const *argv; // of the program
	FILE *out;
	const char *out_name;
	char *buffer;	 // of out
	bool flush_each; // somebody may be watching, or the file is shared with the program
	bool broken;	 // the trace could not be written
	struct control *control;
	struct symbols *symbols;
	struct target *target;
	struct collector *collector;
	struct reporter *reporter;
	struct stop last;
	bool ended; // `last` is the program's end
};

/*
 * Signals reach a handler without context, so this is the one file-scope state of the program
 * besides base/: whom to forward to, and what ended us.
 */
static volatile sig_atomic_t traced_pid;
static volatile sig_atomic_t ended_by;

// From a terminal the program gets the signal itself; from kill(1) only we do: hand it on.
static void on_interrupt(int signal, siginfo_t *info, void *context)
{
	(void)context;
	if (info->si_code == SI_USER && traced_pid > 0)
		control_send((pid_t)traced_pid, signal);
}

// The program dies with us; its end then ends the main loop, and the trace is complete.
static void on_terminate(int signal)
{
	ended_by = signal;
	if (traced_pid > 0)
		control_send((pid_t)traced_pid, SIGKILL);
}

// A signal that was ignored when we were started stays ignored: nohup(1).
static void handle(int signal, const struct sigaction *how)
{
	struct sigaction old;
	if (sigaction(signal, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
		return;
	sigaction(signal, how, NULL);
}

/*
 * The first SIGTERM or SIGHUP ends the program and lets us finish the trace; a second one ends us,
 * also where we are stuck, as in a pipe that nobody reads.
 */
static void handle_signals(pid_t pid)
{
	traced_pid = pid;
	struct sigaction forward = {.sa_sigaction = on_interrupt,
				    .sa_flags = SA_SIGINFO | SA_RESTART};
	struct sigaction end = {.sa_handler = on_terminate, .sa_flags = (int)SA_RESETHAND};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	handle(SIGINT, &forward);
	handle(SIGQUIT, &forward);
	handle(SIGTERM, &end);
	handle(SIGHUP, &end);
	sigaction(SIGPIPE, &ignore, NULL); // a failed write says what is wrong
	sigaction(SIGXFSZ, &ignore, NULL);
}

static bool is_regular(FILE *f)
{
	struct stat st;
	return fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode);
}

static enum ft_rc open_output(struct session *s)
{
	s->out = stderr;
	s->out_name = "standard error";
	s->flush_each = !s->o.format->at_end;
	if (s->o.output) {
		s->out_name = s->o.output;
		s->out = fopen(s->o.output, "we");
		if (!s->out)
			return ft_fail("%s: %s", s->o.output, strerror(errno));
		s->flush_each &= !is_regular(s->out);
	}
	s->buffer = xmalloc(OUTPUT_BUFFER); // glibc ignores the size if it is to find the memory
	setvbuf(s->out, s->buffer, _IOFBF, OUTPUT_BUFFER);
	return FT_OK;
}

static bool wants_color(const struct session *s)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
	switch (s->o.color) {
	case COLOR_ALWAYS:
		return true;
	case COLOR_NEVER:
		return false;
	case COLOR_AUTO:
		return isatty(fileno(s->out)) && !(no_color && *no_color) && term &&
		       strcmp(term, "dumb") != 0;
	}
	return false;
}

// The trace cannot go on; the program can, with all its bytes back.
static void give_up_writing(struct session *s, int error)
{
	s->broken = true;
	if (ended_by)
		return;
	ft_say("cannot write the trace to %s: %s; the program runs on untraced", s->out_name,
	       strerror(error));
	if (s->control)
		control_disarm(s->control);
}

static void write_event(void *ctx, const struct event *ev)
{
	struct session *s = ctx;
	if (s->broken)
		return;
	s->o.format->event(s->reporter, ev);
	if (s->flush_each ? fflush(s->out) != 0 : ferror(s->out) != 0)
		give_up_writing(s, errno);
}

static enum ft_rc start(struct session *s, const char *path)
{
	bool steps = s->o.step.insn || s->o.step.line;
	bool early = !s->flush_each && !steps && s->o.map == MAP_NONE;
	// With -q a person sees frames only: no allocator is watched for nothing.
	bool heap = !s->o.no_heap && (!s->o.quiet || s->o.format->details);
	struct launch how = {
		.path = path,
		.argv = s->argv,
		.no_aslr = s->o.no_aslr,
		.pin = s->o.pin,
		.early_resume = early,
	};
	enum ft_rc rc = control_launch(&how, &s->control);
	if (rc != FT_OK)
		return rc;
	handle_signals(control_pid(s->control));
	bool ghosts = s->o.frames || s->o.step.insn;
	struct plan_options plan = {
		.locals = s->o.verbose > 0 || ghosts || s->o.format->details,
		.frames = ghosts,
		.heap = heap,
		.macro_locals = s->o.verbose > 1,
		.inlines = s->o.inlines,
		.step = steps,
		.hold_all = s->o.walk || s->o.verify || steps,
		.full = s->o.verbose > 0 && !s->o.format->details,
		.trees = s->o.format->details,
		.style = s->o.style,
	};
	plan.style.targets = plan.full || plan.trees;
	s->o.step.macro_locals = plan.macro_locals;
	struct collect_options collect = {
		.program = path,
		.argv = s->argv,
		.max_depth = s->o.max_depth,
		.locals = plan.locals,
		.frames = s->o.frames,
		.ghosts = ghosts,
		.heap = heap,
		.heap_all = s->o.selection.all,
		.walk = s->o.walk,
		.inlines = s->o.inlines,
		.map = s->o.map,
		.places = plan.full,
		.step = s->o.step,
		.verify = s->o.verify,
	};
	s->symbols = symbols_create();
	s->target = target_create(s->control, s->symbols, &s->o.selection, &plan);
	s->collector =
		collector_create(s->control, s->symbols, s->target, &collect, write_event, s);
	rc = target_load(s->target);
	return rc == FT_NONE ? ft_fail("the program was killed before it could be traced") : rc;
}

static enum ft_rc run(struct session *s)
{
	struct report_options ro = {
		.color = wants_color(s),
		.verbose = s->o.verbose,
		.quiet = s->o.quiet,
		.walk = s->o.walk,
		.frames = s->o.frames,
		.sort = s->o.sort,
	};
	s->reporter = s->o.format->open(s->out, &ro);
	collect_start(s->collector);
	enum ft_rc rc;
	while ((rc = control_next(s->control, &s->last)) == FT_OK) {
		if (s->broken)
			continue;
		rc = collect_stop(s->collector, &s->last);
		if (rc != FT_OK)
			break;
	}
	traced_pid = 0; // it is gone, and its number may be another's soon
	s->ended = s->last.kind == STOP_EXIT || s->last.kind == STOP_KILLED;
	return rc == FT_NONE ? FT_OK : rc;
}

static void finish(struct session *s)
{
	if (s->reporter)
		s->o.format->close(s->reporter);
	if (!s->broken && s->out && fflush(s->out) != 0)
		give_up_writing(s, errno);
	if (s->out && s->out != stderr) {
		if (fclose(s->out) != 0 && !s->broken)
			give_up_writing(s, errno);
		free(s->buffer); // that of stderr is in use until exit
	}
	collector_destroy(s->collector);
	target_destroy(s->target);
	symbols_destroy(s->symbols);
	control_destroy(s->control);
	trace_options_deinit(&s->o);
}

// Ends as the program did: by the same signal, without a second core dump.
static void end_by_signal(int signal)
{
	struct rlimit none = {0, 0};
	struct sigaction usual = {.sa_handler = SIG_DFL};
	sigset_t one;
	setrlimit(RLIMIT_CORE, &none);
	sigaction(signal, &usual, NULL);
	sigemptyset(&one);
	sigaddset(&one, signal);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	raise(signal);
}

static int exit_status(const struct session *s, enum ft_rc rc, bool mismatch)
{
	if (ended_by)
		end_by_signal(ended_by);
	if (rc != FT_OK || s->broken || mismatch || !s->ended)
		return EXIT_BAD;
	if (s->last.kind == STOP_KILLED) {
		end_by_signal(s->last.signal);
		return 128 + s->last.signal; // the signal did not end us: say it as a shell does
	}
	return s->last.status;
}

int trace_run(struct trace_options *o, char **argv)
{
	struct session s = {.o = *o, .argv = argv};
	char *path = NULL, *interpreter = NULL;
	enum ft_rc rc = program_find(s.argv[0], &path, &interpreter);
	if (rc == FT_OK && interpreter && !s.o.quiet)
		ft_say("%s is a script: tracing its interpreter %s", path, interpreter);
	if (rc == FT_OK)
		rc = open_output(&s);
	if (rc == FT_OK)
		rc = start(&s, path);
	if (rc == FT_OK)
		rc = run(&s);
	if (ended_by && !s.o.quiet)
		ft_say("ended by signal %d, and the program with it", (int)ended_by);
	else if (rc != FT_OK && !ended_by)
		failed();
	bool mismatch = s.collector && collect_mismatches(s.collector) > 0;
	finish(&s);
	free(path);
	free(interpreter);
	return exit_status(&s, rc, mismatch);
}

static int trace(int argc, char **argv)
{
	struct trace_options o;
	int rc = trace_options_parse(argc, argv, &o);
	if (rc >= 0)
		return rc;
	if (o.sort) {
		trace_options_deinit(&o);
		return usage_error("--sort is an option of frametrace report");
	}
	if (o.verbose > 1 && !o.format->details)
		o.frames = true; // formats for machines take no notice of -v
	return trace_run(&o, argv + o.first_argument);
}

const struct command command_trace = {"trace", "run a program and show its frames (the default)",
				      trace};
