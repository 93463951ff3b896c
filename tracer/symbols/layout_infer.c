/*
 * layout_infer.c - the name of a slot that the debug information forgot, from the source line.
 *
 * rustc drops a variable whose scope holds no instruction (`let result = Box::new(99); result`):
 * its slot is written and read, but DWARF has no entry for it. The line of the only store to the
 * slot says `let result = …`: that is a name, though inferred. What is not certain stays a spill.
 */
#include "symbols/layout_private.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "symbols/private.h"

enum { SOURCE_MAX = 4 << 20 };

struct source {
	char *text; // NUL-terminated; NULL: it cannot be had
	size_t len;
};

/* A source that was changed after the program was built says nothing about it. */
static bool is_older(const char *source, const char *program)
{
	struct stat a, b;
	return stat(source, &a) == 0 && stat(program, &b) == 0 && S_ISREG(a.st_mode) &&
	       a.st_size <= SOURCE_MAX && a.st_mtime <= b.st_mtime;
}

static struct source read_source(const struct function *f)
{
	struct source s = {.text = NULL};
	FILE *file = f->file && is_older(f->file, f->module->path) ? fopen(f->file, "re") : NULL;
	if (!file)
		return s;
	s.text = xmalloc(SOURCE_MAX + 1);
	s.len = fread(s.text, 1, SOURCE_MAX, file);
	s.text[s.len] = '\0';
	fclose(file);
	return s;
}

/* Line n, counted from 1, with no newline; NULL if there is none. */
static const char *line_of(const struct source *s, uint32_t n, size_t *ret_len)
{
	const char *at = s->text, *end = s->text + s->len;
	for (; at && n > 1; n--) {
		at = memchr(at, '\n', (size_t)(end - at));
		at = at ? at + 1 : NULL;
	}
	if (!at)
		return NULL;
	const char *stop = memchr(at, '\n', (size_t)(end - at));
	*ret_len = (size_t)((stop ? stop : end) - at);
	return at;
}

static const char *skip_blanks(const char *s, const char *end)
{
	while (s < end && isspace((unsigned char)*s))
		s++;
	return s;
}

static bool takes_word(const char **s, const char *end, const char *word)
{
	size_t len = strlen(word);
	if ((size_t)(end - *s) <= len || memcmp(*s, word, len) != 0 ||
	    !isspace((unsigned char)(*s)[len]))
		return false;
	*s = skip_blanks(*s + len, end);
	return true;
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* "let NAME = RIGHT" or "let mut NAME: TYPE = RIGHT", alone on its line. */
struct binding {
	const char *name, *right;
	size_t name_len, right_len;
};

static bool parse_let(const char *s, size_t len, struct binding *ret)
{
	const char *end = s + len;
	s = skip_blanks(s, end);
	if (!takes_word(&s, end, "let"))
		return false;
	(void)takes_word(&s, end, "mut");
	ret->name = s;
	while (s < end && is_name(*s))
		s++;
	ret->name_len = (size_t)(s - ret->name);
	const char *equals = skip_blanks(s, end);
	if (equals < end && *equals == ':') // its type
		while (equals < end && *equals != '=')
			equals++;
	if (end - equals < 2 || equals[0] != '=' || equals[1] == '=')
		return false;
	ret->right = skip_blanks(equals + 1, end);
	ret->right_len = (size_t)(end - ret->right);
	for (const char *more = ret->right; more + 4 < end; more++)
		if (memcmp(more, "let ", 4) == 0)
			return false;
	return ret->name_len > 0 && !(ret->name_len == 1 && *ret->name == '_') &&
	       !isdigit((unsigned char)*ret->name);
}

static bool starts_with(const struct binding *b, const char *word)
{
	size_t len = strlen(word);
	return b->right_len > len && memcmp(b->right, word, len) == 0;
}

/* May a value of this size be what stands on the right? Pointers are one word, strings three. */
static bool is_plausible(const struct binding *b, uint32_t size)
{
	static const char *const pointers[] = {"Box::new", "Rc::new", "Arc::new", "&"};
	static const char *const longer[] = {"String::", "Vec::", "vec!", "format!", "\"", "("};
	for (size_t n = 0; n < FT_COUNT(pointers); n++)
		if (starts_with(b, pointers[n]))
			return size == ARCH_WORD;
	for (size_t n = 0; n < FT_COUNT(longer); n++)
		if (starts_with(b, longer[n]))
			return false;
	return size == 1 || size == 2 || size == 4 || size == ARCH_WORD;
}

static bool names(const struct variable *v, size_t n, const struct binding *b)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].name && strlen(v[i].name) == b->name_len &&
		    memcmp(v[i].name, b->name, b->name_len) == 0)
			return true;
	return false;
}

/* The line of the function's own file that an instruction belongs to; 0: it is inlined code. */
static uint32_t own_line(const struct layout_maker *m, size_t insn)
{
	const char *file = NULL;
	uint32_t line = layout_line(m, m->l->insn[insn].pc, &file);
	return file && strcmp(file, m->f->file) == 0 ? line : 0;
}

