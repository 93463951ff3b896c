#include "commands/describe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "symbols/code.h"

enum {
	SOURCE_MAX = 4 << 20, // bytes of a file
	SOURCES_MAX = 2000,   // files
	TYPES_MAX = 20000,
	MEMBERS_MAX = 1000, // of a type
	INSNS_MAX = 100000, // of a function
};

/* Numbers that were there before; open addressing, a power of two, 0 is an empty place. */
struct seen {
	uint64_t *keys;
	size_t size, used;
};

struct describe {
	struct live *live;
	struct store *store;
	struct seen code, files, types;
	size_t n_sources, n_types;
	const char *last_file; // cache
	struct type **queue;   // types to be told
	size_t n_queue, cap_queue;
};

struct describe *describe_create(struct live *live, struct store *store)
{
	struct describe *d = xcalloc(1, sizeof(*d));
	d->live = live;
	d->store = store;
	return d;
}

void describe_destroy(struct describe *d)
{
	if (!d)
		return;
	free(d->code.keys);
	free(d->files.keys);
	free(d->types.keys);
	free(d->queue);
	free(d);
}

/* ---- what was there before ---- */

static bool seen_put(struct seen *s, uint64_t key)
{
	size_t at = (size_t)(key * 0x9e3779b97f4a7c15u >> 32) & (s->size - 1);
	while (s->keys[at] && s->keys[at] != key)
		at = (at + 1) & (s->size - 1);
	bool is_new = !s->keys[at];
	s->keys[at] = key;
	s->used += is_new;
	return is_new;
}

/* True the first time. */
static bool seen_add(struct seen *s, uint64_t key)
{
	if (2 * s->used >= s->size) {
		struct seen old = *s;
		s->size = old.size ? 2 * old.size : 64;
		s->used = 0;
		s->keys = xcalloc(s->size, sizeof(*s->keys));
		for (size_t i = 0; i < old.size; i++)
			if (old.keys[i])
				seen_put(s, old.keys[i]);
		free(old.keys);
	}
	return seen_put(s, key ? key : 1);
}

static void seen_forget(struct seen *s)
{
	free(s->keys);
	*s = (struct seen){NULL, 0, 0};
}

// FNV-1a. Two texts with one key would cost the log one of them, and nothing else.
static uint64_t key_of(const char *text)
{
	uint64_t key = 0xcbf29ce484222325u;
	for (; *text; text++)
		key = (key ^ (uint8_t)*text) * 0x100000001b3u;
	return key;
}

/* ---- source files ---- */

// As far as it is a file like any other: a device or a pipe might never end.
static enum ft_rc read_source(const char *path, struct buf *ret)
{
	struct stat st;
	FILE *f = fopen(path, "re");
	if (!f)
		return FT_NONE;
	enum ft_rc rc = FT_NONE;
	if (fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= SOURCE_MAX) {
		char part[8192];
		size_t n;
		while ((n = fread(part, 1, sizeof(part), f)) > 0 && ret->len <= SOURCE_MAX)
			buf_add(ret, part, n);
		rc = ferror(f) || ret->len > SOURCE_MAX ? FT_NONE : FT_OK;
	}
	fclose(f);
	return rc;
}

// The path is the debug information's, joined with its directory.
static enum ft_rc tell_source(struct describe *d, const char *file)
{
	if (!file || file == d->last_file)
		return FT_OK;
	d->last_file = file;
	if (d->n_sources >= SOURCES_MAX || !seen_add(&d->files, key_of(file)))
		return FT_OK;
	struct buf text;
	buf_init(&text);
	enum ft_rc rc = read_source(file, &text);
	d->n_sources += rc == FT_OK;
	if (rc == FT_OK)
		rc = store_source(d->store, file, text.s, text.len);
	buf_deinit(&text);
	return rc == FT_FAIL ? rc : FT_OK;
}

/* ---- types ---- */

