// expect: with --lib: loaded_call, loaded_half of the library opened at load time, opened_call and
// expect: opened_half of the one opened by dlopen, twice, closed between; without: only ours
// flags: -L. -lloaded -Wl,-rpath,$ORIGIN -ldl
// needs: lib.c
#include <dlfcn.h>
#include <stdio.h>

#define NOINLINE __attribute__((noinline))

int loaded_call(int (*f)(int), int n);

NOINLINE int ours(int n)
{
	return n + 1000;
}

NOINLINE int open_and_call(int n)
{
	void *lib = dlopen("libopened.so", RTLD_NOW); // found by our rpath
	if (!lib) {
		printf("%s\n", dlerror());
		return -1;
	}
	int (*call)(int (*)(int), int) = (int (*)(int (*)(int), int))dlsym(lib, "opened_call");
	int r = call ? call(ours, n) : -2;
	dlclose(lib);
	return r;
}

int main(void)
{
	printf("%d\n", loaded_call(ours, 10));
	printf("%d\n", open_and_call(20));
	printf("%d\n", open_and_call(30));
	return 0;
}
