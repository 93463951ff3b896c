// expect: arguments beyond the registers are on the stack, each in its 8-byte slot, in order
#include <stdio.h>

#define NOINLINE __attribute__((noinline))

struct triple { long a, b, c; };

NOINLINE long ten(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j)
{
	return a + 2L * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j;
}

NOINLINE double ten_doubles(double a, double b, double c, double d, double e, double f, double g,
			    double h, double i, double j)
{
	return a - b + c - d + e - f + g - h + i - j / 4;
}

NOINLINE long small(char a, short b, signed char c, unsigned short d, unsigned char e, int f,
		    char g, short h, unsigned char i, _Bool j)
{
	return a + b + c + d + e + f + g + h + i + j;
}

NOINLINE long mixed(int a, double b, struct triple t, long c, float d, const char *e, int f, int g,
		    int h, long double i, int j)
{
	return a + (long)b + t.a + t.b + t.c + c + (long)d + e[0] + f + g + h + (long)i + j;
}

NOINLINE int on_stack_only(struct triple t)
{
	return (int)(t.a * t.b * t.c);
}

int main(void)
{
	struct triple t = {5, 6, 7};

	printf("%ld\n", ten(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
	printf("%g\n", ten_doubles(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
	printf("%ld\n", small('a', -2, -3, 60000, 250, -6, 'g', -8, 255, 1));
	printf("%ld\n", mixed(1, 2.5, t, 3, 4.5f, "x", 6, 7, 8, 9.5L, -10));
	printf("%d\n", on_stack_only(t));
	return 0;
}
