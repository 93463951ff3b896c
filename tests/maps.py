#!/usr/bin/env python3
"""maps - the address space of a running process and of a program, against /proc, readelf and the
programs' own prints.

# test: up to 120 s
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lib import tap
from lib.space import Sleeper, as_in_proc, compile_c, maps_of, part_at, proc_maps, region_at
from lib.trace import BUILD, FRAMETRACE, run

THREADS = """
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
static _Thread_local int local;
static pthread_barrier_t all;
static void *end(void *arg)
{
	printf("ended %p\\n", (void *)&arg);
	return arg;
}
static void *work(void *arg)
{
	int here;
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	void *block = malloc(100);
	pthread_mutex_lock(&lock);
	printf("thread %ld %p %p %p\\n", (long)syscall(SYS_gettid), (void *)&here, (void *)&local,
	       block);
	pthread_mutex_unlock(&lock);
	pthread_barrier_wait(&all);
	pause();
	return arg;
}
int main(int argc, char **argv)
{
	pthread_t t[2];
	pthread_t ended;
	pthread_create(&ended, NULL, end, NULL);
	pthread_join(ended, NULL);
	pthread_barrier_init(&all, NULL, 3);
	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, work, NULL);
	pthread_barrier_wait(&all);
	pthread_create(&ended, NULL, end, NULL);
	pthread_join(ended, NULL);
	void *shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	void *file = mmap(NULL, 10, PROT_READ, MAP_PRIVATE, fileno(fopen(argv[argc - 1], "r")), 0);
	int memory = memfd_create("a name", 0);
	if (ftruncate(memory, 4096) != 0)
		return 1;
	void *memfd = mmap(NULL, 4096, PROT_READ, MAP_SHARED, memory, 0);
	printf("main %d %p %p %p\\n", (int)getpid(), (void *)&argc, (void *)&local, malloc(10));
	printf("shared %p\\nfile %p\\nmemfd %p\\n", shared, file, memfd);
	puts("ready");
	fflush(stdout);
	pause();
}
"""

KINDS = {  # of what stack_or_heap prints
    "string literal": {"rodata"}, "static MAX": {"rodata"}, "const MAX": {"rodata"},
    "zero": {"data", "bss"}, "counter": {"data"}, "fn foo": {"text"}, "foo": {"text"},
    "&hello": {"stack"}, "hello": {"heap"}, "&*hello": {"heap"}, "&*boxed": {"heap"},
    "boxed": {"heap"}, "&boxed": {"stack"},
}


def readelf_sections(path):
    """Name -> (address, size) of what is in memory, but for .tbss."""
    text = subprocess.run(["readelf", "-SW", path], capture_output=True, text=True,
                          check=True).stdout
    rows = re.findall(r"\] (\.\S+) +(\S+) +(\w{16}) \w+ (\w+) \w+ +(\w*) ", text)
    return {name: (int(addr, 16), int(size, 16)) for name, kind, addr, size, flags in rows
            if "A" in flags and int(size, 16) and not ("T" in flags and kind == "NOBITS")}


def check_sleeping(demo):
    with Sleeper([BUILD / "demos" / demo], "Hello") as sleeper:
        pid = sleeper.pid
        stopped = Path(f"/proc/{pid}/status").read_text()
        seen = maps_of(str(pid))
        tap.equal(as_in_proc(seen["regions"]), proc_maps(pid), f"{demo}: every line of /proc/PID/maps")
        after = Path(f"/proc/{pid}/status").read_text()
        keys = ("TracerPid",)
        tap.equal([x for x in after.splitlines() if x.startswith(keys)],
                  [x for x in stopped.splitlines() if x.startswith(keys)],
                  f"{demo}: it was not disturbed")
        check_program_file(demo, seen["regions"])
        kinds = [r["kind"] for r in seen["regions"]]
        tap.ok(all(r["what"] for r in seen["regions"]), f"{demo}: each has its sentence")
        tap.ok(kinds.count("heap") == 1 and kinds.count("stack") == 1 and kinds.count("tls") == 1,
               f"{demo}: a heap, a stack, thread-local storage", kinds)
        heap = region_at(seen["regions"], int(seen["gap"]["from"], 16) - 1)
        tap.ok(heap["kind"] == "heap" and seen["gap"]["size"] == int(seen["gap"]["to"], 16) -
               int(seen["gap"]["from"], 16), f"{demo}: the gap begins at the heap's end")
        text = run([FRAMETRACE, "maps", "--explain", "-v", str(pid)]).out.decode()
        tap.ok("a line of /proc/PID/maps" in text and ".text" in text and "free" in text,
               f"{demo}: the text explains", text)
        tap.ok(max(len(line) for line in text.splitlines() if "/" not in line) <= 100,
               f"{demo}: the text fits 100 columns")


def check_program_file(demo, regions):
    path = str(BUILD / "demos" / demo)
    own = [r for r in regions if r["path"] == path]
    sections = readelf_sections(path)
    parts = {part["name"]: part for r in regions for part in r["parts"]
             if r["path"] == path or part["name"] == ".bss" and r["what"].find("the program") > 0}
    bias = int(parts[".text"]["from"], 16) - sections[".text"][0]
    wrong = {}
    for name, (addr, size) in sections.items():
        part = parts.get(name)
        got = part and (int(part["from"], 16) - bias, int(part["to"], 16) -
                        int(part["from"], 16))
        if got != (addr, size):
            wrong[name] = (got, (addr, size))
    tap.equal(wrong, {}, f"{demo}: sections lie where readelf says")
    kinds = {r["permissions"]: r["kind"] for r in own}
    tap.ok(kinds.get("r-xp") == "text" and kinds.get("rw-p") in ("data", "bss"),
           f"{demo}: text and data", kinds)


def check_threads(directory):
    program = compile_c(directory, "a program", THREADS, "-pthread")
    with Sleeper([program, directory / "a program.c"], "ready") as sleeper:
        regions = maps_of(str(sleeper.pid))["regions"]
        tap.equal(as_in_proc(regions), proc_maps(sleeper.pid), "threads: every line, also of a path with spaces")
    for words in (line.split() for line in sleeper.lines):
        if words[0] == "thread":
            stack, block = (region_at(regions, int(words[i], 16)) for i in (2, 4))
            tap.equal((stack["kind"], stack["thread"]), ("thread stack", int(words[1])),
                      "threads: a stack and whose it is")
            tap.equal(region_at(regions, int(words[3], 16))["from"], stack["from"],
                      "threads: its thread-local variable lies in it")
            guard = region_at(regions, int(stack["from"], 16) - 1)
            tap.equal((guard["kind"], guard["thread"]), ("guard", int(words[1])),
                      "threads: the guard page below")
            tap.ok(block["kind"] == "malloc arena", "threads: malloc's arena", block)
        elif words[0] == "main":
            tap.equal([region_at(regions, int(w, 16))["kind"] for w in words[2:]],
                      ["stack", "tls", "heap"], "threads: of the main thread")
        elif words[0] == "ended":
            last_ended = region_at(regions, int(words[1], 16))
        elif words[0] in ("shared", "file", "memfd"):
            want = {"shared": "shared", "file": "file", "memfd": "shared"}[words[0]]
            tap.equal(region_at(regions, int(words[1], 16))["kind"], want,
                      f"threads: {words[0]}")
    tap.ok(last_ended["kind"] == "thread stack" and "has ended" in last_ended["what"]
           and last_ended["thread"] is None, "threads: the stack of one that has ended", last_ended)


# A program that reads its own file and libc's, as Rust's std does for a backtrace, and further odd
# mappings; its threads' stacks have no guards. Each line: what it is said to be, and its address.
READS_ITSELF = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
static pthread_barrier_t all;
static void *work(void *name)
{
	int here;
	printf("%s local %d %p\n", (char *)name, gettid(), (void *)&here);
	pthread_barrier_wait(&all);
	pause();
	return name;
}
static void handler(int number)
{
	int here;
	printf("altstack %p\n", (void *)&here);
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
static void *map(const char *path, size_t length, int protection, int flags)
{
	int fd = path ? open(path, O_RDONLY) : -1;
	struct stat st = {0};
	if (path && fstat(fd, &st) == 0 && length == 0)
		length = (size_t)st.st_size;
	void *p = mmap(NULL, length, protection, flags, fd, 0);
	return p == MAP_FAILED ? (perror(path), NULL) : p;
}
static int differs(const char *path, const char *map)
{
	int n = 0, at = 0, c;
	FILE *f = fopen(path, "r");
	while ((c = getc(f)) != EOF)
		n += (char)c != map[at++];
	fclose(f);
	return n;
}
int main(int argc, char **argv)
{
	enum { ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS };
	char *alt = map(NULL, 3 * 65536, PROT_NONE, ANONYMOUS); // of three, the middle is used
	mprotect(alt + 65536, 65536, PROT_READ | PROT_WRITE);
	char *own = map("/proc/self/exe", 0, PROT_READ, MAP_PRIVATE);
	char *libc = map(argv[1], 0, PROT_READ, MAP_PRIVATE);
	printf("file %p\nfile %p\n", (void *)own, (void *)libc);
	printf("mmap %p\n", map(NULL, 8192, PROT_READ | PROT_WRITE, ANONYMOUS));
	printf("jit %p\n", map(NULL, 4096, PROT_READ | PROT_EXEC, ANONYMOUS));
	printf("zero %p\n", map("/dev/zero", 4096, PROT_READ, MAP_PRIVATE));
	printf("shared %p\n", map(argv[0], 4096, PROT_READ, MAP_SHARED));
	dlclose(dlopen("libm.so.6", RTLD_NOW));
	printf("differ %d %d\n", differs("/proc/self/exe", own), differs(argv[1], libc));
	if (argc > 2)
		return 0;
	pthread_t t;
	pthread_attr_t a;
	pthread_barrier_init(&all, NULL, 3);
	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, 1 << 18);
	pthread_attr_setguardsize(&a, 0);
	pthread_create(&t, &a, work, "first");
	pthread_create(&t, &a, work, "second");
	pthread_barrier_wait(&all);
	stack_t s = {.ss_sp = alt + 65536, .ss_size = 65536};
	struct sigaction on = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
	sigaltstack(&s, NULL);
	sigaction(SIGUSR1, &on, NULL);
	raise(SIGUSR1);
	return 0;
}
"""
ODD_WORDS = {"file": ("file", "a file, read"), "mmap": ("mmap", "anonymous memory (mmap"),
             "jit": ("mmap", "may be executed"), "zero": ("mmap", "/dev/zero"),
             "shared": ("file", "only read here"), "altstack": ("thread stack", "runs on now")}


