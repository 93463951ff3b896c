/*
 * codec_table.h - every field of struct event and its parts, once (private to store/codec*.c).
 *
 * Owns:     which field goes where, as what, and what bounds it.
 * Gives:    struct codec_struct of struct event; those of the parts hang from its fields.
 * Never:    reads or writes an event: codec_encode.c and codec_decode.c do, by this table.
 * Lifetime: constant.
 *
 * Whoever adds a field to event.h adds a line to codec_table.c; tests/unit/test_codec.c finds what
 * is missing. Their order is that of the bytes: a change of either is a new version of the log.
 */
#ifndef FT_CODEC_TABLE_H
#define FT_CODEC_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum codec_type {
	CODEC_BOOL,
	CODEC_U32,
	CODEC_I32,
	CODEC_U64,
	CODEC_I64,
	CODEC_ENUM,	// `limit`: its last value
	CODEC_STRING,	// const char *
	CODEC_CHARS,	// char [size], with a NUL
	CODEC_TEXT,	// const char * for the array of values; in the rest if it is not UTF-8
	CODEC_NEAR,	// uint64_t, an address: shape if `limit` or less above the CFA, else rest
	CODEC_RELATIVE, // uint64_t, an address: as a distance from the CFA if that is short
	CODEC_SEQ,	// uint64_t: as a distance from the event's seq
	CODEC_DEPTH,	// uint32_t: as a distance from the event's depth
	CODEC_IN,	// struct `of`
	CODEC_ONE,	// const struct `of` *
	CODEC_ARRAY,	// const struct `of` *, and a size_t at `other`
	CODEC_STRINGS,	// const char *const *, and a size_t at `other`
};

/*
 * Where a field goes. What a struct is for its fields, too: CODEC_REST takes all of them there, and
 * so does CODEC_LAYOUT where it is in the rest.
 */
enum codec_class {
	CODEC_COLUMN, // nowhere: a column of its own, see codec.h
	CODEC_SHAPE,
	CODEC_LAYOUT, // shape; rest at places where it is another all the time: codec_places.c
	CODEC_REST,
};

/* What else holds: for the fields of a CODEC_IN, CODEC_ONE or CODEC_ARRAY, or for a string. */
enum {
	CODEC_NO_TEXT = 1, // texts are not for the array of values
	CODEC_LOOSE = 2,   // addresses are not for the shape
	CODEC_EMPTY = 4,   // a CODEC_IN that may be all 0: its strings too
	CODEC_TOLD = 8,	   // a string that event.h never has as NULL: decoded, it is "" then
};

enum { CODEC_NO_OTHER = UINT16_MAX };

enum { CODEC_ARGUMENTS = 1 << 20 }; // how far above the CFA arguments are looked for

struct codec_field {
	const char *name;
	uint16_t offset, size;
	uint8_t type;  // enum codec_type
	uint8_t class; // enum codec_class
	uint8_t flags;
	uint16_t other; // offset of the count; CODEC_NEAR: of a bool that makes any address shape
	uint32_t limit;
	const struct codec_struct *of;
};

struct codec_struct {
	const char *name;
	size_t size;
	const struct codec_field *fields;
	size_t n;
};

extern const struct codec_struct codec_event;

#endif
