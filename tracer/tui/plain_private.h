/*
 * plain_private.h - what the files of the prompt share (private to tui/).
 *
 * plain.c: the table of commands, lines of a script, the loop. plain_move.c: moves, breakpoints,
 * search. plain_say.c: where we are. plain_info.c: frames, registers. plain_values.c: variables.
 * plain_code.c: source and instructions. plain_space.c: stack, map, addresses. plain_heap.c: heap
 * blocks. plain_check.c: grading. plain_line.c: a line that is typed.
 */
#ifndef FT_PLAIN_PRIVATE_H
#define FT_PLAIN_PRIVATE_H

#include "tui/plain.h"

enum outcome { DONE, FAILED, QUIT };

struct plain {
	struct player *p;
	const struct plain_options *o;
	struct buf out;	 // of the command that runs
	struct buf last; // of the one before it
	char *repeat;	 // the last move, for an empty line
	char *line;	 // of a script
	size_t cap_line;
	bool has_nul;  // and what is behind it cannot be seen
	bool has_read; // the first line of it
	bool failed;   // a command did
	bool hushed;   // what the command that runs said is not shown
	unsigned long checks, wrong;
	struct answer *answers; // of somebody who was asked
	size_t n_answers, cap_answers;
	size_t output_shown; // bytes of the program's output that have been shown
	uint64_t output_at;  // event up to which they go
	bool any_output;     // output_at means something
	/* What was said last of where we are, so that a frame is named once. */
	bool has_said;
	uint64_t said_cfa;
	int said_tid;
	bool said_unknown; // what (?) stands for
	char *list_file;   // where `list` goes on
	uint32_t list_line;
};

struct command_of {
	const char *name, *aliases; // aliases: words with blanks between; NULL: none
	const char *arguments, *help;
	enum outcome (*run)(struct plain *s, const char *arguments);
	bool is_move; // an empty line repeats it
};

/* The groups of the table, each ended by a row without a name. */
extern const struct command_of move_commands[], break_commands[], info_commands[], code_commands[],
	space_commands[], check_commands[];

/* ---- plain_check.c ---- */

void answers_read(struct plain *s);
void answers_free(struct plain *s);
/* What was answered without being asked: a misspelled name. */
void answers_say_rest(struct plain *s);
bool command_grades(const struct command_of *c);

/* ---- saying ---- */

/* A stranger's text: escaped, but for its tabs. NULL: "?". */
void say_text(struct plain *s, const char *text);
void say_some(struct plain *s, const char *text, size_t len);
void say(struct plain *s, const char *fmt, ...) FT_PRINTF(2, 3); // ours: ASCII
/* One line that says what is wrong; FAILED. */
enum outcome wrong(struct plain *s, const char *fmt, ...) FT_PRINTF(2, 3);
/* The recorded failure, cleared; FAILED. */
enum outcome wrong_error(struct plain *s);

/* Bytes of the mark (U+FEFF) that editors put in front of a file's first line. */
size_t skip_mark(const char *text);

/* ---- plain_say.c ---- */

/* Why the last move ended, if there is something to say. */
void say_why(struct plain *s);
/* 1: the first, or one whose begin is not in the log. */

/* At the last event of a run, and player_why() has told of it. */
bool end_is_said(struct plain *s);
/* Where we are: as gdb says it after a step. */
enum outcome say_position(struct plain *s, bool always_frame);
/* An event, as the text report has it. */
enum outcome say_report(struct plain *s, const struct event *ev);
/* The same with its number; not `whole`: without its frame map. */
enum outcome say_event(struct plain *s, uint64_t seq, bool whole);
/* What the program wrote up to here and was not shown yet. */
enum outcome say_output(struct plain *s);

enum outcome run_threads(struct plain *s, const char *arguments); // of `info`

/* ---- plain_info.c ---- */

FT_CHECK enum ft_rc frame_at(struct plain *s, size_t frame, struct log_frame *ret);
enum outcome no_frame(struct plain *s, enum ft_rc rc);
/* "twice (n=48) at double.c:10": `number` < 0: without it. */
enum outcome say_frame(struct plain *s, size_t frame, bool numbered);

/* ---- plain_values.c ---- */

/* "as of event 3" of a frame's values, between these texts; nothing if they are as of here. */
void say_as_of(struct plain *s, uint64_t pushed, const char *before, const char *after);
/* A value by its name; of several with one name the one that is in scope. */
enum outcome say_values(struct plain *s, const char *indent, bool args);
/* "n=48": what stands between the parentheses; ret_said: how many arguments are known. */
enum outcome say_arguments(struct plain *s, uint64_t pushed, size_t *ret_said);
/* Whether debug information tells what the function of a frame has. */
bool is_told(struct plain *s, uint64_t pushed);
enum outcome run_print(struct plain *s, const char *arguments);

/* ---- plain_code.c ---- */

/* "10\t\treturn n * 2;" */
enum outcome say_line(struct plain *s, const char *file, uint32_t line, const char *mark);

/* ---- plain_space.c: commands that `info` has too ---- */

enum outcome run_map(struct plain *s, const char *arguments);
enum outcome run_output(struct plain *s, const char *arguments);
enum outcome run_stack(struct plain *s, const char *arguments);

/* ---- plain_heap.c ---- */

enum outcome run_heap(struct plain *s, const char *arguments);
/* Says which block in use has the address. False: none has. */
bool where_on_heap(struct plain *s, uint64_t address);

/* ---- plain_line.c: a terminal ---- */

struct typed;

struct typed *typed_open(struct plain *s);
void typed_close(struct typed *t);
/* NULL: the end. Valid until the next call. */
const char *typed_line(struct typed *t, const char *prompt);

/* plain.c: names of commands for completion. */
const struct command_of *command_number(size_t i); // NULL: no more

#endif
