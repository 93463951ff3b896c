#!/usr/bin/env python3
"""engine - what once went wrong in the engine under load, each with the program that showed it.

# test: up to 240 s

The programs are built here; what they need is theirs alone (libraries beside each other, a child
that outlives its parent, threads that compete).
"""
import os
import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

from lib import samples, tap
from lib.trace import FRAMETRACE, run, trace

VFORK = r"""
#include <unistd.h>
__attribute__((noinline)) int f(int x) { return x + 1; }
int main(int c, char **v) { (void)c; f(1); if (vfork() == 0) { execv(v[1], v + 1); _exit(9); } _exit(0); }
"""
CHILD = r"""
#include <stdio.h>
__attribute__((noinline)) int g(int x) { return x * 3 + 1; }
__attribute__((noinline)) int h(int x) { return g(x) + g(x + 1); }
int main(int c, char **v) { int s = 0; for (int i = 0; i < 100; i++) s += h(i);
	FILE *f = fopen(v[1], "w"); fprintf(f, "ok %d\n", s); fclose(f); return c == 0; }
"""
LIBRARY = r"""
static volatile long counter;
__attribute__((noinline)) int NAME_f(int x) { return x + 1; }
int NAME_entry(int x) { return NAME_f(x); }
volatile long *NAME_counter(void) { return &counter; }
"""
NEIGHBOURS = r"""
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
static volatile int stop; static volatile long *ca, *cb; static long done;
static void *bump(void *p) { while (!stop) { ++*ca; ++*cb; done++; } return p; }
static void *sym(const char *lib, const char *name) { return dlsym(dlopen(lib, RTLD_NOW), name); }
int main(int c, char **v) {
	int loops = c > 1 ? atoi(v[1]) : 200, lines = 0, ch;
	volatile long *(*ga)(void), *(*gb)(void); int (*f)(int); pthread_t t;
	*(void **)&ga = sym("./libla.so", "la_counter"); *(void **)&gb = sym("./liblb.so", "lb_counter");
	ca = ga(); cb = gb(); pthread_create(&t, 0, bump, 0);
	for (int i = 0; i < loops; i++) {
		void *x = dlopen("./liblc.so", RTLD_NOW);
		*(void **)&f = dlsym(x, "lc_entry"); if (f(i) != i + 1) puts("BAD"); dlclose(x); }
	stop = 1; pthread_join(t, 0);
	FILE *m = fopen("/proc/self/maps", "r"); while ((ch = getc(m)) != EOF) lines += ch == '\n';
	printf("lost a %ld b %ld, maps %s\n", done - *ca, done - *cb, lines < 80 ? "few" : "many"); return 0; }
"""
COMPETE = r"""
#include <pthread.h>
#include <stdio.h>
static volatile int stop; static long per[4];
__attribute__((noinline)) long f(long x) { return x + 1; }
static void *spin(void *p) { long n = 0; while (!stop) n = f(n); *(long *)p = n; return 0; }
int main(void) { pthread_t t[4]; int hungry = 0;
	for (int i = 0; i < 4; i++) pthread_create(&t[i], 0, spin, &per[i]);
	for (int i = 0; i < 300; i++) f(i);
	stop = 1; for (int i = 0; i < 4; i++) { pthread_join(t[i], 0); hungry += per[i] < 30; }
	printf("%d hungry\n", hungry); return 0; }
"""


SECRETIVE = r"""
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
__attribute__((noinline)) int f(int x) { return x + 1; }
int main(void) { int st = 0; f(1); prctl(PR_SET_DUMPABLE, 0); f(2);
	pid_t p = fork(); if (p == 0) _exit(f(3)); waitpid(p, &st, 0);
	printf("exit %d sig %d, dumpable %d\n", WEXITSTATUS(st), WTERMSIG(st), prctl(PR_GET_DUMPABLE));
	return 0; }
"""


def build(directory, name, source, *flags):
    file = directory / (Path(name).stem + ".c")
    file.write_text(source)
    subprocess.run(["gcc", "-g", "-O0", "-w", "-o", directory / name, file, *flags], check=True)
    return directory / name


