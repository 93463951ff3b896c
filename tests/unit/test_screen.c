/*
 * test_screen.c - the full-screen stepper without a terminal: layout, cells, panes of hand-made
 * states.
 */
#include "test.h"

#include <locale.h>

#include "tui/tiling.h"
#include "tui/panes.h"

// What takes a column is known by the locale only.
__attribute__((constructor)) static void set_locale(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
}

#define USUAL .order = {PANE_HEAP, PANE_REGISTERS, PANE_ASSEMBLY, PANE_MAP}
static const struct tiling_wish usual = {USUAL, .zoomed = PANES};
static const struct tiling_wish beside = {USUAL, .zoomed = PANES, .beside = true};

// Each cell of the screen is of exactly one pane, or of the bars.
static unsigned uncovered(const struct tiling *l, int rows, int cols)
{
	unsigned bad = 0;

	for (int row = 0; row < rows; row++) {
		for (int col = 0; col < cols; col++) {
			int owners = row >= l->bars.row && row < l->bars.row + l->bars.rows;
			for (enum pane pane = 0; pane < PANES; pane++) {
				const struct rectangle *r = &l->panes[pane];
				owners += row >= r->row && row < r->row + r->rows &&
					  col >= r->col && col < r->col + r->cols;
			}
			bad += owners != 1;
		}
	}
	return bad;
}

static bool has_thin(const struct tiling *l)
{
	for (enum pane pane = 0; pane < PANES; pane++)
		if (l->panes[pane].rows && (l->panes[pane].rows < 4 || l->panes[pane].cols < 30))
			return true;
	return false;
}

TEST(panes_cover_the_screen)
{
	struct tiling l;
	unsigned bad = 0, thin = 0;

	for (int rows = 24; rows <= 100; rows++) {
		for (int cols = 80; cols <= 300; cols++) {
			for (int i = 0; i < 2; i++) {
				tiling_make(rows, cols, i ? &beside : &usual, &l);
				bad += uncovered(&l, rows, cols) != 0;
				thin += has_thin(&l);
			}
		}
	}
	CHECK_EQ_U(bad, 0);
	CHECK_EQ_U(thin, 0);
}

TEST(zoomed_panes_cover_the_screen)
{
	struct tiling l;

	for (enum pane pane = 0; pane < PANES; pane++) {
		tiling_make(24, 80, &(struct tiling_wish){USUAL, .zoomed = pane}, &l);
		CHECK_EQ_U(uncovered(&l, 24, 80), 0);
		CHECK_EQ_I(l.panes[pane].rows, 21);
	}
}

TEST(little_room_shows_the_first_of_the_order)
{
	static const struct tiling_wish wish = {
		.order = {PANE_MAP, PANE_HEAP, PANE_ASSEMBLY, PANE_REGISTERS}, .zoomed = PANES};
	struct tiling l;

	tiling_make(24, 80, &wish, &l);
	CHECK(l.panes[PANE_SOURCE].rows > 0);
	CHECK(l.panes[PANE_STACK].rows > 0);
	CHECK(l.panes[PANE_OUTPUT].rows > 0);
	CHECK(l.panes[PANE_MAP].rows > 0);
	CHECK_EQ_I(l.panes[PANE_HEAP].rows, 0);
	CHECK_EQ_I(tiling_find(&l, 0, 0), PANE_SOURCE);
	CHECK_EQ_I(tiling_find(&l, 0, 79), PANE_STACK);
	CHECK_EQ_I(tiling_find(&l, 23, 0), PANES);
}

TEST(much_room_shows_all)
{
	struct tiling l;

	tiling_make(60, 200, &usual, &l);
	for (enum pane pane = 0; pane < PANES; pane++)
		CHECK(l.panes[pane].rows >= 8);
}

TEST(assembly_stands_beside_the_source)
{
	struct tiling l;

	for (int cols = TILING_BESIDE_COLS; cols <= 200; cols += 40) {
		tiling_make(24, cols, &beside, &l);
		const struct rectangle *source = &l.panes[PANE_SOURCE];
		const struct rectangle *assembly = &l.panes[PANE_ASSEMBLY];
		CHECK_EQ_I(source->row, assembly->row);
		CHECK_EQ_I(source->col + source->cols, assembly->col);
		CHECK(l.panes[PANE_STACK].rows > 0 && l.panes[PANE_OUTPUT].rows > 0);
		CHECK(l.panes[PANE_HEAP].rows > 0); // the first of the others
	}
	tiling_make(60, 160, &beside, &l);
	for (enum pane pane = 0; pane < PANES; pane++)
		CHECK(l.panes[pane].rows > 0);
	tiling_make(24, TILING_BESIDE_COLS - 1, &beside, &l); // no room: as without
	CHECK_EQ_I(l.panes[PANE_ASSEMBLY].rows, 0);
	CHECK_EQ_U(uncovered(&l, 24, TILING_BESIDE_COLS - 1), 0);
}

