#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "events/kinds.h"
#include "events/ranges.h"
#include "events/select.h"
#include "events/stack.h"

TEST(ranges_merge)
{
	struct ranges r = {.n = 0};
	struct capture_plan plan = {.n_ranges = 0};
	ranges_add(&r, -8, 0);
	ranges_add(&r, -24, -20);
	ranges_add(&r, -2000, -1990);
	ranges_add(&r, 4, 4); // empty
	ranges_plan(&r, &plan);
	CHECK_EQ_I(plan.n_ranges, 2);
	CHECK_EQ_I(plan.ranges[0].off, -2000);
	CHECK_EQ_U(plan.ranges[0].len, 10);
	CHECK_EQ_I(plan.ranges[1].off, -24);
	CHECK_EQ_U(plan.ranges[1].len, 24);
	CHECK(!plan.hold);
	ranges_add(&r, -1500, -600); // bridges the gap
	CHECK_EQ_U(r.n, 3);
	ranges_add(&r, -1990, -20);
	CHECK_EQ_U(r.n, 1);
	CHECK_EQ_I(r.r[0].lo, -2000);
	CHECK_EQ_I(r.r[0].hi, 0);
}

TEST(ranges_too_many_hold)
{
	struct ranges r = {.n = 0};
	struct capture_plan plan = {.n_ranges = 0};
	for (int64_t i = 0; i < 100; i++)
		ranges_add(&r, i * 1000, i * 1000 + 8);
	ranges_plan(&r, &plan);
	CHECK(plan.hold);
	CHECK_EQ_I(plan.n_ranges, CAPTURE_RANGES);
}

static struct module a_module = {.path = "/x/prog", .name = "prog"};

static struct function function(const char *name, const char *file, enum origin origin)
{
	return (struct function){.name = name, .file = file, .origin = origin, .module = &a_module};
}

static enum verdict verdict(struct selection *s, const char *name, enum origin origin)
{
	struct function f = function(name, "/src/demo.rs", origin);
	return selection_of(s, &f, false);
}

TEST(selection_default)
{
	struct selection s = {.all = false};
	CHECK_EQ_I(verdict(&s, "double::main", ORIGIN_OWN), WANTED);
	CHECK_EQ_I(verdict(&s, "core::fmt::write", ORIGIN_STD), HIDDEN_ORIGIN);
	s.all = true;
	CHECK_EQ_I(verdict(&s, "core::fmt::write", ORIGIN_STD), WANTED);
}

TEST(selection_patterns)
{
	struct selection s = {.all = false};
	CHECK(patterns_add(&s.functions, "double*") == FT_OK);
	CHECK(patterns_add(&s.functions, "!/ma.n$/") == FT_OK);
	CHECK_EQ_I(verdict(&s, "double::double", ORIGIN_OWN), WANTED);
	CHECK_EQ_I(verdict(&s, "double::main", ORIGIN_OWN), HIDDEN_FILTER);
	CHECK_EQ_I(verdict(&s, "other", ORIGIN_OWN), HIDDEN_FILTER);
	CHECK_EQ_I(verdict(&s, "double_std", ORIGIN_STD), HIDDEN_ORIGIN); // a glob only narrows
	selection_deinit(&s);
}

TEST(selection_plain_name_widens)
{
	struct selection s = {.all = false};
	CHECK(patterns_add(&s.functions, "write") == FT_OK);
	CHECK_EQ_I(verdict(&s, "core::fmt::write", ORIGIN_STD), WANTED);
	CHECK_EQ_I(verdict(&s, "core::fmt::Writer<write>::new", ORIGIN_STD), HIDDEN_FILTER);
	struct function_list none = {.n = 0};
	CHECK(selection_check(&s, &none) == FT_OK);
	selection_deinit(&s);
}

TEST(selection_sources)
{
	struct selection s = {.all = false};
	CHECK(patterns_add(&s.sources, "demo.rs") == FT_OK);
	CHECK_EQ_I(verdict(&s, "f", ORIGIN_OWN), WANTED);
	struct function other = function("g", "/src/other.rs", ORIGIN_OWN);
	CHECK_EQ_I(selection_of(&s, &other, false), HIDDEN_FILTER);
	other.file = NULL;
	CHECK_EQ_I(selection_of(&s, &other, false), HIDDEN_FILTER);
	selection_deinit(&s);
}

