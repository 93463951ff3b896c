/*
 * event.h - what happened, as plain data. A format can be written from this file alone.
 *
 * Owns:     nothing; includes only libc headers.
 * Gives:    struct event and its parts.
 * Never:    refers to a process, a symbol table or a type.
 * Lifetime: an event and every string in it are valid until the next event; copy what you keep.
 *
 * Definitions (docs/GLOSSARY.md): CFA is rsp in the caller just before the call; a push's delta is
 * rsp at the body minus the CFA (negative), a pop's delta is the CFA minus rsp at the body.
 */
#ifndef FT_EVENT_H
#define FT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event_kind {
	EVENT_START,	// first: the program is about to run
	EVENT_PUSH,	// a frame came into being
	EVENT_POP,	// a frame ended
	EVENT_INLINE,	// an inlined call begins: code of another function in a frame, not a frame
	EVENT_SIGNAL,	// a signal is about to be delivered
	EVENT_THREAD,	// a thread began (by `child`)
	EVENT_CHILD,	// a process was forked and runs untraced
	EVENT_EXEC,	// the process now runs another program
	EVENT_INSN,	// an instruction of a frame moved rsp or stored into a frame
	EVENT_LINE,	// a source line of a traced function begins
	EVENT_CHANGE,	// that line is done: the variables that it changed
	EVENT_NOTE,	// something the user should know, in words
	EVENT_MAP,	// the address space
	EVENT_WHERE,	// what an address is; not in a trace
	EVENT_ALARM,	// a return address or a canary was overwritten
	EVENT_OVERFLOW, // a thread has run off its stack; the signal that says so came before
	EVENT_ALLOC,	// a heap block was given out
	EVENT_FREE,	// one is about to be given back, or something that is none
	EVENT_REALLOC,	// one got another size, perhaps another address
	EVENT_BRK,	// the allocator took memory from the kernel, or gave it back
	EVENT_EXIT,	// last: the process ended; carries the summary
};

/* EVENT_NOTE: words that a reader of events knows a run by. */
#define NOTE_INLINED "inlined: " // "twice into thrice, …" and
#define NOTE_INLINED_ONE " (--inlines shows it)"
#define NOTE_INLINED_MORE " (--inlines shows them)"
#define NOTE_NONE_LEFT "your patterns leave no function to trace"
#define NOTE_NO_DEBUG                                                                              \
	"no debug information: arguments and lines are unknown; build with -g to see them"

enum pop_how { POP_RETURN, POP_TAIL_CALL, POP_UNWOUND, POP_LONGJMP, POP_EXIT };

/* A named value. Texts are UTF-8 and may hold anything that the program's memory held: escape. */
struct event_value {
	const char *name;  // "" for an unnamed parameter
	const char *type;  // as the language spells it
	const char *value; // as a person reads it: "48", "0x7ffe… \"hi\"", "<optimised out>"
	bool known;	   // false: value is the reason in angle brackets
	bool has_address;
	uint64_t address;  // in memory, if has_address
	const char *reg;   // the register it is in; NULL if none
	uint64_t size;	   // bytes
	bool scope_ended;  // a local whose scope is over: its last value
	bool is_static;	   // not in the frame: it outlives it
	const char *why;   // !known: "no location from 0x401136 to 0x401140"; NULL: value says all
	const char *entry; // !known: an argument's value at the function's entry; NULL: unknown
	/*
	 * The parts of the value, a line for each: "ADDRESS\tTEXT", '\n' between lines; ADDRESS is
	 * empty if not known. NULL: nobody asked, or they say no more than `value`.
	 */
	const char *full;
	const char *json; // its tree as JSON text (docs/events.md); NULL: nobody asked, or it has
			  // no parts
	uint64_t pointer; // the first address in it, of a value that is or has pointers; or 0
	uint64_t block;	  // number of the heap block that it points into; 0: none
	uint64_t block_offset; // of `pointer` in it
	uint64_t block_size;
	/* What it points to is gone: "heap #1, freed by drop, x.c:12"; NULL: not that we know. */
	const char *dangling;
	/*
	 * Where `pointer` leads: "local x of main", "counter+4, .bss of double", "brk heap, no
	 * block seen", "not mapped" …; NULL: not known, or `block` says it.
	 */
	const char *points_to;
	bool from_macro; // of a library's macro (println!): for who wants all, as -vv does
};

