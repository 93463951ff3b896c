/*
 * test_unwind.c - rows of call frame information applied to a recorded stack; comparing two walks.
 */
#include "test.h"

#include "symbols/type.h"
#include "unwind/dw_op.h"
#include "unwind/unwind.h"

enum { STACK = 0x7ffe0000, WORDS = 64 };

struct stack {
	uint64_t word[WORDS]; // from STACK upwards
};

static size_t read_stack(void *ctx, uint64_t addr, void *buf, size_t len)
{
	const struct stack *s = ctx;

	if (addr < STACK || addr - STACK >= sizeof(s->word))
		return 0;
	size_t left = sizeof(s->word) - (addr - STACK);
	len = len < left ? len : left;
	memcpy(buf, (const uint8_t *)s->word + (addr - STACK), len);
	return len;
}

static uint64_t at(unsigned word)
{
	return STACK + word * 8u;
}

/* What gcc writes: CFA = reg + off, the return address below it, all else unchanged. */
static struct cfi_row usual_row(unsigned reg, int64_t off)
{
	struct cfi_row row = {.lo = 0x1000, .hi = 0x2000, .cfa_reg = reg, .cfa_off = off};

	for (unsigned i = 0; i < ARCH_GENERAL; i++)
		row.rules[i].kind = CFI_SAME;
	row.rules[ARCH_RIP] = (struct cfi_rule){.kind = CFI_AT_CFA, .off = -8};
	return row;
}

static struct unwind_frame innermost(uint64_t rsp)
{
	struct regs regs;

	for (unsigned i = 0; i < ARCH_GENERAL; i++)
		regs.r[i] = 0x100 + i;
	regs.r[ARCH_RSP] = rsp;
	regs.r[ARCH_RIP] = 0x1010;
	regs.fs_base = 0x7000;
	return unwind_innermost(&regs);
}

static bool knows(const struct unwind_frame *f, unsigned reg)
{
	return f->known >> reg & 1;
}

TEST(first_instruction)
{
	struct stack s = {.word = {[4] = 0x401136}};
	struct memory mem = {read_stack, &s};
	struct cfi_row row = usual_row(ARCH_RSP, 8);
	struct unwind_frame f = innermost(at(4)), caller;
	enum unwind_end end;
	uint64_t cfa;

	CHECK(f.exact_pc);
	CHECK_EQ_U(frame_lookup_pc(&f), 0x1010);
	CHECK(unwind_apply(&row, &mem, &f, &caller, &cfa, &end));
	CHECK_EQ_U(cfa, at(5));
	CHECK_EQ_U(caller.pc, 0x401136);
	CHECK_EQ_U(caller.regs.r[ARCH_RIP], 0x401136);
	CHECK_EQ_U(caller.regs.r[ARCH_RSP], at(5));
	CHECK_EQ_U(caller.regs.r[ARCH_RBX], 0x100 + ARCH_RBX);
	CHECK_EQ_U(caller.regs.fs_base, 0x7000);
	CHECK(!caller.exact_pc);
	CHECK_EQ_U(frame_lookup_pc(&caller), 0x401135);
	for (unsigned i = 0; i < ARCH_RIP; i++) // what a callee may change is not known
		CHECK(knows(&caller, i) == arch_is_callee_saved(i));
	CHECK(knows(&caller, ARCH_RIP));
}

