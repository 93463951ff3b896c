/*
 * plain_space.c - the stack as it lies in memory, the address space, one address.
 */
#include "tui/plain_private.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { OUTPUT_MAX = 1 << 20, NULL_PAGES = 1 << 16 };

// ---- the stack ----

/* The variables of a frame as they are now, copied: drawing asks the log for more. */
struct variables {
	struct event_value *v;
	char **texts; // name, value of each
	size_t n;
};

static void variables_free(struct variables *v)
{
	for (size_t i = 0; i < 2 * v->n; i++)
		free(v->texts[i]);
	free(v->texts);
	free(v->v);
}

static enum ft_rc variables_now(struct plain *s, uint64_t pushed, struct variables *ret)
{
	const struct event_value *v;
	size_t n = 0;
	*ret = (struct variables){.n = 0};
	enum ft_rc rc = FT_NONE;
	if (pushed != UINT64_MAX)
		rc = log_variables(player_log(s->p), pushed, player_at(s->p), &v, &n);
	if (rc != FT_OK)
		return rc == FT_NONE ? FT_OK : rc;
	ret->v = xcalloc(n + 1, sizeof(*ret->v));
	ret->texts = xcalloc(2 * n + 1, sizeof(*ret->texts));
	for (ret->n = 0; ret->n < n; ret->n++) {
		size_t i = ret->n;
		ret->v[i] = v[i];
		ret->v[i].name = ret->texts[2 * i] = xstrdup(v[i].name ? v[i].name : "?");
		ret->v[i].value = ret->texts[2 * i + 1] = xstrdup(v[i].value ? v[i].value : "?");
	}
	return FT_OK;
}

static const struct event_value *variable_at(const struct variables *v, uint64_t address,
					     const char *name)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->v[i].has_address && v->v[i].address == address &&
		    (!name || strcmp(v->v[i].name, name) == 0))
			return &v->v[i];
	return NULL;
}

static void say_row(struct plain *s, uint64_t address, uint64_t size, const char *owner)
{
	say(s, "    0x%012llx %5llu  ", (unsigned long long)address, (unsigned long long)size);
	say_text(s, owner ? owner : "unknown");
}

// Up to the column of names.
static void pad_owner(struct plain *s, const char *owner)
{
	size_t n = owner ? strlen(owner) : 7;
	buf_pad(&s->out, ' ', n < 16 ? 16 - n : 1);
}

// The slot above is of the same variable: what holds for all of it was said there.
static bool slot_goes_on(const struct event *push, size_t i)
{
	const struct event_slot *slot = &push->slots[i], *above = i ? slot - 1 : NULL;
	return above && above->name && slot->name && strcmp(above->name, slot->name) == 0 &&
	       above->offset != slot->offset;
}

// A slot of the frame map: whose it is does not change, what is in it is as the variables say now.
static void say_slot(struct plain *s, const struct event *push, size_t i,
		     const struct variables *now)
{
	const struct event_slot *slot = &push->slots[i];
	say_row(s, slot->address, slot->size, slot->owner);
	const struct event_value *v = slot->name && slot->offset == 0
					      ? variable_at(now, slot->address, slot->name)
					      : NULL;
	if (slot->name || slot->value)
		pad_owner(s, slot->owner);
	if (slot->name)
		say_text(s, slot->name);
	if (slot->offset)
		say(s, " from byte %llu", (unsigned long long)slot->offset);
	if (v || slot->value) {
		say(s, slot->name ? " = " : "");
		say_text(s, v ? v->value : slot->value);
	} else if (slot->name && !slot_goes_on(push, i)) {
		say(s, " (not known yet)");
	}
	say(s, "\n");
}

static bool is_in_frame(const struct event_slot *slot, const struct log_frame *f, bool innermost)
{
	if (slot->address >= f->cfa)
		return false; // the caller's
	return slot->address >= f->rsp ||
	       (innermost && slot->owner && strcmp(slot->owner, "red zone") != 0);
}