def libc_of(program):
    return re.search(r"=> (\S*libc\.so\S*)", subprocess.run(
        ["ldd", program], capture_output=True, text=True, check=True).stdout)[1]


def check_files_as_data(directory):
    """An ELF file that is only read is no second program or library, nor what lies beside it."""
    program = compile_c(directory, "reader", READS_ITSELF, "-pthread")
    libc = os.path.realpath(libc_of(program))
    with Sleeper([program, libc], "ready") as sleeper:
        seen = maps_of(str(sleeper.pid))["regions"]
        for words in (line.split() for line in sleeper.lines):
            where = json.loads(run([FRAMETRACE, "where", "--json", words[-1],
                                    str(sleeper.pid)]).out) if "local" in words else None
            region = region_at(seen, int(words[-1], 16)) if words[-1][:2] == "0x" else None
            if where:
                tap.equal((where.get("thread"), where.get("function"), where.get("name")),
                          (int(words[2]), "work", "here"), f"stacks side by side: {words[0]}")
                tap.ok(region["kind"] == "thread stack", "stacks side by side: kind", region)
            elif words[0] in ODD_WORDS:
                kind, text = ODD_WORDS[words[0]]
                tap.ok(region["kind"] == kind and text in region["what"],
                       f"files as data: {words[0]}", region)
        own = [r for r in seen if r["path"] == str(program) and r["kind"] == "text"]
        tap.equal(len(own), 1, "files as data: the program is there once", own)
    for options in ((), ("-l", "*", "-f", "main", "-f", "malloc")):
        out = run([FRAMETRACE, "-q", "-o", "/dev/null", *options, program, libc, "x"]).out
        tap.ok(b"differ 0 0\n" in out, f"files as data: what is read is the file's {options}", out)
    picture = run([FRAMETRACE, "--map", "-f", "main", program, libc, "x"]).err.decode()
    tap.equal(picture.count("machine code"), 2, "files as data: one program in a picture", picture)