TEST(too_small_shows_none)
{
	struct tiling l;

	tiling_make(23, 80, &usual, &l);
	CHECK(l.too_small);
	tiling_make(24, 79, &usual, &l);
	CHECK(l.too_small);
	CHECK_EQ_I(tiling_find(&l, 0, 0), PANES);
	tiling_make(0, 0, &usual, &l);
	CHECK(l.too_small);
}

/* ---- cells ---- */

static char *written(const char *text, int cols, bool utf8)
{
	struct canvas c;

	canvas_init(&c, utf8);
	canvas_resize(&c, 1, cols);
	struct pen p = pen_at(&c, 0, 0, cols);
	pen_text(&p, text);
	char *row = canvas_text(&c, 0);
	canvas_deinit(&c);
	return row;
}

static void check_written(const char *text, int cols, bool utf8, const char *want)
{
	char *row = written(text, cols, utf8);

	CHECK_EQ_S(row, want);
	free(row);
}

TEST(text_is_cut_where_it_says_so)
{
	check_written("hello", 5, true, "hello");
	check_written("hello!", 5, true, "hell…");
	check_written("hello!", 5, false, "hell~");
	check_written("hello", 1, false, "~");
	check_written("", 5, true, "");
}

TEST(nothing_reaches_the_screen_raw)
{
	check_written("\033[31mred\a", 40, true, "\\033[31mred\\a");
	check_written("a\xe2\x80\xae"
		      "b",
		      40, true, "a\\342\\200\\256b"); // turns the direction
	check_written("\xc2\x9b"
		      "2J",
		      40, true, "\\302\\2332J"); // C1: CSI
	check_written("\xff", 40, true, "\\377");
}

TEST(wide_characters_take_two_columns)
{
	check_written("日本語", 6, true, "日本語");
	check_written("日本語", 5, true, "日本…");
	check_written("日本語", 4, true, "日 …");
	check_written("e\xcc\x81x", 2, true, "e\xcc\x81x"); // an accent takes none
	check_written("日x", 6, false, "?x");
	CHECK_EQ_I(text_columns("日本"), 4);
}

TEST(columns_that_are_scrolled_away)
{
	struct canvas c;

	canvas_init(&c, true);
	canvas_resize(&c, 1, 4);
	struct pen p = pen_at(&c, 0, 0, 4);
	p.skip = 3;
	pen_text(&p, "0123456");
	char *row = canvas_text(&c, 0);
	CHECK_EQ_S(row, "3456");
	free(row);
	canvas_deinit(&c);
}

/* ---- panes ---- */

static struct view_value n_is_48 = {
	.v = {.name = "n",
	      .type = "i32",
	      .value = "48",
	      .known = true,
	      .has_address = true,
	      .address = 0x7fffffffe394,
	      .size = 4},
	.changed = true,
};

static struct view_value heap_points = {
	.v = {.name = "heap",
	      .type = "alloc::boxed::Box<i32, alloc::alloc::Global>",
	      .value = "0x5555555ab500 -> 99",
	      .known = true,
	      .has_address = true,
	      .address = 0x7fffffffe3c0,
	      .size = 8,
	      .block = 1},
};

static struct view_slot slots[] = {
	{.s = {.address = 0x7fffffffe398,
	       .size = 8,
	       .owner = "return address",
	       .value = "0x555555568156 <double::main+22>",
	       .bytes = "5681565555550000"}},
	{.s = {.address = 0x7fffffffe394,
	       .size = 4,
	       .owner = "argument",
	       .name = "n",
	       .type = "i32",
	       .value = "48",
	       .bytes = "30000000"},
	 .changed = true},
	{.s = {.address = 0x7fffffffe390, .size = 4, .owner = "spill", .unwritten = true}},
	{.s = {.address = 0x7fffffffe310, .size = 128, .owner = "red zone"}},
};

static struct view_frame frames[] = {
	{.f = {.pushed_seq = 0,
	       .tid = 1,
	       .stack_top = 1,
	       .cfa = 0x7fffffffe3e0,
	       .rsp = 0x7fffffffe3a0,
	       .function = "main"},
	 .detailed = true,
	 .values_known = true,
	 .values = &heap_points,
	 .n_values = 1},
	{.f = {.pushed_seq = 1,
	       .tid = 1,
	       .stack_top = 1,
	       .depth = 1,
	       .cfa = 0x7fffffffe3a0,
	       .rsp = 0x7fffffffe390,
	       .function = "twice"},
	 .detailed = true,
	 .is_new = true,
	 .values_known = true,
	 .values = &n_is_48,
	 .n_values = 1,
	 .n_args = 1,
	 .slots = slots,
	 .n_slots = FT_COUNT(slots),
	 .frame_rsp = 0x7fffffffe390,
	 .parts = "call -8, push rax -8 = -16",
	 .return_address = 0x555555568156,
	 .return_symbol = "main+22",
	 .caller_file = "/src/double.c",
	 .caller_line = 15},
};

static struct view state(void)
{
	return (struct view){.seq = 1,
			     .last = 1,
			     .tid = 1,
			     .threads = 1,
			     .frames = frames,
			     .n_frames = FT_COUNT(frames),
			     .n_live = FT_COUNT(frames),
			     .selected = 1,
			     .rsp = 0x7fffffffe390,
			     .holds = {.heap = true}};
}

