/*
 * log_words.c - words of a command line that mean an event of a log, and what is said of a log.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "commands/replay.h"

static bool is_number(const char *word)
{
	return *word && strspn(word, "0123456789") == strlen(word);
}

static enum ft_rc number_of(struct log *log, const char *option, const char *word, uint64_t *ret)
{
	const struct log_info *info = log_info(log);
	errno = 0;
	uint64_t seq = strtoull(word, NULL, 10);
	if (errno || seq > info->last || seq < info->first)
		return ft_fail("%s: there is no event #%s: %s has #%" PRIu64 " to #%" PRIu64,
			       option, word, info->path, info->first, info->last);
	*ret = seq;
	return FT_OK;
}

// "#12" is what the texts of ours call an event.
enum ft_rc log_word(struct log *log, const char *option, const char *word, uint64_t *ret)
{
	const struct log_info *info = log_info(log);
	struct log_query q = {.function = word, .has_kind = true, .kind = EVENT_PUSH};
	if (info->is_empty)
		return ft_fail("%s: there are no events in %s", option, info->path);
	if (is_number(word) || (*word == '#' && is_number(word + 1)))
		return number_of(log, option, word + (*word == '#'), ret);
	enum ft_rc rc = log_find(log, &q, info->first, false, ret);
	if (rc != FT_NONE)
		return rc;
	if (strcmp(word, "last") == 0) {
		*ret = info->last;
		return FT_OK;
	}
	return ft_fail("%s: '%s' is no number of an event, and no function of that name was pushed "
		       "in %s",
		       option, word, info->path);
}

void log_say_cut(struct log *log)
{
	const struct log_info *info = log_info(log);
	if (info->dropped)
		ft_say("%s begins at event #%" PRIu64 ": the %" PRIu64 " before it were let go",
		       info->path, info->first, info->dropped);
	if (info->output_gone)
		ft_say("%s has the last part of what the program wrote: the %" PRIu64
		       " bytes before it were let go",
		       info->path, info->output_gone);
	if (info->cut) {
		struct buf why;
		buf_init(&why);
		buf_escaped(&why, info->cut, strlen(info->cut), 0);
		ft_say("%s is not whole: %s; this was all that is in it", info->path, why.s);
		buf_deinit(&why);
	}
}
