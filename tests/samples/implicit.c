// expect: pointers to what has no address are shown with what they point to, when optimised
// gdb 13 is not told of returns into inlined code; tests/expr_oracle.py compares this one.
// not: gdb
#include <stdio.h>

#define NOINLINE __attribute__((noinline))

struct point {
	int x, y;
};

struct pair {
	long first, second;
};

static volatile int sink, seed = 1;

int implicit(int a, int b);
int folded(int n);
long both(struct pair p);

NOINLINE static void use(int v)
{
	sink += v;
}

// Inlined: its pointer points to a local that lives in registers.
static inline int sum_of(const struct point *p, const int *scale)
{
	use(p->x);
	use(*scale);
	return p->x + p->y * *scale;
}

NOINLINE int implicit(int a, int b)
{
	struct point here = {a, b};
	const struct point *to = &here;
	int factor = 3;
	const int *through = &factor;
	use(to->x);
	use(*through);
	int got = sum_of(to, through);
	use(got);
	return got;
}

// A pointer to a constant that was folded away.
NOINLINE int folded(int n)
{
	static const int table[4] = {1, 2, 3, 4};
	const int *at = table;
	const char *word = "implicit";
	use(n);
	return at[2] + (int)word[1];
}

// In two registers.
NOINLINE long both(struct pair p)
{
	struct pair swapped = {p.second, p.first};
	use((int)p.first);
	use((int)swapped.first);
	return p.first - p.second;
}

int main(void)
{
	int total = implicit(seed, 2) + folded(seed + 3) + (int)both((struct pair){seed + 6, 9});
	printf("%d\n", total + sink);
	return 0;
}
