// expect: thrower() and middle() end by the exception before the destructor is called: its frame
// expect: begins below theirs, since the library's unique_ptr stands between, but it is a child of
// expect: outer(), at depth 2
// The hooks see middle() end in time; we notice at the next event further out.
#include <cstdio>
#include <memory>

#define NOINLINE __attribute__((noinline))

namespace demo {

struct guard {
	int id;
	NOINLINE explicit guard(int n) : id(n)
	{
	}
	NOINLINE ~guard()
	{
		std::printf("guard %d gone\n", id);
	}
};

static NOINLINE int thrower(int n)
{
	if (n > 1)
		throw n;
	return n;
}

static NOINLINE int middle(int n)
{
	return thrower(n) + 1;
}

static NOINLINE int outer(int n)
{
	std::unique_ptr<guard> kept(new guard(n));
	return middle(n) + kept->id;
}

} // namespace demo

int main()
{
	try {
		std::printf("%d\n", demo::outer(3));
	} catch (int n) {
		std::printf("caught %d\n", n);
	}
	return 0;
}
