/*
 * store_private.h - the parts of a log that is being written (private to store/store*.c, log*.c).
 *
 * Owns:     struct store.
 * Gives:    what store.c, store_shapes.c, store_chunks.c, store_blocks.c, store_ring.c share.
 * Never:    leaves store/.
 * Lifetime: of struct store, see store.h.
 */
#ifndef FT_STORE_PRIVATE_H
#define FT_STORE_PRIVATE_H

#include "store/codec.h"
#include "store/sql.h"
#include "store/state.h"
#include "store/store.h"
#include "store/terms.h"
#include "store/texts.h"

struct store_shapes; // store_shapes.c
struct store_blocks; // store_blocks.c

/* A row of table stack. */
struct store_stack {
	int64_t id;
	int pid, tid;
	uint64_t top;  // as its events say, 0 for those that do not say
	uint64_t base; // what CFAs are counted from: the first one
};

enum store_statement {
	INSERT_EVENT,
	INSERT_POPPED,
	INSERT_ASIDE,
	INSERT_OUTPUT,
	INSERT_STACK,
	INSERT_SHAPE,
	INSERT_VARIABLE,
	INSERT_CHUNK,
	INSERT_TEXTS,
	INSERT_FRAMES,
	INSERT_MAP,
	INSERT_BLOCK,
	END_BLOCK,
	INSERT_FILE,
	INSERT_SOURCE,
	INSERT_FUNCTION,
	INSERT_INSN,
	INSERT_TYPE,
	INSERT_MEMBER,
	SET_META,
	STATEMENTS,
};

enum { TOLD_SIGNALS = 64 };

/* The last signals that tell of frames (struct event, frames), ascending. */
struct told_signals {
	uint64_t seq[TOLD_SIGNALS];
	size_t n;
};

/* The events since the last row of table chunk. */
struct store_chunk {
	uint64_t first, last;
	size_t n;
	struct buf frames; // the state before `first`
	struct number_set shapes, terms;
	struct text_set texts;
};

struct store_output_piece {
	struct buf bytes;
	int stream; // 0: none is waiting
	uint64_t time_ns;
};

struct store {
	struct sql q;
	struct journal *journal; // NULL: in memory
	char *file;		 // where it is: q.path may be a link that leads there
	uint64_t device, inode;	 // of the file
	struct codec *codec;
	struct sqlite3_stmt *statements[STATEMENTS];
	struct store_shapes *shapes;
	struct store_blocks *blocks;
	struct store_stack *stacks;
	size_t n_stacks, cap_stacks;
	size_t recent[2]; // indexes of the last stacks asked for
	struct state state;
	struct store_chunk chunk;
	struct store_output_piece output;
	size_t chunk_events; // a chunk is full
	uint64_t max_events, max_bytes;
	uint64_t lists_left; // store_ring.c: lists of frames when they were last looked through
	bool crossed;	     // a frame ended before one inside it
	struct told_signals told;
	bool has_events;
	uint64_t first, last;		    // seq of events, if has_events
	int64_t next_item;		    // id of the next aside or output
	uint64_t output_bytes, output_gone; // in the log; let go by the ring
	uint64_t last_commit_ns, commit_every_ns;
	unsigned uncommitted;	// events
	int committed;		// changes of rows, of SQLite's count
	uint64_t written_pages; // of the file, when last asked
	bool failed;
	char *failure; // what was said then
};

/* store.c */
enum ft_rc store_fail(struct store *s); // the first failure; nothing is written any more
FT_CHECK enum ft_rc store_statement(struct store *s, enum store_statement which,
				    struct sqlite3_stmt **ret);
FT_CHECK enum ft_rc store_set_text(struct store *s, const char *key, const char *value);
FT_CHECK enum ft_rc store_set_number(struct store *s, const char *key, int64_t value);
FT_CHECK enum ft_rc store_set_list(struct store *s, const char *key, const char *const *list,
				   size_t n); // as JSON
FT_CHECK enum ft_rc store_commit(struct store *s);
/* For the live reader: what waits to be merged becomes a row. */
FT_CHECK enum ft_rc store_flush_output(struct store *s);
const struct store_stack *store_stack_of(const struct store *s, int64_t id);

/* store_create.c */
void store_destroy(struct store *s);

/* store_shapes.c: the row that has the bytes, made if it is not there. */
struct store_shapes *store_shapes_create(void);
void store_shapes_destroy(struct store_shapes *t);
FT_CHECK enum ft_rc store_shape(struct store *s, const struct event *ev,
				const struct codec_bytes *bytes, int64_t *ret);

/* store_chunks.c */
void store_chunk_init(struct store *s);
void store_chunk_deinit(struct store *s);
void store_chunk_begin(struct store *s, uint64_t seq); // before the event changes the state
void store_chunk_add(struct store *s, const struct event *ev, int64_t shape);
FT_CHECK enum ft_rc store_chunk_end(struct store *s); // writes its row, if it has events

/* store_blocks.c: EVENT_ALLOC, EVENT_REALLOC, EVENT_FREE. */
struct store_blocks *store_blocks_create(void);
void store_blocks_destroy(struct store_blocks *b);
FT_CHECK enum ft_rc store_block_event(struct store *s, const struct event *ev, int64_t shape);

/* store_ring.c: lets old chunks go, if there is too much; old output, of which `len` bytes came. */
FT_CHECK enum ft_rc store_ring(struct store *s);
FT_CHECK enum ft_rc store_ring_output(struct store *s, size_t len);

#endif
