#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/look.h"
#include "commands/replay.h"
#include "commands/running.h"
#include "events/where.h"

static void print_help(void)
{
	printf("Usage: frametrace where [OPTIONS] ADDRESS... PID\n"
	       "       frametrace where [OPTIONS] ADDRESS... LOG [--at=EVENT]\n"
	       "Says what an address of a running process is: region, section, symbol and source\n"
	       "line, the frame and variable of a thread that waits, a block of malloc, or what\n"
	       "lies nearest. The process is not stopped. Of a LOG of frametrace record: what it "
	       "was\n"
	       "after an event. ADDRESS is in base 16, with or without 0x.\n"
	       "  -F, --format=NAME  text, json or explain\n"
	       "  -c, --color        with colours\n"
	       "      --at=EVENT     of a LOG: after this event; else at the end\n"
	       "Example: frametrace where 0x7ffd66e82abc $(pidof vas_explore)\n");
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

static void look_up(const struct look_options *o, struct running *r, const uint64_t *addresses,
		    size_t n)
{
	struct where *w = where_create(r->symbols, &r->regions, &r->memory);
	struct reporter *reporter = look_open(o);
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

static enum ft_rc where_in_running(const struct look_options *o, const uint64_t *addresses,
				   size_t n)
{
	struct running r;
	enum ft_rc rc = running_open(&r, o->target);
	if (rc != FT_OK)
		return rc;
	look_up(o, &r, addresses, n);
	running_close(&r);
	return FT_OK;
}

static enum ft_rc where_in_log(const struct look_options *o, const uint64_t *addresses, size_t n)
{
	struct log *log;
	struct moment_of *moment = NULL;
	uint64_t seq;
	enum ft_rc rc = look_open_log(o, &log, &seq);
	if (rc != FT_OK)
		return rc;
	rc = moment_open(log, seq, true, &moment);
	if (rc == FT_OK) {
		struct reporter *reporter = look_open(o);
		for (size_t i = 0; i < n && rc == FT_OK; i++)
			rc = moment_where(moment, i, addresses[i], o->format, reporter);
		o->format->close(reporter);
	}
	moment_close(moment);
	log_close(log);
	return rc;
}

static int where(int argc, char **argv)
{
	static const struct look_command command = {
		.name = "where",
		.missing = "where needs an ADDRESS and a PID or a LOG",
		.help = print_help,
		.target_last = true,
		.least = 2,
	};
	struct look_options o;
	int rc = look_options_parse(argc, argv, &command, &o);
	if (rc >= 0)
		return rc;
	size_t n = (size_t)o.n - 1;
	uint64_t *addresses = xcalloc(n, sizeof(*addresses));
	for (size_t i = 0; i < n && rc < 0; i++)
		if (!parse_address(o.operands[i], &addresses[i]))
			rc = usage_error("'%s' is no address: write it in base 16", o.operands[i]);
	if (rc < 0) {
		enum ft_rc found = o.is_log ? where_in_log(&o, addresses, n)
					    : where_in_running(&o, addresses, n);
		rc = found == FT_OK ? 0 : failed();
	}
	free(addresses);
	return finish_stdout(rc);
}

const struct command command_where = {"where", "say what an address of a process or a log is",
				      where};
