#include "report/alike.h"

#include <string.h>

void alike_init(struct alike *a, alike_teller tell, struct reporter *r)
{
	*a = (struct alike){.tell = tell, .reporter = r};
	buf_init(&a->function);
}

void alike_deinit(struct alike *a)
{
	buf_deinit(&a->function);
}

static bool is_like_first(const struct alike *a, const struct event *ev)
{
	return a->n > 0 && ev->tid == a->first.tid && strcmp(ev->function, a->function.s) == 0;
}

bool alike_keeps(struct alike *a, const struct event *ev)
{
	bool keeps = ev->kind == EVENT_POP && ev->how == POP_EXIT;
	if (!keeps || !is_like_first(a, ev))
		alike_tell(a);
	if (!keeps)
		return false;
	if (a->n++ > 0)
		return true;
	buf_reset(&a->function);
	buf_str(&a->function, ev->function);
	a->first = (struct event){
		.kind = EVENT_POP, .how = POP_EXIT, .tid = ev->tid, .depth = ev->depth};
	return true;
}

void alike_tell(struct alike *a)
{
	if (a->n == 0)
		return;
	a->first.function = a->function.s;
	a->tell(a->reporter, &a->first, a->n);
	a->n = 0;
}
