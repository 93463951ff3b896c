/*
 * screen_panes.c - which pane, which part of it, which frame.
 */
#include <string.h>

#include "tui/screen_private.h"

enum { WHEEL_ROWS = 3, SIDE_COLUMNS = 8, LEFT_MAX = 1000 };

static bool is_shown(const struct screen *s, enum pane pane)
{
	return s->tiling.panes[pane].rows > 0;
}

/* In front of the others that take turns. */
static void bring_forward(struct screen *s, enum pane pane)
{
	for (int i = 0; i < TILING_OTHERS; i++) {
		if (s->wish.order[i] != pane)
			continue;
		memmove(&s->wish.order[1], &s->wish.order[0], (size_t)i * sizeof(s->wish.order[0]));
		s->wish.order[0] = pane;
		return;
	}
}

static void send_back(struct screen *s, enum pane pane)
{
	if (s->wish.order[0] != pane)
		return;
	memmove(&s->wish.order[0], &s->wish.order[1],
		(TILING_OTHERS - 1) * sizeof(s->wish.order[0]));
	s->wish.order[TILING_OTHERS - 1] = pane;
}

/* The key of a pane that is chosen already puts the one before it back. */
void act_pane(struct screen *s, int arg, bool back)
{
	enum pane pane = (enum pane)arg;

	(void)back;
	if (s->wish.zoomed != PANES) {
		s->wish.zoomed = pane;
	} else if (s->focus == pane && s->wish.order[0] == pane) {
		send_back(s, pane);
		s->focus = s->wish.order[0];
		return;
	} else {
		bring_forward(s, pane);
	}
	s->focus = pane;
}

void act_next_pane(struct screen *s, int arg, bool back)
{
	(void)arg;
	for (int i = 0; i < PANES; i++) {
		s->focus = (enum pane)((int)s->focus + (back ? PANES - 1 : 1)) % PANES;
		if (s->wish.zoomed != PANES)
			s->wish.zoomed = s->focus;
		if (s->wish.zoomed != PANES || is_shown(s, s->focus))
			return;
	}
}

void act_zoom(struct screen *s, int arg, bool back)
{
	(void)arg;
	(void)back;
	s->wish.zoomed = s->wish.zoomed == PANES ? s->focus : PANES;
}

void act_beside(struct screen *s, int arg, bool back)
{
	(void)arg;
	(void)back;
	if (s->c.cols < TILING_BESIDE_COLS) {
		screen_say(s, "assembly beside the source takes %d columns; a: below it",
			   TILING_BESIDE_COLS);
		return;
	}
	s->wish.zoomed = PANES;
	s->wish.beside = !s->wish.beside;
}

/* ---- rows ---- */

static size_t clamp(size_t at, int64_t by, size_t first, size_t last)
{
	if (by < 0 && at < first + (uint64_t)-by)
		return first;
	at += (size_t)by;
	return at > last ? last : at;
}

static void scroll(struct screen *s, enum pane pane, int64_t by)
{
	size_t total = s->sheets[pane].total, rows = (size_t)screen_pane_rows(s, pane);

	s->follow[pane] = false;
	s->scroll[pane] = clamp(s->scroll[pane], by, 0, total > rows ? total - rows : 0);
}

/* Source and assembly have a cursor, the stack a selected frame; the other panes just scroll. */
static void step(struct screen *s, int64_t by)
{
	if (s->focus == PANE_SOURCE && s->source.n) {
		s->line = clamp(s->line, by, 1, s->source.n);
		s->follow[PANE_SOURCE] = true;
	} else if (s->focus == PANE_ASSEMBLY && s->now.n_insns) {
		s->insn = clamp(s->insn, by, 0, s->now.n_insns - 1);
		s->follow[PANE_ASSEMBLY] = true;
	} else {
		scroll(s, s->focus, by);
	}
}

/* arg: 0 a row, 1 a page, 2 to the end; back: upwards. */
void act_scroll(struct screen *s, int arg, bool back)
{
	static const int64_t far = 1 << 30;
	int rows = screen_pane_rows(s, s->focus);
	int64_t by = arg == 0 ? 1 : arg == 1 ? (rows > 1 ? rows - 1 : 1) : far;

	if (s->focus == PANE_STACK && arg == 0)
		act_frame(s, 0, back);
	else
		step(s, back ? -by : by);
}