// Without a frame map: what has a place by its own word, high addresses first.
static void say_known(struct plain *s, const struct log_frame *f, const struct variables *now)
{
	uint64_t above = f->cfa;
	say_row(s, f->cfa - 8, 8, "return address");
	say(s, "\n");
	for (;;) {
		const struct event_value *next = NULL;
		for (size_t i = 0; i < now->n; i++) {
			const struct event_value *v = &now->v[i];
			if (v->has_address && v->address < above &&
			    f->cfa - v->address <= 1 << 20 && (!next || v->address > next->address))
				next = v;
		}
		if (!next)
			return;
		above = next->address;
		say_row(s, next->address, next->size, "variable");
		pad_owner(s, "variable");
		say_text(s, next->name);
		say(s, " = ");
		say_text(s, next->value);
		say(s, "\n");
	}
}

static enum outcome say_stack_frame(struct plain *s, const struct log_frame *f, bool innermost)
{
	struct variables now;
	const struct event *push = NULL;
	say(s, "  %s ", f->ghost ? "popped:" : "----");
	say_text(s, f->function);
	say(s, ": %llu bytes, 0x%llx down to 0x%llx", (unsigned long long)(f->cfa - f->rsp),
	    (unsigned long long)f->cfa, (unsigned long long)f->rsp);
	enum ft_rc rc = f->ghost ? FT_NONE : variables_now(s, f->pushed_seq, &now);
	if (rc == FT_OK && now.n > 0)
		say_as_of(s, f->pushed_seq, ", values ", "");
	say(s, "\n");
	if (rc == FT_NONE)
		return DONE;
	if (rc == FT_OK && f->pushed_seq != UINT64_MAX)
		rc = log_event(player_log(s->p), f->pushed_seq, &push);
	if (rc == FT_FAIL)
		return wrong_error(s);
	if (rc == FT_OK && push && push->n_slots > 0) {
		for (size_t i = 0; i < push->n_slots; i++)
			if (is_in_frame(&push->slots[i], f, innermost))
				say_slot(s, push, i, &now);
	} else {
		say_known(s, f, &now);
	}
	variables_free(&now);
	return DONE;
}

// The gap, but for what is said of it.
static void say_gap(struct plain *s, uint64_t from, uint64_t to)
{
	if (from >= to)
		return;
	say_row(s, from, to - from, "in between: not traced, or room for arguments of calls");
	say(s, "\n");
}

// From the end of a frame down to the CFA of the next: what is handed over lies there.
static enum outcome say_between(struct plain *s, uint64_t above, const struct log_frame *f)
{
	struct variables now;
	const struct event *push = NULL;
	enum ft_rc rc = variables_now(s, f->pushed_seq, &now);
	if (rc == FT_OK && f->pushed_seq != UINT64_MAX)
		rc = log_event(player_log(s->p), f->pushed_seq, &push);
	for (size_t i = 0; rc == FT_OK && push && i < push->n_slots; i++) {
		const struct event_slot *slot = &push->slots[i]; // high addresses first
		if (slot->address < f->cfa || slot->address + slot->size > above)
			continue;
		say_gap(s, slot->address + slot->size, above);
		say_slot(s, push, i, &now);
		above = slot->address;
	}
	if (rc == FT_OK)
		say_gap(s, f->cfa, above);
	variables_free(&now);
	return rc == FT_FAIL ? wrong_error(s) : DONE;
}

