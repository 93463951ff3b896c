#!/usr/bin/env python3
"""stack_use - how much stack was used, what an overflow was made of, and overwritten return addresses.

# test: up to 240 s

Oracles: the addresses that a program finds in its own registers, gcc's -fstack-usage, the sources of
the runaways built here; and that of all samples and demos only those alarm that are made to.
"""
import json
import re
import signal
import subprocess
import tempfile
from pathlib import Path

from lib import samples, tap
from lib.trace import BUILD, FRAMETRACE, SOURCE, Trace, run, trace
from validate_events import Schema

SCHEMA = Schema(json.loads((SOURCE / "docs/events.schema.json").read_text()))
ALARMS = {"demos/overflow_buffer_c": 1}  # programs that overwrite a return address on purpose

DEEP = r"""
#include <pthread.h>
#include <stdio.h>
static unsigned long lowest;
__attribute__((noinline)) static int leaf(int n)
{
	volatile char room[333];
	room[0] = (char)n;
	__asm__ volatile("mov %%rsp, %0" : "=r"(lowest));
	return room[0];
}
__attribute__((noinline)) static int down(int n)
{
	volatile char room[120];
	room[0] = (char)n;
	return (n ? down(n - 1) : leaf(n)) + room[0];
}
static void *work(void *deep)
{
	down(*(int *)deep);
	printf("%lu\n", (unsigned long)__builtin_dwarf_cfa() - lowest);
	return NULL;
}
int main(void)
{
	int depths[] = {7, 40};
	work(&depths[0]);
	pthread_t t;
	pthread_attr_t a;
	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, 256 * 1024);
	pthread_create(&t, &a, work, &depths[1]);
	pthread_join(t, NULL);
	printf("%lu\n", (unsigned long)__builtin_dwarf_cfa());
	return 0;
}
"""
FRAMES = r"""
#include <alloca.h>
#include <string.h>
#define OWN __attribute__((noipa))
OWN int small(int n) { return n + 1; }
OWN void set(char *p, int n, int len) { for (int i = 0; i < len; i++) p[i] = (char)n; }
OWN int array(int n) { char b[500]; set(b, n, sizeof(b)); return small(b[3]) + 1; }
OWN long six(long a, long b, long c, long d) { return small((int)(a * b)) + c * d; }
OWN int room(int n) { char *p = alloca(3000); set(p, n, 3000); return small(p[9]) + 1; }
int main(void) { return array(1) + (int)six(1, 2, 3, 4) + room(1) > 1000; }
"""
RUNAWAY = r"""
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
static int direct(int n) { volatile char b[500]; b[0] = (char)n; return n < 0 ? 0 : direct(n + 1) + b[0]; }
static int two(int n);
static int one(int n) { volatile char b[300]; b[0] = (char)n; return two(n + 1) + b[0]; }
static int two(int n) { return n < 0 ? 0 : one(n + 1) + 1; }
static int (*compare_calls)(int);
static int compare(const void *a, const void *b) { (void)b; return compare_calls(*(const int *)a); }
static int sorts(int n) { int v[2] = {n, n + 1}; qsort(v, 2, sizeof(v[0]), compare); return v[0]; }
static int helper(int n) { volatile char big[64 * 1024]; big[0] = (char)n; return big[0]; }
static int helped(int n) { volatile char b[100]; b[0] = (char)helper(n); return helped(n + 1) + b[0]; }
static void *work(void *name)
{
	compare_calls = sorts;
	int (*f)(int) = !strcmp(name, "direct") ? direct : !strcmp(name, "mutual") ? one :
			!strcmp(name, "qsort") ? sorts : helped;
	return f(0) ? name : NULL;
}
static pthread_t of_main;
static void *work_alone(void *name) { pthread_join(of_main, NULL); return work(name); }
int main(int argc, char **argv)
{
	struct rlimit stack, none = {0, 0};
	getrlimit(RLIMIT_STACK, &stack);
	stack.rlim_cur = 512 * 1024;
	setrlimit(RLIMIT_STACK, &stack);
	setrlimit(RLIMIT_CORE, &none);
	if (argc < 3)
		return work(argv[1]) != NULL;
	pthread_t t;
	pthread_attr_t a;
	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, 256 * 1024);
	of_main = pthread_self();
	int left = !strcmp(argv[2], "left"); /* the process's first thread is a zombie then */
	pthread_create(&t, &a, left ? work_alone : work, argv[1]);
	if (left)
		pthread_exit(NULL);
	pthread_join(t, NULL);
	return 0;
}
"""
RUNAWAY_RUST = r"""
fn down(n: u64) -> u64 {
    let page = [n; 100];
    if n == u64::MAX { 0 } else { further(n + 1) + page[(n % 100) as usize] }
}
fn further(n: u64) -> u64 { down(n + 1) + 1 }
fn main() {
    if std::env::args().count() > 1 {
        let t = std::thread::Builder::new().stack_size(128 * 1024).spawn(|| down(0)).unwrap();
        println!("{}", t.join().unwrap());
    } else {
        println!("{}", down(0));
    }
}
"""
# No overflow: wild accesses that are not the stack's growth, also just below a stack's end.
WILD = r"""
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
static void poke(volatile char *p) { *p = 1; }
static void *below(void *p) { (void)p; void *lo; size_t len; pthread_attr_t a;
	pthread_getattr_np(pthread_self(), &a); pthread_attr_getstack(&a, &lo, &len);
	poke((char *)lo - 8); return NULL; }
int main(int argc, char **argv)
{
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	int which = argc > 1 ? atoi(argv[1]) : 0;
	pthread_t t;
	if (which == 0)
		poke(NULL);
	if (which == 1)
		poke((char *)&argc + (1L << 40));
	if (which == 2)
		poke(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	if (which == 3 && pthread_create(&t, NULL, below, NULL) == 0)
		pthread_join(t, NULL);
	poke((char *)&argc - (600L << 20)); /* far below rsp */
	return 0;
}
"""
CANARY = r"""
#include <string.h>
#include <sys/resource.h>
__attribute__((noinline)) static void fill(char *p, int n) { memset(p, 'x', (size_t)n); }
__attribute__((noinline)) static int victim(int n) { char buf[16]; fill(buf, n); return buf[3]; }
int main(int argc, char **argv)
{
	struct rlimit none = {0, 0};
	(void)argv;
	setrlimit(RLIMIT_CORE, &none);
	return victim(argc > 1 ? 16 : 28) == 'x' ? 0 : 1;
}
"""
RETURN_TO = r"""
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
static long data[4];
__attribute__((noinline)) static void change(uint64_t *slot, uint64_t value) { *slot = value; }
__attribute__((noinline)) static int victim(uint64_t value)
{
	change((uint64_t *)__builtin_frame_address(0) + 1, value);
	return 0;
}
int main(int argc, char **argv)
{
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	return victim(argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)(uintptr_t)data);
}
"""
# Several stacks in one thread, and every way to leave a frame that is no return.
CONTEXTS = r"""
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>
static ucontext_t home, a, b;
static int turns;
__attribute__((noinline)) static void yield_to(ucontext_t *from, ucontext_t *to) { swapcontext(from, to); }
static void run_a(void) { while (turns < 20) { turns++; yield_to(&a, &b); } yield_to(&a, &home); }
static void run_b(void) { while (turns < 20) { turns++; yield_to(&b, &a); } yield_to(&b, &home); }
static jmp_buf back;
__attribute__((noinline)) static int jump(int n) { if (n == 0) longjmp(back, 1); return jump(n - 1) + 1; }
static sigjmp_buf out;
static void on_signal(int s) { (void)s; if (turns++ < 25) { jump(0); } siglongjmp(out, 1); }
static void *contexts(void *p)
{
	turns = 0;
	getcontext(&a); a.uc_stack.ss_sp = malloc(65536); a.uc_stack.ss_size = 65536; makecontext(&a, run_a, 0);
	getcontext(&b); b.uc_stack.ss_sp = malloc(65536); b.uc_stack.ss_size = 65536; makecontext(&b, run_b, 0);
	yield_to(&home, &a);
	for (int i = 0; i < 5; i++)
		if (setjmp(back) == 0)
			jump(i);
	return p;
}
int main(void)
{
	static char alternate[65536];
	stack_t on = {.ss_sp = alternate, .ss_size = sizeof(alternate)};
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_NODEFER};
	contexts(NULL);
	sigaltstack(&on, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	for (volatile int i = 0; i < 3; i++)
		if (sigsetjmp(out, 1) == 0 && setjmp(back) == 0)
			raise(SIGUSR1);
	pthread_t t;
	pthread_create(&t, NULL, contexts, NULL);
	pthread_join(t, NULL);
	puts("all done");
	return 0;
}
"""


