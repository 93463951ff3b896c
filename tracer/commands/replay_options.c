#include "commands/replay.h"

#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/view.h"

enum replay_option {
	OPT_FROM = MORE_OPTIONS,
	OPT_TO,
	OPT_AT,
	OPT_ONLY,
	OPT_EXCEPT,
	OPT_REVERSE,
	OPT_CHECK,
	OPT_WITH_OUTPUT,
};

static const struct option long_options[] = {
	{"from", required_argument, NULL, OPT_FROM},
	{"to", required_argument, NULL, OPT_TO},
	{"at", required_argument, NULL, OPT_AT},
	{"only", required_argument, NULL, OPT_ONLY},
	{"except", required_argument, NULL, OPT_EXCEPT},
	{"reverse", no_argument, NULL, OPT_REVERSE},
	{"check", no_argument, NULL, OPT_CHECK},
	{"with-output", no_argument, NULL, OPT_WITH_OUTPUT},
};

static void print_help(void)
{
	printf("Usage: frametrace replay [OPTIONS] LOG\n"
	       "Prints what `frametrace record` has kept in LOG as the run itself would have been\n"
	       "printed, without running anything: the program and its sources need not be there.\n"
	       "All events of the log are shown; of their details those that are asked for.\n"
	       "What to show\n"
	       "  -f, --function=PATTERN  only these functions, as if the run had been traced so:\n"
	       "  -s, --source=PATTERN    depth and heap blocks are counted again, numbers of\n"
	       "  -l, --lib=PATTERN       events stay\n"
	       "  -d, --depth=N           no frames deeper than N levels\n"
	       "      --from=EVENT        from the event of this number on, or from the first "
	       "call\n"
	       "                          of a FUNCTION\n"
	       "      --to=EVENT          up to this one\n"
	       "      --only=KIND,...     push, pop, alloc, signal ... (docs/events.md); frames, "
	       "heap,\n"
	       "                          steps, output: several of them\n"
	       "      --except=KIND,...   all but these\n"
	       "      --events=LIST       of the steps: insn, line; call: none\n"
	       "      --no-heap           no heap blocks\n"
	       "      --with-output       what the program wrote, where it came\n"
	       "      --reverse           the last event first\n"
	       "      --at=EVENT          instead of events: all stacks with their variables, the\n"
	       "                          heap, the address space, as they were after that event\n"
	       "      --check             instead: whether the log is sound and whole\n"
	       "How to show it\n"
	       "  -v, --verbose, --frames, -k, --stack, --registers, --map, -i, --inlines,\n"
	       "  -F, --format=NAME, -c, --color=WHEN, -q, --quiet: as for a trace\n"
	       "  -o, --output=FILE       into FILE instead of standard output\n"
	       "Examples: frametrace replay --from=dbl -v double.frametrace\n"
	       "          frametrace replay --at=12 double.frametrace\n");
}

static int take_kinds(const char *option, const char *list, uint32_t *kinds)
{
	for (const char *at = list;; at++) {
		size_t len = strcspn(at, ",");
		if (!view_kinds_add(at, len, kinds))
			return usage_error("%s: there is no kind of event '%.*s'", option, (int)len,
					   at);
		at += len;
		if (*at == '\0')
			return -1;
	}
}

static int take(void *ctx, int c, const char *value)
{
	struct replay_options *o = ctx;
	uint32_t kinds = 0;
	int rc = -1;
	switch ((enum replay_option)c) {
	case OPT_FROM:
		o->from = value;
		break;
	case OPT_TO:
		o->to = value;
		break;
	case OPT_AT:
		o->at = value;
		break;
	case OPT_ONLY:
		if (!o->kinds_said)
			o->kinds = 0;
		o->kinds_said = true;
		return take_kinds("--only", value, &o->kinds);
	case OPT_EXCEPT:
		rc = take_kinds("--except", value, &kinds);
		o->kinds &= ~kinds;
		break;
	case OPT_REVERSE:
		o->reverse = true;
		break;
	case OPT_CHECK:
		o->check = true;
		break;
	case OPT_WITH_OUTPUT:
		o->output = true;
		break;
	}
	return rc;
}

// Values were written out when they were recorded; and nothing is run.
static int refuse(const struct trace_options *t)
{
	struct value_style usual = value_style_default();
	if (t->sort)
		return usage_error("--sort is an option of frametrace report");
	if (t->style.max_array != usual.max_array || t->style.max_depth != usual.max_depth ||
	    t->style.max_string != usual.max_string)
		return usage_error("how much of a value is shown was settled when it was "
				   "recorded: frametrace record takes --max-depth, --max-string, "
				   "--max-array");
	if (t->no_aslr || t->pin || t->verify || t->selection.all)
		return usage_error("replay runs nothing: -R, -P, -a and --verify are options of "
				   "frametrace record");
	return -1;
}

static void settle_kinds(struct replay_options *o)
{
	const struct trace_options *t = &o->trace;
	uint32_t steps = 1u << EVENT_INSN | 1u << EVENT_LINE | 1u << EVENT_CHANGE, said = 0;
	if (t->step.insn)
		said |= 1u << EVENT_INSN;
	if (t->step.line)
		said |= 1u << EVENT_LINE | 1u << EVENT_CHANGE;
	if (t->events_said)
		o->kinds &= ~steps | said;
	o->output |= o->kinds_said && (o->kinds >> VIEW_OUTPUT & 1);
}

int replay_options_parse(int argc, char **argv, struct replay_options *ret)
{
	*ret = (struct replay_options){.kinds = view_all_kinds()};
	struct more_options more = {
		.options = long_options,
		.n = FT_COUNT(long_options),
		.take = take,
		.ctx = ret,
		.help = print_help,
		.operand = "LOG",
	};
	int rc = trace_options_parse_more(argc, argv, &more, &ret->trace);
	if (rc >= 0)
		return rc;
	rc = refuse(&ret->trace);
	if (rc < 0 && ret->at && (ret->from || ret->to || ret->reverse))
		rc = usage_error("--at shows one moment: --from, --to and --reverse say nothing "
				 "to it");
	if (rc >= 0) {
		trace_options_deinit(&ret->trace);
		return rc;
	}
	ret->path = argv[ret->trace.first_argument];
	if (ret->trace.verbose > 1 && !ret->trace.format->details)
		ret->trace.frames = true; // as in a trace
	settle_kinds(ret);
	return -1;
}

static void say_missing(const struct log_info *info, const char *what, const char *options)
{
	ft_say("%s has no %s: they are recorded with frametrace record %s", info->path, what,
	       options);
}

void replay_say_missing(const struct replay_options *o, const struct log_info *info)
{
	const struct trace_options *t = &o->trace;
	const struct store_holds *h = &info->holds;
	if (t->frames && !h->frames)
		say_missing(info, "frame maps", t->verbose > 1 ? "-vv" : "--frames");
	if (t->walk && !h->walk)
		say_missing(info, "walks of the stack", "--stack");
	if (t->step.insn && !h->insn)
		say_missing(info, "instructions", "--events=insn");
	if (t->step.line && !h->line)
		say_missing(info, "lines", "--events=line");
	if (t->inlines && !h->inlines)
		say_missing(info, "inlined calls", "--inlines");
	if (t->registers && !h->registers)
		say_missing(info, "registers", "--registers");
	if (t->map == MAP_EVERY && !h->maps)
		say_missing(info, "changes of the address space", "--map=every");
	if (t->verbose && !h->locals)
		say_missing(info, "last values of locals", "(without --no-locals)");
	if (o->output && !h->output)
		say_missing(info, "bytes that the program wrote", "(without --no-output)");
}
