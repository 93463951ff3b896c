// expect: thread-local variables, the program's own and a library's, in two threads
// flags: -pthread -Wl,-rpath,$ORIGIN -ldl
// needs: tls_lib.c
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

static __thread int pad[5];
static __thread long counter = 40;

__attribute__((noinline)) static long count(int by)
{
	static __thread int calls = 7;
	static int all = 100;
	static __thread char name[16] = "thread";
	counter += by;
	calls++;
	all++;
	name[0] = 'T';
	pad[by % 5]++;
	return counter + calls + all + name[0];
}

static long (*in_library)(int by);

static void *thread(void *arg)
{
	long got = count(3);
	got += in_library(4);
	got += in_library(5);
	*(long *)arg = got;
	return NULL;
}

static int load(void)
{
	void *library = dlopen("libtls.so", RTLD_NOW); // found by our rpath
	in_library = library ? (long (*)(int))dlsym(library, "tls_count") : NULL;
	return in_library != NULL;
}

int main(void)
{
	pthread_t t;
	long got = 0;
	if (!load())
		return 1;
	long total = count(1) + in_library(2);
	pthread_create(&t, NULL, thread, &got);
	pthread_join(t, NULL);
	printf("%ld\n", total + got);
	return 0;
}