/* push rbp; mov rbp, rsp; push rbx; sub rsp, 24: three frames of it, down to rsp = at(2). */
TEST(frame_pointers)
{
	struct stack s = {.word = {
				  [5] = 0xb0,
				  [6] = at(12),
				  [7] = 0x1100, // rbx, rbp, return
				  [11] = 0xb1,
				  [12] = at(20),
				  [13] = 0x1200,
				  [19] = 0xb2,
				  [20] = 0,
				  [21] = 0,
			  }};
	struct memory mem = {read_stack, &s};
	struct cfi_row row = usual_row(ARCH_RBP, 16);
	struct unwind_frame f = innermost(at(2)), caller;
	enum unwind_end end = UNWIND_END_LIMIT;
	uint64_t cfa;

	row.rules[ARCH_RBP] = (struct cfi_rule){.kind = CFI_AT_CFA, .off = -16};
	row.rules[ARCH_RBX] = (struct cfi_rule){.kind = CFI_AT_CFA, .off = -24};
	f.regs.r[ARCH_RBP] = at(6);
	CHECK(unwind_apply(&row, &mem, &f, &caller, &cfa, &end));
	CHECK_EQ_U(cfa, at(8));
	CHECK_EQ_U(caller.pc, 0x1100);
	CHECK_EQ_U(caller.regs.r[ARCH_RBP], at(12));
	CHECK_EQ_U(caller.regs.r[ARCH_RBX], 0xb0);
	f = caller;
	CHECK(unwind_apply(&row, &mem, &f, &caller, &cfa, &end));
	CHECK_EQ_U(cfa, at(14));
	CHECK_EQ_U(caller.pc, 0x1200);
	CHECK_EQ_U(caller.regs.r[ARCH_RSP], at(14));
	CHECK_EQ_U(caller.regs.r[ARCH_RBX], 0xb1);
	f = caller;
	CHECK(!unwind_apply(&row, &mem, &f, &caller, &cfa, &end)); // returns to 0
	CHECK_EQ_U(end, UNWIND_END_OUTERMOST);
	CHECK_EQ_U(cfa, at(22));
	CHECK_EQ_U(caller.pc, 0x1200); // untouched
}

TEST(every_kind_of_rule)
{
	static const struct dw_op address[] = {{.op = DW_OP_lit0 + 24}, {.op = DW_OP_minus}};
	static const struct dw_op value[] = {{.op = DW_OP_lit0 + 1}, {.op = DW_OP_plus}};
	static const struct dw_op broken[] = {{.op = DW_OP_drop}, {.op = DW_OP_drop}};
	struct stack s = {.word = {[5] = 0xeeee, [7] = 0x401136}};
	struct memory mem = {read_stack, &s};
	struct cfi_row row = usual_row(ARCH_RSP, 32);
	struct unwind_frame f = innermost(at(4)), caller;
	enum unwind_end end;
	uint64_t cfa;

	f.known &= ~(1u << ARCH_RSI);
	row.rules[ARCH_RAX] = (struct cfi_rule){.kind = CFI_AT_EXPR, .ops = address, .n_ops = 2};
	row.rules[ARCH_RDX] = (struct cfi_rule){.kind = CFI_IS_EXPR, .ops = value, .n_ops = 2};
	row.rules[ARCH_RCX] = (struct cfi_rule){.kind = CFI_IN_REG, .reg = ARCH_RDI};
	row.rules[ARCH_RBX] = (struct cfi_rule){.kind = CFI_UNDEFINED};
	row.rules[ARCH_RBP] = (struct cfi_rule){.kind = CFI_IS_CFA, .off = -16};
	row.rules[ARCH_R12] = (struct cfi_rule){.kind = CFI_IS_EXPR, .ops = broken, .n_ops = 2};
	row.rules[ARCH_R13] = (struct cfi_rule){.kind = CFI_AT_CFA, .off = 0x10000}; // unreadable
	row.rules[ARCH_R14] = (struct cfi_rule){.kind = CFI_IN_REG, .reg = ARCH_RSI};
	row.rules[ARCH_R15] = (struct cfi_rule){.kind = CFI_IN_REG, .reg = 99};
	CHECK(unwind_apply(&row, &mem, &f, &caller, &cfa, &end));
	CHECK_EQ_U(cfa, at(8));
	CHECK(knows(&caller, ARCH_RAX));
	CHECK_EQ_U(caller.regs.r[ARCH_RAX], 0xeeee);
	CHECK_EQ_U(caller.regs.r[ARCH_RDX], at(8) + 1);
	CHECK_EQ_U(caller.regs.r[ARCH_RCX], 0x100 + ARCH_RDI);
	CHECK_EQ_U(caller.regs.r[ARCH_RBP], at(6));
	CHECK_EQ_U(caller.regs.r[ARCH_RSP], at(8));
	static const unsigned lost[] = {ARCH_RBX, ARCH_R12, ARCH_R13, ARCH_R14, ARCH_R15, ARCH_R8};
	for (size_t i = 0; i < FT_COUNT(lost); i++)
		CHECK(!knows(&caller, lost[i]));
}

