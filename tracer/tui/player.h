/*
 * player.h - a position in a run that can be moved: what both steppers, full screen and --plain,
 * stand on.
 *
 * Owns:     the position, breakpoints, the history of positions; when to ask a live run for more.
 * Gives:    steps by every unit in both directions, why each ended, what is to be seen there.
 * Never:    draws, prints, or knows whether the log is still being written: a live run is a log
 *           with a `more`.
 * Lifetime: borrows the log; texts are valid until the next call that moves.
 */
#ifndef FT_PLAYER_H
#define FT_PLAYER_H

#include "store/log.h"

struct player;

/* A live run: gives the log at least one event more. FT_NONE: the program has ended. */
struct player_live {
	enum ft_rc (*more)(void *ctx);
	void *ctx;
};

enum player_unit {
	PLAYER_EVENT,	 // the next event of any kind
	PLAYER_INSN,	 // the next instruction (gdb: stepi)
	PLAYER_STEP,	 // the next source line, into calls (step)
	PLAYER_NEXT,	 // the next source line of this frame, over calls (next)
	PLAYER_CALL,	 // the next push
	PLAYER_RETURN,	 // the next pop
	PLAYER_FINISH,	 // until this frame is popped (finish)
	PLAYER_UNTIL,	 // a line of this frame further down than this one (until)
	PLAYER_CONTINUE, // until a breakpoint, a signal, or the end (continue)
};

/* Without lines or instructions in the log STEP, NEXT, UNTIL and INSN go by pushes and pops. */

struct player *player_create(struct log *log, const struct player_live *live); // live may be NULL
void player_destroy(struct player *p);

uint64_t player_at(const struct player *p);  // seq of the event just done
bool player_is_live(const struct player *p); // there may be more behind the last event
struct log *player_log(const struct player *p);

/*
 * FT_OK: moved; FT_NONE: at the end (or the beginning) before the unit was complete: moved as far
 * as there was something. player_why() says in words why it stands here: "breakpoint 1,
 * double.c:12", "main popped", "SIGSEGV", "the run ends here: exit status 0".
 */
FT_CHECK enum ft_rc player_move(struct player *p, enum player_unit unit, bool back, uint64_t count);
FT_CHECK enum ft_rc player_go(struct player *p, uint64_t seq); // beyond the end of a live run: runs
FT_CHECK enum ft_rc player_find(struct player *p, const struct log_query *q, bool back);
const char *player_why(const struct player *p);

/* Asked between events of a long move: true ends it where it is. For Ctrl-C. */
void player_on_pause(struct player *p, bool (*wanted)(void *ctx), void *ctx);

/* ---- breakpoints ---- */

/*
 * SPEC as gdb and people write it: FUNCTION, FILE:LINE, LINE (of the current file), *ADDRESS,
 * +SEQ, each with an optional " if CONDITION"; "watch VARIABLE" or "watch FUNCTION.VARIABLE" stops
 * when a variable has changed. CONDITION: NAME OP NUMBER|"TEXT" with == != < <= > >=, joined by &&
 * and ||; NAME is a variable, `depth`, `return`, `tid`. FT_FAIL in words.
 */
FT_CHECK enum ft_rc player_break(struct player *p, const char *spec, unsigned *ret_number);
FT_CHECK enum ft_rc player_delete(struct player *p, unsigned number); // FT_NONE: no such one

struct player_breakpoint {
	unsigned number;
	const char *spec;
	uint64_t hits;
};

size_t player_breakpoints(const struct player *p, const struct player_breakpoint **ret);

/* ---- what is there now ---- */

/* Where a person would point: the line that runs next, as far as the log tells. */
struct player_place {
	const char *file; // NULL if unknown
	uint32_t line;	  // 0 if unknown
	uint64_t pc;	  // 0 if unknown
	const char *function;
	uint32_t depth;
	int tid;
};

void player_place(struct player *p, struct player_place *ret);

/* The frame that commands look at: 0 is the innermost of the thread of the event. */
FT_CHECK enum ft_rc player_select(struct player *p, size_t frame); // FT_NONE: no such frame
size_t player_selected(const struct player *p);

/* Live frames of the event's thread, innermost first. */
FT_CHECK enum ft_rc player_frames(struct player *p, const struct log_frame **ret, size_t *ret_n);

/* The registers as of the last event that has them; FT_NONE: none were recorded. */
FT_CHECK enum ft_rc player_registers(struct player *p, const struct event_register **ret,
				     size_t *ret_n);

#endif
