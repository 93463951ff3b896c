/*
 * test_frame_plan.c - the body, site, arithmetic and exits of functions as gcc, clang and rustc
 * make them; code recorded from gcc 12.2, clang 14 and rustc 1.95.
 */
#include "test.h"

#include "symbols/plan.h"

enum {
	BASE = 0x401000,
	OP_CALL_FRAME_CFA = 0x9c,
	OP_FBREG = 0x91,
	OP_REG_RBP = 0x56,
	OP_REG_RSP = 0x57,
	OP_DEREF = 0x06,
};

/* ---- input, written in offsets from the entry ---- */

struct fixture {
	struct code_chunk chunks[2];
	struct cfa_row rows[12];
	struct line_row lines[8];
	struct type types[4];
	struct variable params[4];
	struct dw_op ops[5][2];
	struct location_entry entries[5];
	struct signature sig;
	struct plan_input in;
	struct frame_plan plan;
	const char *why;
	enum ft_rc rc;
};

static void code(struct fixture *f, const char *bytes, size_t len)
{
	memset(f, 0, sizeof(*f));
	f->chunks[0] = (struct code_chunk){BASE, (const uint8_t *)bytes, len};
	f->in = (struct plan_input){
		.chunks = f->chunks, .n_chunks = 1, .rows = f->rows, .lines = f->lines};
	f->why = "";
}

#define CODE(f, bytes) code(f, bytes, sizeof(bytes) - 1)

/* From `from` on, CFA = reg + off. */
static void row(struct fixture *f, unsigned from, unsigned reg, int off)
{
	size_t n = f->in.n_rows++;
	uint64_t end = BASE + f->chunks[0].len;
	if (n)
		f->rows[n - 1].hi = BASE + from;
	f->rows[n] = (struct cfa_row){BASE + from, end, true, {(uint8_t)reg, false, off}};
}

/* push rbp; mov rbp,rsp … ret. `at` is where push rbp is. */
static void rbp_rows(struct fixture *f, unsigned at)
{
	row(f, 0, ARCH_RSP, 8);
	row(f, at + 1, ARCH_RSP, 16);
	row(f, at + 4, ARCH_RBP, 16);
	row(f, (unsigned)f->chunks[0].len - 1, ARCH_RSP, 8);
}

static void line(struct fixture *f, unsigned at, unsigned number, bool prologue_end)
{
	f->lines[f->in.n_lines++] = (struct line_row){
		.pc = BASE + at,
		.line = number,
		.is_stmt = true,
		.prologue_end = prologue_end,
	};
}

static void location(struct fixture *f, size_t n, unsigned op, int64_t a, struct location *ret)
{
	f->ops[n][0] = (struct dw_op){.op = (uint8_t)op, .a = (uint64_t)a};
	f->entries[n] = (struct location_entry){0, UINT64_MAX, f->ops[n], 1};
	*ret = (struct location){.n = 1, .e = &f->entries[n]};
}

static void signature(struct fixture *f, bool optimised, unsigned frame_base)
{
	f->in.sig = &f->sig;
	f->sig.optimised = optimised;
	f->sig.params = f->params;
	location(f, 4, frame_base, 0, &f->sig.frame_base);
}

static void param(struct fixture *f, int64_t fbreg, unsigned size)
{
	size_t n = f->sig.n_params++;
	f->types[n] = (struct type){.kind = TYPE_INT, .size = size};
	f->params[n] = (struct variable){.name = "p", .type = &f->types[n], .is_param = true};
	location(f, n, OP_FBREG, fbreg, &f->params[n].loc);
}

static const struct frame_plan *make(struct fixture *f)
{
	struct disassembler *d = disassembler_create();
	f->rc = plan_make(d, &f->in, &f->plan, &f->why);
	disassembler_destroy(d);
	return &f->plan;
}

static char *parts_text(const struct code_part *parts, size_t n)
{
	char *s = xstrdup("");
	for (size_t i = 0; i < n; i++) {
		char *t = xasprintf("%s%s%s %d", s, i ? ", " : "", parts[i].text, parts[i].bytes);
		free(s);
		s = t;
	}
	return s;
}

/* Everything that is always true of a plan; then it is given back. */
static void done(struct fixture *f)
{
	const struct frame_plan *p = &f->plan;
	int32_t sum = 0;
	if (f->rc != FT_OK)
		return;
	for (size_t i = 0; i < p->n_parts; i++)
		sum += p->parts[i].bytes;
	CHECK(!p->rsp_known || sum == p->rsp_at_body);
	for (size_t i = 0; i < p->n_exits; i++) {
		int32_t back = 0;
		for (size_t k = 0; k < p->exits[i].n_parts; k++)
			back += p->exits[i].parts[k].bytes;
		int32_t rest = p->exits[i].kind == EXIT_RET ? 0 : 8;
		CHECK(!p->rsp_known || back == -p->rsp_at_body - rest);
		CHECK(!i || p->exits[i - 1].pc < p->exits[i].pc);
	}
	frame_plan_deinit(&f->plan);
}

static void check_body(const struct fixture *f, unsigned body, unsigned site, int rsp)
{
	CHECK_EQ_I(f->rc, FT_OK);
	CHECK_EQ_U(f->plan.entry, BASE);
	CHECK_EQ_U(f->plan.body - BASE, body);
	CHECK_EQ_U(f->plan.site - BASE, site);
	CHECK_EQ_I(f->plan.rsp_at_body, rsp);
	CHECK(!f->plan.site_loops);
}

static void check_parts(const struct fixture *f, const char *text)
{
	char *s = parts_text(f->plan.parts, f->plan.n_parts);
	CHECK_EQ_S(s, text);
	free(s);
}

static void check_exit(const struct fixture *f, size_t n, unsigned at, enum exit_kind kind,
		       const char *text)
{
	CHECK(n < f->plan.n_exits);
	if (n >= f->plan.n_exits)
		return;
	const struct code_exit *e = &f->plan.exits[n];
	CHECK_EQ_U(e->pc - BASE, at);
	CHECK_EQ_I(e->kind, kind);
	CHECK_EQ_U(e->cfa.reg, ARCH_RSP);
	CHECK_EQ_I(e->cfa.off, 8);
	char *s = parts_text(e->parts, e->n_parts);
	CHECK_EQ_S(s, text);
	free(s);
}

