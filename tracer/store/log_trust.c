/*
 * log_trust.c - a file from a stranger: what it must be before anything in it is believed.
 *
 * It is opened read-only; its schema must be, word for word, the one that this version makes: then
 * no trigger, no virtual table, no index of the stranger's own runs or is looked at. A query that
 * does not end (pages that lead to each other in circles) is ended by a budget of steps.
 */
#include "store/log_private.h"
#include "store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	HEADER = 100, // bytes: sqlite.org/fileformat2.html, section 1.3
	AT_PAGE = 16,
	AT_FORMATS = 18, // of writing, of reading
	AT_CHANGES = 24,
	AT_PAGES = 28,
	AT_USER_VERSION = 60,
	AT_APPLICATION = 68,
	AT_COUNTED = 92, // the change at which the pages were counted
	FORMAT_WAL = 2,
	PROGRESS = 1000,       // instructions of SQLite's machine between two looks at the budget
	STEPS_AT_LEAST = 5000, // times PROGRESS
	LONGEST = 1 << 28,     // bytes of a value
	PATIENCE = 5000,       // ms, while a writer commits
	CHUNK = 1 << 20,       // bytes that are copied at once
	MOST_PIECES = 1 << 20, // of a file, between holes
};

static const char magic[] = "SQLite format 3";

static uint32_t big_endian(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Up to HEADER bytes; -1 and errno. */
static ssize_t read_header(const char *path, uint8_t *to)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -1;
	ssize_t n = -1;
	if (fstat(fd, &st) == 0) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		if (S_ISREG(st.st_mode))
			n = read(fd, to, HEADER);
	}
	int error = errno;
	close(fd);
	errno = error;
	return n;
}

static bool is_database(const uint8_t *header, ssize_t n)
{
	return n == HEADER && memcmp(header, magic, sizeof(magic)) == 0;
}

bool log_is_one(const char *path)
{
	uint8_t header[HEADER];
	int error = errno;
	ssize_t n = read_header(path, header);
	errno = error;
	return is_database(header, n) && big_endian(header + AT_APPLICATION) == SCHEMA_APPLICATION;
}

enum ft_rc log_examine(const char *path)
{
	uint8_t header[HEADER];
	ssize_t n = read_header(path, header);
	if (n < 0 && errno == EINVAL)
		return ft_fail("%s is no regular file, so it is not a trace log", path);
	if (n < 0)
		return ft_fail("%s cannot be read: %s", path, strerror(errno));
	if (n == 0)
		return ft_fail("%s is empty: it is not a trace log", path);
	if (n >= 4 && memcmp(header, "\177ELF", 4) == 0)
		return ft_fail("%s is a program, not a trace log: 'frametrace record' makes a log "
			       "of its run",
			       path);
	if (!is_database(header, n))
		return ft_fail("%s is not a trace log", path);
	if (big_endian(header + AT_APPLICATION) != SCHEMA_APPLICATION)
		return ft_fail("%s is a database of another program, not a trace log", path);
	uint32_t version = big_endian(header + AT_USER_VERSION);
	if (version > SCHEMA_VERSION)
		return ft_fail("%s was written by a newer frametrace: its log version is %u, this "
			       "one reads up to %d; read it with that frametrace",
			       path, version, SCHEMA_VERSION);
	if (version == 0)
		return ft_fail("%s is damaged: it has no log version", path);
	return FT_OK;
}

/* ---- opening ---- */

static int on_progress(void *ctx)
{
	struct log *log = ctx;
	return ++log->steps > log->most_steps;
}

