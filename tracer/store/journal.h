/*
 * journal.h - how a log is written so that one file remains whenever the writer dies (private).
 *
 * Owns:     a SQLite VFS over the system's: where the rollback journal is, and what is synced.
 * Gives:    journal_create(), the name to hand to sqlite3_open_v2().
 * Never:    touches what SQLite writes to the log itself.
 * Lifetime: must outlive the connections that were opened through it.
 */
#ifndef FT_JOURNAL_H
#define FT_JOURNAL_H

#include "base/base.h"

struct journal;

struct journal *journal_create(void);
void journal_destroy(struct journal *j);
const char *journal_vfs_name(const struct journal *j);

/* errno of the last write that failed; SQLite forgets it when it takes the commit back. */
const int *journal_error(const struct journal *j);

#endif
