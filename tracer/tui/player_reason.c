/*
 * player_reason.c - in words: why a name means nothing here, how old a value is.
 */
#include <stdlib.h>
#include <string.h>

#include "tui/player_private.h"

enum { MAX_NESTED = 8 };

// ---- how old ----

bool player_as_of(struct player *p, uint64_t pushed, uint64_t *ret)
{
	bool is_told = pushed == PLAYER_NO_SEQ || pushed >= p->at;
	if (is_told || log_info(p->log)->holds.line)
		return false;
	const struct event_frame_at_signal *f;
	*ret = pushed; // between push and pop nobody looked, but at a signal
	if (log_told(p->log, pushed, p->at, ret, &f) == FT_FAIL)
		ft_error_clear(); // the values themselves tell of it
	return *ret < p->at;
}

bool player_value_as_of(struct player *p, const char *name, uint64_t *ret)
{
	struct scope at;
	const struct event_value *v;
	enum ft_rc rc = here_selected(p, &at);
	if (rc == FT_OK)
		rc = *name == '$' ? FT_NONE : variable_at(p, &at, name, &v);
	if (rc == FT_FAIL)
		ft_error_clear(); // the value itself has told of it
	if (rc != FT_OK)
		return false;
	if (player_as_of(p, at.pushed, ret))
		return true;
	return target_told_at(p, &at, name, ret) && *ret < p->at; // it may have changed since
}

// ---- why not ----

/* A name that means nothing, and where. */
struct missing {
	struct player *p;
	struct scope at;
	struct buf *ret;
};

static bool is_one_of(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static bool is_register(const char *name)
{
	static const char *const names[] = {"rip", "rsp", "rbp", "rax", "rbx",	  "rcx",   "rdx",
					    "rsi", "rdi", "r8",	 "r9",	"r10",	  "r11",   "r12",
					    "r13", "r14", "r15", "rfl", "eflags", "rflags"};
	return is_one_of(name, names, FT_COUNT(names));
}

static bool slots_have(const struct event *ev, const char *name, size_t len)
{
	for (size_t i = 0; i < ev->n_slots; i++) {
		const struct event_slot *s = &ev->slots[i];
		if (s->type && s->name && strlen(s->name) == len && !strncmp(s->name, name, len))
			return true;
	}
	return false;
}

static bool values_have(const struct event_value *v, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].name && strlen(v[i].name) == len && strncmp(v[i].name, name, len) == 0)
			return true;
	return false;
}

// The frame has such a variable, by the map of its bytes or by what its pop told.
static bool comes_later(const struct missing *m, const char *name, size_t len)
{
	const struct event *ev;
	uint64_t popped;
	bool found = false;
	if (m->at.pushed == PLAYER_NO_SEQ)
		return false;
	enum ft_rc rc = log_event(m->p->log, m->at.pushed, &ev);
	if (rc == FT_OK)
		found = slots_have(ev, name, len);
	if (rc == FT_OK && !found)
		rc = log_popped(m->p->log, m->at.pushed, &popped);
	if (rc == FT_OK && !found)
		rc = log_event(m->p->log, popped, &ev);
	if (rc == FT_OK && !found)
		found = values_have(ev->args, ev->n_args, name, len) ||
			values_have(ev->locals, ev->n_locals, name, len);
	return found;
}

// A pointer, or one in a struct (path: ".next"), that is NULL.
static bool is_null(const struct event_value *v, const char *path)
{
	const char *text = v->value;
	size_t n = strlen(text);
	if (*path && !value_member(text, n, path, &text, &n))
		return false;
	return n == 3 && memcmp(text, "0x0", 3) == 0;
}

static bool is_of_void(const char *type)
{
	size_t n = type ? strlen(type) : 0;
	return n >= 6 && strcmp(type + n - 6, "void *") == 0;
}

