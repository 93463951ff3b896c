// big_return - what fits into registers comes back in them; what does not, in the caller's memory.
//
// Look for: pair() returns 16 bytes in rax and rdx. table() returns 64 bytes: the caller makes room
// in its own frame and hands over the address in rdi, as an argument that the source does not show.
// With --frames it is a spill in table's frame that points to the caller's variable.
#include <stdio.h>

struct pair {
	long first, second;
};

struct table {
	long row[8];
};

struct pair pair(long n)
{
	struct pair p = {n, n + 1};
	return p;
}

struct table table(long n)
{
	struct table t = {{n, n + 1}};
	return t;
}

int main(void)
{
	struct pair p = pair(1);
	struct table t = table(3);
	printf("%ld\n", p.first + p.second + t.row[0] + t.row[1]);
	return 0;
}
