#!/usr/bin/env python3
"""points - where each pointer leads: a program hands over addresses together with what they are.

# test: up to 120 s
"""
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from lib import tap
from lib.trace import FRAMETRACE, run, trace

# look() gets what is to be said of an address, and the address.
PROGRAM = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
struct node { struct node *next; int v; };
static int table[10] = {1}, zero[100];
static const int ro[4] = {1};
static __thread int mine[4];
static char words[8][100];
__attribute__((noinline)) int look(const char *want, const void *p) { return want && p; }
__attribute__((noinline)) int list(struct node *n) { int s = 0; for (; n; n = n->next) s += n->v; return s; }
__attribute__((noinline)) void deeper(int *up)
{
	look("local x of main", up);
	look("argument up of deeper", &up);
}
static void *thread(void *arg)
{
	int own = 3;
	look("local own of thread", &own);
	look("local x of main", arg);
	sprintf(words[0], "mine+8, thread-local in points, of thread %d", (int)gettid());
	look(words[0], &mine[2]);
	sprintf(words[1], "thread stack of %d", (int)gettid());
	look(words[1], (char *)pthread_self() + 16);
	return NULL;
}
int main(int argc, char **argv)
{
	int x = argc, four[4] = {0};
	struct node last = {NULL, 3}, *block = malloc(sizeof(*block));
	*block = (struct node){&last, 2};
	struct node first = {block, 1};
	void *map = mmap(NULL, 8192, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *shut = mmap(NULL, 8192, 0, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = memfd_create("a b", 0);
	if (ftruncate(fd, 4096))
		return 1;
	void *file = mmap(NULL, 4096, 1, MAP_PRIVATE, fd, 0);
	look("local x of main", &x);
	look("local four+8 of main", &four[2]);
	look("table+8, .data of points", table + 2);
	look("zero+12, .bss of points", zero + 3);
	look("ro, .rodata of points", ro);
	look("look, .text of points", look);
	look("mine+4, thread-local in points", &mine[1]);
	look("errno, thread-local in libc.so.6", &errno);
	look("main stack", argv);
	look("memory without access", shut);
	look("read-only data of memfd:a b (deleted)", file);
	look("mmap area", map);
	look("not mapped", (void *)8);
	look("not mapped", (void *)0x123456789000);
	look("not mapped", (void *)0xffff800000000000);
	munmap(map, 8192);
	look("not mapped", map);
	look("brk heap, no block seen", (char *)block + 100000);
	deeper(&x);
	list(&first);
	pthread_t t;
	pthread_create(&t, NULL, thread, &x);
	pthread_join(t, NULL);
	free(block);
	list(&last);
	return 0;
}
"""


def build(directory):
    source, program = directory / "points.c", directory / "points"
    source.write_text(PROGRAM)
    subprocess.run(["gcc", "-g", "-w", "-O0", "-pthread", "-o", program, source], check=True)
    return program


def check_words(program):
    """What is said of each address is what the program says."""
    t = trace([program])
    looked = [e["args"] for e in t.pushes() if e["function"] == "look"]
    tap.ok(len(looked) > 20, "addresses are handed over")
    for want, p in looked:
        want = re.search(r'"(.*)"', want["value"]).group(1)
        got = p.get("points_to", "")
        got = re.sub(r"^mmap area of \d+ .iB$", "mmap area", got)
        tap.equal(got, want, want)
    return t


def check_parts(t):
    """Pointers inside of a value say it too, and blocks by their numbers."""
    first, last = [e for e in t.pushes() if e["function"] == "list"]
    n = first["args"][0]
    tap.equal(n.get("points_to"), "local first of main", "a list on the stack")
    block = n["tree"]["children"][0]["children"][0]
    tap.equal((block["name"], block.get("points_to")), ("next", "heap #1"), "leads to a block")
    onward = block["children"][0]["children"][0]
    tap.equal(onward.get("points_to"), "local last of main", "and from there to the stack")
    tap.equal(last["args"][0].get("points_to"), "local last of main", "a pointer after that")
    freed = [v for e in t.pops() if e["function"] == "main" for v in e["locals"]
             if v["name"] == "block"][0]
    tap.ok(freed.get("heap") and freed.get("dangling") and "points_to" not in freed,
           "a freed block is told of as such", freed)


# The same of programs of another C library, whose main thread has its variables in libc's .bss.
MUSL = r"""
#include <pthread.h>
#include <stdlib.h>
static __thread int mine[3];
static int table[4] = {1};
struct node { struct node *next; };
__attribute__((noinline)) int look(const char *want, const void *p) { return want && p; }
__attribute__((noinline)) int list(struct node *n) { return n != NULL; }
static void *thread(void *arg)
{
	int own = 3;
	look("local own of thread", &own);
	look("mine+8, thread-local in NAME, of thread N", &mine[2]);
	return arg;
}
int main(void)
{
	int x = 1;
	struct node last = {NULL}, *block = malloc(sizeof(*block)), first = {block};
	block->next = &last;
	look("local x of main", &x);
	look("table+4, .data of NAME", &table[1]);
	look("mine+4, thread-local in NAME", &mine[1]);
	list(&first);
	pthread_t t;
	pthread_create(&t, NULL, thread, &x);
	pthread_join(t, NULL);
	return 0;
}
"""


def check_musl(directory):
    if not shutil.which("musl-gcc"):
        return tap.skip("musl", "no musl-gcc")
    for name, flags in (("dynamic", []), ("static", ["-static"])):
        source, program = directory / f"{name}.c", directory / name
        source.write_text(MUSL.replace("NAME", name))
        subprocess.run(["musl-gcc", "-g", "-w", "-O0", *flags, "-o", program, source], check=True)
        t = trace([program])
        for want, p in (e["args"] for e in t.pushes() if e["function"] == "look"):
            want = re.search(r'"(.*)"', want["value"]).group(1)
            got = re.sub(r"thread \d+$", "thread N", p.get("points_to", ""))
            tap.equal(got, want, f"musl, {name}: {want}")
        n = [e for e in t.pushes() if e["function"] == "list"][0]["args"][0]
        block = n["tree"]["children"][0]["children"][0]
        tap.equal((n.get("points_to"), block.get("points_to")), ("local first of main", "heap #1"),
                  f"musl, {name}: a list")
        heap = t.events[-1]["summary"]["heap"]
        tap.ok(heap["alive_blocks"] == 1 and heap["unseen"] == 0, f"musl, {name}: its heap", heap)


# Rust's references to text, slices and traits; its variables live in blocks.
RUST = r"""
#[inline(never)]
fn show(s: &str, t: &[i32], d: &dyn std::fmt::Debug, v: &Vec<u8>) -> usize {
    s.len() + t.len() + v.len() + format!("{:?}", d).len()
}
#[inline(never)]
fn tail<'a>(s: &'a str) -> &'a str {
    &s[1..]
}
fn main() {
    let text = String::from("hello");
    let list = [1, 2, 3];
    let v = vec![1u8, 2];
    println!("{} {}", show("lit", &list[1..], &text, &v), tail(&text));
}
"""


def check_rust(directory):
    if not shutil.which("rustc"):
        return tap.skip("Rust", "no rustc")
    source, program = directory / "refs.rs", directory / "refs"
    source.write_text(RUST)
    subprocess.run(["rustc", "-g", "-o", program, source], check=True, stderr=subprocess.DEVNULL)
    t = trace([program])
    show = [e for e in t.pushes() if e["function"] == "refs::show"][0]
    tap.equal([v.get("points_to") for v in show["args"]],
              [".rodata of refs", "local list+4 of refs::main", "local text of refs::main",
               "local v of refs::main"], "Rust: references to text, slice, trait, Vec")
    end = [e for e in t.pops() if e["function"] == "refs::tail"][0]
    tap.equal(end["return"].get("heap"), {"block": 1, "offset": 1, "size": 5},
              "Rust: a returned &str points into the String's block")


def check_changes(program):
    """A line that makes a variable point somewhere says where; each change has its own words."""
    t = trace([program], "--events=line", "-f", "main")
    seen = {c["name"]: c.get("heap") or c.get("points_to")
            for e in t.of("change") for c in e["changes"]
            if c["name"] in ("block", "map", "shut") and "0x0" != c["value"]}
    block = seen.get("block")
    tap.ok(isinstance(block, dict) and (block["block"], block["offset"]) == (1, 0),
           "a line's change: a block", seen)
    tap.ok(re.match(r"mmap area of ", seen.get("map") or ""), "a line's change: an mmap", seen)
    text = run([FRAMETRACE, "--events=line", "-f", "main", program]).err.decode()
    tap.ok(re.search(r"block = 0x[0-9a-f]+ \(heap #1\)", text), "the text says it", text[:3000])


def heads(program, *options):
    """The lines of pushes and pops as they are without -v."""
    ran = run([FRAMETRACE, "--no-aslr", "--color=never", *options, program])
    lines = [re.sub(r"\[\d+\] |(?<=thread )\d+|(?<=stack of )\d+", "", line)
             for line in ran.err.decode().splitlines()]
    return [re.sub(r"\s+", " ", line) for line in lines
            if re.match(r"\s*[-+]\d+\s+0x[0-9a-f]+\s+(\| )*[<>] ", line)]


def check_verbosity(program):
    """-v adds lines; it does not change the values."""
    plain, verbose = heads(program, "-f", "look", "-f", "list"), \
        heads(program, "-v", "-f", "look", "-f", "list")
    tap.ok(len(plain) > 40, "frames without -v")
    tap.equal(verbose, plain, "the same with -v")
    text = run([FRAMETRACE, "-v", program]).err.decode()
    tap.ok(re.search(r"argument p = 0x[0-9a-f]+ \(local x of main\)   const void \*", text),
           "-v says where a pointer leads", text[:3000])
    tap.ok(re.search(r"next = 0x[0-9a-f]+ \(heap #1\)   struct node \*", text),
           "-v says where a part leads")


def main():
    with tempfile.TemporaryDirectory() as name:
        program = build(Path(name))
        t = check_words(program)
        check_parts(t)
        check_verbosity(program)
        check_changes(program)
        check_musl(Path(name))
        check_rust(Path(name))
    tap.done()


main()
