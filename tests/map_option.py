#!/usr/bin/env python3
"""map_option - `--map`: the address space at the first push and at the end, what changes between,
against /proc as the program itself reads it, and against what it does.

# test: up to 60 s
"""
import re
import sys
import tempfile
from pathlib import Path

from lib import tap
from lib.space import SCHEMA, as_in_proc, compile_c, parse_maps
from lib.trace import BUILD, FRAMETRACE, run, trace
from validate_events import validate

ITSELF = """
#include <fcntl.h>
#include <unistd.h>
static char text[65536];
int main(void)
{
	int fd = open("/proc/self/maps", O_RDONLY);
	for (ssize_t n; (n = read(fd, text, sizeof(text))) > 0;)
		if (write(1, text, (size_t)n) != n)
			return 1;
	return 0;
}
"""

CHANGES = """
#include <alloca.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
static char *area;
void grow(void) { sbrk(65536); }
void grow_more(void) { sbrk(135168); }
void map(void) { area = mmap((void *)0x200000000000, 12288, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0); }
void nothing(void) { area[0]++; }
void protect(void) { mprotect(area, 4096, PROT_READ); }
void unmap(void) { munmap(area, 12288); }
void shrink(void) { sbrk(-4096); }
void deep(void) { char *p = alloca(1 << 20); memset(p, 1, 1 << 20); }
int main(void)
{
	grow();
	grow_more();
	map();
	nothing();
	protect();
	unmap();
	shrink();
	deep();
	return 0;
}
"""


def number(text):
    return int(text, 16)


def check_start(directory):
    """The picture at the first push is that of the program's own list of a moment later."""
    seen = trace([compile_c(directory, "itself", ITSELF)], "--map")
    maps = seen.of("map")
    tap.equal([m["when"] for m in maps], ["start", "exit"], "one at the start, one at the end")
    theirs = parse_maps(seen.ran.out.decode())
    tap.equal(as_in_proc(maps[0]["regions"]), theirs, "the start: every line as the program sees it")
    tap.equal(seen.events.index(maps[0]) + 1, seen.events.index(seen.pushes()[0]),
              "the first one comes right before the first push")
    tap.equal(seen.events.index(maps[1]), len(seen.events) - 2, "the last one before the exit")
    check_bands(maps[0], theirs)


def check_bands(event, theirs):
    bands = event["bands"]
    edges = [(number(band["from"]), number(band["to"])) for band in bands]
    tap.ok(all(low < high for low, high in edges) and edges[-1][0] == 0 and
           edges[0][1] == number(event["user_end"]) and
           all(upper[0] >= lower[1] for upper, lower in zip(edges, edges[1:])),
           "bands: from high to low, none over another", bands)
    names = [band["name"] for band in bands]
    order = [name for name in names if name in ("stack", "mmap area", "text", "bss", "data")]
    tap.equal(order, ["stack", "mmap area", "bss", "data", "text"], "bands: the usual order", bands)
    used = [(number(row[0]), number(row[1])) for row in theirs]
    for band, (low, high) in zip(bands, edges):
        inside = [row for row in used if row[0] < high and row[1] > low]
        if band["name"] == "free":
            tap.equal(inside, [], f"bands: nothing is mapped in {hex(low)}, which is free")
        else:
            tap.ok(inside, f"bands: {band['name']} is mapped", band)


def check_every(directory):
    program = compile_c(directory, "changes", CHANGES)
    seen = trace([program], "--map=every")
    tap.equal(list(validate(SCHEMA, seen.text.splitlines(), True)), [], "it fits the schema")
    changes = {}
    for before, event in zip(seen.events, seen.events[1:]):
        if event["event"] == "map" and "changes" in event:
            tap.ok(before["event"] == event["when"], f"it follows a {event['when']}", before)
            changes.setdefault(before["function"], []).extend(event["changes"])
    got = {name: [(c["how"], c["kind"]) for c in rows] for name, rows in changes.items()}
    tap.equal(got, {
        "grow": [("new", "heap")], "grow_more": [("grew", "heap")], "map": [("new", "mmap")],
        "protect": [("changed", "mmap"), ("shrank", "mmap")], "unmap": [("gone", "mmap")] * 2,
        "shrink": [("shrank", "heap")], "deep": [("grew", "stack")]}, "what each function changed")
    heap = changes["grow_more"][0]
    size = number(heap["to"]) - number(heap["before"]["to"])
    tap.equal((heap["from"], size), (heap["before"]["from"], 135168), "the heap's growth")
    tap.equal((changes["map"][0]["from"], changes["map"][0]["to"], changes["map"][0]["before"]),
              ("0x200000000000", "0x200000003000", None), "the new mapping's place")
    tap.equal(changes["protect"][0]["permissions"], "r--p", "permissions that changed")
    deep = changes["deep"][0]
    tap.ok(deep["to"] == deep["before"]["to"] and
           number(deep["before"]["from"]) - number(deep["from"]) >= (1 << 20) - 132 * 1024,
           "the stack grew downwards", deep)
    check_text(program)


