// expect: not a program: dlopen.c's library, built twice: libloaded.so (-DNAME=loaded) and
// expect: libopened.so (-DNAME=opened)
// library: loaded opened
#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

int JOIN(NAME, _half)(int n);
int JOIN(NAME, _call)(int (*f)(int), int n);

/* Through the PLT, and back into the program. */
int JOIN(NAME, _call)(int (*f)(int), int n)
{
	return f(JOIN(NAME, _half)(n)) + 1;
}

int JOIN(NAME, _half)(int n)
{
	return n / 2;
}
