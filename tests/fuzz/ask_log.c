/*
 * ask_log - trace logs from anybody: all that can be asked of one is asked.
 *
 *	ask_log SEED FILE...   each file in a process of its own, one line of what came of it:
 *	                       "fine", "refused: WHY" or "damaged: WHY", else what killed it
 *
 * tests/log_fuzz.py makes the files, with a knowledge of SQLite's pages and of our tables that
 * fuzz_log does not have; the files may also be links, pipes, or have others beside them.
 */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "report/report.h"
#include "store/log.h"
#include "tui/player.h"

enum {
	SECONDS = 60, // of one file: a hang, not a slow machine
	STATES = 12,
	MOVES = 60,
	MOST_BLOCKS = 100,
	MIB = 2000, // of address space, without a sanitizer
};

#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

struct asking {
	struct log *log;
	uint64_t random;
	FILE *out;  // where what may hold anything goes
	FILE *told; // what is for a terminal: see on_told()
	struct reporter *text, *json, *explain;
	char *failure; // the first
	char *function, *file, *value, *variable;
	uint64_t pc, address;
};

static uint64_t any(struct asking *a)
{
	a->random ^= a->random << 13;
	a->random ^= a->random >> 7;
	a->random ^= a->random << 17;
	return a->random;
}

static void check_shown(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];
		if (c == '\n' || (c >= ' ' && c != 127))
			continue;
		fprintf(stderr, "a terminal would obey this: ");
		fwrite(bytes, 1, len, stderr);
		abort();
	}
}

/* A failure has words; what they hold is escaped when they are printed. */
static void check_words(void)
{
	const char *says = ft_error();
	assert(says && *says);
}

static void judge(struct asking *a, enum ft_rc rc)
{
	if (rc != FT_FAIL)
		return;
	check_words();
	if (!a->failure)
		a->failure = strdup(ft_error());
	ft_error_clear();
}

/* What a player is asked may be nonsense in a good log, too. */
static void judge_answer(enum ft_rc rc)
{
	if (rc != FT_FAIL)
		return;
	check_words();
	ft_error_clear();
}

static void remember(char **what, const char *s)
{
	if (!*what && s && *s)
		*what = strdup(s);
}

/* What a report says may be read on a terminal. */
static ssize_t on_told(void *ctx, const char *bytes, size_t len)
{
	(void)ctx;
	check_shown(bytes, len);
	return (ssize_t)len;
}

static void look(struct asking *a, const struct event *ev)
{
	report_event(&report_text, a->text, ev);
	report_event(&report_json, a->json, ev);
	report_event(&report_explain, a->explain, ev);
	remember(&a->function, ev->function);
	remember(&a->file, ev->file);
	if (ev->n_args > 0) {
		remember(&a->value, ev->args[0].value);
		remember(&a->variable, ev->args[0].name);
	}
	a->pc = ev->pc ? ev->pc : a->pc;
	a->address = ev->cfa ? ev->cfa : a->address;
}

static enum ft_rc see(void *ctx, const struct log_item *item)
{
	struct asking *a = ctx;
	if (item->event)
		look(a, item->event);
	else
		fwrite(item->bytes, 1, item->len, a->out);
	return FT_OK;
}

static void ask_events(struct asking *a)
{
	const struct event *ev;
	enum ft_rc rc = log_start(a->log, &ev);
	if (rc == FT_OK)
		look(a, ev);
	judge(a, rc);
	judge(a, log_read(a->log, 0, UINT64_MAX, false, see, a));
	judge(a, log_read(a->log, 0, UINT64_MAX, true, see, a));
	judge(a, log_read(a->log, any(a) % 50, any(a) % 100, any(a) & 1, see, a));
	judge(a, log_read(a->log, UINT64_MAX, 0, false, see, a));
}

static uint64_t place(struct asking *a)
{
	static const uint64_t odd[] = {0, 1, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};
	const struct log_info *info = log_info(a->log);
	uint64_t span = info->last - info->first + 1;
	if (any(a) % 8 == 0)
		return odd[any(a) % FT_COUNT(odd)];
	return info->first + (span ? any(a) % span : 0);
}

