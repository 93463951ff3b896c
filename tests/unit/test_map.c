#include "test.h"

#include "events/map.h"

enum { BASE = 0x7000, SIZE = 0x1000, CFA = 0x7800, RSP = CFA - 48 };

static size_t fake_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	const uint8_t *bytes = ctx;
	if (addr < BASE || addr >= BASE + SIZE)
		return 0;
	size_t n = BASE + SIZE - (size_t)addr;
	if (n > len)
		n = len;
	memcpy(buf, bytes + (addr - BASE), n);
	return n;
}

static void put(uint8_t *stack, uint64_t addr, uint64_t v)
{
	memcpy(stack + (addr - BASE), &v, sizeof(v));
}

static void name_main(void *ctx, uint64_t addr, struct buf *out)
{
	(void)ctx;
	if (addr == 0x401136)
		buf_str(out, " <main+18>");
}

static struct type an_int = {.kind = TYPE_INT, .shown = "int", .size = 4};
static const struct variable var_n = {.name = "n", .type = &an_int, .is_param = true};
static const struct variable var_sum = {.name = "sum", .type = &an_int};

/*
 * 0, 8: return address, saved rbp, n, sum, hole, canary, spill; the red zone.
 */
static struct layout_slot slots[] = {
	{.off = 0, .size = 8, .owner = OWNER_STACK_ARGUMENT, .at_body = true, .reg = ARCH_NONE},
	{.off = -8, .size = 8, .owner = OWNER_RETURN_ADDRESS, .at_body = true, .reg = ARCH_NONE},
	{.off = -16,
	 .size = 8,
	 .owner = OWNER_SAVED_REGISTER,
	 .at_body = true,
	 .name = "rbp",
	 .reg = ARCH_RBP},
	{.off = -20,
	 .size = 4,
	 .owner = OWNER_LOCAL,
	 .at_body = true,
	 .name = "n",
	 .var = &var_n,
	 .writer = 0x401140},
	{.off = -24,
	 .size = 4,
	 .owner = OWNER_LOCAL,
	 .name = "sum",
	 .var = &var_sum,
	 .writer = 0x401150},
	{.off = -32, .size = 8, .owner = OWNER_PADDING},
	{.off = -40, .size = 8, .owner = OWNER_CANARY, .at_body = true, .writer = 0x401138},
	{.off = -48, .size = 8, .owner = OWNER_SPILL, .writer = 0x401160},
	{.off = -176, .size = 128, .owner = OWNER_RED_ZONE},
};

static size_t slot_values[] = {SIZE_MAX, SIZE_MAX, SIZE_MAX, 0,	      1,
			       SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX};

static struct map_plan a_plan(void)
{
	return (struct map_plan){
		.layout = {.slots = slots, .n = FT_COUNT(slots), .rsp_known = true},
		.value = slot_values,
		.n_site = 1,
		.n_own = 1,
	};
}

static const struct event_value value_n = {.name = "n",
					   .type = "int",
					   .value = "48",
					   .known = true,
					   .has_address = true,
					   .address = CFA - 20,
					   .size = 4};
static const struct event_value value_sum = {.name = "sum",
					     .type = "int",
					     .value = "7",
					     .known = true,
					     .has_address = true,
					     .address = CFA - 24,
					     .size = 4};

static struct event an_event(enum event_kind kind)
{
	return (struct event){
		.kind = kind,
		.cfa = CFA,
		.return_address = 0x401136,
		.return_symbol = "main+18",
		.args = &value_n,
		.n_args = 1,
	};
}

static void fill(uint8_t *stack)
{
	memset(stack, 0, SIZE);
	put(stack, CFA, 9);
	put(stack, CFA - 8, 0x401136);
	put(stack, CFA - 16, 0x401136);
	put(stack, CFA - 24, 48ull << 32 | 7);
	put(stack, CFA - 40, 0x1122334455667700);
	put(stack, CFA - 48, (uint64_t)-2);
}

