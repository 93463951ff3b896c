// expect: before(1) in the first image; then the same program again, with after(2); one exit, status 6
// status: 6
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((noinline)) int before(int n)
{
	return n + 1;
}

__attribute__((noinline)) int after(int n)
{
	return n * 3;
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		printf("after %s %d\n", argv[1], after(2));
		return after(2);
	}
	printf("before %d\n", before(1));
	fflush(stdout);
	execl("/proc/self/exe", argv[0], "exec", (char *)NULL);
	perror("exec");
	return 1;
}