def check_text(program):
    done = run([FRAMETRACE, "--map=every", program])
    text = done.err.decode()
    wanted = (r"-- heap new: 0x\w+-0x\w+ rw-p, 64 KiB\n", r"-- heap grew by 132 KiB \(brk\): it ends",
              r"-- mapping new: 0x200000000000-0x200000003000 rw-p, 12 KiB\n",
              r"-- stack grew by .* MiB?: it begins|-- stack grew by .* KiB: it begins",
              r"from rw-p to r--p: 0x200000000000-")
    for pattern in wanted:
        tap.ok(re.search(pattern, text), f"in text: {pattern}", text)
    for when in ("start", "exit"):
        picture = re.search(rf"-- address space at {when}.*\n((?: +0x\w+ .*\n)+)", text)
        tap.ok(picture and picture[1].count("\n") <= 22 and
               all(len(line) <= 100 and line == line.rstrip() for line in picture[1].splitlines()),
               f"in text: the picture at the {when} is small", text)


def check_others(directory):
    plain = trace([BUILD / "demos/boxed_value_c"])
    tap.equal(plain.of("map"), [], "none without --map")
    to_file = directory / "text"
    run([FRAMETRACE, "-q", "--map", "-o", to_file, BUILD / "demos/boxed_value_c"])
    tap.equal(to_file.read_text().count("address space at"), 2, "also with -q, which was asked for")
    for words, wanted in ((["--map=some"], "every or ends"), (["--map="], "every or ends")):
        done = run([FRAMETRACE, *words, "true"])
        tap.ok(done.status == 2 and wanted in done.err.decode(), f"usage: {words[0]}", done)
    threads = compile_c(directory, "threads", """
        #include <pthread.h>
        #include <stdlib.h>
        void *work(void *arg) { exit(3); return arg; }
        int main(void) { pthread_t t; pthread_create(&t, 0, work, 0); pthread_join(t, 0); }
        """, "-pthread")
    seen = trace([threads], "--map")
    tap.equal(([m["when"] for m in seen.of("map")], seen.ran.status), (["start", "exit"], 3),
              "a thread that ends the process: one picture at the end")


POINTERS = """
#include <stdio.h>
int *kept;
int *inner(int *array, char **word)
{
	int mine[200] = {array[1]};
	kept = mine;
	printf("%d\\n", mine[0]);
	return kept;
}
void after(int *dangling) { kept = dangling; }
int main(void)
{
	int numbers[3] = {1, 2, 3};
	char *text = "text";
	after(inner(&numbers[1], &text));
	return 0;
}
"""


def check_pointers(directory):
    """Pointers into frames are named with -v: the variable, or that its frame is gone."""
    program = compile_c(directory, "pointers", POINTERS)
    text = run([FRAMETRACE, "-v", program]).err.decode()
    for pattern in (r"argument array = 0x\w+ \(local numbers\+4 of main\)",
                    r"argument word = 0x\w+ \(local text of main\)",
                    r"return value = 0x\w+ \(local mine of inner\)",
                    r"argument dangling = 0x\w+ \(the stack below all frames\)"):
        tap.ok(re.search(pattern, text), f"pointers: {pattern}", text)
    text = run([FRAMETRACE, "-vv", program]).err.decode()
    tap.ok(re.search(r"dangling: int \* = 0x\w+[\s|]+\(dead: local mine of\s+inner\)", text),
           "pointers: with frame maps, what it was", text)


def main():
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        check_start(directory)
        check_every(directory)
        check_others(directory)
        check_pointers(directory)
    tap.done()


if __name__ == "__main__":
    sys.exit(main())