LEFT = """
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
static void *stay(void *main_thread)
{
	int here;
	pthread_join(*(pthread_t *)main_thread, NULL);
	printf("here %p\\n", (void *)&here);
	puts("ready");
	fflush(stdout);
	pause();
	return main_thread;
}
int main(void)
{
	static pthread_t own;
	pthread_t t;
	own = pthread_self();
	pthread_create(&t, NULL, stay, &own);
	pthread_exit(NULL);
}
"""


def check_main_thread_gone(directory):
    """The memory is there as long as one thread is."""
    with Sleeper([compile_c(directory, "left", LEFT, "-pthread")], "ready") as sleeper:
        seen = maps_of(str(sleeper.pid))
        address = int(sleeper.lines[0].split()[1], 16)
        tap.ok(region_at(seen["regions"], address)["kind"] == "thread stack" and
               seen["pid"] == sleeper.pid, "the main thread has ended: the others' memory", seen)


WAITER = """
#include <stdio.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	puts("ready");
	fflush(stdout);
	if (argc == 1)
		pause();
	return argv[0][0] == 0;
}
"""


def check_odd_programs(directory):
    odd = directory / "a\nline (deleted) x"
    program = compile_c(directory, "waiter", WAITER)
    program.rename(odd)
    with Sleeper([odd], "ready") as sleeper:
        seen = maps_of(str(sleeper.pid))["regions"]
        tap.equal(as_in_proc(seen), proc_maps(sleeper.pid), "a path with a newline")
        tap.ok(any(r["kind"] == "text" and r["path"] == str(odd) for r in seen),
               "a path with a newline: its parts are known", seen)
        odd.unlink()
        gone = maps_of(str(sleeper.pid))["regions"]
        tap.ok(all(r["deleted"] for r in gone if r["path"] == str(odd)), "deleted: said", gone)
        tap.ok([r["kind"] for r in gone] == [r["kind"] for r in seen],
               "deleted: the kernel still has the file, so its parts are known", gone)
    static = compile_c(directory, "static", WAITER, "-static", "-no-pie")
    with Sleeper([static], "ready") as sleeper:
        seen = maps_of(str(sleeper.pid))
        tap.equal(as_in_proc(seen["regions"]), proc_maps(sleeper.pid), "static: every line")
        kinds = [r["kind"] for r in seen["regions"]]
        tap.ok("text" in kinds and "heap" in kinds and "data" in kinds and
               seen["regions"][0]["from"] == "0x400000", "static, not position-independent", kinds)
    check_musl(directory)
    check_replaced(directory)


