#include "memory/chunks.h"

#include <string.h>

enum {
	HEADER = 16,	// prev_size, which is the previous block's last word; size
	SMALLEST = 32,	// MINSIZE
	PREV_INUSE = 1, // bits of size
	IS_MMAPPED = 2,
	FLAGS = 7,
	WINDOW = 16 * 1024,
	PAGE = 4096,
	STATIC_TLS = 16 * 1024, // a static program takes it from the heap first (csu/libc-tls.c)
	FENCE = 64,		// at most that much at the end of a heap that is full
	/* sizeof(struct malloc_state) of glibc 2.26 to 2.42 lies between. */
	STATE_MIN = 0x800,
	STATE_MAX = 0x900,
};

/* Reads ahead: the headers of small chunks lie close together. */
struct window {
	const struct memory *mem;
	uint64_t lo;
	size_t len;
	uint8_t bytes[WINDOW];
};

static bool read_word(struct window *w, uint64_t at, uint64_t *ret)
{
	if (at < w->lo || at - w->lo + sizeof(*ret) > w->len) {
		w->lo = at;
		w->len = w->mem->read(w->mem->ctx, at, w->bytes, WINDOW);
		if (w->len < sizeof(*ret))
			return false;
	}
	memcpy(ret, w->bytes + (at - w->lo), sizeof(*ret));
	return true;
}

// A chunk [at, at + size) has been met; `used` is what its successor says.
static bool take(uint64_t at, uint64_t size, enum chunk_state state, uint64_t addr,
		 struct chunk *ret)
{
	if (addr < at + HEADER - 8 || addr >= at + size + (state == CHUNK_TOP ? 0 : 8))
		return false;
	*ret = (struct chunk){at + HEADER, size - HEADER + 8, state};
	if (state == CHUNK_TOP)
		ret->size -= 8;
	if (addr < at + HEADER)
		ret->state = CHUNK_HEADER;
	return true;
}

// From `at` to the end, which the last chunk must meet exactly. *left: chunks that may be read yet.
static bool follow(const struct memory *m, uint64_t at, uint64_t hi, uint64_t addr, size_t *left,
		   struct chunk *ret)
{
	struct window w = {.mem = m};
	uint64_t word, next;
	bool found = false;
	if (hi <= at || hi - at < SMALLEST || !read_word(&w, at + 8, &word))
		return false;
	for (; *left > 0; --*left) {
		uint64_t size = word & ~(uint64_t)FLAGS;
		if (hi - at <= FENCE && size == HEADER) // fence posts: this heap is full
			return found;
		if (word & IS_MMAPPED || size < SMALLEST || size % HEADER || size > hi - at)
			return false;
		if (size == hi - at)
			return take(at, size, CHUNK_TOP, addr, ret) || found;
		if (hi - at - size < HEADER || !read_word(&w, at + size + 8, &next))
			return false;
		found |= take(at, size, next & PREV_INUSE ? CHUNK_USED : CHUNK_FREE, addr, ret);
		at += size;
		word = next;
	}
	return false;
}

bool chunks_in_heap(const struct memory *m, uint64_t lo, uint64_t hi, uint64_t addr,
		    struct chunk *ret)
{
	uint64_t first = (lo + HEADER - 1) & ~(uint64_t)(HEADER - 1);
	size_t left = CHUNKS_MAX;
	for (uint64_t at = first; at - first <= STATIC_TLS && at < hi; at += HEADER)
		if (follow(m, at, hi, addr, &left, ret))
			return true;
	return false;
}

bool chunks_in_arena(const struct memory *m, uint64_t lo, uint64_t hi, uint64_t addr,
		     struct chunk *ret)
{
	uint64_t arena, previous;
	if (!memory_read_uint(m, lo, 8, &arena) || !memory_read_uint(m, lo + 8, 8, &previous))
		return false;
	uint64_t from = lo + 2 * HEADER, to = lo + 4 * HEADER;
	size_t left = CHUNKS_MAX;
	if (previous == 0 && arena > lo && arena - lo < PAGE) {
		from = arena + STATE_MIN;
		to = arena + STATE_MAX;
	}
	for (uint64_t at = from; at <= to; at += HEADER)
		if (follow(m, at, hi, addr, &left, ret))
			return true;
	return false;
}

bool chunks_in_mapping(const struct memory *m, uint64_t lo, uint64_t hi, uint64_t addr,
		       struct chunk *ret)
{
	uint64_t before, word;
	for (size_t n = 0; n < CHUNKS_MAX && lo < hi; n++) {
		if (!memory_read_uint(m, lo, 8, &before) ||
		    !memory_read_uint(m, lo + 8, 8, &word) || before != 0)
			return false;
		uint64_t size = word & ~(uint64_t)FLAGS;
		if ((word & FLAGS) != IS_MMAPPED || size == 0 || size % PAGE || size > hi - lo)
			return false;
		if (addr - lo < size) {
			enum chunk_state state = addr - lo < HEADER ? CHUNK_HEADER : CHUNK_MAPPED;
			*ret = (struct chunk){lo + HEADER, size - HEADER, state};
			return true;
		}
		lo += size;
	}
	return false;
}
