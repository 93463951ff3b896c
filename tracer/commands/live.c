#include "commands/live.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "commands/commands.h"
#include "commands/program.h"

struct live {
	struct live_options o;
	struct control *control;
	struct symbols *symbols;
	struct target *target;
	struct collector *collector;
	struct output *output;
	bool output_lost; // our own streams did not take it
	struct stop last;
	bool let_go, muted;
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

enum ft_rc live_find(const char *word, bool quiet, char **ret)
{
	char *path, *interpreter;
	enum ft_rc rc = program_find(word, &path, &interpreter);
	if (rc != FT_OK)
		return rc;
	if (interpreter && !quiet)
		ft_say("%s is a script: tracing its interpreter %s", path, interpreter);
	free(interpreter);
	*ret = path;
	return FT_OK;
}

static bool steps(const struct trace_options *t)
{
	return t->step.insn || t->step.line;
}

static struct plan_options plan_of(const struct live_options *o)
{
	const struct trace_options *t = o->trace;
	struct plan_options plan = {
		.locals = o->locals,
		.frames = t->frames || t->step.insn,
		.heap = o->heap && !t->no_heap,
		.macro_locals = t->verbose > 1,
		.inlines = t->inlines,
		.step = steps(t),
		.hold_all = t->walk || t->verify || steps(t),
		.full = o->full,
		.trees = o->trees,
		.style = t->style,
	};
	plan.locals |= plan.frames; // a frame map shows them
	plan.style.targets = plan.full || plan.trees;
	return plan;
}

static struct collect_options collect_of(const struct live_options *o,
					 const struct plan_options *plan)
{
	const struct trace_options *t = o->trace;
	struct collect_options collect = {
		.program = o->path,
		.argv = o->argv,
		.max_depth = t->max_depth,
		.locals = plan->locals,
		.frames = t->frames,
		.ghosts = plan->frames,
		.heap = plan->heap,
		.heap_all = t->selection.all,
		.walk = t->walk,
		.inlines = t->inlines,
		.map = t->map,
		.asides = o->asides,
		.registers = t->registers,
		.step = t->step,
		.verify = t->verify,
	};
	collect.step.macro_locals = plan->macro_locals;
	return collect;
}

static enum ft_rc set_up(struct live *live)
{
	const struct live_options *o = &live->o;
	struct plan_options plan = plan_of(o);
	struct collect_options collect = collect_of(o, &plan);
	live->symbols = symbols_create();
	live->target = target_create(live->control, live->symbols, &o->trace->selection, &plan);
	live->collector = collector_create(live->control, live->symbols, live->target, &collect,
					   o->sink, o->sink_ctx);
	enum ft_rc rc = target_load(live->target);
	return rc == FT_NONE ? ft_fail("the program was killed before it could be traced") : rc;
}

static void take_output(void *ctx, int stream, const char *bytes, size_t len)
{
	const struct live *live = ctx;
	if (!live->muted)
		live->o.output(live->o.sink_ctx, stream, bytes, len,
			       collect_time(live->collector, control_now()));
}

static void finish_output(struct live *live)
{
	if (output_finish(live->output) == FT_FAIL)
		live->output_lost = true;
	live->output = NULL;
}

// The program ends, if it still runs; what it had written by then is passed on.
static void stop(struct live *live)
{
	live->muted = true;
	collector_destroy(live->collector);
	target_destroy(live->target);
	symbols_destroy(live->symbols);
	control_destroy(live->control);
	finish_output(live);
}

enum ft_rc live_open(const struct live_options *o, struct live **ret)
{
	struct live *live = xcalloc(1, sizeof(*live));
	live->o = *o;
	struct output_options output = {
		.pass_on = o->pass_on, .sink = take_output, .sink_ctx = live};
	if (o->output && output_create(&output, &live->output) != FT_OK) {
		free(live);
		return FT_FAIL;
	}
	struct launch how = {
		.path = o->path,
		.argv = o->argv,
		.no_aslr = o->trace->no_aslr,
		.pin = o->trace->pin,
		.early_resume = !o->watched && !steps(o->trace) && o->trace->map == MAP_NONE,
		.as_job = !o->output || o->pass_on, // else the terminal is a stepper's
		.output = live->output,
		.idle = o->idle,
		.idle_ctx = o->sink_ctx,
	};
	enum ft_rc rc = control_launch(&how, &live->control);
	if (rc == FT_OK) {
		handle_signals(control_pid(live->control));
		rc = set_up(live);
	}
	if (rc != FT_OK) {
		traced_pid = 0;
		stop(live);
		free(live);
		return rc;
	}
	*ret = live;
	return FT_OK;
}

struct target *live_target(struct live *live)
{
	return live->target;
}

void live_start(struct live *live)
{
	collect_start(live->collector);
}

enum ft_rc live_next(struct live *live)
{
	enum ft_rc rc = control_next(live->control, &live->last);
	if (rc == FT_OK && !live->let_go)
		rc = collect_stop(live->collector, &live->last);
	if (rc != FT_OK)
		traced_pid = 0; // it is gone, and its number may be another's soon
	if (rc == FT_NONE)
		finish_output(live);
	return rc;
}

void live_let_go(struct live *live)
{
	if (!live)
		return;
	control_disarm(live->control);
	live->let_go = true;
}

void live_kill(struct live *live)
{
	if (live)
		control_send(control_pid(live->control), SIGKILL);
}

int live_ended_by(void)
{
	return ended_by;
}

void live_say_end(enum ft_rc rc, bool quiet)
{
	if (ended_by && !quiet)
		ft_say("ended by signal %d, and the program with it", (int)ended_by);
	else if (rc == FT_FAIL && !ended_by)
		failed();
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

int live_close(struct live *live, bool good)
{
	struct stop last = {.kind = STOP_GONE};
	if (live) {
		last = live->last;
		good = good && collect_mismatches(live->collector) == 0;
		stop(live);
		good = good && !live->output_lost;
		free(live);
	}
	if (ended_by)
		end_by_signal(ended_by);
	if (good && last.kind == STOP_EXIT)
		return last.status;
	if (!good || last.kind != STOP_KILLED)
		return EXIT_BAD;
	end_by_signal(last.signal);
	return 128 + last.signal; // the signal did not end us: say it as a shell does
}
