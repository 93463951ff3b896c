/*
 * journal.c - the rollback journal stays in memory until the moment of the commit.
 *
 * What is wanted: kill -9 of the tracer at any moment leaves one file, which any sqlite3 opens,
 * even where it cannot write. WAL leaves log, -wal and -shm, always. A rollback journal is on
 * disk from the first change of a transaction on, and one is always open here; whoever opens the
 * log afterwards must be able to write, to roll it back. Without a journal (OFF, MEMORY) a kill
 * between two writes of a commit leaves a damaged file.
 *
 * So: dirty pages are kept in memory (cache_spill=OFF), and the log's file changes only while a
 * commit runs. SQLite writes its journal to memory here. Just before it overwrites the first page
 * of the log it syncs the journal (synchronous=NORMAL): then, and not before, the journal's bytes
 * go to the file that SQLite expects, and that is removed as soon as the pages are written. A
 * journal is beside the log for a fraction of a millisecond per commit; a kill right then leaves
 * both, and SQLite (with write access) or log_open() (without) takes the last commit back.
 *
 * Nothing is ever fsynced: what write(2) took survives the death of the process, and a log need not
 * survive that of the machine. Calls of a transaction, in order:
 *
 *	journal:  open, write …                          sync ┐        ┌ close, delete
 *	log:                                                  └ write … ┘
 *	on disk:  log as of the last commit              + journal       log, new
 */
#include "store/journal.h"

#include "base/buf.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECTOR = 4096 };

struct journal {
	sqlite3_vfs vfs; // first: SQLite hands back a pointer to it; its pAppData is the base's
	sqlite3_vfs *base;
	sqlite3_io_methods log_methods; // the system's, but for xSync and xWrite
	int (*write)(sqlite3_file *f, const void *from, int n, sqlite3_int64 off); // its xWrite
	int error;
	sqlite3_io_methods methods;
	char name[40];
};

/* An open journal, in the room that SQLite gives for a file. */
struct journal_file {
	sqlite3_file base;
	struct buf *bytes;
	struct journal *of;
	const char *path; // SQLite's: lives as long as the file is open
};

static struct journal_file *file_of(sqlite3_file *f)
{
	return (struct journal_file *)f;
}

static int journal_close(sqlite3_file *f)
{
	struct journal_file *file = file_of(f);
	buf_deinit(file->bytes);
	free(file->bytes);
	f->pMethods = NULL;
	return SQLITE_OK;
}

static int journal_read(sqlite3_file *f, void *to, int n, sqlite3_int64 off)
{
	const struct buf *b = file_of(f)->bytes;
	size_t at = (size_t)off, want = (size_t)n;
	size_t has = at >= b->len ? 0 : b->len - at;
	memcpy(to, b->s + (has ? at : 0), has < want ? has : want);
	if (has >= want)
		return SQLITE_OK;
	memset((char *)to + has, 0, want - has);
	return SQLITE_IOERR_SHORT_READ;
}

static int journal_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 off)
{
	struct buf *b = file_of(f)->bytes;
	size_t at = (size_t)off, len = (size_t)n;
	if (at > b->len)
		buf_pad(b, '\0', at - b->len);
	size_t inside = b->len - at < len ? b->len - at : len;
	memcpy(b->s + at, from, inside);
	buf_add(b, (const char *)from + inside, len - inside);
	return SQLITE_OK;
}

static int journal_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	struct buf *b = file_of(f)->bytes;
	if ((size_t)size < b->len)
		buf_truncate(b, (size_t)size);
	return SQLITE_OK;
}

static int failure(void)
{
	return errno == ENOSPC || errno == EDQUOT ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int write_all(int fd, const char *s, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, s, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failure();
		s += n;
		len -= (size_t)n;
	}
	return SQLITE_OK;
}

