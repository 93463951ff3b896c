#include "events/kinds.h"

#include <assert.h>

#include "base/base.h"

static const struct {
	const char *name;
	enum event_group group;
} kinds[] = {
	[EVENT_START] = {"start", GROUP_RUN},	   [EVENT_PUSH] = {"push", GROUP_FRAMES},
	[EVENT_POP] = {"pop", GROUP_FRAMES},	   [EVENT_INLINE] = {"inline", GROUP_FRAMES},
	[EVENT_SIGNAL] = {"signal", GROUP_RUN},	   [EVENT_THREAD] = {"thread", GROUP_RUN},
	[EVENT_CHILD] = {"child", GROUP_RUN},	   [EVENT_EXEC] = {"exec", GROUP_RUN},
	[EVENT_INSN] = {"insn", GROUP_STEPS},	   [EVENT_LINE] = {"line", GROUP_STEPS},
	[EVENT_CHANGE] = {"change", GROUP_STEPS},  [EVENT_NOTE] = {"note", GROUP_RUN},
	[EVENT_MAP] = {"map", GROUP_SPACE},	   [EVENT_WHERE] = {"where", GROUP_SPACE},
	[EVENT_ALARM] = {"alarm", GROUP_RUN},	   [EVENT_OVERFLOW] = {"overflow", GROUP_RUN},
	[EVENT_ALLOC] = {"alloc", GROUP_HEAP},	   [EVENT_FREE] = {"free", GROUP_HEAP},
	[EVENT_REALLOC] = {"realloc", GROUP_HEAP}, [EVENT_BRK] = {"brk", GROUP_HEAP},
	[EVENT_EXIT] = {"exit", GROUP_RUN},
};
_Static_assert(FT_COUNT(kinds) == EVENT_KINDS, "each kind has a name");

const char *event_kind_name(enum event_kind kind)
{
	assert((unsigned)kind < EVENT_KINDS && kinds[kind].name);
	return kinds[kind].name;
}

enum event_group event_group(enum event_kind kind)
{
	assert((unsigned)kind < EVENT_KINDS && kinds[kind].name);
	return kinds[kind].group;
}

const char *pop_how_name(enum pop_how how)
{
	switch (how) {
	case POP_RETURN:
		return "return";
	case POP_TAIL_CALL:
		return "tail call";
	case POP_UNWOUND:
		return "unwound";
	case POP_LONGJMP:
		return "longjmp";
	case POP_EXIT:
		return "exit";
	}
	return "";
}
