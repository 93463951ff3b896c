/*
 * explain_words.c - paragraphs of the explain format, and what is explained once.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/explain.h"
#include "report/text.h"

enum {
	INDENT = 2,	   // columns a level
	LEVELS_MAX = 20,   // beyond it the depth is told as a number
	LESSON_INDENT = 2, // of a lesson, behind the mark
};

/* The words are those of docs/GLOSSARY.md. */
const char *explain_lesson(enum lesson lesson)
{
	switch (lesson) {
	case LESSON_FRAME:
		return "A frame is the memory on the stack that one call of a function uses: the "
		       "return address, saved registers, locals. It is pushed when the function is "
		       "called and popped when the function is left; the last one pushed is the "
		       "first one popped.";
	case LESSON_RETURN_ADDRESS:
		return "The return address says where in the code the caller goes on afterwards. "
		       "The call instruction stores it on the stack, the ret instruction takes it "
		       "from there.";
	case LESSON_RSP:
		return "The register rsp holds the address of the top of the stack. The stack "
		       "grows towards lower addresses: a push makes rsp smaller, a pop makes it "
		       "greater again.";
	case LESSON_ARGUMENTS:
		return "Small arguments are usually handed over in registers. Code that is not "
		       "optimised then stores them in the frame, where they have an address.";
	case LESSON_STACK_ARGUMENT:
		return "What does not go into registers is handed over in memory, which the caller "
		       "provides: it is not part of the new frame.";
	case LESSON_RED_ZONE:
		return "The red zone is the 128 bytes below rsp. A function that calls no other "
		       "one may use them without moving rsp.";
	case LESSON_RETURN_VALUE:
		return "Return value and return address are two things: the value is what the "
		       "function computed, the address is where in the code its caller goes on.";
	case LESSON_RETURN_IN_MEMORY:
		return "A value that is too large for registers is returned in memory: the caller "
		       "provides the room and hands over its address.";
	case LESSON_POPPED:
		return "A pop erases nothing. The bytes stay as they are, below rsp, but nothing "
		       "protects them any more: what is called next may write over them.";
	case LESSON_TAIL_CALL:
		return "A tail call is a jump to another function as the last thing that a "
		       "function does. The other function finds the same return address and "
		       "returns straight to the first caller.";
	case LESSON_UNWOUND:
		return "No ret of it ran. An exception, a panic or longjmp leaves frames this way, "
		       "or a jump to another function that was not recognised as a tail call.";
	case LESSON_LEFT:
		return "What is still on a stack at the end needs no pop: all memory of the "
		       "process goes back to the kernel at once.";
	case LESSON_INLINED:
		return "An inlined call is none for the processor: the compiler has put the code "
		       "of the function in the caller's place. There is no return address and no "
		       "frame, and rsp does not move.";
	case LESSON_SIGNAL:
		return "A signal interrupts a thread wherever it is. If the program has a handler "
		       "for it, that function runs next; if not, the signal is ignored, or it "
		       "stops or ends the program.";
	case LESSON_HANDLER:
		return "A handler is not called by the program. The kernel stores what the thread "
		       "was doing on the stack, and a return address that leads to code which "
		       "takes it up again.";
	case LESSON_THREAD:
		return "The threads of a process share its memory, the heap included, but each "
		       "thread has a stack of its own.";
	case LESSON_PROCESS:
		return "A process has memory of its own. What the new one does is not shown here.";
	case LESSON_EXEC:
		return "The process keeps its number, but its memory, with all stacks and the "
		       "heap, is replaced by that of the new program.";
	case LESSON_ACCOUNT:
		return "The lines of a frame are an account of rsp: from the call that makes the "
		       "frame to the ret that ends it, what is taken is given back.";
	case LESSON_GHOST:
		return "Bytes of a popped frame stay where they were until something is stored "
		       "there. That moment has come for these.";
	case LESSON_ADDRESS_SPACE:
		return "The address space is all addresses of the process. Each range of it that "
		       "holds something is a mapping; most of it is free.";
	case LESSON_RETURN_SMASHED:
		return "The processor does not check a return address: ret jumps to whatever these "
		       "8 bytes say.";
	case LESSON_CANARY:
		return "A canary is a number that the compiler puts between the locals and the "
		       "return address. The function compares it before it returns: if it is "
		       "another one, something wrote beyond its place.";
	case LESSON_OVERFLOW:
		return "A stack may not grow without end. Below it lies memory that nobody may "
		       "touch, so running off the stack is a fault, not a silent overwrite.";
	case LESSON_BLOCK:
		return "A block on the heap is in nobody's frame: it stays until it is freed, "
		       "whichever frames come and go. A variable holds only its address, 8 bytes.";
	case LESSON_USABLE:
		return "The allocator rounds sizes up, so that more bytes may be usable than were "
		       "asked for.";
	case LESSON_FREED:
		return "To free a block does not erase it: the allocator may give the same bytes "
		       "out again.";
	case LESSON_BAD_FREE:
		return "Only what the allocator gave out may be freed, once, by the address that "
		       "it gave. Anything else damages its records.";
	case LESSON_REALLOC:
		return "If there is no room behind a block, realloc moves it: the bytes are "
		       "copied, and the old address dangles.";
	case LESSON_BRK:
		return "The allocator takes memory from the kernel in large pieces and gives it "
		       "out in small blocks, so that most requests need no system call.";
	case LESSON_DANGLING:
		return "A pointer dangles if what it points to is gone: a block that was freed, a "
		       "frame that was popped. What one reads there is whatever is there now.";
	case LESSON_LEAK:
		return "A block that is never freed goes back to the kernel with all memory of the "
		       "process. Until then nobody else can use it.";
	case LESSONS:
		break;
	}
	return "";
}

