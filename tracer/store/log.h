/*
 * log.h - the trace log, read: any event of a run, in both directions, and what was there then.
 *
 * Owns:     the reading side of the file; what a stranger may have put into it is bounded here.
 * Gives:    events as they were made, the state at any of them, search.
 * Never:    writes to the file, needs the program or its debug information.
 * Lifetime: a log lives from log_open() to log_close(). An event and all it points to is valid
 *           until the next call on the same log that gives events; so are other results, each
 *           until the next call of the same function. Copy what you keep.
 *
 * A log that its writer left in the middle of a commit is read from a private copy; else the file
 * is read in place, also while it is being written. Nothing may be asked from inside a sink.
 *
 * FT_FAIL: the file is damaged, and ft_error() says how. FT_NONE: there is no such thing in it.
 */
#ifndef FT_LOG_H
#define FT_LOG_H

#include "store/store.h"

struct log;

struct log_info {
	const char *path;
	int version;	       // of the schema
	const char *writer;    // "frametrace 0.1.0"
	const char *directory; // the program's working directory
	struct store_holds holds;
	bool is_empty;	      // no event but EVENT_START
	uint64_t first, last; // seq of the events that are there; later ones may come: see
			      // log_of(). A ring has pushes of frames that are alive at `first` too
	uint64_t dropped;     // events before `first`, which a ring let go
	uint64_t output_gone; // bytes of the program's output that a ring let go, the oldest
	const char *cut;      // the run is not whole: why, in words; NULL: it is
};

/* Whether a file begins as a log does: to tell LOG from PROGRAM. Never fails. */
bool log_is_one(const char *path);

/* FT_FAIL in words: no log, a newer version than this one reads, damaged … */
FT_CHECK enum ft_rc log_open(const char *path, struct log **ret);

/* The log that a store is writing: sees each event at once. Close it before the store. */
FT_CHECK enum ft_rc log_of(struct store *s, struct log **ret);

void log_close(struct log *log);
const struct log_info *log_info(struct log *log);

/* ---- events ---- */

FT_CHECK enum ft_rc log_start(struct log *log, const struct event **ret); // EVENT_START
FT_CHECK enum ft_rc log_event(struct log *log, uint64_t seq, const struct event **ret);

/* What is told of a position: events, asides and output in the order in which they came. */
struct log_item {
	const struct event *event; // NULL: output
	int stream;		   // 1, 2
	const char *bytes;
	size_t len;
	uint64_t after;	 // output, asides: the event before it; of what came before event 0: 0, see
	bool before_all; // this
	uint64_t time_ns;
};

/* FT_OK: go on. Anything else ends the reading and is returned. */
typedef enum ft_rc (*log_sink)(void *ctx, const struct log_item *item);

/* All items of events [from, to], in order, or the other way round. */
FT_CHECK enum ft_rc log_read(struct log *log, uint64_t from, uint64_t to, bool reverse,
			     log_sink sink, void *ctx);

/* The program's output before the event after `seq`, at most the last `max` bytes of it. */
FT_CHECK enum ft_rc log_output(struct log *log, uint64_t seq, size_t max, const char **ret,
			       size_t *ret_len);

/* ---- the state after an event: what it pushed is there, what it popped is gone ---- */

struct log_frame {
	uint64_t pushed_seq; // may be below log_info.first
	int tid;
	uint64_t stack_top; // tells stacks apart
	uint32_t depth;
	uint64_t cfa, rsp;   // rsp at its body: the lower end of the frame
	bool ghost;	     // popped, and no frame was pushed onto it since: its bytes may be
			     // there. At most 32 per stack, those next to the live frames
	uint64_t popped_seq; // of a ghost
	const char *function;
};

/*
 * Stack by stack, outermost frame first; ghosts behind the live frames of their stack, the one next
 * to them first. A `seq` outside of the log is the nearest in it.
 */
FT_CHECK enum ft_rc log_frames(struct log *log, uint64_t seq, const struct log_frame **ret,
			       size_t *ret_n);

/* Whether two values are of one variable: two blocks may each have one of the same name. */
bool log_is_same_variable(const struct event_value *a, const struct event_value *b);

/* The pop of the frame that `pushed_seq` pushed; FT_NONE: none is in the log. */
FT_CHECK enum ft_rc log_popped(struct log *log, uint64_t pushed_seq, uint64_t *ret_seq);

struct log_block {
	uint64_t number, address, size, usable, alloc_seq;
	const char *call, *function, *file; // who asked; NULL if unknown
	uint32_t line;
};

/* Heap blocks that are alive, by address; at most `max`. ret_all: how many there are. */
FT_CHECK enum ft_rc log_blocks(struct log *log, uint64_t seq, size_t max,
			       const struct log_block **ret, size_t *ret_n, uint64_t *ret_all);

/*
 * The variables of the frame that `pushed_seq` pushed, as far as they are known at `seq`: the
 * arguments at the push, what changed since or a signal told of, at its pop the last values.
 */
FT_CHECK enum ft_rc log_variables(struct log *log, uint64_t pushed_seq, uint64_t seq,
				  const struct event_value **ret, size_t *ret_n);

/* The event that told of the i-th of those that were given last. */
uint64_t log_variable_told(const struct log *log, size_t i);

/*
 * The last signal at or before `seq` that tells of the variables of that frame, and its part of
 * the signal's event. FT_NONE: there is none.
 */
FT_CHECK enum ft_rc log_told(struct log *log, uint64_t pushed_seq, uint64_t seq, uint64_t *ret_seq,
			     const struct event_frame_at_signal **ret);

/* The last EVENT_MAP with regions at or before `seq` (also an aside), else the first one. */
FT_CHECK enum ft_rc log_map(struct log *log, uint64_t seq, const struct event **ret);

/* ---- what the run was made of ---- */

/* Lines end with '\n'; FT_NONE: the file's text is not in the log. */
FT_CHECK enum ft_rc log_source(struct log *log, const char *file, const char **ret,
			       size_t *ret_len);

/* The function whose code holds `pc`, with its instructions. */
FT_CHECK enum ft_rc log_function_at(struct log *log, uint64_t pc,
				    const struct store_function **ret);
FT_CHECK enum ft_rc log_function(struct log *log, const char *name,
				 const struct store_function **ret);

/*
 * All functions that were traced, called or not, without their instructions (lo and hi are 0 if
 * they were not called). FT_OK from the sink: go on; anything else is returned. The sink may not
 * ask the log.
 */
typedef enum ft_rc (*log_function_sink)(void *ctx, const struct store_function *fn);
FT_CHECK enum ft_rc log_functions(struct log *log, log_function_sink sink, void *ctx);

/* ---- search ---- */

struct log_query {
	const char *function; // a glob over function names; NULL: any
	const char *variable; // name of an argument or local that the event carries; NULL: any
	const char *value;    // its text, or of any of them; NULL: any
	bool has_address;     // an event that names it: a value, a block, a frame's CFA, a pc
	uint64_t address;
	const char *file; // its last component or more; with `line`
	uint32_t line;	  // 0: any
	const char *text; // anywhere in names and values; NULL: any
	bool has_kind;
	enum event_kind kind;
};

/*
 * The next event from `from` on, it included (reverse: back), that the query fits; FT_NONE: none.
 * All queries use the log's index; in a log of version 1 one by text reads every event.
 */
FT_CHECK enum ft_rc log_find(struct log *log, const struct log_query *q, uint64_t from,
			     bool reverse, uint64_t *ret_seq);

/* FT_OK, or FT_FAIL in words: reads all of it and finds nothing wrong. */
FT_CHECK enum ft_rc log_check(struct log *log);

#endif
