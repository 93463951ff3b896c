// expect: work() called by main, then by a thread after main's thread has ended, then by a thread of
// expect: that one: the values of all arguments are known; status 3
// status: 3
// flags: -pthread
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_t first;

__attribute__((noinline)) long work(long x, const char *s)
{
	return x + s[0];
}

static void *second_worker(void *p)
{
	work(99, "second");
	return p;
}

static void *worker(void *p)
{
	pthread_t t;

	pthread_join(first, NULL);
	for (long i = 0; i < 5; i++)
		work(i, "worker");
	pthread_create(&t, NULL, second_worker, p);
	pthread_join(t, NULL);
	printf("done\n");
	exit(3);
}

int main(void)
{
	pthread_t t;

	first = pthread_self();
	work(-1, "main");
	pthread_create(&t, NULL, worker, NULL);
	pthread_exit(NULL);
}
