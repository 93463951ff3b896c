/*
 * test_effect.c - what one instruction does to rsp and memory, on bytes.
 */
#include "test.h"

#include "symbols/code.h"

enum { HOME = 0x401000, RSP = 0x7ffe1000, RBP = 0x7ffe1040 };

static struct code_effect effect(const char *bytes, size_t len)
{
	struct code_effect e = {.pc = 0};
	CHECK(code_effect_bytes(HOME, (const uint8_t *)bytes, len, &e) == FT_OK);
	CHECK_EQ_U(e.pc, HOME);
	CHECK_EQ_U(e.len, len);
	return e;
}
#define EFFECT(bytes) effect(bytes, sizeof(bytes) - 1)

static struct regs registers(void)
{
	struct regs r = {.r = {[ARCH_RSP] = RSP,
			       [ARCH_RBP] = RBP,
			       [ARCH_RCX] = 5,
			       [ARCH_RDI] = 0x7ffe1100,
			       [ARCH_RAX] = 3}};
	return r;
}

static void check_store(const struct code_effect *e, uint64_t address, uint64_t size)
{
	struct regs r = registers();
	struct code_store st = {0, 0};
	CHECK(code_effect_store(e, &r, &st));
	CHECK_EQ_U(st.address, address);
	CHECK_EQ_U(st.size, size);
}

static void check_no_store(const struct code_effect *e)
{
	struct regs r = registers();
	struct code_store st;
	CHECK(!code_effect_store(e, &r, &st));
}

TEST(pushes)
{
	struct code_effect e = EFFECT("\x55"); // push rbp
	CHECK_EQ_S(e.text, "push rbp");
	CHECK(e.moves_rsp);
	CHECK(e.kind == CODE_PLAIN);
	check_store(&e, RSP - 8, 8);
	e = EFFECT("\x66\x50"); // push ax
	check_store(&e, RSP - 2, 2);
	e = EFFECT("\x6a\x01"); // push 1
	check_store(&e, RSP - 8, 8);
	e = EFFECT("\x9c"); // pushf
	CHECK(e.moves_rsp);
	check_store(&e, RSP - 8, 8);
	e = EFFECT("\xc8\x20\x00\x00"); // enter 0x20, 0
	CHECK(e.moves_rsp);
	check_store(&e, RSP - 8, 8);
	e = EFFECT("\xc8\x20\x00\x02"); // enter 0x20, 2: rbp, two frame pointers
	check_store(&e, RSP - 24, 24);
	e = EFFECT("\xff\x75\xf8"); // push qword ptr [rbp-8]
	CHECK_EQ_S(e.text, "push QWORD PTR [rbp-8]");
	check_store(&e, RSP - 8, 8);
}

TEST(calls_and_jumps)
{
	struct code_effect e = EFFECT("\xe8\x0b\x00\x00\x00"); // call 0x401010
	CHECK(e.kind == CODE_CALL);
	CHECK(e.moves_rsp);
	CHECK_EQ_U(e.target, HOME + 0x10);
	CHECK_EQ_S(e.text, "call 0x401010");
	check_store(&e, RSP - 8, 8);
	e = EFFECT("\xff\xd0"); // call rax
	CHECK(e.kind == CODE_CALL);
	CHECK_EQ_U(e.target, 0);
	check_store(&e, RSP - 8, 8);
	e = EFFECT("\xff\x14\x24"); // call [rsp]: it reads there, and pushes
	check_store(&e, RSP - 8, 8);
	e = EFFECT("\xc3"); // ret
	CHECK(e.kind == CODE_RET);
	CHECK(e.moves_rsp);
	check_no_store(&e);
	e = EFFECT("\x74\x0e"); // je 0x401010
	CHECK(e.kind == CODE_JUMP);
	CHECK(!e.moves_rsp);
	CHECK_EQ_U(e.target, HOME + 0x10);
	check_no_store(&e);
}

TEST(moves_of_rsp)
{
	struct code_effect e = EFFECT("\x48\x83\xec\x10"); // sub rsp,0x10
	CHECK_EQ_S(e.text, "sub rsp,0x10");
	CHECK(e.moves_rsp);
	check_no_store(&e);
	e = EFFECT("\x48\x83\xe4\xe0"); // and rsp,-32
	CHECK(e.moves_rsp);
	e = EFFECT("\x48\x8d\x65\xf0"); // lea rsp,[rbp-0x10]
	CHECK_EQ_S(e.text, "lea rsp,[rbp-0x10]");
	CHECK(e.moves_rsp);
	check_no_store(&e);
	e = EFFECT("\xc9"); // leave
	CHECK(e.moves_rsp);
	check_no_store(&e);
	e = EFFECT("\x58"); // pop rax
	CHECK(e.moves_rsp);
	check_no_store(&e);
	e = EFFECT("\x48\x87\xe0"); // xchg rax,rsp
	CHECK(e.moves_rsp);
	e = EFFECT("\x48\x8b\x04\x24"); // mov rax,[rsp]
	CHECK(!e.moves_rsp);
}

