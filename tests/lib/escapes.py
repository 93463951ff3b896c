"""escapes - what a terminal would obey, and a program that has it in all that can be named."""
import os
import re
import subprocess

# ESC, OSC with BEL, CR, DEL, U+009B, a bare 0x9b, U+202E, U+2066, text that is not UTF-8
EVIL = b"\x1b[31m\x1b]0;x\x07\r\x7f\xc2\x9b2J\x9b1m\xe2\x80\xae\xe2\x81\xa6\xff\xc3("
NAMES = ["FUNCTION", "ARGUMENT", "LOCAL", "STRUCT", "MEMBER", "ENUMERATOR", "ENUMERATION", "TYPEDEF",
         "UNION", "INNER", "GLOBAL", "STATIC"]

CODE = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum nENUMERATION { nENUMERATOR = 3 };
struct nSTRUCT { int nMEMBER; const char *text; char bytes[24]; };
union nUNION { int nINNER; char c; };
typedef int nTYPEDEF;
nTYPEDEF nGLOBAL = 7;
static const char evil[] = "@EVIL@";

static int nFUNCTION(const char *nARGUMENT, struct nSTRUCT s, char c, enum nENUMERATION e)
{
	static int nSTATIC;
	union nUNION nLOCAL = {.nINNER = s.nMEMBER};
	char *block = malloc(100);
	nSTATIC += nLOCAL.nINNER; /* @RAW@ */
	strcpy(block, nARGUMENT);
	nLOCAL.nINNER += c + (int)e + nGLOBAL;
	free(block);
	return nLOCAL.nINNER + nSTATIC;
}

static void *work(void *arg)
{
	struct nSTRUCT s = {1, evil, {0}};
	prctl(PR_SET_NAME, evil);
	nFUNCTION(arg, s, (char)0x9b, nENUMERATOR);
	return NULL;
}

int main(int argc, char **argv)
{
	struct nSTRUCT s = {2, evil, {0}};
	char copy[sizeof(evil)];
	char control = 27, bell = 7;
	pthread_t t;
	memcpy(copy, evil, sizeof(evil));
	memcpy(s.bytes, evil, sizeof(s.bytes));
	int memory = memfd_create(evil, 0); /* @RAW@ */
	int file = open(argv[1], O_RDONLY);
	ftruncate(memory, 8192);
	void *a = mmap(NULL, 4096, PROT_READ, MAP_SHARED, memory, 0);
	void *b = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
	nFUNCTION(copy, s, control, nENUMERATOR);
	nFUNCTION(argv[argc - 1], s, bell, (enum nENUMERATION)99);
	pthread_create(&t, NULL, work, copy);
	pthread_join(t, NULL);
	write(1, evil, sizeof(evil));
	if (argc > 3) {
		fprintf(stderr, "waiting\n");
		pause();
	}
	return a == b || control == bell;
}
"""


def octal(data):
    return "".join(f"\\{byte:03o}" for byte in data)


def make_program(directory):
    """A program in whose path, source path and names all of EVIL is; its path."""
    folder = os.path.join(os.fsencode(directory), b"d" + EVIL + b"\n")
    os.makedirs(folder, exist_ok=True)
    source, program = os.path.join(folder, b"s" + EVIL + b".c"), os.path.join(folder, b"p" + EVIL)
    with open(source, "wb") as file:
        file.write(CODE.replace("@EVIL@", octal(EVIL)).encode().replace(b"@RAW@", EVIL))
    text = os.path.join(os.fsencode(directory), b"evil.s")
    subprocess.run(["gcc", "-g", "-O0", "-w", "-S", "-o", text, source], check=True)
    with open(text, "rb") as file:
        assembly = file.read()
    # Names in debug information; the symbols are renamed in the object file.
    escaped = octal(EVIL).encode()
    assembly = re.sub(rb'(\.string\s+")n([A-Z]+")', rb"\1" + escaped.replace(b"\\", rb"\\") + rb"\2",
                      assembly)
    with open(text, "wb") as file:
        file.write(assembly)
    obj = os.path.join(os.fsencode(directory), b"evil.o")
    subprocess.run(["gcc", "-c", "-o", obj, text], check=True)
    subprocess.run(["objcopy", b"--redefine-sym", b"nFUNCTION=" + EVIL + b"FUNCTION",
                    b"--redefine-sym", b"nGLOBAL=" + EVIL + b"GLOBAL", obj], check=True)
    subprocess.run(["gcc", "-pthread", "-o", program, obj], check=True)
    return program


def raw(data):
    """The first thing in it that a terminal would obey, or that is no UTF-8; None."""
    text = data.decode("utf-8", "surrogateescape")
    found = re.search("[\0-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\udc80-\udcff]", text)
    if not found:
        return None
    return text[max(0, found.start() - 80):found.end() + 40].encode("utf-8", "surrogateescape")