// All rows of a pane, a line each.
static char *rows_of(const struct sheet *s)
{
	struct buf b;

	buf_init(&b);
	for (int i = 0; i < s->c.rows; i++) {
		char *row = canvas_text(&s->c, i);
		buf_str(&b, row);
		buf_char(&b, '\n');
		free(row);
	}
	return b.s;
}

static char *stack_of(const struct view *v, const struct look *k, int cols, bool utf8)
{
	struct sheet s;

	sheet_init(&s, utf8);
	sheet_reset(&s, cols);
	pane_stack(&s, v, k);
	char *rows = rows_of(&s);
	sheet_deinit(&s);
	return rows;
}

static void check_stack(const struct view *v, const struct look *k, int cols, bool utf8,
			const char *want)
{
	char *rows = stack_of(v, k, cols, utf8);

	CHECK_EQ_S(rows, want);
	free(rows);
}

TEST(stack_with_high_addresses_on_top)
{
	struct view v = state();
	const struct look k = {.rows = 21};

	check_stack(&v, &k, 41, true,
		    "┌ main ─────────────────────── 64 bytes ┐\n"
		    "│ …e3c0 heap = 0x5555555ab500 -> 99 →①  │\n"
		    "├▶*twice ───────────────────── 16 bytes ┤\n"
		    "│ …e398 return to main+22, double.c:15  │\n"
		    "│*…e394 n: i32 = 48                   4 │\n"
		    "└───────────────── rsp 0x7fffffffe390 ← ┘\n"
		    ": …e310 red zone: 128 bytes below rsp\n");
}

TEST(ascii_says_the_same)
{
	struct view v = state();
	const struct look k = {.rows = 21};

	check_stack(&v, &k, 41, false,
		    "+ main ----------------------- 64 bytes +\n"
		    "| ~e3c0 heap = 0x5555555ab500 -> 99 >#1 |\n"
		    "+>*twice --------------------- 16 bytes +\n"
		    "| ~e398 return to main+22, double.c:15  |\n"
		    "|*~e394 n: i32 = 48                   4 |\n"
		    "+----------------- rsp 0x7fffffffe390 < +\n"
		    ": ~e310 red zone: 128 bytes below rsp\n");
}

TEST(open_frame_has_an_owner_for_each_byte)
{
	struct view v = state();
	const struct fold open = {.pushed_seq = 1, .open = true};
	const struct look k = {.rows = 21, .folds = &open, .n_folds = 1};

	check_stack(&v, &k, 41, true,
		    "┌ main ─────────────────────── 64 bytes ┐\n"
		    "│ …e3c0 heap = 0x5555555ab500 -> 99 →①  │\n"
		    "├▶*twice ───────────────────── 16 bytes ┤\n"
		    "│ …e3a0 CFA: call -8, push rax -8 = -16 │\n"
		    "│ …e398   8 return to main+22           │\n"
		    "│           56 81 56 55 55 55 00 00     │\n"
		    "│*…e394   4 n: i32 = 48     30 00 00 00 │\n"
		    "│ …e390   4 spill, not written yet      │\n"
		    "└───────────────── rsp 0x7fffffffe390 ← ┘\n"
		    ": …e310 128 red zone\n");
}

TEST(little_room_makes_outer_frames_one_line)
{
	struct view v = state();
	const struct look k = {.rows = 4};

	check_stack(&v, &k, 41, true,
		    "┌ main() ───────────────────── 64 bytes ┐\n"
		    "├▶*twice ───────────────────── 16 bytes ┤\n"
		    "│ …e398 return to main+22, double.c:15  │\n"
		    "│*…e394 n: i32 = 48                   4 │\n"
		    "└───────────────── rsp 0x7fffffffe390 ← ┘\n"
		    ": …e310 red zone: 128 bytes below rsp\n");
}

TEST(wide_stack_shows_whole_addresses_and_bytes)
{
	struct view v = state();
	const struct look k = {.rows = 40};

	check_stack(&v, &k, 74, true,
		    "┌ main ─────────────────────────── CFA 0x7fffffffe3e0, 64 bytes, rsp -64 ┐\n"
		    "│ 0x7fffffffe3c0 heap = 0x5555555ab500 -> 99 →①                        8 │\n"
		    "├▶*twice ───────────────────────── CFA 0x7fffffffe3a0, 16 bytes, rsp -16 ┤\n"
		    "│ 0x7fffffffe3a0 CFA: call -8, push rax -8 = -16                         │\n"
		    "│ 0x7fffffffe398    -8   8 return to main+22     56 81 56 55 55 55 00 00 │\n"
		    "│*0x7fffffffe394   -12   4 n: i32 = 48                       30 00 00 00 │\n"
		    "│ 0x7fffffffe390   -16   4 spill, not written yet                        │\n"
		    "└────────────────────────────────────────────────── rsp 0x7fffffffe390 ← ┘\n"
		    ": 0x7fffffffe310  -144 128 red zone\n");
}

