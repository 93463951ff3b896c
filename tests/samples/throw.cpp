// expect: thrower(0) throws: its frame and middle()'s are unwound, not returned; guard's destructor
// expect: runs meanwhile; catcher() catches and returns; rethrown once through relay()
#include <cstdio>
#include <stdexcept>

#define NOINLINE __attribute__((noinline))

namespace demo {

struct guard {
	int id;
	NOINLINE explicit guard(int n) : id(n)
	{
		std::printf("guard %d made\n", id);
	}
	NOINLINE ~guard()
	{
		std::printf("guard %d ended\n", id);
	}
};

NOINLINE int thrower(int n)
{
	if (n == 0)
		throw std::runtime_error("zero");
	if (n == 1)
		throw 42;
	return n;
}

NOINLINE int middle(int n)
{
	guard g(n);

	return thrower(n) + 1;
}

NOINLINE int relay(int n)
{
	try {
		return middle(n);
	} catch (int) {
		std::puts("relayed");
		throw;
	}
}

NOINLINE int catcher(int n)
{
	try {
		return relay(n);
	} catch (const std::exception &e) {
		std::printf("caught %s\n", e.what());
		return -1;
	} catch (int i) {
		std::printf("caught %d\n", i);
		return -2;
	}
}

} // namespace demo

int main()
{
	for (int n = 0; n < 3; n++)
		std::printf("%d\n", demo::catcher(n));
	return 0;
}