void explain_teach(struct story *st, enum lesson lesson)
{
	if (!st->lessons || st->taught[lesson] || st->n_next == FT_COUNT(st->next))
		return;
	st->taught[lesson] = true;
	st->next[st->n_next++] = lesson;
}

/* Whether a paragraph is of one thread. */
static bool has_thread(const struct event *ev)
{
	return ev->tid && ev->kind != EVENT_START && ev->kind != EVENT_EXEC &&
	       ev->kind != EVENT_EXIT;
}

static size_t begin(struct story *st, const struct event *ev, uint32_t depth)
{
	struct lines *l = &st->lines;
	uint32_t level = depth < LEVELS_MAX ? depth : LEVELS_MAX;
	size_t from = l->b.len;
	buf_pad(&l->b, ' ', (size_t)INDENT * level);
	if (st->threads && has_thread(ev))
		buf_printf(&l->b, "[%d] ", ev->tid);
	if (depth > LEVELS_MAX)
		buf_printf(&l->b, "(depth %" PRIu32 ") ", depth);
	return l->b.len - from;
}

static enum tone tone_of(const char *mark)
{
	switch (*mark) {
	case '>':
		return TONE_PUSH;
	case '<':
		return TONE_POP;
	case '!':
		return TONE_ALARM;
	case '-':
		return TONE_NOTE;
	}
	return TONE_PLAIN;
}

void explain_end(struct story *st, const struct event *ev, uint32_t depth, const char *mark)
{
	struct lines *l = &st->lines;
	if (st->text.len > 0) {
		struct buf safe;
		buf_init(&safe);
		buf_escaped(&safe, st->text.s, st->text.len, 0);
		size_t column = begin(st, ev, depth);
		lines_tone(l, tone_of(mark));
		lines_ours(l, mark);
		lines_tone(l, TONE_PLAIN);
		text_sentence(l, column + strlen(mark), safe.s);
		buf_deinit(&safe);
		buf_reset(&st->text);
	}
	for (size_t i = 0; i < st->n_next; i++) {
		size_t column = begin(st, ev, depth) + strlen(mark) + LESSON_INDENT;
		char *words = xasprintf("(%s)", explain_lesson(st->next[i]));
		lines_tone(l, TONE_ASIDE);
		text_sentence(l, column, words);
		lines_tone(l, TONE_PLAIN);
		free(words);
	}
	st->n_next = 0;
}

void explain_omen(struct story *st, int tid, uint64_t cfa, enum omen omen)
{
	st->omens = xgrow(st->omens, st->n_omens, &st->cap_omens, sizeof(*st->omens));
	st->omens[st->n_omens++] = (struct omen_at){tid, cfa, omen};
}

enum omen explain_take_omen(struct story *st, int tid, uint64_t cfa)
{
	enum omen found = OMEN_NONE;
	size_t kept = 0;
	for (size_t i = 0; i < st->n_omens; i++) {
		struct omen_at *o = &st->omens[i];
		if (o->tid == tid && o->cfa == cfa)
			found = o->omen;
		// Below a frame that begins or ends nothing is left to be said of.
		if (o->tid != tid || o->cfa > cfa)
			st->omens[kept++] = *o;
	}
	st->n_omens = kept;
	return found;
}

void explain_count(struct story *st, uint64_t n, const char *noun)
{
	SAY(st, "%" PRIu64 " %s%s", n, noun, n == 1 ? "" : "s");
}

void explain_size(struct story *st, uint64_t bytes)
{
	buf_size(&st->text, bytes);
}

void explain_line(struct story *st, const char *file, uint32_t line)
{
	if (file && line)
		SAY(st, ", line %" PRIu32 " of %s", line, path_name(file));
}

void explain_target(struct story *st, const struct event_value *v)
{
	if (v->dangling) {
		SAY(st, " (it dangles: %s)", v->dangling);
		explain_teach(st, LESSON_DANGLING);
	} else if (v->block && v->block_offset) {
		SAY(st, " (the address of byte %" PRIu64 " of heap block #%" PRIu64 ")",
		    v->block_offset, v->block);
	} else if (v->block) {
		SAY(st, " (the address of heap block #%" PRIu64 ")", v->block);
	} else if (v->points_to && !strstr(v->value, " <")) { // else the value names it
		SAY(st, " (it points to: %s)", v->points_to);
	}
}
