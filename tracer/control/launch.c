#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "control/private.h"

uint64_t control_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// Two pipes: `go` lets the child exec once it is seized, `failed` brings back why exec failed.
struct pipes {
	int go[2], failed[2];
};

// A pipe end must not take the place of a standard stream that the program is to find closed.
static int above_stdio(int fd)
{
	if (fd > STDERR_FILENO || fd < 0)
		return fd;
	int high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(fd);
	return high;
}

static bool pipe_open(int fd[2])
{
	if (pipe2(fd, O_CLOEXEC) != 0)
		return false;
	fd[0] = above_stdio(fd[0]);
	fd[1] = above_stdio(fd[1]);
	return fd[0] >= 0 && fd[1] >= 0;
}

static void pin_to_this_cpu(void)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	int cpu = sched_getcpu();
	CPU_SET((size_t)(cpu < 0 ? 0 : cpu), &one);
	sched_setaffinity(0, sizeof(one), &one);
}

// Runs in the child: only async-signal-safe calls.
static _Noreturn void become(const struct launch *how, const struct pipes *p)
{
	char go;
	ssize_t n;
	do
		n = read(p->go[0], &go, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(127); // the tracer is gone or could not seize us
	int error = 0;
	if (how->no_aslr) {
		int old = personality(0xffffffff);
		if (old < 0 || personality((unsigned long)old | ADDR_NO_RANDOMIZE) < 0)
			error = -errno;
	}
	if (error == 0 && how->output && !output_enter(how->output))
		error = errno;
	if (error == 0) {
		execv(how->path, how->argv);
		error = errno;
	}
	n = write(p->failed[1], &error, sizeof(error));
	_exit(n == (ssize_t)sizeof(error) ? 127 : 126);
}

static enum ft_rc exec_failure(const struct launch *how, int error)
{
	if (error < 0)
		return ft_fail("--no-aslr: personality: %s; a seccomp filter, as in a container, "
			       "may forbid it",
			       strerror(-error));
	if (error == ENOENT && access(how->path, F_OK) == 0)
		return ft_fail(
			"%s: the dynamic linker that it names is not there (readelf -p .interp "
			"%s)",
			how->path, how->path);
	return ft_fail("%s: %s", how->path, strerror(error));
}

// Up to the exec stop. What the child meets before it is ours to wait out.
static enum ft_rc await_exec(struct control *c, const struct launch *how, int failed)
{
	for (;;) {
		struct wait_result w;
		enum ft_rc rc = wait_one(c->pid, &w);
		if (rc != FT_OK)
			return rc == FT_NONE ? ft_fail("the program is gone before it began") : rc;
		if (w.kind == WAIT_EXEC)
			return FT_OK;
		if (w.kind == WAIT_EXITED || w.kind == WAIT_KILLED) {
			c->exited = true;
			int error;
			if (read(failed, &error, sizeof(error)) == (ssize_t)sizeof(error))
				return exec_failure(how, error);
			return ft_fail("%s: ended before it could be executed", how->path);
		}
		if (pt_cont(c->pid, w.kind == WAIT_SIGNAL ? w.value : 0) == FT_FAIL)
			return FT_FAIL;
	}
}

static enum ft_rc seize_and_go(struct control *c, const struct launch *how, struct pipes *p)
{
	enum ft_rc rc = pt_seize(c->pid);
	if (rc != FT_OK)
		return rc;
	close(p->failed[1]);
	p->failed[1] = -1;
	if (write(p->go[1], "g", 1) != 1)
		return ft_fail("cannot start the program: %s", strerror(errno));
	rc = await_exec(c, how, p->failed[0]);
	if (rc != FT_OK)
		return rc;
	rc = mem_open(c->pid, &c->mem);
	if (rc != FT_OK)
		return rc;
	struct thread *t = thread_add(c, c->pid, c->pid);
	t->stopped = t->announced = true;
	c->resume_tid = c->pid;
	c->stats.threads = 1;
	return FT_OK;
}

static void close_end(int fd)
{
	if (fd >= 0)
		close(fd);
}

enum ft_rc control_launch(const struct launch *how, struct control **ret)
{
	struct pipes p = {{-1, -1}, {-1, -1}};
	if (!pipe_open(p.go) || !pipe_open(p.failed))
		return ft_fail("pipe: %s", strerror(errno));
	if (how->pin)
		pin_to_this_cpu();
	struct control *c = xcalloc(1, sizeof(*c));
	sites_init(&c->sites);
	c->mem = -1;
	c->early_resume = how->early_resume;
	c->pid = fork();
	if (c->pid == 0) {
		close(p.go[1]);
		become(how, &p);
	}
	close(p.go[0]);
	p.go[0] = -1;
	serving_begin(c, how);
	job_begin(c, how);
	enum ft_rc rc = c->pid < 0 ? ft_fail("fork: %s", strerror(errno)) : FT_OK;
	if (rc == FT_OK)
		rc = seize_and_go(c, how, &p);
	for (int i = 0; i < 2; i++) {
		close_end(p.go[i]);
		close_end(p.failed[i]);
	}
	if (rc != FT_OK) {
		control_destroy(c);
		return FT_FAIL;
	}
	*ret = c;
	return FT_OK;
}
