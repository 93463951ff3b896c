// expect: char pointers with their text: empty, NULL, control characters escaped, UTF-8, longer than
// expect: the limit (cut with ...), arrays that are not terminated, a pointer to no memory
#include <stdio.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

struct person {
	const char *name;
	char initials[4];
	char full[8]; // "abcdefgh", without a NUL
};

NOINLINE size_t length(const char *s)
{
	return s ? strlen(s) : 0;
}

NOINLINE char *find(char *s, char c)
{
	return strchr(s, c);
}

NOINLINE const char *pick(const char *const *list, int n)
{
	return list[n];
}

NOINLINE int is_there(const char *p)
{
	return p != NULL;
}

NOINLINE size_t unsigned_length(const unsigned char *s)
{
	return strlen((const char *)s);
}

NOINLINE struct person rename_to(struct person p, const char *name)
{
	p.name = name;
	return p;
}

int main(void)
{
	static char text[] = "find me";
	static const char *const list[] = {"zero", "one", NULL};
	static char big[1001];
	struct person p = {"Ada", "AL", {'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'}};

	memset(big, 'x', 1000);
	printf("%zu %zu %zu\n", length(""), length(NULL), length("plain"));
	printf("%zu %zu\n", length("tab\there\nand \"quotes\" \\ \033[1m\177\001"), length("caf\303\251"));
	printf("%zu %zu\n", length("\377\376 not UTF-8"), length(big));
	printf("%s %d\n", find(text, 'm'), find(text, 'z') == NULL);
	printf("%s %d\n", pick(list, 1), pick(list, 2) == NULL);
	printf("%d\n", is_there((const char *)16));
	printf("%zu\n", unsigned_length((const unsigned char *)"unsigned"));
	printf("%s\n", rename_to(p, "Grace").name);
	return 0;
}