TEST(ghost_says_so)
{
	struct view_frame two[] = {frames[0], frames[1]};
	struct view v = state();
	const struct look k = {.rows = 21};

	two[1].f.ghost = true;
	two[1].f.popped_seq = 2;
	two[1].is_new = false;
	two[1].returned = "96";
	v.frames = two;
	v.n_live = 1;
	v.selected = 0;
	v.rsp = 0x7fffffffe3a0;
	check_stack(&v, &(const struct look){.rows = 3}, 41, true,
		    "┌▶main ─────────────────────── 64 bytes ┐\n"
		    "│ …e3c0 heap = 0x5555555ab500 -> 99 →①  │\n"
		    "└───────────────── rsp 0x7fffffffe3a0 ← ┘\n"
		    ": …e320 red zone: 128 bytes below rsp\n"
		    ": …e390 ghost twice(n=48) = 96  16 bytes\n");
	check_stack(&v, &k, 41, true,
		    "┌▶main ─────────────────────── 64 bytes ┐\n"
		    "│ …e3c0 heap = 0x5555555ab500 -> 99 →①  │\n"
		    "└───────────────── rsp 0x7fffffffe3a0 ← ┘\n"
		    ": …e320 red zone: 128 bytes below rsp\n"
		    "┌ ghost twice = 96 ─────────── 16 bytes ┐\n"
		    "│ …e398 return to main+22, double.c:15  │\n"
		    "│*…e394 n: i32 = 48                   4 │\n"
		    "└───────────────────────────────────────┘\n");
}

TEST(overwritten_return_address_is_shown)
{
	struct view v = state();
	const struct look k = {.rows = 21};

	v.overwritten = 0x7fffffffe398;
	v.now_there = 0x4141414141414141;
	check_stack(&v, &k, 41, true,
		    "┌ main ─────────────────────── 64 bytes ┐\n"
		    "│ …e3c0 heap = 0x5555555ab500 -> 99 →①  │\n"
		    "├▶*twice ───────────────────── 16 bytes ┤\n"
		    "│*…e398 0x4141414141414141, not main+22 │\n"
		    "│*…e394 n: i32 = 48                   4 │\n"
		    "└───────────────── rsp 0x7fffffffe390 ← ┘\n"
		    ": …e310 red zone: 128 bytes below rsp\n");
}

TEST(frames_of_other_code_leave_a_gap)
{
	struct view_frame two[] = {frames[0], frames[1]};
	struct view v = state();
	const struct look k = {.rows = 4};

	two[0].f.rsp = 0x7fffffffe3c0;
	v.frames = two;
	check_stack(&v, &k, 41, true,
		    "┌ main() ───────────────────── 32 bytes ┐\n"
		    "└───────────────────────────────────────┘\n"
		    ": … 32 bytes in between, not traced\n"
		    "┌▶*twice ───────────────────── 16 bytes ┐\n"
		    "│ …e398 return to main+22, double.c:15  │\n"
		    "│*…e394 n: i32 = 48                   4 │\n"
		    "└───────────────── rsp 0x7fffffffe390 ← ┘\n"
		    ": …e310 red zone: 128 bytes below rsp\n");
}

TEST(rsp_is_deeper_in_code_that_is_not_traced)
{
	struct view v = state();
	const struct look k = {.rows = 4};

	v.rsp = 0x7fffffffe290;
	check_stack(&v, &k, 41, true,
		    "┌ main() ───────────────────── 64 bytes ┐\n"
		    "├▶*twice ───────────────────── 16 bytes ┤\n"
		    "│ …e398 return to main+22, double.c:15  │\n"
		    "│*…e394 n: i32 = 48                   4 │\n"
		    "└───────────────────────────────────────┘\n"
		    ": … 256 bytes further down\n"
		    ":                  rsp 0x7fffffffe290 ←\n");
}

TEST(local_of_a_leaf_lies_in_the_red_zone)
{
	struct view_frame one[] = {frames[1]};
	struct view_value below = n_is_48;
	struct view v = state();
	const struct look k = {.rows = 21};

	below.v.address = 0x7fffffffe38c;
	one[0].values = &below;
	v.frames = one;
	v.n_frames = v.n_live = 1;
	v.selected = 0;
	check_stack(&v, &k, 41, true,
		    "┌▶*twice ───────────────────── 16 bytes ┐\n"
		    "│ …e398 return to main+22, double.c:15  │\n"
		    "└───────────────── rsp 0x7fffffffe390 ← ┘\n"
		    ":*…e38c n: i32 = 48                   4\n"
		    ": …e310 red zone: 128 bytes below rsp\n");
}

