/*
 * line.h - the lines of one event of the text format, under construction.
 *
 * Owns:     colours, columns, what is safe to show on a terminal.
 * Gives:    struct lines: appending text and numbers, padding to a column.
 * Never:    knows what an event is; writes.
 * Lifetime: lines_reset() starts the next event and keeps the memory.
 */
#ifndef FT_REPORT_LINE_H
#define FT_REPORT_LINE_H

#include <string.h>

#include "base/buf.h"

/* What a piece of a line is; its colour, if there are colours. Never the only sign of anything. */
enum tone {
	TONE_PLAIN,
	TONE_PUSH,     // the delta of a push
	TONE_POP,      // the delta of a pop
	TONE_FUNCTION, // the name at a push
	TONE_VALUE,    // a return value
	TONE_ASIDE,    // guides, source positions, return addresses, -v lines
	TONE_NOTE,     // lines that are not frames
	TONE_ALARM,    // signals, frames that ended without a return
};

struct lines {
	struct buf b;
	bool color;
	size_t start;  // of the current line in b
	size_t unseen; // bytes of the current line that take no column: SGR, UTF-8 continuations
};

void lines_init(struct lines *l, bool color);
void lines_deinit(struct lines *l);
void lines_reset(struct lines *l);

void lines_tone(struct lines *l, enum tone tone); // until the next
void lines_text(struct lines *l, const char *s);  // a stranger's: escaped; NULL: ?
void lines_some(struct lines *l, const char *s, size_t len);
void lines_end(struct lines *l); // '\n'; the next line starts

/*
 * A symbol that should end before the column: where it would not, its template arguments are
 * "<..>".
 */
void lines_symbol(struct lines *l, const char *s, size_t column);

/* Blanks up to the column, counted from 0; two blanks if the line is there or beyond. */
void lines_column(struct lines *l, size_t column);

/* Right-aligned in `width` columns. */
void lines_signed(struct lines *l, int64_t v, size_t width);
void lines_hex(struct lines *l, uint64_t v, size_t width);

/* A path below a directory as it is seen from there; else the path itself. */
const char *path_from(const char *path, const char *directory);

/* "boxed.rs:286": the file by its last component; line 0: without it. */
void lines_position(struct lines *l, const char *file, uint32_t line);

/* "132 KiB", right-aligned; powers of 1024. */
void lines_size(struct lines *l, uint64_t bytes, size_t width);

/* "1 frame", "2 frames". */
void lines_count(struct lines *l, uint64_t n, const char *noun);

/* A literal of ours: ASCII, one column a byte. */
static inline void lines_ours(struct lines *l, const char *s)
{
	buf_add(&l->b, s, strlen(s));
}

#endif