enum outcome run_stack(struct plain *s, const char *arguments)
{
	const struct log_frame *f, *all;
	size_t n, n_all;
	(void)arguments;
	enum ft_rc rc = player_frames(s->p, &f, &n);
	if (rc != FT_OK)
		return wrong_error(s);
	if (n == 0)
		return no_frame(s, FT_NONE);
	say(s, "high addresses\n");
	enum outcome o = DONE;
	for (size_t i = n; i-- > 0 && o == DONE;) {
		if (i + 1 < n && f[i + 1].stack_top == f[i].stack_top && f[i].cfa < f[i + 1].rsp)
			o = say_between(s, f[i + 1].rsp, &f[i]);
		if (o == DONE)
			o = say_stack_frame(s, &f[i], i == 0);
	}
	int tid = f[0].tid;
	uint64_t top = f[0].stack_top;
	rc = log_frames(player_log(s->p), player_at(s->p), &all, &n_all);
	if (rc == FT_FAIL)
		return wrong_error(s);
	for (size_t i = 0; rc == FT_OK && i < n_all && o == DONE; i++)
		if (all[i].ghost && all[i].tid == tid && all[i].stack_top == top)
			o = say_stack_frame(s, &all[i], false);
	say(s, "low addresses: the stack grows downwards\n");
	return o;
}

// ---- the address space ----

enum outcome run_map(struct plain *s, const char *arguments)
{
	const struct event *ev;
	(void)arguments;
	enum ft_rc rc = log_map(player_log(s->p), player_at(s->p), &ev);
	if (rc == FT_FAIL)
		return wrong_error(s);
	if (rc == FT_NONE)
		return wrong(s, "no map of the address space was recorded");
	struct event shown = *ev;
	shown.aside = false;
	return say_report(s, &shown);
}

enum outcome run_output(struct plain *s, const char *arguments)
{
	const char *text;
	size_t len = 0;
	(void)arguments;
	if (!log_info(player_log(s->p))->holds.output)
		return wrong(s, "the program's output was not recorded");
	enum ft_rc rc = log_output(player_log(s->p), player_at(s->p), OUTPUT_MAX, &text, &len);
	if (rc == FT_FAIL)
		return wrong_error(s);
	uint64_t gone = log_info(player_log(s->p))->output_gone;
	if (gone)
		say(s, "(what the program wrote first, %llu bytes, was not kept)\n",
		    (unsigned long long)gone);
	if (rc == FT_NONE || len == 0) {
		say(s, gone ? "There is no more here.\n"
			    : "The program has written nothing so far.\n");
		return DONE;
	}
	for (const char *end = text + len; text < end;) {
		const char *line = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((line ? line : end) - text);
		say_some(s, text, n);
		say(s, "\n");
		text += n + (line != NULL);
	}
	return DONE;
}

// ---- an address ----

static bool where_on_stack(struct plain *s, uint64_t address, enum outcome *ret)
{
	const struct log_frame *f;
	struct variables now;
	size_t n;
	if (log_frames(player_log(s->p), player_at(s->p), &f, &n) != FT_OK)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (address >= f[i].cfa || address < f[i].rsp - 128 || f[i].ghost)
			continue;
		if (address < f[i].rsp && i + 1 < n && !f[i + 1].ghost &&
		    f[i + 1].stack_top == f[i].stack_top)
			continue; // its red zone is the next frame's
		uint64_t cfa = f[i].cfa, pushed = f[i].pushed_seq;
		bool red = address < f[i].rsp;
		say(s, red ? "below the frame of " : "in the frame of ");
		say_text(s, f[i].function);
		*ret = variables_now(s, pushed, &now) == FT_OK ? DONE : wrong_error(s);
		for (size_t j = 0; j < now.n; j++) {
			const struct event_value *v = &now.v[j];
			if (!v->has_address || address < v->address ||
			    address - v->address >= v->size)
				continue;
			say(s, ", %s", address == v->address ? "" : "inside of ");
			say_text(s, v->name);
			say(s, " = ");
			say_text(s, v->value);
			say_as_of(s, pushed, " (", ")");
		}
		if (address >= cfa - 8)
			say(s, ", its return address");
		say(s, "\n");
		variables_free(&now);
		return true;
	}
	return false;
}

