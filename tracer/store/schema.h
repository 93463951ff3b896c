/*
 * schema.h - the tables, indexes and views of a trace log (private to store/; docs/log-schema.md).
 *
 * Owns:     their SQL text, the version.
 * Gives:    schema_of().
 * Never:    opens a file.
 * Lifetime: constant.
 *
 * A change of any text here, or of a name in events/kinds.h, is a new SCHEMA_VERSION: readers
 * compare them with those of a file. What came with a later version is not in logs of the versions
 * before it: `since`.
 */
#ifndef FT_SCHEMA_H
#define FT_SCHEMA_H

#include <stddef.h>

enum {
	SCHEMA_VERSION = 2,
	SCHEMA_APPLICATION = 0x4654726c, // PRAGMA application_id: "FTrl"
};

struct schema_thing {
	const char *type, *name, *sql; // as in sqlite_schema
	int since;		       // the version that it came with
};

enum {
	SCHEMA_TEXTS = 2,  // the version since which chunks have their texts
	SCHEMA_FRAMES = 2, // and lists of the frames that they left behind
};

const struct schema_thing *schema_of(size_t *ret_n);

#endif
