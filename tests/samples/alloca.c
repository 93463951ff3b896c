// expect: grow(4) and vla(4) move rsp after the prologue: the delta of the push is the fixed part,
// expect: and the pop brings rsp back to the CFA all the same; aligned() has a realigned frame
#include <alloca.h>
#include <stdio.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

NOINLINE int first(const char *s)
{
	return s[0];
}

NOINLINE int grow(int n)
{
	int total = 0;

	for (int i = 1; i <= n; i++) {
		char *p = alloca((size_t)i * 16);
		memset(p, 'a' + i, (size_t)i * 16);
		total += first(p);
	}
	return total;
}

NOINLINE int vla(int n)
{
	char text[n * 10];

	memset(text, 'v', sizeof(text));
	return first(text) + (int)sizeof(text);
}

NOINLINE int aligned(int n)
{
	_Alignas(64) char text[64];

	memset(text, 'l', sizeof(text));
	return first(text) + n + (int)((unsigned long)text % 64);
}

NOINLINE int both(int n)
{
	_Alignas(32) char text[32];
	char more[n];

	memset(text, 'b', sizeof(text));
	memset(more, 'c', sizeof(more));
	return first(text) + first(more);
}

NOINLINE int large(int n)
{
	char text[20000]; // more than a page: with stack clash protection a loop probes it

	memset(text, n, sizeof(text));
	return first(text);
}

int main(void)
{
	printf("%d %d %d %d %d\n", grow(4), vla(4), aligned(4), both(4), large(4));
	return 0;
}
