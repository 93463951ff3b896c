// expect: four threads each push work() 5 deep, three times, at the same time; each frame is on its
// expect: own thread's stack, with that thread's tid
// flags: -pthread
#include <pthread.h>
#include <stdio.h>

#define NOINLINE __attribute__((noinline))

NOINLINE long work(long n)
{
	return n == 0 ? 0 : n + work(n - 1);
}

void *start(void *arg)
{
	long total = 0;

	for (int i = 0; i < 3; i++)
		total += work(4) * (long)arg;
	return (void *)total;
}

int main(void)
{
	pthread_t threads[4];
	void *result;

	for (long i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, start, (void *)(i + 1)) != 0)
			return 1;
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &result);
		printf("%ld\n", (long)result);
	}
	return 0;
}