void act_sideways(struct screen *s, int arg, bool back)
{
	int *left = &s->left[s->focus];

	(void)arg;
	*left += back ? -SIDE_COLUMNS : SIDE_COLUMNS;
	*left = *left < 0 ? 0 : *left > LEFT_MAX ? LEFT_MAX : *left;
}

/* ---- frames ---- */

/* How many live frames are inside it. */
static size_t number_of(const struct view *v, size_t frame)
{
	size_t n = v->more_below;

	for (size_t i = frame + 1; i < v->n_frames; i++)
		n += !v->frames[i].f.ghost;
	return n;
}

void act_frame(struct screen *s, int arg, bool back)
{
	(void)arg;
	if (s->now.selected == SIZE_MAX)
		return;
	if (back && s->selected + 1 < s->now.n_live) // up the stack: its caller
		act_select(s, s->selected + 1);
	else if (!back && s->selected > 0)
		act_select(s, s->selected - 1);
	else // there is no other one: perhaps rows that are not seen
		scroll(s, PANE_STACK, back ? -1 : 1);
}

/* The other way round than it is now: as the user wants it, or else as there is room. */
static void toggle(struct screen *s, uint64_t pushed_seq)
{
	for (size_t i = 0; i < s->n_folds; i++) {
		if (s->folds[i].pushed_seq == pushed_seq) {
			s->folds[i].open = !s->folds[i].open;
			return;
		}
	}
	s->folds = xgrow(s->folds, s->n_folds, &s->cap_folds, sizeof(*s->folds));
	s->folds[s->n_folds++] =
		(struct fold){.pushed_seq = pushed_seq, .open = !s->sheets[PANE_STACK].rich};
}

void act_fold(struct screen *s, int arg, bool back)
{
	(void)arg;
	(void)back;
	if (s->now.selected >= s->now.n_frames)
		return;
	const struct view_frame *f = &s->now.frames[s->now.selected];
	if (!f->n_slots) {
		screen_say(s, "who owns the bytes of this frame was not recorded (--frames)");
		return;
	}
	toggle(s, f->f.pushed_seq);
	s->follow[PANE_STACK] = true;
}

/* ---- threads ---- */

/* The thread of the stack behind this one; the one of the event is tid 0. */
void act_thread(struct screen *s, int arg, bool back)
{
	const struct log_frame *f;
	size_t n;
	int first = 0, next = 0;

	(void)arg;
	(void)back;
	if (log_frames(player_log(s->p), s->now.seq, &f, &n) != FT_OK)
		return;
	for (size_t i = 0; i < n; i++) {
		if (f[i].ghost)
			continue;
		first = !first || f[i].tid < first ? f[i].tid : first;
		if (f[i].tid > s->now.tid && (!next || f[i].tid < next))
			next = f[i].tid;
	}
	if (s->now.threads < 2)
		screen_say(s, s->now.threads ? "only one thread has frames"
					     : "no thread has a traced frame here");
	s->tid = next ? next : first;
	s->selected = 0;
	screen_look(s, false);
}

/* ---- mouse ---- */

static void click(struct screen *s, enum pane pane, size_t row)
{
	const struct sheet *sheet = &s->sheets[pane];

	if (row < sheet->first || row - sheet->first >= (size_t)sheet->c.rows)
		return;
	size_t tag = sheet->tags[row - sheet->first];
	if (tag == SIZE_MAX)
		return;
	if (pane == PANE_SOURCE) {
		s->line = tag;
	} else if (pane == PANE_ASSEMBLY) {
		s->insn = tag;
	} else if (pane == PANE_STACK && tag < s->now.n_frames && !s->now.frames[tag].f.ghost) {
		if (tag == s->now.selected)
			act_fold(s, 0, false);
		else
			act_select(s, number_of(&s->now, tag));
	}
}

void act_mouse(struct screen *s, struct input in)
{
	enum pane pane = tiling_find(&s->tiling, in.row, in.col);

	if (pane == PANES)
		return;
	if (in.key != INPUT_CLICK) {
		scroll(s, pane, in.key == INPUT_WHEEL_UP ? -WHEEL_ROWS : WHEEL_ROWS);
		return;
	}
	s->focus = pane;
	int row = in.row - s->tiling.panes[pane].row - 1;
	if (row >= 0)
		click(s, pane, s->scroll[pane] + (size_t)row);
}
