/*
 * test_player.c - moves over hand-made runs in a log in memory, without a process: each unit in
 * both directions, against a model that knows all stacks at all events and searches one by one.
 */
#include "test.h"

#include "base/base.h"
#include "tui/player.h"

enum { MAX_EVENTS = 700, MAX_FRAMES = 12, THREADS = 3, FUNCTIONS = 6 };

static const char *const names[FUNCTIONS] = {"main",	  "ns::work", "fib",
					     "no_source", "handler",  "other::fib"};
static const uint32_t first_line[FUNCTIONS] = {10, 20, 30, 0, 50, 60};

struct frame {
	uint64_t pushed, cfa, stack_top;
	int function;
	long n; // its only variable
};

struct stack {
	struct frame f[MAX_FRAMES];
	size_t n;
};

/* A run and all that is true after each of its events. */
struct run {
	struct event ev[MAX_EVENTS];
	struct stack after[MAX_EVENTS][THREADS];
	struct event_value arg[MAX_EVENTS];
	struct event_change change[MAX_EVENTS];
	char text[MAX_EVENTS][24], old[MAX_EVENTS][24];
	size_t n, fed; // fed: events that the store has
	bool lines, insns;
	struct store *store;
	struct log *log;
	uint32_t random;
};

static uint32_t pick(struct run *r, uint32_t below)
{
	r->random = r->random * 1664525u + 1013904223u;
	return (r->random >> 8) % below;
}

static void ok(enum ft_rc rc)
{
	if (rc == FT_OK)
		return;
	printf("# failed: %s\n", ft_error());
	abort();
}

// ---- making a run ----

static struct event *add(struct run *r, enum event_kind kind, int thread)
{
	uint64_t seq = r->n++;
	struct event *ev = &r->ev[seq];
	*ev = (struct event){
		.kind = kind, .seq = seq, .pid = 100, .tid = 100 + thread, .time_ns = seq * 10};
	if (seq > 0)
		memcpy(r->after[seq], r->after[seq - 1], sizeof(r->after[0]));
	return ev;
}

static void tell_frame(struct event *ev, const struct frame *f, size_t depth)
{
	bool source = first_line[f->function] != 0;
	ev->function = names[f->function];
	ev->module = "prog";
	ev->file = source ? "/src/prog.c" : NULL;
	ev->line = first_line[f->function];
	ev->cfa = f->cfa;
	ev->depth = (uint32_t)depth;
	ev->pushed_seq = f->pushed;
	ev->pc = 0x1000 + (uint64_t)f->function * 0x100;
}

static struct stack *now(struct run *r, int thread)
{
	return &r->after[r->n - 1][thread];
}

static void value(struct run *r, struct event_value *v, uint64_t seq, long n)
{
	snprintf(r->text[seq], sizeof(r->text[seq]), "%ld", n);
	*v = (struct event_value){
		.name = "n", .type = "long", .value = r->text[seq], .known = true, .size = 8};
}

static void push(struct run *r, int thread, int function, bool other_stack)
{
	struct event *ev = add(r, EVENT_PUSH, thread);
	struct stack *s = now(r, thread);
	uint64_t top = 0x70000000u * (uint64_t)(thread + 1) + (other_stack ? 0x1000000u : 0);
	bool fresh = s->n == 0 || s->f[s->n - 1].stack_top != top;
	struct frame f = {
		.pushed = ev->seq,
		.stack_top = top,
		.cfa = fresh ? top - 64 : s->f[s->n - 1].cfa - 32 - 16 * pick(r, 3),
		.function = function,
		.n = (long)pick(r, 4),
	};
	size_t depth = 0;
	for (size_t i = 0; i < s->n; i++)
		depth += s->f[i].stack_top == top;
	if (s->n > 0) {
		ev->caller = names[s->f[s->n - 1].function];
		ev->caller_file = "/src/prog.c";
		ev->caller_line = first_line[s->f[s->n - 1].function] + 1;
	}
	tell_frame(ev, &f, depth);
	ev->rsp = f.cfa - 16;
	ev->delta = -16;
	ev->delta_known = true;
	ev->stack_top = top;
	ev->args_known = true;
	value(r, &r->arg[ev->seq], ev->seq, f.n);
	ev->args = &r->arg[ev->seq];
	ev->n_args = 1;
	s->f[s->n++] = f;
}

