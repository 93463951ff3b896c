/*
 * ptrace.h - the verbs of ptrace(2) and the process's memory (private to control/).
 *
 * Owns:     every call of ptrace(2), process_vm_readv(2) and /proc/PID/mem.
 * Gives:    one function per request. FT_NONE always means "the thread is gone" (ESRCH).
 * Never:    decides anything.
 * Lifetime: no state.
 */
#ifndef FT_PTRACE_H
#define FT_PTRACE_H

#include <signal.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "arch/x86_64.h"

/* Seizes a process that is about to exec, with all options that control/ relies on. */
FT_CHECK enum ft_rc pt_seize(pid_t pid);

enum ft_rc pt_cont(pid_t tid, int signal);
FT_CHECK enum ft_rc pt_step(pid_t tid, int signal);
FT_CHECK enum ft_rc pt_interrupt(pid_t tid);
enum ft_rc pt_listen(pid_t tid);
enum ft_rc pt_detach(pid_t tid, int signal);
FT_CHECK enum ft_rc pt_event_message(pid_t tid, unsigned long *ret);

FT_CHECK enum ft_rc pt_get_regs(pid_t tid, struct regs *ret);
FT_CHECK enum ft_rc pt_get_fp(pid_t tid, struct fp_regs *ret);
FT_CHECK enum ft_rc pt_set_rip(pid_t tid, uint64_t rip);

/* Sets general registers, eflags and orig_rax; segments and thread pointer stay. */
FT_CHECK enum ft_rc pt_set_regs(pid_t tid, const struct regs *r);

FT_CHECK enum ft_rc pt_get_siginfo(pid_t tid, siginfo_t *ret);
FT_CHECK enum ft_rc pt_set_siginfo(pid_t tid, const siginfo_t *info);

/* The signal mask in the kernel's 64-bit form. */
FT_CHECK enum ft_rc pt_get_sigmask(pid_t tid, uint64_t *ret);
FT_CHECK enum ft_rc pt_set_sigmask(pid_t tid, uint64_t mask);

/* Why the last pt_seize() was refused, in words: Yama, seccomp, a container, another tracer. */
const char *pt_denied_reason(int error);

/* A descriptor of /proc/PID/mem: it reads and writes code pages too. */
FT_CHECK enum ft_rc mem_open(pid_t pid, int *ret);
FT_CHECK enum ft_rc mem_write(int fd, uint64_t addr, const void *bytes, size_t len);

/* Leading bytes that could be read through such a descriptor, 0..len. */
size_t mem_read_fd(int fd, uint64_t addr, void *buf, size_t len);

/* One process_vm_readv of several places into one buffer; bytes read before the first fault. */
size_t mem_read_many(pid_t pid, const struct iovec *remote, size_t n, void *buf, size_t len);

#endif
