// expect: pointers by address, never followed where nothing is; functions by name; the values behind
// expect: them stay what they were
#include <stdio.h>
#include <stddef.h>

#define NOINLINE __attribute__((noinline))

struct node {
	int value;
	struct node *next;
};

typedef int (*unary)(int);

NOINLINE int twice(int n)
{
	return n * 2;
}

NOINLINE int read_int(const int *p)
{
	return p ? *p : -1;
}

NOINLINE int read_through(int **p)
{
	return **p;
}

NOINLINE int is_void(void *p)
{
	return p == NULL;
}

NOINLINE int call(unary f, int n)
{
	return f ? f(n) : n;
}

NOINLINE unary choose(int yes)
{
	return yes ? twice : NULL;
}

NOINLINE int total(const struct node *list)
{
	return list ? list->value + total(list->next) : 0;
}

NOINLINE int sum(const int v[], size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n; i++)
		r += v[i];
	return r;
}

NOINLINE int corner(int (*matrix)[3])
{
	return matrix[1][2];
}

NOINLINE int wild(const char *p, void *q, struct node *n)
{
	return (p != NULL) + (q != NULL) + (n != NULL);
}

int main(void)
{
	int n = 7, *p = &n, v[] = {1, 2, 3}, matrix[2][3] = {{1, 2, 3}, {4, 5, 6}};
	struct node c = {3, NULL}, b = {2, &c}, a = {1, &b}, loop = {9, &loop};

	printf("%d %d %d\n", read_int(p), read_int(NULL), read_through(&p));
	printf("%d %d\n", is_void(p), is_void(NULL));
	printf("%d %d\n", call(choose(1), 21), call(choose(0), 21));
	printf("%d %d %d\n", total(&a), sum(v, 3), corner(matrix));
	printf("%d\n", wild((const char *)0x10, (void *)0xffff800000000000, &loop));
	return 0;
}