TEST(cfa_by_expression)
{
	// gcc's realigned frame: the CFA is kept 8 below rbp.
	static const struct dw_op ops[] = {{.op = DW_OP_breg0 + ARCH_RBP, .a = (uint64_t)-8},
					   {.op = DW_OP_deref, .off = 2}};
	struct stack s = {.word = {[9] = STACK + 20 * 8, [19] = 0x401136}};
	struct memory mem = {read_stack, &s};
	struct cfi_row row = usual_row(0, 0);
	struct unwind_frame f = innermost(at(4)), caller;
	enum unwind_end end;
	uint64_t cfa;

	row.cfa_is_expr = true;
	row.cfa_ops = ops;
	row.n_cfa_ops = 2;
	f.regs.r[ARCH_RBP] = at(10);
	CHECK(unwind_apply(&row, &mem, &f, &caller, &cfa, &end));
	CHECK_EQ_U(cfa, at(20));
	CHECK_EQ_U(caller.pc, 0x401136);
	f.regs.r[ARCH_RBP] = 0x10; // smashed
	CHECK(!unwind_apply(&row, &mem, &f, &caller, &cfa, &end));
	CHECK_EQ_U(end, UNWIND_END_BAD_MEMORY);
	CHECK_EQ_U(cfa, 0);
}

TEST(ends)
{
	struct stack s = {.word = {[4] = 0x401136}};
	struct memory mem = {read_stack, &s}, none = memory_none();
	struct cfi_row row = usual_row(ARCH_RSP, 8);
	struct unwind_frame f = innermost(at(4)), caller;
	enum unwind_end end = UNWIND_END_LIMIT;
	uint64_t cfa;

	CHECK(!unwind_apply(&row, &none, &f, &caller, &cfa, &end));
	CHECK_EQ_U(end, UNWIND_END_BAD_MEMORY);
	CHECK_EQ_U(cfa, at(5));
	row.rules[ARCH_RIP].kind = CFI_UNDEFINED; // _start
	CHECK(!unwind_apply(&row, &mem, &f, &caller, &cfa, &end));
	CHECK_EQ_U(end, UNWIND_END_OUTERMOST);
	CHECK_EQ_U(cfa, 0);
	row = usual_row(ARCH_RBX, 8); // a register that is not known here
	f.known &= ~(1u << ARCH_RBX);
	CHECK(!unwind_apply(&row, &mem, &f, &caller, &cfa, &end));
	CHECK_EQ_U(end, UNWIND_END_BAD_MEMORY);
	row = usual_row(99, 8);
	CHECK(!unwind_apply(&row, &mem, &f, &caller, &cfa, &end));
	CHECK_EQ_U(end, UNWIND_END_BAD_MEMORY);
}

TEST(frames_lead_outwards)
{
	struct stack s = {.word = {[3] = 0x401136, [4] = 0x401136}};
	struct memory mem = {read_stack, &s};
	struct unwind_frame f = innermost(at(4)), caller;
	enum unwind_end end = UNWIND_END_LIMIT;
	uint64_t cfa;

	struct cfi_row row = usual_row(ARCH_RSP, 0); // no place for the return address
	CHECK(!unwind_apply(&row, &mem, &f, &caller, &cfa, &end));
	CHECK_EQ_U(end, UNWIND_END_CYCLE);
	f.regs.r[ARCH_RBP] = at(2);
	row = usual_row(ARCH_RBP, 16);
	CHECK(!unwind_apply(&row, &mem, &f, &caller, &cfa, &end));
	CHECK_EQ_U(end, UNWIND_END_CYCLE);
	row.signal_frame = true; // the signal ran on another stack, above this one
	CHECK(unwind_apply(&row, &mem, &f, &caller, &cfa, &end));
	CHECK(caller.exact_pc);
	CHECK_EQ_U(caller.regs.r[ARCH_RSP], at(4));
	CHECK_EQ_U(frame_lookup_pc(&caller), 0x401136);
}

