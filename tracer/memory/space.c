/*
 * space.c - reads /proc/PID/maps or smaps (proc(5)) into a list and finds what lies where.
 */
#include "memory/space.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The kernel gives whole lines per read(2), some pages at a time; there is no size to ask for. */
static enum ft_rc read_all(int fd, const char *path, char **ret, size_t *ret_len)
{
	size_t cap = 64 * 1024, len = 0;
	char *text = xmalloc(cap);

	for (;;) {
		if (len == cap)
			text = xreallocarray(text, cap *= 2, 1);
		ssize_t n = read(fd, text + len, cap - len);
		if (n > 0) {
			len += (size_t)n;
		} else if (n == 0) {
			*ret = text;
			*ret_len = len;
			return FT_OK;
		} else if (errno != EINTR) {
			int err = errno;
			free(text);
			if (err == ESRCH)
				return FT_NONE;
			return ft_fail("%s: %s", path, strerror(err));
		}
	}
}

static enum ft_rc read_file(pid_t pid, const char *name, struct space *ret)
{
	char path[64], *text = NULL;
	size_t len = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		if (errno == ENOENT || errno == ESRCH)
			return FT_NONE;
		return ft_fail("%s: %s%s", path, strerror(errno),
			       errno == EACCES || errno == EPERM
				       ? ": only its own user may look at it, or root"
				       : "");
	}
	enum ft_rc rc = read_all(fd, path, &text, &len);
	close(fd);
	if (rc != FT_OK)
		return rc;
	if (len)
		rc = space_parse(text, len, ret);
	else
		rc = FT_NONE; // a zombie: it has no address space any more
	free(text);
	return rc;
}

enum ft_rc space_read(pid_t pid, struct space *ret)
{
	return read_file(pid, "maps", ret);
}

enum ft_rc space_read_sizes(pid_t pid, struct space *ret)
{
	enum ft_rc rc = read_file(pid, "smaps", ret);
	if (rc != FT_FAIL)
		return rc;
	ft_error_clear(); // a kernel without it, or one that forbids it: maps says why if so
	return read_file(pid, "maps", ret);
}

/* A number of one line, which ends with `end`; it moves *p behind that. */
static bool parse_number(char **p, int base, char end, uint64_t *ret)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t v = 0;
	char *at = *p;

	for (;; at++) {
		const char *digit = *at ? strchr(digits, *at) : NULL;
		if (!digit || digit - digits >= base)
			break;
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(digit - digits), &v))
			return false;
	}
	if (at == *p || *at != end)
		return false;
	*p = at + 1;
	*ret = v;
	return true;
}