static const char *kind_name(enum type_kind kind)
{
	switch (kind) {
	case TYPE_UNKNOWN:
		return "unknown";
	case TYPE_VOID:
		return "void";
	case TYPE_BOOL:
	case TYPE_INT:
	case TYPE_UINT:
	case TYPE_CHAR:
	case TYPE_UTF:
	case TYPE_FLOAT:
	case TYPE_COMPLEX:
		return "base";
	case TYPE_POINTER:
		return "pointer";
	case TYPE_REFERENCE:
	case TYPE_RVALUE_REFERENCE:
		return "reference";
	case TYPE_ARRAY:
		return "array";
	case TYPE_STRUCT:
		return "struct";
	case TYPE_CLASS:
		return "class";
	case TYPE_UNION:
		return "union";
	case TYPE_ENUM:
		return "enum";
	case TYPE_VARIANTS:
		return "variants";
	case TYPE_FUNCTION:
		return "function";
	case TYPE_TYPEDEF:
		return "typedef";
	case TYPE_CONST:
	case TYPE_VOLATILE:
	case TYPE_RESTRICT:
	case TYPE_ATOMIC:
		return "qualified";
	case TYPE_MEMBER_POINTER:
		return "member pointer";
	}
	return "unknown";
}

static void queue_type(struct describe *d, struct type *t)
{
	if (!t || d->n_types >= TYPES_MAX || !seen_add(&d->types, key_of(t->shown)))
		return;
	d->n_types++;
	d->queue = xgrow(d->queue, d->n_queue, &d->cap_queue, sizeof(*d->queue));
	d->queue[d->n_queue++] = t;
}

static bool has_target(const struct type *t)
{
	return t->kind != TYPE_ENUM && t->target;
}

/*
 * Members, or variants; of an enum its names, their values as offsets; of what leads to another
 * type that one, as a member without a name.
 */
static size_t members_of(struct describe *d, struct type *t, struct store_member *ret)
{
	size_t n = 0;
	if (has_target(t)) {
		queue_type(d, t->target);
		ret[n++] = (struct store_member){
			.name = "", .type = t->target->shown, .size = t->target->size};
	}
	for (size_t i = 0; i < t->n_members && n < MEMBERS_MAX; i++) {
		const struct member *m = &t->members[i];
		if (!m->type || m->is_static)
			continue;
		queue_type(d, m->type);
		ret[n++] = (struct store_member){.name = m->name ? m->name : "",
						 .type = m->type->shown,
						 .offset = m->offset,
						 .size = m->type->size};
	}
	for (size_t i = 0; i < t->n_enumerators && n < MEMBERS_MAX; i++)
		ret[n++] = (struct store_member){.name = t->enumerators[i].name,
						 .type = "",
						 .offset = (uint64_t)t->enumerators[i].value};
	return n;
}

static enum ft_rc tell_types(struct describe *d)
{
	struct store_member *members = NULL;
	enum ft_rc rc = FT_OK;
	if (d->n_queue > 0)
		members = xmalloc(MEMBERS_MAX * sizeof(*members));
	while (d->n_queue > 0 && rc == FT_OK) {
		struct type *t = d->queue[--d->n_queue];
		bool qualified = has_target(t) && t->kind != TYPE_ARRAY;
		if (!qualified)
			type_strip(t); // its inside is read by that
		struct store_type told = {
			.name = t->shown,
			.kind = kind_name(t->kind),
			.size = t->size,
			.members = members,
			.n_members = members_of(d, t, members),
		};
		rc = store_type(d->store, &told);
	}
	free(members);
	return rc;
}

static void queue_variables(struct describe *d, const struct variable *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		queue_type(d, v[i].type);
}

static void queue_types_of(struct describe *d, const struct traced *t)
{
	const struct inlined *inlined;
	size_t n;
	if (!t->sig)
		return;
	queue_type(d, t->sig->returns);
	queue_variables(d, t->sig->params, t->sig->n_params);
	queue_variables(d, t->sig->locals, t->sig->n_locals);
	if (!t->n_inlines || symbols_inlines(t->symbols, t->f, &inlined, &n) != FT_OK)
		return;
	for (size_t i = 0; i < n; i++) {
		queue_variables(d, inlined[i].params, inlined[i].n_params);
		queue_variables(d, inlined[i].locals, inlined[i].n_locals);
	}
}

/* ---- code ---- */

/* Lines by pc; a copy, for what is asked for an instruction may ask for lines too. */
struct rows {
	struct line_row *r;
	size_t n, at;
	const char *file; // of the function
};

// Of inlined code from another file none: a line alone would be taken for one of the function's.
static uint32_t line_of(struct rows *rows, uint64_t pc)
{
	while (rows->at < rows->n && rows->r[rows->at].pc <= pc)
		rows->at++;
	const struct line_row *row = rows->at > 0 ? &rows->r[rows->at - 1] : NULL;
	if (!row || row->end_sequence || !row->file || !rows->file ||
	    strcmp(row->file, rows->file) != 0)
		return 0;
	return row->line;
}

