/*
 * dwarf_cursor.c - bytes of a section one after the other, with an end.
 */
#include <string.h>

#include "symbols/dwarf_private.h"

const uint8_t *dw_skip(struct dw_cursor *c, uint64_t len)
{
	const uint8_t *at = c->at;
	if (c->broken || (uint64_t)(c->end - c->at) < len) {
		c->broken = true;
		return NULL;
	}
	c->at += len;
	return at;
}

uint64_t dw_take(struct dw_cursor *c, size_t size)
{
	uint64_t v = 0;
	const uint8_t *from = dw_skip(c, size);
	if (from)
		memcpy(&v, from, size);
	return v;
}

/* DWARF 5, 7.6. */
static uint64_t take_leb(struct dw_cursor *c, bool is_signed)
{
	uint64_t v = 0, byte;
	unsigned shift = 0;
	do {
		byte = dw_take(c, 1);
		if (shift < 64)
			v |= (byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (is_signed && (byte & 0x40) && shift < 64)
		v |= UINT64_MAX << shift;
	return v;
}

uint64_t dw_take_uleb(struct dw_cursor *c)
{
	return take_leb(c, false);
}

uint64_t dw_take_sleb(struct dw_cursor *c)
{
	return take_leb(c, true);
}
