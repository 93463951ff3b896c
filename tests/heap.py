#!/usr/bin/env python3
"""heap - blocks, their sizes and places, leaks and wrong frees: against the programs' own prints,
malloc_usable_size, Valgrind and AddressSanitizer.

# test: up to 400 s
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from lib import tap
from lib.trace import FRAMETRACE, run, trace

# Each line that it prints: the line of the call, its name, address, bytes asked for, usable bytes.
SIZES = r"""
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static void say(int line, const char *call, void *p, size_t n)
{
	char text[200];
	int len = snprintf(text, sizeof(text), "%d %s %p %zu %zu\n", line, call, p, n,
			   SIZE(p));
	if (write(1, text, (size_t)len) < 0)
		abort();
}
#define SAY(call, p, n) say(__LINE__, call, p, n)
int main(void)
{
	char *a = malloc(10); SAY("malloc", a, 10);
	char *b = calloc(3, 7); SAY("calloc", b, 21);
	a = realloc(a, 3000); SAY("realloc", a, 3000);
	a = realloc(a, 3100); SAY("realloc", a, 3100);
	char *c = aligned_alloc(64, 128); SAY("aligned_alloc", c, 128);
	void *d = NULL; if (posix_memalign(&d, 256, 100)) abort(); SAY("posix_memalign", d, 100);
	char *f = strdup("hello"); SAY("malloc", f, 6);
	char *g = malloc(300000); SAY("malloc", g, 300000);
	char *h = malloc(0); SAY("malloc", h, 0);
	free(b);
	char *i = malloc(21); SAY("malloc", i, 21);
	char *j = realloc(NULL, 5); SAY("realloc", j, 5);
	char *k = malloc(200000); SAY("malloc", k, 200000);
	k = realloc(k, 2000000); SAY("realloc", k, 2000000);
	free(a); free(c); free(d); free(f); free(g); free(h); free(i); free(j); free(k);
	return 0;
}
"""

CXX = r"""
#include <cstdio>
#include <malloc.h>
#include <memory>
#include <new>
#include <stdexcept>
#include <unistd.h>
#include <vector>
static void say(int line, const void *p, size_t n)
{
	char text[200];
	int len = snprintf(text, sizeof(text), "%d malloc %p %zu %zu\n", line, p, n,
			   malloc_usable_size((void *)p));
	if (write(1, text, (size_t)len) < 0)
		throw 1;
}
static int thrower(int n) { std::vector<int> v(n); if (n > 3) throw n; return v[0]; }
int main()
{
	int *a = new int[25]; say(__LINE__, a, 100);
	auto b = std::make_unique<long>(5); say(__LINE__, b.get(), 8);
	std::vector<char> v(77); say(__LINE__, v.data(), 77);
	try {
		thrower(5);
	} catch (int) {
	}
	double *c = new double(1); say(__LINE__, c, 8);
	delete c;
	delete[] a;
}
"""

RUST = r"""
use std::rc::Rc;
fn say(line: u32, p: *const u8, n: usize) { eprintln!("{} malloc {:p} {} -", line, p, n); }
fn main() {
    let b = Box::new(99i32); say(line!(), &*b as *const i32 as *const u8, 4);
    let v: Vec<u16> = Vec::with_capacity(50); say(line!(), v.as_ptr() as *const u8, 100);
    let s = String::from("hello, world"); say(line!(), s.as_ptr(), 12);
    let r = Rc::new(7u64);
    say(line!() - 1, unsafe { (Rc::as_ptr(&r) as *const u8).sub(16) }, 24);
}
"""

# What is alive at the end: blocks and bytes as Valgrind counts them. No stdio: it frees its own.
# Blocks that are left, by paths of calls; what printf keeps, Valgrind frees itself.
LEAK_PATHS = {
    "paths": ("gcc", r"""
#include <stdlib.h>
#include <string.h>
void *volatile sink;
static void *one(size_t n) { return malloc(n); }
static void *two(size_t n)
{
	sink = one(n);
	return one(2 * n);
}
static void left(int n)
{
	sink = two(10);
	if (n)
		sink = one(7);
}
static void right(void)
{
	left(0);
	left(1);
	for (int i = 0; i < 3; i++)
		sink = strdup("right");
}
int main(void)
{
	left(1);
	right();
	right();
	sink = one(100);
	free(sink);
	sink = realloc(one(5), 5000);
	return 0;
}
"""),
    "callbacks": ("gcc", r"""