static bool touches(const struct layout_maker *m, const struct touch *t,
		    const struct layout_slot *slot)
{
	int64_t lo = slot->off + (slot->from_rsp ? m->origin : 0);
	return t->realigned == slot->from_rsp && t->off < lo + (int64_t)slot->size &&
	       lo < t->off + (int64_t)t->size;
}

/* What the function's own lines do, by line: stores, and where the last call is. */
struct line_use {
	uint32_t line;
	uint32_t stores;
	size_t last_call; // instruction; 0: none
};

struct line_uses {
	struct line_use *u;
	size_t n;
};

static int by_line(const void *a, const void *b)
{
	const struct line_use *x = a, *y = b;
	return (x->line > y->line) - (x->line < y->line);
}

static struct line_uses uses_of(const struct layout_maker *m)
{
	const struct flow *f = m->flow;
	struct line_uses all = {xcalloc(f->n + f->n_calls + 1, sizeof(*all.u)), 0};
	size_t kept = 0;
	for (size_t k = 0; k < f->n; k++)
		if (f->touch[k].kind == TOUCH_STORE)
			all.u[all.n++] = (struct line_use){own_line(m, f->touch[k].insn), 1, 0};
	for (size_t k = 0; k < f->n_calls; k++)
		all.u[all.n++] =
			(struct line_use){own_line(m, f->call[k].insn), 0, f->call[k].insn};
	qsort(all.u, all.n, sizeof(*all.u), by_line);
	for (size_t i = 0; i < all.n; i++) {
		if (!kept || all.u[kept - 1].line != all.u[i].line) {
			all.u[kept++] = all.u[i];
			continue;
		}
		struct line_use *to = &all.u[kept - 1];
		to->stores += all.u[i].stores;
		if (all.u[i].last_call > to->last_call)
			to->last_call = all.u[i].last_call;
	}
	all.n = kept;
	return all;
}

/*
 * The line, if one instruction alone stores into the slot, and it alone stores anything for that
 * line, from a register, with no call after it that would give the value.
 */
static uint32_t line_of_slot(const struct layout_maker *m, const struct line_uses *uses,
			     const struct layout_slot *slot)
{
	const struct touch *store = NULL;
	for (size_t k = 0; k < m->flow->n; k++) {
		const struct touch *t = &m->flow->touch[k];
		if (t->kind != TOUCH_STORE || !touches(m, t, slot))
			continue;
		if (store || t->size != slot->size || t->reg == ARCH_NONE || t->pushed)
			return 0;
		store = t;
	}
	struct line_use key = {.line = store ? own_line(m, store->insn) : 0};
	const struct line_use *use =
		key.line ? bsearch(&key, uses->u, uses->n, sizeof(key), by_line) : NULL;
	return use && use->stores == 1 && use->last_call < store->insn ? key.line : 0;
}

static void infer(const struct layout_maker *m, const struct source *source,
		  const struct line_uses *uses, struct layout_slot *slot)
{
	struct binding b;
	size_t len = 0;
	uint32_t n = line_of_slot(m, uses, slot);
	const char *line = n ? line_of(source, n, &len) : NULL;
	if (!line || !parse_let(line, len, &b) || !is_plausible(&b, slot->size) ||
	    names(m->sig->params, m->sig->n_params, &b) ||
	    names(m->sig->locals, m->sig->n_locals, &b))
		return;
	slot->name = arena_strndup(m->arena, b.name, b.name_len);
	slot->inferred = true;
	slot->owner = OWNER_LOCAL;
	slot->line = n;
}

/* Of a slot's bytes, those that are not below rsp. */
static uint32_t counted_bytes(const struct layout_maker *m, const struct layout_slot *slot)
{
	int64_t lo = slot->off + (slot->from_rsp ? m->origin : 0), hi = lo + slot->size;
	int64_t bottom = m->area[slot->from_rsp].bottom;
	if (lo < bottom)
		lo = bottom;
	return hi > lo ? (uint32_t)(hi - lo) : 0;
}

void layout_infer_names(const struct layout_maker *m, struct frame_layout *l)
{
	if (!m->sig || !m->f || m->sig->optimised || m->f->language != LANG_RUST || !m->f->file)
		return;
	struct source source = read_source(m->f);
	if (!source.text)
		return;
	struct line_uses uses = uses_of(m);
	for (size_t i = 0; i < l->n; i++) {
		struct layout_slot *slot = &l->slots[i];
		if (slot->owner != OWNER_SPILL || slot->var || !slot->line || slot->inlined)
			continue;
		infer(m, &source, &uses, slot);
		if (slot->inferred) {
			uint32_t counted = counted_bytes(m, slot);
			l->bytes[OWNER_SPILL] -= counted;
			l->bytes[OWNER_LOCAL] += counted;
		}
	}
	free(uses.u);
	free(source.text);
}
