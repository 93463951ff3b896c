/*
 * test_surroundings.c - what expressions ask of the caller and of thread-local storage, in the
 * frames of this very program: the answers are known.
 */
#include "test.h"

#include <sys/uio.h>
#include <unistd.h>

#include "unwind/dw_op.h"
#include "unwind/surroundings.h"

#if __has_attribute(noipa)
#define ALONE __attribute__((noipa, used))
#else
#define ALONE __attribute__((noinline, used))
#endif

extern const char __ehdr_start[]; // the linker's: where this program is mapped

/* The registers that a caller keeps, as they are when capture() has returned. */
void capture(struct regs *to);
__asm__(".text\n"
	".type capture, @function\n"
	"capture:\n"
	"	movq %rbx, 24(%rdi)\n"
	"	movq %rbp, 48(%rdi)\n"
	"	leaq 8(%rsp), %rax\n"
	"	movq %rax, 56(%rdi)\n"
	"	movq %r12, 96(%rdi)\n"
	"	movq %r13, 104(%rdi)\n"
	"	movq %r14, 112(%rdi)\n"
	"	movq %r15, 120(%rdi)\n"
	"	movq (%rsp), %rax\n"
	"	movq %rax, 128(%rdi)\n"
	"	ret\n"
	".size capture, . - capture\n");

static size_t read_self(void *ctx, uint64_t addr, void *buf, size_t len)
{
	struct iovec to = {buf, len}, from = {(void *)(uintptr_t)addr, len};
	ssize_t n = process_vm_readv(getpid(), &to, 1, &from, 1, 0);

	(void)ctx;
	return n > 0 ? (size_t)n : 0;
}

static const struct memory self_memory = {.read = read_self};

struct asker {
	struct symbols *symbols;
	struct surroundings around;
	struct expr_context ctx;
	struct regs regs;
	uint64_t mine; // address of callee()'s thread-local
	char why[EXPR_WHY];
};

static void look_around(struct asker *a)
{
	struct module *m;
	char path[4096] = "";

	CHECK(readlink("/proc/self/exe", path, sizeof(path) - 1) > 0);
	a->symbols = symbols_create();
	CHECK(symbols_open(a->symbols, path, (uint64_t)(uintptr_t)__ehdr_start, 0, &m) == FT_OK);
	__asm__("movq %%fs:0, %0" : "=r"(a->regs.fs_base));
	struct unwind_frame here = unwind_innermost(&a->regs);
	surroundings_init(&a->around, a->symbols, &self_memory, &here);
	a->ctx = (struct expr_context){
		.regs = &a->regs,
		.memory = &self_memory,
		.pc = a->regs.r[ARCH_RIP] - 1,
		.world = &a->around.world,
	};
}

/* DW_OP_entry_value of a register. */
static bool entry_value(struct asker *a, unsigned reg, uint64_t *ret)
{
	const struct dw_op in_reg = {.op = (uint8_t)(DW_OP_reg0 + reg)};
	const struct dw_op op = {.op = DW_OP_entry_value, .sub = &in_reg, .n_sub = 1};
	struct expr_storage storage;
	struct place p;

	expr_eval(&op, 1, &a->ctx, &storage, &p);
	snprintf(a->why, sizeof(a->why), "%s", p.why ? p.why : "");
	if (p.kind == PLACE_NONE)
		return false;
	*ret = p.address;
	return true;
}

long callee(struct asker *a, int n, long m);
long middle(struct asker *a, int n);
long outer(struct asker *a);
long asks(struct asker *a, int n, long m);
long through(struct asker *a, int n);

ALONE long callee(struct asker *a, int n, long m)
{
	static __thread long mine = 5;

	mine += n + m;
	a->mine = (uint64_t)(uintptr_t)&mine;
	capture(&a->regs);
	return mine; // capture() was no tail call
}

/* So that its own argument is needed to know what it passes on. */
ALONE long middle(struct asker *a, int n)
{
	long got = callee(a, 48, n + 1);
	return got + a->why[0];
}

ALONE long outer(struct asker *a)
{
	long got = middle(a, 7);
	return got + a->why[0];
}

#ifdef __OPTIMIZE__
static const bool has_call_sites = true;
#else
static const bool has_call_sites = false; // gcc and clang tell of calls from -O1 on
#endif

#ifdef __clang__
static const bool is_gcc = false;
#else
static const bool is_gcc = true;
#endif

