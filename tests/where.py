#!/usr/bin/env python3
"""where - addresses that programs print of their own things, and what `frametrace where` says of
them, in C and Rust; code against gdb and addr2line; frames and variables against gdb.

# test: up to 120 s
"""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lib import tap
from lib.space import Sleeper, compile_c, where
from lib.trace import BUILD, FRAMETRACE, run

# Loaded into a demo, this makes it wait behind its last line, with main's frame in place.
WAIT = """
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
static void wait_behind(const char *text, size_t len)
{
	if (len >= 6 && memcmp(text, "&boxed", 6) == 0)
		pause();
}
ssize_t write(int fd, const void *buf, size_t len)
{
	ssize_t n = syscall(SYS_write, fd, buf, len);
	wait_behind(buf, len);
	return n;
}
int printf(const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	int n = vprintf(format, ap);
	va_end(ap);
	fflush(stdout);
	wait_behind(format, strlen(format));
	return n;
}
"""

# What stack_or_heap prints: kind, symbol or section or name of the variable.
WANTED = {
    "string literal": ("rodata", ".rodata"), "const MAX": ("rodata", "MAX"),
    "static MAX": ("rodata", ".rodata"), "zero": ("data", "zero"), "counter": ("data", "counter"),
    "fn foo": ("text", "foo"), "foo": ("text", "foo"), "&hello": ("stack", "hello"),
    "&boxed": ("stack", "boxed"), "hello": ("heap", None), "&*hello": ("heap", None),
    "boxed": ("heap", None), "&*boxed": ("heap", None),
}


def check_stack_or_heap(demo, directory):
    library = directory / "wait.so"
    (directory / "wait.c").write_text(WAIT)
    subprocess.run(["cc", "-g", "-O0", "-fPIC", "-shared", "-D_GNU_SOURCE", "-o", library,
                    directory / "wait.c"], check=True)
    with Sleeper(["env", f"LD_PRELOAD={library}", BUILD / "demos" / demo], "&boxed ") as sleeper:
        printed = [re.fullmatch(r"(.*\S)\s+(0x[0-9a-f]+)", line).groups()
                   for line in sleeper.lines]
        seen = dict(zip((name for name, _ in printed),
                        where(sleeper.pid, *(address for _, address in printed))))
    tap.ok(len(seen) >= 7, f"{demo}: it printed its addresses", sleeper.lines)
    for name, place in seen.items():
        kind, word = WANTED[name]
        tap.equal(place["kind"], kind, f"{demo}: {name} is in {kind}", place)
        if kind == "stack":
            tap.ok(place["name"] == word and place["slot"] == place["address"] and
                   place["function"].endswith("main"), f"{demo}: {name} is main's {word}", place)
        elif kind == "heap":
            tap.ok(place["block"] == place["address"] and place["block_size"] >= 4 and
                   place["inferred"], f"{demo}: {name} is the start of a block", place)
        elif word.startswith("."):
            tap.equal(place["section"], word, f"{demo}: {name} is in {word}", place)
        else:
            tap.ok(place["symbol"].endswith(word) and place["symbol_offset"] == 0,
                   f"{demo}: {name} is {word}", place)


BLOCKS = """
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static void show(const char *kind, char *p)
{
	printf("%s %p %zu\\n", kind, (void *)p, malloc_usable_size(p));
}
static void *work(void *arg)
{
	show("malloc arena", malloc(1000));
	show("malloc arena", malloc(1));
	return arg;
}
int main(void)
{
	pthread_t t;
	char *gone = malloc(3000);
	for (size_t size = 1; size < 200000; size = size * 3 + 1)
		show(size < 131000 ? "heap" : "mmap", malloc(size));
	show("heap", malloc(0));
	pthread_create(&t, NULL, work, NULL);
	pthread_join(t, NULL);
	printf("free %p 3000\\n", (void *)gone);
	free(gone);
	puts("ready");
	fflush(stdout);
	pause();
}
"""


def check_blocks(directory):
    """Blocks and their sizes against malloc_usable_size(3), at each one's start and end."""
    with Sleeper([compile_c(directory, "blocks", BLOCKS, "-pthread")], "ready") as sleeper:
        rows = [line.rsplit(" ", 2) for line in sleeper.lines[:-1]]
        for kind, address, size in rows:
            start, size = int(address, 16), int(size)
            if kind == "free":
                place = where(sleeper.pid, start)[0]
                tap.ok(place["block"] == address and place["block_state"] == "free",
                       "a freed block", place)
                continue
            places = where(sleeper.pid, start, start + size - 1)
            tap.equal([(p["kind"], p["block"], p["block_size"]) for p in places],
                      [(kind, address, size)] * 2, f"a block of {size} bytes: {kind}")


def gdb(pid, *commands):
    words = [word for command in commands for word in ("-ex", command)]
    return subprocess.run(["gdb", "-nx", "-batch", "-p", str(pid), *words], capture_output=True,
                          text=True, check=False).stdout


