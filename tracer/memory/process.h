/*
 * process.h - what /proc tells of a process besides its address space, without stopping it.
 *
 * Owns:     /proc/PID/{stat,status,limits,comm,exe} and /proc/PID/task; /proc/cpuinfo.
 * Gives:    the threads with their names and stack pointers, the stack limit, the start of brk.
 * Never:    attaches, stops or changes anything.
 * Lifetime: a snapshot; strings live until process_deinit().
 */
#ifndef FT_PROCESS_H
#define FT_PROCESS_H

#include <sys/types.h>

#include "base/base.h"

struct process_thread {
	pid_t tid;
	char name[32]; // comm
	uint64_t sp;   // its stack pointer; 0: it runs at this moment, or we may not know
	uint64_t pc;   // where it is; 0 as above
};

struct process {
	pid_t pid;
	char *exe;		   // of /proc/PID/exe; NULL if it cannot be read
	char *name;		   // comm
	uint64_t stack_limit;	   // bytes that the main stack may take; UINT64_MAX: unlimited
	uint64_t start_brk;	   // where the brk heap begins; 0 if unknown
	uint64_t start_stack;	   // where the main stack was at exec, below argv; 0 if unknown
	uint64_t args_lo, args_hi; // the strings of argv; 0 if unknown
	uint64_t env_lo, env_hi;   // the strings of the environment; 0 if unknown
	struct process_thread *threads; // by tid; the main one first
	size_t n_threads;
};

/* Any thread's id will do. FT_NONE: no such process. What may not be read is unknown, no failure.
 */
FT_CHECK enum ft_rc process_read(pid_t pid, struct process *ret);

/*
 * A thread that still has the process's memory, where the main one has ended by itself and left it
 * to the others (pthread_exit(3)). 0: there is none.
 */
pid_t process_living_thread(pid_t pid);
void process_deinit(struct process *p);

/*
 * Whether a signal that arrives now ends the process: nothing handles or ignores it, and that is
 * what it does by itself (signal(7)). False if it is not known.
 */
bool process_dies_of(pid_t pid, int signal);

/*
 * Bits of an address that the machine looks at: 48, or 57 with five-level page tables (la57 in
 * /proc/cpuinfo). The half of the addresses that have the highest one clear are a program's.
 */
unsigned process_address_bits(void);

/* For tests: the fields of /proc/PID/stat and the soft stack limit of /proc/PID/limits. */
FT_CHECK bool process_parse_stat(const char *text, struct process *ret);
pid_t process_parse_tgid(const char *status, pid_t otherwise); // of /proc/PID/status
bool process_parse_dies_of(const char *status, int signal);
FT_CHECK bool process_parse_limits(const char *text, struct process *ret);
/* The stack pointer in a line of /proc/PID/task/TID/syscall; 0: "running". */
uint64_t process_parse_syscall(const char *text);
uint64_t process_parse_syscall_pc(const char *text); // and where it is
bool process_parse_la57(const char *cpuinfo);

#endif
