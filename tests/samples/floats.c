// expect: float, double, long double, _Complex, __int128: arguments and results in xmm, st and
// expect: register pairs; also infinities, -0, nan and the smallest numbers
#include <complex.h>
#include <math.h>
#include <stdio.h>

#define NOINLINE __attribute__((noinline))

NOINLINE float half_f(float x)
{
	return x / 2;
}

NOINLINE double half_d(double x)
{
	return x / 2;
}

NOINLINE long double half_l(long double x)
{
	return x / 2;
}

NOINLINE float _Complex turn_f(float _Complex z)
{
	return z * 1.0if;
}

NOINLINE double _Complex turn_d(double _Complex z)
{
	return z * 1.0i;
}

NOINLINE long double _Complex turn_l(long double _Complex z)
{
	return z * 1.0il;
}

NOINLINE __int128 negate(__int128 n)
{
	return -n;
}

NOINLINE unsigned __int128 square(unsigned long long n)
{
	return (unsigned __int128)n * n;
}

NOINLINE double mix(int a, double b, float c, long d, long double e, char f, double g)
{
	return a + b + c + d + (double)e + f + g;
}

int main(void)
{
	volatile double zero = 0.0;
	float _Complex f = turn_f(1.0f + 2.0if);
	double _Complex d = turn_d(3.0 - 4.0i);
	long double _Complex l = turn_l(5.0L + 6.0il);
	unsigned __int128 s = square(0xffffffffffffffffull);

	printf("%g %g %Lg\n", half_f(3.0f), half_d(0.1), half_l(1e4000L));
	printf("%g %g %g\n", half_d(1 / zero), half_d(-zero), half_d(5e-324) + half_d(3e-308));
	printf("%d\n", isnan(half_d(zero / zero)) != 0);
	printf("%g%+gi %g%+gi %Lg%+Lgi\n", crealf(f), cimagf(f), creal(d), cimag(d), creall(l), cimagl(l));
	printf("%lld %llx:%llx\n", (long long)negate(12345678901234), (unsigned long long)(s >> 64),
	       (unsigned long long)s);
	printf("%lld\n", (long long)(negate((__int128)1 << 100) >> 90));
	printf("%g\n", mix(1, 0.5, 0.25f, -2, 4.5L, 'a', 1e3));
	return 0;
}