static bool has_bytes(const char *path, const char *suffix)
{
	struct stat st;
	char *beside = xasprintf("%s%s", path, suffix);
	bool has = lstat(beside, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
	free(beside);
	return has;
}

/* SQLite opens what lies beside a log: a pipe would never end, a link leads anywhere. */
static enum ft_rc check_beside(const char *path)
{
	static const char *const suffixes[] = {"-journal", "-wal", "-shm"};
	enum ft_rc rc = FT_OK;
	for (size_t i = 0; rc == FT_OK && i < FT_COUNT(suffixes); i++) {
		struct stat st;
		char *beside = xasprintf("%s%s", path, suffixes[i]);
		if (lstat(beside, &st) == 0 && !S_ISREG(st.st_mode))
			rc = ft_fail("%s is no regular file: the log beside it is not trusted",
				     beside);
		free(beside);
	}
	return rc;
}

/* From `at` on, the next piece of the file that is no hole. False: there is none, or errno. */
static bool copy_piece(int in, int out, off_t *at, char *chunk)
{
	off_t data = lseek(in, *at, SEEK_DATA);
	if (data < 0) {
		errno = errno == ENXIO ? 0 : errno;
		return false;
	}
	ssize_t n = pread(in, chunk, CHUNK, data);
	for (ssize_t done = 0; done < n;) {
		ssize_t w = pwrite(out, chunk + done, (size_t)(n - done), data + done);
		if (w < 0)
			return false;
		done += w;
	}
	errno = n < 0 ? errno : 0;
	*at = data + n;
	return n > 0;
}

/* Holes stay holes: a small file may say that it is large. */
static enum ft_rc copy_file(const char *from, const char *to)
{
	struct stat st;
	off_t at = 0;
	char *chunk = xmalloc(CHUNK);
	int in = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool good = in >= 0 && out >= 0 && fstat(in, &st) == 0 && ftruncate(out, st.st_size) == 0;
	while (good && copy_piece(in, out, &at, chunk))
		;
	good = good && errno == 0;
	int error = errno;
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	free(chunk);
	if (!good)
		return ft_fail("%s has to be copied to be read, and cannot: %s", from,
			       strerror(error));
	return FT_OK;
}

/*
 * A journal may end with the name of another file, which SQLite would delete when it has taken the
 * commit back. frametrace's own journals name none.
 */
static enum ft_rc check_journal(const char *path, const char *copy)
{
	static const uint8_t end[] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};
	uint8_t last[sizeof(end)];
	struct stat st;
	int fd = open(copy, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return FT_OK; // there is none
	bool names = fstat(fd, &st) == 0 && st.st_size >= (off_t)sizeof(end) &&
		     pread(fd, last, sizeof(last), st.st_size - (off_t)sizeof(end)) ==
			     (ssize_t)sizeof(last) &&
		     memcmp(last, end, sizeof(end)) == 0;
	close(fd);
	if (!names)
		return FT_OK;
	return ft_fail("%s-journal names another file: the log beside it is not trusted", path);
}

static void distrust(struct log *log)
{
	struct sqlite3 *db = log->q.db;
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, LONGEST);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_busy_timeout(db, PATIENCE);
	sqlite3_progress_handler(db, PROGRESS, on_progress, log);
}

static enum ft_rc open_at(struct log *log, const char *path, int flags, const char *more)
{
	struct buf uri;
	buf_init(&uri);
	buf_str(&uri, path[0] == '/' ? "file://" : "file:./");
	for (const char *p = path; *p; p++)
		if (strchr("?#%", *p))
			buf_printf(&uri, "%%%02x", (unsigned)(uint8_t)*p);
		else
			buf_char(&uri, *p);
	buf_str(&uri, more);
	int rc = sqlite3_open_v2(uri.s, &log->q.db, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
				 NULL);
	buf_deinit(&uri);
	if (rc != SQLITE_OK)
		return sql_fail_code(&log->q, rc);
	distrust(log);
	return sql_run(&log->q, "PRAGMA cell_size_check=ON");
}

/*
 * A journal beside a log: its writer was killed in the middle of a commit. What stands in the log
 * is not whole until that is taken back, and the reader does not write to other people's files: it
 * works on a copy that has no name.
 */