static void say_variable(const struct missing *m, const char *name)
{
	const struct event_value *v;
	size_t star = *name == '*', len = strcspn(name + star, ".[-");
	enum ft_rc rc = variable_at(m->p, &m->at, name, &v);
	bool known = rc == FT_OK && v->value && *v->value != '<';
	if (rc == FT_OK && !known)
		buf_printf(m->ret, "the value of %.*s is not known", (int)len, name + star);
	else if (rc == FT_OK && star && is_null(v, name + star + len))
		buf_printf(m->ret, "%s is 0x0: it points to nothing", name + star);
	else if (rc == FT_OK && star)
		buf_printf(m->ret, "what %s points to was not recorded%s", name + 1,
			   is_of_void(v->type) ? ": its type does not say what that is" : "");
	else if (rc == FT_OK && *name == '&')
		buf_printf(m->ret, "%s is not in memory, or its address is not known", name + 1);
	else if (rc == FT_OK)
		buf_printf(m->ret, "%.*s has no part \"%s\" that is known", (int)len, name,
			   name + len);
	else if (comes_later(m, name + star, len))
		buf_printf(m->ret, "%.*s is not known yet", (int)len, name + star);
}

static void say_at_address(const struct missing *m, const char *what, const char *inner,
			   const char *address)
{
	char *end;
	uint64_t at = strtoull(address, &end, 0);
	struct buf *ret = m->ret;
	if (end == address) {
		buf_printf(ret, "%s is no address", inner);
		return;
	}
	if (strcmp(what, "block_size") == 0)
		buf_str(ret, "no heap block that is in use here is at ");
	else
		buf_str(ret, "the address space, when it was looked at last, had nothing at ");
	buf_hex(ret, at);
}

static void say_why_not(const struct missing *m, const char *name, unsigned nested);

static void say_nested(const struct missing *m, const char *what, const char *inner,
		       unsigned nested)
{
	struct buf b;
	if (strcmp(what, "said") == 0) {
		buf_printf(m->ret, "no line of the output so far begins with \"%s\"", inner);
		return;
	}
	if (strcmp(what, "block_size") == 0 && !log_info(m->p->log)->holds.heap) {
		buf_str(m->ret, "heap blocks were not recorded (--no-heap)");
		return;
	}
	buf_init(&b);
	bool is_number = *inner >= '0' && *inner <= '9';
	enum ft_rc rc = is_number ? FT_OK : value_at(m->p, &m->at, inner, &b);
	if (rc == FT_NONE)
		say_why_not(m, inner, nested + 1);
	else if (rc == FT_OK)
		say_at_address(m, what, inner, is_number ? inner : b.s);
	buf_deinit(&b);
}

static void say_word(const struct missing *m, const char *name)
{
	static const char *const of_frame[] = {"cfa", "frame_rsp", "frame_bytes", "stack_bytes",
					       "depth"};
	static const char *const of_heap[] = {"blocks", "bytes"};
	const struct store_holds *holds = &log_info(m->p->log)->holds;
	if (is_one_of(name, of_frame, FT_COUNT(of_frame)))
		buf_printf(m->ret, "%s is of a frame, and there is none here", name);
	else if (is_one_of(name, of_heap, FT_COUNT(of_heap)) && !holds->heap)
		buf_str(m->ret, "heap blocks were not recorded (--no-heap)");
	else if (is_register(name) && !holds->registers)
		buf_str(m->ret, "registers were not recorded (record --registers)");
	else if (is_register(name))
		buf_printf(m->ret, "this event has no %s", name);
	else if (strcmp(name, "return") == 0)
		buf_str(m->ret, "nothing that is known was returned before this event");
	else if (strcmp(name, "status") == 0)
		buf_str(m->ret, "status is that of the program's end, which is not here");
}

static void say_why_not(const struct missing *m, const char *name, unsigned nested)
{
	size_t before = m->ret->len;
	const char *what;
	char *inner;
	if (nested < MAX_NESTED && fact_split(name, &what, &inner)) {
		say_nested(m, what, inner, nested);
		free(inner);
		return;
	}
	if (*name != '$')
		say_variable(m, name);
	if (m->ret->len == before)
		say_word(m, name + (*name == '$'));
	if (m->ret->len > before)
		return;
	buf_printf(m->ret, "there is no \"%s\" here", name);
	if (m->p->n_frames == 0)
		buf_str(m->ret, ", and no frame");
}

void player_missing(struct player *p, const char *name, struct buf *ret)
{
	struct missing m = {.p = p, .ret = ret};
	if (here_selected(p, &m.at) == FT_OK)
		say_why_not(&m, name, 0);
	else
		buf_printf(ret, "there is no \"%s\" here", name);
	ft_error_clear();
}