TEST(dangling_pointer_is_said)
{
	struct view_frame one[] = {frames[0]};
	struct view_value gone = heap_points;
	struct view v = state();
	const struct look k = {.rows = 21};

	gone.v.dangling = "heap #1, freed by main";
	one[0].values = &gone;
	v.frames = one;
	v.n_frames = v.n_live = 1;
	v.selected = 0;
	v.rsp = one[0].f.rsp;
	check_stack(&v, &k, 74, true,
		    "┌▶main ─────────────────────────── CFA 0x7fffffffe3e0, 64 bytes, rsp -64 ┐\n"
		    "│ 0x7fffffffe3c0 heap = 0x5555555ab500 -> 99                           8 │\n"
		    "│                  points to what is gone: heap #1, freed by main        │\n"
		    "└────────────────────────────────────────────────── rsp 0x7fffffffe3a0 ← ┘\n"
		    ": 0x7fffffffe320 red zone: 128 bytes below rsp\n");
}

TEST(values_stand_by_address)
{
	struct view_value values[] = {n_is_48, heap_points, n_is_48, n_is_48};
	struct view_frame one[] = {frames[0]};
	struct view v = state();
	const struct look k = {.rows = 21};

	values[0].v.name = "low";
	values[0].v.address = 0x7fffffffe3b4;
	values[2].v.name = "in_register";
	values[2].v.has_address = false;
	values[2].v.reg = "ebx";
	values[3].v.name = "high";
	values[3].v.address = 0x7fffffffe3cc;
	for (size_t i = 0; i < FT_COUNT(values); i++)
		values[i].changed = false;
	one[0].values = values;
	one[0].n_values = FT_COUNT(values);
	v.frames = one;
	v.n_frames = v.n_live = 1;
	v.selected = 0;
	v.rsp = one[0].f.rsp;
	check_stack(&v, &k, 41, true,
		    "┌▶main ─────────────────────── 64 bytes ┐\n"
		    "│ …e3cc high: i32 = 48                4 │\n"
		    "│ …e3c0 heap = 0x5555555ab500 -> 99 →①  │\n"
		    "│ …e3b4 low: i32 = 48                 4 │\n"
		    "│ ebx   in_register: i32 = 48         4 │\n"
		    "└───────────────── rsp 0x7fffffffe3a0 ← ┘\n"
		    ": …e320 red zone: 128 bytes below rsp\n");
}

TEST(arguments_on_the_stack_lie_between_the_frames)
{
	struct view_frame two[] = {frames[0], frames[1]};
	struct view_value values[] = {n_is_48, n_is_48};
	struct view_slot both[] = {slots[1], slots[0]};
	struct view v = state();
	const struct fold open = {.pushed_seq = 1, .open = true};

	values[0].v.name = "seventh";
	values[0].v.address = 0x7fffffffe3a0;
	values[1].v.name = "eighth";
	values[1].v.address = 0x7fffffffe3a8;
	two[0].f.rsp = 0x7fffffffe3b8;
	two[1].values = values;
	two[1].n_values = 2;
	v.frames = two;
	check_stack(&v, &(const struct look){.rows = 4}, 41, true,
		    "┌ main() ───────────────────── 40 bytes ┐\n"
		    "└───────────────────────────────────────┘\n"
		    ": … 8 bytes not traced\n"
		    ":*…e3a8 eighth: i32 = 48              4\n"
		    ":*…e3a0 seventh: i32 = 48             4\n"
		    "┌▶*twice ───────────────────── 16 bytes ┐\n"
		    "│ …e398 return to main+22, double.c:15  │\n"
		    "└───────────────── rsp 0x7fffffffe390 ← ┘\n"
		    ": …e310 red zone: 128 bytes below rsp\n");
	v.selected = 0; // and in one line
	two[1].f.rsp = 0x7fffffffe3a0 - 16;
	both[0].s.address = 0x7fffffffe3a0;
	both[0].changed = false;
	two[1].slots = both;
	two[1].n_slots = 2;
	check_stack(&v, &(const struct look){.rows = 21, .folds = &open, .n_folds = 1}, 41, true,
		    "┌▶main ─────────────────────── 40 bytes ┐\n"
		    "│ …e3c0 heap = 0x5555555ab500 -> 99 →①  │\n"
		    "└───────────────────────────────────────┘\n"
		    ": …e3a0   4 n: i32 = 48     30 00 00 00\n"
		    "┌ *twice ───────────────────── 16 bytes ┐\n"
		    "│ …e3a0 CFA: call -8, push rax -8 = -16 │\n"
		    "│ …e398   8 return to main+22           │\n"
		    "│           56 81 56 55 55 55 00 00     │\n"
		    "└───────────────── rsp 0x7fffffffe390 ← ┘\n");
}

