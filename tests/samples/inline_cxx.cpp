// expect: at -O2 box::area(), the lambda and larger<int>() are inlined and have no frame; total()
// expect: is a call at any level, inlined or not its callees' arguments are 0, 1, 2 …
#include <cstdio>

namespace shapes
{
struct box {
	int width, height;
	int area() const { return width * height; }
	void grow(int by)
	{
		width += by;
		height += by;
	}
};

template <typename T> static inline T larger(T a, T b)
{
	if (a > b)
		return a;
	return b;
}
} // namespace shapes

__attribute__((noinline)) int total(int n)
{
	auto half = [n](int x) { return x / 2 + n; };
	int sum = 0;

	for (int i = 0; i < n; i++) {
		shapes::box b = {i, i + 1};
		b.grow(half(i));
		sum += shapes::larger(b.area(), 10);
	}
	return sum;
}

int main(int argc, char **)
{
	shapes::box small = {argc, 2};

	std::printf("%d %d\n", total(argc + 3), shapes::larger(small.area(), argc));
	return 0;
}