static void check_cfa(const struct fixture *f, unsigned reg, bool deref, int off)
{
	CHECK_EQ_U(f->plan.cfa.reg, reg);
	CHECK_EQ_I(f->plan.cfa.deref, deref);
	CHECK_EQ_I(f->plan.cfa.off, off);
}

static void check_entry_at(const struct fixture *f, unsigned reg, int off, unsigned size)
{
	const struct entry_value *e = &f->plan.at_site[reg];
	CHECK_EQ_I(e->where, ENTRY_AT_CFA);
	CHECK_EQ_I(e->off, off);
	CHECK_EQ_U(e->size, size);
}

static void check_entry_in(const struct fixture *f, unsigned reg, unsigned in, unsigned size)
{
	const struct entry_value *e = &f->plan.at_site[reg];
	CHECK_EQ_I(e->where, ENTRY_IN_REG);
	CHECK_EQ_U(e->reg, in);
	CHECK_EQ_U(e->size, size);
}

/* ---- unoptimised code ---- */

TEST(gcc_structs_by_value)
{
	struct fixture f;
	CODE(&f, "\x55"			// +0 push rbp
		 "\x48\x89\xe5"		// +1 mov rbp,rsp
		 "\x48\x89\xf8"		// +4 mov rax,rdi
		 "\x66\x48\x0f\x7e\xc1" // +7 movq rcx,xmm0
		 "\x48\x89\xca"		// +c mov rdx,rcx
		 "\x48\x89\x45\xf0"	// +f mov [rbp-0x10],rax
		 "\x48\x89\x55\xf8"	// +13 mov [rbp-0x8],rdx
		 "\x48\x89\x75\xe8"	// +17 mov [rbp-0x18],rsi
		 "\x8b\x55\xf0"		// +1b mov edx,[rbp-0x10]
		 "\x8b\x45\xf4"		// +1e mov eax,[rbp-0xc]
		 "\x01\xc2"		// +21 add edx,eax
		 "\x5d"			// +23 pop rbp
		 "\xc3");		// +24 ret
	rbp_rows(&f, 0);
	signature(&f, false, OP_CALL_FRAME_CFA);
	param(&f, -0x20, 16);
	param(&f, -0x28, 3);
	make(&f);
	check_body(&f, 0x1b, 0x1b, -16);
	check_parts(&f, "call -8, push rbp -8");
	check_cfa(&f, ARCH_RBP, false, 16);
	CHECK(f.plan.rsp_known && f.plan.rbp_is_frame && f.plan.rbp_off == -16);
	check_entry_in(&f, ARCH_RDI, ARCH_RDI, 8);
	check_entry_in(&f, ARCH_XMM0, ARCH_XMM0, 16);
	check_entry_at(&f, ARCH_RBP, -16, 8);
	CHECK_EQ_U(f.plan.n_exits, 1);
	check_exit(&f, 0, 0x24, EXIT_RET, "pop rbp 8, ret 8");
	done(&f);
}

TEST(gcc_profiled_call_before_the_arguments)
{
	struct fixture f;
	CODE(&f, "\x55"			    // +0 push rbp
		 "\x48\x89\xe5"		    // +1 mov rbp,rsp
		 "\x48\x83\xec\x20"	    // +4 sub rsp,0x20
		 "\xff\x15\x00\x00\x00\x00" // +8 call [rip+mcount]
		 "\x89\x7d\xec"		    // +e mov [rbp-0x14],edi
		 "\xf2\x0f\x11\x45\xe0"	    // +11 movsd [rbp-0x20],xmm0
		 "\x89\xf0"		    // +16 mov eax,esi
		 "\x88\x45\xe8"		    // +18 mov [rbp-0x18],al
		 "\x8b\x45\xec"		    // +1b mov eax,[rbp-0x14]
		 "\x89\xc7"		    // +1e mov edi,eax
		 "\xe8\x00\x00\x00\x00"	    // +20 call
		 "\xc9"			    // +25 leave
		 "\xc3");		    // +26 ret
	rbp_rows(&f, 0);
	line(&f, 0, 1, false);
	line(&f, 0x1b, 2, false);
	signature(&f, false, OP_CALL_FRAME_CFA);
	param(&f, -0x24, 4);
	param(&f, -0x30, 8);
	param(&f, -0x28, 1);
	make(&f);
	check_body(&f, 0x1b, 0x1b, -48);
	check_parts(&f, "call -8, push rbp -8, sub rsp,0x20 -32");
	check_exit(&f, 0, 0x26, EXIT_RET, "leave 40, ret 8");
	done(&f);
}

TEST(gcc_fentry_before_everything)
{
	struct fixture f;
	CODE(&f, "\xf3\x0f\x1e\xfa"	// +0 endbr64
		 "\xe8\x00\x00\x00\x00" // +4 call __fentry__
		 "\x55"			// +9 push rbp
		 "\x48\x89\xe5"		// +a mov rbp,rsp
		 "\x48\x83\xec\x08"	// +d sub rsp,0x8
		 "\x89\x7d\xfc"		// +11 mov [rbp-0x4],edi
		 "\x8b\x45\xfc"		// +14 mov eax,[rbp-0x4]
		 "\xc9\xc3");		// +17 leave; ret
	rbp_rows(&f, 9);
	line(&f, 0, 1, false);
	line(&f, 0x14, 2, false);
	signature(&f, false, OP_CALL_FRAME_CFA);
	param(&f, -0x14, 4);
	make(&f);
	check_body(&f, 0x14, 0x14, -24);
	check_parts(&f, "call -8, push rbp -8, sub rsp,0x8 -8");
	done(&f);
}