/* A general register, rip or rflags, as it was at the stop. */
struct event_register {
	const char *name; // "rax"
	uint64_t value;
};

struct event_part {
	const char *text; // "push rbp"
	int64_t bytes;	  // -8
};

/* How an EVENT_INSN is known. */
enum event_step {
	STEP_RAN,      // it ran
	STEP_RETURNED, // the untraced function `insn` returned; what its call pushed is gone
	STEP_INFERRED, // a call that was not stepped, or that no instruction made (a signal)
	STEP_UNSEEN,   // instructions that were not stepped moved rsp
};

/* Bytes of a traced frame that an instruction stored, or that an untraced call left changed. */
struct event_store {
	uint64_t address, size;
	uint32_t depth;		 // of the frame that has them
	const char *function;	 // of that frame
	const char *owner;	 // as in struct event_slot; NULL: not known
	const char *name;	 // of the variable or register; NULL if it has none
	const char *type;	 // of a variable that is stored as a whole; else NULL
	const char *old, *value; // as a person reads it, else hex; NULL: not read
	const char *ghost;	 // what popped frame's bytes are overwritten; or NULL
};

/* A variable that a line changed. */
struct event_change {
	struct event_value now;
	const char *old; // NULL: it had no value before
};

/*
 * A stretch of a frame's bytes with one owner (docs/GLOSSARY.md, "frame map"). The slots of an
 * event run from high addresses to low without a gap or an overlap: stack arguments, then the CFA,
 * then down to rsp - 128.
 */
struct event_slot {
	uint64_t address;  // of its lowest byte
	uint64_t size;	   // bytes, never 0
	const char *owner; // "return address", "saved register", "local", "padding" …
	const char *name;  // of the variable, or of the saved register; NULL if it has none
	const char *type;  // of the variable; NULL if it is none
	const char *reg;   // a spill: the register whose value was stored there; or NULL
	uint64_t offset;   // of its lowest byte in the variable: 0 but for a part of one
	const char *value; // as a person reads it; NULL: none to tell (padding, not written yet)
	bool known;	   // false: value is the reason in angle brackets, or NULL
	const char *full;  // as in struct event_value
	const char *points_to; // of a value, or of a word that may be an address; or NULL
	const char *bytes;     // the lowest ones in hex, as memory has them; NULL: not readable
	const char *inlined;   // the inlined function that it belongs to; NULL: none
	bool inferred;	   // name and owner come from source line and inlined call, not from DWARF
	bool scope_ended;  // as in struct event_value
	bool unwritten;	   // this frame has not stored anything there yet
	const char *ghost; // what popped frame's bytes are still there: "n of double #1"; or NULL
	uint64_t writer;   // pc of the instruction that stored there last; 0 if not known
	const char *writer_text; // that instruction; NULL if not known
	uint32_t writer_line;	 // its source line; 0 if not known
};

/* What a new frame lies on: a slot of a frame that was popped before (docs/GLOSSARY.md, "ghost").
 */
struct event_ghost {
	const char *function;
	uint64_t pushed_seq, popped_seq; // the events of that frame
	const char *owner, *name, *type; // as in struct event_slot
	const char *value;		 // its last one; NULL if not known
	uint64_t address, size;
	uint64_t overwritten; // bytes of it that were overwritten since the last look
	uint64_t kept;	      // bytes of it that are still there
	bool exact;	      // false: it ended unseen, and its bytes were read some time later
};

struct event_frame_of_walk { // --verify and --stack: one frame, innermost first
	uint64_t pc, cfa;
	const char *symbol; // "main+18", or ""; the name of an inlined function
	const char *within; // of an inlined call: the function whose frame it runs in; else NULL
};

/* A section of a loaded file, or its headers: where it is in memory. */
struct event_part_of_file {
	uint64_t lo, hi; // [lo, hi)
	const char *name;
};