/* glibc's __restore_rt: every register comes from the saved context, rsp and rip too. */
TEST(signal_frames)
{
	static struct dw_op ops[ARCH_GENERAL][1];
	struct stack s = {.word = {0}};
	struct memory mem = {read_stack, &s};
	struct cfi_row row = {.cfa_is_expr = true, .signal_frame = true};
	struct unwind_frame f = innermost(at(2)), caller;
	static const struct dw_op cfa_ops[] = {
		{.op = DW_OP_breg0 + ARCH_RSP, .a = 8 * (10 + ARCH_RSP)},
		{.op = DW_OP_deref, .off = 3}};
	enum unwind_end end;
	uint64_t cfa;

	row.cfa_ops = cfa_ops;
	row.n_cfa_ops = 2;
	for (unsigned i = 0; i < ARCH_GENERAL; i++) {
		ops[i][0] = (struct dw_op){.op = DW_OP_breg0 + ARCH_RSP, .a = 8 * (10 + i)};
		row.rules[i] = (struct cfi_rule){.kind = CFI_AT_EXPR, .ops = ops[i], .n_ops = 1};
		s.word[12 + i] = 0x5000 + i;
	}
	CHECK(unwind_apply(&row, &mem, &f, &caller, &cfa, &end));
	CHECK_EQ_U(cfa, 0x5000 + ARCH_RSP);
	CHECK_EQ_U(caller.known, (1u << ARCH_GENERAL) - 1);
	for (unsigned i = 0; i < ARCH_GENERAL; i++)
		CHECK_EQ_U(caller.regs.r[i], 0x5000 + i);
	CHECK_EQ_U(caller.pc, 0x5000 + ARCH_RIP);
	CHECK(caller.exact_pc);
}

static struct unwind_frame frame(uint64_t pc, uint64_t cfa)
{
	return (struct unwind_frame){.pc = pc, .cfa = cfa};
}

static void check_compare(const struct unwind_frame *ours, size_t n, enum unwind_end end,
			  const struct unwind_frame *theirs, size_t m, enum unwind_end their_end,
			  const char *want)
{
	struct unwind_trace a = {ours, n, end}, b = {theirs, m, their_end};
	struct buf words;

	buf_init(&words);
	bool same = unwind_trace_compare(&a, &b, &words);
	CHECK(same == !*want);
	CHECK_EQ_S(words.s, want);
	buf_deinit(&words);
}

TEST(comparisons)
{
	const enum unwind_end out = UNWIND_END_OUTERMOST, no_cfi = UNWIND_END_NO_CFI;
	const enum unwind_end bad = UNWIND_END_BAD_MEMORY;
	struct unwind_frame a[8], b[8];

	for (unsigned i = 0; i < 8; i++)
		a[i] = b[i] = frame(0x1000 + i, 0x8000 + i * 16);
	b[7].cfa = 0; // libunwind never knows its last one
	check_compare(a, 8, out, b, 8, out, "");
	check_compare(a, 8, out, b, 7, out, "");
	check_compare(a, 8, out, b, 6, out,
		      "8 frames (the outermost frame), libunwind finds 6 (the outermost frame)");
	check_compare(a, 6, out, b, 8, out,
		      "6 frames (the outermost frame), libunwind finds 8 (the outermost frame)");
	check_compare(a, 8, out, b, 2, no_cfi, "");
	check_compare(a, 1, no_cfi, b, 8, out, "");
	check_compare(a, 8, out, b, 7, bad,
		      "8 frames (the outermost frame), libunwind finds 7 (a saved register could "
		      "not be read)");
	check_compare(a, 7, bad, b, 7, bad, "");
	check_compare(a, 8, UNWIND_END_LIMIT, b, 6, UNWIND_END_LIMIT, "");
	b[3].pc++;
	check_compare(a, 8, out, b, 8, out, "frame 3: pc is 0x1003, libunwind says 0x1004");
	check_compare(a, 3, no_cfi, b, 8, out, "");
	b[2].cfa++;
	check_compare(a, 8, out, b, 8, out, "frame 2: CFA is 0x8020, libunwind says 0x8021");
	a[2].cfa = 0;
	check_compare(a, 3, no_cfi, b, 8, out, "");
}

TEST(ends_have_words)
{
	for (int end = UNWIND_END_OUTERMOST; end <= UNWIND_END_LIMIT; end++)
		CHECK(strlen(unwind_end_text((enum unwind_end)end)) > 5);
}

TEST_MAIN