// The pages of the log are about to be overwritten.
static int journal_sync(sqlite3_file *f, int flags)
{
	const struct journal_file *file = file_of(f);
	(void)flags;
	int fd = open(file->path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
	int rc = fd < 0 ? failure() : write_all(fd, file->bytes->s, file->bytes->len);
	if (rc != SQLITE_OK)
		file->of->error = errno;
	if (fd >= 0)
		close(fd);
	return rc;
}

static int journal_size(sqlite3_file *f, sqlite3_int64 *ret)
{
	*ret = (sqlite3_int64)file_of(f)->bytes->len;
	return SQLITE_OK;
}

static int journal_lock(sqlite3_file *f, int level)
{
	(void)f;
	(void)level;
	return SQLITE_OK;
}

static int journal_reserved(sqlite3_file *f, int *ret)
{
	(void)f;
	*ret = 0;
	return SQLITE_OK;
}

static int journal_control(sqlite3_file *f, int op, void *arg)
{
	(void)f;
	(void)op;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static int journal_sector(sqlite3_file *f)
{
	(void)f;
	return SECTOR;
}

static int journal_device(sqlite3_file *f)
{
	(void)f;
	return 0;
}

static int no_sync(sqlite3_file *f, int flags)
{
	(void)f;
	(void)flags;
	return SQLITE_OK;
}

/* The log's methods are in the struct journal of its VFS. */
static int log_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 off)
{
	struct journal *j = (struct journal *)((char *)(uintptr_t)f->pMethods -
					       offsetof(struct journal, log_methods));
	int rc = j->write(f, from, n, off);
	if (rc != SQLITE_OK)
		j->error = errno;
	return rc;
}

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *ret)
{
	struct journal *j = (struct journal *)vfs;
	if (flags & SQLITE_OPEN_MAIN_JOURNAL) {
		struct journal_file *file = file_of(f);
		*file = (struct journal_file){.base.pMethods = &j->methods, .of = j, .path = path};
		file->bytes = xmalloc(sizeof(*file->bytes));
		buf_init(file->bytes);
		if (ret)
			*ret = flags;
		return SQLITE_OK;
	}
	int rc = j->base->xOpen(j->base, path, f, flags, ret);
	if (rc == SQLITE_OK && flags & SQLITE_OPEN_MAIN_DB) {
		// A file is the system's own struct, which begins with the methods: only the
		// pointer to them changes.
		j->log_methods = *f->pMethods;
		j->log_methods.xSync = no_sync;
		j->write = j->log_methods.xWrite;
		j->log_methods.xWrite = log_write;
		f->pMethods = &j->log_methods;
	}
	return rc;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
	struct journal *j = (struct journal *)vfs;
	(void)sync;
	int rc = j->base->xDelete(j->base, path, 0);
	return rc == SQLITE_IOERR_DELETE_NOENT ? SQLITE_OK : rc;
}

struct journal *journal_create(void)
{
	struct journal *j = xcalloc(1, sizeof(*j));
	j->base = sqlite3_vfs_find(NULL);
	assert(j->base);
	j->vfs = *j->base;
	snprintf(j->name, sizeof(j->name), "frametrace-%p", (void *)j);
	j->vfs.zName = j->name;
	j->vfs.pNext = NULL;
	j->vfs.xOpen = vfs_open;
	j->vfs.xDelete = vfs_delete;
	if (j->vfs.szOsFile < (int)sizeof(struct journal_file))
		j->vfs.szOsFile = (int)sizeof(struct journal_file);
	j->methods = (sqlite3_io_methods){
		.iVersion = 1,
		.xClose = journal_close,
		.xRead = journal_read,
		.xWrite = journal_write,
		.xTruncate = journal_truncate,
		.xSync = journal_sync,
		.xFileSize = journal_size,
		.xLock = journal_lock,
		.xUnlock = journal_lock,
		.xCheckReservedLock = journal_reserved,
		.xFileControl = journal_control,
		.xSectorSize = journal_sector,
		.xDeviceCharacteristics = journal_device,
	};
	sqlite3_vfs_register(&j->vfs, 0);
	return j;
}

void journal_destroy(struct journal *j)
{
	if (!j)
		return;
	sqlite3_vfs_unregister(&j->vfs);
	free(j);
}

const char *journal_vfs_name(const struct journal *j)
{
	return j->name;
}

const int *journal_error(const struct journal *j)
{
	return &j->error;
}