// One owner for each byte, from the top to rsp - 128.
static void check_whole(const struct map *m, uint64_t top, uint64_t bottom)
{
	CHECK(m->n > 0);
	CHECK_EQ_U(m->slots[0].address + m->slots[0].size, top);
	for (size_t i = 1; i < m->n; i++)
		CHECK_EQ_U(m->slots[i].address + m->slots[i].size, m->slots[i - 1].address);
	CHECK_EQ_U(m->slots[m->n - 1].address, bottom);
}

TEST(a_push)
{
	uint8_t stack[SIZE];
	struct memory mem = {fake_read, stack};
	struct map_plan plan = a_plan();
	struct event ev = an_event(EVENT_PUSH);
	struct map m;
	struct map_input in = {.plan = &plan,
			       .ev = &ev,
			       .rsp = RSP,
			       .own = &value_sum,
			       .mem = &mem,
			       .name_address = name_main};
	fill(stack);
	map_init(&m);
	map_frame(&m, &in);
	check_whole(&m, CFA + 8, RSP - 128);
	CHECK_EQ_U(m.n, 9);
	CHECK_EQ_S(m.slots[0].value, "0x9 (9)");
	CHECK_EQ_S(m.slots[1].owner, "return address");
	CHECK_EQ_S(m.slots[1].value, "0x401136 <main+18>");
	CHECK_EQ_S(m.slots[2].name, "rbp");
	CHECK_EQ_S(m.slots[2].value, "0x401136 <main+18>");
	CHECK_EQ_S(m.slots[2].bytes, "3611400000000000");
	CHECK_EQ_S(m.slots[3].owner, "argument");
	CHECK_EQ_S(m.slots[3].value, "48");
	CHECK_EQ_S(m.slots[3].type, "int");
	CHECK(m.slots[4].value == NULL && m.slots[4].unwritten); // sum: not written yet
	CHECK_EQ_S(m.slots[4].bytes, "07000000");
	CHECK(m.slots[5].value == NULL);
	CHECK_EQ_S(m.slots[6].value, "0x1122334455667700");
	CHECK(m.slots[7].value == NULL && m.slots[7].unwritten);
	CHECK_EQ_U(m.n_elsewhere, 0);
	map_deinit(&m);
}

TEST(a_pop)
{
	uint8_t stack[SIZE];
	struct memory mem = {fake_read, stack};
	struct map_plan plan = a_plan();
	struct event ev = an_event(EVENT_POP);
	struct event_value in_rbx = {
		.name = "i", .type = "int", .value = "3", .known = true, .reg = "rbx"};
	struct map m;
	plan.n_site = 3;
	plan.n_own = 0;
	struct event_value locals[] = {value_sum, in_rbx};
	ev.locals = locals;
	ev.n_locals = 2;
	struct map_input in = {.plan = &plan, .ev = &ev, .rsp = RSP, .mem = &mem};
	fill(stack);
	put(stack, CFA - 8, 0x4141414141414141); // somebody has overwritten it
	map_init(&m);
	map_frame(&m, &in);
	check_whole(&m, CFA + 8, RSP - 128);
	CHECK_EQ_S(m.slots[1].value, "0x4141414141414141, at the push it was 0x401136 <main+18>");
	CHECK_EQ_S(m.slots[4].value, "7");
	CHECK(!m.slots[4].unwritten);
	CHECK_EQ_S(m.slots[7].value, "0xfffffffffffffffe (-2)");
	CHECK_EQ_U(m.n_elsewhere, 1);
	CHECK_EQ_S(m.elsewhere[0].name, "i");
	map_deinit(&m);
}

