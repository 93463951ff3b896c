/*
 * text.c - one line per push and pop, for a person at a terminal of 100 columns.
 *
 * The layouts that were tried, with the tutorial's program (f() is double::double):
 *
 *   numbers last, as most tracers do:     > double::main()  double.rs:5  0x7fffffffe480  -64
 *	Nothing lines up: every call pushes its numbers somewhere else.
 *   numbers last in a fixed column:       > f(n=48)                      0x7fffffffe470  -16
 *	Lines up until the first long argument, which is just where one wants to compare.
 *   nested braces, as uftrace does:       f(n=48) { ... } = 96
 *	Good to read as code; two of three lines carry no number, and a leaf on one line has no
 *	room for two values of rsp.
 *   rsp first, then delta:                0x7fffffffe470  -16  > f(n=48)
 *	Lines up at every depth. But one reads the result before what led to it.
 *   delta first, then rsp:                -16  0x7fffffffe470  > f(n=48)
 *	As in an account: the movement, then the balance. The rsp of the line above plus this
 *	line's delta is this line's rsp (unless the caller moved rsp for arguments), so that a
 *	student can check each line. This is it.
 *
 * What is left of 100 columns goes to the call, then to the source line and the return address,
 * which are what may wrap. The bars make it possible to find the pop of a push by eye; they are
 * ASCII, since a trace is read in any locale. The indentation stops at INDENT_LEVELS, where it
 * says the depth as a number, in the same place, so that 100 000 frames stay readable.
 *
 * With -v the lines below a push or pop keep the column of rsp for addresses: one reads the frame
 * downwards from the CFA.
 */
#include "report/text_reporter.h"

#include <stdlib.h>
#include <string.h>

#include "events/kinds.h"

enum {
	INDENT_LEVELS = 10, // then there is still room for a call before COLUMN_SOURCE
	INDENT_WIDTH = 2 * INDENT_LEVELS,
	COLUMN_RETURN = 76,
	COLUMN_END = 100,
};

static const char guides[] = "| | | | | | | | | | ";
_Static_assert(sizeof(guides) == INDENT_WIDTH + 1, "one guide per level");

void text_numbers(struct lines *l, const struct event *ev)
{
	bool down = ev->kind == EVENT_PUSH || (ev->kind == EVENT_INSN && ev->delta < 0);

	lines_tone(l, down ? TONE_PUSH : TONE_POP);
	if (ev->delta_known)
		lines_signed(l, ev->delta, WIDTH_DELTA);
	else
		buf_pad(&l->b, ' ', WIDTH_DELTA); // rsp did not move, or nobody saw how
	lines_tone(l, TONE_PLAIN);
	buf_add(&l->b, "  ", 2);
	if (ev->rsp)
		lines_hex(l, ev->rsp, WIDTH_RSP);
	else
		buf_pad(&l->b, ' ', WIDTH_RSP);
}

/* The depth: as guides, or beyond INDENT_LEVELS as a number in their place. */
static void add_depth(struct lines *l, uint32_t depth, bool number)
{
	char text[INDENT_WIDTH + 1] = "";

	lines_tone(l, TONE_ASIDE);
	if (depth <= INDENT_LEVELS) {
		buf_add(&l->b, guides, 2 * (size_t)depth);
	} else {
		if (number)
			snprintf(text, sizeof(text), "depth %u ", depth);
		buf_pad(&l->b, ' ', INDENT_WIDTH - strlen(text));
		lines_ours(l, text);
	}
	lines_tone(l, TONE_PLAIN);
}

/* What is between the numbers and a frame's own text; mark is NULL on lines of details. */
void text_indent(struct reporter *r, const struct event *ev, const char *mark)
{
	struct lines *l = &r->lines;

	buf_add(&l->b, "  ", 2);
	if (r->threads) {
		buf_char(&l->b, '[');
		buf_dec(&l->b, ev->tid);
		buf_add(&l->b, "] ", 2);
	}
	if (ev->depth)
		add_depth(l, ev->depth, mark != NULL);
	if (mark)
		lines_ours(l, mark);
}

/* Where in the source; without debug information at least the file that holds the code. */
void text_source(struct lines *l, const struct event *ev)
{
	if (!ev->file && !ev->module)
		return;
	lines_column(l, COLUMN_SOURCE);
	lines_tone(l, TONE_ASIDE);
	if (ev->file) {
		lines_position(l, ev->file, ev->line);
	} else {
		buf_char(&l->b, '(');
		lines_text(l, path_name(ev->module));
		buf_char(&l->b, ')');
	}
}

/* A value that is shown as an address: there it says something to name the block behind it. */
static bool is_address(const struct event_value *v)
{
	return strncmp(v->value, "0x", 2) == 0;
}

