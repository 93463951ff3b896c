/*
 * codec_check.c - what an event must have by its kind: a report relies on it, a stranger's log may
 * lack it.
 */
#include "store/codec_private.h"

static bool has_place(const struct event *ev)
{
	return ev->function && ev->module;
}

bool codec_is_whole(const struct event *ev)
{
	if (ev->has_return && !(ev->returned.name && ev->returned.type && ev->returned.value))
		return false;
	switch (ev->kind) {
	case EVENT_START:
	case EVENT_EXEC:
		return ev->program;
	case EVENT_PUSH:
	case EVENT_POP:
	case EVENT_INSN:
	case EVENT_LINE:
	case EVENT_CHANGE:
		return has_place(ev);
	case EVENT_INLINE:
		return has_place(ev) && ev->within;
	case EVENT_SIGNAL:
		return ev->signal_name;
	case EVENT_THREAD:
	case EVENT_CHILD:
		return true;
	case EVENT_NOTE:
		return ev->text;
	case EVENT_MAP:
		return ev->map;
	case EVENT_WHERE:
		return ev->where;
	case EVENT_ALARM:
		return has_place(ev) && ev->alarm;
	case EVENT_OVERFLOW:
		return ev->overflow;
	case EVENT_ALLOC:
	case EVENT_FREE:
	case EVENT_REALLOC:
	case EVENT_BRK:
		return ev->heap;
	case EVENT_EXIT:
		return ev->summary && (!ev->signal || ev->signal_name);
	}
	return false;
}
