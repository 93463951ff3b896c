// expect: leave() never returns; the status of program and tracer is the argument's low byte
// args: 8
// status: 8
#include <stdlib.h>
#include <unistd.h>

__attribute__((noinline)) void leave(int status, int quickly)
{
	if (quickly)
		_exit(status);
	exit(status);
}

int main(int argc, char **argv)
{
	leave(argc > 1 ? atoi(argv[1]) : 8, argc > 2);
}