/* Of a path only the newline is escaped (fs/proc/task_mmu.c), as \012. Shortens in place. */
static void unescape(char *path)
{
	char *to = path;

	for (const char *from = path; *from;) {
		if (!strncmp(from, "\\012", 4)) {
			*to++ = '\n';
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

static void parse_path(char *p, struct region *ret)
{
	static const char gone[] = " (deleted)";
	size_t len = strlen(p), tail = sizeof(gone) - 1;

	ret->deleted = len > tail && !strcmp(p + len - tail, gone);
	if (ret->deleted)
		p[len - tail] = '\0';
	unescape(p);
	ret->path = p;
}

/* "555555554000-555555556000 r-xp 00002000 fe:01 1234    /usr/bin/a b" */
static bool parse_line(char *p, struct region *ret)
{
	uint64_t dev_major, dev_minor;

	*ret = (struct region){0};
	if (!parse_number(&p, 16, '-', &ret->lo) || !parse_number(&p, 16, ' ', &ret->hi))
		return false;
	if (ret->lo >= ret->hi || strnlen(p, 5) < 5 || p[4] != ' ')
		return false;
	ret->r = p[0] == 'r';
	ret->w = p[1] == 'w';
	ret->x = p[2] == 'x';
	ret->shared = p[3] == 's';
	p += 5;
	if (!parse_number(&p, 16, ' ', &ret->off) || !parse_number(&p, 16, ':', &dev_major) ||
	    !parse_number(&p, 16, ' ', &dev_minor))
		return false;
	ret->dev_major = (uint32_t)dev_major;
	ret->dev_minor = (uint32_t)dev_minor;
	size_t digits = strcspn(p, " ");
	bool has_path = p[digits] == ' ';
	if (!parse_number(&p, 10, has_path ? ' ' : '\0', &ret->inode))
		return false;
	// Padding, then everything to the end of the line is the path, spaces included.
	parse_path(has_path ? p + strspn(p, " ") : p - 1, ret);
	return true;
}

/* "Rss:                  8 kB" of smaps, for the region before it. */
static bool parse_attribute(char *p, struct region *r)
{
	static const char flags[] = "VmFlags:";
	char *colon = strchr(p, ':');

	if (*p < 'A' || *p > 'Z' || !colon || strchr(p, '-') || colon != p + strcspn(p, ": "))
		return false;
	r->has_sizes = true;
	if (!strncmp(p, flags, sizeof(flags) - 1)) {
		r->grows_down = strstr(colon, " gd");
		return true;
	}
	uint64_t kib = strtoull(colon + 1, NULL, 10);
	if (kib > UINT64_MAX / 1024)
		return false;
	if (!strncmp(p, "Rss:", 4))
		r->resident = kib * 1024;
	else if (!strncmp(p, "Swap:", 5))
		r->swapped = kib * 1024;
	else if (!strncmp(p, "KernelPageSize:", 15))
		r->page = kib * 1024;
	return true;
}

enum ft_rc space_parse(const char *text, size_t len, struct space *ret)
{
	struct space s = {.text = xstrndup(text, len)};
	size_t cap = 0, line = 0;

	for (char *p = s.text, *next; *p; p = next) {
		char *end = strchrnul(p, '\n');
		next = *end ? end + 1 : end;
		*end = '\0';
		line++;
		if (s.n && parse_attribute(p, &s.r[s.n - 1]))
			continue;
		s.r = xgrow(s.r, s.n, &cap, sizeof(*s.r));
		if (!parse_line(p, &s.r[s.n])) {
			space_deinit(&s);
			return ft_fail("maps: line %zu is not as proc(5) has it", line);
		}
		// The list is read in pieces while other threads map and protect: a mapping that
		// has grown meanwhile is told of again.
		if (s.n && s.r[s.n].lo < s.r[s.n - 1].hi)
			s.r[s.n].lo = s.r[s.n - 1].hi;
		s.n += s.r[s.n].lo < s.r[s.n].hi;
	}
	*ret = s;
	return FT_OK;
}

void space_deinit(struct space *s)
{
	free(s->r);
	free(s->text);
	*s = (struct space){0};
}

const struct region *space_at(const struct space *s, uint64_t addr)
{
	size_t lo = 0, hi = s->n;

	while (lo < hi) { // s->r[..lo) end at or below addr, s->r[hi..) begin above it
		size_t mid = lo + (hi - lo) / 2;
		if (s->r[mid].lo > addr)
			hi = mid;
		else if (s->r[mid].hi <= addr)
			lo = mid + 1;
		else
			return &s->r[mid];
	}
	return NULL;
}

bool space_goes_on(const struct space *s, size_t i)
{
	return i > 0 && s->r[i].off > s->r[i - 1].off &&
	       strcmp(s->r[i].path, s->r[i - 1].path) == 0;
}

uint64_t space_user_end(const struct space *s)
{
	const uint64_t four_levels = (1ull << 47) - 4096, five_levels = (1ull << 56) - 4096;
	bool beyond = false;
	for (size_t i = 0; i < s->n; i++)
		beyond |= s->r[i].hi > four_levels && s->r[i].hi <= five_levels;
	return beyond ? five_levels : four_levels;
}
