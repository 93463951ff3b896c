/*
 * text_frame.c - the frame map as a picture of the stack: high addresses on top, as it grows.
 *
 *	0x7fffffffe480  ---- CFA, rsp before the call: call -8, push rax -8 = -16
 *	0x7fffffffe478        -8    +8     8  return address  0x555555568156 <double::main+22>,
 *	                                                      called at double.rs:15
 *	0x7fffffffe474       -12    +4     4  argument        n: i32 = 48
 *	0x7fffffffe470       -16    +0     4  spill           not written yet
 *	0x7fffffffe470  ---- rsp
 *	0x7fffffffe3f0      -144  -128   128  red zone
 *
 * A row is the address of its lowest byte, that as an offset from the CFA and from rsp, its size,
 * whose it is, and what is there. What does not fit 100 columns goes on below itself.
 */
#include <stdio.h>
#include <string.h>

#include "report/text.h"

enum {
	WIDTH = 100,
	WIDTH_OFFSET = 6,
	WIDTH_SIZE = 6,
	WIDTH_OWNER = 14,
	ROOM_MIN = 24,	// less room than this for a value: it goes below, further left
	ROOM_BELOW = 8, // that many columns right of the row's first
	LINES_MAX = 4,	// of one value, then "..."
	GHOSTS_MAX = 3, // frames named in one line
	NAMES_MAX = 4,	// slots named of each
	ALIKE_MIN = 3,	// as many unwritten spills in a row share a line
};

static size_t column(const struct lines *l)
{
	return l->b.len - l->start - l->unseen;
}

void text_frame_headings(struct lines *l)
{
	lines_tone(l, TONE_ASIDE);
	lines_ours(l, "         lowest address    CFA   rsp  size  owner           "
		      "name: type = value of its bytes");
	text_end_detail(l);
}

/*
 * How many bytes of s take at most `room` columns: to the last blank, if it is in the second half
 * or what follows it fits a line of its own.
 */
static size_t break_at(const char *s, size_t len, size_t room)
{
	size_t columns = 0, blank = 0, word = 0, i = 0;

	while (i < len && columns < room) {
		if (s[i] == ' ') {
			blank = i + 1;
			word = columns + 1;
		}
		i++;
		while (i < len && ((uint8_t)s[i] & 0xc0) == 0x80)
			i++;
		columns++;
	}
	if (i == len || s[i] == ' ' || !blank)
		return i;
	const char *end = memchr(s + i, ' ', len - i);
	size_t rest = end ? (size_t)(end - s) : len;
	return word > room / 2 || rest - blank <= room ? blank : i;
}

/* The text, on as many lines as it takes, each from `at`; the current one has come as far. */
static void add_wrapped(struct reporter *r, struct lines *l, const struct event *ev,
			const struct buf *text, size_t at)
{
	size_t room = at + ROOM_MIN <= WIDTH ? WIDTH - at : ROOM_MIN;
	const char *s = text->s;
	size_t left = text->len;

	for (int line = 0; left > 0; line++) {
		size_t n = break_at(s, left, room);
		bool last = line == LINES_MAX - 1 && n < left;

		if (line > 0) {
			text_end_detail(l);
			text_begin_detail(r, ev, false, 0);
			buf_pad(&l->b, ' ', at > column(l) ? at - column(l) : 0);
			if (*s == ' ') { // the line was full to the last column
				s++;
				left--;
				n = break_at(s, left, room);
			}
		}
		if (last)
			n = break_at(s, left, room - 3);
		size_t shown = n - (n < left && s[n - 1] == ' ');
		buf_add(&l->b, s, shown);
		for (size_t i = 0; i < shown; i++)
			l->unseen += ((uint8_t)s[i] & 0xc0) == 0x80;
		if (last) {
			lines_ours(l, "...");
			return;
		}
		s += n;
		left -= n;
	}
}

static void escaped(struct buf *b, const char *s)
{
	buf_escaped(b, s ? s : "?", s ? strlen(s) : 1, 0);
}

static void separate(struct buf *b, const char *by)
{
	if (b->len)
		buf_str(b, by);
}

