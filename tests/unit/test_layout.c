/*
 * test_layout.c - who owns each byte of the frame of hand-written functions.
 */
#include "test.h"

#include "base/buf.h"
#include "symbols/dwarf_constants.h"
#include "symbols/layout_private.h"

enum { BASE = 0x401000 };

struct fixture {
	struct code_chunk chunk;
	struct cfa_row rows[12];
	struct cfi_row full[12];
	struct type types[4];
	struct variable locals[4];
	struct dw_op ops[5][2];
	struct location_entry entries[5];
	struct signature sig;
	struct plan_input in;
	struct buf text; // of the layout
	struct frame_layout layout;
};

static void code(struct fixture *f, const char *bytes, size_t len)
{
	memset(f, 0, sizeof(*f));
	buf_init(&f->text);
	f->chunk = (struct code_chunk){BASE, (const uint8_t *)bytes, len};
	f->in = (struct plan_input){.chunks = &f->chunk, .n_chunks = 1, .rows = f->rows};
	f->sig.locals = f->locals;
	f->ops[4][0].op = DW_OP_call_frame_cfa;
	f->entries[4] = (struct location_entry){0, UINT64_MAX, f->ops[4], 1};
	f->sig.frame_base = (struct location){.n = 1, .e = &f->entries[4]};
}

#define CODE(f, bytes) code(f, bytes, sizeof(bytes) - 1)

/* From `from` on, CFA = reg + off; what was saved before stays saved. */
static void row(struct fixture *f, unsigned from, unsigned reg, int off)
{
	size_t n = f->in.n_rows++;
	uint64_t end = BASE + f->chunk.len;
	if (n) {
		f->rows[n - 1].hi = f->full[n - 1].hi = BASE + from;
		f->full[n] = f->full[n - 1];
	}
	f->rows[n] = (struct cfa_row){BASE + from, end, true, {(uint8_t)reg, false, off}};
	f->full[n].lo = BASE + from;
	f->full[n].hi = end;
}

/* In the last row: a register is saved at CFA + off. */
static void saved(struct fixture *f, unsigned reg, int off)
{
	f->full[f->in.n_rows - 1].rules[reg] = (struct cfi_rule){.kind = CFI_AT_CFA, .off = off};
}

static void rbp_rows(struct fixture *f)
{
	row(f, 0, ARCH_RSP, 8);
	row(f, 1, ARCH_RSP, 16);
	saved(f, ARCH_RBP, -16);
	row(f, 4, ARCH_RBP, 16);
	row(f, (unsigned)f->chunk.len - 1, ARCH_RSP, 8);
}

/* A variable of `size` bytes at CFA + off. */
static void local(struct fixture *f, const char *name, int off, unsigned size)
{
	size_t n = f->sig.n_locals++;
	f->in.sig = &f->sig;
	f->types[n] = (struct type){.kind = TYPE_INT, .size = size};
	f->ops[n][0] = (struct dw_op){.op = DW_OP_fbreg, .a = (uint64_t)(int64_t)off};
	f->entries[n] = (struct location_entry){0, UINT64_MAX, f->ops[n], 1};
	f->locals[n] = (struct variable){
		.name = name, .type = &f->types[n], .loc = {.n = 1, .e = &f->entries[n]}};
}

static void describe(struct fixture *f)
{
	for (size_t i = 0; i < f->layout.n; i++) {
		const struct layout_slot *s = &f->layout.slots[i];
		buf_printf(&f->text, "%s%d %u %s", s->from_rsp ? "rsp" : "", s->off, s->size,
			   owner_name(s->owner));
		if (s->name)
			buf_printf(&f->text, " %s", s->name);
		if (s->shares)
			buf_printf(&f->text, " (%s)", s->shares);
		buf_char(&f->text, '\n');
	}
}

