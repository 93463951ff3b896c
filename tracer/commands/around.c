#include "commands/around.h"

#include <stdlib.h>
#include <string.h>

struct held {
	struct event ev;
	char *text; // all its strings
	struct event_value *args;
};

struct around {
	struct held *h; // by seq
	size_t n, cap;
};

struct around *around_create(void)
{
	return xcalloc(1, sizeof(struct around));
}

static void held_deinit(struct held *h)
{
	free(h->text);
	free(h->args);
}

void around_destroy(struct around *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n; i++)
		held_deinit(&a->h[i]);
	free(a->h);
	free(a);
}

// The texts of a push that are worth a copy.
enum { EVENT_TEXTS = 7, VALUE_TEXTS = 9 };

static void event_texts(struct event *ev, const char **ret[EVENT_TEXTS])
{
	const char **texts[] = {&ev->function,	    &ev->symbol, &ev->module,	  &ev->file,
				&ev->return_symbol, &ev->caller, &ev->caller_file};
	memcpy(ret, texts, sizeof(texts));
}

static void value_texts(struct event_value *v, const char **ret[VALUE_TEXTS])
{
	const char **texts[] = {&v->name,  &v->type, &v->value, &v->reg,     &v->why,
				&v->entry, &v->full, &v->json,	&v->dangling};
	memcpy(ret, texts, sizeof(texts));
}

static size_t measure(const char **const *texts, size_t n)
{
	size_t len = 0;
	for (size_t i = 0; i < n; i++)
		len += *texts[i] ? strlen(*texts[i]) + 1 : 0;
	return len;
}

// Returns where the next text goes.
static char *move(const char **const *texts, size_t n, char *to)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = *texts[i] ? strlen(*texts[i]) + 1 : 0;
		if (!len)
			continue;
		memcpy(to, *texts[i], len);
		*texts[i] = to;
		to += len;
	}
	return to;
}

static struct held copy(const struct event *ev)
{
	struct held h = {.ev = *ev};
	const char **texts[EVENT_TEXTS], **of_value[VALUE_TEXTS];
	h.ev.parts = NULL;
	h.ev.slots = NULL;
	h.ev.walk = NULL;
	h.ev.ghosts = NULL;
	h.ev.elsewhere = NULL;
	h.ev.registers = NULL;
	h.ev.n_parts = h.ev.n_slots = h.ev.n_walk = h.ev.n_ghosts = h.ev.n_elsewhere = 0;
	h.ev.n_registers = 0;
	if (ev->n_args) {
		h.args = xreallocarray(NULL, ev->n_args, sizeof(*h.args));
		memcpy(h.args, ev->args, ev->n_args * sizeof(*h.args));
	}
	h.ev.args = h.args;
	event_texts(&h.ev, texts);
	size_t len = measure(texts, EVENT_TEXTS);
	for (size_t i = 0; i < ev->n_args; i++) {
		h.args[i].points_to = NULL; // of an address that may mean something else by then
		value_texts(&h.args[i], of_value);
		len += measure(of_value, VALUE_TEXTS);
	}
	char *to = h.text = xmalloc(len + 1);
	to = move(texts, EVENT_TEXTS, to);
	for (size_t i = 0; i < ev->n_args; i++) {
		value_texts(&h.args[i], of_value);
		to = move(of_value, VALUE_TEXTS, to);
	}
	return h;
}

void around_event(struct around *a, const struct event *ev)
{
	if (ev->kind == EVENT_PUSH) {
		a->h = xgrow(a->h, a->n, &a->cap, sizeof(*a->h));
		a->h[a->n++] = copy(ev);
		return;
	}
	if (ev->kind != EVENT_POP)
		return;
	for (size_t i = a->n; i-- > 0;) { // nearly always the last one
		if (a->h[i].ev.seq != ev->pushed_seq)
			continue;
		held_deinit(&a->h[i]);
		memmove(a->h + i, a->h + i + 1, (--a->n - i) * sizeof(*a->h));
		return;
	}
}

enum ft_rc around_tell(const struct around *a,
		       enum ft_rc (*sink)(void *ctx, const struct event *ev), void *ctx)
{
	enum ft_rc rc = FT_OK;
	for (size_t i = 0; i < a->n && rc == FT_OK; i++)
		rc = sink(ctx, &a->h[i].ev);
	return rc;
}