def check_code():
    """Symbols of addresses in code and data as gdb tells them; lines as addr2line does."""
    program = BUILD / "demos" / "vas_explore_c"
    with Sleeper([program], "Hello") as sleeper:
        places = where(sleeper.pid, *function_addresses(sleeper.pid, program))
        told = gdb(sleeper.pid, *(f"info symbol {p['address']}" for p in places))
        lines = [line for line in told.splitlines() if " in section " in line]
        wrong = []
        for place, line in zip(places, lines):
            match = re.match(r"(\S+)(?: \+ (\d+))? in section (\S+)", line)
            # gdb tells of a symbol's version, and cuts the number off that GCC added.
            theirs = (match[1].partition("@")[0], int(match[2] or 0), match[3])
            ours = (re.sub(r"\.\d+$", "", place["symbol"]), place["symbol_offset"],
                    place["section"])
            if theirs != ours:
                wrong.append((place["address"], ours, theirs))
        tap.ok(len(lines) == len(places) > 5 and not wrong, "symbols as gdb tells them", wrong, told)
        check_lines(sleeper, program, places)


def function_addresses(pid, program):
    """Runtime addresses all over the program's functions and variables."""
    base = int(Path(f"/proc/{pid}/maps").read_text().split("-")[0], 16)
    text = subprocess.run(["nm", "-S", "--defined-only", program], capture_output=True, text=True,
                          check=True).stdout
    found = []
    for value, size in re.findall(r"^(\w{16}) (\w{16}) [TtDdBbRr] ", text, re.M):
        found += [base + int(value, 16) + step for step in range(0, int(size, 16), 7)]
    return found


def check_lines(sleeper, program, places):
    base = int(Path(f"/proc/{sleeper.pid}/maps").read_text().split("-")[0], 16)
    code = [p for p in places if p["kind"] == "text" and p["file"]]
    told = subprocess.run(["addr2line", "-e", program,
                           *(hex(int(p["address"], 16) - base) for p in code)],
                          capture_output=True, text=True, check=True).stdout.splitlines()
    wrong = [(p["address"], p["file"], p["line"], line) for p, line in zip(code, told)
             if not line.split(" ")[0].endswith(f"{Path(p['file']).name}:{p['line']}")]
    tap.ok(len(code) > 5 and not wrong, "source lines as addr2line tells them", wrong)


FRAMES = """
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
static int inner(int value)
{
	char text[40] = "text";
	long number = value;
	printf("inner number %p\\ninner text+39 %p\\ninner value %p\\n", (void *)&number,
	       (void *)&text[39], (void *)&value);
	puts("ready");
	fflush(stdout);
	pause();
	return text[0] + (int)number;
}
static int outer(int depth)
{
	int array[4] = {depth};
	if (depth == 3)
		printf("outer array+4 %p\\n", (void *)&array[1]);
	return depth == 0 ? inner(7) : outer(depth - 1) + array[0];
}
static void *work(void *arg)
{
	double mine = *(int *)arg;
	printf("work mine %p\\n", (void *)&mine);
	outer(3);
	return arg;
}
int main(int argc, char **argv)
{
	pthread_t t;
	printf("main argc %p\\n- argument %p\\n", (void *)&argc, (void *)argv[0]);
	pthread_create(&t, NULL, work, &argc);
	pthread_join(t, NULL);
	return argv[0][0];
}
"""


def check_frames(directory, options):
    name = "frames" + "".join(options)
    with Sleeper([compile_c(directory, name, FRAMES, "-pthread", *options)], "ready") as sleeper:
        rows = [re.fullmatch(r"(\S+) (\w+)(?:\+(\d+))? (0x\w+)", line).groups()
                for line in sleeper.lines[:-1]]
        for function, variable, offset, address in rows:
            place = where(sleeper.pid, address)[0]
            if function == "-":
                tap.ok(place["what"] == "a string of argv", f"{name}: a string of argv", place)
                continue
            got = (place["function"], place["name"], place["slot"])
            slot = hex(int(address, 16) - int(offset or 0))
            # A large variable may be shown in pieces only where the code is optimised.
            tap.equal(got, (function, variable, slot), f"{name}: {variable} of {function}", place)
        check_frame_of_gdb(sleeper, name, rows)


def check_frame_of_gdb(sleeper, name, rows):
    told = gdb(sleeper.pid, "thread 2", "frame function outer", "info frame")
    sleeper.wait_until_blocked()
    match = re.search(r"Stack level (\d+), frame at (0x\w+)", told)
    cfas = {place["cfa"]: place["frame"] for place in
            (where(sleeper.pid, int(match[2], 16) - 8)[0],)} if match else {}
    tap.equal(cfas, {match[2]: int(match[1])} if match else None,
              f"{name}: a frame's number and CFA are those of gdb", told)
    thread = [row for row in rows if row[0] == "work"][0]
    below = where(sleeper.pid, int(thread[3], 16) - 1000000)[0]
    tap.ok("below the stack pointer" in below["what"], f"{name}: free stack", below)


