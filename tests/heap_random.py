#!/usr/bin/env python3
"""heap_random - every request of a program that asks at random, by every door of C and C++, as the
program itself logs it: glibc, static, and allocators of others, linked, preloaded or its own.

# test: up to 120 s
"""
import glob
import os
import shutil
import sys
import tempfile
from pathlib import Path

from lib import tap
from lib.trace import run, trace

# Prints a line for each request: what, address, bytes, alignment that the size is rounded up to by
# libstdc++ (0: not), what it was before.
SOURCE = r"""
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <memory>
#include <new>
#include <unistd.h>
struct alignas(64) Big { char c[200]; };
static char text[1 << 20];
static int length;
static void say(const char *what, void *p, size_t n, size_t round, void *old)
{
	length += snprintf(text + length, sizeof(text) - (size_t)length, "%s %p %zu %zu %p\n", what,
			   p, n, round, old);
}
struct cell { void *p; int how; };
static void drop(cell &x)
{
	say("free", x.p, 0, 0, nullptr);
	switch (x.how) {
	case 0: free(x.p); break;
	case 1: delete (int *)x.p; break;
	case 2: delete[] (char *)x.p; break;
	case 3: delete (Big *)x.p; break;
	case 4: ::operator delete(x.p, std::align_val_t(128)); break;
	case 5: ::operator delete(x.p); break;
	}
	x.p = nullptr;
}
static void take(cell &x, size_t n)
{
	void *q = nullptr;
	size_t even = (n + 63) / 64 * 64;
	switch (rand() % 11) {
	case 0: x = {malloc(n), 0}; say("alloc", x.p, n, 0, q); break;
	case 1: x = {calloc(n, 3), 0}; say("alloc", x.p, 3 * n, 0, q); break;
	case 2: x = {new int(5), 1}; say("alloc", x.p, sizeof(int), 0, q); break;
	case 3: x = {new char[n], 2}; say("alloc", x.p, n, 0, q); break;
	case 4: x = {new Big, 3}; say("alloc", x.p, sizeof(Big), 64, q); break;
	case 5: x = {::operator new(n, std::align_val_t(128)), 4}; say("alloc", x.p, n, 128, q); break;
	case 6: x = {::operator new(n, std::nothrow), 5}; say("alloc", x.p, n, 0, q); break;
	case 7: if (posix_memalign(&q, 256, n)) abort(); x = {q, 0}; say("alloc", q, n, 0, nullptr); break;
	case 8: x = {aligned_alloc(64, even), 0}; say("alloc", x.p, even, 0, q); break;
	case 9: x = {strdup("hello world"), 0}; say("alloc", x.p, 12, 0, q); break;
	case 10: x = {realloc(nullptr, n), 0}; say("realloc", x.p, n, 0, q); break;
	}
}
int main(int argc, char **argv)
{
	static cell cells[40];
	srand((unsigned)atoi(argv[1]));
	for (int i = 0; i < 400; i++) {
		cell &x = cells[rand() % 40];
		size_t n = rand() % 10 == 0 ? (size_t)rand() % 300000 : (size_t)rand() % 500;
		if (x.p && x.how == 0 && rand() % 3 == 0) {
			void *old = x.p;
			x.p = realloc(old, n + 1);
			say("realloc", x.p, n + 1, 0, old);
		} else if (x.p) {
			drop(x);
		} else {
			take(x, n);
		}
	}
	_exit(write(1, text, (size_t)length) != length);
}
"""

# An allocator in the program whose operator new does not go through its malloc.
OWN = r"""
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <new>
static char room[64 << 20] __attribute__((aligned(4096)));
static size_t used;
static void *cut(size_t n, size_t alignment)
{
	used = (used + 16 + alignment - 1) / alignment * alignment;
	char *p = room + used;
	memcpy(p - 8, &n, 8);
	used += n;
	return used <= sizeof(room) ? p : nullptr;
}
extern "C" {
void *malloc(size_t n) { return cut(n, 16); }
void free(void *) {}
void *calloc(size_t n, size_t m) { return cut(n * m, 16); }
void *aligned_alloc(size_t a, size_t n) { return cut(n, a); }
void *memalign(size_t a, size_t n) { return cut(n, a); }
int posix_memalign(void **p, size_t a, size_t n) { *p = cut(n, a); return 0; }
size_t malloc_usable_size(void *p) { size_t n; memcpy(&n, (char *)p - 8, 8); return n; }
void *realloc(void *p, size_t n)
{
	void *q = cut(n, 16);
	size_t old = p ? malloc_usable_size(p) : 0;
	return p ? memcpy(q, p, old < n ? old : n) : q;
}
}
void *operator new(size_t n) { return cut(n, 16); }
void *operator new[](size_t n) { return cut(n, 16); }
void *operator new(size_t n, const std::nothrow_t &) noexcept { return cut(n, 16); }
void *operator new(size_t n, std::align_val_t a) { return cut(n, (size_t)a); }
void operator delete(void *) noexcept {}
void operator delete[](void *) noexcept {}
void operator delete(void *, size_t) noexcept {}
void operator delete(void *, std::align_val_t) noexcept {}
void operator delete(void *, size_t, std::align_val_t) noexcept {}
"""


