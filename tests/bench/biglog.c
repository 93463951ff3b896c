/*
 * biglog - trace logs of any length, and how long the reader takes for what people ask of them.
 *
 *	biglog write calls|deep|heap|texts N FILE
 *	biglog read FILE
 *
 * calls: N calls, most of them fib's, on two threads, with heap blocks that come and go. deep: a
 * recursion of N frames, and back. heap: N blocks that are all alive, then some that go. texts: N
 * calls whose arguments and results no other call has. The events are as the collector makes them;
 * nothing is traced. read prints a line for each question, tabs between: its name, the median and
 * the longest time that passed, the most CPU time; in ms.
 */
#include "biglog.h"

#include "store/log.h"
#include "tui/player.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ASKED = 100, SAMPLES = 201 };

_Noreturn void biglog_die(const char *what)
{
	fprintf(stderr, "biglog: %s: %s\n", what, ft_error());
	exit(1);
}

// ---- what people ask ----

struct asking {
	const char *path;
	struct log *log;
	struct player *player;
	uint64_t first, last, random;
	uint64_t block; // the address of one near the end; 0: none
};

typedef enum ft_rc (*question)(struct asking *a, uint64_t seq);

static double now_ms(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static uint64_t any_seq(struct asking *a)
{
	a->random ^= a->random << 13;
	a->random ^= a->random >> 7;
	a->random ^= a->random << 17;
	return a->first + a->random % (a->last - a->first + 1);
}

/* `expect`: what each answer has to be; FT_FAIL: whatever it is. */
static void ask(struct asking *a, const char *name, question q, unsigned times, enum ft_rc expect)
{
	double took[SAMPLES], cpu_most = 0;
	for (unsigned i = 0; i < times; i++) {
		uint64_t seq = any_seq(a);
		double begin = now_ms(CLOCK_MONOTONIC), cpu = now_ms(CLOCK_PROCESS_CPUTIME_ID);
		enum ft_rc rc = q(a, seq);
		cpu = now_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu;
		took[i] = now_ms(CLOCK_MONOTONIC) - begin;
		cpu_most = cpu > cpu_most ? cpu : cpu_most;
		if (rc == FT_FAIL || (expect != FT_FAIL && rc != expect))
			biglog_die(name);
	}
	qsort(took, times, sizeof(*took), by_size);
	printf("%s\t%.3f\t%.3f\t%.3f\n", name, took[times / 2], took[times - 1], cpu_most);
	fflush(stdout);
}

static enum ft_rc q_open(struct asking *a, uint64_t seq)
{
	const struct event *ev;
	log_close(a->log);
	a->log = NULL;
	enum ft_rc rc = log_open(a->path, &a->log);
	(void)seq;
	return rc == FT_OK ? log_event(a->log, log_info(a->log)->last, &ev) : rc;
}

static enum ft_rc q_event(struct asking *a, uint64_t seq)
{
	const struct event *ev;
	return log_event(a->log, seq, &ev);
}

static enum ft_rc q_frames(struct asking *a, uint64_t seq)
{
	const struct log_frame *f;
	size_t n;
	return log_frames(a->log, seq, &f, &n);
}

static enum ft_rc q_frames_again(struct asking *a, uint64_t seq)
{
	(void)seq;
	const struct log_frame *f;
	size_t n;
	return log_frames(a->log, a->last / 2 + a->random % 100, &f, &n);
}

static enum ft_rc q_blocks(struct asking *a, uint64_t seq)
{
	const struct log_block *b;
	size_t n;
	uint64_t all;
	return log_blocks(a->log, seq, ASKED, &b, &n, &all);
}

static enum ft_rc q_variables(struct asking *a, uint64_t seq)
{
	const struct event *ev;
	const struct event_value *v;
	size_t n;
	enum ft_rc rc = log_event(a->log, seq, &ev);
	if (rc != FT_OK)
		return rc;
	uint64_t pushed = ev->kind == EVENT_PUSH ? seq : ev->pushed_seq;
	return log_variables(a->log, pushed, seq, &v, &n);
}

static enum ft_rc q_map(struct asking *a, uint64_t seq)
{
	const struct event *ev;
	return log_map(a->log, seq, &ev);
}

static enum ft_rc find_from(struct asking *a, const struct log_query *q, uint64_t from, bool back)
{
	uint64_t seq;
	return log_find(a->log, q, from, back, &seq);
}

// Forwards from the beginning, backwards from the end: there are three in the log, far apart.
static enum ft_rc q_function(struct asking *a, uint64_t seq)
{
	struct log_query q = {.function = BIGLOG_RARE};
	return find_from(a, &q, seq & 1 ? a->first : a->last, !(seq & 1));
}

static enum ft_rc q_no_more(struct asking *a, uint64_t seq)
{
	struct log_query q = {.function = BIGLOG_RARE};
	(void)seq;
	return find_from(a, &q, a->last - a->last / 100, false);
}

static enum ft_rc q_value(struct asking *a, uint64_t seq)
{
	struct log_query q = {.value = "-23333331"};
	return find_from(a, &q, seq & 1 ? a->first : a->last, !(seq & 1));
}

static enum ft_rc q_no_value(struct asking *a, uint64_t seq)
{
	struct log_query q = {.value = "not in it"};
	(void)seq;
	return find_from(a, &q, a->first, false);
}

static enum ft_rc q_variable(struct asking *a, uint64_t seq)
{
	struct log_query q = {.variable = "seldom", .value = "3"};
	return find_from(a, &q, seq & 1 ? a->first : a->last, !(seq & 1));
}

static enum ft_rc q_part(struct asking *a, uint64_t seq)
{
	struct log_query q = {.text = "-2333333"};
	return find_from(a, &q, seq & 1 ? a->first : a->last, !(seq & 1));
}

static enum ft_rc q_no_part(struct asking *a, uint64_t seq)
{
	struct log_query q = {.text = "not in it"};
	return find_from(a, &q, seq & 1 ? a->first : a->last, !(seq & 1));
}

// The name of a type: in each event's bytes, but not in what a search looks into.
static enum ft_rc q_type(struct asking *a, uint64_t seq)
{
	struct log_query q = {.text = "long"};
	return find_from(a, &q, seq & 1 ? a->first : a->last, !(seq & 1));
}

// A counter's value: of some digits each, there is but one.
static enum ft_rc q_counter(struct asking *a, uint64_t seq)
{
	char text[24];
	struct log_query q = {.text = text};
	snprintf(text, sizeof(text), "%" PRIu64, BIGLOG_COUNTER + seq % (a->last / 2));
	return find_from(a, &q, seq & 1 ? a->first : a->last, !(seq & 1));
}

static enum ft_rc q_address(struct asking *a, uint64_t seq)
{
	struct log_query q = {.has_address = true, .address = a->block};
	(void)seq;
	return find_from(a, &q, a->first, false);
}

static enum ft_rc q_no_address(struct asking *a, uint64_t seq)
{
	struct log_query q = {.has_address = true, .address = 0xdeadbeef};
	(void)seq;
	return find_from(a, &q, a->first, false);
}

static enum ft_rc q_go(struct asking *a, uint64_t seq)
{
	return player_go(a->player, seq);
}

static enum ft_rc q_finish(struct asking *a, uint64_t seq)
{
	(void)seq;
	enum ft_rc rc = player_go(a->player, a->first + 1); // in main
	return rc == FT_OK ? player_move(a->player, PLAYER_FINISH, false, 1) : rc;
}

static enum ft_rc q_next(struct asking *a, uint64_t seq)
{
	enum ft_rc rc = player_go(a->player, seq);
	return rc == FT_OK ? player_move(a->player, PLAYER_NEXT, seq & 1, 1) : rc;
}

// Anew each time: a player remembers where it has searched.
static enum ft_rc q_continue(struct asking *a, uint64_t seq)
{
	unsigned number;
	(void)seq;
	player_destroy(a->player);
	a->player = player_create(a->log, NULL);
	enum ft_rc rc = player_start(a->player);
	if (rc == FT_OK)
		rc = player_break(a->player, BIGLOG_RARE " if n == 3", &number);
	return rc == FT_OK ? player_move(a->player, PLAYER_CONTINUE, false, 1) : rc;
}

static enum ft_rc q_reverse(struct asking *a, uint64_t seq)
{
	unsigned number;
	(void)seq;
	player_destroy(a->player);
	a->player = player_create(a->log, NULL);
	enum ft_rc rc = player_go(a->player, a->last);
	if (rc == FT_OK)
		rc = player_break(a->player, BIGLOG_RARE " if n < 3", &number);
	return rc == FT_OK ? player_move(a->player, PLAYER_CONTINUE, true, 1) : rc;
}

static void open_log(struct asking *a, const char *path)
{
	*a = (struct asking){.path = path, .random = UINT64_C(0x9e3779b97f4a7c15)};
	if (log_open(path, &a->log) != FT_OK)
		biglog_die(path);
	a->first = log_info(a->log)->first;
	a->last = log_info(a->log)->last;
}

static void ask_calls(struct asking *a)
{
	const struct log_block *b;
	size_t n;
	uint64_t all;
	if (log_blocks(a->log, a->last - 1000, 1, &b, &n, &all) != FT_OK)
		biglog_die("blocks");
	a->block = n ? b[0].address : 0;
	ask(a, "find the rare function", q_function, 11, FT_OK);
	ask(a, "find it, where there is no more", q_no_more, 11, FT_NONE);
	ask(a, "find an exact value", q_value, 11, FT_OK);
	ask(a, "find a value that is not there", q_no_value, 11, FT_NONE);
	ask(a, "find a variable's value", q_variable, 11, FT_OK);
	ask(a, "find a part of a text", q_part, 11, FT_OK);
	ask(a, "find a part that is not there", q_no_part, 11, FT_NONE);
	ask(a, "find a part that only types have", q_type, 11, FT_NONE);
	ask(a, "find an address", q_address, 11, FT_OK);
	ask(a, "find an address that is not there", q_no_address, 11, FT_NONE);
	a->player = player_create(a->log, NULL);
	ask(a, "player: go to any event", q_go, 51, FT_OK);
	ask(a, "player: next, previous", q_next, 51, FT_FAIL);
	ask(a, "player: finish of main", q_finish, 11, FT_OK);
	ask(a, "player: continue to the last quarter", q_continue, 11, FT_OK);
	ask(a, "player: reverse-continue", q_reverse, 11, FT_FAIL);
	player_destroy(a->player);
}

static int read_log(const char *path)
{
	struct log_query rare = {.function = BIGLOG_RARE}, counter = {.variable = BIGLOG_COUNTED};
	struct asking a;
	uint64_t seq;
	open_log(&a, path);
	ask(&a, "open, last event", q_open, 11, FT_OK);
	ask(&a, "any event", q_event, SAMPLES, FT_OK);
	ask(&a, "frames at any event", q_frames, 51, FT_OK);
	ask(&a, "frames, near the last answer", q_frames_again, 51, FT_OK);
	ask(&a, "100 heap blocks at any event", q_blocks, 51, FT_OK);
	ask(&a, "variables of any frame", q_variables, SAMPLES, FT_FAIL);
	ask(&a, "map at any event", q_map, SAMPLES, FT_OK);
	if (log_find(a.log, &rare, a.first, false, &seq) == FT_OK)
		ask_calls(&a);
	if (log_find(a.log, &counter, a.first, false, &seq) == FT_OK) {
		ask(&a, "find a part of a counter", q_counter, 11, FT_OK);
		ask(&a, "find a part that is not there", q_no_part, 11, FT_NONE);
	}
	log_close(a.log);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "write") == 0)
		return biglog_write(argv[2], strtoull(argv[3], NULL, 10), argv[4]);
	if (argc == 3 && strcmp(argv[1], "read") == 0)
		return read_log(argv[2]);
	fprintf(stderr, "usage: biglog write calls|deep|heap|texts N FILE, read FILE\n");
	return 2;
}
