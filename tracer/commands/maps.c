#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands/commands.h"
#include "commands/look.h"
#include "commands/program.h"
#include "commands/replay.h"
#include "commands/running.h"
#include "control/control.h"
#include "events/regions.h"

static void print_help(void)
{
	printf("Usage: frametrace maps [OPTIONS] PID\n"
	       "       frametrace maps [OPTIONS] LOG [--at=EVENT]\n"
	       "       frametrace maps [OPTIONS] [--] PROGRAM [ARGS...]\n"
	       "Shows an address space, high addresses on top, and what lies where. A running\n"
	       "process is read without stopping it; a PROGRAM is run, and shown as its main\n"
	       "thread ends; a LOG of frametrace record has what it was then.\n"
	       "  -v, --verbose      the sections of each file too\n"
	       "      --explain      how to read a line of /proc/PID/maps\n"
	       "  -F, --format=NAME  text, json or explain\n"
	       "  -c, --color        with colours\n"
	       "      --at=EVENT     of a LOG: as it was at this event, as far as it was recorded\n"
	       "  -R, --no-aslr      PROGRAM at the same addresses in every run\n"
	       "Example: frametrace maps $(pidof vas_explore)\n");
}

static void show_map(const struct look_options *o, int pid, const struct event_map *map)
{
	struct event_map explained = *map;
	struct event ev = {.kind = EVENT_MAP, .pid = pid, .tid = pid, .map = &explained};
	explained.explain = o->explain;
	explained.when = NULL; // all of it
	struct reporter *reporter = look_open(o);
	o->format->event(reporter, &ev);
	o->format->close(reporter);
}

/* ---- a process that runs ---- */

static enum ft_rc maps_of_running(const struct look_options *o)
{
	struct running r;
	enum ft_rc rc = running_open(&r, o->target);
	if (rc != FT_OK)
		return rc;
	show_map(o, (int)r.pid, &r.regions.map);
	running_close(&r);
	return FT_OK;
}

/* ---- a program that is run ---- */

static enum ft_rc maps_of(const struct look_options *o, pid_t pid, const struct memory *mem)
{
	struct symbols *s = symbols_create();
	struct regions r;
	enum ft_rc rc = regions_read(s, pid, mem, &r);
	if (rc == FT_OK) {
		show_map(o, (int)pid, &r.map);
		regions_deinit(&r);
	}
	symbols_destroy(s);
	return rc;
}

static enum ft_rc watch(const struct look_options *o, struct control *c, struct stop *last)
{
	enum ft_rc rc;
	bool shown = false;
	while ((rc = control_next(c, last)) == FT_OK) {
		if (last->kind != STOP_LEAVING || last->tid != control_pid(c) || shown)
			continue;
		struct memory mem = control_memory(c);
		fflush(stdout);
		rc = maps_of(o, control_pid(c), &mem);
		if (rc == FT_FAIL)
			return rc;
		shown = rc == FT_OK;
	}
	if (rc == FT_NONE && !shown)
		return ft_fail("the program ended before its address space could be read");
	return rc == FT_NONE ? FT_OK : rc;
}

static int maps_of_program(const struct look_options *o, char **argv)
{
	char *path = NULL, *interpreter = NULL;
	struct control *c = NULL;
	struct stop last = {.kind = STOP_EXIT};
	enum ft_rc rc = program_find(argv[0], &path, &interpreter);
	struct launch how = {.path = path, .argv = argv, .no_aslr = o->no_aslr};
	if (rc == FT_OK)
		rc = control_launch(&how, &c);
	if (rc == FT_OK) { // the program gets them from the terminal, and shows its end
		signal(SIGINT, SIG_IGN);
		signal(SIGQUIT, SIG_IGN);
		rc = watch(o, c, &last);
	}
	control_destroy(c);
	free(path);
	free(interpreter);
	if (rc != FT_OK)
		return failed();
	return last.kind == STOP_KILLED ? 128 + last.signal : last.status;
}

/* ---- a run that was recorded ---- */

static enum ft_rc maps_of_log(const struct look_options *o)
{
	struct log *log;
	const struct event *ev;
	uint64_t seq;
	enum ft_rc rc = look_open_log(o, &log, &seq);
	if (rc != FT_OK)
		return rc;
	rc = log_map(log, seq, &ev);
	if (rc == FT_OK)
		show_map(o, ev->pid, ev->map);
	else if (rc == FT_NONE)
		rc = ft_fail("%s: no map of the address space is in it", o->target);
	log_close(log);
	return rc;
}

static int maps(int argc, char **argv)
{
	static const struct look_command command = {
		.name = "maps",
		.missing = "maps needs a PID, a LOG or a PROGRAM",
		.help = print_help,
		.runs = true,
		.least = 1,
	};
	struct look_options o;
	int rc = look_options_parse(argc, argv, &command, &o);
	if (rc >= 0)
		return rc;
	if (!o.is_log && !running_is_pid(o.target))
		return finish_stdout(maps_of_program(&o, o.operands));
	if (o.n > 1)
		return usage_error(o.is_log ? "maps takes one LOG" : "maps takes one PID");
	enum ft_rc shown = o.is_log ? maps_of_log(&o) : maps_of_running(&o);
	return finish_stdout(shown == FT_OK ? 0 : failed());
}

const struct command command_maps = {
	"maps", "show the address space of a process, a program or a log", maps};