// The register that was saved has its value again; where it has not, one of the two is wrong.
TEST(saved_registers_at_the_pop)
{
	uint8_t stack[SIZE];
	struct memory mem = {fake_read, stack};
	struct map_plan plan = a_plan();
	struct event ev = an_event(EVENT_POP);
	struct regs regs = {.r[ARCH_RBP] = 0x401136};
	struct map m;
	struct map_input in = {.plan = &plan,
			       .ev = &ev,
			       .rsp = RSP,
			       .own = &value_sum,
			       .mem = &mem,
			       .regs = &regs};
	fill(stack);
	map_init(&m);
	map_frame(&m, &in);
	CHECK_EQ_S(m.slots[2].value, "0x401136");
	regs.r[ARCH_RBP] = 0x77;
	map_frame(&m, &in);
	CHECK_EQ_S(m.slots[2].value, "0x401136, but the register has 0x77");
	in.rsp = CFA - 8; // the frame is built later than the body, if at all
	map_frame(&m, &in);
	CHECK_EQ_S(m.slots[2].value, "<not saved on this path>");
	CHECK(!m.slots[2].known);
	map_deinit(&m);
}

// In a register at this pc: the slot has bytes, but it is not the variable's place.
TEST(a_variable_that_is_elsewhere)
{
	uint8_t stack[SIZE];
	struct memory mem = {fake_read, stack};
	struct map_plan plan = a_plan();
	struct event ev = an_event(EVENT_POP);
	struct event_value moved = value_n;
	struct map m;
	moved.address = 0x9000;
	ev.args = &moved;
	struct map_input in = {.plan = &plan, .ev = &ev, .rsp = RSP, .mem = &mem};
	fill(stack);
	put(stack, CFA - 20, 0x2a);
	map_init(&m);
	map_frame(&m, &in);
	CHECK_EQ_S(m.slots[3].value, "0x2a (42)");
	map_deinit(&m);
}

TEST(realigned)
{
	struct layout_slot s[] = {
		{.off = -8, .size = 8, .owner = OWNER_RETURN_ADDRESS},
		{.off = -16, .size = 8, .owner = OWNER_SAVED_REGISTER, .name = "rbp"},
		{.off = 32, .size = 32, .owner = OWNER_LOCAL, .name = "v", .from_rsp = true},
		{.off = 0, .size = 32, .owner = OWNER_UNKNOWN, .from_rsp = true},
		{.off = -128, .size = 128, .owner = OWNER_RED_ZONE, .from_rsp = true},
	};
	size_t values[] = {SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX};
	struct map_plan plan = {.layout = {.slots = s, .n = 5}, .value = values};
	uint8_t stack[SIZE];
	struct memory mem = {fake_read, stack};
	struct event ev = {.kind = EVENT_PUSH, .cfa = CFA};
	struct map m;
	fill(stack);
	map_init(&m);
	for (uint64_t gap = 0; gap < 32; gap += 8) {
		struct map_input in = {
			.plan = &plan, .ev = &ev, .rsp = CFA - 16 - 64 - gap, .mem = &mem};
		map_frame(&m, &in);
		check_whole(&m, CFA, in.rsp - 128);
		CHECK_EQ_U(m.n, gap ? 6 : 5);
		CHECK_EQ_S(m.slots[2].owner, gap ? "padding" : "local");
		CHECK_EQ_U(m.slots[2].size, gap ? gap : 32);
	}
	// rsp is not where the code says it must be: still one owner a byte.
	struct map_input in = {.plan = &plan, .ev = &ev, .rsp = CFA - 40, .mem = &mem};
	map_frame(&m, &in);
	check_whole(&m, CFA + 24, CFA - 40 - 128);
	map_deinit(&m);
}