/* One mapping of the address space: a line of /proc/PID/maps, and what it is. */
struct event_region {
	uint64_t lo, hi; // [lo, hi)
	char perms[5];	 // "r-xp"
	uint64_t off;	 // in the file, bytes
	uint32_t dev_major, dev_minor;
	uint64_t inode;				// 0: no file
	const char *path;			// as the kernel names it; "" if anonymous
	bool deleted;				// the file is gone
	bool has_sizes;				// resident, swapped
	uint64_t resident;			// bytes that are in memory now
	uint64_t swapped;			// bytes that are swapped out
	const char *kind;			// "text", "heap", "thread stack" …
	const char *what;			// a sentence, without a full stop
	bool inferred;				// likely, not certain
	int tid;				// whose stack; 0: nobody's, or not known
	const struct event_part_of_file *parts; // by address
	size_t n_parts;
};

/* A stretch of the picture of the whole: neighbours of one kind in one, what is free too. */
struct event_band {
	uint64_t lo, hi;
	const char *name;  // "stack", "mmap area", "heap", "bss", "text" …, "free"
	uint64_t mappings; // how many there are in it; 0: free, or a part of one
	const char *what;  // one word more; NULL: none
};

/* What is different since the last look. */
struct event_map_change {
	const char *how;	       // "grew", "shrank", "new", "gone", "changed"
	const char *kind, *path;       // as in struct event_region; of a gone one: what it was
	uint64_t lo, hi;	       // now; gone: where it was
	uint64_t old_lo, old_hi;       // before; equal: it was not there
	const char *perms, *old_perms; // old_perms: "changed", else NULL
};

/* EVENT_MAP: regions by address, ascending. */
struct event_map {
	const char *when; // "start", "exit", "push", "pop"; aside: "growth", "thread"; NULL: a
			  // process was looked at
	const struct event_region *regions;
	size_t n;
	const struct event_band *bands;		// from high addresses to low, without a gap
	size_t n_bands;				// 0: not asked for
	const struct event_map_change *changes; // of "push" and "pop", which have nothing else
	size_t n_changes;
	uint64_t gap_lo, gap_hi; // between brk heap and main stack; equal: one is not there
	uint64_t user_end;	 // end of the addresses that a program can have
	unsigned address_bits;	 // 48 or 57: what the processor looks at; 0: not known
	uint64_t stack_limit;	 // of the main stack; 0 unknown, UINT64_MAX unlimited
	uint64_t stack_room;	 // by how much it may grow
	const char *stack_stop;	 // what ends that: "ulimit -s" …; NULL: unknown
	const char *name;	 // of the process
	bool explain;		 // say how a line of /proc/PID/maps is read
};

/* EVENT_WHERE: what an address is. What is not known is NULL or 0. */
struct event_where {
	uint64_t address;
	const char *what;		   // one sentence, without a full stop
	const char *kind;		   // as in struct event_region; "unmapped", "no address"
	const struct event_region *region; // NULL: unmapped
	const struct event_region *below, *above; // unmapped: the nearest
	/* In a file. */
	const char *module; // its name
	const struct event_part_of_file *section;
	const char *symbol; // with symbol_offset
	uint64_t symbol_offset;
	const char *file; // of the source line of an instruction
	uint32_t line;
	/* On a stack. */
	int tid;
	const char *thread;   // its name
	const char *function; // whose frame
	uint32_t frame;	      // 0: the innermost
	uint64_t cfa, frame_rsp;
	const char *owner, *name, *type; // as in struct event_slot
	uint64_t slot_address, slot_size;
	const char *unknown; // why no frame is named
	/* On the heap. */
	uint64_t block, block_size; // where its bytes begin, and how many there are
	const char *block_state;    // "in use, or kept for reuse", "free" …
	bool inferred;		    // likely, not certain
};

/* How far down a thread used one of its stacks (docs/GLOSSARY.md, "high-water mark"). */
struct event_stack {
	int tid;
	const char *kind;   // "main stack", "thread stack"; "other stack": of a signal handler …
	uint64_t first_cfa; // of the outermost traced frame
	uint64_t lowest;    // rsp at its lowest, as far as it was seen: at the bodies of functions
	uint64_t top;	    // where the stack's memory ends; 0 if not known
	uint64_t limit;	    // bytes that it may take; 0 unknown, UINT64_MAX unlimited
	const char *function; // whose frame was the innermost then
	uint64_t seq;	      // of that frame's push; UINT64_MAX: it had no event (--depth)
	uint32_t depth;	      // of that frame
};

