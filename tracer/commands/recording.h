/*
 * recording.h - a run on its way into a log (private to commands/).
 *
 * Owns:     the log that is being written, what it knows of functions, types and sources; which
 *           environment variables it keeps.
 * Gives:    one place for what `record` and a live `step` do alike.
 * Never:    decides what to do if it cannot be written.
 * Lifetime: recording_create() after live_open(), so that no older log goes for a program that
 *           cannot be started; recording_begin(); recording_close() before live_close().
 */
#ifndef FT_RECORDING_H
#define FT_RECORDING_H

#include "commands/live.h"
#include "store/store.h"

struct recording;

struct recording_options {
	const char *path; // NULL: in memory
	const struct trace_options *trace;
	const char *const *env; // names, or globs, of more environment variables to keep
	size_t n_env;
	uint64_t max_events, max_bytes; // as in struct store_options
	bool output;			// what the program writes comes too
};

/* FT_FAIL in words: the place cannot be written, the file is there and is no log … */
FT_CHECK enum ft_rc recording_create(const struct recording_options *o, struct recording **ret);

/*
 * What events have to carry, whatever is shown of them, and maps as asides. Event content is the
 * same for every -v.
 */
void recording_wants(struct live_options *o);

void recording_begin(struct recording *r, struct live *live);

/* FT_FAIL, once: it cannot be written. */
FT_CHECK enum ft_rc recording_event(struct recording *r, const struct event *ev);
FT_CHECK enum ft_rc recording_output(struct recording *r, int stream, const char *bytes, size_t len,
				     uint64_t time_ns);

/* For when nothing comes for a while: what came is on disk a tenth of a second later. */
FT_CHECK enum ft_rc recording_sync(struct recording *r);
bool recording_is_pending(const struct recording *r); // it is to be called again

struct store *recording_store(struct recording *r);

/* `cut` as for store_close(). Frees in any case; accepts NULL. */
FT_CHECK enum ft_rc recording_close(struct recording *r, const char *cut);

#endif
