/*
 * frames.h - the frames of a file's functions, without a run, become bytes.
 *
 * Owns:     the columns of `frametrace frames`, its JSON (docs/frames.md).
 * Gives:    struct frames_file and its parts: plain data to be filled in, and two renderings.
 * Never:    looks into a file; decides what owns a byte.
 * Lifetime: everything is borrowed until the call returns.
 */
#ifndef FT_REPORT_FRAMES_H
#define FT_REPORT_FRAMES_H

#include <stdio.h>

#include "base/base.h"

/* What a summary adds up: one row per group of owners. */
enum frames_group {
	FRAMES_SAVED, // return address and saved registers
	FRAMES_CANARY,
	FRAMES_LOCALS,
	FRAMES_SPILLS,
	FRAMES_ARGUMENTS, // outgoing
	FRAMES_PADDING,
	FRAMES_UNKNOWN,
	FRAMES_GROUPS,
};

struct frames_slot {
	bool has_cfa, has_rsp; // whether the two offsets are known without a run
	int64_t from_cfa, from_rsp;
	uint64_t size;
	const char *owner;
	const char *name, *type; // NULL if it has none
	uint64_t offset;	 // of its lowest byte in the variable
	uint64_t variable_size;	 // bytes of the whole variable; 0 if it is none
	const char *inlined;	 // NULL: of the function itself
	const char *shares;	 // other variables in the same bytes; or NULL
	bool inferred;
	uint64_t writer;  // file-relative pc of the first instruction that stores there; 0: none
	uint32_t line;	  // its source line; 0 if unknown
	const char *file; // that line's, if it is not the function's own (inlined code); or NULL
	bool after_body;  // nothing is there yet when the prologue is done
};

struct frames_function {
	const char *name, *file; // file: NULL if unknown
	uint32_t line;
	uint64_t entry, body;	// file-relative
	uint64_t size;		// bytes from the CFA to rsp; the least if it varies
	uint64_t size_max;	// the same, or more where rsp is rounded down at run time
	bool dynamic;		// alloca or VLA: no limit
	uint64_t size_at_calls; // with the arguments that it pushes
	uint32_t align;		// rsp is rounded down to a multiple of it; 0: it is not
	int64_t delta;		// rsp at the body - CFA, as a push reports it; 0 if it varies
	uint64_t bytes[FRAMES_GROUPS]; // their sum is size_at_calls, but for the rounding
	uint64_t below;		       // bytes below rsp that have an owner (red zone)
	const struct frames_slot *slots;
	size_t n_slots;
	bool shown; // its slots are wanted
};

struct frames_file {
	const char *path, *build_id; // build_id: NULL if it has none
	const char *missing; // what is not known for want of debug information; NULL: nothing
	const struct frames_function *f; // in the order in which they are to be shown
	size_t n;
	size_t n_cannot, n_hidden_origin, n_hidden_filter;
	const char *directory; // paths below it are shown from there
};

struct frames_options {
	bool color, quiet, verbose;
};

void report_frames_text(FILE *out, const struct frames_file *file, const struct frames_options *o);
void report_frames_json(FILE *out, const struct frames_file *file);

#endif
