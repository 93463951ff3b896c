// expect: qualified names: geo::point::scale, geo::area<int>, (anonymous namespace)::hidden, lambdas,
// expect: constructors, destructors, virtual methods, references, default arguments, operators
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#define NOINLINE __attribute__((noinline))

namespace geo {

struct point {
	int x, y;

	NOINLINE point(int a, int b) : x(a), y(b)
	{
	}
	NOINLINE point scale(int by) const
	{
		return point(x * by, y * by);
	}
	NOINLINE point &move(const point &by)
	{
		x += by.x;
		y += by.y;
		return *this;
	}
	NOINLINE point operator+(const point &o) const
	{
		return point(x + o.x, y + o.y);
	}
	static NOINLINE point origin()
	{
		return point(0, 0);
	}
};

template <typename T> NOINLINE T area(T a, T b)
{
	return a * b;
}

class shape
{
public:
	explicit shape(const char *n) : name(n)
	{
	}
	NOINLINE virtual ~shape()
	{
		std::printf("%s gone\n", name);
	}
	virtual int sides() const = 0;
	const char *name;
};

class square : public shape
{
public:
	NOINLINE explicit square(int l) : shape("square"), length(l)
	{
	}
	NOINLINE int sides() const override
	{
		return 4;
	}
	int length;
};

enum class unit : unsigned char { metre, foot = 9 };

NOINLINE unit other(unit u)
{
	return u == unit::metre ? unit::foot : unit::metre;
}

} // namespace geo

namespace
{

NOINLINE int hidden(int n)
{
	return n + 1;
}

} // namespace

NOINLINE int count(const geo::shape &s)
{
	return s.sides();
}

NOINLINE std::string greet(const std::string &name, int times = 2)
{
	std::string r;

	for (int i = 0; i < times; i++)
		r += name;
	return r;
}

NOINLINE int total(std::vector<int> &&v)
{
	int r = 0;

	for (int n : v)
		r += n;
	return r;
}

NOINLINE bool flag(bool b, decltype(nullptr))
{
	return !b;
}

int main()
{
	geo::point p(1, 2), q = p.scale(3);
	auto twice = [](int n) { return n * 2; };
	std::vector<int> v{1, 2, 3};

	p.move(q).move(geo::point::origin());
	std::printf("%d %d\n", p.x, (p + q).y);
	std::printf("%d %.1f\n", geo::area(2, 3), geo::area(1.5, 2.0));
	{
		geo::square s(5);
		std::printf("%d\n", count(s));
	}
	std::printf("%d %d %d\n", hidden(1), twice(4), static_cast<int>(geo::other(geo::unit::metre)));
	std::printf("%s %d %d\n", greet("ho").c_str(), total(std::move(v)), flag(true, nullptr));
	return 0;
}
