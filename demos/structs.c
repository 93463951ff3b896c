// structs - three ways for a struct to get into a function and out of it.
//
// Look for (-v): a point is two ints and travels in one register, rdi, and back in rax. A segment
// is 16 bytes: two registers. A matrix is 72 bytes: it is copied onto the stack by the caller,
// just above the return address, so that "m" is at the CFA; and it comes back through a hidden
// pointer: identity() gets in rdi the address of main's own variable and writes there.
#include <stdio.h>

struct point {
	int x, y;
};

struct segment {
	struct point from, to;
};

struct matrix {
	double v[3][3];
};

struct point flip(struct point p)
{
	struct point r = {p.y, p.x};

	return r;
}

struct segment join(struct point from, struct point to)
{
	struct segment s = {from, to};

	return s;
}

struct matrix identity(double scale)
{
	struct matrix m = {{{scale, 0, 0}, {0, scale, 0}, {0, 0, scale}}};

	return m;
}

double trace(struct matrix m)
{
	return m.v[0][0] + m.v[1][1] + m.v[2][2];
}

int main(void)
{
	struct point p = {1, 2};
	struct segment s = join(p, flip(p));
	struct matrix m = identity(2.5);

	printf("%d %d -> %d %d\n", s.from.x, s.from.y, s.to.x, s.to.y);
	printf("%.1f\n", trace(m));
	return 0;
}