TEST(gcc_body_is_a_loop)
{
	struct fixture f;
	CODE(&f, "\x55"		    // +0 push rbp
		 "\x48\x89\xe5"	    // +1 mov rbp,rsp
		 "\x89\x7d\xfc"	    // +4 mov [rbp-0x4],edi
		 "\x83\x6d\xfc\x01" // +7 sub dword [rbp-0x4],1
		 "\x83\x7d\xfc\x00" // +b cmp dword [rbp-0x4],0
		 "\x75\xf6"	    // +f jne +7
		 "\x8b\x45\xfc"	    // +11 mov eax,[rbp-0x4]
		 "\x5d\xc3");	    // +14 pop rbp; ret
	rbp_rows(&f, 0);
	line(&f, 0, 1, false);
	line(&f, 7, 2, false);
	signature(&f, false, OP_CALL_FRAME_CFA);
	param(&f, -0x14, 4);
	make(&f);
	check_body(&f, 7, 4, -16);
	CHECK_EQ_I(f.plan.rsp_at_site, -16);
	CHECK_EQ_U(f.plan.n_pending, 1);
	CHECK_EQ_I(f.plan.pending[0].off, -0x14);
	CHECK_EQ_U(f.plan.pending[0].size, 4);
	CHECK_EQ_U(f.plan.pending[0].reg, ARCH_RDI);
	done(&f);
}

TEST(gcc_probes_a_big_frame)
{
	struct fixture f;
	CODE(&f, "\x55"				    // +0 push rbp
		 "\x48\x89\xe5"			    // +1 mov rbp,rsp
		 "\x4c\x8d\x9c\x24\x00\x40\xff\xff" // +4 lea r11,[rsp-0xc000]
		 "\x48\x81\xec\x00\x10\x00\x00"	    // +c sub rsp,0x1000
		 "\x48\x83\x0c\x24\x00"		    // +13 or qword [rsp],0
		 "\x4c\x39\xdc"			    // +18 cmp rsp,r11
		 "\x75\xef"			    // +1b jne +c
		 "\x48\x81\xec\x60\x03\x00\x00"	    // +1d sub rsp,0x360
		 "\x89\xbd\xac\x3c\xff\xff"	    // +24 mov [rbp-0xc354],edi
		 "\x48\x8d\x85\xb0\x3c\xff\xff"	    // +2a lea rax,[rbp-0xc350]
		 "\x48\x89\xc7"			    // +31 mov rdi,rax
		 "\xe8\x00\x00\x00\x00"		    // +34 call
		 "\xc9\xc3");			    // +39 leave; ret
	rbp_rows(&f, 0);
	line(&f, 0, 1, false);
	line(&f, 0x2a, 2, false);
	signature(&f, false, OP_CALL_FRAME_CFA);
	param(&f, -0xc364, 4);
	make(&f);
	check_body(&f, 0x2a, 0x2a, -16 - 0xc000 - 0x360);
	check_parts(&f, "call -8, push rbp -8, 12 * sub rsp,0x1000 -49152, sub rsp,0x360 -864");
	check_exit(&f, 0, 0x3a, EXIT_RET, "leave 50024, ret 8");
	done(&f);
}

TEST(gcc_variadic)
{
	struct fixture f;
	CODE(&f, "\x55"					    // +0 push rbp
		 "\x48\x89\xe5"				    // +1 mov rbp,rsp
		 "\x48\x83\xec\x68"			    // +4 sub rsp,0x68
		 "\x89\xbd\x2c\xff\xff\xff"		    // +8 mov [rbp-0xd4],edi
		 "\x48\x89\xb5\x58\xff\xff\xff"		    // +e mov [rbp-0xa8],rsi
		 "\x84\xc0"				    // +15 test al,al
		 "\x74\x08"				    // +17 je +21
		 "\x0f\x29\x45\x80"			    // +19 movaps [rbp-0x80],xmm0
		 "\x0f\x29\x4d\x90"			    // +1d movaps [rbp-0x70],xmm1
		 "\xc7\x85\x30\xff\xff\xff\x08\x00\x00\x00" // +21 mov dword [rbp-0xd0],8
		 "\xc9\xc3");				    // +2b leave; ret
	rbp_rows(&f, 0);
	line(&f, 0, 1, false);
	line(&f, 0x21, 2, false);
	signature(&f, false, OP_CALL_FRAME_CFA);
	param(&f, -0xe4, 4);
	make(&f);
	check_body(&f, 0x21, 0x21, -16 - 0x68);
	check_entry_in(&f, ARCH_XMM0, ARCH_XMM0, 16);
	done(&f);
}

TEST(gcc_instrumented_spills_first)
{
	struct fixture f;
	CODE(&f, "\x55"				// +0 push rbp
		 "\x48\x89\xe5"			// +1 mov rbp,rsp
		 "\x53"				// +4 push rbx
		 "\x48\x83\xec\x18"		// +5 sub rsp,0x18
		 "\x89\x7d\xec"			// +9 mov [rbp-0x14],edi
		 "\x48\x8b\x45\x08"		// +c mov rax,[rbp+8]
		 "\x48\x89\xc6"			// +10 mov rsi,rax
		 "\x48\x8d\x05\x00\x00\x00\x00" // +13 lea rax,[rip]
		 "\x48\x89\xc7"			// +1a mov rdi,rax
		 "\xe8\x00\x00\x00\x00"		// +1d call __cyg_profile_func_enter
		 "\x8b\x45\xec"			// +22 mov eax,[rbp-0x14]
		 "\x89\xd8"			// +25 mov eax,ebx
		 "\x48\x8b\x5d\xf8"		// +27 mov rbx,[rbp-8]
		 "\xc9\xc3");			// +2b leave; ret
	rbp_rows(&f, 0);
	line(&f, 0, 1, false);
	line(&f, 0x22, 2, false);
	signature(&f, false, OP_CALL_FRAME_CFA);
	param(&f, -0x24, 4);
	make(&f);
	check_body(&f, 0xc, 0xc, -48);
	check_parts(&f, "call -8, push rbp -8, push rbx -8, sub rsp,0x18 -24");
	done(&f);
}

