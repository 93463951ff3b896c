#include "commands/look.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/replay.h"

enum long_only { OPT_AT = 256, OPT_EXPLAIN, OPT_JSON };

static const struct option long_options[] = {
	{"at", required_argument, NULL, OPT_AT},
	{"color", no_argument, NULL, 'c'},
	{"format", required_argument, NULL, 'F'},
	{"help", no_argument, NULL, 'h'},
	{"json", no_argument, NULL, OPT_JSON},
	{"explain", no_argument, NULL, OPT_EXPLAIN}, // from here on: where a PROGRAM may be
	{"no-aslr", no_argument, NULL, 'R'},
	{"verbose", no_argument, NULL, 'v'},
	{NULL, 0, NULL, 0},
};

static int unknown_option(const struct look_command *c, char **argv)
{
	return usage_error("%s: there is no option %s", c->name, argv[optind - 1]);
}

static int parse_one(int o, char **argv, const struct look_command *c, struct look_options *ret)
{
	if (!c->runs && (o == 'R' || o == 'v' || o == OPT_EXPLAIN))
		return unknown_option(c, argv);
	switch (o) {
	case 'c':
		ret->report.color = true;
		return -1;
	case 'F':
	case OPT_JSON:
		ret->format = report_find(o == 'F' ? optarg : "json");
		return ret->format ? -1 : usage_error("there is no format '%s'", optarg);
	case 'R':
		ret->no_aslr = true;
		return -1;
	case 'v':
		ret->report.verbose++;
		return -1;
	case OPT_AT:
		ret->at = optarg;
		return -1;
	case OPT_EXPLAIN:
		ret->explain = true;
		return -1;
	case 'h':
		c->help();
		return finish_stdout(0);
	case ':':
		return usage_error("%s needs a value", argv[optind - 1]);
	}
	return unknown_option(c, argv);
}

/*
 * Options may stand behind a log or a PID, and behind addresses; but what follows a PROGRAM is the
 * program's own. The words are moved to the end of argv, as getopt_long(3) does it.
 */
static bool goes_on(const struct look_command *c, const char *word)
{
	return !c->runs || strspn(word, "0123456789") == strlen(word) || log_is_one(word);
}

int look_options_parse(int argc, char **argv, const struct look_command *c,
		       struct look_options *ret)
{
	*ret = (struct look_options){.format = report_formats[0],
				     .report.color = isatty(STDOUT_FILENO)};
	int n = 0; // words that are no options, at the start of argv, behind the command
	optind = 0;
	for (;;) {
		int o = getopt_long(argc, argv, "+:cF:hRv", long_options, NULL);
		if (o != -1) {
			int rc = parse_one(o, argv, c, ret);
			if (rc >= 0)
				return rc;
			continue;
		}
		if (optind == argc)
			break;
		bool more = strcmp(argv[optind - 1], "--") != 0 && goes_on(c, argv[optind]);
		argv[1 + n++] = argv[optind++];
		while (!more && optind < argc)
			argv[1 + n++] = argv[optind++];
		if (!more) // asked once more behind "--", getopt would go back to it
			break;
	}
	if (n < c->least)
		return usage_error("%s", c->missing);
	argv[1 + n] = NULL;
	ret->operands = argv + 1;
	ret->n = n;
	ret->target = ret->operands[c->target_last ? n - 1 : 0];
	ret->is_log = log_is_one(ret->target);
	if (ret->at && !ret->is_log)
		return usage_error("--at is about a LOG, and '%s' is none", ret->target);
	return -1;
}

enum ft_rc look_open_log(const struct look_options *o, struct log **ret, uint64_t *ret_seq)
{
	struct log *log;
	enum ft_rc rc = log_open(o->target, &log);
	if (rc != FT_OK)
		return rc;
	uint64_t seq = log_info(log)->last;
	if (o->at)
		rc = log_word(log, "--at", o->at, &seq);
	if (rc != FT_OK) {
		log_close(log);
		return rc;
	}
	*ret = log;
	*ret_seq = seq;
	return FT_OK;
}

struct reporter *look_open(const struct look_options *o)
{
	return o->format->open(stdout, &o->report);
}
