// requests - a thousand small blocks and a large one: what the allocator asks the kernel for.
//
// Look for: the lines with ^, which are few: one brk of 132 KiB serves hundreds of requests. Blocks
// that follow each other have rising addresses. The block of 200 000 bytes is not on the heap that
// brk moves: it has a mapping of its own among the libraries (0x7f...), and free gives it back to
// the kernel at once. With an argument the program forbids itself any more memory first: then brk and
// mmap fail, and with them malloc.
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { SMALL = 1000, SMALL_SIZE = 240, LARGE_SIZE = 200000 };

int main(int argc, char **argv)
{
	struct rlimit none = {0, 0};
	if (argc > 1 && setrlimit(RLIMIT_DATA, &none) != 0)
		return 1;
	void *small[SMALL];
	for (int i = 0; i < SMALL; i++) {
		small[i] = malloc(SMALL_SIZE);
		if (!small[i]) {
			fprintf(stderr, "%s: no memory\n", argv[0]);
			return 2;
		}
	}
	void *large = malloc(LARGE_SIZE);
	if (!large)
		return 1;
	free(large);
	for (int i = 0; i < SMALL; i++)
		free(small[i]);
	fputs("done\n", stderr);
	return 0;
}
