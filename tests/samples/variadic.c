// expect: named arguments of variadic functions; those behind "..." are not invented
#include <stdarg.h>
#include <stdio.h>

__attribute__((noinline)) int sum(int n, ...)
{
	va_list ap;
	int total = 0;

	va_start(ap, n);
	for (int i = 0; i < n; i++)
		total += va_arg(ap, int);
	va_end(ap);
	return total;
}

__attribute__((noinline)) double mean(const char *name, int n, ...)
{
	va_list ap;
	double total = 0;

	va_start(ap, n);
	for (int i = 0; i < n; i++)
		total += va_arg(ap, double);
	va_end(ap);
	printf("%s\n", name);
	return total / n;
}

__attribute__((noinline, format(printf, 1, 0))) int vsay(const char *fmt, va_list ap)
{
	return vprintf(fmt, ap);
}

__attribute__((noinline, format(printf, 1, 2))) int say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsay(fmt, ap);
	va_end(ap);
	return n;
}

int main(void)
{
	printf("%d\n", sum(0));
	printf("%d\n", sum(9, 1, 2, 3, 4, 5, 6, 7, 8, 9)); // four of them on the stack
	printf("%.2f\n", mean("mean", 3, 1.5, 2.5, 3.5));
	return say("%s %d %c %.1f\n", "say", -7, 'x', 0.5) != 13;
}
