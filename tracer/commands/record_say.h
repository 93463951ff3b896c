/*
 * record_say.h - the last line of `record`: what is in the log now (private to commands/).
 *
 * Owns:     its words.
 * Gives:    one line on stderr.
 * Never:    changes the log; what could not be written all is counted in the log itself.
 * Lifetime: borrows everything.
 */
#ifndef FT_RECORD_SAY_H
#define FT_RECORD_SAY_H

#include "base/base.h"

struct record_end {
	const char *file;
	uint64_t events, calls; // that came
	bool ring;		// of them the last ones are kept
	bool lost;		// of them the last ones could not be written
	bool replaced;		// there was an older log
	const char *cut;	// why it is not whole; NULL: it is
	const char *never;	// what was to end it and was not called; NULL: nothing
};

void record_say_end(const struct record_end *e);

#endif