#include <stdlib.h>
void *volatile sink;
static void *take(size_t n) { return calloc(n, 2); }
static int compare(const void *a, const void *b)
{
	sink = take(8);
	return *(const int *)a - *(const int *)b;
}
static int find(const void *a, const void *b)
{
	sink = take(9);
	return compare(a, b);
}
int main(void)
{
	int v[5] = {5, 3, 4, 1, 2}, key = 4;
	qsort(v, 5, sizeof(*v), compare);
	sink = bsearch(&key, v, 5, sizeof(*v), find);
	return 0;
}
"""),
    "classes": ("g++", r"""
struct node {
	node *next;
	char *text;
	node(node *n, int len) : next(n), text(new char[len]) {}
	~node() { delete[] text; }
};
struct list {
	node *head = nullptr;
	void add(int len) { head = new node(head, len); }
	void drop() { node *n = head; head = n->next; delete n; }
};
list kept;
static void fill(list &l) { l.add(3); l.add(4); }
int main()
{
	list l;
	fill(l);
	l.drop();
	fill(kept);
	fill(kept);
	return 0;
}
"""),
}

LEAKS = {
    "none": "free(malloc(5));",
    "one": "sink = malloc(100);",
    "zero": "sink = malloc(0);",
    "many": "for (int i = 0; i < 50; i++) sink = malloc((size_t)i * 3);",
    "half": "for (int i = 0; i < 50; i++) { sink = malloc(64); if (i & 1) free(sink); }",
    "calloc": "sink = calloc(33, 3); sink = calloc(1, 1);",
    "realloc": "sink = malloc(10); for (int i = 0; i < 9; i++) sink = realloc(sink, 1u << i);",
    "realloc_free": "sink = malloc(10); sink = realloc(sink, 20); free(sink); sink = NULL;",
    "aligned": "sink = aligned_alloc(64, 64); if (posix_memalign(&sink, 128, 33)) abort();",
    "list": "for (int i = 0; i < 20; i++) { void **n = malloc(24); *n = sink; sink = n; }",
    "strdup": "sink = strdup(\"abc\"); char *t = strndup(\"hello\", 3); free(t);",
    "large": "sink = malloc(1000000); sink = malloc(200000); free(sink);",
}

# Source, what AddressSanitizer says, what the trace says.
WRONG = {
    "double": ("int *p = malloc(4); drop(p); drop(p);", "double-free", "double free"),
    "inside": ("char *p = malloc(100); free(p + 16);", "not malloc", "inside a block"),
    "stack": ("int x = 1; void *volatile p = &x; free(p);", "not malloc", "no block"),
    "global": ("void *volatile p = &global; free(p);", "not malloc", "no block"),
    "realloc": ("int *p = malloc(4); drop(p); sink = realloc(p, 8);", "double-free", "double free"),
    "after_free": ("int *p = malloc(4); drop(p); look(p);", "heap-use-after-free", "dangling heap"),
    "after_own_free": ("int *p = malloc(4); free(p); look(p);", "heap-use-after-free",
                       "dangling heap"),
    "after_return": ("look(of_local(5));", "stack-use-after-return", "dangling stack"),
    "returned": ("look(freed());", "heap-use-after-free", "dangling heap"),
    "right": ("int *p = malloc(4); *p = 1; look(p); drop(p);", None, None),
    "reused": ("int *p = malloc(4); drop(p); p = malloc(4); *p = 1; look(p); drop(p);", None, None),
    "grown": ("int *p = malloc(4); *p = 1; p = realloc(p, 4000); look(p); drop(p);", None, None),
    "null": ("free(NULL); int *p = malloc(4); *p = 2; look(p); drop(p);", None, None),
    "caller": ("int x = 3; look(&x);", None, None),
}
WRONG_HEAD = r"""
#include <stdlib.h>
void *volatile sink;
int global;
static void drop(int *p) { free(p); }
static int look(int *p) { return *(volatile int *)p; }
static int *of_local(int n) { int x = n; int *volatile p = &x; return p; }
static int *freed(void) { int *p = malloc(8); *p = 1; free(p); return p; }
int main(void)
{
	if (sink) { drop(sink); look(sink); look(of_local(1)); look(freed()); }
	%s
	return 0;
}
"""

MANY = r"""
#include <stdlib.h>
static void *volatile keep[64];
int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0;
	for (int i = 0; i < n; i++) {
		free(keep[i & 63]);
		keep[i & 63] = malloc((size_t)(i % 777) + 1);
	}
	return 0;
}
"""

THREADS = r"""
#include <pthread.h>
#include <stdlib.h>
static void *once(int i) { return malloc((size_t)(i % 300) + 1); }
static void *work(void *arg)
{
	void *kept[16] = {0};
	for (int i = 0; i < 400; i++) {
		free(kept[i & 15]);
		kept[i & 15] = once(i);
		kept[i & 15] = realloc(kept[i & 15], (size_t)(i % 500) + 1);
	}
	return arg;
}
int main(void)
{
	pthread_t t[4];
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, work, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	return 0;
}
"""

# Signals inside of malloc, a fork, a vfork and an exec: the program's results are its own.
ROUGH = r"""
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
static volatile sig_atomic_t ticks;
static void on_tick(int s) { (void)s; ticks++; }
static unsigned churn(int n)
{
	unsigned sum = 0;
	for (int i = 0; i < n; i++) {
		unsigned char *p = calloc(1, (size_t)(i % 100) + 1);
		p[0] = (unsigned char)i;
		p = realloc(p, 200);
		sum = sum * 31 + p[0];
		free(p);
	}
	return sum;
}
int main(int argc, char **argv)
{
	int status;
	if (argc > 1) {
		printf("executed %u\n", churn(20));
		return 3;
	}
	struct sigaction a = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
	struct itimerval t = {{0, 700}, {0, 700}}, off = {{0, 0}, {0, 0}};
	sigaction(SIGALRM, &a, NULL);
	setitimer(ITIMER_REAL, &t, NULL);
	printf("sum %u\n", churn(1500));
	setitimer(ITIMER_REAL, &off, NULL);
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		printf("child %u\n", churn(50));
		fflush(stdout);
		_exit(5);
	}
	waitpid(pid, &status, 0);
	printf("child's status %d\n", WEXITSTATUS(status));
	fflush(stdout);
	pid = vfork();
	if (pid == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	fflush(stdout);
	execl(argv[0], argv[0], "again", (char *)NULL);
	return 1;
}
"""

WRAPPER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <string.h>
static void *(*real_malloc)(size_t);
static void (*real_free)(void *);
static char early[4096];
static size_t used;
void *malloc(size_t n)
{
	if (!real_malloc)
		real_malloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
	char *p = real_malloc(n + 32);
	if (p)
		*(size_t *)p = n;
	return p ? p + 32 : p;
}
void free(void *p)
{
	if (!real_free)
		real_free = (void (*)(void *))dlsym(RTLD_NEXT, "free");
	if (p && !((char *)p >= early && (char *)p < early + sizeof(early)))
		real_free((char *)p - 32);
}
void *calloc(size_t n, size_t m)
{
	if (!real_malloc && used + n * m < sizeof(early)) {
		used = (used + 15) / 16 * 16 + n * m;
		return early + used - n * m;
	}
	void *p = malloc(n * m);
	return p ? memset(p, 0, n * m) : p;
}
void *realloc(void *p, size_t n)
{
	void *q = malloc(n);
	size_t old = p ? *(size_t *)((char *)p - 32) : 0;
	if (p && q)
		memcpy(q, p, n < old ? n : old);
	free(p);
	return q;
}
"""