static void make(struct fixture *f)
{
	struct disassembler *d = disassembler_create();
	struct arena *arena = arena_create();
	struct frame_plan plan;
	struct listing l;
	const char *why;
	CHECK_EQ_I(plan_make(d, &f->in, &plan, &why), FT_OK);
	CHECK_EQ_I(listing_init(&l, d, &f->in, &why), FT_OK);
	struct layout_input in = {
		.arena = arena, .l = &l, .plan = &plan, .rows = f->full, .n_rows = f->in.n_rows};
	CHECK_EQ_I(layout_make(&in, &f->layout), FT_OK);
	describe(f);
	listing_deinit(&l);
	frame_plan_deinit(&plan);
	arena_destroy(arena);
	disassembler_destroy(d);
}

static void done(struct fixture *f)
{
	uint32_t sum = 0;
	for (unsigned owner = 0; owner < OWNER_COUNT; owner++)
		sum += f->layout.bytes[owner];
	if (f->layout.rsp_known)
		CHECK_EQ_I(-(int64_t)f->layout.lowest, sum);
	frame_layout_deinit(&f->layout);
	buf_deinit(&f->text);
}

/* sub rsp,0x28 with a canary, a spill, and an address that goes to a call. */
#define GUARDED                                                                                    \
	"\x48\x83\xec\x28"		       /* +0 sub rsp,0x28 */                               \
	"\x64\x48\x8b\x04\x25\x28\x00\x00\x00" /* +4 mov rax,fs:0x28 */                            \
	"\x48\x89\x44\x24\x18"		       /* +13 mov [rsp+0x18],rax */                        \
	"\x89\x7c\x24\x0c"		       /* +18 mov [rsp+0xc],edi */                         \
	"\x48\x8d\x7c\x24\x10"		       /* +22 lea rdi,[rsp+0x10] */                        \
	"\xe8\xfb\x00\x00\x00"		       /* +27 call elsewhere */                            \
	"\x8b\x44\x24\x0c"		       /* +32 mov eax,[rsp+0xc] */                         \
	"\x48\x83\xc4\x28"		       /* +36 add rsp,0x28 */                              \
	"\xc3"				       /* +40 ret */

static void guarded_rows(struct fixture *f)
{
	row(f, 0, ARCH_RSP, 8);
	row(f, 4, ARCH_RSP, 0x30);
	row(f, 40, ARCH_RSP, 8);
}

TEST(canary_spill_and_unknown_bytes)
{
	struct fixture f;
	CODE(&f, GUARDED);
	guarded_rows(&f);
	make(&f);
	CHECK_EQ_S(f.text.s, "-8 8 return address\n"
			     "-16 8 padding\n"
			     "-24 8 canary\n"
			     "-32 8 unknown\n"
			     "-36 4 spill edi\n"
			     "-48 12 padding\n"
			     "-176 128 red zone\n");
	CHECK_EQ_U(f.layout.slots[2].writer, BASE + 13);
	CHECK_EQ_U(f.layout.slots[4].writer, BASE + 18);
	CHECK_EQ_U(f.layout.slots[4].reg, ARCH_RDI);
	done(&f);
}

TEST(a_variable_explains_an_address)
{
	struct fixture f;
	CODE(&f, GUARDED);
	guarded_rows(&f);
	local(&f, "text", -32, 8);
	local(&f, "n", -36, 4);
	make(&f);
	CHECK_EQ_S(f.text.s, "-8 8 return address\n"
			     "-16 8 padding\n"
			     "-24 8 canary\n"
			     "-32 8 local text\n"
			     "-36 4 local n\n"
			     "-48 12 padding\n"
			     "-176 128 red zone\n");
	done(&f);
}

TEST(variables_that_share_bytes)
{
	struct fixture f;
	CODE(&f, GUARDED);
	guarded_rows(&f);
	local(&f, "first", -36, 8);
	local(&f, "second", -40, 8);
	make(&f);
	// The first declared has the bytes that both claim; the other one keeps the rest.
	CHECK_EQ_S(f.text.s, "-8 8 return address\n"
			     "-16 8 padding\n"
			     "-24 8 canary\n"
			     "-28 4 padding\n"
			     "-36 8 local first (second)\n"
			     "-40 4 local second\n"
			     "-48 8 padding\n"
			     "-176 128 red zone\n");
	CHECK_EQ_U(f.layout.slots[5].var_off, 0);
	done(&f);
}

