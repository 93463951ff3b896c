#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "commands/commands.h"
#include "commands/options.h"
#include "commands/outfile.h"
#include "commands/program.h"
#include "report/line.h"
#include "store/log.h"
#include "symbols/code.h"
#include "symbols/type.h"

/* What became of the functions of a file, for the last line. */
struct tally {
	size_t traced, cannot, hidden_origin, hidden_filter;
};

static const char *word_for(const struct function *f)
{
	switch (f->origin) {
	case ORIGIN_OWN:
		return "own";
	case ORIGIN_SYSTEM:
		return "system";
	case ORIGIN_STD:
		return "std";
	case ORIGIN_HELPER:
		return "helper";
	case ORIGIN_NO_DEBUG:
		return "no debug";
	}
	return "";
}

// "traced", or the reason why not; *ret_why is set if the function is wanted but cannot be traced.
static const char *status_of(struct symbols *s, struct function *f, enum verdict v,
			     struct tally *tally, const char **ret_why)
{
	struct frame_plan plan;
	*ret_why = NULL;
	switch (v) {
	case HIDDEN_FILTER:
		tally->hidden_filter++;
		return "filtered";
	case HIDDEN_ORIGIN:
		tally->hidden_origin++;
		return word_for(f);
	case WANTED:
		break;
	}
	const char *why = "broken debug information";
	if (frame_plan_init(s, f, &plan, &why) == FT_OK) {
		frame_plan_deinit(&plan);
		tally->traced++;
		return "traced";
	}
	ft_error_clear();
	*ret_why = why;
	tally->cannot++;
	return "cannot";
}

static void print_row(const struct function *f, const char *status, const char *why,
		      const char *directory, struct buf *line)
{
	uint64_t size = 0;
	for (size_t i = 0; i < f->n_ranges; i++)
		size += f->ranges[i].hi - f->ranges[i].lo;
	buf_reset(line);
	buf_printf(line, "%-8s %6llu  ", status, (unsigned long long)size);
	buf_escaped(line, f->name, strlen(f->name), 0);
	if (f->file) {
		const char *file = path_from(f->file, directory);
		buf_str(line, "  ");
		buf_escaped(line, file, strlen(file), 0);
		buf_printf(line, ":%u", f->line);
	}
	if (why)
		buf_printf(line, "  (%s)", why);
	puts(line->s);
}

/* "inlined      25    ~ square  a.c:3  called at a.c:4, begins at 0x1050" */
static void print_inlined(const struct inlined *i, const char *directory, struct buf *line)
{
	uint64_t size = 0;
	for (size_t k = 0; k < i->n_ranges; k++)
		size += i->ranges[k].hi - i->ranges[k].lo;
	buf_reset(line);
	buf_printf(line, "%-8s %6llu  ", "inlined", (unsigned long long)size);
	buf_pad(line, ' ', 2 * ((size_t)i->depth + 1));
	buf_str(line, "~ ");
	buf_escaped(line, i->name, strlen(i->name), 0);
	if (i->file) {
		const char *file = path_from(i->file, directory);
		buf_str(line, "  ");
		buf_escaped(line, file, strlen(file), 0);
		buf_printf(line, ":%u", i->line);
	}
	if (i->call_file) {
		const char *file = path_from(i->call_file, directory);
		buf_str(line, "  called at ");
		buf_escaped(line, file, strlen(file), 0);
		buf_printf(line, ":%u", i->call_line);
	}
	buf_printf(line, "  begins at 0x%llx", (unsigned long long)i->entry);
	puts(line->s);
}

static void print_inlines(struct trace_options *o, struct symbols *s, struct function *f,
			  const char *directory, struct buf *line)
{
	const struct inlined *tree;
	size_t n;
	if (symbols_inline_tree(s, f, &tree, &n) != FT_OK)
		return;
	for (size_t i = 0; i < n; i++)
		if (o->verbose > 0 ||
		    selection_of_inlined(&o->selection, &tree[i], f, false) == WANTED)
			print_inlined(&tree[i], directory, line);
}

static void print_tally(const struct tally *t, bool verbose)
{
	printf("%zu would be traced", t->traced);
	if (t->cannot)
		printf(", %zu cannot be", t->cannot);
	printf("; hidden: %zu by default%s, %zu by the filters\n", t->hidden_origin,
	       verbose || !t->hidden_origin ? "" : " (-v lists them, -a traces them)",
	       t->hidden_filter);
}

static void print_list(struct trace_options *o, struct symbols *s, const struct function_list *fl)
{
	char directory[PATH_MAX] = "";
	struct tally tally = {.traced = 0};
	struct buf line;
	buf_init(&line);
	if (!getcwd(directory, sizeof(directory)))
		directory[0] = '\0';
	printf("%-8s %6s  %s\n", "status", "bytes", "function");
	for (size_t i = 0; i < fl->n; i++) {
		const char *why;
		enum verdict v = selection_of(&o->selection, fl->f[i], false);
		const char *status = status_of(s, fl->f[i], v, &tally, &why);
		if (v == WANTED || o->verbose > 0)
			print_row(fl->f[i], status, why, directory, &line);
		if (o->inlines && (v == WANTED || o->verbose > 0))
			print_inlines(o, s, fl->f[i], directory, &line);
	}
	if (!o->quiet)
		print_tally(&tally, o->verbose > 0);
	buf_deinit(&line);
}