def build(directory, name, source, compiler="gcc", *flags):
    """The program's path; NULL compiler: skipped by the caller."""
    suffix = ".rs" if compiler == "rustc" else ".c"
    file, program = directory / (name + suffix), directory / f"{name}_{compiler}"
    file.write_text(source)
    usual = ["-g"] if compiler == "rustc" else ["-g", "-O0", "-w", "-pthread"]
    subprocess.run([samples.compiler_path(compiler), *usual, *flags, "-o", program, file],
                   check=True, cwd=directory, stdin=subprocess.DEVNULL)
    return program


def report(argv, *options):
    ran = run([FRAMETRACE, "report", "--format=json", "-o", "/dev/stderr", *options, "--", *argv])
    return ran, json.loads(ran.err[ran.err.index(b'{"format"'):])


def check_fits(traced, name):
    wrong = [SCHEMA.faults(e) for e in traced.of("alarm", "overflow", "exit")]
    tap.ok(not any(wrong), f"{name}: its events fit the schema", wrong)


def check_marks(directory):
    for compiler in ("gcc", "clang"):
        program = build(directory, "deep", DEEP, compiler)
        traced = trace([program])
        main_says, thread_says, main_cfa = map(int, traced.ran.out.split())
        stacks = {s["kind"]: s for s in traced.events[-1]["summary"]["stacks"]}
        tap.equal(len(traced.events[-1]["summary"]["stacks"]), 2, f"{compiler}: two stacks")
        thread, main = stacks["thread stack"], stacks["main stack"]
        tap.equal(thread["used"], thread_says, f"{compiler}: the thread's mark is where its rsp was")
        work = next(p for p in traced.pushes() if p["function"] == "work")
        tap.equal(int(work["cfa"], 16) - int(main["lowest"], 16), main_says,
                  f"{compiler}: the main stack's mark is where its rsp was")
        tap.equal(int(main["first_cfa"], 16), main_cfa, f"{compiler}: it counts from main's CFA")
        for stack in (thread, main):
            seq = traced.events[stack["seq"]]
            tap.equal((stack["function"], seq["function"], seq["rsp"]),
                      ("leaf", "leaf", stack["lowest"]), f"{compiler}: leaf was on it")
            tap.ok(stack["used"] < stack["used_from_top"] < stack["limit"],
                   f"{compiler}: within the limit", stack)
        tap.ok(256 * 1024 <= thread["limit"] <= 264 * 1024, f"{compiler}: the thread's stack", thread)
        soft = subprocess.run(["bash", "-c", "ulimit -s"], capture_output=True, text=True,
                              check=True).stdout.strip()
        tap.equal(main["limit"], None if soft == "unlimited" else int(soft) * 1024,
                  f"{compiler}: RLIMIT_STACK")
        check_fits(traced, compiler)
        hidden = trace([program], "--depth=2").events[-1]["summary"]["stacks"]
        tap.equal([(s["used"], s["seq"]) for s in hidden],
                  [(s["used"], None) for s in traced.events[-1]["summary"]["stacks"]],
                  f"{compiler}: frames beyond --depth count")


