// expect: down(3), down(2), down(1), down(0) left by longjmp three times, then by siglongjmp out of
// expect: a handler; catch_jump() returns each time; nothing of the left frames returns
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>

#define NOINLINE __attribute__((noinline))

static volatile int armed = 1;
static jmp_buf target;
static sigjmp_buf signal_target;

NOINLINE int down(int n)
{
	if (n == 0 && armed)
		longjmp(target, 7);
	if (n == 0)
		return 0;
	return down(n - 1) + 1;
}

NOINLINE int catch_jump(int n)
{
	int code = setjmp(target);

	if (code == 0)
		return down(n);
	return code * 100;
}

void on_signal(int sig)
{
	siglongjmp(signal_target, sig);
}

NOINLINE int crash(volatile int *p)
{
	return *p + 1;
}

NOINLINE int catch_signal(void)
{
	if (sigsetjmp(signal_target, 1) == 0)
		return crash(NULL);
	return -1;
}

int main(void)
{
	for (int i = 0; i < 3; i++)
		printf("%d\n", catch_jump(3));
	signal(SIGSEGV, on_signal);
	printf("%d\n", catch_signal());
	printf("%d\n", catch_signal());
	return 0;
}