static void ask_frame(struct asking *a, const struct log_frame *f, uint64_t seq)
{
	const struct event_value *values;
	size_t n;
	uint64_t popped;
	if (f->pushed_seq == UINT64_MAX)
		return;
	enum ft_rc rc = log_variables(a->log, f->pushed_seq, seq, &values, &n);
	for (size_t i = 0; rc == FT_OK && i < n; i++)
		fprintf(a->out, "%s %s\n", values[i].name ? values[i].name : "",
			values[i].value ? values[i].value : "");
	judge(a, rc);
	judge(a, log_popped(a->log, f->pushed_seq, &popped));
}

static void ask_state(struct asking *a, uint64_t seq)
{
	const struct log_frame *frames;
	const struct log_block *blocks;
	const struct event *ev;
	const char *output;
	size_t n = 0, len;
	uint64_t all;
	enum ft_rc rc = log_frames(a->log, seq, &frames, &n);
	judge(a, rc);
	for (size_t i = 0; rc == FT_OK && i < n && i < 20; i++) {
		struct log_frame f = frames[i];
		ask_frame(a, &f, seq);
	}
	rc = log_blocks(a->log, seq, MOST_BLOCKS, &blocks, &n, &all);
	for (size_t i = 0; rc == FT_OK && i < n; i++)
		fprintf(a->out, "%s %s\n", blocks[i].call ? blocks[i].call : "",
			blocks[i].function ? blocks[i].function : "");
	judge(a, rc);
	rc = log_map(a->log, seq, &ev);
	if (rc == FT_OK)
		look(a, ev);
	judge(a, rc);
	rc = log_event(a->log, seq, &ev);
	if (rc == FT_OK)
		look(a, ev);
	judge(a, rc);
	rc = log_output(a->log, seq, any(a) % 100000, &output, &len);
	if (rc == FT_OK)
		fwrite(output, 1, len, a->out);
	judge(a, rc);
	judge(a, log_variables(a->log, seq, place(a), &(const struct event_value *){NULL}, &n));
	judge(a, log_popped(a->log, seq, &all));
}

static void show_function(struct asking *a, const struct store_function *f)
{
	fprintf(a->out, "%s %s %s\n", f->name ? f->name : "", f->symbol ? f->symbol : "",
		f->file ? f->file : "");
	for (size_t i = 0; i < f->n_insns; i++)
		fprintf(a->out, "%s %s\n", f->insns[i].text ? f->insns[i].text : "",
			f->insns[i].bytes ? f->insns[i].bytes : "");
}

static enum ft_rc see_function(void *ctx, const struct store_function *f)
{
	struct asking *a = ctx;
	remember(&a->function, f->name);
	show_function(a, f);
	return FT_OK;
}

static void ask_things(struct asking *a)
{
	const struct store_function *f;
	const char *text;
	size_t len;
	judge(a, log_functions(a->log, see_function, a));
	enum ft_rc rc = log_function_at(a->log, a->pc, &f);
	if (rc == FT_OK)
		show_function(a, f);
	judge(a, rc);
	rc = log_function(a->log, a->function ? a->function : "main", &f);
	if (rc == FT_OK)
		show_function(a, f);
	judge(a, rc);
	rc = log_source(a->log, a->file ? a->file : "a.c", &text, &len);
	if (rc == FT_OK)
		fwrite(text, 1, len, a->out);
	judge(a, rc);
}

static void ask_find(struct asking *a)
{
	const struct log_query queries[] = {
		{.function = a->function ? a->function : "main"},
		{.function = "*n*"},
		{.variable = a->variable ? a->variable : "n"},
		{.value = a->value ? a->value : "1"},
		{.has_address = true, .address = a->address},
		{.has_address = true, .address = a->pc},
		{.file = a->file ? a->file : "a.c", .line = 12},
		{.text = "i"},
		{.has_kind = true, .kind = EVENT_EXIT},
		{.value = "no such value"},
	};
	uint64_t seq;
	for (size_t i = 0; i < FT_COUNT(queries); i++) {
		judge(a, log_find(a->log, &queries[i], place(a), i & 1, &seq));
		judge(a, log_find(a->log, &queries[i], 0, false, &seq));
		judge(a, log_find(a->log, &queries[i], UINT64_MAX, true, &seq));
	}
}