// ".bss" is a part of a mapping, and has a name of its own in the picture of the whole.
static const char *kind_at(const struct event_map *map, const struct event_region *r,
			   uint64_t address)
{
	for (size_t i = 0; i < map->n_bands; i++) {
		const struct event_band *b = &map->bands[i];
		if (address >= b->lo && address < b->hi && r->n_parts > 0 && b->mappings == 0)
			return b->name;
	}
	return r->kind;
}

static bool where_in_map(struct plain *s, uint64_t address)
{
	const struct event *ev;
	if (log_map(player_log(s->p), player_at(s->p), &ev) != FT_OK || !ev->map)
		return false;
	for (size_t i = 0; i < ev->map->n; i++) {
		const struct event_region *r = &ev->map->regions[i];
		if (address < r->lo || address >= r->hi)
			continue;
		say_text(s, kind_at(ev->map, r, address));
		say(s, ", 0x%llx-0x%llx %s", (unsigned long long)r->lo, (unsigned long long)r->hi,
		    r->perms);
		if (r->path && *r->path) {
			say(s, " ");
			say_text(s, r->path);
		}
		say(s, "%s%s\n", r->what ? ": " : "", r->what ? r->what : "");
		return true;
	}
	return false;
}

static bool is_number(const char *s, unsigned long long *ret)
{
	char *end;
	errno = 0;
	*ret = strtoull(s, &end, 0);
	return isdigit((unsigned char)*s) && (!*end || isspace((unsigned char)*end)) && !errno;
}

// A number, or what has an address as its value: &n, p, said(&boxed), rsp.
static enum outcome parse_address(struct plain *s, const char *what, unsigned long long *ret)
{
	struct buf b;
	enum outcome o = DONE;
	if (!*what)
		return wrong(s, "which address? where 0x7fffffffe4ac, where &n, where p");
	if (is_number(what, ret))
		return DONE;
	buf_init(&b);
	enum ft_rc rc = player_value(s->p, what, &b);
	if (rc == FT_NONE)
		player_missing(s->p, what, &b);
	if (rc == FT_FAIL)
		o = wrong_error(s);
	else if (rc == FT_NONE)
		o = wrong(s, "which address? %s", b.s);
	else if (!is_number(b.s, ret))
		o = wrong(s, "which address? %s is %s", what, b.s);
	buf_deinit(&b);
	return o;
}

static enum outcome run_where(struct plain *s, const char *arguments)
{
	const struct store_function *fn;
	enum outcome o = DONE;
	unsigned long long address;
	if (parse_address(s, arguments, &address) != DONE)
		return FAILED;
	if (where_on_stack(s, address, &o) || where_on_heap(s, address))
		return o;
	enum ft_rc rc = log_function_at(player_log(s->p), address, &fn);
	if (rc == FT_FAIL)
		return wrong_error(s);
	if (rc == FT_OK) {
		say(s, "code of ");
		say_text(s, fn->name);
		say(s, "+%llu\n", (unsigned long long)(address - fn->lo));
		where_in_map(s, address); // its permissions
		ft_error_clear();
		return DONE;
	}
	if (where_in_map(s, address))
		return DONE;
	const struct event *map;
	if (address < NULL_PAGES && log_map(player_log(s->p), player_at(s->p), &map) == FT_OK) {
		say(s, "unmapped: what NULL and a small offset from it point to\n");
		return DONE;
	}
	ft_error_clear();
	return wrong(s, "nothing that the log knows of is at 0x%llx", address);
}

const struct command_of space_commands[] = {
	{"stack", "", "", "the stack as it lies in memory, high addresses on top", run_stack,
	 false},
	{"heap", "", "", "the heap blocks that are in use", run_heap, false},
	{"map", "", "", "the address space", run_map, false},
	{"where", "", "ADDRESS", "what is there; ADDRESS may be &n, p", run_where, false},
	{"output", "", "", "what the program has written so far", run_output, false},
	{NULL, NULL, NULL, NULL, NULL, false},
};
