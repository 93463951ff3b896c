/*
 * moment.h - what there was at one moment of a recorded run: frames, variables, heap, map.
 *
 * Owns:     the columns of that picture, its JSON (docs/moment.schema.json).
 * Gives:    report_moment_text(), report_moment_json(): from plain data to a stream.
 * Never:    asks anybody anything.
 * Lifetime: everything is borrowed until the call returns.
 */
#ifndef FT_REPORT_MOMENT_H
#define FT_REPORT_MOMENT_H

#include "report/report.h"

struct moment_value {
	const struct event_value *value;
	bool is_argument;
	uint64_t as_of; // the event that told of it last
};

struct moment_frame {
	int tid;
	uint64_t stack_top; // tells stacks apart
	uint32_t depth;
	uint64_t cfa, rsp;
	uint64_t pushed_seq; // UINT64_MAX: not in the log
	bool ghost;	     // popped; its bytes may be there
	uint64_t popped_seq; // of a ghost
	const char *function;
	const char *file; // of the function; NULL if unknown
	uint32_t line;
	const char *at_file; // where it is, or calls from; NULL if unknown
	uint32_t at_line;
	const struct moment_value *values;
	size_t n_values;
};

struct moment_block {
	uint64_t number, address, size, usable, alloc_seq;
	const char *call;
	struct event_place place;
};

struct moment {
	uint64_t seq;
	const char *kind; // of that event: "push" …
	int pid, tid;	  // of that event
	uint64_t time_ns;
	const char *function;		   // that it is about; NULL: none
	const struct moment_frame *frames; // stack by stack, outermost first, ghosts behind
	size_t n_frames;
	bool heap_known; // false: it was not recorded
	const struct moment_block *blocks;
	size_t n_blocks;
	uint64_t all_blocks;
	const struct event_map *map; // NULL: none in the log
	uint64_t map_seq;	     // when it was so
	const struct event_register *registers;
	size_t n_registers; // 0: not recorded
	bool output_known;
	const char *output; // the end of what the program had written
	size_t output_len;
};

void report_moment_text(FILE *out, const struct report_options *o, const struct moment *s);
void report_moment_json(FILE *out, const struct moment *s);

#endif