def check_report(directory):
    for level in ("-O0", "-O2"):
        program = build(directory, "frames", FRAMES, "gcc", level, "-fstack-usage",
                        "-fno-stack-protector")
        usage = {}
        for file in directory.glob("*.su"):
            for line in file.read_text().splitlines():
                place, size, kind = line.split("\t")
                usage[place.split(":")[-1]] = (int(size), kind)
            file.unlink()
        table = {f["function"]: f for f in report([program])[1]["functions"]}
        for name, (size, kind) in usage.items():
            if kind == "static" and name in table:
                tap.equal(table[name]["frame"], size, f"{level} {name}: as -fstack-usage says")
        tap.ok(3000 < table["room"]["frame"] < 3200, f"{level}: what alloca took counts", table)
        tap.equal(table["small"]["calls"], 3, f"{level}: calls")
        tap.equal([table[n]["total"] for n in ("array", "room")],
                  [table[n]["frame"] + max(table[c]["frame"] for c in ("small", "set"))
                   for n in ("array", "room")],
                  f"{level}: total is the frame and the largest of what it calls")
    ran, deep = report([BUILD / "demos/factorial_c"])
    table = {f["function"]: f for f in deep["functions"]}
    tap.equal(run([BUILD / "demos/factorial_c"]).out, ran.out, "the program's output is its own")
    tap.equal((table["factorial"]["calls"], table["factorial"]["recursion"],
               table["factorial"]["depth"], table["factorial"]["self"]),
              (6, 6, 7, 6 * table["factorial"]["frame"]), "recursion takes its frames all at once")
    tap.equal(table["main"]["total"], deep["stacks"][0]["used"], "main's total is the whole stack")
    for key in ("calls", "frame", "self", "total", "depth", "recursion", "heap", "alive"):
        values = [f[key] for f in report([program], f"--sort={key}")[1]["functions"]]
        tap.equal(values, sorted(values, reverse=True), f"--sort={key}")
    names = [f["function"] for f in report([program], "--sort=name")[1]["functions"]]
    tap.equal(names, sorted(names), "--sort=name")
    names = [f["function"] for f in report([program], "-f", "small")[1]["functions"]]
    tap.equal(names, ["small"], "-f")
    text = run([FRAMETRACE, "report", program]).err.decode()
    small = next(f for f in report([program])[1]["functions"] if f["function"] == "small")
    numbers = " +".join(str(small[c]) for c in ("calls", "frame", "self", "total", "depth",
                                                "recursion", "heap", "alive"))
    tap.ok(re.search(rf"^ +{numbers}  small +\S*frames.c:5$", text, re.M), "the table", text)
    for bad in (["report", "--frames", program], ["report", "--sort=age", program],
                ["--sort=calls", program], ["report"]):
        tap.equal(run([FRAMETRACE, *bad]).status, 2, f"a usage error: {bad[:2]}")


