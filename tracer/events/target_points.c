/*
 * target_points.c - what an address in a module is: a symbol, a section, a thread-local variable.
 */
#include <stdlib.h>
#include <string.h>

#include "events/target_private.h"
#include "unwind/surroundings.h"

enum { LABELS_KEPT = 1 << 16 }; // of addresses that values had; others are looked up each time

struct loaded *loaded_at(struct target *t, uint64_t addr)
{
	for (size_t i = 0; i < t->n_modules; i++)
		if (addr >= t->modules[i].lo && addr < t->modules[i].hi)
			return &t->modules[i];
	return NULL;
}

void loaded_deinit(struct loaded *l)
{
	free(l->parts);
	free(l->tls_variables);
}

static void ask(struct target *t, struct loaded *l)
{
	if (l->asked)
		return;
	l->asked = true;
	symbols_parts(l->module, &l->parts, &l->n_parts);
	if (symbols_tls(t->symbols, l->module, &l->tls) == FT_OK)
		symbols_tls_variables(l->module, &l->tls_variables, &l->n_tls_variables);
	else
		l->tls.size = 0;
	ft_error_clear();
}

static void add_offset(struct buf *out, uint64_t off)
{
	if (off == 0)
		return;
	buf_char(out, '+');
	buf_udec(out, off);
}

// Heap, stack, nothing: no file is opened for a mere value.
static bool add_symbol(struct target *t, uint64_t address, struct buf *out)
{
	const struct address_name *n = names_find(t->labels, address);
	const char *name;
	uint64_t off;
	if (!n && !loaded_at(t, address))
		return false;
	if (!n && names_count(t->labels) >= LABELS_KEPT) {
		bool named = symbols_name_at(t->symbols, address, &name, &off) == FT_OK;
		ft_error_clear();
		if (!named)
			return false;
		buf_str(out, name);
		add_offset(out, off);
		return true;
	}
	n = n ? n : target_name(t, address);
	if (!n->function)
		return false; // "libc.so.6+0x1c0" says no more than the number
	size_t len = strlen(n->symbol);
	if (len > 2 && strcmp(n->symbol + len - 2, "+0") == 0)
		len -= 2;
	buf_add(out, n->symbol, len);
	return true;
}

void target_address_text(void *target, uint64_t address, struct buf *out)
{
	size_t len = out->len;
	buf_str(out, " <");
	if (add_symbol(target, address, out))
		buf_char(out, '>');
	else
		buf_truncate(out, len);
}

void target_points_to(void *target, uint64_t address, struct buf *out)
{
	struct target *t = target;
	if (t->points_to)
		t->points_to(t->place_ctx, address, out);
}

static const struct module_part *part_at(const struct loaded *l, uint64_t addr)
{
	size_t lo = 0, hi = l->n_parts; // parts by lo
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (l->parts[mid].lo > addr)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo > 0 && addr < l->parts[lo - 1].hi ? &l->parts[lo - 1] : NULL;
}

bool target_part_text(struct target *t, uint64_t address, struct buf *out)
{
	struct loaded *l = loaded_at(t, address);
	if (!l)
		return false;
	ask(t, l);
	if (add_symbol(t, address, out))
		buf_str(out, ", ");
	const struct module_part *p = part_at(l, address);
	if (p) {
		buf_str(out, p->name);
		buf_str(out, " of ");
	}
	buf_str(out, l->module->name);
	return true;
}

static bool add_variable(const struct loaded *l, uint64_t off, struct buf *out)
{
	for (size_t i = l->n_tls_variables; i-- > 0;) {
		const struct tls_variable *v = &l->tls_variables[i];
		if (off < v->off || off - v->off >= (v->size ? v->size : 1))
			continue;
		buf_str(out, v->name);
		add_offset(out, off - v->off);
		buf_str(out, ", ");
		return true;
	}
	return false;
}

bool target_tls_text(struct target *t, const struct memory *mem, uint64_t fs_base, uint64_t address,
		     struct buf *out)
{
	uint64_t block;
	for (size_t i = 0; i < t->n_modules; i++) {
		struct loaded *l = &t->modules[i];
		ask(t, l);
		if (!l->tls.size || surroundings_tls(mem, &l->tls, fs_base, &block) ||
		    address < block || address - block >= l->tls.size)
			continue;
		add_variable(l, address - block, out);
		buf_str(out, "thread-local in ");
		buf_str(out, l->module->name);
		return true;
	}
	return false;
}
