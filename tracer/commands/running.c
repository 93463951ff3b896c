#include "commands/running.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

bool running_is_pid(const char *word)
{
	if (!*word)
		return false;
	for (; *word; word++)
		if (!isdigit((unsigned char)*word))
			return false;
	return true;
}

static enum ft_rc read_by(struct running *r, pid_t thread)
{
	peek_close(&r->peek);
	r->memory = memory_none();
	if (peek_open(thread, &r->peek) == FT_OK)
		r->memory = peek_memory(&r->peek);
	else
		ft_error_clear(); // the mappings may still be read: they say whether they may
	return regions_read(r->symbols, thread, &r->memory, &r->regions);
}

static enum ft_rc open_pid(struct running *r, const char *word)
{
	errno = 0;
	long pid = strtol(word, NULL, 10);
	if (!running_is_pid(word) || errno || pid <= 0 || pid > 1 << 30)
		return ft_fail("%s: no such process", word);
	r->pid = (pid_t)pid;
	r->symbols = symbols_create();
	enum ft_rc rc = read_by(r, r->pid);
	pid_t thread = rc == FT_NONE ? process_living_thread(r->pid) : 0;
	if (thread)
		rc = read_by(r, thread);
	r->has_regions = rc == FT_OK;
	if (rc == FT_NONE)
		return ft_fail("%s: no such process, or one without an address space (a thread "
			       "of the kernel, a zombie)",
			       word);
	return rc;
}

enum ft_rc running_open(struct running *r, const char *word)
{
	*r = (struct running){.peek = {.fd = -1}, .memory = memory_none()};
	enum ft_rc rc = open_pid(r, word);
	if (rc != FT_OK)
		running_close(r);
	return rc;
}

void running_close(struct running *r)
{
	if (r->has_regions)
		regions_deinit(&r->regions);
	r->has_regions = false;
	symbols_destroy(r->symbols);
	r->symbols = NULL;
	peek_close(&r->peek);
}
