/*
 * memory.c - all or nothing reads over struct memory.
 */
#include "base/memory.h"

#include <assert.h>

bool memory_read(const struct memory *m, uint64_t addr, void *buf, size_t len)
{
	if (!len)
		return true;
	if (addr + (len - 1) < addr) // would run over the end of the address space
		return false;
	return m->read(m->ctx, addr, buf, len) == len;
}

bool memory_read_uint(const struct memory *m, uint64_t addr, unsigned size, uint64_t *ret)
{
	uint64_t v = 0;

	assert(size >= 1 && size <= 8);
	if (!memory_read(m, addr, &v, size)) // little-endian: the low bytes come first
		return false;
	*ret = v;
	return true;
}

static size_t read_nothing(void *ctx, uint64_t addr, void *buf, size_t len)
{
	(void)ctx;
	(void)addr;
	(void)buf;
	(void)len;
	return 0;
}

struct memory memory_none(void)
{
	return (struct memory){.read = read_nothing};
}
