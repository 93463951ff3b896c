/*
 * view.h - what is to be seen at one position of a run: plain data that the panes are drawn from.
 *
 * Owns:     a copy of everything, so that two positions can be compared.
 * Gives:    struct view, made by view_make() from a player, or by hand in a test.
 * Never:    knows a pane or a terminal; asks the program.
 * Lifetime: until view_deinit(). What view_make() made points into its own memory.
 */
#ifndef FT_VIEW_H
#define FT_VIEW_H

#include "base/buf.h"
#include "tui/player.h"

enum {
	VIEW_FRAMES = 256,  // of a stack, around the selected one; the others are counted
	VIEW_DETAILED = 48, // of these: with their variables
	VIEW_VALUES = 256,  // of a frame
	VIEW_SLOTS = 4096,
	VIEW_BLOCKS = 512,
	VIEW_OUTPUT = 64 * 1024, // bytes
	VIEW_REGISTERS = 64,
	VIEW_STORES = 4096, // events that are looked through for what was stored since
};

struct view_value {
	struct event_value v;
	bool freed;   // the block that it points to is no more
	bool changed; // since the position before; also: it is new in a frame that is not
};

struct view_slot {
	struct event_slot s;
	bool changed;
	bool stored; // by an instruction after the push: `s` says what, or that it is not known
	const struct view_value *value; // the variable that it is; NULL: none, or a part of one
};

struct view_frame {
	struct log_frame f;
	bool detailed; // what follows is filled
	bool is_new;   // it was not there at the position before
	bool values_known;
	struct view_value *values;
	size_t n_values;
	size_t n_args; // the first ones are arguments
	struct view_slot *slots;
	size_t n_slots;	    // 0: no frame map was recorded
	uint64_t frame_rsp; // with slots
	const char *file;   // of the function
	const char *parts;  // "call -8, push rbp -8 = -16"; NULL: not known
	uint64_t return_address;
	const char *return_symbol;
	const char *caller_file; // where it was called from
	uint32_t caller_line;	 // 0: unknown
	const char *returned;	 // of a ghost: its return value
};

struct view_block {
	struct log_block b;
	bool is_new;
	bool gone; // it was there at the position before
};

struct view_register {
	struct event_register r;
	bool changed;
};

struct view_band {
	struct event_band b;
	bool changed;
};

struct view_insn {
	uint64_t pc;
	const char *text;
	uint32_t line;
};

struct view_arena;

struct view {
	struct view_arena *arena; // NULL: nothing of it is ours
	uint64_t seq, first, last;
	bool live, cut;
	const char *why;		 // it stands here
	const char *what;		 // the event did
	const char *program;		 // name
	bool why_says_it;		 // `what` is in `why`
	uint64_t overwritten, now_there; // a return address, and what is there; or 0
	bool what_is_an_alarm;		 // a signal, a frame that was overwritten …
	int tid;
	unsigned thread;  // its number, from 1, as the prompt counts; 0: not known
	bool is_other;	  // not the thread of the event: it is as its own last event left it
	bool in_prologue; // of the registers only rsp and rip are of the event itself
	size_t threads;	  // that have frames
	uint32_t depth;
	uint64_t rsp; // 0: not known
	struct store_holds holds;

	/* The place of the selected frame. */
	struct player_place place;
	bool place_is_caller; // that line has called the frame inside it

	/* Of one thread, outermost first, stack by stack; ghosts behind the live ones of a stack.
	 */
	struct view_frame *frames;
	size_t n_frames;
	size_t more_above, more_below; // frames of the stack that are not in `frames`
	size_t selected;	       // index in frames; SIZE_MAX: there are none
	size_t n_live;

	struct view_block *blocks;
	size_t n_blocks;
	uint64_t all_blocks;

	struct view_band *bands;
	size_t n_bands;
	uint64_t map_seq; // of the event that told them
	uint64_t user_end, stack_room;
	const char *stack_stop;
	uint64_t mappings;

	struct view_register *registers;
	size_t n_registers;

	const char *function; // whose code it is, NULL: none is known
	struct view_insn *insns;
	size_t n_insns;

	const char *output;
	size_t output_len, output_new; // the last bytes of it are new
};

/*
 * The state at the player's position. `before`: the one before it, to mark what is different; or
 * NULL. `tid`: whose stack; 0: of the thread of the event. `selected`: the frame, as the player
 * counts. What cannot be read is left out, and said in `why`.
 */
void view_make(struct player *p, const struct view *before, int tid, size_t selected,
	       struct view *ret);
void view_deinit(struct view *v);

/* view_frames.c: the stack; view_mark.c: what is different. Called by view_make(). */
void view_add_frames(struct view *v, struct log *log, size_t selected);
void view_mark(struct view *v, const struct view *before);

/* Memory that goes with the view. */
void *view_alloc(struct view *v, size_t n, size_t size);
const char *view_keep(struct view *v, const char *s); // NULL: NULL
const char *view_keep_some(struct view *v, const char *s, size_t len);
void view_keep_value(struct view *v, struct event_value *value); // its texts

/* view_say.c: an event in one line; how its delta came about; neither is escaped. */
void view_say(struct buf *b, const struct event *ev);
void view_arithmetic(struct buf *b, const struct event *ev); // "call -8, push rbp -8 = -16"

#endif
