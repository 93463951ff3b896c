#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/options.h"
#include "commands/outfile.h"
#include "commands/program.h"
#include "report/frames.h"
#include "symbols/layout.h"

/* What is shown, under construction. */
struct frames {
	struct trace_options *o;
	struct symbols *s;
	struct frames_function *f;
	size_t cap;
	struct frames_file file;
	bool all_shown;
};

static enum frames_group group_of(enum owner owner)
{
	switch (owner) {
	case OWNER_RETURN_ADDRESS:
	case OWNER_SAVED_REGISTER:
		return FRAMES_SAVED;
	case OWNER_CANARY:
		return FRAMES_CANARY;
	case OWNER_STACK_ARGUMENT:
	case OWNER_LOCAL:
		return FRAMES_LOCALS;
	case OWNER_SPILL:
		return FRAMES_SPILLS;
	case OWNER_OUTGOING:
		return FRAMES_ARGUMENTS;
	case OWNER_PADDING:
		return FRAMES_PADDING;
	case OWNER_DYNAMIC:
	case OWNER_RED_ZONE:
	case OWNER_UNKNOWN:
	case OWNER_COUNT:
		break;
	}
	return FRAMES_UNKNOWN;
}

static struct frames_slot slot_of(const struct function *f, const struct frame_layout *l,
				  const struct layout_slot *s)
{
	bool own = !s->file || (f->file && strcmp(s->file, f->file) == 0);
	const struct type *type = s->var ? s->var->type : NULL;
	bool argument = s->owner == OWNER_LOCAL && s->var && s->var->is_param && !s->inlined;
	struct frames_slot slot = {
		.has_cfa = !s->from_rsp,
		.has_rsp = s->from_rsp || l->rsp_known,
		.from_cfa = s->off,
		.from_rsp = s->from_rsp ? s->off : s->off - l->rsp_at_body,
		.size = s->size,
		.owner = argument ? "argument" : owner_name(s->owner),
		.name = s->name,
		.type = type ? type->shown : NULL,
		.offset = s->var_off,
		.inlined = s->inlined,
		.shares = s->shares,
		.inferred = s->inferred,
		.writer = s->writer,
		.line = s->line,
		.file = own ? NULL : s->file,
		.after_body = s->writer && !s->at_body,
	};
	const struct type *stripped = type_strip((struct type *)type);
	slot.variable_size = stripped && stripped->size ? stripped->size : 0;
	return slot;
}

/*
 * The size of a frame whose rsp is rounded down: the CFA is a multiple of 16 (psABI 3.2.2), so the
 * gap is one of few. Who rounds to 16 does not rely on that.
 */
static void rounded_sizes(const struct frame_layout *l, struct frames_function *f)
{
	enum { STACK_ALIGN = 16 };
	int64_t upper = 0, lower = 0;
	int64_t step = l->align > STACK_ALIGN ? STACK_ALIGN : ARCH_WORD;
	for (size_t i = 0; i < l->n; i++) {
		const struct layout_slot *s = &l->slots[i];
		if (!s->from_rsp && s->off < 0)
			upper = -(int64_t)s->off;
		else if (s->from_rsp && (int64_t)s->off + s->size > lower)
			lower = (int64_t)s->off + s->size;
	}
	int64_t gap = (step - upper % step) % step;
	f->align = l->align;
	f->size = (uint64_t)(upper + gap + lower);
	f->size_max = f->size;
	if (l->align > step)
		f->size_max += l->align - (uint64_t)step;
	f->bytes[FRAMES_PADDING] += (uint64_t)gap;
	f->size_at_calls = f->size + (uint64_t) - (int64_t)l->lowest;
}