# It counts itself what each function asks for, and what is left of it.
HEAP = r"""
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static struct count { const char *name; unsigned long asked, left; } counts[] = {
	{"outer"}, {"inner"}, {"grow"}, {"worker"}, {"main"}};
static void add(int who, long asked, long left)
{
	__atomic_fetch_add(&counts[who].asked, asked, __ATOMIC_RELAXED);
	__atomic_fetch_add(&counts[who].left, left, __ATOMIC_RELAXED);
}
void *inner(int n, int keep)
{
	void *p = malloc(n);
	add(1, n, keep ? n : 0);
	return p;
}
void *outer(int n)
{
	free(inner(n, 0));
	void *p = calloc(n, 2);
	free(malloc(5));
	add(0, 2 * n + 5, 2 * n);
	return p;
}
void *grow(void *p, int had, int n)
{
	add(2, n, n);
	add(1, 0, -had); // who reallocates it has it
	return realloc(p, n);
}
void *worker(void *arg)
{
	for (int i = 1; i <= 100; i++) {
		void *p = malloc(i);
		add(3, i, i % 3 ? i : 0);
		if (i % 3 == 0)
			free(p);
	}
	return inner(77, 1);
}
int main(void)
{
	pthread_t t[3];
	static void *kept[100];
	for (int i = 0; i < 50; i++)
		kept[i] = i & 1 ? outer(i) : inner(i * 10, 1);
	for (int i = 0; i < 20; i += 2)
		kept[i] = grow(kept[i], i * 10, i * 20);
	for (int i = 0; i < 3; i++) {
		pthread_create(&t[i], NULL, worker, NULL);
		pthread_join(t[i], NULL);
	}
	kept[99] = malloc(9);
	add(4, 9, 9);
	for (int i = 0; i < 5; i++)
		dprintf(1, "%s %lu %lu\n", counts[i].name, counts[i].asked, counts[i].left);
	return 0;
}
"""


