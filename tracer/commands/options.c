#include "commands/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "commands/commands.h"
#include "report/use.h"

enum long_only {
	OPT_NO_ASLR = 256,
	OPT_PIN,
	OPT_VERIFY,
	OPT_DEBUG,
	OPT_EVENTS,
	OPT_EXPLAIN,
	OPT_JSON,
	OPT_MAP,
	OPT_FRAMES,
	OPT_NO_HEAP,
	OPT_REGISTERS,
	OPT_MAX_ARRAY,
	OPT_MAX_DEPTH,
	OPT_MAX_STRING,
	OPT_SORT,
};

/* Beyond these a line is no line, and the tracer's own stack would be the limit. */
enum { VALUE_DEPTH_MAX = 32, VALUE_ARRAY_MAX = 10000, VALUE_STRING_MAX = 4000 };

static const struct option long_options[] = {
	{"all", no_argument, NULL, 'a'},
	{"color", optional_argument, NULL, 'c'},
	{"debug", required_argument, NULL, OPT_DEBUG},
	{"depth", required_argument, NULL, 'd'},
	{"events", required_argument, NULL, OPT_EVENTS},
	{"explain", no_argument, NULL, OPT_EXPLAIN},
	{"format", required_argument, NULL, 'F'},
	{"frames", no_argument, NULL, OPT_FRAMES},
	{"function", required_argument, NULL, 'f'},
	{"help", no_argument, NULL, 'h'},
	{"inlines", no_argument, NULL, 'i'},
	{"json", no_argument, NULL, OPT_JSON},
	{"lib", required_argument, NULL, 'l'},
	{"map", optional_argument, NULL, OPT_MAP},
	{"max-array", required_argument, NULL, OPT_MAX_ARRAY},
	{"max-depth", required_argument, NULL, OPT_MAX_DEPTH},
	{"max-string", required_argument, NULL, OPT_MAX_STRING},
	{"no-aslr", no_argument, NULL, 'R'},
	{"no-heap", no_argument, NULL, OPT_NO_HEAP},
	{"output", required_argument, NULL, 'o'},
	{"pin", no_argument, NULL, 'P'},
	{"quiet", no_argument, NULL, 'q'},
	{"registers", no_argument, NULL, OPT_REGISTERS},
	{"sort", required_argument, NULL, OPT_SORT},
	{"source", required_argument, NULL, 's'},
	{"stack", no_argument, NULL, 'k'},
	{"verbose", no_argument, NULL, 'v'},
	{"verify", no_argument, NULL, OPT_VERIFY},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

static void print_help(void)
{
	printf("Usage: frametrace [OPTIONS] [--] PROGRAM [ARGS...], or frametrace COMMAND ...\n"
	       "Runs PROGRAM and shows every stack frame that it pushes and pops.\n"
	       "What to trace (default: the functions of the program's own sources)\n"
	       "  -f, --function=PATTERN  only these functions: a glob, or /REGEX/; !PATTERN: not\n"
	       "                          these; may be given several times\n"
	       "  -s, --source=PATTERN    only functions from these source files; ! as above\n"
	       "  -l, --lib=PATTERN       a library's functions too: libm, 'libstdc*', '*'\n"
	       "  -a, --all               also what the compiler, the C library, Rust's std added\n"
	       "  -d, --depth=N           no frames deeper than N levels\n"
	       "What to show\n"
	       "      --explain           each event in plain sentences, for who learns\n"
	       "  -v, --verbose           the arithmetic of each delta, types and last values\n"
	       "      --events=LIST       call (default); and step by step: insn, every "
	       "instruction\n"
	       "                          that moves rsp; line, every source line\n"
	       "      --max-depth=N       of values: levels of nesting (4); likewise "
	       "--max-string=N\n"
	       "                          for bytes of text (200), --max-array=N for elements "
	       "(200)\n"
	       "      --frames            a map of each frame, byte by byte; -vv is -v and this\n"
	       "      --map[=every]       the address space at start and exit; every: and what "
	       "changes\n"
	       "                          after each push and pop\n"
	       "  -k, --stack             the whole stack at each push, out to the first frame\n"
	       "      --registers         what they hold at each event\n"
	       "  -i, --inlines           inlined calls too, where they begin; marked, no frames\n"
	       "      --no-heap           no heap blocks: what malloc gives, what free takes back\n"
	       "  -F, --format=NAME       ");
	for (size_t i = 0; report_formats[i]; i++)
		printf("%s%s", i ? ", " : "", report_formats[i]->name);
	printf(" (default: %s)\n", report_formats[0]->name);
	printf("  -o, --output=FILE       the trace into FILE instead of stderr\n"
	       "  -c, --color=WHEN        auto, always, never\n"
	       "  -q, --quiet             frames only: no heading, signals, notes, summary\n"
	       "How to run it\n"
	       "  -R, --no-aslr           the same addresses in every run\n"
	       "  -P, --pin               tracer and program on one CPU: the fastest\n"
	       "      --verify            compare each stack with libunwind's walk\n"
	       "Help: -h, --help; -V, --version; man frametrace (with examples)\n"
	       "Commands\n");
	for (size_t i = 1; commands[i]; i++)
		printf("  %-10s %s\n", commands[i]->name, commands[i]->help);
}

/* A number from 1 to max. */
static int parse_number(const char *option, const char *text, unsigned long max, uint32_t *ret)
{
	char *end;
	errno = 0;
	unsigned long n = strtoul(text, &end, 10);
	bool number = !errno && !*end && end != text && *text >= '0' && *text <= '9';
	if ((!number || n == 0 || n > max) && max < UINT32_MAX)
		return usage_error("%s takes a number from 1 to %lu, not '%s'", option, max, text);
	if (!number || n == 0 || n > max)
		return usage_error("%s takes a number from 1, not '%s'", option, text);
	*ret = (uint32_t)n;
	return -1;
}

static int parse_color(const char *text, enum color *ret)
{
	if (!text || strcmp(text, "always") == 0)
		*ret = COLOR_ALWAYS;
	else if (strcmp(text, "auto") == 0)
		*ret = COLOR_AUTO;
	else if (strcmp(text, "never") == 0)
		*ret = COLOR_NEVER;
	else
		return usage_error("--color takes auto, always or never, not '%s'", text);
	return -1;
}

static int parse_format(const char *text, const struct report_format **ret)
{
	const struct report_format *f = report_find(text);
	if (f) {
		*ret = f;
		return -1;
	}
	struct buf names;
	buf_init(&names);
	for (size_t i = 0; report_formats[i]; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", report_formats[i]->name);
	int rc = usage_error("there is no format '%s'; there are: %s", text, names.s);
	buf_deinit(&names);
	return rc;
}

static int parse_events(const char *text, struct step_options *ret)
{
	for (const char *at = text;; at += strcspn(at, ",") + 1) {
		size_t len = strcspn(at, ",");
		if (len == 4 && strncmp(at, "insn", len) == 0)
			ret->insn = true;
		else if (len == 4 && strncmp(at, "line", len) == 0)
			ret->line = true;
		else if (len != 4 || strncmp(at, "call", len) != 0)
			return usage_error("--events takes call, insn, line, or several with a "
					   "comma between, not '%s'",
					   text);
		if (at[len] == '\0')
			return -1;
	}
}

static int parse_map(const char *text, enum map_wish *ret)
{
	if (text && strcmp(text, "every") != 0 && strcmp(text, "ends") != 0)
		return usage_error("--map takes every or ends, or nothing, not '%s'", text);
	*ret = text && strcmp(text, "every") == 0 ? MAP_EVERY : MAP_ENDS;
	return -1;
}

static int parse_sort(const char *text, const char **ret)
{
	if (use_column_find(text) == USE_COLUMNS && strcmp(text, "name") != 0)
		return usage_error(
			"--sort takes calls, frame, self, total, depth, recursion, heap, alive or "
			"name, not '%s'",
			text);
	*ret = text;
	return -1;
}

static int add_pattern(struct patterns *p, const char *text)
{
	if (patterns_add(p, text) == FT_OK)
		return -1;
	failed();
	return EXIT_USAGE;
}

/* What an option without a value sets; NULL: it is none of these. */
static bool *flag_of(int c, struct trace_options *o)
{
	switch (c) {
	case 'a':
		return &o->selection.all;
	case 'i':
		return &o->inlines;
	case 'k':
		return &o->walk;
	case 'P':
		return &o->pin;
	case 'q':
		return &o->quiet;
	case 'R':
		return &o->no_aslr;
	case OPT_FRAMES:
		return &o->frames;
	case OPT_REGISTERS:
		return &o->registers;
	case OPT_NO_HEAP:
		return &o->no_heap;
	case OPT_VERIFY:
		return &o->verify;
	}
	return NULL;
}

static int parse_value(int c, const char *value, struct trace_options *o)
{
	switch (c) {
	case 'c':
		return parse_color(value, &o->color);
	case 'd':
		return parse_number("--depth", value, UINT32_MAX, &o->max_depth);
	case 'F':
		return parse_format(value, &o->format);
	case 'f':
		return add_pattern(&o->selection.functions, value);
	case 'l':
		return add_pattern(&o->selection.libraries, value);
	case 'o':
		o->output = value;
		return *value ? -1 : usage_error("-o takes the name of a file, not ''");
	case 's':
		return add_pattern(&o->selection.sources, value);
	case OPT_DEBUG:
		ft_log_enable(value);
		return -1;
	case OPT_EVENTS:
		o->events_said = true;
		return parse_events(value, &o->step);
	case OPT_MAP:
		return parse_map(value, &o->map);
	case OPT_MAX_ARRAY:
		return parse_number("--max-array", value, VALUE_ARRAY_MAX, &o->style.max_array);
	case OPT_MAX_DEPTH:
		return parse_number("--max-depth", value, VALUE_DEPTH_MAX, &o->style.max_depth);
	case OPT_MAX_STRING:
		return parse_number("--max-string", value, VALUE_STRING_MAX, &o->style.max_string);
	case OPT_SORT:
		return parse_sort(value, &o->sort);
	}
	return EXIT_USAGE;
}

static int parse_one(int c, struct trace_options *o)
{
	bool *flag = flag_of(c, o);
	if (flag) {
		*flag = true;
		return -1;
	}
	switch (c) {
	case 'v':
		o->verbose++;
		return -1;
	case OPT_EXPLAIN:
		return parse_format("explain", &o->format);
	case OPT_JSON: // what people try first
		return parse_format("json", &o->format);
	case 'p':
		return usage_error(
			"a running process cannot be traced: start the program with frametrace; "
			"frametrace maps PID and where ADDRESS PID look at one that runs");
	case 'V':
		printf("frametrace %s\n", FT_VERSION);
		return 0;
	case 'h':
		print_help();
		return 0;
	}
	return parse_value(c, optarg, o);
}

// getopt_long(3) says what is wrong in its own words; here in ours, in one line.
static int complain(int c, char **argv)
{
	const char *word = argv[optind - 1];
	if (c == ':')
		return usage_error("%s needs a value", word);
	if (optopt > 0 && optopt < 256)
		return usage_error("there is no option -%c", optopt);
	return usage_error("there is no option %s", word);
}

/* `frametrace -f ./program`: the program became the value of the option. */
static int no_program(int argc, char **argv, const struct more_options *more, const char *value)
{
	if (more->operand)
		return usage_error("no %s given", more->operand);
	if (value && value == argv[argc - 1])
		return usage_error("no PROGRAM given: '%s' is the value of %s", value,
				   argv[argc - 2]);
	return usage_error("no PROGRAM given");
}

static struct option *all_options(const struct more_options *more)
{
	struct option *all = xcalloc(FT_COUNT(long_options) + more->n, sizeof(*all));
	if (more->n)
		memcpy(all, more->options, more->n * sizeof(*all));
	memcpy(all + more->n, long_options, sizeof(long_options));
	return all;
}

static int take(int c, char **argv, const struct more_options *more, struct trace_options *ret)
{
	if (c == '?' || c == ':')
		return complain(c, argv);
	if (c >= MORE_OPTIONS || (more->letters && strchr(more->letters, c)))
		return more->take(more->ctx, c, optarg);
	if (c != 'h' || !more->help)
		return parse_one(c, ret);
	more->help();
	return 0;
}

static int parse_all(int argc, char **argv, const struct more_options *more,
		     struct trace_options *ret)
{
	// '+': options behind PROGRAM are the program's own.
	static const char common[] = ":ac:d:F:f:hikl:o:p:PqRs:vV";
	struct option *all = all_options(more);
	char *letters = xasprintf("%s%s%s", more->operand ? "" : "+", common,
				  more->letters ? more->letters : "");
	const char *value = NULL; // of the last option
	int c, rc = -1;
	optind = 0; // start anew: a command's argv is a part of main's
	while (rc < 0 && (c = getopt_long(argc, argv, letters, all, NULL)) != -1) {
		value = optarg;
		rc = take(c, argv, more, ret);
	}
	free(letters);
	free(all);
	if (rc == 0)
		rc = finish_stdout(0);
	if (rc < 0 && optind == argc)
		rc = no_program(argc, argv, more, value);
	else if (rc < 0 && more->operand && optind + 1 < argc)
		rc = usage_error("there is one %s: '%s' is too much", more->operand,
				 argv[optind + 1]);
	ret->first_argument = optind;
	return rc;
}

int trace_options_parse_more(int argc, char **argv, const struct more_options *more,
			     struct trace_options *ret)
{
	*ret = (struct trace_options){.format = report_formats[0], .style = value_style_default()};
	int rc = parse_all(argc, argv, more, ret);
	if (rc >= 0)
		trace_options_deinit(ret);
	return rc;
}

int trace_options_parse(int argc, char **argv, struct trace_options *ret)
{
	const struct more_options none = {.n = 0};
	return trace_options_parse_more(argc, argv, &none, ret);
}

static bool wants_color(enum color color, FILE *out)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
	switch (color) {
	case COLOR_ALWAYS:
		return true;
	case COLOR_NEVER:
		return false;
	case COLOR_AUTO:
		return isatty(fileno(out)) && !(no_color && *no_color) && term &&
		       strcmp(term, "dumb") != 0;
	}
	return false;
}

struct report_options report_options_of(const struct trace_options *o, FILE *out)
{
	return (struct report_options){
		.color = wants_color(o->color, out),
		.verbose = o->verbose,
		.quiet = o->quiet,
		.walk = o->walk,
		.frames = o->frames,
		.registers = o->registers,
		.sort = o->sort,
	};
}

void trace_options_deinit(struct trace_options *o)
{
	selection_deinit(&o->selection);
}
