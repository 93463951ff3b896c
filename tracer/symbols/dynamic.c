#include "symbols/dynamic.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum {
	ENTRIES_MAX = 256, // of a dynamic section
	CHAIN_MAX = 4096,  // symbols of one hash bucket looked at
	NAME_MAX_LEN = 64,
};

// The public beginning of glibc's <link.h>; musl's is the same.
struct r_debug_head {
	int32_t version, unused;
	uint64_t map, brk;
	int32_t state, unused_too;
};

struct link_map_head {
	uint64_t addr, name, ld, next, prev;
};

enum ft_rc dynamic_debug(const struct memory *mem, uint64_t dynamic, uint64_t *ret)
{
	Elf64_Dyn d;
	for (unsigned i = 0; i < ENTRIES_MAX; i++) {
		if (!memory_read(mem, dynamic + i * sizeof(d), &d, sizeof(d)) || d.d_tag == DT_NULL)
			return FT_NONE;
		if (d.d_tag != DT_DEBUG)
			continue;
		if (d.d_un.d_ptr == 0)
			return FT_NONE;
		*ret = d.d_un.d_ptr;
		return FT_OK;
	}
	return FT_NONE;
}

// glibc relocates the addresses in a dynamic section that it can write to; others leave them.
static uint64_t address_in(const struct dynamic_object *o, uint64_t value)
{
	return value != 0 && value < o->bias ? value + o->bias : value;
}

static void read_tables(const struct memory *mem, struct dynamic_object *o)
{
	Elf64_Dyn d;
	for (unsigned i = 0; i < ENTRIES_MAX; i++) {
		if (!memory_read(mem, o->dynamic + i * sizeof(d), &d, sizeof(d)) ||
		    d.d_tag == DT_NULL)
			return;
		if (d.d_tag == DT_SYMTAB)
			o->symtab = address_in(o, d.d_un.d_ptr);
		else if (d.d_tag == DT_STRTAB)
			o->strtab = address_in(o, d.d_un.d_ptr);
		else if (d.d_tag == DT_GNU_HASH)
			o->gnu_hash = address_in(o, d.d_un.d_ptr);
		else if (d.d_tag == DT_HASH)
			o->hash = address_in(o, d.d_un.d_ptr);
		else if (d.d_tag == DT_STRSZ)
			o->strsz = d.d_un.d_val;
	}
}

enum ft_rc dynamic_objects(const struct memory *mem, uint64_t debug, struct dynamic_object **ret,
			   size_t *ret_n)
{
	struct r_debug_head head;
	if (!memory_read(mem, debug, &head, sizeof(head)) || head.state != 0)
		return FT_NONE;
	struct dynamic_object *list = NULL;
	size_t n = 0, cap = 0;
	for (uint64_t at = head.map; at != 0 && n < DYNAMIC_OBJECTS;) {
		struct link_map_head map;
		if (!memory_read(mem, at, &map, sizeof(map)))
			break;
		list = xgrow(list, n, &cap, sizeof(*list));
		list[n] = (struct dynamic_object){.bias = map.addr, .dynamic = map.ld};
		read_tables(mem, &list[n++]);
		at = map.next;
	}
	if (n == 0)
		return FT_NONE;
	*ret = list;
	*ret_n = n;
	return FT_OK;
}

static bool has_name(const struct memory *mem, const struct dynamic_object *o, uint32_t off,
		     const char *name)
{
	char text[NAME_MAX_LEN];
	size_t len = strlen(name) + 1;
	return len <= sizeof(text) && off < o->strsz && len <= o->strsz - off &&
	       memory_read(mem, o->strtab + off, text, len) && memcmp(text, name, len) == 0;
}