PLAIN = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void)
{
	char *a = malloc(10), *b = malloc(20);
	strcpy(a, "123456789");
	printf("%p %p\n", (void *)a, (void *)b);
	a = realloc(a, 5000);
	printf("%p\n", (void *)a);
	fflush(stdout);
	free(a);
	free(b);
	return 0;
}
"""

BRK = r"""
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(void)
{
	void *volatile p;
	for (int i = 0; i < 3000; i++)
		p = malloc(100);
	(void)p;
	char text[64];
	int n = snprintf(text, sizeof(text), "%p\n", sbrk(0));
	return write(1, text, (size_t)n) < 0;
}
"""


class Place:
    """A directory with the programs of this test."""

    def __init__(self, path):
        self.path = Path(path)

    def build(self, name, source, *flags, compiler="gcc"):
        suffix = {"g++": ".cc", "rustc": ".rs"}.get(compiler, ".c")
        file, program = self.path / (name + suffix), self.path / name
        file.write_text(source)
        usual = ["-g"] if compiler == "rustc" else ["-g", "-w"]
        got = run([compiler, *usual, *flags, "-o", program, file], cwd=self.path)
        if got.status != 0:
            raise RuntimeError(got.err.decode(errors="replace"))
        return program


def heap_of(traced):
    return traced.events[-1]["summary"]["heap"]


def given(traced):
    """(line, call, address, size, usable) of what was given out, in order."""
    return [(e["line"], e["call"].split(" or ")[0], e["address"], e["size"], e["usable"])
            for e in traced.of("alloc", "realloc") if e["function"]]


def printed(text):
    """The same as a program prints it."""
    lines = [line.split() for line in text.decode().splitlines()]
    return [(int(a), call, at, int(n), None if usable == "-" else int(usable))
            for a, call, at, n, usable in lines]


def agree(name, seen, said, usable=True):
    """Every block that the program tells of was seen, in the same order."""
    short = [e if usable else e[:4] for e in seen]
    at = 0
    for one in said:
        want = one if usable else one[:4]
        if want not in short[at:]:
            print(f"# the program says {want}; seen: {short[at:at + 5]}")
            return tap.ok(False, name)
        at += short[at:].index(want) + 1
    return tap.ok(bool(said), f"{name}: {len(said)} blocks")


def sizes(place):
    for level in ("-O0", "-O2"):
        program = place.build("sizes" + level, SIZES, level, "-fno-builtin",
                              "-DSIZE=malloc_usable_size")
        t = trace([program])
        agree(f"sizes, C {level}", given(t), printed(t.ran.out))
        heap = heap_of(t)
        tap.ok(heap["alive_blocks"] == 0 and heap["bad_frees"] == 0 and heap["unseen"] == 0,
               f"all of it was freed {level}")
    moves = [e for e in t.of("realloc")]
    tap.ok(all(e["moved"] == (e["address"] != e["old_address"]) for e in moves)
           and any(e["moved"] for e in moves) and not all(e["moved"] for e in moves),
           "a realloc says whether it moved")
    t = trace([place.build("static", SIZES, "-static", "-fno-builtin",
                           "-DSIZE=malloc_usable_size")])
    agree("sizes, a static program", given(t), printed(t.ran.out))
    t = trace([place.build("new", CXX, compiler="g++")])
    agree("sizes, C++ new", given(t), printed(t.ran.out))
    tap.ok(heap_of(t)["alive_blocks"] == 0, "C++: what an exception leaves is freed")
    frees = [e for e in t.of("free") if e["function"] == "thrower" or e["line"] is None]
    tap.ok(all(e["verdict"] == "ok" for e in frees), "C++: every free fits")


def rust(place):
    if not shutil.which("rustc"):
        return tap.skip("Rust", "no rustc")
    t = trace([place.build("boxes", RUST, compiler="rustc")])
    agree("sizes, Rust's Box, Vec, String, Rc", given(t), printed(t.ran.err), usable=False)
    owners = {e["size"]: e["owners"] for e in t.of("free") if e["function"] == "boxes::main"}
    return tap.ok(owners.get(4) == ["boxes::main.b"] or "boxes::main.b" in owners.get(4, []),
                  "a Box is known by its owner")


def leaks(place):
    if not tap.ok(shutil.which("valgrind"), "valgrind is installed"):
        return
    head = "#include <stdlib.h>\n#include <string.h>\nvoid *volatile sink;\nint main(void) {"
    for name, body in LEAKS.items():
        program = place.build("leak_" + name, head + body + "return 0; }", "-fno-builtin")
        said = run(["valgrind", "--undef-value-errors=no", program]).err.decode()
        found = re.search(r"in use at exit: ([\d,]+) bytes in ([\d,]+) blocks", said)
        total = re.search(r"total heap usage: ([\d,]+) allocs, ([\d,]+) frees", said)
        if not found or not total:
            print("# " + said[-500:].replace("\n", "\n# "))
            tap.ok(False, f"valgrind ran {name}")
            continue
        want = tuple(int(n.replace(",", "")) for n in found.groups())
        heap = heap_of(trace([program]))
        have = (heap["alive_bytes"], heap["alive_blocks"])
        by_place = (sum(e["bytes"] for e in heap["leaks"]), sum(e["blocks"] for e in heap["leaks"]))
        if have != want or by_place != want:
            print(f"# valgrind {want}, ours {have}, by place {by_place}")
        tap.ok(have == want and by_place == want, f"leaks of {name} as Valgrind says: {want}")
    return None


def valgrind_paths(program, directory, source):
    """What it says is left: a path of (function, line), innermost first, to (bytes, blocks)."""
    report = directory / "leaks.xml"
    run(["valgrind", "--leak-check=full", "--show-leak-kinds=all", "--num-callers=40",
         "--undef-value-errors=no", "--xml=yes", f"--xml-file={report}", program])
    paths = {}
    for error in ElementTree.parse(report).iter("error"):
        path = tuple((re.sub(r"\(.*", "", frame.findtext("fn")), int(frame.findtext("line")))
                     for frame in error.find("stack").iter("frame")
                     if frame.findtext("file") == source)
        what = error.find("xwhat")
        # "19 (16 direct, 3 indirect) bytes": the indirect ones have their own record.
        direct = re.search(r"\(([\d,]+) direct", what.findtext("text"))
        size = direct.group(1).replace(",", "") if direct else what.findtext("leakedbytes")
        add_to(paths, path, int(size), int(what.findtext("leakedblocks")))
    return paths


def add_to(paths, path, size, blocks):
    had = paths.get(path, (0, 0))
    paths[path] = (had[0] + size, had[1] + blocks)


def leak_paths(place):
    for name, (compiler, source) in LEAK_PATHS.items():
        program = place.build("path_" + name, source, "-fno-builtin", compiler=compiler)
        suffix = ".cc" if compiler == "g++" else ".c"
        want = valgrind_paths(program, place.path, program.name + suffix)
        have = {}
        for leak in heap_of(trace([program]))["leaks"]:
            path = tuple((re.sub(r"\(.*", "", e["function"]), e["line"])
                         for e in reversed(leak["path"]))
            add_to(have, path, leak["bytes"], leak["blocks"])
        if have != want:
            print(f"# only Valgrind: {sorted(want.items() - have.items())}\n"
                  f"# only ours: {sorted(have.items() - want.items(), key=repr)}")
        tap.ok(have == want and len(want) > 2,
               f"leaks of {name} by path as Valgrind says: {len(want)} paths")


RECURSIVE = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
void *volatile sink;
void down(int n)
{
	void *mine = malloc(8);
	sink = mine;
	if (n)
		down(n - 1);
}
int main(void)
{
	down(3000);
	puts(strdup("said"));
	return 0;
}
"""