TEST(saved_registers_room_and_a_stack_argument)
{
	struct fixture f;
	CODE(&f, "\x55"		    // +0 push rbp
		 "\x48\x89\xe5"	    // +1 mov rbp,rsp
		 "\x53"		    // +4 push rbx
		 "\x50"		    // +5 push rax
		 "\x89\x7d\xec"	    // +6 mov [rbp-0x14],edi: below rsp
		 "\x48\x89\xfb"	    // +9 mov rbx,rdi
		 "\x8b\x45\x10"	    // +12 mov eax,[rbp+0x10]
		 "\x89\x04\x24"	    // +15 mov [rsp],eax
		 "\x8b\x04\x24"	    // +18 mov eax,[rsp]
		 "\x48\x83\xc4\x08" // +21 add rsp,0x8
		 "\x5b"		    // +25 pop rbx
		 "\x5d"		    // +26 pop rbp
		 "\xc3");	    // +27 ret
	row(&f, 0, ARCH_RSP, 8);
	row(&f, 1, ARCH_RSP, 16);
	saved(&f, ARCH_RBP, -16);
	row(&f, 4, ARCH_RBP, 16);
	row(&f, 5, ARCH_RBP, 16);
	saved(&f, ARCH_RBX, -24);
	row(&f, 27, ARCH_RSP, 8);
	make(&f);
	CHECK_EQ_S(f.text.s, "4 4 padding\n"
			     "0 4 stack argument\n"
			     "-8 8 return address\n"
			     "-16 8 saved register rbp\n"
			     "-24 8 saved register rbx\n"
			     "-28 4 padding\n"
			     "-32 4 spill eax\n"
			     "-36 4 spill edi\n"
			     "-160 124 red zone\n");
	CHECK_EQ_I(f.layout.rsp_at_body, -32);
	done(&f);
}

TEST(rounded_down)
{
	struct fixture f;
	CODE(&f, "\x55"		    // +0 push rbp
		 "\x48\x89\xe5"	    // +1 mov rbp,rsp
		 "\x48\x83\xe4\xc0" // +4 and rsp,-64
		 "\x48\x83\xec\x40" // +8 sub rsp,0x40
		 "\x89\x74\x24\x10" // +12 mov [rsp+0x10],esi
		 "\x48\x89\xec"	    // +16 mov rsp,rbp
		 "\x5d"		    // +19 pop rbp
		 "\xc3");	    // +20 ret
	rbp_rows(&f);
	make(&f);
	CHECK_EQ_S(f.text.s, "-8 8 return address\n"
			     "-16 8 saved register rbp\n"
			     "rsp20 44 padding\n"
			     "rsp16 4 spill esi\n"
			     "rsp0 16 padding\n"
			     "rsp-128 128 red zone\n");
	CHECK(!f.layout.rsp_known && !f.layout.has_dynamic);
	CHECK_EQ_U(f.layout.align, 64);
	done(&f);
}

TEST(dynamic)
{
	struct fixture f;
	CODE(&f, "\x55"		    // +0 push rbp
		 "\x48\x89\xe5"	    // +1 mov rbp,rsp
		 "\x48\x83\xec\x10" // +4 sub rsp,0x10
		 "\x48\x89\x7d\xf8" // +8 mov [rbp-0x8],rdi
		 "\x48\x29\xfc"	    // +12 sub rsp,rdi
		 "\x48\x89\x04\x24" // +15 mov [rsp],rax
		 "\xc9"		    // +19 leave
		 "\xc3");	    // +20 ret
	rbp_rows(&f);
	make(&f);
	CHECK_EQ_S(f.text.s, "-8 8 return address\n"
			     "-16 8 saved register rbp\n"
			     "-24 8 spill rdi\n"
			     "-32 8 padding\n"
			     "-160 128 red zone\n");
	CHECK(f.layout.has_dynamic);
	CHECK_EQ_I(f.layout.rsp_at_body, -32);
	done(&f);
}