static void in_frame(struct run *r, enum event_kind kind, int thread, uint32_t line, bool prologue)
{
	struct event *ev = add(r, kind, thread);
	struct stack *s = now(r, thread);
	struct frame *f = &s->f[s->n - 1];
	size_t depth = 0;
	for (size_t i = 0; i + 1 < s->n; i++)
		depth += s->f[i].stack_top == f->stack_top;
	tell_frame(ev, f, depth);
	ev->line = line;
	ev->pc += prologue ? 0 : (line - first_line[f->function]) * 4;
	ev->text = kind == EVENT_LINE ? "text" : NULL;
	ev->in_prologue = prologue;
	ev->insn = kind == EVENT_INSN ? "push rbp" : NULL;
	ev->delta_known = true;
	if (kind != EVENT_CHANGE)
		return;
	snprintf(r->old[ev->seq], sizeof(r->old[0]), "%ld", f->n);
	f->n = (long)pick(r, 4) + 1 + f->n;
	value(r, &r->change[ev->seq].now, ev->seq, f->n);
	r->change[ev->seq].old = r->old[ev->seq];
	ev->changes = &r->change[ev->seq];
	ev->n_changes = 1;
}

static void pop(struct run *r, int thread, enum pop_how how)
{
	struct event *ev = add(r, EVENT_POP, thread);
	struct stack *s = now(r, thread);
	struct frame f = s->f[--s->n];
	size_t depth = 0;
	for (size_t i = 0; i < s->n; i++)
		depth += s->f[i].stack_top == f.stack_top;
	tell_frame(ev, &f, depth);
	ev->stack_top = f.stack_top;
	ev->rsp = f.cfa;
	ev->how = how;
	ev->delta = 16;
	ev->delta_known = true;
	value(r, &r->arg[ev->seq], ev->seq, f.n);
	ev->locals = &r->arg[ev->seq];
	ev->n_locals = 1;
	ev->has_return = how == POP_RETURN;
	ev->returned = r->arg[ev->seq];
	ev->returned.name = "";
	if (s->n > 0) {
		ev->caller = names[s->f[s->n - 1].function];
		ev->caller_file = "/src/prog.c";
		ev->caller_line = first_line[s->f[s->n - 1].function] + 1;
	}
}

// A push as the collector tells it: the prologue's instructions behind it, then the first line.
static void call(struct run *r, int thread)
{
	struct stack *s = now(r, thread);
	bool other = s->n > 0 && s->n + 2 < MAX_FRAMES && pick(r, 12) == 0;
	int function = s->n == 0 ? 0 : other ? 4 : (int)pick(r, FUNCTIONS);
	push(r, thread, function, other || (s->n > 0 && s->f[s->n - 1].stack_top & 0x1000000u));
	for (uint32_t i = r->insns ? pick(r, 3) : 0; i > 0; i--)
		in_frame(r, EVENT_INSN, thread, first_line[function], true);
	if (r->lines && first_line[function] && pick(r, 4) != 0)
		in_frame(r, EVENT_LINE, thread, first_line[function], false);
}