static enum ft_rc open_copy(struct log *log, const char *path)
{
	static const char *const suffixes[] = {"", "-journal", "-wal"};
	const char *tmp = getenv("TMPDIR");
	char *dir = xasprintf("%s/frametrace-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(dir)) {
		ft_fail("%s was cut in the middle of a write, and no copy can be made in %s: %s",
			path, tmp && *tmp ? tmp : "/tmp", strerror(errno));
		free(dir);
		return FT_FAIL;
	}
	char *copy = xasprintf("%s/log", dir);
	enum ft_rc rc = FT_OK;
	for (size_t i = 0; rc == FT_OK && i < FT_COUNT(suffixes); i++) {
		char *from = xasprintf("%s%s", path, suffixes[i]);
		char *to = xasprintf("%s%s", copy, suffixes[i]);
		if (i == 0 || has_bytes(path, suffixes[i]))
			rc = copy_file(from, to);
		free(from);
		free(to);
	}
	char *journal = xasprintf("%s-journal", copy);
	if (rc == FT_OK)
		rc = check_journal(path, journal);
	free(journal);
	if (rc == FT_OK)
		rc = open_at(log, copy, SQLITE_OPEN_READWRITE, "");
	// Reading takes the unfinished commit back; out of WAL, because its files are removed next.
	if (rc == FT_OK)
		rc = sql_run(&log->q, "PRAGMA journal_mode=DELETE; SELECT count(*) FROM "
				      "sqlite_schema; PRAGMA query_only=1");
	static const char *const leftovers[] = {"", "-journal", "-wal", "-shm"};
	for (size_t i = 0; i < FT_COUNT(leftovers); i++) {
		char *left = xasprintf("%s%s", copy, leftovers[i]);
		unlink(left);
		free(left);
	}
	rmdir(dir);
	free(copy);
	free(dir);
	return rc;
}

static bool is_wal(const char *path)
{
	uint8_t header[HEADER];
	return read_header(path, header) == HEADER &&
	       (header[AT_FORMATS] >= FORMAT_WAL || header[AT_FORMATS + 1] >= FORMAT_WAL);
}

bool log_is_locked(struct log *log)
{
	sqlite3_file *file = NULL;
	int reserved = 0;
	if (sqlite3_file_control(log->q.db, "main", SQLITE_FCNTL_FILE_POINTER, &file) ==
		    SQLITE_OK &&
	    file && file->pMethods &&
	    file->pMethods->xCheckReservedLock(file, &reserved) != SQLITE_OK)
		reserved = 0;
	return reserved;
}

/* What a file holds, its holes left out: a small one may say that it is large. */
static uint64_t data_bytes(const char *path)
{
	uint64_t sum = 0;
	off_t at = 0, end = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	for (int i = 0; fd >= 0 && i < MOST_PIECES; i++) {
		at = lseek(fd, end, SEEK_DATA);
		end = at < 0 ? -1 : lseek(fd, at, SEEK_HOLE);
		if (end <= at)
			break;
		sum += (uint64_t)(end - at);
	}
	if (fd >= 0)
		close(fd);
	return sum;
}

/* Reading all of a table takes about one instruction per byte of it. */
static void set_budget(struct log *log, const char *path)
{
	log->bytes = data_bytes(path);
	log->most_steps = STEPS_AT_LEAST + log->bytes / 100;
}

static bool can_read(const struct log *log)
{
	return sqlite3_exec(log->q.db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL) ==
	       SQLITE_OK;
}

// A copy that was not finished. In a commit, beside a journal, pages are yet to come: looked for
// after the header was read, since the commit may end meanwhile.
static enum ft_rc check_whole(const char *path)
{
	uint8_t header[HEADER];
	struct stat st;
	if (read_header(path, header) != HEADER || has_bytes(path, "-journal") ||
	    has_bytes(path, "-wal") || stat(path, &st) != 0 ||
	    big_endian(header + AT_CHANGES) != big_endian(header + AT_COUNTED))
		return FT_OK;
	uint64_t page = (uint64_t)header[AT_PAGE] << 8 | header[AT_PAGE + 1];
	uint64_t whole = big_endian(header + AT_PAGES) * (page == 1 ? 65536 : page);
	if ((uint64_t)st.st_size >= whole)
		return FT_OK;
	return ft_fail("%s is cut: %lld of its %" PRIu64 " bytes are there; copy it once more",
		       path, (long long)st.st_size, whole);
}

