#include "control/peek.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/ptrace.h"

enum ft_rc peek_open(pid_t pid, struct peek *ret)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ft_fail("%s: %s", path, strerror(errno));
	ret->fd = fd;
	return FT_OK;
}

void peek_close(struct peek *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

static size_t peek_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	const struct peek *p = ctx;
	return mem_read_fd(p->fd, addr, buf, len);
}

struct memory peek_memory(struct peek *p)
{
	return (struct memory){peek_read, p};
}
