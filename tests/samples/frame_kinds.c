// expect: every kind of slot: in_memory() has stack arguments, passes() outgoing ones, variadic()
// expect: the register save area, guarded() an array for the canary, late() a frame that optimised
// expect: code builds after its first test, shares() two blocks in the same bytes, leaf() its
// expect: locals below rsp, dynamic() and vla() more than the code says, rounded() a realigned frame
#include <alloca.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

struct big {
	long word[5];
};

NOINLINE static long in_memory(int a, int b, int c, int d, int e, int f, long g, char h,
			       struct big i)
{
	return a + b + c + d + e + f + g + h + i.word[4];
}

NOINLINE static long passes(const struct big *from)
{
	return in_memory(1, 2, 3, 4, 5, 6, 7, 8, *from) + in_memory(8, 7, 6, 5, 4, 3, 2, 1, *from);
}

NOINLINE static long variadic(int n, ...)
{
	va_list list;
	long sum = 0;

	va_start(list, n);
	for (int i = 0; i < n; i++)
		sum += i % 2 ? (long)va_arg(list, double) : va_arg(list, long);
	va_end(list);
	return sum;
}

NOINLINE static int guarded(const char *from)
{
	char text[24];
	int n = 0;

	snprintf(text, sizeof(text), "%s", from);
	if (sscanf(text, "%d", &n) != 1)
		return -1;
	return n;
}

NOINLINE static int late(int n)
{
	char text[40];

	if (n < 3)
		return n;
	snprintf(text, sizeof(text), "%d", n * 10);
	return atoi(text) + n;
}

NOINLINE static size_t shares(int n)
{
	if (n & 1) {
		char odd[48];
		snprintf(odd, sizeof(odd), "%d is odd", n);
		return strlen(odd);
	} else {
		char even[48];
		snprintf(even, sizeof(even), "%d is even", n);
		return strlen(even);
	}
}

NOINLINE static int leaf(int n)
{
	int table[6] = {3, 1, 4, 1, 5, 9};

	table[n % 6] = n;
	return table[(n + 1) % 6] + table[2];
}

NOINLINE static int dynamic(int n)
{
	char *room = alloca((size_t)n);

	memset(room, n, (size_t)n);
	return room[n - 1];
}

NOINLINE static int vla(int n)
{
	int room[n];

	for (int i = 0; i < n; i++)
		room[i] = leaf(i);
	return room[n / 2];
}

NOINLINE static int rounded(int n)
{
	_Alignas(64) int room[16];
	char c = 'c';

	memset(room, n, sizeof(room));
	if (sscanf("x", "%c", &c) != 1)
		return -1;
	return room[3] + c;
}

NOINLINE static double floats(double x, int n)
{
	double twice = x * 2, thrice = x * 3, sum = 0;

	for (int i = 0; i < n; i++)
		sum += atof("1.5") * twice + thrice * x;
	return sum + twice + thrice;
}

NOINLINE static int flexible(int n, int *deep)
{
	struct {
		char tag;
		long word;
		short end;
	} record = {'t', n, 3};

	*deep = (int)record.word;
	return deep ? record.tag + record.end + leaf(n) : 0;
}

int main(void)
{
	struct big big = {{1, 2, 3, 4, 5}};
	int deep = 0;

	printf("%ld %ld\n", passes(&big), variadic(4, 1L, 2.0, 3L, 4.0));
	printf("%d %d %d\n", guarded("12"), late(2), late(7));
	printf("%zu %zu %d\n", shares(1), shares(2), leaf(4));
	printf("%d %d %d\n", dynamic(9), vla(7), rounded(1));
	printf("%.2f %d\n", floats(1.5, 3), flexible(5, &deep));
	printf("%d\n", deep);
	return 0;
}