static void inside(struct run *r, int thread)
{
	struct stack *s = now(r, thread);
	uint32_t from = first_line[s->f[s->n - 1].function];
	switch (pick(r, 8)) {
	case 0:
		add(r, EVENT_NOTE, thread)->text = "a note";
		break;
	case 1:
		if (r->insns)
			in_frame(r, EVENT_INSN, thread, from, false);
		break;
	case 2:
		if (r->lines && from)
			in_frame(r, EVENT_CHANGE, thread, from + 1, false);
		break;
	case 3:
		if (pick(r, 4) == 0) {
			struct event *ev = add(r, EVENT_SIGNAL, thread);
			ev->signal = 10;
			ev->signal_name = pick(r, 2) ? "SIGUSR1" : "SIGALRM";
		}
		break;
	default:
		if (r->lines && from)
			in_frame(r, EVENT_LINE, thread, from + pick(r, 8), false);
	}
}

static void make(struct run *r, uint32_t seed, bool lines, bool insns)
{
	memset(r, 0, sizeof(*r));
	r->random = seed;
	r->lines = lines;
	r->insns = insns;
	push(r, 0, 0, false);
	while (r->n + 40 < MAX_EVENTS) {
		int thread = pick(r, 3) ? (int)(r->n / 50 % THREADS) : (int)pick(r, THREADS);
		struct stack *s = now(r, thread);
		uint32_t what = pick(r, 20);
		if (s->n == 0 || (what < 4 && s->n + 1 < MAX_FRAMES)) {
			call(r, thread);
		} else if (what < 8) {
			pop(r, thread, POP_RETURN);
		} else if (what == 8) {
			for (uint32_t k = 1 + pick(r, 3); k > 0 && now(r, thread)->n > 0; k--)
				pop(r, thread, POP_UNWOUND);
		} else if (what == 9 && s->n > 1) {
			pop(r, thread, POP_TAIL_CALL);
			call(r, thread);
		} else {
			inside(r, thread);
		}
	}
	static const struct event_summary none;
	struct event *last = add(r, EVENT_EXIT, 0);
	last->status = 3;
	last->summary = &none;
}

static void feed(struct run *r, size_t n)
{
	for (; n > 0 && r->fed < r->n; n--)
		ok(store_event(r->store, &r->ev[r->fed++]));
}

static void open_log(struct run *r)
{
	struct store_options o = {.holds = {.line = r->lines, .insn = r->insns, .locals = true}};
	static const char *const argv[] = {"prog"};
	struct event start = {.kind = EVENT_START,
			      .pid = 100,
			      .tid = 100,
			      .program = "/prog",
			      .argv = argv,
			      .argc = 1};
	ok(store_create(&o, &r->store));
	ok(store_event(r->store, &start));
	ok(log_of(r->store, &r->log));
}

static void close_log(struct run *r)
{
	log_close(r->log);
	ok(store_close(r->store, NULL));
}

static enum ft_rc more(void *ctx)
{
	struct run *r = ctx;
	if (r->fed == r->n)
		return FT_NONE;
	feed(r, 1 + pick(r, 3));
	return FT_OK;
}

// ---- the model ----

struct model {
	const struct run *r;
	bool (*stops)(const struct run *r, uint64_t seq);
};

static bool is_signal(const struct run *r, uint64_t s)
{
	return r->ev[s].kind == EVENT_SIGNAL && strcmp(r->ev[s].signal_name, "SIGUSR1") == 0;
}

static const struct stack *stack_of(const struct run *r, uint64_t s, int tid)
{
	return &r->after[s][tid - 100];
}

static const struct frame *top_of(const struct run *r, uint64_t s, int tid)
{
	const struct stack *k = stack_of(r, s, tid);
	return k->n > 0 ? &k->f[k->n - 1] : NULL;
}

static bool has_frame(const struct run *r, uint64_t s, int tid, uint64_t pushed)
{
	const struct stack *k = stack_of(r, s, tid);
	for (size_t i = 0; i < k->n; i++)
		if (k->f[i].pushed == pushed)
			return true;
	return false;
}

static bool is_flow(const struct event *ev)
{
	return ev->kind == EVENT_PUSH || ev->kind == EVENT_POP;
}