static bool is(const struct event_slot *s, const char *owner)
{
	return strcmp(s->owner, owner) == 0;
}

static void add_caller(struct buf *b, const struct event *ev)
{
	if (!ev->caller_file || !ev->caller_line)
		return;
	buf_str(b, ", called at ");
	escaped(b, path_name(ev->caller_file));
	buf_printf(b, ":%u", ev->caller_line);
}

/* "n: i32 = 48"; a spill has the register that its value came from. */
static void describe_value(struct buf *b, const struct event_slot *s, int verbose)
{
	if (s->name)
		escaped(b, s->name);
	if (s->offset)
		buf_printf(b, " from byte %llu", (unsigned long long)s->offset);
	if (s->type) {
		buf_str(b, ": ");
		escaped(b, s->type);
	}
	if (s->value) {
		separate(b, " = ");
		escaped(b, s->value);
		if (verbose)
			text_points_to(b, s->points_to, s->value);
	}
	if (s->reg && s->value) {
		buf_str(b, ", from ");
		escaped(b, s->reg);
	}
}

static const char *not_written(const struct event *ev, const struct event_slot *s)
{
	if (ev->kind == EVENT_PUSH)
		return "written yet";
	return is(s, "outgoing argument") ? NULL : "written";
}

static const char taken_back[] = "taken back if it was pushed";

/* The slot above is of the same variable and not written either: it has been said. */
static bool goes_on(const struct event *ev, const struct event_slot *s)
{
	const struct event_slot *end = ev->slots + ev->n_slots;
	if (s <= ev->slots || s >= end || !s->name || !s->type)
		return false;
	return s[-1].unwritten && s[-1].name && s[-1].type && strcmp(s[-1].name, s->name) == 0 &&
	       s[-1].offset != s->offset;
}

/* What else is to be said of it. */
static void describe(struct buf *b, const struct event_slot *s, const struct event *ev, int verbose)
{
	bool nobodys = !s->name && (is(s, "padding") || is(s, "red zone"));

	describe_value(b, s, verbose);
	if (is(s, "return address"))
		add_caller(b, ev);
	if (s->inlined) {
		separate(b, " ");
		buf_str(b, "(inlined ");
		escaped(b, s->inlined);
		buf_char(b, ')');
	}
	if (s->inferred)
		buf_str(b, " (inferred)");
	if (s->scope_ended)
		buf_str(b, ", scope over");
	if (s->unwritten && !nobodys && !goes_on(ev, s)) {
		separate(b, ", ");
		const char *what = not_written(ev, s);
		buf_printf(b, "%s%s", what ? "not " : taken_back, what ? what : "");
	}
	if (s->ghost) {
		separate(b, "; ");
		buf_str(b, "still ");
		escaped(b, s->ghost);
	}
	if (s->writer_text) {
		separate(b, "; ");
		buf_str(b, "by ");
		escaped(b, s->writer_text);
		if (s->writer_line)
			buf_printf(b, ", line %u", s->writer_line);
	}
	if (verbose > 2 && s->bytes) {
		separate(b, "; ");
		buf_str(b, "bytes ");
		escaped(b, s->bytes);
		buf_str(b, strlen(s->bytes) < 2 * s->size ? "..." : "");
	}
}

/* Right-aligned behind what is there. */
static void add_number(struct lines *l, const char *number, size_t width)
{
	size_t len = strlen(number);

	buf_pad(&l->b, ' ', len < width ? width - len : 1);
	lines_ours(l, number);
}