static bool is_it(const struct memory *mem, const struct dynamic_object *o, uint32_t index,
		  const char *name, uint64_t *ret)
{
	Elf64_Sym s;
	if (!memory_read(mem, o->symtab + (uint64_t)index * sizeof(s), &s, sizeof(s)) ||
	    s.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(s.st_info) != STT_FUNC ||
	    !has_name(mem, o, s.st_name, name))
		return false;
	*ret = o->bias + s.st_value;
	return true;
}

static uint32_t gnu_hash_of(const char *name)
{
	uint32_t h = 5381;
	for (const char *c = name; *c; c++)
		h = h * 33 + (uint8_t)*c;
	return h;
}

struct gnu_hash_head {
	uint32_t n_buckets, first, n_bloom, shift;
};

static bool find_gnu(const struct memory *mem, const struct dynamic_object *o, const char *name,
		     uint64_t *ret)
{
	struct gnu_hash_head head;
	uint32_t h = gnu_hash_of(name);
	uint64_t word, index;
	if (!memory_read(mem, o->gnu_hash, &head, sizeof(head)) || head.n_buckets == 0 ||
	    head.n_bloom == 0)
		return false;
	uint64_t bloom = o->gnu_hash + sizeof(head);
	uint64_t buckets = bloom + (uint64_t)head.n_bloom * sizeof(word);
	uint64_t chain = buckets + (uint64_t)head.n_buckets * sizeof(uint32_t);
	if (!memory_read_uint(mem, bloom + (h / 64) % head.n_bloom * sizeof(word), sizeof(word),
			      &word) ||
	    !(word >> (h % 64) & 1) || !(word >> ((h >> (head.shift & 31)) % 64) & 1))
		return false;
	if (!memory_read_uint(mem, buckets + h % head.n_buckets * sizeof(uint32_t),
			      sizeof(uint32_t), &index) ||
	    index < head.first)
		return false;
	for (unsigned i = 0; i < CHAIN_MAX; i++, index++) {
		uint64_t at = chain + (index - head.first) * sizeof(uint32_t);
		if (!memory_read_uint(mem, at, sizeof(uint32_t), &word))
			return false;
		if (((uint32_t)word | 1) == (h | 1) && is_it(mem, o, (uint32_t)index, name, ret))
			return true;
		if (word & 1)
			return false;
	}
	return false;
}

static uint32_t sysv_hash_of(const char *name)
{
	uint32_t h = 0;
	for (const char *c = name; *c; c++) {
		h = (h << 4) + (uint8_t)*c;
		h = (h ^ (h >> 24 & 0xf0)) & 0x0fffffff;
	}
	return h;
}

static bool find_sysv(const struct memory *mem, const struct dynamic_object *o, const char *name,
		      uint64_t *ret)
{
	uint64_t n_buckets, n_chain, index;
	if (!memory_read_uint(mem, o->hash, sizeof(uint32_t), &n_buckets) ||
	    !memory_read_uint(mem, o->hash + 4, sizeof(uint32_t), &n_chain) || n_buckets == 0)
		return false;
	uint64_t buckets = o->hash + 8, chain = buckets + n_buckets * sizeof(uint32_t);
	uint64_t at = buckets + sysv_hash_of(name) % n_buckets * sizeof(uint32_t);
	for (unsigned i = 0; i < CHAIN_MAX; i++) {
		if (!memory_read_uint(mem, at, sizeof(uint32_t), &index) || index == 0 ||
		    index >= n_chain)
			return false;
		if (is_it(mem, o, (uint32_t)index, name, ret))
			return true;
		at = chain + index * sizeof(uint32_t);
	}
	return false;
}

enum ft_rc dynamic_function(const struct memory *mem, const struct dynamic_object *o,
			    const char *name, uint64_t *ret)
{
	if (!o->symtab || !o->strtab)
		return FT_NONE;
	if (o->gnu_hash)
		return find_gnu(mem, o, name, ret) ? FT_OK : FT_NONE;
	return o->hash && find_sysv(mem, o, name, ret) ? FT_OK : FT_NONE;
}