/* Asks while its callers are live. */
ALONE long asks(struct asker *a, int n, long m)
{
	uint64_t v = 0;

	capture(&a->regs);
	look_around(a);
	if (has_call_sites) {
		CHECK(entry_value(a, ARCH_RSI, &v));
		CHECK_EQ_S(a->why, "");
		CHECK_EQ_U((uint32_t)v, 48);
		if (is_gcc) { // asked of the caller's caller; clang does not tell of sums
			CHECK(entry_value(a, ARCH_RDX, &v));
			CHECK_EQ_U(v, 8);
		}
		CHECK(!entry_value(a, ARCH_R9, &v));
		CHECK_EQ_S(a->why, "entry value not known: the call site has it not");
	} else {
		CHECK(!entry_value(a, ARCH_RSI, &v));
		CHECK_EQ_S(a->why, "entry value not known: the caller does not tell of this call");
	}
	surroundings_deinit(&a->around);
	symbols_destroy(a->symbols);
	return n + m;
}

ALONE long through(struct asker *a, int n)
{
	long got = asks(a, 48, n + 1);
	return got + a->why[0];
}

static const struct variable *local_named(struct asker *a, const char *name)
{
	const struct signature *sig;
	struct function *f;

	CHECK(symbols_function_at(a->symbols, a->regs.r[ARCH_RIP], &f) == FT_OK);
	CHECK(symbols_signature(a->symbols, f, &sig) == FT_OK);
	for (size_t i = 0; i < sig->n_locals; i++)
		if (strcmp(sig->locals[i].name, name) == 0)
			return &sig->locals[i];
	return NULL;
}

TEST(values_of_callers)
{
	struct asker a = {.why = ""};

	CHECK_EQ_I(through(&a, 7), 56 + a.why[0]);
}

TEST(call_sites)
{
	struct asker a = {.why = ""};
	const struct call_site *site;
	struct function *f, *other;

	CHECK(outer(&a) >= 61);
	look_around(&a);
	CHECK(symbols_function_at(a.symbols, a.regs.r[ARCH_RIP], &f) == FT_OK);
	CHECK_EQ_S(f->name, "callee");
	CHECK(symbols_address_of(a.symbols, f->module, "middle", &a.regs.r[ARCH_RAX]) == FT_OK);
	CHECK(symbols_function_at(a.symbols, a.regs.r[ARCH_RAX], &other) == FT_OK);
	CHECK(!symbols_tail_calls_itself(a.symbols, f));
	CHECK(symbols_call_site_at(a.symbols, f->ranges[0].lo + 1, &site) == FT_NONE);
	// callee() called capture(), which has no debug information of its own.
	enum ft_rc rc = symbols_call_site_at(a.symbols, a.regs.r[ARCH_RIP], &site);
	CHECK_EQ_I(rc, has_call_sites ? FT_OK : FT_NONE);
	if (rc == FT_OK) {
		CHECK_EQ_S(site->callee, "capture");
		CHECK(!symbols_call_site_names(site, f));
		CHECK(!symbols_call_site_names(site, other));
	}
	surroundings_deinit(&a.around);
	symbols_destroy(a.symbols);
}

TEST(thread_local_storage_of_the_program)
{
	struct asker a = {.why = ""};
	struct expr_storage storage;
	struct place p;

	CHECK(outer(&a) >= 61);
	look_around(&a);
	const struct variable *mine = local_named(&a, "mine");
	CHECK(mine != NULL);
	CHECK(mine->is_static);
	CHECK_EQ_U(mine->loc.n, 1);
	expr_eval(mine->loc.e[0].ops, mine->loc.e[0].n_ops, &a.ctx, &storage, &p);
	CHECK_EQ_S(p.why, NULL);
	CHECK_EQ_U(p.kind, PLACE_MEMORY);
	CHECK_EQ_U(p.address, a.mine);
	surroundings_deinit(&a.around);
	symbols_destroy(a.symbols);
}

TEST(nobody_to_ask)
{
	struct asker a = {.why = ""};
	uint64_t v;

	CHECK(outer(&a) >= 61);
	look_around(&a);
	surroundings_deinit(&a.around);
	a.regs.r[ARCH_RIP] = 0x10; // in no module
	struct unwind_frame here = unwind_innermost(&a.regs);
	surroundings_init(&a.around, a.symbols, &self_memory, &here);
	CHECK(!entry_value(&a, ARCH_RSI, &v));
	CHECK_EQ_S(a.why, "entry value not known: its function is not known");
	surroundings_deinit(&a.around);
	symbols_destroy(a.symbols);
}

TEST_MAIN
