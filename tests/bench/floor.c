/*
 * floor - the least a ptrace tracer must do to see an argument and a result: the yardstick.
 *
 *	floor pin|spin|free|step ENTRY RET SLOT PROGRAM [ARGS...]
 *
 * ENTRY is the address of a `push rbp` at the function's start, RET that of its only `ret`, SLOT 32
 * bytes of code that nobody runs (all hexadecimal, no PIE). Two stops per call: int3 at both ends;
 * GETREGS at both, one process_vm_readv at the entry; the replaced instruction runs in SLOT, so a
 * resume is POKEUSER(rip) and CONT. Nothing is printed per event. At the end: "events N" on stderr.
 *
 * pin:  tracer and program on one core.
 * spin: each on a core of its own, the tracer polling waitpid(2).
 * free: where the scheduler puts them, a blocking waitpid(2).
 * step: on one core; no int3 but one at ENTRY: from there PTRACE_SINGLESTEP and GETREGS up to RET.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RING = 1 << 16, STACK_BYTES = 64 };

struct floor {
	pid_t pid;
	uint64_t entry, ret, slot;
	int spin;
	uint64_t events;
	int32_t ring[RING]; // arguments and results
};

static void die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(99);
}

static void use_cpu(unsigned nth)
{
	cpu_set_t all, one;
	CPU_ZERO(&one);
	if (sched_getaffinity(0, sizeof(all), &all) != 0)
		die("sched_getaffinity");
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_SET(cpu, &one);
		if (nth-- == 0)
			break;
		CPU_ZERO(&one);
	}
	if (CPU_COUNT(&one) == 0 || sched_setaffinity(0, sizeof(one), &one) != 0)
		die("sched_setaffinity");
}

static void start(struct floor *f, const char *mode, char **argv)
{
	f->spin = strcmp(mode, "spin") == 0;
	if (strcmp(mode, "pin") == 0 || strcmp(mode, "step") == 0)
		use_cpu(0);
	f->pid = fork();
	if (f->pid < 0)
		die("fork");
	if (f->pid == 0) {
		if (f->spin)
			use_cpu(1);
		if (ptrace(PTRACE_TRACEME, 0, 0L, 0L) != 0)
			die("PTRACE_TRACEME");
		execv(argv[0], argv);
		die(argv[0]);
	}
	if (f->spin)
		use_cpu(0);
	int status;
	if (waitpid(f->pid, &status, 0) != f->pid || !WIFSTOPPED(status))
		die("no stop at exec");
	ptrace(PTRACE_SETOPTIONS, f->pid, 0L, (long)PTRACE_O_EXITKILL);
}

static void poke(struct floor *f, uint64_t addr, const uint8_t *bytes, size_t len)
{
	uint64_t word;
	errno = 0;
	word = (uint64_t)ptrace(PTRACE_PEEKTEXT, f->pid, addr, 0L);
	if (errno)
		die("PTRACE_PEEKTEXT");
	memcpy(&word, bytes, len);
	if (ptrace(PTRACE_POKETEXT, f->pid, addr, word) != 0)
		die("PTRACE_POKETEXT");
}

static void place(struct floor *f)
{
	uint8_t push[6] = {0x55, 0xe9}, ret = 0xc3, int3 = 0xcc; // push rbp; jmp entry + 1
	int32_t back = (int32_t)(f->entry + 1 - (f->slot + sizeof(push)));
	memcpy(push + 2, &back, sizeof(back));
	poke(f, f->slot, push, sizeof(push));
	poke(f, f->slot + 16, &ret, 1);
	poke(f, f->entry, &int3, 1);
	poke(f, f->ret, &int3, 1);
}

static int next_stop(struct floor *f)
{
	int status;
	pid_t got;
	do
		got = waitpid(f->pid, &status, f->spin ? WNOHANG : 0);
	while (got == 0 || (got < 0 && errno == EINTR));
	if (got < 0)
		die("waitpid");
	return status;
}

static void at_entry(struct floor *f, const struct user_regs_struct *regs)
{
	uint8_t stack[STACK_BYTES];
	struct iovec local = {stack, sizeof(stack)};
	struct iovec remote = {(void *)(uintptr_t)regs->rsp, sizeof(stack)};
	if (process_vm_readv(f->pid, &local, 1, &remote, 1, 0) < 0)
		die("process_vm_readv");
	f->ring[f->events++ % RING] = (int32_t)regs->rdi;
	ptrace(PTRACE_POKEUSER, f->pid, offsetof(struct user_regs_struct, rip), f->slot);
}

static void at_ret(struct floor *f, const struct user_regs_struct *regs)
{
	f->ring[f->events++ % RING] = (int32_t)regs->rax;
	ptrace(PTRACE_POKEUSER, f->pid, offsetof(struct user_regs_struct, rip), f->slot + 16);
}

static void step_all(struct floor *f)
{
	uint8_t int3 = 0xcc, first = (uint8_t)ptrace(PTRACE_PEEKTEXT, f->pid, f->entry, 0L);
	struct user_regs_struct regs = {.rip = f->entry};
	poke(f, f->entry, &int3, 1);
	ptrace(PTRACE_CONT, f->pid, 0L, 0L);
	next_stop(f);
	poke(f, f->entry, &first, 1);
	ptrace(PTRACE_POKEUSER, f->pid, offsetof(struct user_regs_struct, rip), f->entry);
	for (; regs.rip != f->ret; f->events++) {
		ptrace(PTRACE_SINGLESTEP, f->pid, 0L, 0L);
		if (!WIFSTOPPED(next_stop(f)))
			die("the program ended");
		if (ptrace(PTRACE_GETREGS, f->pid, 0L, &regs) != 0)
			die("PTRACE_GETREGS");
		f->ring[f->events % RING] = (int32_t)regs.rsp;
	}
	ptrace(PTRACE_CONT, f->pid, 0L, 0L);
	next_stop(f);
}

int main(int argc, char **argv)
{
	if (argc < 6)
		return 2;
	struct floor *f = calloc(1, sizeof(*f));
	if (!f)
		die("calloc");
	f->entry = strtoull(argv[2], NULL, 16);
	f->ret = strtoull(argv[3], NULL, 16);
	f->slot = strtoull(argv[4], NULL, 16);
	start(f, argv[1], argv + 5);
	if (strcmp(argv[1], "step") == 0)
		step_all(f);
	else
		place(f);
	while (strcmp(argv[1], "step") != 0) {
		struct user_regs_struct regs;
		ptrace(PTRACE_CONT, f->pid, 0L, 0L);
		int status = next_stop(f);
		if (!WIFSTOPPED(status))
			break;
		if (ptrace(PTRACE_GETREGS, f->pid, 0L, &regs) != 0)
			die("PTRACE_GETREGS");
		if (regs.rip - 1 == f->entry)
			at_entry(f, &regs);
		else if (regs.rip - 1 == f->ret)
			at_ret(f, &regs);
		else
			die("an unexpected stop");
	}
	fprintf(stderr, "events %llu\n", (unsigned long long)f->events);
	free(f);
	return 0;
}
