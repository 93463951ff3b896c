/*
 * store_create.c - a new log: its place, its schema, what it says of itself.
 */
#include "store/frame_list.h"
#include "store/journal.h"
#include "store/log.h"
#include "store/schema.h"
#include "store/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CHUNK = FRAME_LIST_MOST, // events
	CHUNK_LEAST = 64,	 // of a ring
	CHUNK_BYTES = 1 << 10,	 // of a ring by bytes: what an event may take, about
	RESERVED_BYTE = 0x40000001,
	CHUNKS_OF_RING = 8, // a ring lets go the oldest of so many
};

// sqlite.org/fileformat2.html: sections 3, 4.1
static const uint32_t JOURNAL_MAGIC = 0xd9d505f8, WAL_MAGIC = 0x377f0682;

static const uint64_t commit_every_ns = 100000000;

/*
 * A journal that a killed writer left must not be taken for one of the new log; anything else of
 * such a name is somebody's own.
 */
static enum ft_rc remove_beside(const char *path, const char *suffix, uint32_t magic)
{
	struct stat st;
	uint8_t head[4] = {0};
	enum ft_rc rc = FT_OK;
	char *beside = xasprintf("%s%s", path, suffix);
	if (lstat(beside, &st) == 0) {
		int fd = open(beside, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		bool is_one = S_ISREG(st.st_mode) && fd >= 0 &&
			      (st.st_size == 0 || (read(fd, head, sizeof(head)) == sizeof(head) &&
						   ((uint32_t)head[0] << 24 | head[1] << 16 |
						    head[2] << 8 | (head[3] & 0xfe)) == magic));
		if (fd >= 0)
			close(fd);
		if (!is_one || unlink(beside) < 0)
			rc = ft_fail("%s is in the way of a log: remove it, or name another file "
				     "(-o FILE)",
				     beside);
	}
	free(beside);
	return rc;
}

/* A writer holds SQLite's RESERVED lock all the time: sqlite.org/fileformat2.html, section 1.4. */
static pid_t writer_of(const char *path)
{
	struct flock lock = {
		.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = RESERVED_BYTE, .l_len = 1};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	bool locked = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	close(fd);
	return locked ? lock.l_pid : 0;
}

/*
 * A link stays, the log is made where it leads. Opening it leaves to the kernel whose links may be
 * followed: proc(5), protected_symlinks.
 */
static enum ft_rc follow(const char *path, char **ret)
{
	struct stat st;
	if (lstat(path, &st) < 0 || !S_ISLNK(st.st_mode)) {
		*ret = xstrdup(path);
		return FT_OK;
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0666);
	char *real = fd < 0 ? NULL : realpath(path, NULL);
	if (!real)
		ft_fail("%s cannot be written: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (!real)
		return FT_FAIL;
	*ret = real;
	return FT_OK;
}

/* Whether there is nothing but what a log may take the place of. */
static enum ft_rc check_room(const char *path)
{
	struct stat st;
	if (stat(path, &st) < 0) {
		if (errno != ENOENT)
			return ft_fail("%s cannot be written: %s", path, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		return ft_fail("%s is %s: a log needs a file (-o FILE)", path,
			       S_ISDIR(st.st_mode) ? "a directory" : "no regular file");
	} else if (st.st_size > 0 && !log_is_one(path)) {
		return ft_fail("%s is there and is no trace log: it is not overwritten; name "
			       "another file (-o FILE)",
			       path);
	}
	pid_t writer = writer_of(path);
	if (writer)
		return ft_fail("%s is being written by process %d: name another file (-o FILE)",
			       path, (int)writer);
	return FT_OK;
}

/*
 * An older log in the place is removed, not written over: who has it open keeps it. Not while it is
 * being written: two writers would have one journal.
 */
static enum ft_rc make_room(const char *path)
{
	if (remove_beside(path, "-journal", JOURNAL_MAGIC) != FT_OK ||
	    remove_beside(path, "-wal", WAL_MAGIC) != FT_OK)
		return FT_FAIL;
	if (unlink(path) < 0 && errno != ENOENT)
		return ft_fail("%s cannot be written: %s", path, strerror(errno));
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return ft_fail("%s cannot be written: %s", path, strerror(errno));
	close(fd);
	return FT_OK;
}

static enum ft_rc open_file(struct store *s, const char *path)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	// We have one thread: no mutex, no count of memory. Too late, if SQLite is in use: no
	// matter.
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	if (!path) {
		s->q.path = xstrdup("the trace in memory");
		int rc = sqlite3_open_v2(":memory:", &s->q.db, flags, NULL);
		return rc == SQLITE_OK ? FT_OK : sql_fail_code(&s->q, rc);
	}
	s->q.path = xstrdup(path);
	if (check_room(path) != FT_OK || follow(path, &s->file) != FT_OK ||
	    make_room(s->file) != FT_OK)
		return FT_FAIL;
	s->journal = journal_create();
	s->q.error = journal_error(s->journal);
	// An absolute or relative path, never "file:…" or ":memory:".
	char *name = s->file[0] == '/' ? xstrdup(s->file) : xasprintf("./%s", s->file);
	int rc = sqlite3_open_v2(name, &s->q.db, flags, journal_vfs_name(s->journal));
	free(name);
	struct stat st;
	if (stat(path, &st) == 0) {
		s->device = st.st_dev;
		s->inode = st.st_ino;
	}
	return rc == SQLITE_OK ? FT_OK : sql_fail_code(&s->q, rc);
}

static enum ft_rc make_schema(struct store *s)
{
	size_t n;
	const struct schema_thing *things = schema_of(&n);
	char *pragmas = xasprintf("PRAGMA page_size=2048; PRAGMA cache_spill=OFF; "
				  "PRAGMA cache_size=-16000; PRAGMA synchronous=NORMAL; "
				  "PRAGMA temp_store=MEMORY; PRAGMA application_id=%d; "
				  "PRAGMA user_version=%d; BEGIN IMMEDIATE",
				  SCHEMA_APPLICATION, SCHEMA_VERSION);
	enum ft_rc rc = sql_run(&s->q, pragmas);
	free(pragmas);
	for (size_t i = 0; rc == FT_OK && i < n; i++)
		rc = sql_run(&s->q, things[i].sql);
	return rc;
}

static enum ft_rc write_holds(struct store *s, const struct store_holds *h)
{
	const struct {
		const char *name;
		bool is;
	} all[] = {
		{"locals", h->locals}, {"frames", h->frames},	{"insn", h->insn},
		{"line", h->line},     {"inlines", h->inlines}, {"registers", h->registers},
		{"heap", h->heap},     {"maps", h->maps},	{"output", h->output},
		{"walk", h->walk},
	};
	const char *names[FT_COUNT(all)];
	size_t n = 0;
	for (size_t i = 0; i < FT_COUNT(all); i++)
		if (all[i].is)
			names[n++] = all[i].name;
	return store_set_list(s, "holds", names, n);
}

static enum ft_rc write_meta(struct store *s, const struct store_options *o)
{
	size_t n = 0;
	while (o->environment && o->environment[n])
		n++;
	if (store_set_text(s, "format", "frametrace") != FT_OK ||
	    store_set_number(s, "version", SCHEMA_VERSION) != FT_OK ||
	    store_set_text(s, "writer", "frametrace " FT_VERSION) != FT_OK ||
	    store_set_text(s, "directory", o->directory) != FT_OK ||
	    store_set_list(s, "environment", o->environment, n) != FT_OK ||
	    store_set_number(s, "first", 0) != FT_OK ||
	    store_set_text(s, "state", "writing") != FT_OK)
		return FT_FAIL;
	return write_holds(s, &o->holds);
}

static size_t chunk_size(const struct store_options *o)
{
	uint64_t n = CHUNK;
	if (o->max_events && o->max_events / CHUNKS_OF_RING < n)
		n = o->max_events / CHUNKS_OF_RING;
	if (o->max_bytes && o->max_bytes / CHUNKS_OF_RING / CHUNK_BYTES < n)
		n = o->max_bytes / CHUNKS_OF_RING / CHUNK_BYTES;
	return n < CHUNK_LEAST ? CHUNK_LEAST : (size_t)n;
}

void store_destroy(struct store *s)
{
	for (size_t i = 0; i < STATEMENTS; i++)
		sql_finish(&s->statements[i]);
	sqlite3_close_v2(s->q.db);
	journal_destroy(s->journal);
	store_shapes_destroy(s->shapes);
	store_blocks_destroy(s->blocks);
	store_chunk_deinit(s);
	state_deinit(&s->state);
	codec_destroy(s->codec);
	buf_deinit(&s->output.bytes);
	free(s->stacks);
	free(s->failure);
	free(s->file);
	free(s->q.path);
	free(s);
}

enum ft_rc store_create(const struct store_options *o, struct store **ret)
{
	struct store *s = xcalloc(1, sizeof(*s));
	s->codec = codec_create();
	s->shapes = store_shapes_create();
	s->blocks = store_blocks_create();
	state_init(&s->state);
	store_chunk_init(s);
	buf_init(&s->output.bytes);
	s->chunk_events = chunk_size(o);
	s->max_events = o->max_events;
	s->max_bytes = o->max_bytes;
	s->next_item = 1;
	s->commit_every_ns = commit_every_ns;
	if (open_file(s, o->path) != FT_OK || make_schema(s) != FT_OK ||
	    write_meta(s, o) != FT_OK || store_commit(s) != FT_OK) {
		if (s->journal) // the file is ours, and nothing is in it
			unlink(s->file);
		store_destroy(s);
		return FT_FAIL;
	}
	*ret = s;
	return FT_OK;
}
