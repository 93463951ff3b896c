#!/usr/bin/env python3
"""registers - `--registers`: at each event what the thread's registers held, against a program that
says what it puts there.

# test: up to 60 s
"""
import json
import re
import tempfile
from pathlib import Path

from lib import tap
from lib.space import compile_c
from lib.trace import FRAMETRACE, SOURCE, run, trace
from validate_events import Schema

# mark() is called with a number in every register that a call leaves alone or hands over, and
# returns with others in those that it may change.
NUMBERS = r"""
#include <signal.h>
__asm__(".text\n"
	".globl mark\n"
	".type mark, @function\n"
	"mark:\n"
	"	nop\n"
	"	mov $0xa1, %eax\n	mov $0xa2, %edx\n	mov $0xa3, %ecx\n	mov $0xa4, %esi\n"
	"	mov $0xa5, %edi\n	mov $0xa6, %r8d\n	mov $0xa7, %r9d\n	mov $0xa8, %r10d\n"
	"	mov $0xa9, %r11d\n	stc\n"
	"	ret\n"
	".size mark, .-mark\n");
int main(void)
{
	__asm__ volatile("push %%rbp\n	sub $128, %%rsp\n"
			 "mov $0xb0, %%eax\n	mov $0xb1, %%edx\n	mov $0xb2, %%ecx\n"
			 "mov $0xb3, %%ebx\n	mov $0xb4, %%esi\n	mov $0xb5, %%edi\n"
			 "mov $0xb6, %%ebp\n	mov $0xb8, %%r8d\n	mov $0xb9, %%r9d\n"
			 "mov $0xba, %%r10d\n	mov $0xbb, %%r11d\n	mov $0xbc, %%r12d\n"
			 "mov $0xbd, %%r13d\n	mov $0xbe, %%r14d\n	movabs $0x1122334455667788, %%r15\n"
			 "clc\n	call mark\n	add $128, %%rsp\n	pop %%rbp\n" ::
				 : "rax", "rdx", "rcx", "rbx", "rsi", "rdi", "r8", "r9", "r10",
				   "r11", "r12", "r13", "r14", "r15", "memory", "cc");
	return 0;
}
"""

AT_PUSH = {"rax": 0xb0, "rdx": 0xb1, "rcx": 0xb2, "rbx": 0xb3, "rsi": 0xb4, "rdi": 0xb5,
           "rbp": 0xb6, "r8": 0xb8, "r9": 0xb9, "r10": 0xba, "r11": 0xbb, "r12": 0xbc,
           "r13": 0xbd, "r14": 0xbe, "r15": 0x1122334455667788}
AT_POP = {**AT_PUSH, "rax": 0xa1, "rdx": 0xa2, "rcx": 0xa3, "rsi": 0xa4, "rdi": 0xa5, "r8": 0xa6,
          "r9": 0xa7, "r10": 0xa8, "r11": 0xa9}
CARRY = 1  # in rflags

CRASH = """
#include <stddef.h>
static int deref(volatile int *p) { return *p; }
int main(void) { return deref((int *)16); }
"""

THREADS = """
#include <pthread.h>
#include <stdio.h>
static unsigned long own(void) { unsigned long p; __asm__("mov %%fs:0, %0" : "=r"(p)); return p; }
static void *begin(void *p) { printf("%lx\\n", own()); return p; }
int main(void)
{
	pthread_t t;
	printf("%lx\\n", own());
	fflush(stdout);
	pthread_create(&t, NULL, begin, NULL);
	pthread_join(t, NULL);
	return 0;
}
"""

SCHEMA = Schema(json.loads((SOURCE / "docs/events.schema.json").read_text()))


def numbers(event):
    return {name: int(value, 16) for name, value in event.get("registers", {}).items()}


def check_numbers(directory):
    program = compile_c(directory, "numbers", NUMBERS)
    seen = trace([program], "--registers", "-f", "mark")
    push, pop = seen.pushes()[0], seen.pops()[0]
    for event, expected, name in ((push, AT_PUSH, "push"), (pop, AT_POP, "pop")):
        held = numbers(event)
        tap.equal({r: held.get(r) for r in expected}, expected, f"{name}: as the program set them")
        tap.equal(held.get("rip"), int(event["pc"], 16), f"{name}: rip is its instruction")
    tap.equal(numbers(push)["rsp"], int(push["rsp"], 16), "push: rsp is that of the event")
    tap.equal(numbers(pop)["rsp"] + 8, int(pop["rsp"], 16), "pop: rsp is that before the ret")
    tap.equal([numbers(e)["rflags"] & CARRY for e in (push, pop)], [0, CARRY], "rflags: the carry")
    faults = [f for event in seen.events for f in SCHEMA.faults(event)]
    tap.ok(not faults, "the schema allows them", *faults)
    plain = trace([program], "-f", "mark")
    tap.ok(not any("registers" in e for e in plain.events), "without the option there are none")


def check_text(directory):
    program = compile_c(directory, "numbers", NUMBERS)
    text = run([FRAMETRACE, "--registers", "-f", "mark", program]).err.decode()
    found = [re.sub(r"\s+", " ", part) for part in re.split(r"^.* [<>] mark.*$", text, flags=re.M)[1:]]
    for part, expected, name in zip(found, (AT_PUSH, AT_POP), ("push", "pop")):
        missing = [f"{r}={v:x}" for r, v in expected.items() if f" {r}={v:x} " not in part]
        tap.ok(not missing, f"text: below the {name}", missing, part)
    tap.ok(len(found) == 2 and max(map(len, text.splitlines())) <= 120, "text: in lines", text)


def check_others(directory):
    seen = trace([compile_c(directory, "crash", CRASH)], "--registers")
    signal = seen.of("signal")[0]
    tap.equal(numbers(signal).get("rip"), int(signal["pc"], 16), "a signal: rip is where it came")
    left = [pop for pop in seen.pops() if pop["how"] == "exit"]
    tap.ok(left and not any("registers" in pop for pop in left),
           "frames that are left when the process is gone have none", left)
    seen = trace([compile_c(directory, "threads", THREADS, "-pthread")], "--registers")
    theirs = [int(line, 16) for line in seen.ran.out.decode().split()]
    ours = [numbers(pop)["fs.base"] for pop in seen.pops() if pop["function"] == "own"]
    tap.equal(ours, theirs, "fs.base is each thread's own")
    steps = trace([compile_c(directory, "numbers", NUMBERS)], "--registers", "--events=insn",
                  "-f", "main")
    insns = [e for e in steps.of("insn") if e["how"] == "ran" and not e["prologue"]]
    wrong = [e for e in insns  # a ret is told before it runs
             if numbers(e)["rsp"] != int(e["rsp_before" if e["insn"] == "ret" else "rsp"], 16)]
    tap.ok(insns and not wrong, "an instruction: rsp after it", *wrong[:3])


def main():
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        check_numbers(directory)
        check_text(directory)
        check_others(directory)
    tap.done()


main()