def check_heap_columns(directory):
    for level in ("-O0", "-O2"):
        program = build(directory, "heap", HEAP, "gcc", level, "-pthread", "-fno-builtin",
                        "-fno-inline", "-fno-optimize-sibling-calls", "-w")
        ran, table = report([program])
        want = {}
        for line in ran.out.decode().splitlines():
            name, asked, left = line.split()
            want[name] = (int(asked), int(left))
        have = {f["function"]: (f["heap"], f["alive"]) for f in table["functions"]}
        # And what pthread_create and dprintf take on behalf of main.
        tap.ok(have["main"] > want["main"], f"{level}: what libraries take counts for who calls",
               have)
        have["main"] = want["main"]
        tap.equal({name: have[name] for name in want}, want, f"heap columns {level}")
        heap = trace([program]).events[-1]["summary"]["heap"]
        columns = [sum(f[c] for f in table["functions"]) for c in ("heap", "alive")]
        tap.equal(columns, [heap["bytes"], heap["alive_bytes"]], f"{level}: as a trace's summary")
        deep = report([program], "-d", "1")[1]["functions"]
        tap.equal([(f["heap"], f["alive"]) for f in deep if f["function"] == "main"][0][1]
                  + sum(f["alive"] for f in deep if f["function"] != "main"),
                  heap["alive_bytes"], f"{level}: with -d who is shown has what deeper ones take")
    none = report([program], "--no-heap")[1]["functions"]
    tap.ok(all(f["heap"] is None and f["alive"] is None for f in none), "--no-heap: not known")
    text = run([FRAMETRACE, "report", "--no-heap", program]).err.decode()
    tap.ok("recursion  function" in text, "--no-heap: no columns", text[:400])
    quiet = report([program], "-q")[1]["functions"]
    tap.equal(sum(f["heap"] for f in quiet), heap["bytes"], "-q changes no number")


def check_overflow(traced, name, cycle, turn, walked=False):
    found = traced.of("overflow")
    if not tap.equal(len(found), 1, f"{name}: an overflow", traced.events[-1], traced.ran):
        return
    got = found[0]
    signal_event = traced.events[got["seq"] - 1]
    tap.equal((signal_event["event"], signal_event["fault"]), ("signal", got["fault"]),
              f"{name}: its signal is the event before")
    tap.ok(set(got["cycle"]) == set(cycle) and len(got["cycle"]) == len(cycle),
           f"{name}: {' -> '.join(cycle)}", got)
    tap.equal(got["walked"], walked, f"{name}: walked")
    lo, fault = int(got["stack"]["from"], 16), int(got["fault"], 16)
    tap.ok(fault < lo and lo - fault < 128 * 1024, f"{name}: below the stack", got)
    if turn is not None:
        tap.equal(got["turn_bytes"], turn, f"{name}: bytes per turn", got)
    tap.equal(got["main"], got["tid"] == traced.header["pid"], f"{name}: whose stack")
    tap.ok(got["guard"] == 0 if got["main"] else got["guard"] >= 4096, f"{name}: guard", got)
    check_fits(traced, name)


def turn_of(traced, name):
    """Bytes between two frames of a function that follow each other, as the pushes have them."""
    cfas = [int(p["cfa"], 16) for p in traced.pushes() if p["function"] == name]
    return cfas[1] - cfas[2]


def check_overflows(directory):
    for compiler in ("gcc", "clang"):
        program = build(directory, "runaway", RUNAWAY, compiler)
        for where in ([], ["thread"], ["left"]):
            for how, cycle in (("direct", ["direct"]), ("mutual", ["one", "two"]),
                               ("qsort", ["sorts", "compare"]), ("helped", ["helped"])):
                traced = trace([program, how, *where])
                name = f"{compiler} {how} {' '.join(where)}"
                check_overflow(traced, name, cycle, turn_of(traced, cycle[0]))
                tap.equal(traced.ran.status, -signal.SIGSEGV, f"{name}: the signal is the same")
                over = traced.of("overflow")[0]
                tap.equal(over["inside"], 1 if how == "helped" and
                          traced.pushes()[-1]["function"] == "helper" and
                          not any(p["pushed_seq"] == traced.pushes()[-1]["seq"]
                                  for p in traced.pops() if p["seq"] < over["seq"]) else 0,
                          f"{name}: what is not of the turn")
                if not where:
                    tap.equal(over["limit"], 512 * 1024, f"{name}: the limit that it set")
            untraced = trace([program, "mutual", *where], "-f", "main")
            check_overflow(untraced, f"{compiler} {where} untraced", ["one", "two"], None, True)
    if samples.compiler_path("rustc") is None:
        tap.skip("Rust", "rustc is not installed")
        return
    program = build(directory, "runaway", RUNAWAY_RUST, "rustc")
    for where in ([], ["thread"]):
        argv = ["bash", "-c", 'ulimit -S -s 512; ulimit -c 0; exec "$@"', "-"]
        plain = run([*argv, program, *where])
        with tempfile.TemporaryDirectory() as at:
            file = Path(at) / "trace"
            ran = run([*argv, FRAMETRACE, "--format=json", "-o", file, program, *where])
            traced = Trace(ran, file.read_text())
        check_overflow(traced, f"Rust {where}", ["runaway::down", "runaway::further"],
                       turn_of(traced, "runaway::down"))
        tap.equal(ran.status, plain.status, f"Rust {where}: ends as ever")
        tap.ok(b"has overflowed its stack" in ran.err, f"Rust {where}: its message stays", ran.err)


