// expect: show() is called with a value of each type of the library; a trace's text is what gdb
// expect: writes with the printers of libstdc++; look() and hold() get objects of derived classes
// flags: -std=c++17
// not: gdb instrument
// (tests/cxx_values.py compares it with gdb, with those printers on; the thunks that virtual calls
// of Both go through are functions that gcc does not instrument)

#include <array>
#include <atomic>
#include <bitset>
#include <cstdio>
#include <deque>
#include <forward_list>
#include <initializer_list>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <stack>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

struct Point {
	int x, y;
};

struct Animal {
	virtual ~Animal() = default;
	virtual int legs() const { return 0; }
	int age = 3;
};

struct Dog : Animal {
	int legs() const override { return 4; }
	const char *name = "Rex";
};

struct Left : virtual Animal {
	int l = 1;
};

struct Right : virtual Animal {
	int r = 2;
};

struct Both : Left, Right {
	int legs() const override { return 2; }
	int b = 5;
};

static int shown;

template <class T> __attribute__((noinline)) void show(const T &v)
{
	shown += sizeof(v) != 0;
}

__attribute__((noinline)) int look(const Animal *a)
{
	return a->legs();
}

__attribute__((noinline)) int hold(std::unique_ptr<Animal> a, Animal &r)
{
	return a->legs() + r.legs();
}

static void texts()
{
	show(std::string("hello"));
	show(std::string());
	show(std::string(30, 'z'));
	show(std::string("nul\0 and \"quote\"", 16));
	show(std::string_view("a view"));
	show(std::wstring(L"wide"));
	show(std::u16string(u"sixteen"));
	show(std::vector<std::string>{"a", "b"});
}

static void sequences()
{
	std::vector<int> v{1, 2, 3};
	v.reserve(5);
	show(v);
	show(std::vector<int>());
	show(std::vector<int>(300, 4));
	show(std::vector<char>{'a', 'b'});
	show(std::vector<Point>{{1, 2}, {3, 4}});
	show(std::vector<bool>{true, false, true});
	show(std::vector<bool>(70, true));
	show(std::vector<std::vector<int>>{{1}, {}, {2, 3}});
	show(std::array<int, 3>{1, 2, 3});
	show(std::list<int>{1, 2, 3});
	show(std::list<int>());
	show(std::list<std::string>{"in a list"});
	show(std::forward_list<int>{1, 2});
	show(std::forward_list<int>());
	show(std::deque<int>{1, 2});
	std::deque<int> d;
	for (int i = 0; i < 500; i++) {
		d.push_back(i % 7);
		if (i % 2)
			d.pop_front();
	}
	show(d);
	show(std::stack<int>(std::deque<int>{1, 2}));
	show(std::queue<int>(std::deque<int>{3}));
	show(std::priority_queue<int>(std::less<int>(), std::vector<int>{5, 9}));
	show(std::bitset<8>(5));
	show(std::bitset<100>().set(99));
	show(std::initializer_list<int>{7, 8});
}

static void maps()
{
	show(std::map<std::string, int>{{"a", 1}, {"b", 2}});
	show(std::map<int, int>());
	show(std::map<char, double>{{'c', 2.5}});
	show(std::multimap<int, int>{{1, 1}, {1, 2}});
	show(std::set<int>{3, 1, 2});
	show(std::multiset<int>{1, 1});
	show(std::set<std::string>{"z", "y"});
	show(std::unordered_map<int, std::string>{{1, "x"}, {2, "y"}});
	show(std::unordered_map<std::string, int>{{"k", 1}});
	show(std::unordered_set<int>{1, 2, 3});
	show(std::unordered_set<std::string>());
	show(std::map<int, std::vector<int>>{{1, {1, 2}}});
	std::map<int, int> large;
	for (int i = 0; i < 90; i++)
		large[i * 37 % 97] = i;
	show(large);
}

static void others()
{
	std::shared_ptr<int> shared = std::make_shared<int>(8), twin = shared;
	std::weak_ptr<int> weak = shared, expired = std::make_shared<int>(9);

	show(std::pair<int, char>(1, 'c'));
	show(std::pair<std::string, std::vector<int>>("k", {1}));
	show(std::tuple<int, double, std::string>(1, 2.5, "x"));
	show(std::tuple<>());
	show(std::optional<int>(5));
	show(std::optional<int>());
	show(std::optional<std::vector<int>>({1, 2}));
	show(std::variant<int, double>(5));
	show(std::variant<int, double>(2.5));
	show(std::variant<int, std::vector<int>>(std::vector<int>{1}));
	show(std::unique_ptr<int>());
	show(std::make_unique<Point>(Point{1, 2}));
	show(shared);
	show(weak);
	show(expired);
	show(std::shared_ptr<Point>());
	show(std::atomic<int>(5));
	show(std::atomic<bool>(true));
	show(5);
	show(Point{1, 2});
	show(Both());
	show(&Point::y);
}

int main()
{
	Dog dog;
	Both both;

	texts();
	sequences();
	maps();
	others();
	int legs = look(&dog) + look(&both) + hold(std::make_unique<Dog>(), both);
	printf("%d %d\n", shown, legs);
	return 0;
}