// The line of a frame's first instruction is no step from its push.
static bool is_same_instant(const struct run *r, uint64_t at, uint64_t s)
{
	int tid = r->ev[at].tid;
	const struct frame *f = top_of(r, at, tid);
	if (!f || r->ev[s].kind != EVENT_LINE || r->ev[s].cfa != f->cfa ||
	    r->ev[s].pc != r->ev[f->pushed].pc || r->ev[s].tid != tid)
		return false;
	if (r->ev[at].kind != EVENT_PUSH &&
	    (r->ev[at].kind != EVENT_INSN || !r->ev[at].in_prologue))
		return false;
	for (uint64_t i = f->pushed + 1; i < s; i++)
		if (r->ev[i].tid == tid && (r->ev[i].kind != EVENT_INSN || !r->ev[i].in_prologue))
			return false;
	return true;
}

struct goal {
	bool found;
	uint64_t seq;
};

static bool goes_by_lines(const struct run *r, uint64_t at)
{
	const struct frame *f = top_of(r, at, r->ev[at].tid);
	return r->lines && (!f || first_line[f->function] != 0);
}

static struct goal model_step(const struct model *m, uint64_t at, enum player_unit unit)
{
	const struct run *r = m->r;
	int tid = r->ev[at].tid;
	bool any = stack_of(r, at, tid)->n == 0;
	for (uint64_t s = at + 1; s < r->n; s++) {
		const struct event *ev = &r->ev[s];
		if (m->stops(r, s))
			return (struct goal){true, s};
		if (!any && ev->tid != tid)
			continue;
		bool last = !any && ev->kind == EVENT_POP && stack_of(r, s, tid)->n == 0;
		if (unit == PLAYER_INSN && r->insns) {
			if (ev->kind == EVENT_INSN || last)
				return (struct goal){true, s};
			continue;
		}
		if ((ev->kind == EVENT_LINE && !is_same_instant(r, at, s)) || last ||
		    (is_flow(ev) && !goes_by_lines(r, at)))
			return (struct goal){true, s};
	}
	return (struct goal){false, 0};
}

static struct goal model_step_back(const struct model *m, uint64_t at, enum player_unit unit)
{
	const struct run *r = m->r;
	int tid = r->ev[at].tid;
	size_t frames = stack_of(r, at, tid)->n;
	bool any = frames == 0 || (frames == 1 && r->ev[at].kind == EVENT_PUSH);
	for (uint64_t s = at; s-- > 0;) {
		const struct event *ev = &r->ev[s];
		if (m->stops(r, s))
			return (struct goal){true, s};
		if (!any && ev->tid != tid)
			continue;
		bool first = !any && ev->kind == EVENT_PUSH && stack_of(r, s, tid)->n == 1;
		if (unit == PLAYER_INSN && r->insns) {
			if (ev->kind == EVENT_INSN || first)
				return (struct goal){true, s};
			continue;
		}
		if (ev->kind == EVENT_LINE || first || (is_flow(ev) && !goes_by_lines(r, at)))
			return (struct goal){true, s};
	}
	return (struct goal){false, 0};
}

static struct goal model_next(const struct model *m, uint64_t at, bool until)
{
	const struct run *r = m->r;
	int tid = r->ev[at].tid;
	const struct stack *k = stack_of(r, at, tid);
	size_t i = k->n;
	if (i == 0)
		return model_step(m, at, PLAYER_STEP);
	bool lines = goes_by_lines(r, at);
	const struct event *here = &r->ev[at];
	for (uint64_t s = at + 1; s < r->n; s++) {
		const struct event *ev = &r->ev[s];
		const struct frame *top = top_of(r, s, tid);
		if (m->stops(r, s))
			return (struct goal){true, s};
		if (ev->tid != tid)
			continue;
		bool beyond = !until || i != k->n || ev->pc > here->pc;
		if (ev->kind == EVENT_LINE && top->pushed == k->f[i - 1].pushed && beyond &&
		    !is_same_instant(r, at, s))
			return (struct goal){true, s};
		bool gone = !has_frame(r, s, tid, k->f[i - 1].pushed);
		if (gone && (--i == 0 || !lines))
			return (struct goal){true, s};
		if (!gone && !lines && ev->kind == EVENT_POP && top->pushed == k->f[i - 1].pushed)
			return (struct goal){true, s};
	}
	return (struct goal){false, 0};
}

