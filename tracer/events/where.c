#include "events/where_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "memory/chunks.h"

struct where *where_create(struct symbols *s, const struct regions *r, const struct memory *mem)
{
	struct where *w = xcalloc(1, sizeof(*w));
	w->symbols = s;
	w->regions = r;
	w->memory = *mem;
	w->glibc = -1;
	return w;
}

void where_destroy(struct where *w)
{
	if (!w)
		return;
	where_forget_stacks(w);
	for (size_t i = 0; i < w->n_texts; i++)
		free(w->texts[i]);
	free(w->texts);
	free(w);
}

const char *where_keep(struct where *w, char *text)
{
	w->texts = xgrow(w->texts, w->n_texts, &w->cap_texts, sizeof(*w->texts));
	return w->texts[w->n_texts++] = text;
}

/* ---- files ---- */

static const struct event_part_of_file *section_at(const struct event_region *r, uint64_t addr)
{
	for (size_t i = 0; i < r->n_parts; i++)
		if (addr >= r->parts[i].lo && addr < r->parts[i].hi)
			return &r->parts[i];
	return NULL;
}

static void name_symbol(struct where *w, bool code, struct event_where *ret)
{
	struct function *fn;
	struct line_row line;
	const char *name;
	// The debug information of a module is read when somebody asks for its functions.
	if (code && symbols_function_at(w->symbols, ret->address, &fn) == FT_OK &&
	    symbols_line_at(w->symbols, ret->address, &line) == FT_OK && line.line) {
		ret->file = line.file ? where_keep(w, xstrdup(line.file)) : NULL;
		ret->line = line.line;
	}
	if (symbols_name_at(w->symbols, ret->address, &name, &ret->symbol_offset) == FT_OK &&
	    strncmp(name, "fn_0x", 5) != 0)
		ret->symbol = where_keep(w, xstrdup(name));
	else
		ret->symbol_offset = 0;
	ft_error_clear();
}

static void in_file(struct where *w, const struct atlas_row *row, struct event_where *ret)
{
	ret->what = row->what;
	ret->module = row->image->name;
	ret->section = section_at(ret->region, ret->address);
	if (!ret->section || ret->section->name[0] == '.')
		name_symbol(w, row->kind == REGION_CODE, ret);
}

/* ---- the heap ---- */

static bool has_glibc(struct where *w)
{
	for (size_t i = 0; w->glibc < 0 && i < w->regions->n_images; i++) {
		struct module *m = symbols_module_at(w->symbols, w->regions->images[i].lo);
		uint64_t at;
		if (m && (symbols_address_of(w->symbols, m, "gnu_get_libc_version", &at) == FT_OK ||
			  symbols_address_of(w->symbols, m, "__libc_malloc", &at) == FT_OK))
			w->glibc = 1;
	}
	ft_error_clear();
	if (w->glibc < 0)
		w->glibc = 0;
	return w->glibc == 1;
}

static const char *chunk_words(enum chunk_state state)
{
	switch (state) {
	case CHUNK_USED:
		return "in use, or kept by malloc for reuse";
	case CHUNK_FREE:
		return "free";
	case CHUNK_TOP:
		return "not given out yet";
	case CHUNK_HEADER:
		return "its size field";
	case CHUNK_MAPPED:
		return "in use, with a mapping of its own";
	}
	return "";
}

static void name_block(struct where *w, const struct atlas_row *row, struct event_where *ret)
{
	const struct region *r = row->region;
	struct chunk c = {.addr = 0};
	bool found = false;
	if (!has_glibc(w))
		return;
	if (row->kind == REGION_HEAP)
		found = chunks_in_heap(&w->memory, r->lo, r->hi, ret->address, &c);
	else if (row->kind == REGION_ARENA)
		found = chunks_in_arena(&w->memory, r->lo, r->hi, ret->address, &c);
	else
		found = chunks_in_mapping(&w->memory, r->lo, r->hi, ret->address, &c);
	if (!found)
		return;
	ret->block = c.addr;
	ret->block_size = c.size;
	ret->block_state = chunk_words(c.state);
	ret->inferred = true;
}

static void on_heap(struct where *w, const struct atlas_row *row, struct event_where *ret)
{
	ret->what = row->what;
	name_block(w, row, ret);
	if (!ret->block)
		return;
	char *where = ret->address == ret->block
			      ? xstrdup("the start")
			      : xasprintf("byte %" PRIu64, ret->address - ret->block);
	if (ret->address < ret->block)
		ret->what = where_keep(w, xasprintf("the size field of a block of %" PRIu64
						    " bytes on the heap",
						    ret->block_size));
	else
		ret->what = where_keep(w, xasprintf("%s of a block of %" PRIu64
						    " bytes on the heap, %s",
						    where, ret->block_size, ret->block_state));
	free(where);
}

/* ---- nothing there ---- */

static const char *unmapped_words(const struct where *w, const struct event_where *e)
{
	const struct event_map *m = &w->regions->map;
	if (e->address < 65536)
		return "unmapped: what NULL and a small offset from it point to";
	if (e->above && strcmp(e->above->kind, "stack") == 0 && e->above->lo > e->address &&
	    e->above->lo - e->address <= m->stack_room)
		return "unmapped, but the stack above may grow to here";
	if (e->below && e->above && e->address >= m->gap_lo && e->address < m->gap_hi)
		return "unmapped, between heap and stack";
	return "unmapped";
}

static void no_region(struct where *w, struct event_where *ret)
{
	const struct event_map *m = &w->regions->map;
	unsigned bits = m->address_bits ? m->address_bits : 48;
	ret->kind = "unmapped";
	for (size_t i = 0; i < m->n; i++) {
		if (m->regions[i].hi <= ret->address)
			ret->below = &m->regions[i];
		else if (!ret->above)
			ret->above = &m->regions[i];
	}
	uint64_t top = ret->address >> (bits - 1);
	if (top == 0) {
		ret->what = unmapped_words(w, ret);
		return;
	}
	ret->below = ret->above = NULL;
	bool kernel = top == UINT64_MAX >> (bits - 1);
	ret->kind = kernel ? "kernel" : "no address";
	ret->what = kernel ? "in the kernel's half of the addresses: no program may touch it"
			   : where_keep(w, xasprintf("no address: the highest %u bits must all "
						     "equal bit %u",
						     64 - bits + 1, bits - 1));
}

void where_look(struct where *w, uint64_t address, struct event_where *ret)
{
	*ret = (struct event_where){.address = address};
	const struct atlas_row *row = atlas_at(&w->regions->atlas, address);
	if (!row) {
		no_region(w, ret);
		return;
	}
	ret->region = &w->regions->rows[row - w->regions->atlas.rows];
	ret->kind = ret->region->kind;
	ret->inferred = row->inferred;
	ret->what = row->what;
	if (row->image && row->kind != REGION_RESERVED)
		in_file(w, row, ret);
	else if (row->kind == REGION_STACK || row->kind == REGION_THREAD_STACK)
		where_on_stack(w, row, ret);
	else if (row->kind == REGION_HEAP || row->kind == REGION_ARENA ||
		 row->kind == REGION_ANONYMOUS)
		on_heap(w, row, ret);
	else if (row->kind == REGION_TLS && row->tcb && address >= row->tcb)
		ret->what = "the main thread's control block (glibc's struct pthread)";
	ret->tid = ret->tid ? ret->tid : (int)row->tid;
}