# A frame larger than all stacks below it: the last that the thread had is the one that is meant.
FAR = """
#include <pthread.h>
#include <unistd.h>
static pthread_barrier_t all;
static int far(int n)
{
	volatile char wide[64 << 20];
	wide[0] = (char)n;
	return wide[1];
}
static void *first(void *arg)
{
	pthread_barrier_wait(&all);
	far(1);
	return arg;
}
static void *other(void *arg)
{
	pthread_barrier_wait(&all);
	pause();
	return arg;
}
int main(void)
{
	pthread_t t;
	pthread_attr_t a;
	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, 1 << 20);
	pthread_barrier_init(&all, NULL, 3);
	pthread_create(&t, &a, first, NULL);
	pthread_create(&t, &a, other, NULL);
	pthread_barrier_wait(&all);
	pause();
	return 0;
}
"""


def check_far_overflow(directory):
    program = build(directory, "far", FAR)
    traced = trace([program], "--no-heap")
    over = traced.of("overflow")
    cfa = [int(e["cfa"], 16) for e in traced.pushes() if e["function"] == "first"]
    tap.ok(len(over) == len(cfa) == 1 and int(over[0]["stack"]["from"], 16) < cfa[0] <=
           int(over[0]["stack"]["to"], 16), "a frame past the stack of another thread", over, cfa)
    text = run([FRAMETRACE, "--no-heap", program]).err
    tap.ok(b" is past the guard of 4096 bytes below it" in text, "past the guard: said", text)


def check_no_overflow(directory):
    program = build(directory, "wild", WILD)
    for which in range(5):
        traced = trace([program, str(which)])
        tap.equal((traced.ran.status, traced.of("overflow", "alarm")), (-signal.SIGSEGV, []),
                  f"wild access {which} is no overflow")