/* EVENT_SIGNAL: a traced frame of the thread as the signal finds it, met by a walk. */
struct event_frame_at_signal {
	const char *function;
	const char *file; // NULL if unknown
	uint32_t line;	  // that it is in: that of the call, if it waits for one; 0 if unknown
	uint64_t pc;	  // of the instruction that comes next; of a caller: where it goes on
	uint64_t cfa;
	uint64_t pushed_seq;
	uint32_t depth;
	bool args_known;		// false: no debug information
	const struct event_value *args; // all of them; what is not known says why
	size_t n_args;
	const struct event_value *locals; // those whose block it is in
	size_t n_locals;
};

/* EVENT_ALARM: bytes that nobody may change while the frame lives were changed. */
enum alarm { ALARM_RETURN_ADDRESS, ALARM_CANARY };

struct event_alarm {
	enum alarm what;
	uint64_t address;	  // of the 8 bytes
	uint64_t old, now;	  // old: at the push; of a canary: the thread's, at fs:0x28
	const char *old_symbol;	  // return address: "main+18"; NULL if unknown
	const char *now_symbol;	  // "secret", or NULL
	const char *now_is;	  // return address: "code", "not code", "not mapped"
	bool about_to_return;	  // the frame's ret is next; false: a signal found it so
	const char *overrun;	  // local of the frame below those bytes; NULL: none is known
	const char *overrun_type; // of it
	uint64_t overrun_address, overrun_size;
	uint64_t writer; // pc of the instruction that stored there; 0 if not known
	const char *writer_text;
	uint32_t writer_line; // its source line; 0 if not known
};

/* EVENT_OVERFLOW. */
struct event_overflow {
	bool is_main;	 // the main thread's stack; else that of thread `tid`
	uint64_t lo, hi; // the memory that the stack has: [lo, hi)
	uint64_t rsp;	 // at the fault, whose address is event.fault
	uint64_t limit;	 // bytes that it may take; 0 unknown, UINT64_MAX unlimited
	uint64_t guard;	 // bytes of the guard below it; 0: unmapped memory, no guard of its own
	uint64_t frames; // on the stack, traced or met by the walk
	bool is_walk;	 // a walk met them, innermost first; there may be more
	const char *const *cycle; // the functions that call each other in turn, outermost first
	size_t n_cycle;		  // 0: none was found
	uint64_t turns;		  // of the cycle
	uint64_t turn_bytes;	  // of the innermost one
	uint64_t untold;	  // frames inside the innermost turn that are not of it
};

/* Where an allocator was called, seen from the traced functions. */
struct event_place {
	const char *function; // NULL: by none of them
	const char *file;     // NULL if unknown
	uint32_t line;	      // of the call in that function; 0 if unknown
	/*
	 * What that line calls, if it is not the allocator itself: "printf", which asks for its
	 * buffer; NULL: it is, or it is not known. via_module: whose code asks, if that is not the
	 * function's module: "libc.so.6"; else NULL.
	 */
	const char *via, *via_module;
	bool repeats; // of event_leak.path: it may stand for several frames, of a recursion
};

enum event_free {
	FREE_GOOD,
	FREE_TWICE,   // it was freed before
	FREE_INSIDE,  // the address lies within a block, not at its start
	FREE_UNKNOWN, // no block that was seen to be given out
};

/* EVENT_ALLOC, EVENT_FREE, EVENT_REALLOC, EVENT_BRK */
struct event_heap {
	const char *call;   // "malloc", "operator new", "brk" …
	uint64_t number;    // of the block; 0: one that is not shown by itself
	uint64_t address;   // of the block; EVENT_BRK: where the new memory, or what went, begins
	uint64_t size;	    // bytes asked for, at most UINT64_MAX; EVENT_BRK: that came or went
	uint64_t usable;    // bytes that may be used; 0: not known
	uint64_t alignment; // asked for; 0: none
	bool failed;	    // nothing was given out; a realloc's old block stays
	const char *error;  // failed: "EINVAL" …; NULL if the function does not say
	bool moved;	    // EVENT_REALLOC: its address changed
	uint64_t old_address, old_size; // EVENT_REALLOC
	struct event_place place;
	enum event_free verdict;      // EVENT_FREE
	uint64_t offset;	      // FREE_INSIDE: of the address in the block
	const char *what;	      // FREE_UNKNOWN: what is there: "the frame of main"; or NULL
	struct event_place allocated; // EVENT_FREE, EVENT_REALLOC: by whom, if known_block
	struct event_place freed;     // FREE_TWICE: the earlier time
	uint64_t alloc_seq, free_seq; // the events of these
	const char *const *owners;    // "main.heap": what pointed to it, in the order in which that
				      // was seen; EVENT_FREE, FREE_GOOD
	size_t n_owners;
	bool more_owners; // before the last there were others
	bool known_block;
	bool shrinks;	 // EVENT_BRK: memory went back
	bool is_brk;	 // EVENT_BRK: the end of [heap] moved; else a mapping of its own
	uint64_t served; // EVENT_BRK: requests since the last one, which needed no more memory
};

