// double - two frames, one number handed in and one handed back; the twin of double.rs.
//
// Look for: double's frame is 16 bytes, the return address and the saved rbp. With -v, n is at an
// address below rsp: a function that calls nobody may use the 128 bytes there (the red zone)
// without moving rsp. Compare double.rs, whose n is above rsp.
#include <stdio.h>

int twice(int n)
{
	return n * 2;
}

int main(void)
{
	int a = 48;
	int b = twice(a); // "double" is a word of the language in C

	printf("%d\n", b);
	return 0;
}
