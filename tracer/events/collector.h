/*
 * collector.h - the collector's state (private to events/).
 *
 * Owns:     struct collector.
 * Gives:    what collect.c, frames.c and walk.c share.
 * Never:    is included from another room.
 * Lifetime: session.
 */
#ifndef FT_COLLECTOR_H
#define FT_COLLECTOR_H

#include "events/collect.h"
#include "events/heap.h"
#include "events/map.h"
#include "events/points.h"
#include "events/read.h"
#include "events/stack.h"
#include "events/stack_use.h"
#include "events/step.h"
#include "unwind/unwind.h"

struct collector {
	struct control *control;
	struct symbols *symbols;
	struct target *target;
	struct collect_options o;
	event_sink sink;
	void *sink_ctx;
	struct stacks stacks;
	struct reader reader;
	struct stepper *step; // NULL: no single steps
	uint64_t seq, start_ns, now;
	struct regs regs; // of the stop that is being collected, of thread regs_tid
	pid_t regs_tid;	  // 0: they are not known, or not wanted
	struct event_register shown[ARCH_SHOWN];
	uint64_t tail_target; // of the tail jump being collected
	uint64_t verified, mismatches;
	bool running;		    // a frame was pushed
	bool has_exit_map;	    // `map` is of the frame that is being popped
	const struct frame *ending; // the frame whose pop is being made
	struct space_events *space; // NULL: no maps yet
	bool space_started;	    // this program's first map was told
	unsigned space_asides;	    // maps told because the heap grew
	unsigned threads, leaving;  // of this program: begun, and seen about to end
	struct event_summary summary;
	char *max_depth_function, *max_stack_function;
	const struct traced *max_depth_fn, *max_stack_fn; // whose names these are
	struct map map;
	struct points points;
	struct heap *heap; // NULL: not wanted
	struct buf heap_text;
	struct event_value *values; // of the event being made, with what is known of their blocks
	size_t cap_values;
	struct buf *dangling; // one per value; reused
	size_t n_dangling;
	struct gone_frame *gone; // the last ones; a ring
	size_t n_gone;
	struct event_part *parts; // of a frame whose arithmetic is settled at run time
	struct event_frame_of_walk *walk;
	struct unwind_frame *unwound;
	size_t n_unwound;
	enum unwind_end unwind_end;
	struct stack_use use;
	unsigned examined; // signals whose frames were examined for damage
	unsigned crashes;  // signals of a crash that a handler gets, whose frames were looked at
	struct event_frame_at_signal *at_signal; // of the signal that is being told
	unsigned explained;			 // alarms whose layout was looked at
};

/* collect.c */
struct event collect_event(struct collector *col, enum event_kind kind, pid_t pid, pid_t tid,
			   uint64_t time_ns);
void collect_emit(struct collector *col, struct event *ev); // numbers it, adds registers
void collect_note(struct collector *col, const char *text);
const char *collect_signal_name(int signal, char *buf, size_t len);
bool collect_is_crash(int signal); // a fault of the program, or its own word for one: abort(3)

/* collect_run.c: EVENT_EXEC and EVENT_EXIT, with the notes that belong to them. */
void collect_exec(struct collector *col, const struct stop *stop);
void collect_end(struct collector *col, const struct stop *stop);

/* frames.c: does the frame's function hold the call that returns there? */
bool frames_called_by(const struct frame *f, uint64_t return_address);

/* frames.c: what push and pop events of one frame have in common. */
struct event frames_event(struct collector *col, enum event_kind kind,
			  const struct thread_stacks *t, const struct frame *f);
void frames_note_depth(struct collector *col, struct stack *s, const struct frame *f);
void frames_at_exit(struct collector *col, struct traced_exit *x, struct event *ev); // place
void frames_settle_parts(struct collector *col, const struct traced *fn, struct event *ev);
void frames_pop(struct collector *col, struct thread_stacks *t, struct stack *s, enum pop_how how,
		struct traced_exit *x, const struct hit *hit);
void frames_pop_deeper(struct collector *col, struct thread_stacks *t, struct stack *s,
		       uint64_t cfa);
