/*
 * moment_text.c - one moment of a run for people: stacks with high addresses on top, then the heap,
 * registers, what the program had written, the address space.
 */
#include <stdio.h>
#include <string.h>

#include "report/moment.h"
#include "report/text.h"

enum {
	FRAMES_OUTER = 20,  // shown of a deep stack, at its outer end
	FRAMES_INNER = 100, // and at the other one, without -v
	COLUMN_FRAME = 18,
	COLUMN_VALUE = 20,
	REGISTERS_PER_LINE = 4,
};

static void heading(struct lines *l)
{
	text_other_begin(l, 0);
}

static void end_line(struct lines *l)
{
	lines_tone(l, TONE_PLAIN);
	lines_end(l);
}

static void add_moment(struct lines *l, const struct moment *s)
{
	heading(l);
	lines_ours(l, "after event ");
	buf_udec(&l->b, s->seq);
	lines_ours(l, ": ");
	lines_text(l, s->kind);
	if (s->function) {
		lines_ours(l, " of ");
		lines_text(l, s->function);
	}
	buf_printf(&l->b, ", %.3f ms after the start", (double)s->time_ns / 1e6);
	end_line(l);
}

static void add_address(struct lines *l, uint64_t address)
{
	buf_char(&l->b, ' ');
	buf_char(&l->b, ' ');
	if (address)
		lines_hex(l, address, WIDTH_RSP);
}

static void add_value(struct lines *l, const struct moment *s, const struct moment_value *v)
{
	lines_tone(l, v->as_of < s->seq ? TONE_ASIDE : TONE_PLAIN);
	add_address(l, v->value->has_address ? v->value->address : 0);
	lines_column(l, COLUMN_VALUE);
	lines_ours(l, v->is_argument	    ? "  argument "
		      : v->value->is_static ? "  static local "
					    : "  local ");
	lines_text(l, v->value->name && *v->value->name ? v->value->name : "?");
	lines_ours(l, " = ");
	lines_text(l, v->value->value);
	text_block(l, v->value, false);
	lines_ours(l, "   ");
	lines_text(l, v->value->type);
	if (v->value->reg) {
		lines_ours(l, " in ");
		lines_text(l, v->value->reg);
	}
	if (v->as_of < s->seq) {
		lines_ours(l, "   as of event ");
		buf_udec(&l->b, v->as_of);
	}
	end_line(l);
}

static void add_origin(struct lines *l, const struct moment_frame *f)
{
	lines_tone(l, TONE_ASIDE);
	if (f->at_line || f->line) {
		lines_column(l, COLUMN_SOURCE);
		lines_position(l, f->at_line ? f->at_file : f->file,
			       f->at_line ? f->at_line : f->line);
	}
	lines_ours(l, "   ");
	if (f->cfa >= f->rsp && f->rsp) {
		lines_count(l, f->cfa - f->rsp, "byte");
		lines_ours(l, ", ");
	}
	if (f->pushed_seq == UINT64_MAX) {
		lines_ours(l, "pushed before the log begins");
	} else {
		lines_ours(l, "pushed by event ");
		buf_udec(&l->b, f->pushed_seq);
	}
	if (f->ghost) {
		lines_ours(l, ", popped by event ");
		buf_udec(&l->b, f->popped_seq);
	}
}

/* A ghost is marked by a word and by what stands before its name, not by colour alone. */
static void add_frame(struct lines *l, const struct moment *s, const struct moment_frame *f,
		      uint32_t number)
{
	lines_tone(l, f->ghost ? TONE_ASIDE : TONE_PLAIN);
	add_address(l, f->cfa);
	lines_column(l, COLUMN_FRAME);
	if (f->ghost)
		lines_ours(l, "~ ghost ");
	else
		buf_printf(&l->b, "#%u ", number);
	lines_tone(l, f->ghost ? TONE_ASIDE : TONE_FUNCTION);
	lines_text(l, f->function);
	add_origin(l, f);
	end_line(l);
	for (size_t i = 0; i < f->n_values; i++)
		add_value(l, s, &f->values[i]);
	if (f->ghost || !f->rsp)
		return;
	lines_tone(l, TONE_ASIDE);
	add_address(l, f->rsp);
	lines_column(l, COLUMN_FRAME);
	lines_ours(l, "---- rsp at its body");
	end_line(l);
}

/* Numbers go from the inside out, as everywhere; a thread may have its frames on two stacks. */
static uint32_t innermost_depth(const struct moment *s, int tid)
{
	uint32_t depth = 0;
	for (size_t i = 0; i < s->n_frames; i++)
		if (s->frames[i].tid == tid && !s->frames[i].ghost && s->frames[i].depth > depth)
			depth = s->frames[i].depth;
	return depth;
}

static size_t stack_end(const struct moment *s, size_t from)
{
	size_t i = from;
	while (i < s->n_frames && s->frames[i].tid == s->frames[from].tid &&
	       s->frames[i].stack_top == s->frames[from].stack_top)
		i++;
	return i;
}