def check_integrity(directory):
    demo = BUILD / "demos/overflow_buffer_c"
    traced = trace([demo])
    alarms = traced.of("alarm")
    tap.equal(len(alarms), 1, "the demo: one alarm")
    alarm, pop = alarms[0], traced.events[alarms[0]["seq"] + 1]
    push = traced.events[alarm["pushed_seq"]]
    tap.equal((pop["event"], pop["pushed_seq"], pop["pc"]), ("pop", push["seq"], alarm["pc"]),
              "before the pop")
    tap.equal((alarm["function"], alarm["what"], alarm["now_is"], alarm["about_to_return"]),
              ("greet", "return address", "code", True), "what it was")
    tap.equal((alarm["old"], alarm["now_symbol"]), (push["return_address"], "never_called+0"),
              "old and new")
    tap.equal(int(alarm["address"], 16), int(push["cfa"], 16) - 8, "where")
    tap.equal((alarm["overrun"]["name"], alarm["overrun"]["type"], alarm["overrun"]["size"]),
              ("name", "char [16]", 16), "what was overrun")
    tap.equal((traced.ran.status, traced.ran.out), (run([demo]).status, run([demo]).out),
              "it goes on as ever")
    stepped = trace([demo], "--events=insn").of("alarm")
    tap.ok(len(stepped) == 1 and stepped[0]["writer"] and "mov" in stepped[0]["writer"]["insn"] or
           stepped and stepped[0]["writer"] and "memcpy" in stepped[0]["writer"]["insn"],
           "who wrote it", stepped)
    check_fits(traced, "the demo")
    program = build(directory, "return_to", RETURN_TO, "gcc", "-fno-stack-protector",
                    "-fcf-protection=none")
    for value, is_what in (("0x1234", "not mapped"), ("0", "not mapped"), (None, "not code")):
        traced = trace([program, *([value] if value else [])])
        alarms = traced.of("alarm")
        tap.ok(len(alarms) == 1 and alarms[0]["now_is"] == is_what, f"to {value}: {is_what}", alarms)
        tap.equal(traced.ran.status, -signal.SIGSEGV, f"to {value}: its signal")
        check_fits(traced, f"to {value}")
    for compiler in ("gcc", "clang"):
        program = build(directory, "canary", CANARY, compiler, "-fstack-protector-all")
        traced = trace([program])
        alarms = traced.of("alarm")
        tap.ok(len(alarms) == 1 and (alarms[0]["what"], alarms[0]["function"]) ==
               ("canary", "victim") and alarms[0]["overrun"]["name"] == "buf",
               f"{compiler}: a smashed canary", alarms)
        tap.ok(alarms and int(alarms[0]["now"], 16) & 0xffff == 0x7878 and
               int(alarms[0]["old"], 16) & 0xff == 0, f"{compiler}: old and new", alarms)
        tap.equal(traced.ran.status, -signal.SIGABRT, f"{compiler}: SIGABRT as ever")
        tap.equal(trace([program, "fits"]).of("alarm"), [], f"{compiler}: none if it fits")
        check_fits(traced, f"{compiler} canary")


# A return address that is written by a pointer, beside a number; by an index; and one that no
# program can have.
BY_POINTER = r"""
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static void there(void) { _exit(7); }
static void poke(void **p, void *value) { *p = value; }
static int scalar(void *value)
{
	volatile int number = 3;
	poke((void **)__builtin_frame_address(0) + 1, value);
	return number;
}
static int array(int at)
{
	volatile long numbers[4] = {1};
	numbers[at] = (long)there;
	return (int)numbers[0];
}
int main(int argc, char **argv)
{
	if (argc == 1)
		return array(5);
	void *far = (void *)0x4242424242424242;
	return scalar(argv[1][0] == 'f' ? far : (void *)there);
}
"""


def check_by_pointer(directory):
    program = build(directory, "pointer", BY_POINTER, "gcc", "-fno-stack-protector",
                    "-fcf-protection=none")
    alarm = trace([program]).of("alarm")[0]
    tap.equal((alarm["function"], alarm["overrun"]["name"], alarm["overrun"]["type"]),
              ("array", "numbers", "volatile long [4]"), "an array may have been overrun", alarm)
    alarm = trace([program, "there"]).of("alarm")[0]
    tap.equal((alarm["function"], alarm["overrun"]), ("scalar", None), "a number was not", alarm)
    traced = trace([program, "far"])
    tap.equal([(e["signal"], e["fault"]) for e in traced.of("signal")], [("SIGSEGV", None)],
              "no address is told of a general protection fault")


def check_quiet(directory):
    """No alarm, no overflow where nothing is wrong."""
    for compiler in ("gcc", "clang"):
        for level in ("-O0", "-O2"):
            program = build(directory, "contexts", CONTEXTS, compiler, level)
            for options in ([], ["--all", "--lib=libc"]):
                traced = trace([program], *options)
                tap.equal((traced.of("alarm", "overflow"), traced.ran.out), ([], b"all done\n"),
                          f"contexts {compiler} {level} {options}: no alarm")
    for program in samples.programs():
        traced = trace(program.argv)
        want = ALARMS.get(program.name, 0)
        tap.equal(len(traced.of("alarm")), want, f"{program.name}: {want} alarms",
                  traced.of("alarm")[:3])
        wants_overflow = program.name.startswith("demos/runaway")
        tap.equal(len(traced.of("overflow")), int(wants_overflow), f"{program.name}: overflows",
                  traced.of("overflow"))


def main():
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        check_marks(directory)
        check_report(directory)
        check_heap_columns(directory)
        check_overflows(directory)
        check_far_overflow(directory)
        check_no_overflow(directory)
        check_integrity(directory)
        check_by_pointer(directory)
        check_quiet(directory)
    tap.done()


main()
