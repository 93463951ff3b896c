/*
 * schema.h - the tables, indexes and views of a trace log (private to store/; docs/log-schema.md).
 *
 * Owns:     their SQL text, the version.
 * Gives:    schema_of().
 * Never:    opens a file.
 * Lifetime: constant.
 *
 * A change of any text here, or of a name in events/kinds.h, is a new SCHEMA_VERSION: readers
 * compare them with those of a file.
 */
#ifndef FT_SCHEMA_H
#define FT_SCHEMA_H

#include <stddef.h>

enum {
	SCHEMA_VERSION = 1,
	SCHEMA_APPLICATION = 0x4654726c, // PRAGMA application_id: "FTrl"
};

struct schema_thing {
	const char *type, *name, *sql; // as in sqlite_schema
};

const struct schema_thing *schema_of(size_t *ret_n);

#endif
