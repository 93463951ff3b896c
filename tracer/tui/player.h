/*
 * player.h - a position in a run that can be moved: what both steppers, full screen and --plain,
 * stand on.
 *
 * Owns:     the position, breakpoints, the history of positions; when to ask a live run for more.
 * Gives:    steps by every unit in both directions, why each ended, what is to be seen there.
 * Never:    draws, prints, or knows whether the log is still being written: a live run is a log
 *           with a `more`.
 * Lifetime: borrows the log; texts are valid until the next call that moves, results of one
 *           function until the next call of it.
 */
#ifndef FT_PLAYER_H
#define FT_PLAYER_H

#include "base/buf.h"
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
	PLAYER_FINISH,	 // until the selected frame is popped (finish)
	PLAYER_UNTIL,	 // a line of this frame behind this one in the code (until)
	PLAYER_CONTINUE, // until a breakpoint, a signal, or the end (continue)
};

/*
 * INSN, STEP, NEXT and UNTIL follow the thread of the event that they begin at; NEXT and UNTIL its
 * innermost frame and, when that is popped, its caller. A step ends early at a breakpoint, at a
 * signal, at a return address or canary that was overwritten, and where a thread's last frame goes.
 *
 * Backwards: EVENT, INSN, STEP, CALL and RETURN come back to where the step forwards began; NEXT
 * and UNTIL to the line before within the frame, from its first line to the call; FINISH to the
 * caller, right before the frame was pushed; CONTINUE to the breakpoint before.
 *
 * Without lines or instructions in the log, and in functions without source, STEP, NEXT, UNTIL and
 * INSN go by pushes and pops.
 */

struct player *player_create(struct log *log, const struct player_live *live); // live may be NULL
void player_destroy(struct player *p);

/*
 * To where a person would begin: the first push of a function that has source. FT_NONE: no event
 * came at all. Nothing else may be asked of a player whose log is empty.
 */
FT_CHECK enum ft_rc player_start(struct player *p);

uint64_t player_at(const struct player *p);  // seq of the event just done
bool player_is_live(const struct player *p); // there may be more behind the last event
struct log *player_log(const struct player *p);

/*
 * FT_OK: moved; FT_NONE: at the end (or the beginning) before the unit was complete: moved as far
 * as there was something. player_why() says in words why it stands here, "" if the step ended as
 * it should: "breakpoint 1, double.c:12", "main popped", "SIGSEGV", "the run ends here: exit status
 * 0".
 */
FT_CHECK enum ft_rc player_move(struct player *p, enum player_unit unit, bool back, uint64_t count);
FT_CHECK enum ft_rc player_go(struct player *p, uint64_t seq); // beyond the end of a live run: runs
/* FT_NONE: not found, not moved. */
FT_CHECK enum ft_rc player_find(struct player *p, const struct log_query *q, bool back);
FT_CHECK enum ft_rc player_undo(struct player *p); // where the last move began; FT_NONE: no move
const char *player_why(const struct player *p);

/* Asked between events of a long move: true, once, ends it where it is. For Ctrl-C. */
void player_on_pause(struct player *p, bool (*wanted)(void *ctx), void *ctx);
/* The same question, for whoever waits for a live run that is silent. */
bool player_is_pause_wanted(struct player *p);

/* ---- breakpoints ---- */

/*
 * SPEC as gdb and people write it: FUNCTION, FILE:LINE, LINE (of the current file), *ADDRESS,
 * +SEQ (the event of that number), each with an optional " if CONDITION"; "watch VARIABLE" or
 * "watch FUNCTION.VARIABLE" stops when a variable has changed. CONDITION: NAME OP NUMBER|"TEXT"
 * with == != < <= > >=, joined by && and ||; NAME is a variable (of the frame, with members) or one
 * of player_value()'s words. FT_FAIL in words.
 */
FT_CHECK enum ft_rc player_break(struct player *p, const char *spec, unsigned *ret_number);
/* The same; FT_FAIL also if the log is whole and has no event there: it was likely mistyped. */
FT_CHECK enum ft_rc player_break_checked(struct player *p, const char *spec, bool temporary,
					 unsigned *ret_number);
