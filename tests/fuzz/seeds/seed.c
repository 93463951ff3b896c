// seed - types, scopes and control flow of C in a program of a few KB that needs no library.
enum color { RED, GREEN = 7 };
struct point {
	int x, y;
	struct point *next;
	unsigned bits : 3, more : 5;
	union {
		float f;
		char c[4];
	} u;
};
typedef struct point point_t;
typedef int (*op_t)(int, const char *);
static int table[4][2];
__attribute__((noinline)) static int sum(const point_t *p, int n, enum color c)
{
	int total = 0;
	for (int i = 0; i < n; i++) {
		int k = p[i].x + (int)c;
		total += k;
		table[i & 3][0] = total;
	}
	return total;
}
__attribute__((noinline)) struct point make(int x, double d, long double ld)
{
	struct point p = {x, (int)d, 0, 1, 2, {(float)ld}};
	return p;
}
__attribute__((noinline)) int vla(int n)
{
	char text[n + 1];
	for (int i = 0; i < n; i++)
		text[i] = (char)i;
	switch (n) {
	case 0:
		return 1;
	case 1:
		return 5;
	case 2:
		return sum(0, 0, RED);
	case 3:
		return 9;
	case 4:
		return 2;
	}
	return text[n / 2];
}
__attribute__((noinline)) int tail(int n, op_t f)
{
	return f ? f(n, "x") : vla(n + 1);
}
void _start(void)
{
	struct point p = make(1, 2.5, 3);
	int r = sum(&p, 1, GREEN) + tail(3, 0);
	__asm__ volatile("syscall" : : "a"(60), "D"(r));
	__builtin_unreachable();
}
