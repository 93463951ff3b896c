#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "control/private.h"

enum { STEP_TRIES = 16 }; // steps that may end for another reason than the instruction

static const uint8_t syscall_insn[] = {0x0f, 0x05, ARCH_TRAP};

struct injection {
	pid_t tid, pid;
	struct regs saved;
	uint64_t saved_mask;
	uint64_t at;   // of the syscall instruction used
	bool borrowed; // it replaces the program's bytes there for the moment
	uint8_t program[sizeof(syscall_insn)];
	int pending; // a signal that no mask holds back (SIGSTOP) and that came meanwhile
};

// The first call has no slot area to use yet: it borrows the bytes at rip while nothing else runs.
static enum ft_rc begin(struct control *c, struct injection *in)
{
	enum ft_rc rc = pt_get_regs(in->tid, &in->saved);
	if (rc == FT_OK)
		rc = pt_get_sigmask(in->tid, &in->saved_mask);
	if (rc == FT_OK)
		rc = pt_set_sigmask(in->tid, ~(uint64_t)0);
	if (rc != FT_OK)
		return rc;
	in->at = sites_syscall(&c->sites);
	in->borrowed = in->at == 0;
	if (!in->borrowed)
		return FT_OK;
	in->at = in->saved.r[ARCH_RIP];
	if (mem_read_fd(c->mem, in->at, in->program, sizeof(in->program)) != sizeof(in->program))
		return ft_fail("the program's code at 0x%" PRIx64 " cannot be read", in->at);
	return mem_write(c->mem, in->at, syscall_insn, sizeof(syscall_insn));
}

static enum ft_rc end(struct control *c, struct injection *in)
{
	enum ft_rc rc = FT_OK;
	if (in->borrowed)
		rc = mem_write(c->mem, in->at, in->program, sizeof(in->program));
	if (rc == FT_OK)
		rc = pt_set_regs(in->tid, &in->saved);
	if (rc == FT_OK)
		rc = pt_set_sigmask(in->tid, in->saved_mask);
	if (in->pending)
		syscall(SYS_tgkill, in->pid, in->tid, in->pending);
	return rc;
}

/*
 * Steps over the one instruction. Coming from an exec stop the first step ends at once, at the way
 * out of execve(2), which has put its result into rax: so it is rip that says when the instruction
 * has run, and the registers are set anew until it has.
 */
static enum ft_rc step_over(struct control *c, struct injection *in, const struct regs *with,
			    struct regs *ret)
{
	for (int tries = 0; tries < STEP_TRIES; tries++) {
		struct wait_result w;
		enum ft_rc rc = pt_set_regs(in->tid, with);
		if (rc == FT_OK)
			rc = pt_step(in->tid, 0);
		if (rc == FT_OK)
			rc = thread_wait(c, in->tid, &w);
		if (rc != FT_OK)
			return rc;
		if (w.kind == WAIT_EXITED || w.kind == WAIT_KILLED || w.kind == WAIT_LEAVING) {
			thread_defer(c, &w); // its end is for the main loop to tell
			return FT_NONE;
		}
		if (w.kind == WAIT_SIGNAL && w.value != SIGTRAP)
			in->pending = w.value;
		rc = pt_get_regs(in->tid, ret);
		if (rc != FT_OK || ret->r[ARCH_RIP] != in->at)
			return rc;
	}
	return ft_fail("the program does not step at 0x%" PRIx64, in->at);
}

static enum ft_rc run(struct control *c, struct injection *in, const struct injected_call *call,
		      uint64_t *ret)
{
	struct regs after, r = in->saved;
	r.r[ARCH_RIP] = in->at;
	r.orig_rax = ~(uint64_t)0; // not inside a system call: nothing to restart
	r.r[ARCH_RAX] = call->number;
	r.r[ARCH_RDI] = call->args[0];
	r.r[ARCH_RSI] = call->args[1];
	r.r[ARCH_RDX] = call->args[2];
	r.r[ARCH_R10] = call->args[3];
	r.r[ARCH_R8] = call->args[4];
	r.r[ARCH_R9] = call->args[5];
	enum ft_rc rc = step_over(c, in, &r, &after);
	if (rc == FT_OK)
		*ret = after.r[ARCH_RAX];
	return rc;
}

enum ft_rc inject(struct control *c, pid_t tid, pid_t pid, const struct injected_call *call,
		  uint64_t *ret)
{
	struct injection in = {.tid = tid, .pid = pid};
	enum ft_rc rc = begin(c, &in);
	if (rc == FT_OK)
		rc = run(c, &in, call, ret);
	enum ft_rc ended = rc == FT_NONE ? FT_NONE : end(c, &in);
	return rc == FT_OK ? ended : rc;
}

static pid_t a_stopped_thread(const struct control *c)
{
	for (size_t i = 0; i < c->n_threads; i++)
		if (c->threads[i].stopped && c->threads[i].pid == c->pid)
			return c->threads[i].tid;
	return 0;
}

enum ft_rc control_map_slots(struct control *c, uint64_t addr, uint64_t len)
{
	pid_t tid = a_stopped_thread(c);
	if (c->mem < 0)
		return ft_fail("the program's memory cannot be read");
	if (tid == 0)
		return ft_fail("slots can be mapped only while a thread is stopped");
	struct injected_call mmap_there = {
		.number = SYS_mmap,
		.args = {addr, len, PROT_READ | PROT_EXEC,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, ~(uint64_t)0, 0},
	};
	uint64_t got = 0;
	enum ft_rc rc = inject(c, tid, c->pid, &mmap_there, &got);
	if (rc == FT_NONE)
		return ft_fail("the program was killed before it could be traced");
	if (rc == FT_OK && got != addr) {
		int error = got > (uint64_t)-4096 ? (int)(-(int64_t)got) : EEXIST;
		return ft_fail("mmap of %" PRIu64 " bytes at 0x%" PRIx64 " in the program: %s", len,
			       addr, strerror(error));
	}
	if (rc == FT_OK)
		sites_add_area(&c->sites, addr, len);
	return rc;
}

// What one site takes at most.
static uint64_t slot_len(void)
{
	return (DISPLACED_MAX + SLOT_ALIGN - 1) / SLOT_ALIGN * SLOT_ALIGN;
}

bool control_has_slots(const struct control *c, uint64_t lo, uint64_t hi, size_t n)
{
	return sites_have_room(&c->sites, lo, hi, n * slot_len());
}

uint64_t control_slots_len(size_t n)
{
	return (SLOT_HEADER + n * slot_len() + 4095) / 4096 * 4096;
}
