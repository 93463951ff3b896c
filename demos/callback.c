// callback - our function is called by a function that is not ours.
//
// Look for: the return address of by_size() is in the C library (qsort or a helper of it), not in
// main: main called qsort, and qsort calls back. Between main's frame and by_size's there are
// frames that are not shown, which is why rsp goes down by more than by_size's delta. show() is
// called by a function of our own, for_each, through a pointer just the same.
#include <stdio.h>
#include <stdlib.h>

struct box {
	const char *label;
	int size;
};

int by_size(const void *a, const void *b)
{
	const struct box *left = a, *right = b;

	return left->size - right->size;
}

void for_each(struct box *boxes, int n, void (*action)(const struct box *))
{
	for (int i = 0; i < n; i++)
		action(&boxes[i]);
}

void show(const struct box *b)
{
	printf("%d %s\n", b->size, b->label);
}

int main(void)
{
	struct box boxes[] = {{"large", 30}, {"small", 10}, {"medium", 20}};

	qsort(boxes, 3, sizeof(boxes[0]), by_size);
	for_each(boxes, 3, show);
	return 0;
}