static void add_args(struct lines *l, const struct event *ev)
{
	buf_char(&l->b, '(');
	if (!ev->args_known)
		buf_char(&l->b, '?');
	for (size_t i = 0; i < ev->n_args; i++) {
		if (i)
			buf_add(&l->b, ", ", 2);
		if (*ev->args[i].name) {
			lines_text(l, ev->args[i].name);
			buf_char(&l->b, '=');
		}
		lines_text(l, ev->args[i].value);
		if (is_address(&ev->args[i]))
			text_block(l, &ev->args[i], false);
	}
	buf_char(&l->b, ')');
}

/* Once, before the first f(?). */
static void explain_unknown(struct reporter *r)
{
	if (r->told_unknown || r->options.quiet)
		return;
	r->told_unknown = true;
	text_other_begin(&r->lines, 0);
	lines_ours(&r->lines, "note: f(?) stands for arguments that no debug information tells of");
	text_end_detail(&r->lines);
}

static void text_push(struct reporter *r, const struct event *ev)
{
	struct lines *l = &r->lines;

	if (!ev->args_known)
		explain_unknown(r);
	text_numbers(l, ev);
	text_indent(r, ev, "> ");
	lines_tone(l, TONE_FUNCTION);
	lines_text(l, ev->function);
	lines_tone(l, TONE_PLAIN);
	add_args(l, ev);
	text_source(l, ev);
	if (ev->return_symbol || ev->return_address) {
		lines_column(l, COLUMN_RETURN);
		lines_ours(l, "returns to ");
		if (ev->return_symbol)
			lines_symbol(l, ev->return_symbol, COLUMN_END);
		else
			buf_hex(&l->b, ev->return_address);
	}
	lines_tone(l, TONE_PLAIN);
	lines_end(l);
	text_dangling(r, l, ev);
	if (r->options.verbose)
		text_push_details(r, ev);
	text_frame(r, l, ev, r->options.verbose);
	text_detail_walk(r, ev);
}

/* Where a frame has its delta and rsp it says that there is none: nothing moved. */
static void text_inline(struct reporter *r, const struct event *ev)
{
	static const char word[] = "(inlined)";
	struct lines *l = &r->lines;

	lines_tone(l, TONE_ASIDE);
	buf_pad(&l->b, ' ', WIDTH_DELTA + 2 + WIDTH_RSP - (sizeof(word) - 1));
	lines_ours(l, word);
	text_indent(r, ev, "~ ");
	lines_text(l, ev->function);
	lines_tone(l, TONE_PLAIN);
	add_args(l, ev);
	text_source(l, ev);
	if (ev->caller_file && ev->caller_line) {
		lines_column(l, COLUMN_RETURN);
		lines_ours(l, "called at ");
		lines_position(l, ev->caller_file, ev->caller_line);
	}
	lines_tone(l, TONE_PLAIN);
	lines_end(l);
	if (!r->options.verbose)
		return;
	for (size_t i = 0; i < ev->n_args; i++)
		text_detail_value(r, ev, "argument", &ev->args[i]);
	text_begin_detail(r, ev, true, ev->pc);
	lines_ours(l, "begins here, called by ");
	lines_text(l, ev->caller);
	lines_ours(l, " in the frame of ");
	lines_text(l, ev->within);
	if (ev->loops)
		lines_ours(l, "; head of a loop: told at each turn");
	text_end_detail(l);
}

static void add_how(struct reporter *r, const struct event *ev, uint64_t n_alike)
{
	struct lines *l = &r->lines;

	switch (ev->how) {
	case POP_RETURN:
		if (!ev->has_return && ev->args_known)
			return;
		lines_ours(l, " = ");
		lines_tone(l, TONE_VALUE);
		if (ev->has_return)
			lines_text(l, ev->returned.value);
		else
			buf_char(&l->b, '?'); // its type is as unknown as its arguments
		if (ev->has_return && is_address(&ev->returned))
			text_block(l, &ev->returned, false);
		break;
	case POP_TAIL_CALL:
		lines_ours(l, ": tail call");
		if (ev->tail_target) {
			lines_ours(l, " to ");
			lines_text(l, ev->tail_target);
		}
		break;
	case POP_UNWOUND:
		lines_tone(l, TONE_ALARM);
		lines_ours(l, ": unwound, left without a return");
		break;
	case POP_LONGJMP:
		lines_tone(l, TONE_ALARM);
		lines_ours(l, ": left by longjmp, without a return");
		break;
	case POP_EXIT:
		lines_ours(l, ": still there at exit");
		if (n_alike > 1) {
			lines_ours(l, ", ");
			lines_count(l, n_alike, "frame");
		}
		break;
	}
	lines_tone(l, TONE_PLAIN);
}