TEST(selection_bad_patterns)
{
	struct selection s = {.all = false};
	CHECK(patterns_add(&s.functions, "/(/") == FT_FAIL);
	ft_error_clear();
	CHECK(patterns_add(&s.functions, "!") == FT_FAIL);
	ft_error_clear();
	selection_deinit(&s);
}

TEST(selection_libraries)
{
	struct selection s = {.all = false};
	CHECK(patterns_add(&s.libraries, "libm") == FT_OK);
	CHECK(selection_wants_library(&s, "/lib/libm.so.6"));
	CHECK(!selection_wants_library(&s, "/lib/libmount.so.1"));
	CHECK(patterns_add(&s.libraries, "lib*") == FT_OK);
	CHECK(selection_wants_library(&s, "/lib/libmount.so.1"));
	selection_deinit(&s);
}

TEST(suggestions)
{
	struct selection s = {.all = false};
	struct function a = function("double::double", "x", ORIGIN_OWN);
	struct function b = function("double::main", "x", ORIGIN_OWN);
	struct function *list[] = {&a, &b};
	struct function_list fl = {.f = list, .n = 2};
	struct buf out;
	buf_init(&out);
	CHECK(patterns_add(&s.functions, "dubble") == FT_OK);
	CHECK(selection_check(&s, &fl) == FT_FAIL);
	CHECK(strstr(ft_error(), "did you mean double::double?") != NULL);
	ft_error_clear();
	CHECK(selection_suggest(&s.functions.p[0], &fl, &out));
	CHECK_EQ_S(out.s, "double::double");
	buf_deinit(&out);
	selection_deinit(&s);
}

static bool one_region(void *ctx, uint64_t addr, uint64_t *ret_lo, uint64_t *ret_hi)
{
	unsigned *asked = ctx;
	++*asked;
	*ret_lo = addr < 0x10000 ? 0x1000 : 0x100000;
	*ret_hi = addr < 0x10000 ? 0x10000 : 0x200000;
	return addr >= 0x1000;
}

TEST(stacks_by_region)
{
	unsigned asked = 0;
	struct stacks s = {.region = one_region, .ctx = &asked};
	struct thread_stacks *t = stacks_of(&s, 5, 5);
	struct frame f = {.cfa = 0x1ff000};
	struct stack *main_stack = stack_for(&s, t, f.cfa);
	CHECK_EQ_U(stack_push(main_stack, &f)->depth, 0);
	f.cfa = 0x1fe000;
	CHECK(stack_for(&s, t, f.cfa) == main_stack);
	CHECK_EQ_U(asked, 1); // no look-up per event
	CHECK_EQ_U(stack_push(main_stack, &f)->depth, 1);
	struct stack *alternate = stack_for(&s, t, 0x8000);
	f.cfa = 0x8000;
	CHECK_EQ_U(stack_push(alternate, &f)->depth, 2); // a handler runs inside what it interrupts
	CHECK_EQ_U(stack_for(&s, t, 0x1fd000)->n, 2);	 // its frames are not the main stack's
	CHECK(stacks_of(&s, 6, 5) != NULL);
	stacks_forget(&s, 6);
	CHECK_EQ_U(s.n, 1);
	stacks_deinit(&s);
}

TEST(each_kind_has_a_name_of_its_own)
{
	unsigned in_group[GROUP_RUN + 1] = {0};

	for (unsigned i = 0; i < EVENT_KINDS; i++) {
		const char *name = event_kind_name((enum event_kind)i);
		for (unsigned k = 0; k < i; k++)
			CHECK(strcmp(name, event_kind_name((enum event_kind)k)) != 0);
		in_group[event_group((enum event_kind)i)]++;
	}
	CHECK_EQ_U(in_group[GROUP_FRAMES], 3);
	CHECK_EQ_U(in_group[GROUP_STEPS], 3);
	CHECK_EQ_U(in_group[GROUP_HEAP], 4);
	CHECK_EQ_U(in_group[GROUP_SPACE], 2);
	CHECK_EQ_S(event_kind_name(EVENT_EXIT), "exit");
	CHECK_EQ_S(pop_how_name(POP_TAIL_CALL), "tail call");
}

TEST_MAIN