/* Size and owner, then `text`, below if there is little room; begin is where the row begins. */
static void end_row(struct reporter *r, struct lines *l, const struct event *ev, size_t begin,
		    uint64_t size, const char *owner, const struct buf *text)
{
	char number[24] = "";

	if (size)
		snprintf(number, sizeof(number), "%llu", (unsigned long long)size);
	add_number(l, number, WIDTH_SIZE);
	lines_ours(l, "  ");
	if (strlen(owner) > WIDTH_OWNER && strcmp(owner, "outgoing argument") == 0)
		owner = "outgoing arg.";
	lines_text(l, owner);
	if (text->len) {
		size_t len = strlen(owner), at = column(l) + 2;
		at += len < WIDTH_OWNER ? WIDTH_OWNER - len : 0;
		if (at + ROOM_MIN > WIDTH && text->len + at > WIDTH) {
			text_end_detail(l);
			text_begin_detail(r, ev, false, 0);
			at = begin + ROOM_BELOW;
		}
		buf_pad(&l->b, ' ', at > column(l) ? at - column(l) : 0);
		lines_tone(l, TONE_PLAIN);
		add_wrapped(r, l, ev, text, at);
	}
	text_end_detail(l);
}

static void add_slot(struct reporter *r, struct lines *l, const struct event *ev,
		     const struct event_slot *s, int verbose)
{
	char number[24];
	struct buf text;

	buf_init(&text);
	describe(&text, s, ev, verbose);
	text_begin_detail(r, ev, true, s->address);
	size_t begin = column(l);
	snprintf(number, sizeof(number), "%+lld", (long long)(s->address - ev->cfa));
	add_number(l, number, WIDTH_OFFSET);
	snprintf(number, sizeof(number), "%+lld", (long long)(s->address - ev->frame_rsp));
	add_number(l, number, WIDTH_OFFSET);
	end_row(r, l, ev, begin, s->size, s->owner, &text);
	buf_deinit(&text);
	if (verbose)
		text_detail_parts(r, ev, s->full);
}

/* The upper and the lower end of the frame, and of the map. */
static void add_edge(struct reporter *r, struct lines *l, const struct event *ev, uint64_t address,
		     const char *what)
{
	text_begin_detail(r, ev, address != 0, address);
	lines_ours(l, "---- ");
	lines_ours(l, what);
	text_end_detail(l);
}

static void add_upper_edge(struct reporter *r, struct lines *l, const struct event *ev)
{
	text_begin_detail(r, ev, true, ev->cfa);
	lines_ours(l, "---- CFA");
	if (ev->kind == EVENT_PUSH)
		lines_ours(l, ", rsp before the call");
	else if (ev->how == POP_RETURN)
		lines_ours(l, ", rsp after the return");
	if (ev->n_parts) {
		lines_ours(l, ": ");
		text_arithmetic(l, ev);
	}
	text_end_detail(l);
}

/* The register shelf: what no byte of the frame holds. */
static void add_elsewhere(struct reporter *r, struct lines *l, const struct event *ev,
			  const struct event_value *v, int verbose)
{
	char owner[32];
	struct buf text;

	if (v->reg)
		snprintf(owner, sizeof(owner), "in %s", v->reg);
	else
		snprintf(owner, sizeof(owner), "%s",
			 v->is_static	  ? "static"
			 : v->has_address ? "elsewhere"
			 : v->known	  ? "computed"
					  : "nowhere");
	buf_init(&text);
	escaped(&text, *v->name ? v->name : "?");
	buf_str(&text, ": ");
	escaped(&text, v->type);
	buf_str(&text, " = ");
	escaped(&text, v->value);
	if (verbose)
		text_points_to(&text, v->points_to, v->value);
	if (v->entry) {
		buf_str(&text, "; at entry ");
		escaped(&text, v->entry);
	}
	if (v->scope_ended)
		buf_str(&text, ", scope over");
	if (v->why) {
		buf_str(&text, ", ");
		escaped(&text, v->why);
	}
	text_begin_detail(r, ev, v->has_address, v->address);
	size_t begin = column(l);
	buf_pad(&l->b, ' ', 2 * (size_t)WIDTH_OFFSET);
	end_row(r, l, ev, begin, v->size, owner, &text);
	buf_deinit(&text);
	if (verbose)
		text_detail_parts(r, ev, v->full);
}