def recursion(place):
    """A path does not grow with the depth; what a library asks for is said to be its."""
    program = place.build("recursive", RECURSIVE, "-fno-builtin")
    t = trace([program])
    leaks = heap_of(t)["leaks"]
    have = [([(e["function"], e["line"], e.get("repeats", False)) for e in leak["path"]],
             leak["blocks"], leak["place"].get("via"), leak["place"].get("via_module"))
            for leak in leaks]
    main = ("main", 15, False)
    tap.ok(([main, ("down", 11, False), ("down", 8, True)], 3000, None, None) in have
           and ([main, ("down", 8, False)], 1, None, None) in have,
           "a recursion is one path", have)
    tap.ok(([("main", 16, False)], 1, "strdup", "libc.so.6") in have
           and ([("main", 16, False)], 1, "puts", "libc.so.6") in have,
           "what the C library asks for is told apart", have)
    tap.ok([e.get("via") for e in t.of("alloc")][-2:] == ["strdup", "puts"], "so is each event")
    owners = {leak["blocks"]: leak["owner"] for leak in leaks}
    tap.ok(owners.get(3000) == "down.mine", "the last owner of what is left", owners)
    text = run([FRAMETRACE, "-q", program]).err + run([FRAMETRACE, program]).err
    tap.ok(b"malloc inside libc.so.6 (puts), called by main, recursive.c:16" in text,
           "text says it", text[-2000:].decode())


