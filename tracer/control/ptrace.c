#include "control/ptrace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <unistd.h>

// The sigset size that PTRACE_GETSIGMASK demands (kernel: sizeof(sigset_t) there).
enum { KERNEL_SIGSET = 8 };

static enum ft_rc outcome(long rc, const char *request, pid_t tid)
{
	if (rc >= 0)
		return FT_OK;
	if (errno == ESRCH)
		return FT_NONE;
	return ft_fail("%s of thread %d: %s", request, (int)tid, strerror(errno));
}

enum ft_rc pt_seize(pid_t pid)
{
	long options = PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE |
		       PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXIT;
	if (ptrace(PTRACE_SEIZE, pid, 0L, options) == 0)
		return FT_OK;
	int error = errno;
	return ft_fail("cannot trace: ptrace: %s; %s", strerror(error), pt_denied_reason(error));
}

static bool seccomp_filters_us(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	if (!f)
		return false;
	char line[256];
	bool filtered = false;
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, "Seccomp:", 8) == 0)
			filtered = strchr(line, '2') != NULL;
	fclose(f);
	return filtered;
}

static int yama_scope(void)
{
	FILE *f = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	if (!f)
		return 0;
	int scope = 0;
	if (fscanf(f, "%d", &scope) != 1)
		scope = 0;
	fclose(f);
	return scope;
}

const char *pt_denied_reason(int error)
{
	if (yama_scope() >= 2)
		return "Yama forbids it: kernel.yama.ptrace_scope is 2 or 3 (ask the "
		       "administrator)";
	if (seccomp_filters_us())
		return "a seccomp filter is in force, as in a container: start it with "
		       "--cap-add=SYS_PTRACE or --security-opt seccomp=unconfined";
	if (error == EPERM)
		return "another tracer holds the process, or a security module forbids it";
	return "this kernel or sandbox has no ptrace";
}

enum ft_rc pt_cont(pid_t tid, int signal)
{
	return outcome(ptrace(PTRACE_CONT, tid, 0L, (long)signal), "PTRACE_CONT", tid);
}

enum ft_rc pt_step(pid_t tid, int signal)
{
	return outcome(ptrace(PTRACE_SINGLESTEP, tid, 0L, (long)signal), "PTRACE_SINGLESTEP", tid);
}

enum ft_rc pt_interrupt(pid_t tid)
{
	return outcome(ptrace(PTRACE_INTERRUPT, tid, 0L, 0L), "PTRACE_INTERRUPT", tid);
}

enum ft_rc pt_listen(pid_t tid)
{
	return outcome(ptrace(PTRACE_LISTEN, tid, 0L, 0L), "PTRACE_LISTEN", tid);
}

enum ft_rc pt_detach(pid_t tid, int signal)
{
	return outcome(ptrace(PTRACE_DETACH, tid, 0L, (long)signal), "PTRACE_DETACH", tid);
}

enum ft_rc pt_event_message(pid_t tid, unsigned long *ret)
{
	return outcome(ptrace(PTRACE_GETEVENTMSG, tid, 0L, ret), "PTRACE_GETEVENTMSG", tid);
}

enum ft_rc pt_get_regs(pid_t tid, struct regs *ret)
{
	struct user_regs_struct u;
	long rc = ptrace(PTRACE_GETREGS, tid, 0L, &u);
	if (rc == 0)
		arch_regs_from_user(&u, ret);
	return outcome(rc, "PTRACE_GETREGS", tid);
}

enum ft_rc pt_get_fp(pid_t tid, struct fp_regs *ret)
{
	struct user_fpregs_struct u;
	long rc = ptrace(PTRACE_GETFPREGS, tid, 0L, &u);
	if (rc == 0)
		arch_fp_from_user(&u, ret);
	return outcome(rc, "PTRACE_GETFPREGS", tid);
}

enum ft_rc pt_set_rip(pid_t tid, uint64_t rip)
{
	return outcome(ptrace(PTRACE_POKEUSER, tid, arch_user_rip_offset(), rip), "PTRACE_POKEUSER",
		       tid);
}

enum ft_rc pt_set_regs(pid_t tid, const struct regs *r)
{
	struct user_regs_struct u;
	long rc = ptrace(PTRACE_GETREGS, tid, 0L, &u);
	if (rc == 0) {
		arch_regs_to_user(r, &u);
		rc = ptrace(PTRACE_SETREGS, tid, 0L, &u);
	}
	return outcome(rc, "PTRACE_SETREGS", tid);
}

enum ft_rc pt_get_siginfo(pid_t tid, siginfo_t *ret)
{
	return outcome(ptrace(PTRACE_GETSIGINFO, tid, 0L, ret), "PTRACE_GETSIGINFO", tid);
}

enum ft_rc pt_set_siginfo(pid_t tid, const siginfo_t *info)
{
	return outcome(ptrace(PTRACE_SETSIGINFO, tid, 0L, info), "PTRACE_SETSIGINFO", tid);
}

enum ft_rc pt_get_sigmask(pid_t tid, uint64_t *ret)
{
	return outcome(ptrace(PTRACE_GETSIGMASK, tid, (long)KERNEL_SIGSET, ret),
		       "PTRACE_GETSIGMASK", tid);
}

enum ft_rc pt_set_sigmask(pid_t tid, uint64_t mask)
{
	return outcome(ptrace(PTRACE_SETSIGMASK, tid, (long)KERNEL_SIGSET, &mask),
		       "PTRACE_SETSIGMASK", tid);
}

enum ft_rc mem_open(pid_t pid, int *ret)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ESRCH))
		return FT_NONE;
	if (fd < 0)
		return ft_fail("%s: %s", path, strerror(errno));
	*ret = fd;
	return FT_OK;
}

enum ft_rc mem_write(int fd, uint64_t addr, const void *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, bytes, len, (off_t)addr);
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0 || (n < 0 && errno == ESRCH))
			return FT_NONE; // the address space is gone
		if (n < 0)
			return ft_fail("writing the program's memory at 0x%llx: %s",
				       (unsigned long long)addr, strerror(errno));
		bytes = (const char *)bytes + n;
		addr += (uint64_t)n;
		len -= (size_t)n;
	}
	return FT_OK;
}

size_t mem_read_fd(int fd, uint64_t addr, void *buf, size_t len)
{
	ssize_t got = pread(fd, buf, len, (off_t)addr);
	return got > 0 ? (size_t)got : 0;
}

size_t mem_read_many(pid_t pid, const struct iovec *remote, size_t n, void *buf, size_t len)
{
	struct iovec local = {buf, len};
	ssize_t got = process_vm_readv(pid, &local, 1, remote, n, 0);
	return got > 0 ? (size_t)got : 0;
}
