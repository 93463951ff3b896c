// expect: values that the debug information computes: floats, long doubles, 128-bit integers
#include <stdio.h>

#define NOINLINE __attribute__((noinline))
#define UNUSED __attribute__((unused)) // by the program: the debug information has it

static volatile double sink, seed = 1.5;

double doubles(double a, double b);
float singles(float a, int n);
long double extended(long double a, int n);
long halves(__int128 wide, unsigned __int128 more);
int narrow(int n, unsigned char c, short s);

NOINLINE static void use(double v)
{
	sink += v;
}

NOINLINE double doubles(double a, double b)
{
	UNUSED double sum = a + b, product = a * 4.0, quotient = b / 8.0;
	UNUSED double negative = -a;
	use(a);
	use(b);
	return a - b;
}

NOINLINE float singles(float a, int n)
{
	UNUSED float third = a / 3.0f, from = (float)n;
	UNUSED double wide = a;
	UNUSED int whole = (int)a;
	use(a);
	use(n);
	return a;
}

NOINLINE long double extended(long double a, int n)
{
	UNUSED long double twice = a * 2.0L, from = n;
	use((double)a);
	use(n);
	return a + 1.0L;
}

NOINLINE long halves(__int128 wide, unsigned __int128 more)
{
	UNUSED __int128 sum = wide + 1;
	UNUSED unsigned __int128 shifted = more << 3;
	long low = (long)wide;
	use((double)low);
	use(2);
	return low;
}

NOINLINE int narrow(int n, unsigned char c, short s)
{
	UNUSED signed char low = (signed char)n;
	UNUSED unsigned short half = (unsigned short)(n + 1);
	UNUSED long wide = n;
	UNUSED unsigned long zero = (unsigned)n;
	UNUSED int shifted = n >> 2, rest = n % 7, divided = n / 3;
	UNUSED _Bool odd = n & 1;
	UNUSED int both = c + s;
	use(n);
	use(c);
	use(s);
	return n;
}

int main(void)
{
	int n = (int)seed;
	double total = doubles(seed, 2.25) + singles(10.0f * (float)seed, n + 6);
	total += (double)extended(1.25L * (long double)seed, n + 2);
	total += (double)halves(((__int128)(n + 4) << 64) + 6, (unsigned)n + 6);
	total += narrow(-1234568 + n, (unsigned char)(n + 199), (short)(n - 6));
	printf("%g\n", total + sink);
	return 0;
}