SMASHED = r"""
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static jmp_buf back;
void *volatile sink;
static void jumps(void) { char room[64]; sink = room; longjmp(back, 1); }
static void greet(const char *name)
{
	char buf[8];
	strcpy(buf, name);
	sink = strdup(buf);
}
int main(void)
{
	if (!setjmp(back))
		jumps();
	sink = strdup("after");
	greet("a name that is much too long");
	return 0;
}
"""


def smashed(place):
    """Whose return address was overwritten asks all the same; who was left by a jump does not."""
    program = place.build("smashed", SMASHED, "-O0", "-fno-stack-protector", "-U_FORTIFY_SOURCE")
    have = [(e["function"], e["line"], e.get("via")) for e in trace([program]).of("alloc")]
    tap.equal(have, [("main", 19, "strdup"), ("greet", 13, "strdup")],
              "a frame with an overwritten return address, and one that was left")


HOLDERS = r"""
#include <stdlib.h>
static void *mk(size_t n) { return malloc(n); }
static void *more(void *p) { void *wall = malloc(64); p = realloc(p, 100000); free(wall); return p; }
static void peek(char *p) { *p = 0; }
static char *moved(void) { char *old = malloc(24); peek(old); old = more(old); return old; }
int main(void)
{
	char *q = mk(40);
	char *m = moved();
	free(m);
	return q == 0;
}
"""