TEST(variable_array)
{
	struct layout_slot s[] = {
		{.off = -8, .size = 8, .owner = OWNER_RETURN_ADDRESS},
		{.off = -32, .size = 24, .owner = OWNER_UNKNOWN},
		{.off = -160, .size = 128, .owner = OWNER_RED_ZONE},
	};
	size_t values[] = {SIZE_MAX, SIZE_MAX, SIZE_MAX};
	struct map_plan plan = {
		.layout = {.slots = s, .n = 3, .rsp_known = true, .has_dynamic = true},
		.value = values,
		.n_site = 2};
	struct event_value locals[] = {
		{.name = "a",
		 .type = "int [n]",
		 .value = "{1}",
		 .known = true,
		 .has_address = true,
		 .address = CFA - 64},
		{.name = "b",
		 .type = "int [m]",
		 .value = "{2}",
		 .known = true,
		 .has_address = true,
		 .address = CFA - 128},
	};
	uint8_t stack[SIZE];
	struct memory mem = {fake_read, stack};
	struct event ev = {.kind = EVENT_POP, .cfa = CFA, .locals = locals, .n_locals = 2};
	struct map_input in = {.plan = &plan, .ev = &ev, .rsp = CFA - 32, .mem = &mem};
	struct map m;
	fill(stack);
	map_init(&m);
	map_frame(&m, &in);
	check_whole(&m, CFA, CFA - 128 - 128);
	CHECK_EQ_U(m.n, 5);
	CHECK_EQ_S(m.slots[2].name, "a");
	CHECK_EQ_U(m.slots[2].size, 32);
	CHECK_EQ_S(m.slots[3].value, "{2}");
	CHECK_EQ_S(m.slots[4].owner, "red zone");
	ev.n_locals = 0; // alloca only
	map_frame(&m, &in);
	check_whole(&m, CFA, CFA - 32 - 128);
	CHECK(!m.slots[2].known);
	map_deinit(&m);
}

TEST(what_cannot_be_read)
{
	struct map_plan plan = a_plan();
	struct memory mem = memory_none();
	struct event ev = an_event(EVENT_PUSH);
	struct map m;
	struct map_input in = {
		.plan = &plan, .ev = &ev, .rsp = RSP, .own = &value_sum, .mem = &mem};
	map_init(&m);
	map_frame(&m, &in);
	check_whole(&m, CFA + 8, RSP - 128);
	CHECK(!m.slots[2].known);
	CHECK_EQ_S(m.slots[2].value, "<memory not readable>");
	CHECK(m.slots[2].bytes == NULL);
	ev.cfa = 16; // the frame would reach below address 0
	in.rsp = 16 - 48;
	map_frame(&m, &in);
	CHECK(m.n > 0);
	map_deinit(&m);
}

// The second call of the same function: its sum is not written yet, the first one's is there.
TEST(ghosts_of_the_call_before)
{
	uint8_t stack[SIZE];
	struct memory mem = {fake_read, stack};
	struct map_plan plan = a_plan();
	struct event ev = an_event(EVENT_POP);
	struct ghosts *g = ghosts_create();
	struct map m;
	struct map_input in = {
		.plan = &plan, .ev = &ev, .rsp = RSP, .own = &value_sum, .mem = &mem, .ghosts = g};
	fill(stack);
	map_init(&m);
	map_frame(&m, &in);
	struct ghost_frame dead = {.function = "f",
				   .pushed_seq = 1,
				   .popped_seq = 2,
				   .slots = m.slots,
				   .n_slots = m.n,
				   .end = CFA,
				   .exact = true};
	ghosts_add(g, &dead, &mem);
	ev = an_event(EVENT_PUSH);
	put(stack, CFA - 48, 1); // untraced code was here in between
	map_frame(&m, &in);
	CHECK_EQ_S(m.slots[4].ghost, "sum of f = 7");
	CHECK(m.slots[3].ghost == NULL); // n was written again, with whatever value
	CHECK(m.slots[7].ghost == NULL);
	uint64_t overwritten = 0, kept = 0;
	for (size_t i = 0; i < m.n_ghosts; i++) {
		overwritten += m.ghosts[i].overwritten;
		kept += m.ghosts[i].kept;
	}
	CHECK_EQ_U(overwritten, 8 + 8 + 4 + 8 + 8); // return address, rbp, n, canary, spill
	CHECK_EQ_U(kept, 4);			    // sum
	struct buf b;
	buf_init(&b);
	CHECK(!ghosts_text(g, CFA - 20, 4, &b));
	buf_deinit(&b);
	map_deinit(&m);
	ghosts_destroy(g);
}

TEST_MAIN