TEST(gcc_stack_protector)
{
	struct fixture f;
	CODE(&f, "\x55"					// +0 push rbp
		 "\x48\x89\xe5"				// +1 mov rbp,rsp
		 "\x48\x83\xec\x20"			// +4 sub rsp,0x20
		 "\x89\x7d\xec"				// +8 mov [rbp-0x14],edi
		 "\x64\x48\x8b\x04\x25\x28\x00\x00\x00" // +b mov rax,fs:0x28
		 "\x48\x89\x45\xf8"			// +14 mov [rbp-8],rax
		 "\x31\xc0"				// +18 xor eax,eax
		 "\x8b\x45\xec"				// +1a mov eax,[rbp-0x14]
		 "\xc9\xc3");				// +1d leave; ret
	rbp_rows(&f, 0);
	line(&f, 0, 1, false);
	line(&f, 0x1a, 2, false);
	signature(&f, false, OP_CALL_FRAME_CFA);
	param(&f, -0x24, 4);
	make(&f);
	check_body(&f, 0x1a, 0x1a, -48);
	check_entry_in(&f, ARCH_RDI, ARCH_RDI, 8);
	CHECK_EQ_I(f.plan.at_site[ARCH_RSP].where, ENTRY_LOST);
	done(&f);
}

TEST(clang_counts_from_rbp)
{
	struct fixture f;
	CODE(&f, "\x55"		// +0 push rbp
		 "\x48\x89\xe5" // +1 mov rbp,rsp
		 "\x40\x88\xf8" // +4 mov al,dil
		 "\x24\x01"	// +7 and al,1
		 "\x88\x45\xff" // +9 mov [rbp-1],al: a bool, not quite what dil was
		 "\x89\x75\xf8" // +c mov [rbp-8],esi
		 "\x8a\x45\xff" // +f mov al,[rbp-1]
		 "\x0f\xb6\xc0" // +12 movzx eax,al
		 "\x5d\xc3");	// +15 pop rbp; ret
	rbp_rows(&f, 0);
	line(&f, 0, 1, false);
	line(&f, 4, 1, true); // too early: the arguments decide
	signature(&f, false, OP_REG_RBP);
	param(&f, -1, 1);
	param(&f, -8, 4);
	make(&f);
	check_body(&f, 0xf, 0xf, -16);
	check_exit(&f, 0, 0x16, EXIT_RET, "pop rbp 8, ret 8");
	done(&f);
}

/* double::double, whose fbreg counts from rsp (DW_OP_reg7), as it is after push rax. */
TEST(rustc_counts_from_rsp)
{
	struct fixture f;
	CODE(&f, "\x50"		    // +0 push rax
		 "\x89\x7c\x24\x04" // +1 mov [rsp+4],edi
		 "\x6b\xc7\x02"	    // +5 imul eax,edi,2
		 "\x89\x04\x24"	    // +8 mov [rsp],eax
		 "\x70\x05"	    // +b jo +12
		 "\x8b\x04\x24"	    // +d mov eax,[rsp]
		 "\x59"		    // +10 pop rcx
		 "\xc3"		    // +11 ret
		 "\xff\x15\0\0\0\0" // +12 call [rip+panic]
		 "\x0f\x0b");	    // +18 ud2
	row(&f, 0, ARCH_RSP, 8);
	row(&f, 1, ARCH_RSP, 16);
	row(&f, 0x11, ARCH_RSP, 8);
	row(&f, 0x12, ARCH_RSP, 16);
	line(&f, 0, 1, false);
	line(&f, 1, 1, true);
	signature(&f, false, OP_REG_RSP);
	param(&f, 4, 4);
	make(&f);
	check_body(&f, 5, 5, -16);
	check_parts(&f, "call -8, push rax -8");
	check_cfa(&f, ARCH_RSP, false, 16);
	CHECK(!f.plan.rbp_is_frame);
	check_entry_in(&f, ARCH_RDI, ARCH_RDI, 8);
	CHECK_EQ_U(f.plan.n_exits, 1);
	check_exit(&f, 0, 0x11, EXIT_RET, "pop rcx 8, ret 8");
	done(&f);
}

/* &str, whose callers all pass the same: 16 bytes that come from no register of the entry's. */
TEST(rustc_stores_constant_arguments)
{
	struct fixture f;
	CODE(&f, "\x53"				      // +0 push rbx
		 "\x48\x83\xec\x20"		      // +1 sub rsp,32
		 "\x48\x8d\x05\x54\x4d\xff\xff"	      // +5 lea rax,[rip-…]
		 "\x48\x89\x04\x24"		      // +c mov [rsp],rax
		 "\x48\x8b\x47\x08"		      // +10 mov rax,[rdi+8]
		 "\x48\x03\x07"			      // +14 add rax,[rdi]
		 "\x48\xc7\x44\x24\x08\x05\x00\0\0"   // +17 mov qword [rsp+8],5
		 "\x48\x8d\x1c\xc5\0\0\0\0"	      // +20 lea rbx,[rax*8]
		 "\x48\xc7\x44\x24\x08\x06\x00\x00\0" // +28 mov qword [rsp+8],6: the body's
		 "\x48\x89\xd8"			      // +31 mov rax,rbx
		 "\x48\x83\xc4\x20"		      // +34 add rsp,32
		 "\x5b"				      // +38 pop rbx
		 "\xc3");			      // +39 ret
	row(&f, 0, ARCH_RSP, 8);
	row(&f, 1, ARCH_RSP, 16);
	row(&f, 5, ARCH_RSP, 48);
	row(&f, 0x38, ARCH_RSP, 16);
	row(&f, 0x39, ARCH_RSP, 8);
	signature(&f, true, OP_REG_RSP);
	param(&f, 0, 16);
	make(&f);
	check_body(&f, 0x20, 0x20, -48);
	check_parts(&f, "call -8, push rbx -8, sub rsp,0x20 -32");
	CHECK_EQ_U(f.plan.n_pending, 0);
	done(&f);
}