/* Blocks that are alive at the end, by the path to their allocation; most bytes first. */
struct event_leak {
	const char *call;
	struct event_place place;
	/* Traced functions that called each other on the way to `place`, outermost first. */
	const struct event_place *path;
	size_t n_path;
	bool more_path;	   // before the first there were others
	const char *owner; // "main.list": what pointed to one of them last; NULL: not known
	uint64_t blocks, bytes;
};

struct event_heap_summary {
	uint64_t allocs, frees, reallocs, failed; // on behalf of traced functions
	uint64_t bytes;				  // asked for in all
	uint64_t peak;				  // bytes alive at once
	uint64_t alive_blocks, alive_bytes;	  // at the end
	uint64_t hidden_allocs;			  // of other code
	uint64_t hidden_blocks, hidden_bytes;	  // alive at the end
	uint64_t bad_frees;
	uint64_t grown;	      // times that the heap took memory from the kernel
	uint64_t unseen;      // calls whose return could not be met
	uint64_t more_places; // with leaks, beyond n_leaks
	const struct event_leak *leaks;
	size_t n_leaks;
};

struct event_summary {
	uint64_t pushed, popped; // frames reported
	uint64_t too_deep;	 // frames not reported because of the depth limit
	uint32_t max_depth;	 // frames
	const char *max_depth_function;
	uint64_t max_stack; // bytes, from the first traced CFA of a stack to the lowest rsp seen
	const char *max_stack_function;
	size_t traced, skipped; // functions with sites; functions that cannot be traced
	size_t hidden_system, hidden_std, hidden_helper,
		hidden_no_debug; // by the default selection
	size_t hidden_filter;	 // by the user's filters
	size_t hidden_libraries; // libraries loaded and not traced
	size_t children, threads;
	uint64_t hits, stops;
	uint64_t stepped;		  // instructions run one by one
	uint64_t wall_ns;		  // from start to exit
	uint64_t left;			  // frames still there at the end
	const struct event_stack *stacks; // in the order in which they ended
	size_t n_stacks;
	uint64_t more_stacks; // that there was no room to list
	bool inlines;	      // they were asked for: else the next four are 0
	uint64_t inlined;     // begins of inlined calls reported
	size_t inlined_traced, inlined_skipped, inlined_hidden; // inlined calls, by place
	const struct event_heap_summary *heap;			// NULL: no allocator was watched
};

struct event {
	enum event_kind kind;
	uint64_t seq; // 0, 1, 2 … over all events but EVENT_START
	int pid, tid;
	uint64_t time_ns; // since EVENT_START
	bool aside; // not of the trace: for a log only. It takes no number, seq is the last one's
	const struct event_register *registers; // in the order of arch/; --registers
	size_t n_registers;			// 0: not asked for, or not known