static struct goal model_next_back(const struct model *m, uint64_t at, bool until)
{
	const struct run *r = m->r;
	int tid = r->ev[at].tid;
	const struct stack *k = stack_of(r, at, tid);
	bool lines = goes_by_lines(r, at);
	size_t i = k->n;
	if (i > 0 && r->ev[at].kind == EVENT_PUSH)
		i--;
	if (i == 0)
		return model_step_back(m, at, PLAYER_STEP);
	for (uint64_t s = at; s-- > 0;) {
		const struct event *ev = &r->ev[s];
		const struct frame *top = top_of(r, s, tid);
		if (m->stops(r, s))
			return (struct goal){true, s};
		if (ev->tid != tid)
			continue;
		bool here = top && top->pushed == k->f[i - 1].pushed;
		bool beyond = !until || i != k->n || ev->pc < r->ev[at].pc;
		if (ev->kind == EVENT_LINE && !beyond)
			continue;
		if (here && (ev->kind == EVENT_LINE || (ev->kind == EVENT_POP && !lines)))
			return (struct goal){true, s};
		if (s == k->f[i - 1].pushed && (i == 1 || !lines))
			return (struct goal){true, s};
		i -= s == k->f[i - 1].pushed;
	}
	return (struct goal){false, 0};
}

static struct goal model_finish(const struct model *m, uint64_t at, bool back)
{
	const struct run *r = m->r;
	int tid = r->ev[at].tid;
	const struct stack *k = stack_of(r, at, tid);
	uint64_t pushed = k->f[k->n - 1].pushed;
	for (uint64_t s = at + 1; s < r->n && !back; s++)
		if (m->stops(r, s) || !has_frame(r, s, tid, pushed))
			return (struct goal){true, s};
	for (uint64_t s = at; s-- > 0 && back;) {
		bool caller = s < pushed && r->ev[s].tid == tid;
		if (m->stops(r, s) && s != pushed)
			return (struct goal){true, s};
		if (k->n > 1 ? caller : s == pushed)
			return (struct goal){true, s};
	}
	return (struct goal){false, 0};
}

static struct goal model_kind(const struct model *m, uint64_t at, bool back, int kind)
{
	const struct run *r = m->r;
	for (uint64_t s = at; back ? s-- > 0 : ++s < r->n;)
		if (m->stops(r, s) || kind == -2 || (kind >= 0 && (int)r->ev[s].kind == kind))
			return (struct goal){true, s};
	return (struct goal){false, 0};
}

static struct goal model_move(const struct model *m, uint64_t at, enum player_unit unit, bool back)
{
	switch (unit) {
	case PLAYER_EVENT:
		return model_kind(m, at, back, -2);
	case PLAYER_INSN:
	case PLAYER_STEP:
		return back ? model_step_back(m, at, unit) : model_step(m, at, unit);
	case PLAYER_NEXT:
		return back ? model_next_back(m, at, false) : model_next(m, at, false);
	case PLAYER_UNTIL:
		return back ? model_next_back(m, at, true) : model_next(m, at, true);
	case PLAYER_CALL:
		return model_kind(m, at, back, EVENT_PUSH);
	case PLAYER_RETURN:
		return model_kind(m, at, back, EVENT_POP);
	case PLAYER_FINISH:
		return model_finish(m, at, back);
	case PLAYER_CONTINUE:
		return model_kind(m, at, back, -1);
	}
	abort();
}