static enum ft_rc print_functions(struct trace_options *o, const char *path)
{
	struct symbols *s = symbols_create();
	struct module *m;
	struct function_list fl = {.n = 0};
	enum ft_rc rc = symbols_open(s, path, 0, 0, &m);
	if (rc == FT_OK)
		rc = symbols_functions(s, m, true, &fl);
	if (rc == FT_OK) {
		print_list(o, s, &fl);
		rc = selection_check(&o->selection, &fl);
	}
	if (rc == FT_OK && symbols_warning(m))
		ft_say("%s", symbols_warning(m));
	free(fl.f);
	symbols_destroy(s);
	if (rc == FT_OK && fflush(stdout) != 0)
		rc = ft_fail("standard output: %s", strerror(errno));
	return rc;
}

/* ---- the functions of a log ---- */

struct of_log {
	struct trace_options *o;
	struct buf line;
	char directory[PATH_MAX];
	size_t shown, hidden;
};

static enum ft_rc print_of_log(void *ctx, const struct store_function *fn)
{
	struct of_log *l = ctx;
	struct range range = {fn->lo, fn->hi};
	struct function f = {
		.name = fn->name,
		.symbol = fn->symbol,
		.file = fn->file,
		.line = fn->line,
		.ranges = &range,
		.n_ranges = 1,
		.origin = ORIGIN_OWN,
	};
	if (selection_of(&l->o->selection, &f, false) != WANTED) {
		l->hidden++;
		return FT_OK;
	}
	print_row(&f, "traced", NULL, l->directory, &l->line);
	l->shown++;
	return FT_OK;
}

static enum ft_rc list_of_log(struct trace_options *o, const char *path)
{
	struct of_log l = {.o = o};
	struct log *log;
	enum ft_rc rc = log_open(path, &log);
	if (rc != FT_OK)
		return rc;
	buf_init(&l.line);
	snprintf(l.directory, sizeof(l.directory), "%s", log_info(log)->directory);
	printf("%-8s %6s  %s\n", "status", "bytes", "function");
	rc = log_functions(log, print_of_log, &l);
	if (rc != FT_FAIL && !o->quiet)
		printf("%zu were traced; hidden: %zu by the filters\n", l.shown, l.hidden);
	buf_deinit(&l.line);
	log_close(log);
	if (rc != FT_FAIL && fflush(stdout) != 0)
		rc = ft_fail("standard output: %s", strerror(errno));
	return rc == FT_NONE ? FT_OK : rc;
}

// All rows go to stdout: with -o that is the file.
static enum ft_rc open_output(const struct trace_options *o, const char *used)
{
	FILE *f;
	if (!o->output)
		return FT_OK;
	enum ft_rc rc = outfile_open("-o", o->output, used, &f);
	if (rc != FT_OK)
		return rc;
	if (dup2(fileno(f), STDOUT_FILENO) < 0)
		rc = ft_fail("%s: %s", o->output, strerror(errno));
	fclose(f);
	return rc;
}

static enum ft_rc list_word(struct trace_options *o, const char *word)
{
	char *path = NULL, *interpreter = NULL;
	bool is_log = log_is_one(word);
	enum ft_rc rc = is_log ? FT_OK : program_find_file(word, &path, &interpreter);
	if (rc == FT_OK)
		rc = open_output(o, path ? path : word);
	if (rc == FT_OK)
		rc = is_log ? list_of_log(o, word)
			    : print_functions(o, interpreter ? interpreter : path);
	free(path);
	free(interpreter);
	return rc;
}

static void print_help(void)
{
	printf("Usage: frametrace list [OPTIONS] PROGRAM [FUNCTION...]\n"
	       "       frametrace list [OPTIONS] LOG [FUNCTION...]\n"
	       "Lists the functions of a program or library that would be traced, with their size\n"
	       "and source line, without running anything; of each FUNCTION (a glob, or /REGEX/, "
	       "as\n"
	       "with -f) if there are any. Of a LOG of frametrace record: those that were traced.\n"
	       "  -a, --all               also what the compiler, the C library, Rust's std added\n"
	       "  -f, --function=PATTERN  only these functions; !PATTERN: not these\n"
	       "  -s, --source=PATTERN    only functions from these source files\n"
	       "  -i, --inlines           what is inlined into each of them\n"
	       "  -v, --verbose           the hidden ones too\n"
	       "  -o, --output=FILE       into FILE instead of standard output\n"
	       "  -q, --quiet             no count below the list\n"
	       "Example: frametrace list build/demos/double\n");
}

static int list(int argc, char **argv)
{
	struct trace_options o;
	const struct more_options more = {.help = print_help};
	int rc_options = trace_options_parse_more(argc, argv, &more, &o);
	if (rc_options >= 0)
		return rc_options;
	if (o.format != report_formats[0]) {
		trace_options_deinit(&o);
		return usage_error("list has the format text only");
	}
	if (o.selection.libraries.n > 0) {
		trace_options_deinit(&o);
		return usage_error("list looks at one file: give it the library's path");
	}
	for (int i = o.first_argument + 1; i < argc; i++) {
		if (patterns_add(&o.selection.functions, argv[i]) == FT_OK)
			continue;
		trace_options_deinit(&o);
		failed();
		return EXIT_USAGE;
	}
	enum ft_rc rc = list_word(&o, argv[o.first_argument]);
	trace_options_deinit(&o);
	return rc == FT_OK ? 0 : failed();
}

const struct command command_list = {"list", "list the functions of a program that can be traced",
				     list};