static void fill(struct frames_function *f, const struct function *of, const struct frame_layout *l)
{
	struct frames_slot *slots = xcalloc(l->n + 1, sizeof(*slots));
	for (size_t i = 0; i < l->n; i++) {
		slots[i] = slot_of(of, l, &l->slots[i]);
		const struct layout_slot *s = &l->slots[i];
		int64_t end = (int64_t)s->off + s->size, low = l->lowest;
		if (s->owner != OWNER_RED_ZONE && s->off < low && (s->from_rsp || l->rsp_known))
			f->below += (uint64_t)((end < low ? end : low) - s->off);
	}
	f->slots = slots;
	f->n_slots = l->n;
	for (unsigned owner = 0; owner < OWNER_COUNT; owner++)
		f->bytes[group_of((enum owner)owner)] += l->bytes[owner];
	f->dynamic = l->has_dynamic;
	f->delta = l->rsp_at_body;
	if (l->rsp_known) {
		f->size = f->size_max = (uint64_t) - (int64_t)l->fixed;
		f->size_at_calls = (uint64_t) - (int64_t)l->lowest;
	} else {
		rounded_sizes(l, f);
	}
}

static enum ft_rc add_function(struct frames *all, struct function *f)
{
	struct frame_plan plan;
	struct frame_layout layout;
	const char *why;
	enum ft_rc rc = frame_plan_init(all->s, f, &plan, &why);
	if (rc != FT_OK)
		return rc;
	rc = frame_layout_init(all->s, f, &plan, 0, &layout);
	if (rc == FT_OK) {
		struct frames_function one = {
			.name = f->name,
			.file = f->file,
			.line = f->line,
			.entry = plan.entry,
			.body = plan.body,
			.shown = all->all_shown,
		};
		fill(&one, f, &layout);
		frame_layout_deinit(&layout);
		all->f = xgrow(all->f, all->file.n, &all->cap, sizeof(*all->f));
		all->f[all->file.n++] = one;
	}
	frame_plan_deinit(&plan);
	return rc;
}

/* The biggest first; then by entry. */
static int by_size(const void *a, const void *b)
{
	const struct frames_function *x = a, *y = b;
	if (x->size_at_calls != y->size_at_calls)
		return x->size_at_calls > y->size_at_calls ? -1 : 1;
	return (x->entry > y->entry) - (x->entry < y->entry);
}

static void add_functions(struct frames *all, const struct function_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		switch (selection_of(&all->o->selection, list->f[i], false)) {
		case WANTED:
			if (add_function(all, list->f[i]) != FT_OK) {
				ft_error_clear();
				all->file.n_cannot++;
			}
			break;
		case HIDDEN_ORIGIN:
			all->file.n_hidden_origin++;
			break;
		case HIDDEN_FILTER:
			all->file.n_hidden_filter++;
			break;
		}
	}
	if (all->file.n)
		qsort(all->f, all->file.n, sizeof(*all->f), by_size);
	all->file.f = all->f;
}

static enum ft_rc write_frames(const struct frames *all)
{
	const struct trace_options *o = all->o;
	FILE *out = stdout;
	if (o->output && outfile_open("-o", o->output, all->file.path, &out) != FT_OK)
		return FT_FAIL;
	bool color =
		o->color == COLOR_ALWAYS || (o->color == COLOR_AUTO && isatty(fileno(out)) == 1);
	struct frames_options options = {color, o->quiet, o->verbose > 0};
	if (o->format == &report_json)
		report_frames_json(out, &all->file);
	else
		report_frames_text(out, &all->file, &options);
	bool ok = fflush(out) == 0 && !ferror(out);
	int why = errno;
	if (o->output)
		ok &= fclose(out) == 0;
	return ok ? FT_OK
		  : ft_fail("%s: %s", o->output ? o->output : "standard output", strerror(why));
}

static const char *missing_of(const struct module *m)
{
	return m->has_debug ? NULL : "no debug information: locals have no names; build with -g";
}