def holders(place):
    """Who had what is left is told where locals are looked at, and then alike; never by half."""
    program = place.build("holders", HOLDERS, "-fno-builtin")
    plain, full = (run([FRAMETRACE, *words, program]).err for words in ((), ("-v",)))
    story = run([FRAMETRACE, "--explain", program]).err
    tap.ok(b"1 block, 40 bytes: malloc by mk" in plain and b"last in" not in plain,
           "without -v nothing is said of the last holder", plain)
    tap.ok(b"last in main.q" in full and b"point to it is main.q" in b" ".join(story.split()),
           "-v and --explain: the local that has it", full[-900:], story[-900:])
    owners = [e["owners"] for e in trace([program]).of("free") if e["size"] == 100000]
    tap.ok(len(owners) == 1 and "main.m" in owners[0] and "moved.old" in owners[0] and
           b"pointed to by" in full, "a moved block: who held the new address", owners)
    tap.ok(not any("peek" in owner for owner in owners[0]), "not who held the old one", owners)


def our_verdicts(t):
    found = []
    for e in t.events:
        if e["event"] == "free" and e["verdict"] != "ok":
            found.append(e["verdict"])
        values = e.get("args") or [] if e["event"] == "push" else []
        values = values + [e["return"]] if e["event"] == "pop" and "return" in e else values
        for value in values:
            if "dangling" in value:
                heap = "heap" in value["dangling"]
                found.append("dangling heap" if heap else "dangling stack")
    return found


def wrong_frees(place):
    environment = {**os.environ, "ASAN_OPTIONS": "detect_stack_use_after_return=1:detect_leaks=0"}
    for name, (body, theirs, ours) in WRONG.items():
        source = WRONG_HEAD % body
        flags = ["-O0", "-fno-builtin"]
        checked = place.build("asan_" + name, source, "-fsanitize=address", *flags)
        said = run([checked], env=environment)
        found = re.search(r"ERROR: AddressSanitizer: (.*)", said.err.decode(errors="replace"))
        verdict = found.group(1) if found else None
        fits = theirs in verdict if theirs and verdict else theirs == verdict
        tap.ok(fits, f"AddressSanitizer says of {name}: {theirs}", verdict)
        have = our_verdicts(trace([place.build("plain_" + name, source, *flags)]))
        tap.ok(ours in have if ours else not have, f"the trace says of {name}: {ours}", have)
    program = place.path / "plain_double"
    text = run([FRAMETRACE, program]).err.decode()
    line = next((s for s in text.splitlines() if "double free of" in s), "")
    tap.ok(re.search(r"heap #1 at 0x[0-9a-f]+: freed before by drop, plain_double\.c:\d+", line),
           "a double free is told with the earlier one")