void frames_pop_thread(struct collector *col, struct thread_stacks *t, enum pop_how how);
void frames_pop_everything(struct collector *col);
void frames_unload(void *collector, const struct module *m); // for target_on_unload()
void frames_settle(struct collector *col, struct thread_stacks *t, const struct regs *regs);
void frames_leaving(struct collector *col, const struct stop *stop);
/* The reported frame that a walk met; NULL: it is not one, or another call's. */
struct frame *frames_walked(struct thread_stacks *t, const struct unwind_frame *w);

/*
 * at_signal.c: the frames of the signal's event, if it ends the process or is a crash. They live
 * until the next event is made.
 */
void frames_at_signal(struct collector *col, const struct stop *stop, struct event *ev);

/* inline_events.c; pushed: the same hit has just pushed the frame. */
void inlines_tell(struct collector *col, const struct hit *hit, const struct inline_site *site,
		  bool pushed);

/* heap_events.c */
void heap_on_entry(struct collector *col, const struct hit *hit, const struct heap_function *fn);
void heap_on_return(struct collector *col, const struct hit *hit);

void heap_values_deinit(struct collector *col);
void heap_unload(struct collector *col); // functions go away

/* heap_values.c: the blocks that an event's values point into, and who owns them now. */
void heap_note_values(struct collector *col, struct stack *s, const struct frame *f,
		      struct event *ev);
/* The same for values that a line left: one by one, i from 0; v->dangling lives with the event. */
void heap_note_change(struct collector *col, int tid, const struct frame *f, uint64_t rsp, size_t i,
		      struct event_value *v);
void heap_note_locals(struct collector *col, const struct frame *f, uint64_t pc, uint64_t block);
void heap_note_pop(struct collector *col, const struct frame *f); // f is gone: for dangling

/*
 * frame_maps.c: the frame map of a push (x NULL) or of a pop at an exit, if frame maps are wanted.
 * A frame that was popped becomes a ghost: after collect_map(), for any pop.
 */
void collect_map(struct collector *col, struct stack *s, const struct frame *f,
		 const struct traced_exit *x, const struct hit *hit, struct event *ev);
void collect_ghosts(struct collector *col, struct stack *s, const struct frame *f,
		    const struct event *ev);

/*
 * registers.c: those of the thread that stopped, for the events that its stop is made into. What is
 * told of other threads then has none.
 */
void registers_take(struct collector *col, const struct stop *stop);
void registers_add(struct collector *col, struct event *ev);

/* space_tell.c: EVENT_MAP, as far as it is wanted. */
void space_tell_start(struct collector *col, pid_t pid, pid_t tid);
void space_tell_changes(struct collector *col, pid_t pid, pid_t tid, const char *when);
void space_tell_growth(struct collector *col, pid_t pid, pid_t tid); // after an EVENT_BRK
void space_tell_thread(struct collector *col, pid_t pid, pid_t tid); // after an EVENT_THREAD
void space_tell_leaving(struct collector *col, const struct stop *stop);
void space_tell_exec(struct collector *col);

/*
 * overflow.c: EVENT_OVERFLOW if a fault is that of a thread that has run off its stack. After the
 * signal's own event.
 */
void overflow_examine(struct collector *col, const struct stop *stop);

/* integrity.c: EVENT_ALARM if the frame's exit is about to use a changed return address. */
void integrity_at_exit(struct collector *col, const struct thread_stacks *t, const struct frame *f,
		       struct traced_exit *x, const struct hit *hit);

/* integrity.c: EVENT_ALARM for each damaged frame of a thread that got a signal of a crash. */
void integrity_at_signal(struct collector *col, const struct stop *stop);

/* walk.c: from registers through live memory; opens modules on its way. */
size_t walk_live(struct collector *col, const struct regs *regs, struct unwind_frame *ret,
		 size_t max);

/*
 * walk.c: one step outwards, through live memory; opens the module if nobody has yet. False: there
 * is no caller, or it is not known.
 */
bool walk_outwards(struct collector *col, const struct unwind_frame *f, struct unwind_frame *ret);

/* walk.c: walks the stack; fills ev->walk if it is to be shown. */
void collect_walk(struct collector *col, const struct hit *hit, struct event *ev);

/* walk.c: the innermost inlined call at a signal's pc. */
void walk_name_inlined(struct collector *col, struct event *ev);

/* walk.c: compares the last walk with libunwind's; a note says where they differ. */
void collect_verify(struct collector *col, const struct hit *hit, const struct event *ev);

#endif