/* The body is a loop: before it the constant is not there yet, so the site is in the loop. */
TEST(constant_argument_before_a_loop)
{
	struct fixture f;
	CODE(&f, "\x50"			    // +0 push rax
		 "\xc7\x04\x24\x07\x00\0\0" // +1 mov dword [rsp],7
		 "\x83\xc0\x01"		    // +8 add eax,1
		 "\x3b\x04\x24"		    // +b cmp eax,[rsp]
		 "\x75\xf8"		    // +e jne +8
		 "\x59"			    // +10 pop rcx
		 "\xc3");		    // +11 ret
	row(&f, 0, ARCH_RSP, 8);
	row(&f, 1, ARCH_RSP, 16);
	row(&f, 0x11, ARCH_RSP, 8);
	signature(&f, true, OP_REG_RSP);
	param(&f, 0, 4);
	make(&f);
	CHECK_EQ_I(f.rc, FT_OK);
	CHECK_EQ_U(f.plan.body - BASE, 8);
	CHECK_EQ_U(f.plan.site - BASE, 8);
	CHECK(f.plan.site_loops);
	done(&f);
}

/* The arguments are stored behind branches: the line table knows better. */
TEST(address_sanitizer)
{
	struct fixture f;
	CODE(&f, "\x55"		      // +0 push rbp
		 "\x48\x89\xe5"	      // +1 mov rbp,rsp
		 "\x48\x83\xec\x60"   // +4 sub rsp,0x60
		 "\x89\xf9"	      // +8 mov ecx,edi
		 "\x83\x3d\0\0\0\0\0" // +a cmp dword [rip],0
		 "\x74\x05"	      // +11 je +18
		 "\xe8\0\0\0\0"	      // +13 call __asan_stack_malloc
		 "\x89\x4d\xec"	      // +18 mov [rbp-0x14],ecx
		 "\x8b\x45\xec"	      // +1b mov eax,[rbp-0x14]
		 "\xc9\xc3");	      // +1e leave; ret
	rbp_rows(&f, 0);
	line(&f, 0, 1, false);
	line(&f, 0x1b, 2, false);
	signature(&f, false, OP_CALL_FRAME_CFA);
	param(&f, -0x24, 4);
	make(&f);
	check_body(&f, 0x1b, 0x1b, -112);
	check_cfa(&f, ARCH_RBP, false, 16);
	CHECK_EQ_I(f.plan.at_site[ARCH_RDI].where, ENTRY_LOST);
	done(&f);
}

/* ---- optimised code ---- */

TEST(gcc_schedules_into_the_prologue)
{
	struct fixture f;
	CODE(&f, "\x41\x56"		// +0 push r14
		 "\x41\x55"		// +2 push r13
		 "\x41\x89\xfd"		// +4 mov r13d,edi
		 "\x41\x54"		// +7 push r12
		 "\x41\x89\xf4"		// +9 mov r12d,esi
		 "\x55"			// +c push rbp
		 "\x89\xd5"		// +d mov ebp,edx
		 "\x45\x0f\xaf\xec"	// +f imul r13d,r12d
		 "\x53"			// +13 push rbx
		 "\x44\x0f\xaf\xed"	// +14 imul r13d,ebp
		 "\xe8\x00\x00\x00\x00" // +18 call
		 "\x5b"			// +1d pop rbx
		 "\x5d"			// +1e pop rbp
		 "\x41\x5c"		// +1f pop r12
		 "\x41\x5d"		// +21 pop r13
		 "\x41\x5e"		// +23 pop r14
		 "\xc3");		// +25 ret
	row(&f, 0, ARCH_RSP, 8);
	row(&f, 2, ARCH_RSP, 16);
	row(&f, 4, ARCH_RSP, 24);
	row(&f, 9, ARCH_RSP, 32);
	row(&f, 0xd, ARCH_RSP, 40);
	row(&f, 0x14, ARCH_RSP, 48);
	row(&f, 0x25, ARCH_RSP, 8);
	signature(&f, true, OP_CALL_FRAME_CFA);
	make(&f);
	check_body(&f, 0x14, 0x14, -48);
	check_parts(&f, "call -8, push r14 -8, push r13 -8, push r12 -8, push rbp -8, push rbx -8");
	check_cfa(&f, ARCH_RSP, false, 48);
	CHECK(!f.plan.rbp_is_frame);
	check_entry_in(&f, ARCH_RDX, ARCH_RDX, 8);
	check_exit(&f, 0, 0x25, EXIT_RET,
		   "pop rbx 8, pop rbp 8, pop r12 8, pop r13 8, pop r14 8, ret 8");
	done(&f);
}

TEST(outgoing_arguments_are_not_the_prologue)
{
	struct fixture f;
	CODE(&f, "\x48\x83\xec\x08"	    // +0 sub rsp,8
		 "\x41\xb9\x06\x00\x00\x00" // +4 mov r9d,6
		 "\x6a\x08"		    // +a push 8
		 "\xba\x03\x00\x00\x00"	    // +c mov edx,3
		 "\x6a\x07"		    // +11 push 7
		 "\xe8\x00\x00\x00\x00"	    // +13 call
		 "\x48\x83\xc4\x18"	    // +18 add rsp,0x18
		 "\xc3");		    // +1c ret
	row(&f, 0, ARCH_RSP, 8);
	row(&f, 4, ARCH_RSP, 16);
	row(&f, 0xc, ARCH_RSP, 24);
	row(&f, 0x13, ARCH_RSP, 32);
	row(&f, 0x1c, ARCH_RSP, 8);
	signature(&f, true, OP_CALL_FRAME_CFA);
	make(&f);
	check_body(&f, 4, 4, -16);
	check_parts(&f, "call -8, sub rsp,0x8 -8");
	check_exit(&f, 0, 0x1c, EXIT_RET, "epilogue 8, ret 8");
	done(&f);
}

TEST(leaf_behind_endbr)
{
	struct fixture f;
	CODE(&f, "\xf3\x0f\x1e\xfa\x8d\x47\x01\xc3"); // endbr64; lea eax,[rdi+1]; ret
	row(&f, 0, ARCH_RSP, 8);
	signature(&f, true, OP_CALL_FRAME_CFA);
	make(&f);
	check_body(&f, 4, 4, -8);
	check_parts(&f, "call -8");
	check_exit(&f, 0, 7, EXIT_RET, "ret 8");
	done(&f);
}