def build(directory, name, *options):
    source, program = directory / "requests.cc", directory / name
    source.write_text(SOURCE)
    got = run(["g++", "-std=c++17", "-g", "-w", "-O1", "-fno-builtin", "-o", program, source,
               *options])
    return program if got.status == 0 else None


def fits(event, said):
    what, address, size, rounded, old = said
    if event["address"] != address:
        return False
    if what == "free":
        return event["event"] == "free" and event["verdict"] == "ok"
    if event["event"] != what and not (what == "realloc" and old == "(nil)"):
        return False
    size, rounded = int(size), int(rounded)
    up = (size + rounded - 1) // rounded * rounded if rounded else size
    return event["size"] in (size, up)


def compare(name, argv):
    for seed in ("1", "7"):
        t = trace([*argv, seed])
        said = [line.split() for line in t.ran.out.decode().splitlines()]
        seen = [e for e in t.of("alloc", "realloc", "free")
                if e["function"] in ("main", "take", "drop")]
        wrong = [(s, e) for s, e in zip(said, seen) if not fits(e, s)]
        heap = t.events[-1]["summary"]["heap"]
        tap.ok(len(said) == 400 and len(seen) == 400 and not wrong, f"{name}, seed {seed}",
               len(said), len(seen), *wrong[:2], t.ran)
        tap.equal((heap["bad_frees"], heap["unseen"]), (0, 0), f"{name}: no false alarm")


# Names of C++'s operators where only the slot of a linkage table tells them.
NAMED = r"""
struct node { int n; };
__attribute__((noinline)) void drop(node *p) { delete p; }
__attribute__((noinline)) int look(node *p) { return p != nullptr; }
int main()
{
	node *p = new node;
	drop(p);
	p = new node;
	delete p;
	return look(p) - 1;
}
"""


def names(directory):
    source, program = directory / "named.cc", directory / "named"
    source.write_text(NAMED)
    run(["g++", "-g", "-O2", "-fno-builtin", "-fno-inline", "-fno-allocation-dce", "-o", program,
         source])
    t = trace([program])
    tap.equal([e.get("via") for e in t.of("alloc") if e["function"] == "main"],
              ["operator new"] * 2, "what asks for memory is readable", t.ran)
    tail = [e for e in t.pops() if e["function"] == "drop"]
    tap.ok(tail and "operator delete@plt" in str(tail[0].get("to") or tail[0]),
           "so is what a tail call leads to", tail)
    looked = [e for e in t.pushes() if e["function"] == "look"][0]["args"][0]
    tap.ok("dangling" in looked, "a deleted pointer that is handed on right away", looked)


def main():
    with tempfile.TemporaryDirectory() as path:
        directory = Path(path)
        names(directory)
        plain = build(directory, "plain")
        compare("glibc", [plain])
        compare("glibc, static", [build(directory, "static", "-static")])
        (directory / "allocator.cc").write_text(OWN)
        run(["g++", "-std=c++17", "-c", "-o", directory / "own.o", directory / "allocator.cc"])
        compare("its own", [build(directory, "own", directory / "own.o")])
        compare("its own, static", [build(directory, "own_static", "-static", directory / "own.o")])
        for name in ("jemalloc", "mimalloc", "tcmalloc_minimal"):
            found = sorted(glob.glob(f"/usr/lib/x86_64-linux-gnu/lib{name}.so.*"))
            if not found:
                tap.skip(name, "it is not installed")
                continue
            compare(f"{name}, preloaded", [shutil.which("env"), f"LD_PRELOAD={found[0]}", plain])
            linked = build(directory, name, found[0])
            if linked:
                compare(f"{name}, linked", [linked])
    return tap.done()


if __name__ == "__main__":
    os.environ["LC_ALL"] = "C.UTF-8"
    sys.exit(main())
