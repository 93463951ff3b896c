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

/*
 * The line, if one instruction alone stores into the slot, and it alone stores anything for that
 * line, from a register, with no call after it that would give the value.
 */
static uint32_t line_of_slot(const struct layout_maker *m, const struct layout_slot *slot)
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
	uint32_t line = store ? own_line(m, store->insn) : 0;
	for (size_t k = 0; k < m->flow->n && line; k++) {
		const struct touch *t = &m->flow->touch[k];
		if (t->kind == TOUCH_STORE && t != store && own_line(m, t->insn) == line)
			return 0;
	}
	for (size_t k = 0; k < m->flow->n_calls && line; k++)
		if (m->flow->call[k].insn > store->insn &&
		    own_line(m, m->flow->call[k].insn) == line)
			return 0;
	return line;
}

static void infer(const struct layout_maker *m, const struct source *source,
		  struct layout_slot *slot)
{
	struct binding b;
	size_t len = 0;
	uint32_t n = line_of_slot(m, slot);
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

void layout_infer_names(const struct layout_maker *m, struct frame_layout *l)
{
	struct source source = {.text = NULL};
	if (!m->sig || !m->f || m->sig->optimised || m->f->language != LANG_RUST || !m->f->file)
		return;
	for (size_t i = 0; i < l->n; i++) {
		struct layout_slot *slot = &l->slots[i];
		if (slot->owner != OWNER_SPILL || slot->var || !slot->line)
			continue;
		if (!source.text)
			source = read_source(m->f);
		if (!source.text)
			return;
		enum owner before = slot->owner;
		infer(m, &source, slot);
		if (slot->inferred && slot->off < 0) {
			l->bytes[before] -= slot->size;
			l->bytes[slot->owner] += slot->size;
		}
	}
	free(source.text);
}