TEST(outgoing_arguments)
{
	struct fixture f;
	CODE(&f, "\x48\x83\xec\x18"			// +0 sub rsp,0x18
		 "\xbf\x01\x00\x00\x00"			// +4 mov edi,0x1
		 "\x41\xb9\x06\x00\x00\x00"		// +9 mov r9d,0x6
		 "\x48\xc7\x04\x24\x07\x00\x00\x00"	// +15 mov QWORD PTR [rsp],0x7
		 "\x48\xc7\x44\x24\x08\x08\x00\x00\x00" // +23 mov QWORD PTR [rsp+0x8],0x8
		 "\xe8\xfb\x00\x00\x00"			// +32 call elsewhere
		 "\x48\x83\xc4\x18"			// +37 add rsp,0x18
		 "\xc3");				// +41 ret
	row(&f, 0, ARCH_RSP, 8);
	row(&f, 4, ARCH_RSP, 0x20);
	row(&f, 41, ARCH_RSP, 8);
	make(&f);
	CHECK_EQ_S(f.text.s, "-8 8 return address\n"
			     "-16 8 padding\n"
			     "-24 8 outgoing argument\n"
			     "-32 8 outgoing argument\n"
			     "-160 128 red zone\n");
	done(&f);
}

TEST(an_address_is_known_where_all_ways_agree)
{
	struct fixture f;
	CODE(&f, "\x48\x83\xec\x18"	// +0 sub rsp,0x18
		 "\x85\xff"		// +4 test edi,edi
		 "\x74\x07"		// +6 je +15
		 "\x48\x8d\x5c\x24\x08" // +8 lea rbx,[rsp+0x8]
		 "\xeb\x05"		// +13 jmp +20
		 "\x48\x8d\x5c\x24\x08" // +15 lea rbx,[rsp+0x8]
		 "\x89\x43\x04"		// +20 mov [rbx+0x4],eax: rsp+0xc
		 "\x83\xff\x03"		// +23 cmp edi,0x3
		 "\x74\x03"		// +26 je +31
		 "\x48\x89\xfb"		// +28 mov rbx,rdi
		 "\x89\x03"		// +31 mov [rbx],eax: who knows
		 "\x48\x83\xc4\x18"	// +33 add rsp,0x18
		 "\xc3");		// +37 ret
	row(&f, 0, ARCH_RSP, 8);
	row(&f, 4, ARCH_RSP, 0x20);
	row(&f, 37, ARCH_RSP, 8);
	make(&f);
	CHECK_EQ_S(f.text.s, "-8 8 return address\n"
			     "-16 8 unknown\n"
			     "-20 4 spill eax\n"
			     "-24 4 unknown\n"
			     "-32 8 padding\n"
			     "-160 128 red zone\n");
	done(&f);
}

TEST(red_zone_of_a_leaf)
{
	struct fixture f;
	CODE(&f, "\x89\x7c\x24\xf4"	// +0 mov [rsp-0xc],edi
		 "\x0f\x29\x4c\x24\xd8" // +4 movaps [rsp-0x28],xmm1
		 "\x89\x7c\x24\x10"	// +9 mov [rsp+0x10],edi
		 "\x8b\x44\x24\x08"	// +13 mov eax,[rsp+0x8]
		 "\xc3");		// +17 ret
	row(&f, 0, ARCH_RSP, 8);
	make(&f);
	CHECK_EQ_S(f.text.s, "12 4 padding\n"
			     "8 4 stack argument\n"
			     "4 4 padding\n"
			     "0 4 stack argument\n"
			     "-8 8 return address\n"
			     "-16 8 red zone\n"
			     "-20 4 spill edi\n"
			     "-32 12 red zone\n"
			     "-48 16 spill xmm1\n"
			     "-136 88 red zone\n");
	CHECK_EQ_I(f.layout.lowest, -8);
	done(&f);
}