KINDS = r"""
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
const char literal[] = "text";
int data = 5, bss[3000];
int *const relro = &data;
int main(void)
{
	int local;
	printf("rodata %p\ndata %p\nbss %p\nrelro %p\ntext %p\nlocal %p\nblock %p\n",
	       (void *)literal, (void *)&data, (void *)&bss[2000], (void *)&relro, (void *)main,
	       (void *)&local, malloc(20));
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}
"""


def without_sections(program):
    """What a file packer leaves: no table of sections, which nothing needs that runs."""
    elf = bytearray(program.read_bytes())
    elf[40:48], elf[58:64] = bytes(8), bytes(6)
    program.write_bytes(elf)


def check_links(directory):
    """However a program was linked: its own prints."""
    for name, options in (("static", ["-static"]), ("static-pie", ["-static-pie"]),
                          ("no sections", ["-no-pie"]), ("gold", ["-fuse-ld=gold"])):
        if name == "gold" and not shutil.which("ld.gold"):
            tap.skip(name, "no ld.gold")
            continue
        program = compile_c(directory, "kinds " + name, KINDS, *options)
        if name == "no sections":
            without_sections(program)
        with Sleeper([program], "ready") as sleeper:
            places = {line.split()[0]: where(sleeper.pid, line.split()[1])[0]
                      for line in sleeper.lines[:-1]}
        for word in ("rodata", "data", "bss", "relro", "text"):
            kind = "text" if (name, word) == ("gold", "rodata") else word
            tap.equal(places[word]["kind"], kind, f"{name}: {word}", places[word])
        if name == "gold":
            tap.ok(".rodata" in places["rodata"]["what"], "gold: constants beside code",
                   places["rodata"])
        if name != "no sections":
            tap.equal((places["local"]["function"], places["local"]["name"]), ("main", "local"),
                      f"{name}: a local variable", places["local"])
        tap.equal((places["block"]["block"], places["block"]["block_size"]),
                  (places["block"]["address"], 24), f"{name}: a block", places["block"])


def check_nothing(pid):
    places = where(pid, 0, 8, 1 << 40, 1 << 47, (1 << 64) - (1 << 47), 0xffffffffff600000)
    tap.equal([p["kind"] for p in places],
              ["unmapped", "unmapped", "unmapped", "no address", "kernel", "vsyscall"],
              "what no program has")
    tap.ok(places[2]["above"] and not places[2]["below"] and "NULL" in places[0]["what"],
           "the nearest region", places[2])
    maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
    stack = [line for line in maps if "[stack]" in line][0]
    low = where(pid, int(stack.split("-")[0], 16) - 4096)[0]
    tap.ok("may grow to here" in low["what"] and low["above"]["kind"] == "stack" and low["below"],
           "where the stack may grow", low)
    text = run([FRAMETRACE, "where", "7fffffffffff", "0x0", str(pid)])
    tap.ok(text.status == 0 and b"0x0  unmapped" in text.out and
           all(len(line) <= 100 for line in text.out.decode().splitlines() if "/" not in line),
           "in text, without 0x too", text)


def check_errors():
    for words, status, wanted in (
            ([], 2, "an ADDRESS and a PID"), (["0x1"], 2, "an ADDRESS and a PID"),
            (["0xg", "1"], 2, "no address"), (["", "1"], 2, "no address"),
            (["0x11111111111111111", "1"], 2, "no address"), (["0x1", "./x"], 1, "no such"),
            (["0x1", "999999999"], 1, "no such process"), (["-x", "0x1", "1"], 2, "no option -x"),
            (["-Fx", "0x1", "1"], 2, "no format")):
        done = run([FRAMETRACE, "where", *words])
        text = done.err.decode()
        tap.ok(done.status == status and wanted in text and text.count("\n") == 1,
               f"usage: {' '.join(words)}", done)
    tap.ok(run([FRAMETRACE, "where", "--help"]).out.startswith(b"Usage:"), "its help")


def main():
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        for demo in ("stack_or_heap_c", "stack_or_heap"):
            if (BUILD / "demos" / demo).exists():
                check_stack_or_heap(demo, directory)
            else:
                tap.skip(demo, "it was not built")
        check_blocks(directory)
        check_code()
        check_frames(directory, [])
        check_frames(directory, ["-fomit-frame-pointer"])
        check_frames(directory, ["-fstack-protector-all"])
        check_links(directory)
        with Sleeper([BUILD / "demos" / "vas_explore_c"], "Hello") as sleeper:
            check_nothing(sleeper.pid)
    check_errors()
    tap.done()


if __name__ == "__main__":
    sys.exit(main())
