#include <string.h>

#include "symbols/private.h"

/* The bytes that are left of a section. */
struct bytes {
	const uint8_t *p;
	size_t left;
};

/* Little-endian, size 1..8; false: not that many bytes are left. */
static bool take(struct bytes *b, unsigned size, uint64_t *ret)
{
	if (b->left < size)
		return false;
	uint64_t v = 0;
	memcpy(&v, b->p, size);
	b->p += size;
	b->left -= size;
	*ret = v;
	return true;
}

/* One table: its header, and offsets that lie within it. */
static bool table_is_sound(struct bytes *section)
{
	uint64_t len, version, address_size, segment_size, n, off;
	unsigned offset_size = 4;
	if (!take(section, 4, &len))
		return false;
	if (len == 0xffffffff) {
		offset_size = 8;
		if (!take(section, 8, &len))
			return false;
	}
	if (len > section->left)
		return false;
	struct bytes table = {section->p, len};
	section->p += len;
	section->left -= len;
	if (!take(&table, 2, &version) || !take(&table, 1, &address_size) ||
	    !take(&table, 1, &segment_size) || !take(&table, 4, &n))
		return false;
	if (version != 5 || address_size != 8 || segment_size != 0 || n > table.left / offset_size)
		return false;
	uint64_t size = table.left; // offsets count from where they begin
	for (uint64_t i = 0; i < n; i++)
		if (!take(&table, offset_size, &off) || off >= size)
			return false;
	return true;
}

bool lists_are_sound(const uint8_t *bytes, size_t len)
{
	struct bytes section = {bytes, len};
	while (section.left)
		if (!table_is_sound(&section))
			return false;
	return true;
}
