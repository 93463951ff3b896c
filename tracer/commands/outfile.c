#include "commands/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/log.h"

static bool is_same(const struct stat *st, const char *path)
{
	struct stat other;
	return path && stat(path, &other) == 0 && other.st_dev == st->st_dev &&
	       other.st_ino == st->st_ino;
}

// A file that cannot be read is judged by nothing but its place.
static bool is_elf(const char *path)
{
	char magic[4];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool is = fd >= 0 && read(fd, magic, sizeof(magic)) == sizeof(magic) &&
		  memcmp(magic, "\177ELF", sizeof(magic)) == 0;
	if (fd >= 0)
		close(fd);
	return is;
}

/* Why the file must stay as it is; NULL if it need not. Devices and pipes lose nothing. */
static const char *worth_keeping(const char *path, const char *used)
{
	struct stat st;
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	if (log_is_one(path))
		return "is a trace log";
	if (is_elf(path))
		return "is a program, or a part of one";
	return is_same(&st, used) ? "is the program itself" : NULL;
}

enum ft_rc outfile_open(const char *option, const char *path, const char *used, FILE **ret)
{
	const char *why = worth_keeping(path, used);
	if (why)
		return ft_fail("%s %s: it is not overwritten; name another file (%s FILE)", path,
			       why, option);
	FILE *f = fopen(path, "we");
	if (!f)
		return ft_fail("%s: %s", path, strerror(errno));
	*ret = f;
	return FT_OK;
}