def many(place):
    program = place.build("many", MANY)

    def peak(n):
        # built with sanitizers, freed memory is kept for a while: little of it here
        env = {**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=1:thread_local_quarantine_size_kb=64"}
        child = subprocess.Popen([FRAMETRACE, "-o", os.devnull, program, str(n)], env=env,
                                 stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = status
        return status, usage.ru_maxrss
    few, most = peak(50000), peak(1000000)
    print(f"# {few[1]} KiB with 50 000, {most[1]} KiB with 1 000 000 allocations")
    tap.ok(few[0] == most[0] == 0 and most[1] < few[1] + 1024,
           "memory is bounded by what is alive")


def threads(place):
    t = trace([place.build("threads", THREADS, "-pthread")])
    heap, frees = heap_of(t), t.of("free")
    print(f"# {heap}")
    tap.ok(all(e["verdict"] == "ok" for e in frees) and heap["unseen"] == 0
           and heap["bad_frees"] == 0, "threads: every free fits")
    own = [e for e in heap["leaks"] if e["place"]["function"] in ("once", "work")]
    tap.ok(sum(e["blocks"] for e in own) == 4 * 16, "threads: what is left is what was kept")
    calls = [e for e in t.of("alloc") if e["function"] == "once"]
    tap.ok(len(calls) == 4 * 400, "threads: every malloc was seen")


def rough(place):
    program = place.build("rough", ROUGH)
    bare = run([program])
    for options in ([], ["--format=json"], ["--no-heap"]):
        with tempfile.NamedTemporaryFile() as out:
            traced = run([FRAMETRACE, "-o", out.name, *options, program])
            text = Path(out.name).read_text()
        if traced != bare:
            print(f"# bare {bare}\n# traced {traced}")
        tap.ok(traced == bare, f"signals, fork, vfork, exec: the program's own {options}")
        wrong = "wrong frees" in text or '"bad_frees":0' not in text and "json" in str(options)
        tap.ok(not wrong, f"and no false alarm {options}")


def allocators(place):
    program = place.build("plain", PLAIN, "-fno-builtin")
    wrapper = place.build("libwrapper.so", WRAPPER, "-shared", "-fPIC", "-ldl")
    libraries = {"a wrapper": str(wrapper)}
    for name in ("jemalloc", "mimalloc", "tcmalloc_minimal"):
        found = sorted(glob.glob(f"/usr/lib/x86_64-linux-gnu/lib{name}.so.*"))
        if found:
            libraries[name] = found[0]
    tap.ok("jemalloc" in libraries, "jemalloc is installed; others are tried if they are")
    for name, library in libraries.items():
        # by env(1): a tracer that is built with sanitizers cannot be preloaded itself
        t = trace([shutil.which("env"), f"LD_PRELOAD={library}", program])
        own = [e for e in t.of("alloc", "realloc") if e["function"] == "main"]
        said = t.ran.out.decode().split()
        seen = [e["address"] for e in own if e["size"] in (10, 20, 5000)]
        if said != seen:
            print(f"# {t.ran}, seen {seen}")
        tap.ok(bool(said) and said == seen, f"LD_PRELOAD of {name}: the addresses are its own")
        freed = [e["address"] for e in t.of("free") if e["verdict"] == "ok"]
        tap.ok(set(said[1:]) <= set(freed) and heap_of(t)["bad_frees"] == 0,
               f"LD_PRELOAD of {name}: frees fit")
    tap.ok(shutil.which("musl-gcc"), "musl is installed")
    if shutil.which("musl-gcc"):
        t = trace([place.build("musl", PLAIN, "-fno-builtin", compiler="musl-gcc")])
        said = t.ran.out.decode().split()
        tap.ok(said == [e["address"] for e in t.of("alloc", "realloc")
                        if e["size"] in (10, 20, 5000)], "musl", t.ran, t.events[-1])


def growth(place):
    t = trace([place.build("brk", BRK)])
    grown = t.of("brk")
    end = int(t.ran.out, 16)
    last = grown[-1]
    tap.ok(int(last["address"], 16) + last["size"] == end, "the heap ends where sbrk(0) says")
    tap.ok(1 < len(grown) < 10 and all(a["requests"] > 500 for a in grown[1:]),
           "one brk serves many requests")
    joined = all(int(a["address"], 16) + a["size"] == int(b["address"], 16)
                 for a, b in zip(grown, grown[1:]))
    tap.ok(joined, "each brk begins where the one before it ended")


def off(place):
    t = trace([place.build("off", PLAIN)], "--no-heap")
    tap.ok(not t.of("alloc", "free", "realloc", "brk") and "heap" not in t.events[-1]["summary"],
           "--no-heap tells nothing")
    tap.ok(t.events[-1]["summary"]["hits"] == 2, "--no-heap sets no breakpoint on the allocator")


def main():
    with tempfile.TemporaryDirectory() as path:
        place = Place(path)
        for part in (sizes, rust, leaks, leak_paths, recursion, smashed, holders, wrong_frees, threads, rough,
                     allocators, growth, off, many):
            if len(sys.argv) < 2 or part.__name__ in sys.argv[1:]:
                part(place)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