static enum ft_rc show_frames(struct frames *all, const char *path)
{
	char directory[PATH_MAX] = "";
	struct module *m;
	struct function_list list = {.n = 0};
	all->s = symbols_create();
	enum ft_rc rc = symbols_open(all->s, path, 0, 0, &m);
	if (rc == FT_OK && !m->has_cfi)
		rc = ft_fail("%s: no call frame information: where a frame begins and ends is not "
			     "known",
			     path);
	if (rc == FT_OK)
		rc = symbols_functions(all->s, m, true, &list);
	if (rc == FT_OK) {
		all->file.path = m->path;
		all->file.build_id = m->build_id;
		all->file.missing = missing_of(m);
		all->file.directory = getcwd(directory, sizeof(directory)) ? directory : "";
		add_functions(all, &list);
		rc = selection_check(&all->o->selection, &list);
	}
	if (rc == FT_OK && symbols_warning(m))
		ft_say("%s", symbols_warning(m));
	else if (rc == FT_OK && all->file.missing && !all->o->quiet)
		ft_say("%s: %s", path, all->file.missing);
	if (rc == FT_OK)
		rc = write_frames(all);
	for (size_t i = 0; i < all->file.n; i++)
		free((void *)all->f[i].slots);
	free(all->f);
	free(list.f);
	symbols_destroy(all->s);
	return rc;
}

static void print_help(void)
{
	puts("Usage: frametrace frames [OPTIONS] FILE [FUNCTION...]\n"
	     "Shows who owns each byte of each function's stack frame, without running anything:\n"
	     "a table, the biggest frame first, and the picture of each FUNCTION (a glob, or\n"
	     "/REGEX/, as with -f). FILE is a program or a library, with or without -g.\n"
	     "  -a, --all               also what the compiler, the C library, Rust's std added\n"
	     "  -f, --function=PATTERN  only these functions\n"
	     "  -s, --source=PATTERN    only functions from these source files\n"
	     "  -v, --verbose           the picture of every function of the table\n"
	     "  -F, --format=NAME       text, json (docs/frames.md)\n"
	     "  -o, --output=FILE       into FILE instead of standard output\n"
	     "  -c, --color=WHEN        auto, always, never\n"
	     "  -q, --quiet             no words about what is missing or hidden\n"
	     "In the table: \"64+\": alloca or variable-length arrays come on top; \"64..80\": rsp "
	     "is\n"
	     "rounded down at run time; waste: the share of padding and spills. Offsets count "
	     "from\n"
	     "the CFA (rsp before the call) and from rsp once the prologue is done.");
}

/* A word without a slash is a file here first, and then one in PATH. */
static enum ft_rc find_file(const char *word, char **ret_path, char **ret_interpreter)
{
	bool here = *word && !strchr(word, '/') && access(word, F_OK) == 0;
	char *file = here ? xasprintf("./%s", word) : xstrdup(word);
	enum ft_rc rc = program_find_file(file, ret_path, ret_interpreter);
	free(file);
	return rc;
}

static bool asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc && argv[i][0] == '-'; i++)
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}

static int frames(int argc, char **argv)
{
	struct trace_options o;
	if (asks_for_help(argc, argv)) {
		print_help();
		return finish_stdout(0);
	}
	int rc_options = trace_options_parse(argc, argv, &o);
	if (rc_options >= 0)
		return rc_options;
	if (o.selection.libraries.n > 0) {
		trace_options_deinit(&o);
		return usage_error("frames looks at one file: give it the library's path");
	}
	char *path = NULL, *interpreter = NULL;
	enum ft_rc rc = FT_OK;
	struct frames all = {.o = &o, .all_shown = o.verbose > 0 || argc > o.first_argument + 1};
	for (int i = o.first_argument + 1; i < argc && rc == FT_OK; i++)
		rc = patterns_add(&o.selection.functions, argv[i]);
	if (rc != FT_OK) {
		trace_options_deinit(&o);
		failed();
		return EXIT_USAGE;
	}
	rc = find_file(argv[o.first_argument], &path, &interpreter);
	if (rc == FT_OK)
		rc = show_frames(&all, interpreter ? interpreter : path);
	free(path);
	free(interpreter);
	trace_options_deinit(&o);
	return rc == FT_OK ? 0 : failed();
}

const struct command command_frames = {"frames", "who owns each byte of each function's frame",
				       frames};
