/*
 * fuzz_log - a trace log of any bytes: opened, checked, and asked everything that can be asked.
 *
 * The seeds are logs of one run by each version of the schema, with pages of 512 bytes (PRAGMA
 * page_size, VACUUM INTO), so that they are small. With a new version comes one more:
 * tests/replay.py asks for it, and that the older ones say the same.
 */
#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "fuzz.h"
#include "store/log.h"

enum { POSITIONS = 12 };

static enum ft_rc take(void *ctx, const struct log_item *item)
{
	uint64_t *n = ctx;
	assert(item->event || item->bytes);
	return ++*n < 10000 ? FT_OK : FT_NONE;
}

static void ask_at(struct log *log, uint64_t seq)
{
	const struct log_frame *frames;
	const struct log_block *blocks;
	const struct event_value *values;
	const struct event *ev;
	const struct store_function *fn;
	const char *s;
	size_t n, len;
	uint64_t all;

	if (log_event(log, seq, &ev) == FT_OK)
		(void)!log_function_at(log, ev->pc, &fn);
	if (log_frames(log, seq, &frames, &n) == FT_OK && n > 0) {
		uint64_t pushed = frames[n - 1].pushed_seq;
		assert(strlen(frames[n - 1].function) < SIZE_MAX);
		(void)!log_variables(log, pushed, seq, &values, &n);
	}
	(void)!log_blocks(log, seq, 100, &blocks, &n, &all);
	(void)!log_map(log, seq, &ev);
	(void)!log_output(log, seq, 1000, &s, &len);
	ft_error_clear();
}

static void search(struct log *log, uint64_t from)
{
	const struct log_query queries[] = {
		{.function = "f*"},
		{.variable = "n", .value = "2"},
		{.has_address = true, .address = 0x5555555592a0},
		{.text = "if"},
		{.file = "fib.c", .line = 11},
	};
	uint64_t seq;

	for (size_t i = 0; i < FT_COUNT(queries); i++) {
		(void)!log_find(log, &queries[i], from, false, &seq);
		(void)!log_find(log, &queries[i], from, true, &seq);
	}
	ft_error_clear();
}

static void ask(struct log *log)
{
	const struct log_info *info = log_info(log);
	const struct event *ev;
	const char *s;
	size_t len;
	uint64_t n = 0, span = info->last - info->first + 1;

	(void)!log_check(log);
	(void)!log_start(log, &ev);
	(void)!log_source(log, "fib.c", &s, &len);
	(void)!log_read(log, 0, UINT64_MAX, false, take, &n);
	(void)!log_read(log, 0, UINT64_MAX, true, take, &n);
	ft_error_clear();
	for (uint64_t i = 0; i < POSITIONS; i++)
		ask_at(log, info->first + span / POSITIONS * i);
	ask_at(log, info->last);
	ask_at(log, UINT64_MAX);
	search(log, info->first + span / 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *tmp = getenv("TMPDIR");
	char path[200];
	struct log *log;

	snprintf(path, sizeof(path), "%s/frametrace-fuzz-XXXXXX", tmp ? tmp : "/tmp");
	int fd = mkstemp(path);
	assert(fd >= 0);
	ssize_t n = write(fd, data, size);
	assert(n == (ssize_t)size);
	close(fd);
	if (log_open(path, &log) == FT_OK) {
		ask(log);
		log_close(log);
	}
	ft_error_clear();
	unlink(path);
	return 0;
}

FUZZ_MAIN
