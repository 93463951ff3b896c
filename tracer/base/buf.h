/*
 * buf.h - a string that grows.
 *
 * Owns:     its bytes; always NUL-terminated, also when empty.
 * Gives:    appending by printf, by bytes, and fast paths for numbers that every event prints.
 * Never:    fails (base/base.h: out of memory ends the program).
 * Lifetime: until buf_deinit(); buf_reset() keeps the memory for reuse.
 */
#ifndef FT_BUF_H
#define FT_BUF_H

#include "base/base.h"

struct buf {
	char *s;    // NUL-terminated; never NULL after buf_init()
	size_t len; // bytes before the NUL
	size_t cap; // bytes allocated
};

void buf_init(struct buf *b);
void buf_deinit(struct buf *b);
void buf_reset(struct buf *b);

void buf_add(struct buf *b, const char *s, size_t len);
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_pad(struct buf *b, char c, size_t n);
void buf_printf(struct buf *b, const char *fmt, ...) FT_PRINTF(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) FT_PRINTF(2, 0);
void buf_dec(struct buf *b, int64_t v);	      // -42
void buf_udec(struct buf *b, uint64_t v);     // 42
void buf_hex(struct buf *b, uint64_t v);      // 0x2a
void buf_signed(struct buf *b, int64_t v);    // +42, -42, 0
void buf_size(struct buf *b, uint64_t bytes); // 132 KiB, by powers of 1024
void buf_truncate(struct buf *b, size_t len); // len <= b->len

/*
 * Text from a stranger made safe for a terminal: control characters (C1 and those that turn the
 * direction of writing too), DEL and bytes that are not UTF-8 become \n, \t, \033 … as C spells
 * them, NUL \000. If `quote` is not 0 it is escaped, and so is the backslash.
 */
void buf_escaped(struct buf *b, const char *s, size_t len, char quote);

/*
 * A JSON string with its quotes (RFC 8259, section 7); what buf_escaped() calls a control character
 * is escaped (\u009b), bytes that are not UTF-8 become U+FFFD.
 */
void buf_json(struct buf *b, const char *s, size_t len);

bool text_is_utf8(const char *s, size_t len);

#endif