/* "return address, n = 48" */
static void name_ghosts(struct buf *b, const struct event *ev, uint64_t pushed_seq)
{
	size_t named = 0;

	for (size_t i = 0; i < ev->n_ghosts; i++) {
		const struct event_ghost *g = &ev->ghosts[i];
		if (g->pushed_seq != pushed_seq || !g->overwritten)
			continue;
		if (!g->name && strcmp(g->owner, "return address") != 0)
			continue;
		if (named++ == NAMES_MAX) {
			buf_str(b, " ...");
			return;
		}
		separate(b, ", ");
		if (strcmp(g->owner, "saved register") == 0)
			buf_str(b, "saved ");
		escaped(b, g->name ? g->name : g->owner);
		if (g->value && g->type) {
			buf_str(b, " = ");
			escaped(b, g->value);
		}
	}
}

static bool is_first_of_its_frame(const struct event *ev, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (ev->ghosts[k].pushed_seq == ev->ghosts[i].pushed_seq)
			return false;
	return true;
}

/* In one line: what popped frames had here that is gone now. */
static void add_ghosts(struct reporter *r, struct lines *l, const struct event *ev)
{
	struct buf text, died;
	int frames = 0;

	buf_init(&text);
	buf_init(&died);
	for (size_t i = 0; i < ev->n_ghosts && frames < GHOSTS_MAX; i++) {
		const struct event_ghost *g = &ev->ghosts[i];
		buf_reset(&died);
		if (is_first_of_its_frame(ev, i))
			name_ghosts(&died, ev, g->pushed_seq);
		if (!died.len)
			continue;
		buf_str(&text, frames++ ? "; " : "overwritten: ");
		buf_add(&text, died.s, died.len);
		buf_str(&text, " of ");
		escaped(&text, g->function);
		if (!g->exact)
			buf_str(&text, ", left without a return");
	}
	if (text.len) {
		text_begin_detail(r, ev, false, 0);
		add_wrapped(r, l, ev, &text, column(l));
		text_end_detail(l);
	}
	buf_deinit(&died);
	buf_deinit(&text);
}

/* What is still to be written says nothing one by one. */
static size_t count_alike(const struct event *ev, size_t first)
{
	const struct event_slot *s = &ev->slots[first];
	size_t n = 0;

	while (first + n < ev->n_slots) {
		const struct event_slot *other = &s[n];
		if ((!is(other, "spill") && !is(other, "outgoing argument")) ||
		    strcmp(other->owner, s->owner) != 0 || !other->unwritten || other->value ||
		    other->ghost || other->inferred || other->inlined || other->size != s->size ||
		    (n && other->address + other->size == ev->frame_rsp))
			break;
		n++;
	}
	return n;
}

static void add_alike(struct reporter *r, struct lines *l, const struct event *ev,
		      const struct event_slot *s, size_t n)
{
	char text[80];
	struct event_slot all = s[n - 1];

	const char *what = not_written(ev, s);
	snprintf(text, sizeof(text), "%zu slots of %llu bytes, %s%s", n,
		 (unsigned long long)s->size, what ? "none " : taken_back, what ? what : "");
	all.size = n * s->size;
	all.name = all.reg = NULL;
	all.value = text;
	all.unwritten = false;
	add_slot(r, l, ev, &all, 0);
}

void text_frame(struct reporter *r, struct lines *l, const struct event *ev, int verbose)
{
	for (size_t i = 0; i < ev->n_slots; i++) {
		const struct event_slot *s = &ev->slots[i];
		size_t alike = verbose > 2 ? 0 : count_alike(ev, i);
		if (s->address + s->size == ev->cfa)
			add_upper_edge(r, l, ev);
		if (s->address + s->size == ev->frame_rsp)
			add_edge(r, l, ev, ev->frame_rsp, "rsp");
		if (alike < ALIKE_MIN) {
			add_slot(r, l, ev, s, verbose);
			continue;
		}
		add_alike(r, l, ev, s, alike);
		i += alike - 1;
	}
	if (ev->n_elsewhere)
		add_edge(r, l, ev, 0, "not in the frame");
	for (size_t i = 0; i < ev->n_elsewhere; i++)
		add_elsewhere(r, l, ev, &ev->elsewhere[i], verbose);
	if (ev->n_slots)
		add_ghosts(r, l, ev);
}