TEST(stores)
{
	struct code_effect e = EFFECT("\xc7\x45\xfc\x30\x00\x00\x00"); // mov dword ptr [rbp-4],0x30
	CHECK_EQ_S(e.text, "mov DWORD PTR [rbp-4],0x30");
	CHECK(!e.store_maybe);
	check_store(&e, RBP - 4, 4);
	e = EFFECT("\x48\x89\x44\xc4\x10"); // mov [rsp+rax*8+0x10],rax
	check_store(&e, RSP + 0x10 + 3 * 8, 8);
	e = EFFECT("\x83\x45\xfc\x01"); // add dword ptr [rbp-4],1
	CHECK(!e.store_maybe);
	check_store(&e, RBP - 4, 4);
	e = EFFECT("\x83\x7d\xfc\x01"); // cmp dword ptr [rbp-4],1
	check_no_store(&e);
	e = EFFECT("\xf2\x0f\x10\x45\xf8"); // movsd xmm0,[rbp-8]
	check_no_store(&e);
	e = EFFECT("\xf2\x0f\x11\x45\xf8"); // movsd [rbp-8],xmm0
	check_store(&e, RBP - 8, 8);
	e = EFFECT("\x0f\x29\x45\xe0"); // movaps [rbp-0x20],xmm0
	check_store(&e, RBP - 0x20, 16);
	e = EFFECT("\x0f\x94\x45\xff"); // sete [rbp-1]
	check_store(&e, RBP - 1, 1);
	e = EFFECT("\xdd\x5d\xf8"); // fstp qword ptr [rbp-8]
	check_store(&e, RBP - 8, 8);
	e = EFFECT("\xdb\x7d\xf0"); // fstp tbyte ptr [rbp-0x10]
	check_store(&e, RBP - 0x10, 10);
	e = EFFECT("\x0f\xae\x04\x24"); // fxsave [rsp]
	check_store(&e, RSP, 512);
	e = EFFECT("\x0f\xae\x24\x24"); // xsave [rsp]: as much as the processor has
	CHECK(e.store_maybe);
	e = EFFECT("\x8f\x04\x24"); // pop [rsp]: counted after rsp has moved
	check_store(&e, RSP + 8, 8);
	e = EFFECT("\x64\x89\x04\x25\x00\x00\x00\x00"); // mov fs:0,eax
	check_no_store(&e);
	e = EFFECT("\x89\x05\x00\x01\x00\x00"); // mov [rip+0x100],eax
	check_store(&e, HOME + 6 + 0x100, 4);
	e = EFFECT("\xf0\x0f\xb1\x4d\xfc"); // lock cmpxchg [rbp-4],ecx
	check_store(&e, RBP - 4, 4);
}

TEST(strings)
{
	struct code_effect e = EFFECT("\xf3\x48\xab"); // rep stosq
	struct regs r = registers();
	struct code_store st;
	CHECK(e.repeated);
	check_store(&e, 0x7ffe1100, 5 * 8);
	r.eflags = 1 << 10; // downwards
	CHECK(code_effect_store(&e, &r, &st));
	CHECK_EQ_U(st.address, 0x7ffe1100 - 4 * 8);
	r.r[ARCH_RCX] = 0;
	CHECK(!code_effect_store(&e, &r, &st));
	r.r[ARCH_RCX] = UINT64_MAX;
	CHECK(!code_effect_store(&e, &r, &st));
	e = EFFECT("\xaa"); // stosb
	CHECK(!e.repeated);
	check_store(&e, 0x7ffe1100, 1);
	e = EFFECT("\xf3\xa4"); // rep movsb
	check_store(&e, 0x7ffe1100, 5);
	e = EFFECT("\xa5"); // movsd, the string instruction
	check_store(&e, 0x7ffe1100, 4);
	e = EFFECT("\xf3\xa6"); // repe cmpsb
	check_no_store(&e);
}

TEST(not_code)
{
	struct code_effect e;
	CHECK(code_effect_bytes(HOME, (const uint8_t *)"\x06", 1, &e) == FT_NONE);
	CHECK(code_effect_bytes(HOME, (const uint8_t *)"\xe8\x00", 2, &e) == FT_NONE);
	CHECK(code_effect_bytes(HOME, (const uint8_t *)"", 0, &e) == FT_NONE);
}

TEST_MAIN