def check_musl(directory):
    """Another C library: its allocator may keep a guard in the brk heap."""
    if not shutil.which("musl-gcc"):
        return tap.skip("musl", "no musl-gcc")
    source = directory / "musl.c"
    source.write_text("#include <stdlib.h>\n" + WAITER.replace("int main(", """
static void take(void) __attribute__((constructor));
static void take(void) { void *volatile p = malloc(10); (void)p; }
int main("""))
    for flags in ([], ["-static"]):
        program = directory / "musl"
        subprocess.run(["musl-gcc", "-g", "-w", *flags, "-o", program, source], check=True)
        with Sleeper([program], "ready") as sleeper:
            regions = maps_of(str(sleeper.pid))["regions"]
            tap.equal(as_in_proc(regions), proc_maps(sleeper.pid), f"musl {flags}: every line")
            kinds = {r["kind"] for r in regions}
            tap.ok({"text", "data", "stack", "vdso"} <= kinds, f"musl {flags}: kinds", kinds)
            guards = [r for r in regions if r["kind"] == "heap" and r["permissions"].startswith("---")]
            # musl makes one only where its heap begins right behind the variables.
            tap.ok(all("guard" in r["what"] for r in guards), f"musl {flags}: guards", guards)


def check_replaced(directory):
    """The file that has the name now is another one: nothing may be said by it."""
    program = compile_c(directory, "first", WAITER)
    with Sleeper([program], "ready") as sleeper:
        before = maps_of(str(sleeper.pid))["regions"]
        program.unlink()
        program.write_bytes(Path("/bin/true").read_bytes())
        after = maps_of(str(sleeper.pid))["regions"]
        tap.equal([(r["kind"], r["parts"]) for r in after],
                  [(r["kind"], r["parts"]) for r in before], "replaced: the file that runs is read")


def check_stack_limit(directory):
    program = compile_c(directory, "limited", WAITER)
    with Sleeper(["prlimit", "--stack=1048576", program], "ready") as sleeper:
        seen = maps_of(str(sleeper.pid))
        stack = [r for r in seen["regions"] if r["kind"] == "stack"][0]
        room = 1048576 - stack["size"]
        tap.equal((seen["stack_limit"], seen["stack_room"], seen["stack_stop"]),
                  (1048576, room, "ulimit -s"), "the stack's limit and what is left of it")
        text = run([FRAMETRACE, "maps", str(sleeper.pid)]).out.decode()
        tap.ok("to 1 MiB (ulimit -s)" in " ".join(text.split()), "the stack's limit in words", text)