// ---- the player against the model ----

static const struct {
	enum player_unit unit;
	const char *name;
} units[] = {
	{PLAYER_EVENT, "event"},   {PLAYER_INSN, "insn"},   {PLAYER_STEP, "step"},
	{PLAYER_NEXT, "next"},	   {PLAYER_CALL, "call"},   {PLAYER_RETURN, "return"},
	{PLAYER_FINISH, "finish"}, {PLAYER_UNTIL, "until"}, {PLAYER_CONTINUE, "continue"},
};

// Whether the unit means something there.
static bool applies(const struct run *r, uint64_t at, enum player_unit unit, bool back)
{
	size_t frames = stack_of(r, at, r->ev[at].tid)->n;
	if (unit == PLAYER_UNTIL) // from other events the line is known by other means
		return r->ev[at].kind == EVENT_LINE;
	if (unit != PLAYER_FINISH)
		return true;
	return frames > 1 || (frames == 1 && !(back && r->ev[at].kind == EVENT_PUSH));
}

static void compare(struct player *p, const struct model *m, size_t i, bool back)
{
	const struct run *r = m->r;
	uint64_t at = player_at(p), end = back ? 0 : r->n - 1;
	if (!applies(r, at, units[i].unit, back))
		return;
	struct goal want = model_move(m, at, units[i].unit, back);
	enum ft_rc rc = player_move(p, units[i].unit, back, 1);
	bool lines = units[i].unit == PLAYER_STEP || units[i].unit == PLAYER_NEXT ||
		     units[i].unit == PLAYER_UNTIL;
	if (back && lines && want.found && want.seq == 0 && !m->stops(r, 0))
		want.found = false;
	uint64_t goal = want.found ? want.seq : end;
	if (rc != (want.found ? FT_OK : FT_NONE) || player_at(p) != goal)
		test_fail(__FILE__, __LINE__, "%s%s from %d: rc %d at %d, not rc %d at %d (%s)",
			  back ? "reverse " : "", units[i].name, (int)at, (int)rc,
			  (int)player_at(p), want.found ? 0 : 1, (int)goal, player_why(p));
}

static void compare_recorded(struct run *r, const struct model *m, struct player *p)
{
	for (unsigned i = 0; i < 25; i++) {
		uint64_t at = pick(r, (uint32_t)r->n);
		for (size_t u = 0; u < FT_COUNT(units); u++) {
			for (int back = 0; back < 2; back++) {
				ok(player_go(p, at));
				compare(p, m, u, back);
			}
		}
	}
}

static void with_run(uint32_t seed, void (*test)(struct run *r))
{
	struct run *r = xcalloc(1, sizeof(*r));
	make(r, seed, seed % 3 != 2, seed % 2 == 0);
	open_log(r);
	test(r);
	close_log(r);
	free(r);
}

static void recorded(struct run *r)
{
	struct model m = {r, is_signal};
	feed(r, r->n);
	struct player *p = player_create(r->log, NULL);
	compare_recorded(r, &m, p);
	player_destroy(p);
}

TEST(every_unit_as_the_model_in_recorded_runs)
{
	for (uint32_t seed = 1; seed < 25; seed++)
		with_run(seed, recorded);
}

static void live(struct run *r)
{
	struct model m = {r, is_signal};
	struct player_live l = {more, r};
	struct player *p = player_create(r->log, &l);
	ok(player_start(p));
	CHECK_EQ_U(player_at(p), 0);
	CHECK(player_is_live(p));
	while (player_at(p) + 1 < r->n) {
		compare(p, &m, pick(r, FT_COUNT(units) - 1), pick(r, 4) == 0);
		CHECK(r->fed <= player_at(p) + 4 || r->fed <= r->n);
	}
	CHECK(player_move(p, PLAYER_EVENT, false, 1) == FT_NONE);
	CHECK(!player_is_live(p));
	CHECK_EQ_S(player_why(p), "the run ends here: exit status 3");
	compare_recorded(r, &m, p);
	player_destroy(p);
}

