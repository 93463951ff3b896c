/*
 * store.h - the trace log, written: one SQLite file that holds a run (docs/log-schema.md).
 *
 * Owns:     the file while it is being written: its schema, its transactions, its ring.
 * Gives:    struct store; events go in as the collector makes them, log.h reads them.
 * Never:    changes an event, prints, or ends the run: what cannot be written is FT_FAIL, once, and
 *           the caller decides.
 * Lifetime: from store_create() to store_close(); what is handed in is copied.
 *
 * A log that is not closed is a log all the same: it holds everything but the last tenth of a
 * second, and log.h says that it was cut. One file remains, but for the fraction of a millisecond
 * that a commit takes: a kill right then leaves LOG-journal beside it (journal.c says more).
 *
 * After a failure everything is FT_OK and nothing is written; the log itself says why it ends, if
 * that could still be written.
 */
#ifndef FT_STORE_H
#define FT_STORE_H

#include "base/base.h"
#include "events/event.h"

struct store;

/* What a run was asked to record: a reader can tell "none" from "not recorded". */
struct store_holds {
	bool locals;	// values of arguments and locals at pops
	bool frames;	// frame maps
	bool insn;	// EVENT_INSN
	bool line;	// EVENT_LINE and EVENT_CHANGE
	bool inlines;	// EVENT_INLINE
	bool registers; // of each event
	bool heap;	// EVENT_ALLOC and its like
	bool maps;	// EVENT_MAP was asked for (--map): else they are asides
	bool output;	// what the program wrote
	bool walk;	// --stack
};

struct store_options {
	const char *path; // NULL: in memory, for a live stepper
	struct store_holds holds;
	const char *const *environment; // "NAME=VALUE", those chosen; NULL-terminated, or NULL
	const char *directory;		// the program's working directory
	uint64_t max_events;		// keep the last so many at least, and little more; 0: all
	uint64_t max_bytes;		// of the file, about; 0: no limit
};

/* FT_FAIL in words: the place cannot be written, the file is there and is no log … */
FT_CHECK enum ft_rc store_create(const struct store_options *o, struct store **ret);

/* EVENT_START first. Asides (event.aside) are kept beside the event before them. */
FT_CHECK enum ft_rc store_event(struct store *s, const struct event *ev);

/* What the program wrote to `stream` (1, 2) after the last event that was handed in. */
FT_CHECK enum ft_rc store_output(struct store *s, int stream, const char *bytes, size_t len,
				 uint64_t time_ns);

/* The text of a source file, by the name that events call it by. Once per file. */
FT_CHECK enum ft_rc store_source(struct store *s, const char *file, const char *text, size_t len);

struct store_insn {
	uint64_t pc;
	const char *text;
	const char *bytes; // hex
	uint32_t line;	   // of the function's file; 0: unknown, or of another file
};

struct store_function {
	const char *name, *symbol, *module, *file; // as in events; symbol and file may be NULL
	uint32_t line;
	uint64_t lo, hi;		// run-time addresses of its code
	const struct store_insn *insns; // by address
	size_t n_insns;
};

/* A traced function, when it is first pushed or when it is known; once per (name, lo). */
FT_CHECK enum ft_rc store_function(struct store *s, const struct store_function *fn);

struct store_member {
	const char *name, *type;
	uint64_t offset, size; // bytes
};

struct store_type {
	const char *name, *kind; // "i32", "base"; "struct", "enum", "pointer" …
	uint64_t size;
	const struct store_member *members;
	size_t n_members;
};

/* A type of a variable, by the name that events call it by. Once per name. */
FT_CHECK enum ft_rc store_type(struct store *s, const struct store_type *t);

/* Commits if it is time to; store_event() does it by itself. For when the program blocks. */
FT_CHECK enum ft_rc store_sync(struct store *s);

/* Something waits to be committed: store_sync() is to be called again. */
bool store_is_pending(const struct store *s);

uint64_t store_bytes(const struct store *s); // of the file so far, about

/* `cut`: NULL, the run is whole; else why it is not, in words. Frees in any case. */
FT_CHECK enum ft_rc store_close(struct store *s, const char *cut);

#endif
