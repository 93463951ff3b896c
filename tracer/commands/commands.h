/*
 * commands.h - the subcommands, one file each behind one table.
 *
 * Owns:     argv, the exit status.
 * Gives:    struct command, the table; main.c picks the row.
 * Never:    does a room's work: a command connects rooms.
 * Lifetime: static.
 *
 * To add a command: write commands/NAME.c with `const struct command command_NAME`, declare it
 * here, list it in commands/table.c, document it in docs/frametrace.1.
 */
#ifndef FT_COMMANDS_H
#define FT_COMMANDS_H

#include "base/base.h"

enum { EXIT_BAD = 1, EXIT_USAGE = 2 };

struct command {
	const char *name, *help;	   // "list", and its line in --help
	int (*run)(int argc, char **argv); // argv[0] is the command's name; returns the exit status
};

extern const struct command command_trace, command_list, command_frames, command_maps,
	command_where, command_report, command_record, command_replay, command_step;
extern const struct command *const commands[]; // NULL-terminated; the first one is the default

/* The one place that words a usage error: says it, points to --help, returns EXIT_USAGE. */
int usage_error(const char *fmt, ...) FT_PRINTF(1, 2);

/* Says the recorded failure and returns EXIT_BAD. */
int failed(void);

/* What went to standard output is out: returns `status`. Else says so and returns EXIT_BAD. */
int finish_stdout(int status);

#endif