TEST(nothing_but_a_ret)
{
	struct fixture f;
	CODE(&f, "\xc3");
	row(&f, 0, ARCH_RSP, 8);
	make(&f);
	check_body(&f, 0, 0, -8);
	check_exit(&f, 0, 0, EXIT_RET, "ret 8");
	done(&f);
	CODE(&f, "\xf3\x0f\x1e\xfa\xc3"); // endbr64; ret: the exit has a site of its own
	row(&f, 0, ARCH_RSP, 8);
	make(&f);
	check_body(&f, 4, 0, -8);
	done(&f);
}

TEST(early_return_before_the_prologue)
{
	struct fixture f;
	CODE(&f, "\x85\xff"		// +0 test edi,edi
		 "\x74\x0a"		// +2 je +e
		 "\x53"			// +4 push rbx
		 "\x89\xfb"		// +5 mov ebx,edi
		 "\xe8\x00\x00\x00\x00" // +7 call
		 "\x5b"			// +c pop rbx
		 "\xc3"			// +d ret
		 "\x31\xc0\xc3");	// +e xor eax,eax; ret
	row(&f, 0, ARCH_RSP, 8);
	row(&f, 5, ARCH_RSP, 16);
	row(&f, 0xd, ARCH_RSP, 8);
	signature(&f, true, OP_CALL_FRAME_CFA);
	make(&f);
	check_body(&f, 0, 0, -8);
	CHECK_EQ_U(f.plan.n_exits, 2);
	check_exit(&f, 0, 0xd, EXIT_RET, "ret 8");
	check_exit(&f, 1, 0x10, EXIT_RET, "ret 8");
	done(&f);
}

TEST(optimised_loop_head)
{
	struct fixture f;
	CODE(&f, "\x53"			// +0 push rbx
		 "\x48\x89\xfb"		// +1 mov rbx,rdi
		 "\x48\x83\xec\x10"	// +4 sub rsp,0x10
		 "\xe8\x00\x00\x00\x00" // +8 call
		 "\x48\xff\xcb"		// +d dec rbx
		 "\x75\xf6"		// +10 jne +8
		 "\x48\x83\xc4\x10"	// +12 add rsp,0x10
		 "\x5b\xc3");		// +16 pop rbx; ret
	row(&f, 0, ARCH_RSP, 8);
	row(&f, 1, ARCH_RSP, 16);
	row(&f, 8, ARCH_RSP, 32);
	row(&f, 0x16, ARCH_RSP, 16);
	row(&f, 0x17, ARCH_RSP, 8);
	signature(&f, true, OP_CALL_FRAME_CFA);
	make(&f);
	check_body(&f, 8, 4, -32);
	CHECK_EQ_I(f.plan.rsp_at_site, -16);
	check_cfa(&f, ARCH_RSP, false, 16);
	CHECK_EQ_U(f.plan.n_pending, 0);
	check_entry_in(&f, ARCH_RDI, ARCH_RDI, 8);
	check_entry_at(&f, ARCH_RBX, -16, 8);
	done(&f);
}

TEST(spins_on_its_entry)
{
	struct fixture f;
	CODE(&f, "\xff\x0f\x75\xfc\xc3"); // dec dword [rdi]; jne entry; ret
	row(&f, 0, ARCH_RSP, 8);
	make(&f);
	CHECK_EQ_I(f.rc, FT_OK);
	CHECK(f.plan.site_loops);
	CHECK_EQ_U(f.plan.site, BASE);
	CHECK_EQ_U(f.plan.n_exits, 1);
	done(&f);
}

/* ---- realigned frames ---- */

TEST(gcc_realigns_with_rbp)
{
	struct fixture f;
	CODE(&f, "\x55"			// +0 push rbp
		 "\x48\x89\xe5"		// +1 mov rbp,rsp
		 "\x48\x83\xe4\xe0"	// +4 and rsp,-32
		 "\x48\x83\xec\x60"	// +8 sub rsp,0x60
		 "\x89\x7c\x24\x1c"	// +c mov [rsp+0x1c],edi
		 "\x48\x8d\x44\x24\x20" // +10 lea rax,[rsp+0x20]
		 "\xc9\xc3");		// +15 leave; ret
	rbp_rows(&f, 0);
	line(&f, 0, 1, false);
	line(&f, 0x10, 2, false);
	signature(&f, false, OP_CALL_FRAME_CFA);
	param(&f, 0x1c, 4);
	f.ops[0][0] = (struct dw_op){.op = 0x70 + ARCH_RSP, .a = 0x1c}; // DW_OP_breg7
	make(&f);
	CHECK_EQ_I(f.rc, FT_OK);
	CHECK_EQ_U(f.plan.body - BASE, 0x10);
	CHECK(!f.plan.rsp_known && f.plan.rbp_is_frame);
	check_cfa(&f, ARCH_RBP, false, 16);
	check_parts(&f, "call -8, push rbp -8, and rsp,0xffffffffffffffe0 0, sub rsp,0x60 -96");
	check_exit(&f, 0, 0x16, EXIT_RET, "leave 0, ret 8");
	done(&f);
}

TEST(gcc_realigns_with_r10)
{
	struct fixture f;
	CODE(&f, "\x4c\x8d\x54\x24\x08" // +0 lea r10,[rsp+8]
		 "\x48\x83\xe4\xe0"	// +5 and rsp,-32
		 "\x41\xff\x72\xf8"	// +9 push [r10-8]
		 "\x55"			// +d push rbp
		 "\x48\x89\xe5"		// +e mov rbp,rsp
		 "\x41\x52"		// +11 push r10
		 "\x48\x83\xec\x48"	// +13 sub rsp,0x48
		 "\xe8\0\0\0\0"		// +17 call
		 "\x4c\x8b\x55\xf8"	// +1c mov r10,[rbp-8]
		 "\xc9"			// +20 leave
		 "\x49\x8d\x62\xf8"	// +21 lea rsp,[r10-8]
		 "\xc3");		// +25 ret
	row(&f, 0, ARCH_RSP, 8);
	row(&f, 5, ARCH_R10, 0);
	row(&f, 0x13, ARCH_RBP, -8);
	f.rows[2].cfa.deref = true;
	row(&f, 0x25, ARCH_RSP, 8);
	signature(&f, true, OP_CALL_FRAME_CFA);
	make(&f);
	CHECK_EQ_I(f.rc, FT_OK);
	CHECK_EQ_U(f.plan.body - BASE, 0x17);
	CHECK(!f.plan.rsp_known && !f.plan.rbp_is_frame);
	check_cfa(&f, ARCH_RBP, true, -8);
	done(&f);
	f.in.n_rows = 0; // without call frame information the walk finds r10, then the saved copy
	make(&f);
	check_cfa(&f, ARCH_R10, false, 0);
	done(&f);
}