/* What to say where a watch is set: that without lines it stops at pops only; NULL: nothing. */
const char *player_watch_note(struct player *p);
FT_CHECK enum ft_rc player_delete(struct player *p, unsigned number); // FT_NONE: no such one

struct player_breakpoint {
	unsigned number;
	const char *spec;
	uint64_t hits;	// stops at it
	bool temporary; // gone after its first hit
};

size_t player_breakpoints(struct player *p, const struct player_breakpoint **ret);
FT_CHECK enum ft_rc player_make_temporary(struct player *p, unsigned number); // FT_NONE: no such
/* Whether what is in the log so far has an event at that place, its condition apart. */
FT_CHECK enum ft_rc player_reaches(struct player *p, unsigned number, bool *ret);

/* ---- what is there now ---- */

/* The event just done. Valid until the next call of anything that takes the log or the player. */
FT_CHECK enum ft_rc player_event(struct player *p, const struct event **ret);

/* Where a person would point: the line that runs next, as far as the log tells. */
struct player_place {
	const char *file; // NULL if unknown
	uint32_t line;	  // 0 if unknown
	uint64_t pc;	  // 0 if unknown
	const char *function;
	uint32_t depth;
	int tid;
	bool calls;   // what it calls runs now, and is not traced: pc is of the call
	uint64_t seq; // of the event that tells it
};

void player_place(struct player *p, struct player_place *ret);

/* Threads are counted from 1 as they began. FT_NONE, and 0: it is not known when this one did. */
FT_CHECK enum ft_rc player_thread_number(struct player *p, int tid, unsigned *ret);

/* Of another thread: as its last event tells. line 0: none does. */
void player_thread_place(struct player *p, int tid, struct player_place *ret);

/* Of a live frame; of those that are not the innermost the line of their call. */
FT_CHECK enum ft_rc player_frame_place(struct player *p, size_t frame, struct player_place *ret);

/* The frame that commands look at: 0 is the innermost of the thread of the event. */
FT_CHECK enum ft_rc player_select(struct player *p, size_t frame); // FT_NONE: no such frame
size_t player_selected(const struct player *p);

/* Live frames of the event's thread, innermost first. */
FT_CHECK enum ft_rc player_frames(struct player *p, const struct log_frame **ret, size_t *ret_n);

/* The variables of the selected frame; FT_NONE: no frame, or its push is not in the log. */
FT_CHECK enum ft_rc player_variables(struct player *p, const struct event_value **ret,
				     size_t *ret_n);

/*
 * The text of a value: VARIABLE, VARIABLE.MEMBER, VARIABLE[0], *VARIABLE of the selected frame, or
 * a fact of a place (&VARIABLE, region(VARIABLE), frame_bytes ...: docs/step.md), or
 * one of these words, where $WORD is never a variable: depth, frames, tid, seq, event, function,
 * file, line, return (what the last pop returned), blocks and bytes (alive on the heap), status
 * (of the program), any register. FT_NONE: there is no such thing; ret is left alone.
 */
FT_CHECK enum ft_rc player_value(struct player *p, const char *name, struct buf *ret);

/* Why that gave FT_NONE, in words: "v is not known yet", "there is no \"x\" here". */
void player_missing(struct player *p, const char *name, struct buf *ret);

/*
 * Without lines in the log nobody looks at variables between push and pop of their frame: true if
 * those of a frame are older than this event, and of which they are.
 */
bool player_as_of(struct player *p, uint64_t pushed, uint64_t *ret);
/* The same of the variable of the selected frame that player_value() gave the value of. */
bool player_value_as_of(struct player *p, const char *name, uint64_t *ret);

/* Whether a CONDITION holds here. FT_FAIL in words, also if a name in it means nothing here. */
FT_CHECK enum ft_rc player_check(struct player *p, const char *condition, bool *ret);

/*
 * The registers as of the last event of the thread that has them; FT_NONE: none were recorded. Of
 * an event that says where rsp and the next instruction are, those two are what it says.
 */
FT_CHECK enum ft_rc player_registers(struct player *p, const struct event_register **ret,
				     size_t *ret_n);
FT_CHECK enum ft_rc player_thread_registers(struct player *p, int tid,
					    const struct event_register **ret, size_t *ret_n);

#endif
