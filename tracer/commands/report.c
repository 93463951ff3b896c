#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/replay.h"
#include "commands/view.h"

static void print_help(void)
{
	printf("Usage: frametrace report [OPTIONS] [--] PROGRAM [ARGS...]\n"
	       "       frametrace report [OPTIONS] LOG\n"
	       "Runs PROGRAM, or reads what frametrace record has kept of a run, and then prints "
	       "a\n"
	       "table of its functions, and one of its stacks:\n"
	       "  calls      how often it was called\n"
	       "  frame      its largest frame, bytes\n"
	       "  self       bytes of its own frames at the same time, at most\n"
	       "  total      bytes that it and all that it called took, at most\n"
	       "  depth      frames on the stack when it was the innermost, at most\n"
	       "  recursion  frames of it at the same time, at most\n"
	       "  heap       bytes of heap blocks that were given out on its behalf\n"
	       "  alive      of these, bytes that were never freed\n"
	       "      --sort=KEY     one of these (default: self), or name\n"
	       "  -F, --format=NAME  text or json\n"
	       "  -o, --output=FILE  into FILE instead of stderr (of a LOG: of stdout)\n"
	       "  -v, --verbose      every stack\n"
	       "and -f, -s, -l, -a, -d, -c, -q, -R, -P as for a trace: frametrace --help\n"
	       "Example: frametrace report --sort=calls build/demos/fib_c\n");
}

static bool asks_help(int argc, char **argv)
{
	return argc > 1 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0);
}

static int report(int argc, char **argv)
{
	struct trace_options o;
	if (asks_help(argc, argv)) {
		print_help();
		return finish_stdout(0);
	}
	int rc = trace_options_parse(argc, argv, &o);
	if (rc >= 0)
		return rc;
	if (o.step.insn || o.step.line || o.frames || o.walk || o.inlines || o.verify) {
		trace_options_deinit(&o);
		return usage_error("report takes no --events, --frames, --stack, --inlines, "
				   "--verify: it prints no frames");
	}
	if (o.format == &report_explain) {
		trace_options_deinit(&o);
		return usage_error("report has the formats text and json, not explain");
	}
	o.format = o.format == report_formats[0] ? &report_use_text : &report_use_json;
	const char *word = argv[o.first_argument];
	if (!log_is_one(word))
		return trace_run(&o, argv + o.first_argument);
	if (o.first_argument + 1 < argc) {
		trace_options_deinit(&o);
		return usage_error("there is one LOG: '%s' is too much",
				   argv[o.first_argument + 1]);
	}
	struct replay_options log = {
		.trace = o, .path = word, .kinds = view_all_kinds(), .no_frames = true};
	return replay_run(&log);
}

const struct command command_report = {"report",
				       "add up the calls, the stack and heap use of a run", report};