static void ask_here(struct asking *a, struct player *p)
{
	static const char *const words[] = {"depth",  "frames", "function", "file",
					    "return", "blocks", "status",   "$rip",
					    "n",      "b.x",	"*p",	    "a[0]"};
	const struct event *ev;
	const struct event_value *values;
	const struct event_register *registers;
	struct player_place where;
	struct buf b;
	size_t n;
	bool holds;
	enum ft_rc rc = player_event(p, &ev);
	if (rc == FT_OK)
		look(a, ev);
	judge_answer(rc);
	player_place(p, &where);
	judge_answer(player_frame_place(p, any(a) % 3, &where));
	judge_answer(player_select(p, any(a) % 4));
	judge_answer(player_variables(p, &values, &n));
	judge_answer(player_registers(p, &registers, &n));
	judge_answer(player_check(p, "n > 1 && depth < 5", &holds));
	buf_init(&b);
	for (size_t i = 0; i < FT_COUNT(words); i++)
		judge_answer(player_value(p, words[i], &b));
	buf_deinit(&b);
}

static void ask_player(struct asking *a)
{
	static const char *const specs[] = {"main", "12",      "*0x401000",
					    "+7",   "watch n", "main if n == 3"};
	struct player *p = player_create(a->log, NULL);
	unsigned number;
	bool reaches;
	enum ft_rc rc = player_start(p);
	judge_answer(rc);
	for (size_t i = 0; rc == FT_OK && i < FT_COUNT(specs); i++)
		if (any(a) & 1) {
			enum ft_rc set = player_break(p, specs[i], &number);
			judge_answer(set);
			if (set == FT_OK)
				judge_answer(player_reaches(p, number, &reaches));
		}
	for (size_t i = 0; rc == FT_OK && i < MOVES; i++) {
		enum player_unit unit =
			(enum player_unit)(any(a) % ((uint64_t)PLAYER_CONTINUE + 1));
		judge_answer(player_move(p, unit, any(a) & 1, 1 + any(a) % 3));
		if (i % 8 == 0) {
			judge_answer(player_go(p, place(a)));
			ask_here(a, p);
		}
	}
	player_destroy(p);
}

static struct reporter *reporter(struct asking *a, const struct report_format *f)
{
	return f->open(a->told,
		       &(struct report_options){
			       .verbose = 2, .frames = true, .walk = true, .registers = true});
}

/* 0 fine, 1 refused, 2 damaged. */
static int ask_all(const char *path, uint64_t seed)
{
	struct asking a = {
		.random = seed * 2654435761 + 88172645463325252,
		.out = fopen("/dev/null", "w"),
		.told = fopencookie(NULL, "w", (cookie_io_functions_t){.write = on_told})};
	bool is_one = log_is_one(path);
	assert(a.out && a.told);
	judge(&a, log_open(path, &a.log));
	if (a.log) {
		assert(is_one);
		a.text = reporter(&a, &report_text);
		a.json = reporter(&a, &report_json);
		a.explain = reporter(&a, &report_explain);
		for (int i = 0; i < STATES / 3; i++) // before all of it was read
			ask_state(&a, place(&a));
		judge(&a, log_check(a.log));
		ask_events(&a);
		for (int i = 0; i < STATES; i++)
			ask_state(&a, place(&a));
		ask_things(&a);
		ask_find(&a);
		ask_player(&a);
		report_text.close(a.text);
		report_json.close(a.json);
		report_explain.close(a.explain);
	}
	int status = !a.log ? 1 : a.failure ? 2 : 0;
	printf("%s%s\n",
	       status == 0   ? "fine"
	       : status == 1 ? "refused: "
			     : "damaged: ",
	       a.failure ? a.failure : "");
	fclose(a.out);
	fclose(a.told);
	log_close(a.log);
	free(a.failure);
	free(a.function);
	free(a.file);
	free(a.value);
	free(a.variable);
	return status;
}

static void child(const char *path, uint64_t seed)
{
	if (!IS_SANITIZED) {
		struct rlimit most = {(rlim_t)MIB << 20, (rlim_t)MIB << 20};
		setrlimit(RLIMIT_AS, &most);
	}
	alarm(SECONDS);
	ask_all(path, seed);
	exit(0);
}

int main(int argc, char **argv)
{
	int bad = 0;
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	for (int i = 2; i < argc; i++) {
		int status = 0;
		struct rusage used;
		fflush(stdout);
		pid_t pid = fork();
		assert(pid >= 0);
		if (pid == 0)
			child(argv[i], seed);
		assert(wait4(pid, &status, 0, &used) == pid);
		if (WIFSIGNALED(status))
			printf("ended by signal %d\n", WTERMSIG(status));
		else if (WEXITSTATUS(status) != 0)
			printf("ended with status %d\n", WEXITSTATUS(status));
		bad |= status != 0;
	}
	return bad;
}
