/*
 * log_private.h - the parts of a log that is being read (private to store/log*.c).
 *
 * Owns:     struct log.
 * Gives:    what log.c, log_trust.c, log_rows.c, log_state.c, log_find.c … share.
 * Never:    leaves store/.
 * Lifetime: of struct log, see log.h.
 */
#ifndef FT_LOG_PRIVATE_H
#define FT_LOG_PRIVATE_H

#include "store/codec.h"
#include "store/log.h"
#include "store/sql.h"
#include "store/store_private.h"
#include "store/state.h"

/* What events of a shape have in common, as far as searching and states ask for it. */
struct log_shape {
	int64_t id; // 0: a free slot
	enum event_kind kind;
	bool delta_known;
	int64_t delta;
	bool is_exit; // a pop: how is POP_EXIT
	char *function, *file, *call;
	uint32_t line;
	char *bytes;
	size_t len;
};

struct log_stack {
	int64_t id; // 0: a free slot
	int pid, tid;
	uint64_t top, base;
};

/* Columns of an event or aside that need no codec. */
struct log_row {
	uint64_t seq; // of an aside: of the event before it, 0 if there is none
	int64_t id;   // of an aside
	bool before_all;
	const struct log_shape *shape;
	const struct log_stack *stack;
	uint64_t time_ns, cfa;
	bool has_back;
	uint64_t back;
	uint32_t depth;
};

enum log_statement {
	GET_SHAPE,
	GET_STACK,
	GET_EVENT,
	GET_ASIDE,
	GET_START,
	GET_FIRST,
	GET_LAST,
	READ_EVENTS,
	READ_EVENTS_BACK,
	READ_ASIDES,
	READ_ASIDES_BACK,
	READ_OUTPUT,
	READ_OUTPUT_BACK,
	SCAN_EVENTS,
	SCAN_EVENTS_BACK,
	GET_POPPED,
	CHUNK_AT,
	CHUNK_BEHIND,
	CHUNK_TERMS,
	CHUNK_TEXTS,
	CHUNK_FRAMES,
	MAP_AT,
	MAP_FIRST,
	BLOCKS_AT_NODE,
	BLOCKS_LEFT,
	BLOCKS_RIGHT,
	BLOCKS_ALIVE,
	GET_BLOCK,
	SOURCE_LINES,
	FUNCTION_AT,
	FUNCTION_BY_NAME,
	FUNCTIONS,
	INSNS,
	LOG_STATEMENTS,
};

/* A state, and the event that it is the state after. */
struct log_at {
	struct state state;
	bool valid;
	uint64_t seq;
};

struct log_variable; // log_variables.c
struct log_lowest;   // log_blocks.c
struct frame_list;

struct log {
	struct sql q;
	struct store *store; // the log is being written by it; NULL: a file
	struct codec *codec;
	struct sqlite3_stmt *statements[LOG_STATEMENTS];
	uint64_t steps, most_steps; // of a query; log_trust.c
	uint64_t bytes;		    // of the file, without holes
	bool crossed;		    // a file: a frame ended before one inside it
	struct told_signals told;   // a file
	struct log_oldest {
		uint64_t signal, push; // signal 0: not known
	} oldest_told[TOLD_SIGNALS];   // of those that were read: of what they tell
	struct log_info info;
	char *writer, *directory, *cut;
	struct log_shape *shapes; // open addressing
	size_t n_shapes, cap_shapes;
	struct log_stack *stacks;
	size_t n_stacks, cap_stacks;
	struct event event; // the last one that was given
	struct log_at at;
	struct frame_list *list; // log_outwards.c
	struct log_frame *frames;
	size_t cap_frames;
	struct log_block *blocks;
	size_t cap_blocks;
	struct log_lowest *lowest; // log_blocks.c
	size_t n_lowest, cap_lowest;
	struct log_variable *variables;
	size_t n_variables, cap_variables;
	struct event_value *values; // of log_variables()
	size_t cap_values;
	struct buf text; // of log_source(), log_output()
	size_t *pieces;
	struct store_function function;
	struct store_insn *insns;
	size_t cap_insns;
	struct buf strings; // of the function
};

/* log.c */
FT_CHECK enum ft_rc log_statement(struct log *log, enum log_statement which,
				  struct sqlite3_stmt **ret);
/* Before a public function asks anything: the budget of steps is full, output is no longer held. */
FT_CHECK enum ft_rc log_begin(struct log *log);
bool log_is_crossed(const struct log *log);
FT_CHECK enum ft_rc log_meta_text(struct log *log, const char *key, char **ret); // FT_NONE: none

/* log_trust.c */
FT_CHECK enum ft_rc log_examine(const char *path); // its first bytes
FT_CHECK enum ft_rc log_open_database(struct log *log, const char *path);
FT_CHECK enum ft_rc log_compare_schema(struct log *log);
bool log_is_locked(struct log *log); // somebody writes it

/* log_rows.c */
FT_CHECK enum ft_rc log_shape(struct log *log, int64_t id, const struct log_shape **ret);
FT_CHECK enum ft_rc log_stack(struct log *log, int64_t id, const struct log_stack **ret);
void log_rows_free(struct log *log);

/* The columns of the statement's row, from column `at` on: those of schema.c's OF_EVENT. */
FT_CHECK enum ft_rc log_row(struct log *log, struct sqlite3_stmt *st, int at, struct log_row *ret);
FT_CHECK enum ft_rc log_decode(struct log *log, struct sqlite3_stmt *st, int at, bool aside,
			       struct log_row *row, const struct event **ret);

/* log_chunks.c: what is known of events [first, last] without reading them. */
struct log_chunk {
	uint64_t first, last;
	bool is_known; // false: a stretch that has no chunk row: it may have anything
	const char *frames, *shapes;
	size_t frames_len, shapes_len;
};

/* The chunk that has `seq`, or the stretch around it that has none. Valid until the next call. */
FT_CHECK enum ft_rc log_chunk_at(struct log *log, uint64_t seq, struct log_chunk *ret);

/*
 * The filter over its terms; of a stretch without chunk one that rules nothing out. It is the most
 * of a chunk, and few ask for it. Valid until the next call.
 */
FT_CHECK enum ft_rc log_chunk_terms(struct log *log, const struct log_chunk *c, const char **ret,
				    size_t *ret_len);
/* Whether `part`, of `n` bytes, may be in one of its texts. */
FT_CHECK enum ft_rc log_chunk_may_have(struct log *log, const struct log_chunk *c, const char *part,
				       size_t n, bool *ret);
void log_chunk_done(struct log *log); // its bytes are gone, and the file is not held

/* log_outwards.c */
void log_frame_of(const struct log_row *row, struct state_frame *ret); // of a push
/*
 * The frames from that of `seq` outwards, as they were just before event `before`, into a stack
 * that has none. What the state that is kept has of them is moved.
 */
FT_CHECK enum ft_rc log_walk_out(struct log *log, struct state_stack *k, uint64_t seq,
				 uint64_t before);

/* log_state.c: the live frames and ghosts after `seq`. */
FT_CHECK enum ft_rc log_state_at(struct log *log, uint64_t seq);

/* log_variables.c */
void log_variables_free(struct log *log);

#endif