TEST(every_unit_as_the_model_in_live_runs)
{
	for (uint32_t seed = 100; seed < 115; seed++)
		with_run(seed, live);
}

// ---- breakpoints ----

static bool at_fib(const struct run *r, uint64_t s)
{
	return is_signal(r, s) ||
	       (r->ev[s].kind == EVENT_PUSH && (strcmp(r->ev[s].function, "fib") == 0 ||
						strcmp(r->ev[s].function, "other::fib") == 0));
}

static bool at_fib_2(const struct run *r, uint64_t s)
{
	return is_signal(r, s) ||
	       (at_fib(r, s) && top_of(r, s, r->ev[s].tid)->n == 2 && r->ev[s].depth > 0);
}

static bool at_line(const struct run *r, uint64_t s)
{
	return is_signal(r, s) || (r->lines && r->ev[s].kind == EVENT_LINE && r->ev[s].line == 32);
}

static bool at_line_if(const struct run *r, uint64_t s)
{
	const struct frame *f = top_of(r, s, r->ev[s].tid);
	return is_signal(r, s) || (at_line(r, s) && f && (f->n <= 1 || f->n == 5));
}

static bool at_watch(const struct run *r, uint64_t s)
{
	return is_signal(r, s) || (r->lines && r->ev[s].kind == EVENT_CHANGE &&
				   strcmp(r->ev[s].function, "ns::work") == 0);
}

static bool at_event(const struct run *r, uint64_t s)
{
	return is_signal(r, s) || s == 333;
}

static const struct {
	const char *spec;
	bool (*stops)(const struct run *r, uint64_t seq);
	bool needs_lines;
} points[] = {
	{"fib", at_fib, false},		  {"fib if n == 2 && depth > 0", at_fib_2, false},
	{"prog.c:32", at_line, true},	  {"src/prog.c:32 if n <= 1 || n == 5", at_line_if, true},
	{"watch work.n", at_watch, true}, {"+333", at_event, false},
};

static void broken(struct run *r)
{
	feed(r, r->n);
	for (size_t i = 0; i < FT_COUNT(points); i++) {
		struct model m = {r, points[i].stops};
		unsigned number;
		if (points[i].needs_lines && !r->lines)
			continue;
		struct player *p = player_create(r->log, NULL);
		ok(player_break(p, points[i].spec, &number));
		CHECK_EQ_U(number, 1);
		compare_recorded(r, &m, p);
		player_destroy(p);
	}
}

TEST(breakpoints_end_every_unit_as_in_the_model)
{
	for (uint32_t seed = 200; seed < 212; seed++)
		with_run(seed, broken);
}

static void broken_live(struct run *r)
{
	struct model m = {r, at_fib_2};
	struct player_live l = {more, r};
	struct player *p = player_create(r->log, &l);
	unsigned number;
	ok(player_start(p));
	ok(player_break(p, "fib if n == 2 && depth > 0", &number));
	uint64_t hits = 0;
	for (;;) {
		struct goal want = model_kind(&m, player_at(p), false, -1);
		enum ft_rc rc = player_move(p, PLAYER_CONTINUE, false, 1);
		CHECK_EQ_I(rc, want.found ? FT_OK : FT_NONE);
		if (rc != FT_OK)
			break;
		CHECK_EQ_U(player_at(p), want.seq);
		hits += !is_signal(r, want.seq);
	}
	const struct player_breakpoint *b;
	CHECK_EQ_U(player_breakpoints(p, &b), 1);
	CHECK_EQ_U(b[0].hits, hits);
	player_destroy(p);
}

TEST(breakpoints_stop_a_live_run_where_it_is)
{
	for (uint32_t seed = 300; seed < 306; seed++)
		with_run(seed, broken_live);
}

TEST_MAIN