TEST(rsp_within_a_frame_whose_prologue_runs)
{
	struct view v = state();
	const struct fold open = {.pushed_seq = 1, .open = true};

	v.rsp = 0x7fffffffe398; // only the return address is there
	check_stack(&v, &(const struct look){.rows = 4}, 41, true,
		    "┌ main() ───────────────────── 64 bytes ┐\n"
		    "├▶*twice ───────────────────── 16 bytes ┤\n"
		    "│ …e398 return to main+22, double.c:15  │\n"
		    "│                  rsp 0x7fffffffe398 ← │\n"
		    "│*…e394 n: i32 = 48                   4 │\n"
		    "└───────────────────────────────────────┘\n");
	v.rsp = 0x7fffffffe3a0; // not even that one is any more
	check_stack(&v, &(const struct look){.rows = 12, .folds = &open, .n_folds = 1}, 41, true,
		    "┌ main ─────────────────────── 64 bytes ┐\n"
		    "│ …e3c0 heap = 0x5555555ab500 -> 99 →①  │\n"
		    "├▶*twice ───────────────────── 16 bytes ┤\n"
		    "│                  rsp 0x7fffffffe3a0 ← │\n"
		    "│ …e3a0 CFA: call -8, push rax -8 = -16 │\n"
		    "│ …e398   8 return to main+22           │\n"
		    "│           56 81 56 55 55 55 00 00     │\n"
		    "│*…e394   4 n: i32 = 48     30 00 00 00 │\n"
		    "│ …e390   4 spill, not written yet      │\n"
		    "└───────────────────────────────────────┘\n");
}

TEST(open_frame_says_where_pointers_lead)
{
	struct view_value freed = heap_points, gone = heap_points;
	struct view_slot pointers[] = {{.s = {.address = 0x7fffffffe3c0,
					      .size = 8,
					      .owner = "local",
					      .name = "heap",
					      .type = "alloc::boxed::Box<i32>",
					      .value = "0x5555555ab500 -> 99"},
					.value = &heap_points}};
	struct view_frame one[] = {frames[0]};
	struct view v = state();
	const struct fold open = {.pushed_seq = 0, .open = true};
	const struct look k = {.rows = 21, .folds = &open, .n_folds = 1};

	freed.freed = true;
	gone.v.dangling = "heap #1, freed by main";
	one[0].slots = pointers;
	one[0].n_slots = 1;
	one[0].frame_rsp = one[0].f.rsp;
	v.frames = one;
	v.n_frames = v.n_live = 1;
	v.selected = 0;
	v.rsp = one[0].f.rsp;
	check_stack(&v, &k, 44, true,
		    "┌▶main ────────────────────────── 64 bytes ┐\n"
		    "│ …e3c0   8 heap = 0x5555555ab500 -> 99 →① │\n"
		    "└──────────────────── rsp 0x7fffffffe3a0 ← ┘\n");
	pointers[0].value = &freed;
	check_stack(&v, &k, 44, true,
		    "┌▶main ────────────────────────── 64 bytes ┐\n"
		    "│ …e3c0   8 heap = 0x5555555ab50… →① freed │\n"
		    "└──────────────────── rsp 0x7fffffffe3a0 ← ┘\n");
	pointers[0].value = &gone;
	check_stack(&v, &k, 60, true,
		    "┌▶main ───────────── CFA 0x7fffffffe3e0, 64 bytes, rsp -64 ┐\n"
		    "│ 0x7fffffffe3c0   -32   8 heap = 0x5555555ab500 -> 99     │\n"
		    "│                          points to what is gone: heap #1…│\n"
		    "└──────────────────────────────────── rsp 0x7fffffffe3a0 ← ┘\n");
}

TEST(bytes_below_rsp_have_no_border)
{
	struct view_frame one[] = {frames[1]};
	struct view_slot below[] = {{.s = {.address = 0x7fffffffe388,
					   .size = 8,
					   .owner = "local",
					   .name = "a",
					   .type = "long",
					   .value = "1234567890",
					   .bytes = "d202964900000000"}}};
	struct view v = state();
	const struct fold open = {.pushed_seq = 1, .open = true};

	one[0].slots = below;
	one[0].n_slots = 1;
	v.frames = one;
	v.n_frames = v.n_live = 1;
	v.selected = 0;
	check_stack(&v, &(const struct look){.rows = 21, .folds = &open, .n_folds = 1}, 41, true,
		    "┌▶*twice ───────────────────── 16 bytes ┐\n"
		    "└───────────────── rsp 0x7fffffffe390 ← ┘\n"
		    ": …e388   8 a: long = 1234567890\n"
		    ":           d2 02 96 49 00 00 00 00\n");
}

static void check_said(const struct event *ev, const char *want)
{
	struct buf b;

	buf_init(&b);
	view_say(&b, ev);
	CHECK_EQ_S(b.s, want);
	buf_deinit(&b);
}

TEST(events_are_said_as_the_trace_says_them)
{
	struct event_store saved = {.owner = "saved register", .name = "rbx", .value = "0x1"};
	struct event_store named = {.owner = "local", .name = "n", .value = "48"};
	struct event_store returns = {.owner = "return address", .value = "0x401000"};
	struct event insn = {.kind = EVENT_INSN, .insn = "push rbx", .delta = -8, .n_stores = 1};
	struct event_heap heap = {.address = 0x1000, .size = 132 * 1024, .is_brk = true};
	struct event brk = {.kind = EVENT_BRK, .heap = &heap};

	insn.stores = &saved;
	check_said(&insn, "push rbx; rsp -8; stores 0x1 as saved rbx");
	insn.stores = &named;
	check_said(&insn, "push rbx; rsp -8; stores 48 in n");
	insn.stores = &returns;
	check_said(&insn, "push rbx; rsp -8; stores 0x401000 as return address");
	check_said(&brk, "the heap grows by 132 KiB (brk), to 0x22000");
	check_said(&(struct event){.kind = EVENT_SIGNAL,
				   .signal_name = "SIGSEGV",
				   .symbol_at = "deref+4",
				   .function = "deref",
				   .has_fault = true},
		   "SIGSEGV arrives in deref, at address 0x0");
}