	/* EVENT_PUSH, EVENT_POP */
	uint32_t depth;	      // outermost traced frame of its stack: 0
	const char *function; // as the source says it
	const char *symbol;   // linkage name or NULL
	const char *module;   // file name of the module
	const char *file;     // NULL if unknown
	uint32_t line;	      // push: of the function; pop: of the exit instruction; 0 if unknown
	uint64_t pc;	      // push: the body; pop: the exit instruction (0: none was met)
	uint64_t cfa;
	uint64_t rsp;  // push: at the body; pop: afterwards, that is the CFA for a return
	int64_t delta; // see above
	bool delta_known;
	const struct event_part *parts;
	size_t n_parts;		   // 0: not known by instruction
	uint64_t return_address;   // 0: unknown
	const char *return_symbol; // "main+18"; NULL if unknown
	const char *caller;	   // function that holds the return address; NULL if unknown
	const char *caller_file;
	uint32_t caller_line; // of the call
	const struct event_value *args;
	size_t n_args;
	bool args_known;		  // false: no debug information; args is empty
	const struct event_value *locals; // EVENT_POP; EVENT_PUSH has none
	size_t n_locals;
	enum pop_how how;	     // EVENT_POP
	bool has_return;	     // POP_RETURN of a function that returns something
	struct event_value returned; // its name is ""
	const char *tail_target;     // POP_TAIL_CALL: the function jumped to, NULL if unknown
	uint64_t pushed_seq;	     // EVENT_POP: seq of its push
	uint64_t stack_top; // where the memory of the frame's stack ends: tells stacks apart
	const struct event_frame_of_walk *walk;
	size_t n_walk;
	const struct event_slot *slots; // the frame map, if it was asked for
	size_t n_slots;			// 0: it is not known (a frame that ended unseen)
	uint64_t frame_rsp;		// with slots: rsp at the body, the lower end of the frame
	bool mapped;			// a frame map was asked for
	const struct event_value *elsewhere; // with slots: variables that no byte of it holds
	size_t n_elsewhere;
	const struct event_ghost *ghosts; // EVENT_PUSH, with slots
	size_t n_ghosts;

	/*
	 * EVENT_INLINE has depth, function, module, file, line, pc, cfa, args, pushed_seq as a push
	 * has, those of the frame it runs in where it has none; caller… say where it is called.
	 */
	const char *within;    // the function whose frame it runs in; EVENT_SIGNAL: if not NULL,
			       // `function` is an inlined one
	uint32_t inline_depth; // inlined calls around it, shown or not
	bool loops;	       // told again at each turn of a loop inside it
	/* EVENT_INSN, EVENT_LINE, EVENT_CHANGE: depth, function, module, file, line, pc, cfa,
	 * pushed_seq too */
	const char *insn;	 // EVENT_INSN: "push rbp"; STEP_RETURNED: "puts"
	enum event_step stepped; // EVENT_INSN
	const char *target;	 // EVENT_INSN: what an indirect call called; else NULL
	bool in_prologue;	 // EVENT_INSN: its delta is part of the push's, not of the pop's
	uint64_t rsp_before;	 // EVENT_INSN: `rsp` is afterwards, `delta` between them
	const char *ghost;	 // STEP_RETURNED: dead bytes that the callee overwrote; or NULL
	const struct event_store *stores;
	size_t n_stores;
	const struct event_change *changes; // EVENT_CHANGE
	size_t n_changes;

	/* EVENT_START, EVENT_EXEC */
	const char *program; // path
	const char *const *argv;
	size_t argc;
	const char *build_id; // NULL if none
	uint64_t unix_ns;     // EVENT_START: wall-clock time

	/* EVENT_SIGNAL: where the thread was; `pc`, `function`, `file`, `line` too */
	const char *symbol_at; // "deref+12"; NULL if unknown
	bool has_fault;	       // a fault of the program: `fault` is the address that it touched
	uint64_t fault;
	/* Of a signal that ends the process, or of a crash: innermost first, with variables. */
	const struct event_frame_at_signal *frames;
	size_t n_frames;
	uint64_t more_frames; // traced frames outside of the last of those

	/* EVENT_SIGNAL, EVENT_EXIT, EVENT_THREAD, EVENT_CHILD, EVENT_NOTE */
	int signal;		 // EVENT_EXIT: 0 unless killed by it
	const char *signal_name; // "SIGSEGV"
	int status;		 // EVENT_EXIT: exit status
	bool core;
	int child;
	const char *text; // EVENT_NOTE; EVENT_LINE: the line as the file has it, NULL if unknown
	const struct event_summary *summary; // EVENT_EXIT
	const struct event_map *map;	     // EVENT_MAP
	const struct event_where *where;     // EVENT_WHERE
	/* EVENT_ALARM has depth, function, module, file, line, pc, cfa, pushed_seq of its frame. */
	const struct event_alarm *alarm;
	const struct event_overflow *overflow; // EVENT_OVERFLOW, with `fault`
	const struct event_heap *heap; // EVENT_ALLOC … EVENT_BRK; depth: of the frame inside
				       // which it happens, if heap->place.function
};

#endif
