#include "commands/record_say.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "store/log.h"

/* As a shell takes it, and a terminal too. */
static void add_file(struct buf *b, const char *file)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_./+,:=@%-";
	if (file[strspn(file, plain)] == '\0') {
		buf_str(b, file);
		return;
	}
	buf_char(b, '\'');
	buf_escaped(b, file, strlen(file), '\'');
	buf_char(b, '\'');
}

static uint64_t events_in(const char *file)
{
	struct log *log;
	if (log_open(file, &log) != FT_OK) {
		ft_error_clear();
		return 0;
	}
	const struct log_info *info = log_info(log);
	uint64_t n = info->is_empty ? 0 : info->last - info->first + 1;
	log_close(log);
	return n;
}

static void add_counts(struct buf *b, const struct record_end *e)
{
	const char *s = e->events == 1 ? "" : "s";
	if (e->lost)
		buf_printf(b, "recorded %" PRIu64 " of %" PRIu64 " event%s, ", events_in(e->file),
			   e->events, s);
	else
		buf_printf(b, "recorded %" PRIu64 " event%s (%" PRIu64 " call%s), %s", e->events, s,
			   e->calls, e->calls == 1 ? "" : "s",
			   e->ring ? "the last ones kept, " : "");
}

void record_say_end(const struct record_end *e)
{
	struct stat st;
	struct buf text;
	if (stat(e->file, &st) != 0)
		return;
	buf_init(&text);
	add_counts(&text, e);
	buf_size(&text, (uint64_t)st.st_size);
	buf_str(&text, " in ");
	add_file(&text, e->file);
	if (e->replaced)
		buf_str(&text, ", in place of an older log");
	if (e->cut)
		buf_printf(&text, ": %s", e->cut);
	else if (e->never)
		buf_printf(&text, ": all of it, %s was not called (--stop-after)", e->never);
	buf_str(&text, "; look at it: frametrace replay ");
	add_file(&text, e->file);
	buf_str(&text, ", frametrace step ");
	add_file(&text, e->file);
	ft_say("%s", text.s);
	buf_deinit(&text);
}
