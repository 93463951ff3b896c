#include "memory/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 8192, THREADS_MAX = 1 << 20 };

/* A small file of /proc as a string; false if it cannot be read. */
static bool read_text(const char *path, char *buf, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	size_t done = 0;
	while (done + 1 < len) {
		ssize_t n = read(fd, buf + done, len - 1 - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	close(fd);
	buf[done] = '\0';
	return done > 0;
}

/* Fields are counted as proc(5) does, from 1; the second may hold blanks and parentheses. */
bool process_parse_stat(const char *text, struct process *ret)
{
	const char *p = strrchr(text, ')');
	if (!p)
		return false;
	uint64_t field[53] = {0};
	int n = 2;
	for (p++; *p && n < 52;) {
		p += strspn(p, " \n");
		if (!*p)
			break;
		field[++n] = strtoull(p, NULL, 10); // 3, the state, is a letter: 0
		p += strcspn(p, " \n");
	}
	ret->start_stack = field[28];
	ret->start_brk = field[47];
	ret->args_lo = field[48];
	ret->args_hi = field[49];
	ret->env_lo = field[50];
	ret->env_hi = field[51];
	return n >= 28;
}

pid_t process_parse_tgid(const char *text, pid_t otherwise)
{
	static const char key[] = "\nTgid:";
	const char *p = strstr(text, key);
	long pid = p ? strtol(p + sizeof(key) - 1, NULL, 10) : 0;
	return pid > 0 && pid <= INT_MAX ? (pid_t)pid : otherwise;
}

// A line of signals as a bit mask: "SigCgt:\t0000000000000400", bit 0 for signal 1.
static bool signal_is_in(const char *text, const char *key, int signal, bool *ret)
{
	const char *p = strstr(text, key);
	if (!p)
		return false;
	*ret = strtoull(p + strlen(key), NULL, 16) >> (signal - 1) & 1;
	return true;
}

bool process_parse_dies_of(const char *text, int signal)
{
	static const int harmless[] = {SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP,
				       SIGTTIN, SIGTTOU, SIGURG,  SIGWINCH};
	bool ignored, caught;
	for (size_t i = 0; i < FT_COUNT(harmless); i++)
		if (signal == harmless[i])
			return false;
	return signal > 0 && signal <= 64 && signal_is_in(text, "\nSigIgn:", signal, &ignored) &&
	       signal_is_in(text, "\nSigCgt:", signal, &caught) && !ignored && !caught;
}

bool process_dies_of(pid_t pid, int signal)
{
	char path[64], text[TEXT_MAX];
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	return read_text(path, text, sizeof(text)) && process_parse_dies_of(text, signal);
}

bool process_parse_limits(const char *text, struct process *ret)
{
	static const char key[] = "Max stack size";
	const char *p = strstr(text, key);
	if (!p)
		return false;
	p += sizeof(key) - 1;
	p += strspn(p, " ");
	if (strncmp(p, "unlimited", 9) == 0) {
		ret->stack_limit = UINT64_MAX;
		return true;
	}
	char *end;
	uint64_t bytes = strtoull(p, &end, 10);
	if (end == p)
		return false;
	ret->stack_limit = bytes;
	return true;
}

/*
 * "running", or "NR ARG1 … ARG6 SP PC", or "-1 SP PC" (proc(5)): the word that many from the end.
 */
static uint64_t word_from_end(const char *text, int n)
{
	const char *end = text + strcspn(text, "\n");
	for (;; n--) {
		while (end > text && end[-1] == ' ')
			end--;
		const char *word = end;
		while (word > text && word[-1] != ' ')
			word--;
		if (word == text)
			return 0; // the first one is no address
		if (n == 0)
			return strncmp(word, "0x", 2) == 0 ? strtoull(word, NULL, 16) : 0;
		end = word;
	}
}

uint64_t process_parse_syscall(const char *text)
{
	return word_from_end(text, 1);
}

uint64_t process_parse_syscall_pc(const char *text)
{
	return word_from_end(text, 0);
}

bool process_parse_la57(const char *text)
{
	const char *line = strncmp(text, "flags", 5) == 0 ? text : strstr(text, "\nflags");
	const char *end = line ? strchrnul(line + 1, '\n') : NULL;
	const char *flag = line ? strstr(line, " la57") : NULL;
	return flag && flag < end && (flag[5] == ' ' || flag[5] == '\n' || flag[5] == '\0');
}

unsigned process_address_bits(void)
{
	char text[TEXT_MAX]; // the first processor's flags are within the first two KiB
	return read_text("/proc/cpuinfo", text, sizeof(text)) && process_parse_la57(text) ? 57 : 48;
}

static void read_name(const char *path, char *ret, size_t len)
{
	if (!read_text(path, ret, len))
		ret[0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
}

static void read_thread(pid_t pid, struct process_thread *t)
{
	char path[96], text[512];
	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", (int)pid, (int)t->tid);
	read_name(path, t->name, sizeof(t->name));
	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", (int)pid, (int)t->tid);
	if (!read_text(path, text, sizeof(text)))
		return;
	t->sp = process_parse_syscall(text);
	t->pc = t->sp ? process_parse_syscall_pc(text) : 0;
}

static int by_tid(const void *a, const void *b)
{
	const struct process_thread *x = a, *y = b;
	return x->tid < y->tid ? -1 : x->tid > y->tid;
}

static void read_threads(struct process *p)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/task", (int)p->pid);
	DIR *d = opendir(path);
	size_t cap = 0;
	for (struct dirent *e; d && p->n_threads < THREADS_MAX && (e = readdir(d));) {
		pid_t tid = (pid_t)strtol(e->d_name, NULL, 10);
		if (tid <= 0)
			continue;
		p->threads = xgrow(p->threads, p->n_threads, &cap, sizeof(*p->threads));
		p->threads[p->n_threads] = (struct process_thread){.tid = tid};
		read_thread(p->pid, &p->threads[p->n_threads++]);
	}
	if (d)
		closedir(d);
	if (p->n_threads > 1)
		qsort(p->threads, p->n_threads, sizeof(*p->threads), by_tid);
	for (size_t i = 1; i < p->n_threads; i++) { // the main thread first
		if (p->threads[i].tid != p->pid)
			continue;
		struct process_thread main = p->threads[i];
		memmove(p->threads + 1, p->threads, i * sizeof(*p->threads));
		p->threads[0] = main;
	}
}

pid_t process_living_thread(pid_t pid)
{
	char path[96], text[64];
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *d = opendir(path);
	pid_t found = 0;
	for (struct dirent *e; d && !found && (e = readdir(d));) {
		pid_t tid = (pid_t)strtol(e->d_name, NULL, 10);
		snprintf(path, sizeof(path), "/proc/%d/maps", (int)tid);
		if (tid > 0 && read_text(path, text, sizeof(text)))
			found = tid;
	}
	if (d)
		closedir(d);
	return found;
}

enum ft_rc process_read(pid_t pid, struct process *ret)
{
	char path[64], text[TEXT_MAX];
	struct process p = {.pid = pid, .stack_limit = UINT64_MAX};
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (!read_text(path, text, sizeof(text)))
		return FT_NONE;
	if (!process_parse_stat(text, &p))
		return ft_fail("%s is not as proc(5) has it", path);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (read_text(path, text, sizeof(text)))
		p.pid = process_parse_tgid(text, pid);
	snprintf(path, sizeof(path), "/proc/%d/limits", (int)pid);
	if (read_text(path, text, sizeof(text)) && !process_parse_limits(text, &p))
		p.stack_limit = UINT64_MAX;
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	read_name(path, text, 32);
	p.name = xstrdup(text);
	char exe[PATH_MAX];
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	ssize_t n = readlink(path, exe, sizeof(exe));
	if (n > 0)
		p.exe = xstrndup(exe, (size_t)n);
	read_threads(&p);
	*ret = p;
	return FT_OK;
}

void process_deinit(struct process *p)
{
	free(p->exe);
	free(p->name);
	free(p->threads);
	*p = (struct process){0};
}
