#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/program.h"
#include "commands/running.h"
#include "control/control.h"
#include "events/regions.h"
#include "report/report.h"

struct maps_options {
	const struct report_format *format;
	bool explain, no_aslr, color;
	int verbose;
	int first_argument;
};

enum long_only { OPT_EXPLAIN = 256, OPT_JSON };

static const struct option long_options[] = {
	{"color", no_argument, NULL, 'c'},	  {"explain", no_argument, NULL, OPT_EXPLAIN},
	{"format", required_argument, NULL, 'F'}, {"help", no_argument, NULL, 'h'},
	{"json", no_argument, NULL, OPT_JSON},	  {"no-aslr", no_argument, NULL, 'R'},
	{"verbose", no_argument, NULL, 'v'},	  {NULL, 0, NULL, 0},
};

static void print_help(void)
{
	printf("Usage: frametrace maps [OPTIONS] PID\n"
	       "       frametrace maps [OPTIONS] [--] PROGRAM [ARGS...]\n"
	       "Shows an address space, high addresses on top, and what lies where. A running\n"
	       "process is read without stopping it; a PROGRAM is run, and shown as its main\n"
	       "thread ends.\n"
	       "  -v, --verbose      the sections of each file too\n"
	       "      --explain      how to read a line of /proc/PID/maps\n"
	       "  -F, --format=NAME  text, json or explain\n"
	       "  -c, --color        with colours\n"
	       "  -R, --no-aslr      PROGRAM at the same addresses in every run\n"
	       "Example: frametrace maps $(pidof vas_explore)\n");
}

static int parse(int argc, char **argv, struct maps_options *ret)
{
	*ret = (struct maps_options){.format = report_formats[0], .color = isatty(STDOUT_FILENO)};
	optind = 0;
	for (int c; (c = getopt_long(argc, argv, "+:cF:hRv", long_options, NULL)) != -1;) {
		switch (c) {
		case 'c':
			ret->color = true;
			break;
		case 'F':
		case OPT_JSON:
			ret->format = report_find(c == 'F' ? optarg : "json");
			if (!ret->format)
				return usage_error("there is no format '%s'", optarg);
			break;
		case 'R':
			ret->no_aslr = true;
			break;
		case 'v':
			ret->verbose++;
			break;
		case OPT_EXPLAIN:
			ret->explain = true;
			break;
		case 'h':
			print_help();
			return 0;
		case ':':
			return usage_error("%s needs a value", argv[optind - 1]);
		default:
			return usage_error("maps: there is no option %s", argv[optind - 1]);
		}
	}
	if (optind == argc)
		return usage_error("maps needs a PID or a PROGRAM");
	ret->first_argument = optind;
	return -1;
}

static void show(const struct maps_options *o, pid_t pid, const struct regions *r)
{
	struct report_options ro = {.color = o->color, .verbose = o->verbose};
	struct event ev = {.kind = EVENT_MAP, .pid = (int)pid, .tid = (int)pid, .map = &r->map};
	struct event_map explained = r->map;
	explained.explain = o->explain;
	ev.map = &explained;
	struct reporter *reporter = o->format->open(stdout, &ro);
	o->format->event(reporter, &ev);
	o->format->close(reporter);
}

/* ---- a process that runs ---- */

static enum ft_rc maps_of_running(const struct maps_options *o, const char *word)
{
	struct running r;
	enum ft_rc rc = running_open(&r, word);
	if (rc != FT_OK)
		return rc;
	show(o, r.pid, &r.regions);
	running_close(&r);
	return FT_OK;
}

/* ---- a program that is run ---- */

static enum ft_rc maps_of(const struct maps_options *o, pid_t pid, const struct memory *mem)
{
	struct symbols *s = symbols_create();
	struct regions r;
	enum ft_rc rc = regions_read(s, pid, mem, &r);
	if (rc == FT_OK) {
		show(o, pid, &r);
		regions_deinit(&r);
	}
	symbols_destroy(s);
	return rc;
}

static enum ft_rc watch(const struct maps_options *o, struct control *c, struct stop *last)
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

static int maps_of_program(const struct maps_options *o, char **argv)
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

static int maps(int argc, char **argv)
{
	struct maps_options o;
	int rc = parse(argc, argv, &o);
	if (rc >= 0)
		return rc;
	char **words = argv + o.first_argument;
	if (!running_is_pid(words[0]))
		rc = maps_of_program(&o, words);
	else if (words[1])
		return usage_error("maps takes one PID");
	else
		rc = maps_of_running(&o, words[0]) == FT_OK ? 0 : failed();
	if (fflush(stdout) != 0) {
		ft_say("standard output: %s", strerror(errno));
		return EXIT_BAD;
	}
	return rc;
}

const struct command command_maps = {"maps", "show the address space of a process or program",
				     maps};