def vfork_parent_exits(directory):
    parent = build(directory, "parent", VFORK, "-no-pie")
    child = build(directory, "child", CHILD, "-no-pie")
    good = 0
    for i in range(20):
        # The parent is gone before its child: the pipe's end tells when the child has ended too.
        ran = run([FRAMETRACE, "-q", "-o", "/dev/null", parent, child, directory / f"out{i}"])
        good += ran.status == 0
    outs = [(directory / f"out{i}").read_text() for i in range(20) if (directory / f"out{i}").exists()]
    tap.ok(good == 20 and outs == ["ok 30200\n"] * 20, "a vfork child's new program keeps its bytes",
           f"{good} of 20, {outs}")


def neighbours(directory):
    for name in ("la", "lb", "lc"):
        build(directory, f"lib{name}.so", LIBRARY.replace("NAME", name), "-shared", "-fPIC")
    main = build(directory, "neighbours", NEIGHBOURS, "-pthread", "-ldl")
    done = trace([main, "300"], "-l", "libl*", cwd=directory)
    tap.ok(done.ran.out == b"lost a 0 b 0, maps few\n" and done.ran.status == 0,
           "arming a library loses no write beside it, slots are used again", done.ran)
    entries = Counter(done.functions())["lc_entry"]
    tap.ok(entries == 300, "a library opened again and again is traced each time", f"{entries} of 300")


def threads_take_turns(directory):
    main = build(directory, "compete", COMPETE, "-pthread")
    ran = run([FRAMETRACE, "-q", "-o", "/dev/null", main])
    tap.ok(ran.out == b"0 hungry\n", "every thread gets its turn", ran)


def nested_signals():
    sample = next(s for s in samples.all_samples("c") if s.name == "nested_signals.c")
    program = samples.build(sample, "gcc", "-g", "-O0", "-w")
    for options in ([], ["-v"]):
        done = trace([program], *options)
        pushes = Counter(done.functions())["work"]
        tap.ok(pushes == 4000 and done.ran.out == b"4000\n",
               f"interrupted arrivals are neither lost nor counted twice {options}", f"{pushes} pushes")


def leader_exit():
    sample = next(s for s in samples.all_samples("c") if s.name == "leader_exit.c")
    done = trace([samples.build(sample, "gcc", "-g", "-O0", "-w")])
    unknown = [a for p in done.pushes() for a in p["args"] if a["value"] is None]
    tap.ok(not unknown and Counter(done.functions())["work"] == 7,
           "arguments are read when the first thread has ended", unknown, done.ran)


def secretive_child(directory):
    """A user without privileges, whose program lets nobody look into it: not even its tracer."""
    program = build(directory, "secretive", SECRETIVE)
    tracer = shutil.copy(FRAMETRACE, directory / "frametrace")
    os.chmod(directory, 0o755)
    someone = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    ran = run([tracer, "-q", program], **someone)
    tap.ok(ran.out == b"exit 4 sig 0, dumpable 0\n" and b"f(x=2)" in ran.err,
           "the child of a program that is not dumpable gets its bytes back", ran)


def ignored_hangup(directory):
    program = build(directory, "hello", "#include <stdio.h>\nint main(void){getchar();return 7;}\n")
    child = subprocess.Popen([FRAMETRACE, program], stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                             preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    while b"main" not in child.stderr.readline():
        pass
    os.kill(child.pid, signal.SIGHUP)
    child.communicate(b"x")
    tap.ok(child.returncode == 7, "a hang-up that was ignored stays ignored", child.returncode)


def size_limit(directory):
    program = build(directory, "many", "int f(int x){return x+1;}\nint main(void){int s=0;"
                    "for(int i=0;i<5000;i++)s=f(s);return s%100;}\n")
    ran = run(["bash", "-c", f"ulimit -f 20; exec {FRAMETRACE} -o {directory}/small {program}"])
    tap.ok(ran.status == 1 and b"runs on untraced" in ran.err, "a file size limit ends the trace only",
           ran)


def main():
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        vfork_parent_exits(directory)
        neighbours(directory)
        threads_take_turns(directory)
        nested_signals()
        leader_exit()
        secretive_child(directory)
        ignored_hangup(directory)
        size_limit(directory)
    tap.done()


main()
