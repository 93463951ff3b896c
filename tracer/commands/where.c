#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/running.h"
#include "events/where.h"
#include "report/report.h"

enum long_only { OPT_JSON = 256 };

static const struct option long_options[] = {
	{"color", no_argument, NULL, 'c'},
	{"format", required_argument, NULL, 'F'},
	{"help", no_argument, NULL, 'h'},
	{"json", no_argument, NULL, OPT_JSON},
	{NULL, 0, NULL, 0},
};

struct where_options {
	const struct report_format *format;
	bool color;
};

static void print_help(void)
{
	printf("Usage: frametrace where [OPTIONS] ADDRESS... PID\n"
	       "Says what an address of a running process is: region, section, symbol and source\n"
	       "line, the frame and variable of a thread that waits, a block of malloc, or what\n"
	       "lies nearest. The process is not stopped. ADDRESS is in base 16, with or without\n"
	       "0x.\n"
	       "  -F, --format=NAME  text, json or explain\n"
	       "  -c, --color        with colours\n"
	       "Example: frametrace where 0x7ffd66e82abc $(pidof vas_explore)\n");
}

static int parse(int argc, char **argv, struct where_options *ret)
{
	*ret = (struct where_options){report_formats[0], isatty(STDOUT_FILENO)};
	optind = 0;
	for (int c; (c = getopt_long(argc, argv, "+:cF:h", long_options, NULL)) != -1;) {
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
		case 'h':
			print_help();
			return 0;
		case ':':
			return usage_error("%s needs a value", argv[optind - 1]);
		default:
			return usage_error("where: there is no option %s", argv[optind - 1]);
		}
	}
	if (argc - optind < 2)
		return usage_error("where needs an ADDRESS and a PID");
	return -1;
}

static bool parse_address(const char *word, uint64_t *ret)
{
	const char *digits =
		strncmp(word, "0x", 2) == 0 || strncmp(word, "0X", 2) == 0 ? word + 2 : word;
	size_t len = strlen(digits);
	if (len == 0 || strspn(digits, "0123456789abcdefABCDEF") != len)
		return false;
	errno = 0;
	*ret = strtoull(digits, NULL, 16);
	return errno == 0;
}

static void look_up(const struct where_options *o, struct running *r, const uint64_t *addresses,
		    size_t n)
{
	struct report_options ro = {.color = o->color};
	struct where *w = where_create(r->symbols, &r->regions, &r->memory);
	struct reporter *reporter = o->format->open(stdout, &ro);
	for (size_t i = 0; i < n; i++) {
		struct event_where place;
		where_look(w, addresses[i], &place);
		struct event ev = {
			.kind = EVENT_WHERE,
			.seq = i,
			.pid = (int)r->pid,
			.tid = (int)r->pid,
			.where = &place,
		};
		o->format->event(reporter, &ev);
	}
	o->format->close(reporter);
	where_destroy(w);
}

static int where(int argc, char **argv)
{
	struct where_options o;
	int rc = parse(argc, argv, &o);
	if (rc >= 0)
		return rc;
	size_t n = (size_t)(argc - optind - 1);
	char **words = argv + optind;
	uint64_t *addresses = xcalloc(n, sizeof(*addresses));
	struct running r;
	for (size_t i = 0; i < n && rc < 0; i++)
		if (!parse_address(words[i], &addresses[i]))
			rc = usage_error("'%s' is no address: write it in base 16", words[i]);
	if (rc < 0 && running_open(&r, words[n]) != FT_OK)
		rc = failed();
	if (rc < 0) {
		look_up(&o, &r, addresses, n);
		running_close(&r);
		rc = 0;
	}
	free(addresses);
	if (fflush(stdout) != 0) {
		ft_say("standard output: %s", strerror(errno));
		return EXIT_BAD;
	}
	return rc;
}

const struct command command_where = {"where", "say what an address of a process is", where};
