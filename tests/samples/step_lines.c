// step_lines.c: lines, turns of loops, and what each line changes; the program prints the same.
// expect: main, sum_of, fill, bump; "LINE NAME VALUE" on stdout for each change of interest
#include <stdio.h>
#include <string.h>

struct pair {
	int first;
	const char *second;
};

__attribute__((noinline)) static int sum_of(int n)
{
	int sum = 0;
	for (int i = 1; i <= n; i++) {
		sum += i;
		printf("%d sum %d\n", __LINE__ - 1, sum);
	}
	return sum;
}

__attribute__((noinline)) static void fill(char *to, int n)
{
	memset(to, 'x', (size_t)n);
	to[n] = '\0';
}

__attribute__((noinline)) static void bump(int *number)
{
	*number += 1;
}

int main(void)
{
	int total = sum_of(3);
	printf("%d total %d\n", __LINE__ - 1, total);
	char text[8];
	fill(text, 3);
	printf("%d text %s\n", __LINE__ - 1, text);
	struct pair p = {1, "one"};
	p.first = 2;
	printf("%d p.first %d\n", __LINE__ - 1, p.first);
	bump(&total);
	printf("%d total %d\n", __LINE__ - 1, total);
	return 0;
}
