#include "commands/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
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

static enum ft_rc refuse(const char *option, const char *path, const char *why)
{
	return ft_fail("%s %s: it is not overwritten; name another file (%s%sFILE)", path, why,
		       option, strncmp(option, "--", 2) == 0 ? "=" : " ");
}

enum ft_rc outfile_open(const char *option, const char *path, const char *used, FILE **ret)
{
	const char *why = worth_keeping(path, used);
	if (why)
		return refuse(option, path, why);
	FILE *f = fopen(path, "we");
	if (!f)
		return ft_fail("%s: %s", path, strerror(errno));
	*ret = f;
	return FT_OK;
}

// By whatever names: a link that leads nowhere yet leads there once the file has been made.
static enum ft_rc make(const char *path, const char *log, bool *ret_is_new, FILE **ret)
{
	struct stat st;
	*ret_is_new = stat(path, &st) != 0;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!f)
		return ft_fail("%s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !is_same(&st, log)) {
		*ret = f;
		return FT_OK;
	}
	fclose(f);
	return FT_NONE;
}

// Also behind links.
static void remove_made(const char *path)
{
	char *real = realpath(path, NULL);
	if (real)
		unlink(real);
	free(real);
}

enum ft_rc outfile_make(const char *option, const char *path, const char *used, const char *log,
			struct outfile *ret)
{
	struct stat st;
	bool is_log = stat(path, &st) == 0 && is_same(&st, log);
	const char *why = is_log ? "is the log of this run" : worth_keeping(path, used);
	if (why)
		return refuse(option, path, why);
	struct outfile file = {.path = path};
	enum ft_rc rc = make(path, log, &file.is_new, &file.f);
	if (rc == FT_NONE && file.is_new)
		remove_made(path);
	if (rc == FT_NONE)
		return refuse(option, path, "is the log of this run");
	if (rc == FT_OK)
		*ret = file;
	return rc;
}

enum ft_rc outfile_begin(struct outfile *file)
{
	struct stat st;
	int fd = fileno(file->f);
	bool is_file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	if (is_file && ftruncate(fd, 0) != 0)
		return ft_fail("%s: %s", file->path, strerror(errno));
	return FT_OK;
}

void outfile_give_up(struct outfile *file)
{
	fclose(file->f);
	if (file->is_new)
		remove_made(file->path);
}