MANY = """
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void)
{
	for (int i = 0; i < 10000; i++)
		mmap(NULL, 4096, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	puts("ready");
	fflush(stdout);
	pause();
}
"""


def check_many(directory):
    program = compile_c(directory, "many", MANY)
    with Sleeper([program], "ready") as sleeper:
        start = time.monotonic()
        done = run([FRAMETRACE, "maps", "--json", str(sleeper.pid)])
        seconds = time.monotonic() - start
        seen = json.loads(done.out.decode().splitlines()[-1])["regions"]
        tap.equal(as_in_proc(seen), proc_maps(sleeper.pid), "10000 mappings: every line")
        tap.ok(len(seen) > 10000 and seconds < 10, "10000 mappings: in time", seconds)


def check_nobody(directory):
    """Whom one may not look at, and who has nothing to look at."""
    threads = [pid for pid in ("2", "3") if Path(f"/proc/{pid}/maps").exists()
               and Path(f"/proc/{pid}/cmdline").read_bytes() == b""]
    for pid in threads[:1]:
        done = run([FRAMETRACE, "maps", pid])
        tap.ok(done.status == 1 and (b"a thread of the kernel" in done.err or
                                     b"ermission" in done.err), "a thread of the kernel", done)
    zombie = subprocess.Popen(["true"])
    while Path(f"/proc/{zombie.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        pass
    done = run([FRAMETRACE, "maps", str(zombie.pid)])
    tap.ok(done.status == 1 and b"a zombie" in done.err, "a zombie", done)
    zombie.wait()
    if os.geteuid() != 0:
        tap.skip("another user's process", "only root can be two users")
        return
    program = compile_c(directory, "roots", WAITER)
    binary = directory / "frametrace"
    binary.write_bytes(Path(FRAMETRACE).read_bytes())
    binary.chmod(0o755)
    directory.chmod(0o755)
    with Sleeper([program], "ready") as sleeper:
        for command in (["maps"], ["where", "0x1000"]):
            done = run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", binary,
                        *command, str(sleeper.pid)])
            tap.ok(done.status == 1 and b"only its own user" in done.err and
                   done.err.count(b"\n") == 1, f"{command[0]} of another user's process", done)


def check_program(demo):
    done = run([FRAMETRACE, "maps", "--json", BUILD / "demos" / demo])
    lines = done.out.decode().splitlines()
    regions = json.loads(lines[-1])["regions"]
    wrong = []
    for line in lines[:-1]:
        match = re.fullmatch(r"(.*\S)\s+(0x[0-9a-f]+)", line)
        if not match:
            continue
        name, address = match[1], int(match[2], 16)
        region = region_at(regions, address)
        if region["kind"] not in KINDS[name]:
            wrong.append((name, match[2], region["kind"], part_at(region, address)))
    tap.ok(not wrong and len(lines) > 6, f"{demo}: the program's own addresses", *wrong, lines)
    tap.equal(done.status, 0, f"{demo}: its status")


def check_errors():
    for words, status, wanted in (
            (["maps"], 2, "a PID, a LOG or a PROGRAM"), (["maps", "1", "2"], 2, "one PID"),
            (["maps", "999999999"], 1, "no such process"), (["maps", "--nothing"], 2, "--nothing"),
            (["maps", "--format=x", "1"], 2, "no format"), (["maps", "./none"], 1, "no such file")):
        done = run([FRAMETRACE, *words])
        text = done.err.decode()
        tap.ok(done.status == status and wanted in text and text.count("\n") == 1,
               f"usage: {' '.join(words)}", done)
    done = run([FRAMETRACE, "maps", "sh", "-c", "exit 7"])
    tap.ok(done.status == 7 and b"address space" in done.out, "a program's status is kept", done)


def main():
    for demo in ("vas_explore_c", "vas_explore"):
        if (BUILD / "demos" / demo).exists():
            check_sleeping(demo)
    with tempfile.TemporaryDirectory() as directory:
        for check in (check_threads, check_files_as_data,
                      check_main_thread_gone, check_odd_programs, check_stack_limit, check_many,
                      check_nobody):
            check(Path(directory))
    for demo in ("stack_or_heap_c", "stack_or_heap"):
        if (BUILD / "demos" / demo).exists():
            check_program(demo)
    check_errors()
    tap.done()


if __name__ == "__main__":
    os.environ["LC_ALL"] = "C.UTF-8"
    sys.exit(main())
