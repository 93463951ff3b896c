#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "commands/commands.h"
#include "commands/options.h"
#include "commands/program.h"

static const char *word_for(const struct function *f, enum verdict v)
{
	if (v == WANTED)
		return "traced";
	if (v == HIDDEN_FILTER)
		return "filtered";
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

// A path below the current directory is shown from there.
static const char *shorten(const char *path, const char *directory)
{
	size_t len = strlen(directory);
	bool below = len > 1 && strncmp(path, directory, len) == 0 && path[len] == '/';
	return below ? path + len + 1 : path;
}

static void print_row(const struct function *f, enum verdict v, const char *directory,
		      struct buf *line)
{
	uint64_t size = 0;
	for (size_t i = 0; i < f->n_ranges; i++)
		size += f->ranges[i].hi - f->ranges[i].lo;
	buf_reset(line);
	buf_printf(line, "%-8s %6llu  ", word_for(f, v), (unsigned long long)size);
	buf_escaped(line, f->name, strlen(f->name), 0);
	if (f->file) {
		buf_str(line, "  ");
		const char *file = shorten(f->file, directory);
		buf_escaped(line, file, strlen(file), 0);
		buf_printf(line, ":%u", f->line);
	}
	puts(line->s);
}

static enum ft_rc print_functions(struct trace_options *o, const char *path)
{
	struct symbols *s = symbols_create();
	struct module *m;
	struct function_list fl = {.n = 0};
	enum ft_rc rc = symbols_open(s, path, 0, 0, &m);
	if (rc == FT_OK)
		rc = symbols_functions(s, m, true, &fl);
	char directory[PATH_MAX] = "";
	if (!getcwd(directory, sizeof(directory)))
		directory[0] = '\0';
	struct buf line;
	buf_init(&line);
	size_t n[HIDDEN_FILTER + 1] = {0};
	if (rc == FT_OK)
		printf("%-8s %6s  %s\n", "status", "bytes", "function");
	for (size_t i = 0; rc == FT_OK && i < fl.n; i++) {
		enum verdict v = selection_of(&o->selection, fl.f[i], false);
		n[v]++;
		if (v == WANTED || o->verbose > 0)
			print_row(fl.f[i], v, directory, &line);
	}
	if (rc == FT_OK && !o->quiet)
		printf("%zu would be traced; hidden: %zu by default%s, %zu by the filters\n",
		       n[WANTED], n[HIDDEN_ORIGIN],
		       o->verbose > 0 ? "" : " (-v lists them, -a traces them)", n[HIDDEN_FILTER]);
	buf_deinit(&line);
	free(fl.f);
	symbols_destroy(s);
	if (rc == FT_OK && fflush(stdout) != 0)
		rc = ft_fail("standard output: %s", strerror(errno));
	return rc;
}

static int list(int argc, char **argv)
{
	struct trace_options o;
	int rc_options = trace_options_parse(argc, argv, &o);
	if (rc_options >= 0)
		return rc_options;
	char *path = NULL, *interpreter = NULL;
	enum ft_rc rc = program_find(argv[o.first_argument], &path, &interpreter);
	if (rc == FT_OK)
		rc = print_functions(&o, interpreter ? interpreter : path);
	free(path);
	free(interpreter);
	trace_options_deinit(&o);
	return rc == FT_OK ? 0 : failed();
}

const struct command command_list = {"list", "list the functions of a program that can be traced",
				     list};