static enum ft_rc open_file(struct log *log, const char *path)
{
	bool wal = is_wal(path);
	if (check_beside(path) != FT_OK || check_whole(path) != FT_OK)
		return FT_FAIL;
	set_budget(log, path);
	if (wal && has_bytes(path, "-wal"))
		return open_copy(log, path);
	enum ft_rc rc = open_at(log, path, SQLITE_OPEN_READONLY, wal ? "?immutable=1" : "");
	// With a journal beside it, a writer that lives is in a commit, and SQLite has waited for
	// it; one that was killed is waited for in vain.
	if (rc != FT_OK || !has_bytes(path, "-journal") || can_read(log))
		return rc;
	sqlite3_close_v2(log->q.db);
	log->q.db = NULL;
	return open_copy(log, path);
}

// What lies beside a log lies beside the file, not beside a link that leads there.
enum ft_rc log_open_database(struct log *log, const char *path)
{
	char *file = realpath(path, NULL);
	enum ft_rc rc = open_file(log, file ? file : path);
	free(file);
	return rc;
}

/* ---- the schema ---- */

static const struct schema_thing *find_thing(const char *type, const char *name, int version)
{
	size_t n;
	const struct schema_thing *things = schema_of(&n);
	for (size_t i = 0; i < n; i++)
		if (things[i].since <= version && strcmp(things[i].type, type) == 0 &&
		    strcmp(things[i].name, name) == 0)
			return &things[i];
	return NULL;
}

static enum ft_rc compare_row(struct log *log, struct sqlite3_stmt *st, size_t *met)
{
	const char *type, *name, *sql;
	if (!sql_get_text(st, 0, &type) || !sql_get_text(st, 1, &name) ||
	    !sql_get_text(st, 2, &sql) || !type || !name)
		return sql_damaged(&log->q, "its schema cannot be read");
	if (strcmp(type, "index") == 0 && strncmp(name, "sqlite_autoindex_", 17) == 0 && !sql)
		return FT_OK;
	const struct schema_thing *t = find_thing(type, name, log->info.version);
	struct buf shown;
	buf_init(&shown);
	buf_escaped(&shown, name, strlen(name), '\'');
	enum ft_rc rc = FT_OK;
	if (!t)
		rc = ft_fail("%s has a %s '%s' that frametrace did not make: it is not trusted",
			     log->q.path, strlen(type) < 16 ? type : "thing", shown.s);
	else if (!sql || strcmp(t->sql, sql) != 0)
		rc = ft_fail("%s was written by another build of frametrace, or is damaged: its "
			     "%s '%s' is not that of log version %d here",
			     log->q.path, type, shown.s, log->info.version);
	buf_deinit(&shown);
	*met += rc == FT_OK;
	return rc;
}

/* What a log of the version has to have. */
static size_t count_things(int version)
{
	size_t n, count = 0;
	const struct schema_thing *things = schema_of(&n);
	for (size_t i = 0; i < n; i++)
		count += things[i].since <= version;
	return count;
}

/* The header said that it is one that can be read; it may be another one since. */
static enum ft_rc read_version(struct log *log)
{
	int64_t version = 0;
	enum ft_rc rc = sql_number(&log->q, "PRAGMA user_version", &version);
	if (rc == FT_FAIL)
		return rc;
	if (version < 1 || version > SCHEMA_VERSION)
		return sql_damaged(&log->q, "its log version cannot be read");
	log->info.version = (int)version;
	return FT_OK;
}

enum ft_rc log_compare_schema(struct log *log)
{
	size_t met = 0;
	struct sqlite3_stmt *st = NULL;
	if (read_version(log) != FT_OK)
		return FT_FAIL;
	enum ft_rc rc =
		sql_prepare(&log->q, "SELECT type, name, sql FROM sqlite_schema LIMIT 1000", &st);
	if (rc != FT_OK)
		return rc;
	while ((rc = sql_step(&log->q, st)) == FT_OK)
		if (compare_row(log, st, &met) != FT_OK)
			break;
	sql_finish(&st);
	if (rc != FT_NONE)
		return FT_FAIL;
	return met == count_things(log->info.version)
		       ? FT_OK
		       : sql_damaged(&log->q, "tables or views are missing");
}
