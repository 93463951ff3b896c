// step_flags.c: instructions that could show the trap flag to the program, and a timer's handler.
// expect: main, flags_by_push, flags_by_syscall, pushed_after_ss, handler, work; no trap flag
// varies: calls
// not: instrument
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

enum { TRAP_FLAG = 1 << 8, TURNS = 5 };

static volatile sig_atomic_t ticks, seen;

// The red zone would be in the way of a push.
__attribute__((noinline)) static uint64_t flags_by_push(void)
{
	uint64_t flags;
	__asm__ volatile("sub $128, %%rsp\n\tpushfq\n\tpop %0\n\tadd $128, %%rsp"
			 : "=r"(flags)
			 :
			 : "cc", "memory");
	return flags;
}

__attribute__((noinline)) static uint64_t flags_by_short_push(void)
{
	uint64_t flags = 0;
	__asm__ volatile("sub $128, %%rsp\n\tpushfw\n\tpopw %w0\n\tadd $128, %%rsp"
			 : "+r"(flags)
			 :
			 : "cc", "memory");
	return flags;
}

// popf with what pushf gave: the flags go round.
__attribute__((noinline)) static uint64_t flags_round(void)
{
	uint64_t flags;
	__asm__ volatile("sub $128, %%rsp\n\tpushfq\n\tpopfq\n\tpushfq\n\tpop %0\n\tadd $128, %%rsp"
			 : "=r"(flags)
			 :
			 : "cc", "memory");
	return flags;
}

__attribute__((noinline)) static uint64_t flags_by_syscall(void)
{
	uint64_t flags;
	long result = SYS_getpid;
	__asm__ volatile("syscall\n\tmov %%r11, %0"
			 : "=r"(flags), "+a"(result)
			 :
			 : "rcx", "r11", "memory");
	return result == getpid() ? flags : TRAP_FLAG;
}

// An instruction that puts the trap off by one.
__attribute__((noinline)) static uint64_t pushed_after_ss(void)
{
	uint64_t flags, ss;
	__asm__ volatile("sub $128, %%rsp\n\tmov %%ss, %1\n\tmov %1, %%ss\n\tpushfq\n\tpop "
			 "%0\n\tadd $128, %%rsp"
			 : "=&r"(flags), "=&r"(ss)
			 :
			 : "cc", "memory");
	return flags;
}

__attribute__((noinline)) static uint64_t old_system_call(void)
{
	long result = 20; // getpid(2) of 32-bit programs
	uint64_t flags;
	__asm__ volatile("sub $128, %%rsp\n\tint $0x80\n\tpushfq\n\tpop %0\n\tadd $128, %%rsp"
			 : "=r"(flags), "+a"(result)
			 :
			 : "r8", "r9", "r10", "r11", "cc", "memory");
	return flags;
}

__attribute__((noinline)) static uint64_t filled(void)
{
	char bytes[40];
	void *to = bytes;
	size_t n = sizeof(bytes);
	uint64_t sum = 0;
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(1) : "memory");
	for (size_t i = 0; i < sizeof(bytes); i++)
		sum += (uint64_t)bytes[i];
	return sum;
}

static void handler(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	ucontext_t *interrupted = context;
	seen |= (int)(interrupted->uc_mcontext.gregs[REG_EFL] & TRAP_FLAG);
	ticks++;
}

__attribute__((noinline)) static int work(int turns)
{
	int sum = 0;
	for (int i = 0; i < turns; i++)
		sum += (int)(filled() & 1) + i;
	return sum;
}

int main(void)
{
	struct sigaction act = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};
	struct itimerval timer = {{0, 2000}, {0, 2000}}, none = {{0, 0}, {0, 0}};
	uint64_t all = 0;
	sigaction(SIGALRM, &act, NULL);
	all |= flags_by_push() | flags_by_short_push() | flags_round() | flags_by_syscall();
	all |= pushed_after_ss() | old_system_call();
	setitimer(ITIMER_REAL, &timer, NULL);
	int sum = 0;
	do
		sum = work(TURNS);
	while (ticks < 3);
	setitimer(ITIMER_REAL, &none, NULL);
	printf("trap flag: %s, in a handler: %s, sum %d\n", all & TRAP_FLAG ? "seen" : "hidden",
	       seen ? "seen" : "hidden", sum);
	return 0;
}
