/*
 * step_private.h - what step.c, step_insn.c, step_store.c and step_line.c share, and step_state.c
 * keeps.
 *
 * Owns:     struct stepper.
 * Gives:    its parts.
 * Never:    is included by others.
 * Lifetime: session.
 */
#ifndef FT_STEP_PRIVATE_H
#define FT_STEP_PRIVATE_H

#include "events/collector.h"
#include "events/source.h"
#include "events/step.h"
#include "symbols/layout.h"

enum {
	STEP_BYTES = 256,	   // of one store that are read
	STEP_HELD_MAX = 1024,	   // instructions of one prologue
	STEP_INTERRUPTED_MAX = 16, // nested signal handlers
	STEP_SNAPSHOT = 64 * 1024, // bytes of stack that an untraced callee is compared over
	STEP_SNAPSHOTS = 4 << 20,  // bytes of all of a thread's snapshots
	STEP_STORES_MAX = 64,	   // in one event
	STEP_WRITES_MAX = 16384,   // of one frame
};

/* One instruction of traced code; made once. */
struct step_code {
	struct code_effect e;
	struct traced *fn;
	const char *file; // of its source line; NULL if unknown
	uint32_t line;
	bool foreign;	  // inlined from Rust's std or a system header
	bool begins_line; // a row of the line table that is a statement begins here
};

/* Bytes that were stored; old ones where they could be read. */
struct step_store {
	uint64_t address;
	uint32_t size; // 0: none
	bool has_old, has_new;
	bool maybe; // only what differs
	uint8_t old[STEP_BYTES], now[STEP_BYTES];
	char ghost[128]; // what popped frames had there; "": nothing
};

/* One instruction that has run. */
struct step_ran {
	const struct step_code *code; // NULL: inferred
	enum event_step how;
	char *text;   // to be freed; NULL: the code's
	char *target; // to be freed; NULL: it is in the text
	uint64_t rsp_before, rsp_after;
	struct step_store *store; // to be freed; NULL: none
};

/* Where a thread is, between two instructions. */
struct strand {
	struct traced *prologue; // of the function whose frame is being made; NULL: of none
	uint64_t cfa;		 // of that frame
	struct step_ran *held;	 // since its call
	size_t n_held, cap_held;
	bool told_ret; // the ret that comes next has had its event
	bool tail;     // the frame has ended by the jump that comes next
};

struct interrupted {
	struct strand strand;
	uint64_t rip, rsp;
};

struct step_thread {
	pid_t tid;
	bool on;
	struct strand now;
	struct interrupted by_signal[STEP_INTERRUPTED_MAX];
	size_t n_by_signal;
	const struct step_code *code; // about to run; NULL: it is not looked at
	struct regs regs;	      // before it runs
	struct step_store store;      // what it will store to a frame
	const struct step_code *last; // the instruction before; NULL: untraced, or not stepped
	struct step_frame *frames;    // outermost first; only those whose push was reported
	size_t n_frames, cap_frames;
	size_t snapshots; // bytes
};

struct step_write {
	uint64_t address;
	uint32_t size;
	const struct step_code *code; // NULL: no instruction is known
};

/* A variable's last known text. */
struct step_var {
	const struct variable *var;
	bool written;
	char *text; // NULL: it has had no value yet
};

struct step_frame {
	uint64_t seq, cfa;
	struct traced *fn;
	const struct frame_layout *layout; // of the whole function; NULL: none
	uint32_t depth;
	uint64_t rsp;	      // by the account so far
	uint64_t rsp_at_body; // until the account is there, instructions are the prologue's
	bool in_prologue;
	/* The untraced callee that runs now. */
	const struct step_code *call; // NULL: none
	uint64_t call_return;
	char *call_text;
	uint8_t *snapshot; // of the stack from snapshot_at
	uint64_t snapshot_at;
	size_t snapshot_len;
	/* The line that runs now. */
	const char *file;
	uint32_t line;
	uint64_t line_pc;
	struct step_var *vars;
	size_t n_vars;
	/* Who wrote what, by address; of overlapping ones only the later one is kept whole. */
	struct step_write *writes;
	size_t n_writes, cap_writes;
};

struct step_layout {
	const struct traced *fn;
	bool known;
	struct frame_layout l;
};

struct stepper {
	struct step_options o;
	struct step_thread **threads;
	size_t n_threads, cap_threads;
	struct step_code **codes; // open addressing by pc; a power of two
	size_t codes_size, codes_used;
	struct step_layout **layouts; // by address of fn
	size_t n_layouts, cap_layouts;
	struct sources *sources;
	struct hit *here; // made up from registers, to read values with
	struct buf texts[2 * STEP_STORES_MAX];
	struct buf ghost;
	size_t n_texts;
	struct event_store stores[STEP_STORES_MAX];
};

/* step_state.c */
struct step_thread *step_thread_of(struct stepper *s, pid_t tid); // made at need
struct step_frame *step_frame_of(struct step_thread *t, uint64_t seq);
void step_frame_deinit(struct step_frame *f);

/* NULL if no traced function has code there. */
const struct step_code *step_code_at(struct collector *col, uint64_t pc);

/* Who owns the bytes of fn's frame; NULL: it is not known. */
const struct frame_layout *step_layout_of(struct collector *col, struct traced *fn);

/* step_insn.c */
void step_ran_deinit(struct step_ran *r);
void strand_deinit(struct strand *s);
void strand_hold(struct strand *s, const struct step_ran *r); // takes it over
void insn_tell(struct collector *col, struct step_thread *t, struct step_frame *f,
	       struct step_ran *r);
void insn_balance(struct collector *col, struct step_thread *t, struct step_frame *f, uint64_t rsp);
void insn_left(struct collector *col, struct step_thread *t, struct step_frame *f,
	       const struct step_code *call, const struct regs *regs);
char *insn_callee(struct collector *col, uint64_t pc); // who is called there; to be freed
void step_drop_snapshot(struct step_thread *t, struct step_frame *f);
void insn_came_back(struct collector *col, struct step_thread *t, struct step_frame *f,
		    uint64_t rsp);

/* step_store.c */
void store_before(struct collector *col, struct step_thread *t, struct thread_stacks *ts);
bool store_after(struct collector *col, struct step_thread *t, struct thread_stacks *ts,
		 const struct regs *after);
size_t store_describe(struct collector *col, struct step_thread *t, const struct step_store *st,
		      const struct step_code *by, struct event_store *ret, size_t max);

/* step_line.c */
void line_vars_init(struct collector *col, struct step_frame *f, const struct frame *frame,
		    const struct hit *hit);
void line_arrive(struct collector *col, struct step_thread *t, struct step_frame *f,
		 const struct step_code *code, const struct regs *regs);
void line_begin(struct collector *col, struct step_thread *t, struct step_frame *f,
		const char *file, uint32_t line, uint64_t pc);
void line_end(struct collector *col, struct step_thread *t, struct step_frame *f, uint64_t pc,
	      const struct regs *regs);
/* Bytes of the frame were stored: variables there have a value from now on. */
void line_written(struct step_frame *f, const struct frame *frame, uint64_t addr, uint64_t size);

/* The live frame that was pushed as seq; NULL if it is gone. */
const struct frame *step_live(struct collector *col, const struct step_thread *t, uint64_t seq);

struct event step_event(struct collector *col, enum event_kind kind, const struct step_thread *t,
			const struct step_frame *f);

#endif