static void text_pop(struct reporter *r, const struct event *ev, uint64_t n_alike)
{
	struct lines *l = &r->lines;

	text_numbers(l, ev);
	text_indent(r, ev, "< ");
	lines_text(l, ev->function);
	add_how(r, ev, n_alike);
	if (ev->file && ev->pc && ev->line)
		text_source(l, ev);
	lines_tone(l, TONE_PLAIN);
	lines_end(l);
	text_dangling(r, l, ev);
	text_frame(r, l, ev, r->options.verbose);
	if (r->options.verbose)
		text_pop_details(r, ev);
	text_detail_walk(r, ev);
}

static void add_headings(struct reporter *r)
{
	struct lines *l = &r->lines;

	lines_tone(l, TONE_ASIDE);
	lines_ours(l, r->options.verbose || r->options.walk || r->options.frames
			      ? "  delta  rsp or address  "
			      : "  delta  rsp             ");
	lines_ours(l, "> frame pushed, < frame popped = value");
	lines_column(l, COLUMN_SOURCE);
	lines_ours(l, "source");
	lines_column(l, COLUMN_RETURN);
	lines_ours(l, "return address");
	text_end_detail(l);
	if (r->options.frames)
		text_frame_headings(l);
}

// One line tells of all of them, with the depth of the innermost.
static void tell_alike(struct reporter *r, const struct event *first, uint64_t n)
{
	lines_reset(&r->lines);
	text_pop(r, first, n);
	fwrite(r->lines.b.s, 1, r->lines.b.len, r->out);
}

static struct reporter *text_open(FILE *out, const struct report_options *o)
{
	struct reporter *r = xcalloc(1, sizeof(*r));

	r->out = out;
	r->options = *o;
	r->threads = o->threads;
	lines_init(&r->lines, o->color);
	alike_init(&r->alike, tell_alike, r);
	return r;
}

static void text_close(struct reporter *r)
{
	alike_tell(&r->alike);
	alike_deinit(&r->alike);
	lines_deinit(&r->lines);
	free(r);
}

static void add_frame_event(struct reporter *r, const struct event *ev)
{
	if (ev->kind == EVENT_PUSH)
		text_push(r, ev);
	else if (ev->kind == EVENT_POP)
		text_pop(r, ev, 1);
	else
		text_inline(r, ev);
}

static void add_event(struct reporter *r, const struct event *ev)
{
	const struct report_options *o = &r->options;
	bool named = r->threads && ev->kind != EVENT_START;

	switch (event_group(ev->kind)) {
	case GROUP_FRAMES:
		add_frame_event(r, ev);
		break;
	case GROUP_STEPS:
		text_step(r, &r->lines, ev, o->verbose);
		break;
	case GROUP_HEAP:
		if (!o->quiet)
			text_heap(r, &r->lines, ev, o->verbose);
		break;
	case GROUP_SPACE:
	case GROUP_RUN:
		text_other(&r->lines, ev, named ? ev->tid : 0, o->quiet, o->verbose);
		if (ev->kind == EVENT_START && !o->quiet)
			add_headings(r);
		break;
	}
}

static void text_event(struct reporter *r, const struct event *ev)
{
	r->threads |= text_is_other_thread(ev, &r->first_tid);
	if (alike_keeps(&r->alike, ev))
		return;
	lines_reset(&r->lines);
	add_event(r, ev);
	if (ev->kind == EVENT_SIGNAL && r->options.verbose && !r->options.quiet)
		text_signal_details(r, ev);
	if (r->lines.b.len && r->options.registers)
		text_registers(&r->lines, ev);
	if (r->lines.b.len) // all lines of an event at once: no other writer comes in between
		fwrite(r->lines.b.s, 1, r->lines.b.len, r->out);
}

/* Line by line, in quotes: what the program wrote looks like nothing of ours. */
static void text_output(struct reporter *r, const struct report_output *o)
{
	struct lines *l = &r->lines;
	const char *end = o->bytes + o->len, *next;

	alike_tell(&r->alike);
	lines_reset(l);
	for (const char *s = o->bytes; s < end; s = next) {
		const char *newline = memchr(s, '\n', (size_t)(end - s));
		next = newline ? newline + 1 : end;
		text_other_begin(l, 0);
		lines_ours(l, o->stream == 2 ? "stderr \"" : "stdout \"");
		buf_escaped(&l->b, s, (size_t)(next - s), '"');
		buf_char(&l->b, '"');
		text_end_detail(l);
	}
	if (l->b.len)
		fwrite(l->b.s, 1, l->b.len, r->out);
}

const struct report_format report_text = {
	.name = "text",
	.help = "one line per frame pushed or popped, for people",
	.open = text_open,
	.event = text_event,
	.output = text_output,
	.close = text_close,
};
