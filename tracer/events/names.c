#include "events/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "events/target.h"

struct names {
	struct symbols *symbols;
	bool returns;
	struct address_name **table; // open addressing by address; a power of two
	size_t size, used;
};

struct names *names_create(struct symbols *s, bool returns)
{
	struct names *n = xcalloc(1, sizeof(*n));
	n->symbols = s;
	n->returns = returns;
	return n;
}

void names_clear(struct names *n)
{
	for (size_t i = 0; i < n->size; i++) {
		if (!n->table[i])
			continue;
		free((char *)(uintptr_t)n->table[i]->symbol);
		free((char *)(uintptr_t)n->table[i]->function);
		free(n->table[i]);
	}
	free(n->table);
	n->table = NULL;
	n->size = n->used = 0;
}

void names_destroy(struct names *n)
{
	names_clear(n);
	free(n);
}

static size_t index_of(const struct names *n, uint64_t address)
{
	size_t i = (size_t)((address * 0x9e3779b97f4a7c15u) >> 32) & (n->size - 1);
	while (n->table[i] && n->table[i]->address != address)
		i = (i + 1) & (n->size - 1);
	return i;
}

size_t names_count(const struct names *n)
{
	return n->used;
}

const struct address_name *names_find(const struct names *n, uint64_t address)
{
	return n->size ? n->table[index_of(n, address)] : NULL;
}

static void grow(struct names *n)
{
	struct names old = *n;
	n->size = old.size ? 2 * old.size : 256;
	n->table = xcalloc(n->size, sizeof(*n->table));
	for (size_t i = 0; i < old.size; i++)
		if (old.table[i])
			n->table[index_of(n, old.table[i]->address)] = old.table[i];
	free(old.table);
}

// The kernel makes a signal handler return to a trampoline (sigreturn(2)); its CFI says so.
static bool is_trampoline(struct symbols *s, uint64_t address)
{
	struct cfi_row row;
	return symbols_cfi_at(s, address, &row) == FT_OK && row.signal_frame;
}

static void add_symbol(struct symbols *s, struct address_name *a, uint64_t back, bool traced,
		       struct buf *b)
{
	const char *name;
	uint64_t offset;
	bool named = symbols_name_at(s, a->address - back, &name, &offset) == FT_OK;
	if (named && (traced || strncmp(name, "fn_0x", 5) != 0)) {
		a->function = xstrdup(name);
		buf_str(b, name);
		buf_char(b, '+');
		buf_udec(b, offset + back);
		return;
	}
	const struct module *m = symbols_module_at(s, a->address - back);
	if (m) {
		buf_str(b, m->name);
		buf_char(b, '+');
		buf_hex(b, a->address - m->lo);
	}
}

static void look_up(struct names *n, struct address_name *a, bool traced)
{
	struct line_row row;
	struct buf b;
	buf_init(&b);
	if (n->returns && is_trampoline(n->symbols, a->address))
		buf_str(&b, "the signal trampoline");
	else
		add_symbol(n->symbols, a, n->returns ? 1 : 0, traced, &b);
	if (b.len > 0)
		a->symbol = xstrdup(b.s);
	if (symbols_line_at(n->symbols, a->address - (n->returns ? 1 : 0), &row) == FT_OK &&
	    row.line != 0) {
		a->file = row.file;
		a->line = row.line;
	}
	ft_error_clear();
	buf_deinit(&b);
}

const struct address_name *names_add(struct names *n, uint64_t address, bool traced)
{
	if (2 * (n->used + 1) > n->size)
		grow(n);
	struct address_name *a = xcalloc(1, sizeof(*a));
	a->address = address;
	look_up(n, a, traced);
	n->table[index_of(n, address)] = a;
	n->used++;
	return a;
}