/* ---- exits ---- */

TEST(tail_calls)
{
	struct fixture f;
	CODE(&f, "\x53"			    // +0 push rbx
		 "\x89\xfb"		    // +1 mov ebx,edi
		 "\xe8\x00\x10\x00\x00"	    // +3 call
		 "\x85\xc0"		    // +8 test eax,eax
		 "\x5b"			    // +a pop rbx
		 "\x0f\x84\x00\x10\x00\x00" // +b je out
		 "\x48\x8b\x07"		    // +11 mov rax,[rdi]
		 "\xff\x60\x18"		    // +14 jmp [rax+0x18]
		 "\xff\x25\x10\0\0\0"	    // +17 jmp [rip+0x10]
		 "\xe9\x00\x10\x00\x00");   // +1d jmp out
	row(&f, 0, ARCH_RSP, 8);
	row(&f, 1, ARCH_RSP, 16);
	row(&f, 0xb, ARCH_RSP, 8);
	make(&f);
	check_body(&f, 1, 1, -16);
	CHECK_EQ_U(f.plan.n_exits, 4);
	check_exit(&f, 0, 0xb, EXIT_TAIL_COND, "pop rbx 8");
	CHECK_EQ_U(f.plan.exits[0].target, BASE + 0x1011);
	CHECK_EQ_U(f.plan.exits[0].condition, 4);
	check_exit(&f, 1, 0x14, EXIT_TAIL_INDIRECT, "pop rbx 8");
	CHECK(f.plan.exits[1].deref);
	CHECK_EQ_U(f.plan.exits[1].base, ARCH_RAX);
	CHECK_EQ_U(f.plan.exits[1].index, ARCH_NONE);
	CHECK_EQ_I(f.plan.exits[1].disp, 0x18);
	CHECK_EQ_U(f.plan.exits[2].base, ARCH_RIP);
	CHECK_EQ_I(f.plan.exits[2].disp, BASE + 0x1d + 0x10);
	check_exit(&f, 3, 0x1d, EXIT_TAIL_JUMP, "epilogue 8");
	CHECK_EQ_U(f.plan.exits[3].target, BASE + 0x1022);
	done(&f);
}

TEST(jumps_that_are_no_exits)
{
	static const uint8_t cold[] = "\xe9\x1f\xff\xff\xff"; // jmp +4, from +e0
	struct fixture f;
	CODE(&f, "\x53"			// +0 push rbx
		 "\x0f\x84\xd9\0\0\0"	// +1 je cold, at +e0
		 "\x48\x63\x04\x82"	// +7 movsxd rax,[rdx+rax*4]
		 "\x48\x01\xd0"		// +b add rax,rdx
		 "\xff\xe0"		// +e jmp rax: a jump table
		 "\x3e\xff\xe1"		// +10 notrack jmp rcx: another
		 "\xe9\x00\x20\x00\x00" // +13 jmp far away, but the frame is up
		 "\x5b\xc3");		// +18 pop rbx; ret
	f.chunks[1] = (struct code_chunk){BASE + 0xe0, cold, 5};
	f.in.n_chunks = 2;
	row(&f, 0, ARCH_RSP, 8);
	row(&f, 1, ARCH_RSP, 16);
	row(&f, 0x19, ARCH_RSP, 8);
	row(&f, 0xe0, ARCH_RSP, 16);
	f.rows[3].hi = BASE + 0xe5;
	make(&f);
	CHECK_EQ_I(f.rc, FT_NONE); // the cold part jumps into the middle of the je
	CHECK_EQ_S(f.why, "bytes that are not code");
	f.chunks[1].bytes = (const uint8_t *)"\xe9\x22\xff\xff\xff"; // jmp +7
	make(&f);
	CHECK_EQ_I(f.rc, FT_OK);
	CHECK_EQ_U(f.plan.n_exits, 1);
	done(&f);
}

TEST(tail_call_of_itself)
{
	struct fixture f;
	CODE(&f, "\x53"			// +0 push rbx
		 "\x89\xfb"		// +1 mov ebx,edi
		 "\xe8\x00\x10\x00\x00" // +3 call
		 "\x5b"			// +8 pop rbx
		 "\xeb\xf5");		// +9 jmp entry
	row(&f, 0, ARCH_RSP, 8);
	row(&f, 1, ARCH_RSP, 16);
	row(&f, 9, ARCH_RSP, 8);
	make(&f);
	check_body(&f, 1, 1, -16);
	CHECK_EQ_U(f.plan.n_exits, 1);
	check_exit(&f, 0, 9, EXIT_TAIL_JUMP, "pop rbx 8");
	done(&f);
	CODE(&f, "\x83\xef\x01\x75\xfb\xeb\xf9"); // sub edi,1; jne entry; jmp entry: a loop
	row(&f, 0, ARCH_RSP, 8);
	make(&f);
	CHECK(f.rc == FT_OK && f.plan.site_loops && f.plan.n_exits == 0);
	done(&f);
}