TEST(an_index_reaches_both_ways)
{
	struct fixture f;
	CODE(&f, "\x48\x83\xec\x38"	// +0 sub rsp,0x38
		 "\x48\x89\xf8"		// +4 mov rax,rdi
		 "\x89\x7c\x84\x10"	// +7 mov [rsp+rax*4+0x10],edi
		 "\x48\x89\x74\x24\x28" // +11 mov [rsp+0x28],rsi
		 "\x48\x83\xc4\x38"	// +16 add rsp,0x38
		 "\xc3");		// +20 ret
	row(&f, 0, ARCH_RSP, 8);
	row(&f, 4, ARCH_RSP, 0x40);
	row(&f, 20, ARCH_RSP, 8);
	make(&f);
	CHECK_EQ_S(f.text.s, "-8 8 return address\n"
			     "-16 8 unknown\n"
			     "-24 8 spill rsi\n"
			     "-64 40 unknown\n"
			     "-192 128 red zone\n");
	done(&f);
}

TEST(read_but_filled_by_a_callee)
{
	struct fixture f;
	CODE(&f, "\x50"			// +0 push rax: makes room
		 "\x48\x8d\x7c\x24\x04" // +1 lea rdi,[rsp+0x4]
		 "\xe8\xfb\x00\x00\x00" // +6 call elsewhere
		 "\x8b\x44\x24\x04"	// +11 mov eax,[rsp+0x4]
		 "\x59"			// +15 pop rcx: drops it
		 "\xc3");		// +16 ret
	row(&f, 0, ARCH_RSP, 8);
	row(&f, 1, ARCH_RSP, 16);
	row(&f, 16, ARCH_RSP, 8);
	make(&f);
	CHECK_EQ_S(f.text.s, "-8 8 return address\n"
			     "-12 4 spill\n"
			     "-16 4 padding\n"
			     "-144 128 red zone\n");
	CHECK_EQ_U(f.layout.slots[1].writer, 0);
	done(&f);
}

TEST(room_made_behind_the_prologue)
{
	struct fixture f;
	CODE(&f, "\x48\x85\xff"		// +0 test rdi,rdi
		 "\x74\x0b"		// +3 je +16
		 "\x50"			// +5 push rax: aligns rsp
		 "\xe8\xf6\x00\x00\x00" // +6 call elsewhere
		 "\x48\x83\xc4\x08"	// +11 add rsp,0x8
		 "\xc3"			// +15 ret
		 "\x31\xc0"		// +16 xor eax,eax
		 "\xc3");		// +18 ret
	row(&f, 0, ARCH_RSP, 8);
	row(&f, 6, ARCH_RSP, 16);
	row(&f, 15, ARCH_RSP, 8);
	make(&f);
	CHECK_EQ_S(f.text.s, "-8 8 return address\n"
			     "-16 8 padding\n"
			     "-144 128 red zone\n");
	done(&f);
}

TEST(variables_without_a_name)
{
	struct fixture f;
	CODE(&f, GUARDED);
	guarded_rows(&f);
	local(&f, "n", -36, 4);
	local(&f, "", -36, 4);
	local(&f, NULL, -40, 4);
	make(&f);
	CHECK_EQ_S(f.text.s, "-8 8 return address\n"
			     "-16 8 padding\n"
			     "-24 8 canary\n"
			     "-32 8 unknown\n"
			     "-36 4 local n\n"
			     "-40 4 local\n"
			     "-48 8 padding\n"
			     "-176 128 red zone\n");
	done(&f);
}

TEST(rows_that_lie_are_not_believed)
{
	struct fixture f;
	CODE(&f, GUARDED);
	row(&f, 0, ARCH_RSP, 8); // hand-written code that forgot to say that it lowers rsp
	make(&f);
	CHECK_EQ_I(f.layout.rsp_at_body, -48);
	CHECK_EQ_S(f.layout.n > 2 ? owner_name(f.layout.slots[2].owner) : "", "canary");
	CHECK_EQ_I(f.layout.n > 2 ? f.layout.slots[2].off : 0, -24);
	done(&f);
}

TEST_MAIN