static void add_stack(struct lines *l, const struct moment *s, size_t from, size_t to, bool all)
{
	uint32_t innermost = innermost_depth(s, s->frames[from].tid);
	heading(l);
	lines_ours(l, "stack of thread ");
	buf_dec(&l->b, s->frames[from].tid);
	if (s->frames[from].stack_top) {
		lines_ours(l, ", which ends at ");
		buf_hex(&l->b, s->frames[from].stack_top);
	}
	end_line(l);
	for (size_t i = from; i < to; i++) {
		size_t hidden = to - from - FRAMES_OUTER - FRAMES_INNER;
		if (!all && i == from + FRAMES_OUTER && to - from > FRAMES_OUTER + FRAMES_INNER) {
			lines_column(l, COLUMN_FRAME);
			lines_ours(l, "... ");
			lines_count(l, hidden, "frame");
			lines_ours(l, " (-v shows them)");
			end_line(l);
			i += hidden;
		}
		add_frame(l, s, &s->frames[i], innermost - s->frames[i].depth);
	}
}

static void add_heap(struct lines *l, const struct moment *s)
{
	heading(l);
	if (!s->heap_known) {
		lines_ours(l, "heap: not recorded");
		end_line(l);
		return;
	}
	lines_ours(l, "heap: ");
	lines_count(l, s->all_blocks, "block");
	lines_ours(l, " alive");
	end_line(l);
	for (size_t i = 0; i < s->n_blocks; i++) {
		const struct moment_block *k = &s->blocks[i];
		add_address(l, k->address);
		lines_column(l, COLUMN_FRAME);
		lines_ours(l, "heap #");
		buf_udec(&l->b, k->number);
		lines_ours(l, ": ");
		lines_count(l, k->size, "byte");
		lines_ours(l, ", ");
		lines_text(l, k->call);
		if (k->place.function) {
			lines_ours(l, " by ");
			lines_text(l, k->place.function);
		}
		if (k->place.file && k->place.line) {
			lines_ours(l, ", ");
			lines_position(l, k->place.file, k->place.line);
		}
		lines_ours(l, ", event ");
		buf_udec(&l->b, k->alloc_seq);
		end_line(l);
	}
	if (s->n_blocks < s->all_blocks) {
		lines_column(l, COLUMN_FRAME);
		lines_ours(l, "and ");
		buf_udec(&l->b, s->all_blocks - s->n_blocks);
		lines_ours(l, " more");
		end_line(l);
	}
}

static void add_registers(struct lines *l, const struct moment *s)
{
	if (!s->n_registers)
		return;
	heading(l);
	lines_ours(l, "registers");
	end_line(l);
	for (size_t i = 0; i < s->n_registers; i++) {
		buf_char(&l->b, ' ');
		buf_char(&l->b, ' ');
		lines_text(l, s->registers[i].name);
		buf_char(&l->b, ' ');
		buf_hex(&l->b, s->registers[i].value);
		if (i % REGISTERS_PER_LINE == REGISTERS_PER_LINE - 1 || i + 1 == s->n_registers)
			end_line(l);
		else
			lines_column(l, (i % REGISTERS_PER_LINE + 1) * 27);
	}
}

static void add_output(struct lines *l, const struct moment *s)
{
	const char *end = s->output + s->output_len, *next;
	if (!s->output_known)
		return;
	heading(l);
	lines_ours(l, s->output_len ? "written last" : "nothing was written yet");
	end_line(l);
	for (const char *at = s->output; at < end; at = next) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		next = newline ? newline + 1 : end;
		lines_ours(l, "  \"");
		buf_escaped(&l->b, at, (size_t)(next - at), '"');
		lines_ours(l, "\"");
		end_line(l);
	}
}

static void add_map(struct lines *l, const struct moment *s, int verbose)
{
	struct event_map map;
	struct event ev = {.kind = EVENT_MAP, .pid = s->pid, .tid = s->pid, .map = &map};
	heading(l);
	if (!s->map) {
		lines_ours(l, "address space: not recorded");
		end_line(l);
		return;
	}
	map = *s->map;
	map.when = NULL; // all of it, not what is new
	lines_ours(l, "address space, as of event ");
	buf_udec(&l->b, s->map_seq);
	bool brief = verbose == 0 && map.n_bands > 0;
	if (brief)
		lines_ours(l, ", high addresses on top (-v: each mapping)");
	end_line(l);
	if (brief)
		text_bands(l, &map);
	else
		text_map(l, &ev, verbose);
}

void report_moment_text(FILE *out, const struct report_options *o, const struct moment *s)
{
	struct lines l;
	lines_init(&l, o->color);
	add_moment(&l, s);
	for (size_t i = 0, next; i < s->n_frames; i = next) {
		next = stack_end(s, i);
		add_stack(&l, s, i, next, o->verbose > 0);
	}
	if (!s->n_frames) {
		heading(&l);
		lines_ours(&l, "no frame is on any stack");
		end_line(&l);
	}
	add_heap(&l, s);
	add_registers(&l, s);
	add_output(&l, s);
	if (!o->quiet)
		add_map(&l, s, o->verbose);
	fwrite(l.b.s, 1, l.b.len, out);
	lines_deinit(&l);
}