TEST(without_call_frame_information)
{
	struct fixture f;
	CODE(&f, "\x53"			    // +0 push rbx
		 "\x48\x83\xec\x10"	    // +1 sub rsp,0x10
		 "\x75\x0a"		    // +5 jne +11
		 "\x48\x83\xc4\x10"	    // +7 add rsp,0x10
		 "\x5b"			    // +b pop rbx
		 "\xe9\x00\x10\x00\x00"	    // +c jmp out, torn down
		 "\x75\x0e"		    // +11 jne +21
		 "\xe9\x00\x10\x00\x00"	    // +13 jmp out, not torn down
		 "\x48\x83\xc4\x10\x5b\xc3" // +18 add rsp,0x10; pop rbx; ret
		 "\xcc\xcc\xcc"		    // +1e never reached
		 "\x0f\x0b");		    // +21 ud2
	make(&f);
	check_body(&f, 5, 5, -32);
	check_cfa(&f, ARCH_RSP, false, 32);
	CHECK_EQ_U(f.plan.n_exits, 2);
	check_exit(&f, 0, 0xc, EXIT_TAIL_JUMP, "add rsp,0x10 16, pop rbx 8");
	check_exit(&f, 1, 0x1d, EXIT_RET, "add rsp,0x10 16, pop rbx 8, ret 8");
	done(&f);
}

TEST(enter_and_lea)
{
	struct fixture f;
	CODE(&f, "\xc8\x10\x00\x00" // +0 enter 0x10,0
		 "\x53"		    // +4 push rbx
		 "\x31\xc0"	    // +5 xor eax,eax
		 "\x48\x8d\x65\xe8" // +7 lea rsp,[rbp-0x18]
		 "\x5b\x5d\xc3");   // +b pop rbx; pop rbp; ret
	row(&f, 0, ARCH_RSP, 8);
	row(&f, 4, ARCH_RBP, 16);
	row(&f, 0xd, ARCH_RSP, 8);
	make(&f);
	check_body(&f, 5, 5, -40);
	check_parts(&f, "call -8, enter 0x10,0x0 -24, push rbx -8");
	check_exit(&f, 0, 0xd, EXIT_RET, "lea rsp,[rbp-0x18] 16, pop rbx 8, pop rbp 8, ret 8");
	done(&f);
}

/* ---- doubts ---- */

static void check_refused(struct fixture *f)
{
	make(f);
	CHECK_EQ_I(f->rc, FT_NONE);
	CHECK_EQ_S(f->why, "bytes that are not code");
}

TEST(data_is_not_code)
{
	struct fixture f;
	CODE(&f, "\x55\x06\x06\xc3"); // what no decoder takes
	check_refused(&f);
	CODE(&f, "\xeb\x01\xb8\x01\0\0\0\xc3"); // a jump into an instruction
	check_refused(&f);
	CODE(&f, "\x55\x48\x89\xe5\x5d\xc3"); // a line that begins inside an instruction
	line(&f, 2, 1, false);
	check_refused(&f);
	CODE(&f, "\x55\x48\x89\xe5\x5d\xc3"); // a CFI row does
	row(&f, 0, ARCH_RSP, 8);
	row(&f, 3, ARCH_RSP, 16);
	check_refused(&f);
	CODE(&f, "\x55\x48\x89"); // cut off
	check_refused(&f);
	CODE(&f, "");
	make(&f);
	CHECK_EQ_I(f.rc, FT_NONE);
	CHECK_EQ_S(f.why, "no code in the file");
}

TEST(a_cold_part_is_not_called)
{
	struct fixture f;
	CODE(&f, "\x31\xc0\x5b\xc3"); // xor eax,eax; pop rbx; ret
	row(&f, 0, ARCH_RSP, 16);
	row(&f, 3, ARCH_RSP, 8);
	make(&f);
	CHECK_EQ_I(f.rc, FT_NONE);
	CHECK_EQ_S(f.why, "a part of another function");
}

TEST(padding_and_lock_prefixes_are_fine)
{
	struct fixture f;
	CODE(&f, "\x31\xc0\xc3\0\0\0"); // zeros behind the ret, an odd number
	make(&f);
	CHECK_EQ_I(f.rc, FT_OK);
	done(&f);
	CODE(&f, "\x74\x01\xf0\xff\x07\xc3\xcc\xcc"); // je over the lock prefix of lock inc
	make(&f);
	CHECK_EQ_I(f.rc, FT_OK);
	done(&f);
}

TEST(nothing_to_stop_at)
{
	struct fixture f;
	CODE(&f, "\x0f\x05\xc3"); // syscall; ret
	row(&f, 0, ARCH_RSP, 8);
	make(&f);
	CHECK_EQ_I(f.rc, FT_NONE);
	CHECK_EQ_S(f.why, "its first instructions cannot be moved");
	CODE(&f, "\xb8\x27\0\0\0\x0f\x05\xc3"); // mov eax,39; syscall; ret
	row(&f, 0, ARCH_RSP, 8);
	make(&f);
	check_body(&f, 0, 0, -8);
	done(&f);
}

/* What is cut off in its prologue has no instruction behind it: a buffer of 8, filled. */
TEST(cut_off_in_the_prologue)
{
	struct fixture f;
	CODE(&f, "\x90\x90\x90\x90\x90\x90\x90\x53"); // nop …; push rbx
	row(&f, 0, ARCH_RSP, 8);
	signature(&f, true, OP_CALL_FRAME_CFA);
	param(&f, 8, 4);
	make(&f);
	check_body(&f, 7, 7, -16);
	done(&f);
}

TEST(any_bytes_are_survived)
{
	uint64_t seed = 88172645463325252;
	struct disassembler *d = disassembler_create();
	for (unsigned n = 0; n < 4000; n++) {
		// beginnings of prologues, with noise behind them
		static const char starts[] = "\x55\x48\x89\xe5\x48\x83\xec\x20\x48\x83\xe4\xe0";
		char bytes[64];
		struct fixture f;
		memcpy(bytes, starts, sizeof(starts));
		for (size_t i = n % sizeof(starts); i < sizeof(bytes); i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			bytes[i] = (char)(seed >> 24);
		}
		code(&f, bytes, sizeof(starts) + n % 32);
		if (n & 1)
			row(&f, 0, n % 17, (int)(seed % 4096));
		if (n & 2)
			signature(&f, n & 4, n & 8 ? OP_REG_RBP : OP_REG_RSP);
		for (unsigned k = 0; (n & 2) && k < 4; k++)
			param(&f, (int64_t)(seed % 64) - 40 + k * 4, k + 1);
		f.rc = plan_make(d, &f.in, &f.plan, &f.why);
		done(&f);
	}
	disassembler_destroy(d);
}

TEST_MAIN