// A pane that is made from a view alone.
static void check_pane(void (*pane)(struct sheet *, const struct view *), const struct view *v,
		       int cols, const char *want)
{
	struct sheet s;

	sheet_init(&s, true);
	sheet_reset(&s, cols);
	pane(&s, v);
	char *rows = rows_of(&s);
	CHECK_EQ_S(rows, want);
	free(rows);
	sheet_deinit(&s);
}

static void check_title(void (*pane)(struct sheet *, const struct view *), const struct view *v,
			const char *want)
{
	struct sheet s;

	sheet_init(&s, true);
	sheet_reset(&s, 40);
	pane(&s, v);
	CHECK_EQ_S(s.title.s, want);
	sheet_deinit(&s);
}

TEST(blocks_name_the_variables_that_point_to_them)
{
	struct view_block blocks[] = {
		{.b = {.number = 1, .address = 0x5555555ab500, .size = 4, .call = "malloc"}},
		{.b = {.number = 22,
		       .address = 0x5555555ab900,
		       .size = 1024,
		       .call = "malloc",
		       .function = "main",
		       .file = "/src/a.c",
		       .line = 3},
		 .is_new = true},
		{.b = {.number = 2, .address = 0x5555555abd00, .size = 1}, .gone = true},
	};
	struct view v = state();

	v.blocks = blocks;
	v.n_blocks = 3;
	v.all_blocks = 2;
	check_pane(pane_heap, &v, 60,
		   "*② 0x5555555abd00      1 byte   ghost: freed\n"
		   "*#22 0x5555555ab900   1024 bytes  malloc for main, a.c:3\n"
		   " ① 0x5555555ab500      4 bytes  ← heap of main\n"
		   "     malloc\n");
	check_pane(pane_heap, &v, 38,
		   "*② …bd00      1 byte   ghost: freed\n"
		   "*#22 …b900   1024 bytes  malloc for m…\n"
		   " ① …b500      4 bytes  ← heap of main\n");
}

TEST(registers_that_changed_are_marked)
{
	struct view_register registers[] = {
		{.r = {"rax", 96}, .changed = true},
		{.r = {"r8", 0xffffffffffffff30}},
		{.r = {"rip", 0x555555568156}},
	};
	struct view v = state();

	v.registers = registers;
	v.n_registers = 3;
	check_pane(pane_registers, &v, 38,
		   "*rax 0x60           rip 0x555555568156\n"
		   " r8  -208\n");
	check_pane(pane_registers, &v, 52,
		   "*rax 0x60 (96)             rip 0x555555568156\n"
		   " r8  0xffffffffffffff30\n");
}

TEST(registers_say_of_when_they_are)
{
	struct view_register rax = {.r = {"rax", 96}};
	struct view v = state();

	check_pane(pane_registers, &v, 60, " registers were not recorded (record --registers)\n");
	v.registers = &rax;
	v.n_registers = 1;
	check_title(pane_registers, &v, "");
	v.in_prologue = true;
	check_title(pane_registers, &v, "as of the push, but for rsp and rip");
	v.is_other = true;
	check_title(pane_registers, &v, "as of its last event");
}

TEST(map_says_where_rsp_and_blocks_are)
{
	struct view_band bands[] = {
		{.b = {.lo = 0x7ffffffde000, .hi = 0x7ffffffff000, .name = "stack", .mappings = 1}},
		{.b = {.lo = 0x5555555cc000, .hi = 0x7ffffffde000, .name = "free"}},
		{.b = {.lo = 0x5555555ab000, .hi = 0x5555555cc000, .name = "heap", .mappings = 1},
		 .changed = true},
		{.b = {.hi = 0x5555555ab000, .name = "free"}},
	};
	struct view_block block = {.b = {.number = 1, .address = 0x5555555ab500}};
	struct view v = state();

	v.bands = bands;
	v.n_bands = 4;
	v.map_seq = v.seq;
	v.blocks = &block;
	v.n_blocks = 1;
	check_pane(pane_map, &v, 38,
		   " 0x7ffffffde000    132 KiB stack ← rsp\n"
		   " 0x5555555cc000   42.7 TiB free\n"
		   "*0x5555555ab000    132 KiB heap ①\n"
		   "            0x0   85.3 TiB free\n"
		   " the size is of what lies from there …\n");
	v.seq = 7; // later the kernel's list was not looked at
	v.map_seq = 1;
	check_title(pane_map, &v, "as of event 1");
	check_pane(pane_map, &v, 90,
		   " 0x7ffffffde000    132 KiB stack       ← rsp  grows down\n"
		   " 0x5555555cc000   42.7 TiB free\n"
		   "*0x5555555ab000    132 KiB heap        ①  grows up by brk\n"
		   "            0x0   85.3 TiB free\n"
		   " the size is of what lies from there upwards\n");
}

