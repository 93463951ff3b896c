// expect: classify() popped once a call, at five different exits, with 5 different values
#include <stdio.h>

__attribute__((noinline)) int helper(int n)
{
	return n * 2;
}

__attribute__((noinline)) int classify(int n)
{
	if (n < 0)
		return -1;
	if (n == 0)
		return 0;
	switch (n % 3) {
	case 0:
		return helper(n) + 3;
	case 1:
		return 1;
	}
	for (int i = 0; i < n; i++)
		if (helper(i) > n)
			return i;
	return 99;
}

__attribute__((noinline)) void nothing(int n)
{
	if (n)
		return;
	puts("zero");
}

int main(void)
{
	for (int n = -1; n < 6; n++)
		printf("%d -> %d\n", n, classify(n));
	nothing(1);
	nothing(0);
	return 0;
}