static const char *hex_of(const struct symbols *s, uint64_t pc, size_t len, struct buf *text)
{
	uint8_t bytes[ARCH_INSN_MAX];
	len = symbols_code(s, pc, bytes, len < sizeof(bytes) ? len : sizeof(bytes));
	buf_reset(text);
	for (size_t i = 0; i < len; i++)
		buf_printf(text, "%02x", bytes[i]);
	return text->s;
}

static size_t list_range(struct symbols *s, const struct range *r, struct rows *rows,
			 struct store_insn **ret)
{
	struct store_insn *insns = NULL;
	size_t n = 0, cap = 0;
	struct buf hex;
	buf_init(&hex);
	for (uint64_t pc = r->lo; pc < r->hi && n < INSNS_MAX;) {
		struct code_effect e;
		bool is_code = code_effect(s, pc, &e) == FT_OK && e.len > 0;
		size_t len = is_code ? e.len : 1;
		insns = xgrow(insns, n, &cap, sizeof(*insns));
		insns[n++] = (struct store_insn){
			.pc = pc,
			.text = xstrdup(is_code ? e.text : "(not code)"),
			.bytes = xstrdup(hex_of(s, pc, len, &hex)),
			.line = line_of(rows, pc),
		};
		pc += len;
	}
	buf_deinit(&hex);
	*ret = insns;
	return n;
}

static void free_insns(struct store_insn *insns, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free((char *)(uintptr_t)insns[i].text);
		free((char *)(uintptr_t)insns[i].bytes);
	}
	free(insns);
}

static enum ft_rc tell_code(struct describe *d, const struct traced *t, bool with_insns)
{
	const struct function *f = t->f;
	const struct line_row *found;
	struct rows rows = {.file = f->file};
	enum ft_rc rc = FT_OK;
	if (with_insns && symbols_lines_of(t->symbols, f, &found, &rows.n) == FT_OK && rows.n) {
		rows.r = xmalloc(rows.n * sizeof(*found));
		memcpy(rows.r, found, rows.n * sizeof(*found));
	}
	for (size_t i = 0; i < f->n_ranges && rc == FT_OK; i++) {
		struct store_insn *insns = NULL;
		struct store_function told = {
			.name = f->name,
			.symbol = f->symbol,
			.module = f->module->name,
			.file = f->file,
			.line = f->line,
			.lo = f->ranges[i].lo,
			.hi = f->ranges[i].hi,
		};
		rows.at = 0;
		if (with_insns)
			told.n_insns = list_range(t->symbols, &f->ranges[i], &rows, &insns);
		told.insns = insns;
		rc = store_function(d->store, &told);
		free_insns(insns, told.n_insns);
	}
	free(rows.r);
	return rc;
}

static enum ft_rc tell_function(struct describe *d, uint64_t pc)
{
	if (!seen_add(&d->code, pc))
		return FT_OK;
	const struct traced *t = target_traced_at(live_target(d->live), pc);
	if (!t || (pc != t->f->ranges[0].lo && !seen_add(&d->code, t->f->ranges[0].lo)))
		return FT_OK;
	queue_types_of(d, t);
	enum ft_rc rc = tell_code(d, t, true);
	if (rc == FT_OK)
		rc = tell_types(d);
	return rc == FT_OK ? tell_source(d, t->f->file) : rc;
}

/* ---- */

enum ft_rc describe_event(struct describe *d, const struct event *ev)
{
	enum ft_rc rc = FT_OK;
	if (ev->kind == EVENT_EXEC) { // other code, and other texts, at the same addresses
		seen_forget(&d->code);
		d->last_file = NULL;
	}
	if (ev->kind == EVENT_PUSH)
		rc = tell_function(d, ev->pc);
	if (rc == FT_OK)
		rc = tell_source(d, ev->file);
	if (rc == FT_OK && ev->heap)
		rc = tell_source(d, ev->heap->place.file);
	return rc;
}

enum ft_rc describe_rest(struct describe *d)
{
	struct traced *const *fns;
	size_t n = target_traced(live_target(d->live), &fns);
	enum ft_rc rc = FT_OK;
	for (size_t i = 0; i < n && rc == FT_OK; i++)
		if (seen_add(&d->code, fns[i]->f->ranges[0].lo))
			rc = tell_code(d, fns[i], false);
	return rc;
}