TEST(output_is_escaped_and_new_lines_are_marked)
{
	struct view v = state();
	const struct look k = {.rows = 5};
	struct sheet s;

	v.output = "one\r\n\033[2Jtwo\nthree";
	v.output_len = strlen(v.output);
	v.output_new = 5;
	sheet_init(&s, true);
	sheet_reset(&s, 30);
	pane_output(&s, &v, &k);
	char *rows = rows_of(&s);
	CHECK_EQ_S(rows, " one\n \\033[2Jtwo\n*three\n");
	free(rows);
	sheet_deinit(&s);
}

TEST(source_marks_line_cursor_and_breakpoint)
{
	static char text[] = "int main(void)\n{\n\treturn 0;\n}\n";
	static size_t lines[] = {0, 15, 17, 28};
	static char file[] = "/src/a.c";
	const struct source src = {
		.file = file, .text = text, .len = sizeof(text) - 1, .lines = lines, .n = 4};
	const struct player_breakpoint breakpoints[] = {
		{.number = 1, .spec = "a.c:2"},
		{.number = 2, .spec = "b.c:1"},
		{.number = 3, .spec = "4 if n == 2"},
		{.number = 4, .spec = "a.c:33"},
	};
	struct look k = {.rows = 5, .cursor = 1, .breakpoints = breakpoints, .n_breakpoints = 4};
	struct view v = state();
	struct sheet s;

	v.place = (struct player_place){.file = file, .line = 3, .function = "main"};
	sheet_init(&s, false);
	sheet_reset(&s, 24);
	pane_source(&s, &v, &src, &k);
	char *rows = rows_of(&s);
	CHECK_EQ_S(rows, "      1 int main(void)\n"
			 "B     2 {\n"
			 " ->   3     return 0;\n"
			 "B     4 }\n");
	free(rows);
	sheet_reset(&s, 24);
	v.place_is_caller = true;
	pane_source(&s, &v, &src, &k);
	rows = rows_of(&s);
	CHECK(strstr(rows, " =>   3     return 0;\n"));
	free(rows);
	sheet_deinit(&s);
}

TEST(source_stays_where_none_is_known)
{
	static char text[] = "int main(void)\n{\n}\n", file[] = "/src/a.c";
	static size_t lines[] = {0, 15, 17};
	const struct source src = {
		.file = file, .text = text, .len = sizeof(text) - 1, .lines = lines, .n = 3};
	const struct look k = {.rows = 5, .cursor = 3};
	struct view v = state();
	struct sheet s;

	v.place = (struct player_place){.function = "__libc_start_call_main", .line = 2};
	sheet_init(&s, false);
	sheet_reset(&s, 24);
	pane_source(&s, &v, &src, &k);
	char *rows = rows_of(&s);
	CHECK_EQ_S(rows, "      1 int main(void)\n"
			 "      2 {\n"
			 "      3 }\n");
	CHECK_EQ_S(s.title.s, "a.c, no source here");
	free(rows);
	sheet_deinit(&s);
}

TEST(instruction_that_is_next_or_called)
{
	struct view_insn insns[] = {
		{0x401000, "push rbp", 3}, {0x401001, "call f", 4}, {0x401006, "ret", 4}};
	struct view v = state();
	const struct look k = {.rows = 5};
	struct sheet s;

	v.insns = insns;
	v.n_insns = 3;
	v.place.pc = 0x401006;
	sheet_init(&s, false);
	sheet_reset(&s, 38);
	pane_assembly(&s, &v, &k);
	char *rows = rows_of(&s);
	CHECK_EQ_S(rows, "   ~1000    3  push rbp\n"
			 "   ~1001    4  call f\n"
			 "-> ~1006       ret\n");
	free(rows);
	sheet_reset(&s, 38);
	v.place_is_caller = true; // it will go on there: it is at the call now
	pane_assembly(&s, &v, &k);
	rows = rows_of(&s);
	CHECK(strstr(rows, "=> ~1001    4  call f\n"));
	free(rows);
	sheet_deinit(&s);
}

TEST(differences_are_found)
{
	struct view_value was = n_is_48, now = n_is_48;
	struct view_frame before_frames[] = {frames[0], frames[1]},
			  now_frames[] = {frames[0], frames[1]};
	struct view before = state(), v = state();
	struct view_register old = {.r = {"rax", 1}}, new = {.r = {"rax", 2}};

	was.v.value = "47";
	before_frames[1].values = &was;
	now_frames[1].values = &now;
	now_frames[1].is_new = true;
	now.changed = false;
	before.frames = before_frames;
	v.frames = now_frames;
	before.registers = &old;
	v.registers = &new;
	before.n_registers = v.n_registers = 1;
	view_mark(&v, &before);
	CHECK(now.changed);
	CHECK(!now_frames[1].is_new);
	CHECK(new.changed);
	view_deinit(&v);
}

TEST_MAIN
