// vla - frames whose size is not known before the program runs.
//
// Look for: fill(n=10) and fill(n=1000) push frames with the same delta: the array of n characters
// is not part of the prologue. It is made later, by subtracting from rsp again, so that callee(),
// called from within, has its frame further down the second time. The pop of fill brings rsp back
// in one go, by rbp.
#include <alloca.h>
#include <stdio.h>
#include <string.h>

int callee(const char *text)
{
	return (int)strlen(text);
}

int fill(int n)
{
	char text[n + 1];

	memset(text, 'x', (size_t)n);
	text[n] = '\0';
	return callee(text);
}

int borrow(int n)
{
	char *text = alloca((size_t)n + 1); // gone when borrow returns, like a local

	memset(text, 'y', (size_t)n);
	text[n] = '\0';
	return callee(text);
}

int main(void)
{
	printf("%d\n", fill(10));
	printf("%d\n", fill(1000));
	printf("%d\n", borrow(100));
	return 0;
}
