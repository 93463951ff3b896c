/*
 * A buffer overflow, made on purpose and harmless: read_name() is told of more room than `name`
 * has, and writes over the saved rbp and over the return address of greet() behind it. So greet()
 * "returns" into never_called(), a function that nobody calls, which says so and ends the program.
 *
 *     frametrace --frames build/demos/overflow_buffer_c
 *
 * The alarm comes before the ret runs: what the return address was, what it is, and which array
 * lies below it. With --events=insn it also names the instruction that did it. Built without the
 * stack protector, which would have noticed (demos/demos.mk).
 */
// flags: -fno-stack-protector -fcf-protection=none -O0
// status: 3
#include <string.h>
#include <unistd.h>

static void never_called(void)
{
	static const char text[] = "nobody called never_called(), but here it is\n";
	_exit(write(STDOUT_FILENO, text, sizeof(text) - 1) > 0 ? 3 : 1);
}

/* What a stranger sent: as many bytes as are asked for, an address at their end. */
static void read_name(char *to, size_t len)
{
	void (*address)(void) = never_called;
	for (size_t i = 0; i < len - sizeof(address); i++)
		to[i] = 'A';
	memcpy(to + len - sizeof(address), &address, sizeof(address));
}

static char greet(void)
{
	char name[16];
	/* At -O0 the frame address is where rbp was saved; the return address is above it. */
	char *frame = __builtin_frame_address(0);
	read_name(name, (size_t)(frame + 2 * sizeof(void *) - name));
	return name[0];
}

int main(void)
{
	return greet() == 'A' ? 0 : 1;
}
