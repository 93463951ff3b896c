/* Events as bytes and back: nothing is lost, nothing is trusted, nothing is forgotten. */
#include "test.h"

#include <stdio.h>

#include "base/base.h"
#include "report/report.h"
#include "store/codec.h"
#include "store/codec_table.h"

/* ---- events of anything, made by the table; the first test shows that it is whole ---- */

struct pool {
	void *made[1 << 16];
	size_t n;
	uint64_t seed;
	unsigned null_of_8; // how often a string is NULL, an array empty
	bool is_text;	    // strings that a report can read
	uint64_t cfa, seq;
};

static void *make(struct pool *p, size_t size)
{
	if (p->n == sizeof(p->made) / sizeof(p->made[0]))
		abort();
	return p->made[p->n++] = xcalloc(1, size ? size : 1);
}

static void drop(struct pool *p)
{
	while (p->n)
		free(p->made[--p->n]);
}

static uint64_t any(struct pool *p)
{
	p->seed ^= p->seed << 13;
	p->seed ^= p->seed >> 7;
	p->seed ^= p->seed << 17;
	return p->seed * 0x2545f4914f6cdd1d;
}

static uint64_t below(struct pool *p, uint64_t n)
{
	return (any(p) >> 16) % n;
}

static uint64_t any_number(struct pool *p)
{
	switch (below(p, 9)) {
	case 0:
	case 1:
		return 0;
	case 2:
		return below(p, 200);
	case 3:
		return p->cfa - below(p, 3 << 20);
	case 4:
		return p->cfa + below(p, 3 << 20);
	case 5:
		return p->seq - below(p, 1000);
	case 6:
		return UINT64_MAX - below(p, 3);
	case 7:
		return ((uint64_t)1 << 63) + below(p, 3) - 1;
	default:
		return any(p) >> below(p, 64);
	}
}

static const char *any_string(struct pool *p, bool is_told)
{
	static const char *const pieces[] = {"a",     "\"",   "\\",   "\n",	  "\x01",
					     "\x1f",  "\t",   "null", "\xc3\xa4", "]",
					     "\",\"", "\x7f", " ",    "0x7ffe"};
	if (!is_told && below(p, 8) < p->null_of_8)
		return NULL;
	char *s = make(p, 200);
	for (size_t n = below(p, 6); n; n--)
		strcat(s, pieces[below(p, sizeof(pieces) / sizeof(pieces[0]))]);
	if (!p->is_text && !below(p, 6))
		strcat(s, "\xff\xc0z"); // not UTF-8
	return s;
}

static void fill(struct pool *p, const struct codec_struct *st, char *out);

static size_t any_count(struct pool *p)
{
	return below(p, 8) < p->null_of_8 ? 0 : 1 + below(p, 3);
}

static void fill_array(struct pool *p, const struct codec_field *f, char *out)
{
	size_t n = any_count(p), size = f->of ? f->of->size : sizeof(const char *);
	char *elements = n ? make(p, n * size) : NULL;

	for (size_t i = 0; i < n && f->of; i++)
		fill(p, f->of, elements + i * size);
	for (size_t i = 0; i < n && !f->of; i++)
		memcpy(elements + i * size, &(const char *){any_string(p, true)}, size);
	memcpy(out + f->offset, &elements, sizeof(elements));
	memcpy(out + f->other, &n, sizeof(n));
}

static void fill_field(struct pool *p, const struct codec_field *f, char *out)
{
	char *at = out + f->offset;
	uint64_t v = any_number(p);
	const void *q = NULL;

	switch ((enum codec_type)f->type) {
	case CODEC_BOOL:
		*(bool *)at = v & 1;
		return;
	case CODEC_ENUM:
		v = below(p, f->limit + 1);
		// fall through
	case CODEC_U32:
	case CODEC_I32:
	case CODEC_DEPTH:
		memcpy(at, &(uint32_t){(uint32_t)v}, sizeof(uint32_t));
		return;
	case CODEC_U64:
	case CODEC_I64:
	case CODEC_NEAR:
	case CODEC_RELATIVE:
	case CODEC_SEQ:
		memcpy(at, &v, sizeof(v));
		return;
	case CODEC_CHARS:
		memset(at, 'r', below(p, f->size));
		return;
	case CODEC_IN:
		fill(p, f->of, at);
		return;
	case CODEC_ARRAY:
	case CODEC_STRINGS:
		fill_array(p, f, out);
		return;
	case CODEC_STRING:
	case CODEC_TEXT:
		q = any_string(p, f->flags & CODEC_TOLD);
		break;
	case CODEC_ONE:
		q = any_count(p) ? make(p, f->of->size) : NULL;
		if (q)
			fill(p, f->of, (char *)q);
		break;
	}
	memcpy(at, &q, sizeof(q));
}

static void fill(struct pool *p, const struct codec_struct *st, char *out)
{
	for (size_t i = 0; i < st->n; i++)
		if (st->fields[i].class != CODEC_COLUMN)
			fill_field(p, &st->fields[i], out);
}

/* What no event of its kind is without. */
static void complete(struct pool *p, struct event *ev)
{
	struct event empty = {0};

	ev->function = any_string(p, true);
	ev->module = any_string(p, true);
	ev->within = any_string(p, true);
	ev->program = any_string(p, true);
	ev->signal_name = any_string(p, true);
	ev->text = any_string(p, true);
	p->null_of_8 = 0;
	while (!ev->map || !ev->where || !ev->alarm || !ev->overflow || !ev->heap || !ev->summary)
		for (size_t i = 0; i < codec_event.n; i++)
			if (codec_event.fields[i].type == CODEC_ONE)
				fill_field(p, &codec_event.fields[i], (char *)ev);
	if (!ev->has_return)
		ev->returned = empty.returned;
}

static struct event any_event(struct pool *p, enum event_kind kind)
{
	unsigned null_of_8 = p->null_of_8;
	struct event ev = {.kind = kind,
			   .pid = 7,
			   .tid = (int)below(p, 9),
			   .time_ns = any(p),
			   .aside = any(p) & 1,
			   .depth = (uint32_t)any_number(p)};

	p->seq = ev.seq = any_number(p);
	ev.pushed_seq = any_number(p);
	p->cfa = ev.cfa = any_number(p);
	fill(p, &codec_event, (char *)&ev);
	complete(p, &ev);
	p->null_of_8 = null_of_8;
	return ev;
}

/* ---- the same, deeply ---- */

static bool same(const struct codec_struct *st, const char *a, const char *b);

static bool same_string(const char *a, const char *b)
{
	return !a || !b ? a == b : !strcmp(a, b);
}

static bool same_array(const struct codec_field *f, const char *a, const char *b)
{
	const char *a_at, *b_at;
	size_t n, b_n;

	memcpy(&a_at, a + f->offset, sizeof(a_at));
	memcpy(&b_at, b + f->offset, sizeof(b_at));
	memcpy(&n, a + f->other, sizeof(n));
	memcpy(&b_n, b + f->other, sizeof(b_n));
	if (n != b_n || (n && !b_at))
		return false;
	for (size_t i = 0; i < n; i++)
		if (f->of ? !same(f->of, a_at + i * f->of->size, b_at + i * f->of->size)
			  : !same_string(((const char *const *)(const void *)a_at)[i],
					 ((const char *const *)(const void *)b_at)[i]))
			return false;
	return true;
}

static bool same_field(const struct codec_field *f, const char *a, const char *b)
{
	const char *p, *q;

	if (f->type == CODEC_ARRAY || f->type == CODEC_STRINGS)
		return same_array(f, a, b);
	if (f->type == CODEC_IN)
		return same(f->of, a + f->offset, b + f->offset);
	if (f->type != CODEC_STRING && f->type != CODEC_TEXT && f->type != CODEC_ONE)
		return !memcmp(a + f->offset, b + f->offset, f->size);
	memcpy(&p, a + f->offset, sizeof(p));
	memcpy(&q, b + f->offset, sizeof(q));
	if (f->type != CODEC_ONE || !p || !q)
		return f->type == CODEC_ONE ? p == q : same_string(p, q);
	return same(f->of, p, q);
}

static bool same(const struct codec_struct *st, const char *a, const char *b)
{
	for (size_t i = 0; i < st->n; i++)
		if (!same_field(&st->fields[i], a, b)) {
			printf("# %s.%s differs\n", st->name, st->fields[i].name);
			return false;
		}
	return true;
}

static struct event columns_of(const struct event *ev)
{
	return (struct event){.kind = ev->kind,
			      .seq = ev->seq,
			      .pid = ev->pid,
			      .tid = ev->tid,
			      .time_ns = ev->time_ns,
			      .aside = ev->aside,
			      .depth = ev->depth,
			      .cfa = ev->cfa,
			      .pushed_seq = ev->pushed_seq};
}

static char *json_of(const struct event *ev)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct reporter *r = report_json.open(out, &(struct report_options){.verbose = 2});

	report_json.event(r, ev);
	report_json.close(r);
	fclose(out);
	return text;
}

static void check_trip(struct codec *c, struct codec *other, const struct event *ev)
{
	struct coded coded;
	struct event back = columns_of(ev);

	codec_encode(c, ev, &coded);
	enum ft_rc rc = codec_decode(other, &coded, &back);
	CHECK_EQ_I(rc, FT_OK);
	CHECK_EQ_S(ft_error(), "");
	ft_error_clear();
	if (rc == FT_OK)
		CHECK(same(&codec_event, (const char *)ev, (const char *)&back));
}

/* ---- the table ---- */

/* Which bytes of a struct its compiler uses: 0xff, and 0 for padding. */
struct padding {
	const char *name;
	void (*of)(unsigned char *ret);
};

#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
#define KNOWS_PADDING
#endif
#endif

#ifdef KNOWS_PADDING
#define PADDING(s)                                                                                 \
	static void padding_of_##s(unsigned char *ret)                                             \
	{                                                                                          \
		struct s all;                                                                      \
		memset(&all, 0xff, sizeof(all));                                                   \
		__builtin_clear_padding(&all);                                                     \
		memcpy(ret, &all, sizeof(all));                                                    \
	}
#define EACH(use)                                                                                  \
	use(event) use(event_value) use(event_register) use(event_part) use(event_store)           \
		use(event_change) use(event_slot) use(event_ghost) use(event_frame_of_walk)        \
			use(event_frame_at_signal) use(event_part_of_file) use(event_region)       \
				use(event_band) use(event_map_change) use(event_map)               \
					use(event_where) use(event_stack) use(event_alarm)         \
						use(event_overflow) use(event_place)               \
							use(event_heap) use(event_leak)            \
								use(event_heap_summary)            \
									use(event_summary)
EACH(PADDING)
#define ROW(s) {#s, padding_of_##s},
static const struct padding paddings[] = {EACH(ROW){NULL, NULL}};
#else
static const struct padding paddings[] = {{NULL, NULL}};
#endif

static const struct padding *padding_of(const char *name)
{
	const struct padding *p = paddings;

	while (p->name && strcmp(p->name, name))
		p++;
	return p;
}

/* Every byte that the compiler uses is in one field; of a compiler that does not tell, nearly. */
static void check_bytes(const struct codec_struct *st, const unsigned char *used)
{
	unsigned char *bytes = xcalloc(1, st->size);
	const struct padding *p = padding_of(st->name);
	size_t gap = 0;

	if (p->of)
		p->of(bytes);
#ifdef KNOWS_PADDING
	CHECK(p->of != NULL); // else EACH() lacks it
#endif
	for (size_t i = 0; i < st->size; i++) {
		gap = used[i] ? 0 : gap + 1;
		if ((bytes[i] && !used[i]) || gap >= sizeof(uint64_t))
			test_fail(__FILE__, __LINE__, "byte %zu of %s: codec_table.c lacks it", i,
				  st->name);
	}
	free(bytes);
}

struct seen {
	const struct codec_struct *st[64];
	size_t n;
};

static void mark(unsigned char *bytes, size_t offset, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		CHECK_EQ_U(bytes[offset + i], 0); // else two fields share it
		bytes[offset + i] = 1;
	}
}

/* What a struct of an array begins with, for the stream that has the count. */
static bool begins_in_shape(const struct codec_struct *st)
{
	for (size_t i = 0; i < st->n; i++) {
		if (st->fields[i].type == CODEC_IN)
			return begins_in_shape(st->fields[i].of);
		if (st->fields[i].class == CODEC_SHAPE && st->fields[i].type != CODEC_NEAR)
			return true;
	}
	return false;
}

static void check_struct(struct seen *seen, const struct codec_struct *st)
{
	for (size_t i = 0; i < seen->n; i++)
		if (seen->st[i] == st)
			return;
	seen->st[seen->n++] = st;
	unsigned char *used = xcalloc(1, st->size);
	for (size_t i = 0; i < st->n; i++) {
		const struct codec_field *f = &st->fields[i];
		mark(used, f->offset, f->size);
		if (f->type == CODEC_ARRAY || f->type == CODEC_STRINGS)
			mark(used, f->other, sizeof(size_t));
		if (f->type == CODEC_ARRAY && f->class != CODEC_REST)
			CHECK(begins_in_shape(f->of));
		if (f->of)
			check_struct(seen, f->of);
	}
	check_bytes(st, used);
	free(used);
}

TEST(the_table_has_every_byte_of_an_event)
{
	struct seen seen = {0};

	check_struct(&seen, &codec_event);
	CHECK_EQ_U(seen.n, 24); // a part that is not reached would be lost
	CHECK_EQ_U(codec_event.size, sizeof(struct event));
}

TEST(columns_are_those_of_the_header)
{
	static const char *const columns[] = {"kind",  "seq",	"pid", "tid",	    "time_ns",
					      "aside", "depth", "cfa", "pushed_seq"};
	size_t n = 0;

	for (size_t i = 0; i < codec_event.n; i++) {
		if (codec_event.fields[i].class != CODEC_COLUMN)
			continue;
		CHECK(n < FT_COUNT(columns));
		CHECK_EQ_S(codec_event.fields[i].name, n < FT_COUNT(columns) ? columns[n] : "");
		n++;
	}
	CHECK_EQ_U(n, FT_COUNT(columns));
}

/* ---- there and back ---- */

TEST(events_of_anything_come_back)
{
	struct codec *c = codec_create(), *other = codec_create();
	struct pool p = {.seed = 20260101};

	for (unsigned i = 0; i < 3000; i++) {
		p.null_of_8 = i % 9;
		struct event ev = any_event(&p, (enum event_kind)(i % (EVENT_EXIT + 1)));
		check_trip(c, i % 2 ? c : other, &ev); // one codec may do both
		drop(&p);
	}
	codec_destroy(c);
	codec_destroy(other);
}

TEST(reports_of_what_came_back_are_the_same)
{
	struct codec *c = codec_create();
	struct pool p = {.seed = 4711, .is_text = true};

	for (unsigned i = 0; i < 600; i++) {
		struct event ev = any_event(&p, (enum event_kind)(i % (EVENT_EXIT + 1)));
		struct event back = columns_of(&ev);
		struct coded coded;
		codec_encode(c, &ev, &coded);
		char *before = json_of(&ev);
		CHECK_EQ_I(codec_decode(c, &coded, &back), FT_OK);
		char *after = json_of(&back);
		CHECK_EQ_S(after, before);
		free(before);
		free(after);
		drop(&p);
	}
	codec_destroy(c);
}

TEST(an_event_of_zeros_takes_no_bytes)
{
	struct codec *c = codec_create();
	struct event ev = {.kind = EVENT_THREAD, .seq = 3}, back = ev;
	struct coded coded;

	codec_encode(c, &ev, &coded);
	CHECK_EQ_U(coded.shape.len + coded.values.len + coded.rest.len, 0);
	CHECK(!coded.shape.s && !coded.values.s && !coded.rest.s);
	CHECK_EQ_I(codec_decode(c, &coded, &back), FT_OK);
	CHECK(!memcmp(&ev, &back, sizeof(ev)));
	codec_destroy(c);
}

/* ---- values ---- */

static void check_values(struct codec *c, const struct event *ev, const char *expected)
{
	struct coded coded;

	codec_encode(c, ev, &coded);
	char *got = coded.values.s ? xstrndup(coded.values.s, coded.values.len) : xstrdup("");
	CHECK_EQ_S(got, expected);
	free(got);
	check_trip(c, c, ev);
}

TEST(values_are_a_json_array)
{
	struct codec *c = codec_create();
	struct event_value args[] = {
		{.name = "a", .type = "int", .value = "48"},
		{.name = "s", .type = "char *", .value = "0x7f \"h\\i\n\x01\""},
		{.name = "t", .type = "char *", .value = "\xff"},
		{.name = "u", .type = "char *", .value = "\xc3\xa4"}};
	struct event_value locals[] = {{.name = "l", .type = "int", .value = ""},
				       {.name = "m", .type = "int", .value = "\x80"}};
	struct event ev = {.kind = EVENT_THREAD, .cfa = 0x7fff0010, .args = args, .n_args = 4};

	check_values(c, &ev, "[\"48\",\"0x7f \\\"h\\\\i\\n\\u0001\\\"\",null,\"\xc3\xa4\"]");
	ev.locals = locals;
	ev.n_locals = 2;
	ev.n_args = 1;
	check_values(c, &ev, "[\"48\",\"\"]");
	ev.returned.value = "9";
	check_values(c, &ev, "[\"48\",\"\",null,\"9\"]");
	ev.elsewhere = args;
	ev.n_elsewhere = 4;
	check_values(c, &ev, "[\"48\",\"\",null,\"9\"]"); // not of the frame map

	struct event_change changes[] = {{{.name = "a", .type = "int", .value = "2"}, "1"},
					 {{.name = "b", .type = "int", .value = "3"}, NULL},
					 {{.name = "c", .type = "int", .value = "\x80"}, "0"}};
	struct event change = {.kind = EVENT_THREAD, .changes = changes, .n_changes = 3};
	check_values(c, &change, "[\"2\",\"1\",\"3\",null,null,\"0\"]");
	change.n_changes = 0;
	check_values(c, &change, "");
	codec_destroy(c);
}

TEST(every_character_comes_back)
{
	struct codec *c = codec_create();

	for (unsigned i = 1; i < 256; i++) {
		char text[] = {'<', (char)i, '>', '\0'};
		struct event_value v = {.name = "", .type = "char", .value = text};
		struct event ev = {.kind = EVENT_THREAD, .args = &v, .n_args = 1};
		check_trip(c, c, &ev);
	}
	codec_destroy(c);
}

static enum ft_rc decode_values(struct codec *c, const struct event *ev, const char *values)
{
	struct coded coded;
	struct event back = columns_of(ev), before = back;

	codec_encode(c, ev, &coded);
	char *shape = xstrndup("", 0);
	shape = xrealloc(shape, coded.shape.len + 1);
	memcpy(shape, coded.shape.s, coded.shape.len);
	coded.shape.s = shape;
	coded.values = (struct codec_bytes){values, strlen(values)};
	coded.rest = (struct codec_bytes){NULL, 0};
	enum ft_rc rc = codec_decode(c, &coded, &back);
	if (rc != FT_OK)
		CHECK(!memcmp(&back, &before, sizeof(back)));
	CHECK((rc == FT_OK) == !*ft_error());
	ft_error_clear();
	free(shape);
	return rc;
}

TEST(values_that_are_no_array_of_strings_are_damaged)
{
	static const char *const bad[] = {"[",
					  "[]",
					  "]",
					  "\"a\"",
					  "[1]",
					  "[\"a\"",
					  "[\"a",
					  "[\"a\\",
					  "[\"a\"]]",
					  "[\"a\",]",
					  "[nul]",
					  "[\"\\x\"]",
					  "[\"\\u00\"]",
					  "[\"\\u0000\"]",
					  "[\"\\u009\"]",
					  "[\"\\ud800\"]",
					  "[\"\n\"]",
					  "[\"a\",\"b\",\"c\"]",
					  "{\"a\":1}",
					  "[\"a\" ,\"b\"]"};
	static const char *const good[] = {
		"", "[\"a\"]", "[null]", "[null,\"b\"]", "[\"\\u001f\"]", "[\"\\u009b\\u202e\"]"};
	struct codec *c = codec_create();
	struct event_value args[] = {{.name = "a"}};
	struct event ev = {.kind = EVENT_THREAD, .args = args, .n_args = 1}; // and `returned`: two

	for (size_t i = 0; i < FT_COUNT(bad); i++)
		if (decode_values(c, &ev, bad[i]) != FT_FAIL)
			test_fail(__FILE__, __LINE__, "%s was read", bad[i]);
	for (size_t i = 0; i < FT_COUNT(good); i++)
		if (decode_values(c, &ev, good[i]) != FT_OK)
			test_fail(__FILE__, __LINE__, "%s was not read", good[i]);
	codec_destroy(c);
}

/* ---- what a call costs, and what is the same in all of them ---- */

static struct event fib_push(struct event_value *arg, const struct event_part *parts, uint64_t cfa,
			     const char *n)
{
	*arg = (struct event_value){.name = "n",
				    .type = "int",
				    .value = n,
				    .known = true,
				    .has_address = true,
				    .address = cfa - 36,
				    .size = 4};
	return (struct event){.kind = EVENT_PUSH,
			      .cfa = cfa,
			      .rsp = cfa - 48,
			      .delta = -48,
			      .delta_known = true,
			      .function = "fib",
			      .symbol = "fib",
			      .module = "fib",
			      .file = "fib.c",
			      .line = 4,
			      .pc = 0x555555555141,
			      .parts = parts,
			      .n_parts = 2,
			      .return_address = 0x555555555160,
			      .return_symbol = "fib+41",
			      .caller = "fib",
			      .caller_file = "fib.c",
			      .caller_line = 7,
			      .args = arg,
			      .n_args = 1,
			      .args_known = true,
			      .stack_top = 0x7ffffffff000};
}

static struct event fib_pop(struct event push, const char *result)
{
	push.kind = EVENT_POP;
	push.rsp = push.cfa;
	push.delta = 48;
	push.pc += 60;
	push.line = 8;
	push.how = POP_RETURN;
	push.has_return = true;
	push.returned = (struct event_value){
		.name = "", .type = "int", .value = result, .known = true, .reg = "eax", .size = 4};
	return push;
}

static void check_call(struct codec *c, const struct event *ev, char **shape, size_t *shape_len)
{
	struct coded coded;

	codec_encode(c, ev, &coded);
	CHECK(coded.rest.len <= 8);
	if (!*shape) {
		*shape = xstrndup("", 0);
		*shape = xrealloc(*shape, coded.shape.len);
		memcpy(*shape, coded.shape.s, coded.shape.len);
		*shape_len = coded.shape.len;
	}
	CHECK_EQ_U(coded.shape.len, *shape_len);
	CHECK(coded.shape.len == *shape_len && !memcmp(coded.shape.s, *shape, *shape_len));
}

TEST(calls_of_one_place_have_one_shape_and_little_else)
{
	static const struct event_part parts[] = {{"push rbp", -8}, {"sub rsp, 32", -32}};
	struct codec *c = codec_create();
	char *push_shape = NULL, *pop_shape = NULL;
	size_t push_len = 0, pop_len = 0;

	for (unsigned i = 0; i < 1000; i++) {
		char n[16], result[16];
		struct event_value arg;
		snprintf(n, sizeof(n), "%u", i);
		snprintf(result, sizeof(result), "%u", i * i);
		struct event push = fib_push(&arg, parts, 0x7fffffffe000 - i * 48, n);
		struct event pop = fib_pop(push, result);
		push.tid = pop.tid = (int)i;
		push.seq = 2 * i;
		pop.seq = 2 * i + 1;
		push.depth = pop.depth = i;
		check_call(c, &push, &push_shape, &push_len);
		check_call(c, &pop, &pop_shape, &pop_len);
		check_trip(c, c, &pop);
	}
	free(push_shape);
	free(pop_shape);
	codec_destroy(c);
}

static size_t shape_of(struct codec *c, const struct event *ev, char *ret, size_t max)
{
	struct coded coded;

	codec_encode(c, ev, &coded);
	check_trip(c, c, ev);
	codec_encode(c, ev, &coded);
	CHECK(coded.shape.len <= max);
	memcpy(ret, coded.shape.s, coded.shape.len);
	return coded.shape.len;
}

/* Whether two events of a place have one shape. */
static bool one_shape(struct codec *c, const struct event *a, const struct event *b)
{
	char a_shape[4096], b_shape[4096];
	size_t a_len = shape_of(c, a, a_shape, sizeof(a_shape));
	size_t b_len = shape_of(c, b, b_shape, sizeof(b_shape));

	return a_len == b_len && !memcmp(a_shape, b_shape, a_len);
}

TEST(what_differs_from_call_to_call_is_not_in_the_shape)
{
	struct codec *c = codec_create();
	static const uint64_t cfa[2] = {0x7fffffffe000, 0x7fffffffd000};
	static const uint64_t heap[2] = {0x5555557592a0, 0x555555759440};
	struct event_value vla[2], arg[2];
	struct event_slot slot[2];
	struct event_register rax[2];
	struct event ev[2];

	for (unsigned i = 0; i < 2; i++) {
		vla[i] = (struct event_value){.name = "vla",
					      .type = "int []",
					      .value = "{}",
					      .has_address = true,
					      .address = cfa[i] - 500 - i * 64};
		arg[i] = (struct event_value){.name = "p",
					      .type = "int *",
					      .value = "0x",
					      .address = cfa[i] - 24,
					      .pointer = heap[i],
					      .block = i + 1,
					      .block_offset = i,
					      .block_size = 10 + i,
					      .full = i ? "a" : NULL,
					      .json = i ? "{}" : NULL,
					      .dangling = i ? "y" : NULL};
		slot[i] = (struct event_slot){.owner = "local",
					      .address = cfa[i] - 24,
					      .size = 8,
					      .value = i ? "1" : "2",
					      .bytes = i ? "01" : "02",
					      .ghost = i ? "n of f #1" : "n of f #2"};
		rax[i] = (struct event_register){"rax", 100 + i};
		ev[i] = fib_pop(fib_push(&arg[i], NULL, cfa[i], "1"), "2");
		ev[i].n_parts = 0;
		ev[i].args = &arg[i];
		ev[i].locals = &vla[i];
		ev[i].slots = &slot[i];
		ev[i].registers = &rax[i];
		ev[i].n_locals = ev[i].n_slots = ev[i].n_registers = 1;
		ev[i].returned.has_address = true;
		ev[i].returned.address = cfa[i] + 100 + 32 * i;
		ev[i].stack_top = cfa[i] + 1000 * i;
	}
	CHECK(one_shape(c, &ev[0], &ev[1]));
	ev[1].line++;
	CHECK(!one_shape(c, &ev[0], &ev[1]));

	struct event_heap block[2];
	for (unsigned i = 0; i < 2; i++) {
		block[i] = (struct event_heap){
			.call = "malloc",
			.number = i,
			.address = heap[i],
			.size = 100 + i,
			.usable = 120 + i,
			.alloc_seq = i,
			.place = {.function = "main", .file = "x.c", .line = 5}};
		ev[i] = (struct event){.kind = EVENT_ALLOC, .seq = i, .heap = &block[i]};
	}
	CHECK(one_shape(c, &ev[0], &ev[1]));
	codec_destroy(c);
}

/* The pop of a frame whose layout is another each time, in the only place of `arg` and `slot`. */
static struct event restless_pop(struct event_value *arg, struct event_slot *slot, unsigned i)
{
	struct event ev = fib_pop(fib_push(arg, NULL, 0x7fffffff0000, "1"), "2");

	ev.delta = 1 << 19;
	arg->address = ev.cfa - 16 - 8 * (uint64_t)i;
	*slot = (struct event_slot){
		.owner = "local", .name = "n", .address = arg->address, .size = 8, .known = true};
	ev.n_parts = 0;
	ev.slots = slot;
	ev.n_slots = 1;
	return ev;
}

TEST(a_place_whose_layout_never_comes_back_makes_few_shapes)
{
	enum { EVENTS = 4000, FEW = 1000 };
	struct codec *c = codec_create(), *other = codec_create();
	uint64_t seen[FEW];
	size_t n = 0, in_shape = 0;

	for (unsigned i = 0; i < EVENTS; i++) {
		struct event_value arg;
		struct event_slot slot;
		struct event ev = restless_pop(&arg, &slot, i);
		struct coded coded;
		codec_encode(c, &ev, &coded);
		in_shape += codec_is_in_shape(c, &arg);
		uint64_t hash = 0;
		for (size_t k = 0; k < coded.shape.len; k++)
			hash = hash * 31 + (unsigned char)coded.shape.s[k];
		size_t at = 0;
		while (at < n && seen[at] != hash)
			at++;
		if (at == n && n < FEW)
			seen[n++] = hash;
		struct event back = columns_of(&ev);
		CHECK_EQ_I(codec_decode(other, &coded, &back), FT_OK);
		CHECK(same(&codec_event, (const char *)&ev, (const char *)&back));
	}
	CHECK(n > 1 && n < FEW);
	CHECK_EQ_U(in_shape, n - 1); // and one shape for all the others
	codec_destroy(c);
	codec_destroy(other);
}

TEST(a_place_with_many_shapes_that_come_back_keeps_them)
{
	enum { EVENTS = 8000, SHAPES = 600 };
	struct codec *c = codec_create();

	for (unsigned i = 0; i < EVENTS; i++) {
		struct event_value arg;
		struct event_slot slot;
		// each is there before the next new one comes: eight times
		struct event ev = restless_pop(&arg, &slot, i / 8 % SHAPES);
		struct coded coded;
		codec_encode(c, &ev, &coded);
		CHECK(codec_is_in_shape(c, &arg));
	}
	codec_destroy(c);
}

TEST(the_codec_says_where_it_put_an_address)
{
	struct codec *c = codec_create();
	struct event_value v = {.name = "v", .type = "", .value = "", .has_address = true};
	struct event ev = {.kind = EVENT_POP,
			   .cfa = 0x7fffffffe000,
			   .function = "f",
			   .module = "m",
			   .delta = 64,
			   .delta_known = true,
			   .locals = &v,
			   .n_locals = 1};
	static const struct {
		uint64_t address;
		bool is_static, in_shape;
	} cases[] = {
		{0x7fffffffe000 - 24, false, true},   // of the frame
		{0x7fffffffe000 + 16, false, true},   // an argument of the caller's
		{0x7fffffffe000 - 192, false, true},  // the end of the red zone
		{0x7fffffffe000 - 193, false, false}, // a VLA
		{0x5555557592a0, false, false},	      // of a coroutine
		{0x555555558010, true, true},
	};

	for (size_t i = 0; i < FT_COUNT(cases); i++) {
		struct coded coded;
		v.address = cases[i].address;
		v.is_static = cases[i].is_static;
		codec_encode(c, &ev, &coded);
		CHECK_EQ_I(codec_is_in_shape(c, &v), cases[i].in_shape);
		CHECK_EQ_I(coded.rest.len == 0, cases[i].in_shape);
		check_trip(c, c, &ev);
	}
	v.has_address = false;
	CHECK(!codec_is_in_shape(c, &v));
	codec_destroy(c);
}

TEST(static_variables_are_in_the_shape)
{
	struct codec *c = codec_create();
	struct event_value v = {.name = "count",
				.type = "int",
				.value = "1",
				.has_address = true,
				.is_static = true,
				.address = 0x555555558010};
	struct event ev = {
		.kind = EVENT_THREAD, .cfa = 0x7fffffffe000, .locals = &v, .n_locals = 1};
	struct coded coded;

	codec_encode(c, &ev, &coded);
	CHECK_EQ_U(coded.rest.len, 0);
	check_trip(c, c, &ev);
	codec_destroy(c);
}

/* ---- bytes of anything ---- */

/* Bytes at their end, so that a sanitizer sees what is read behind them. */
static struct codec_bytes exact(struct codec_bytes in, size_t len)
{
	char *p = malloc(len ? len : 1);

	if (len)
		memcpy(p, in.s, len);
	return (struct codec_bytes){p, len};
}

/* What was decoded is read as a report reads it; what was not is as it was. */
static void try_decode(struct codec *c, const struct coded *in, const struct event *ev)
{
	struct event back = columns_of(ev), before = back;

	if (codec_decode(c, in, &back) == FT_OK) {
		CHECK(same(&codec_event, (const char *)&back, (const char *)&back));
		CHECK_EQ_S(ft_error(), "");
	} else {
		CHECK(!memcmp(&back, &before, sizeof(back)));
		CHECK(strstr(ft_error(), "damaged") != NULL);
	}
	ft_error_clear();
}

static void try_shorter(struct codec *c, const struct coded *whole, const struct event *ev)
{
	for (unsigned part = 0; part < 3; part++) {
		size_t len = part == 0	 ? whole->shape.len
			     : part == 1 ? whole->values.len
					 : whole->rest.len;
		for (size_t n = 0; n < len; n += 1 + len / 50) {
			struct coded cut = *whole;
			struct codec_bytes *in = part == 0   ? &cut.shape
						 : part == 1 ? &cut.values
							     : &cut.rest;
			*in = exact(*in, n);
			try_decode(c, &cut, ev);
			free((char *)in->s);
		}
	}
}

static void spoil(struct pool *p, struct codec_bytes *in)
{
	char *s = (char *)in->s;

	if (!in->len)
		return;
	size_t at = below(p, in->len);
	switch (below(p, 4)) {
	case 0:
		s[at] = (char)any(p);
		return;
	case 1:
		s[at] ^= (char)(1 << below(p, 8));
		return;
	case 2:
		for (size_t i = at; i < in->len && i < at + 9; i++)
			s[i] = (char)0xff;
		return;
	default:
		memmove(s + at, s + at + 1, in->len - at - 1); // a byte is missing
		in->len--;
		return;
	}
}

TEST(damaged_bytes_never_do_harm)
{
	struct codec *c = codec_create(), *encoder = codec_create();
	struct pool p = {.seed = 99, .null_of_8 = 3};

	for (unsigned i = 0; i < 120; i++) {
		struct event ev = any_event(&p, (enum event_kind)(i % (EVENT_EXIT + 1)));
		struct coded whole;
		codec_encode(encoder, &ev, &whole);
		try_shorter(c, &whole, &ev);
		for (unsigned k = 0; k < 60; k++) {
			struct coded bad = {exact(whole.shape, whole.shape.len),
					    exact(whole.values, whole.values.len),
					    exact(whole.rest, whole.rest.len)};
			for (size_t n = 1 + below(&p, 3); n; n--)
				spoil(&p, below(&p, 2)	 ? &bad.shape
					  : below(&p, 2) ? &bad.rest
							 : &bad.values);
			try_decode(c, &bad, &ev);
			free((char *)bad.shape.s);
			free((char *)bad.values.s);
			free((char *)bad.rest.s);
		}
		drop(&p);
	}
	codec_destroy(c);
	codec_destroy(encoder);
}

TEST(a_count_is_bounded_by_the_bytes)
{
	struct codec *c = codec_create();
	struct event_value args[3] = {{.name = "a"}, {.name = "b"}, {.name = "c"}};
	struct event ev = {.kind = EVENT_THREAD, .args = args, .n_args = 3};
	struct coded coded;

	codec_encode(c, &ev, &coded);
	char *shape = (char *)exact(coded.shape, coded.shape.len).s;
	// no byte of layout, skipped fields, count, then of each value: skipped, length, letter,
	// NUL, skipped
	CHECK_EQ_U(shape[2], 3);
	for (unsigned n = 0; n < 128; n++) {
		shape[2] = (char)n;
		struct coded in = {{shape, coded.shape.len}, {NULL, 0}, {NULL, 0}};
		struct event back = {.kind = EVENT_THREAD};
		CHECK_EQ_I(codec_decode(c, &in, &back), n == 3 ? FT_OK : FT_FAIL);
		ft_error_clear();
	}
	free(shape);
	codec_destroy(c);
}

/* A report does not ask whether a name is there that every event of the kind has. */
TEST(strings_that_events_always_have_are_never_null)
{
	struct codec *c = codec_create();
	struct event_value arg = {.size = 4};
	struct event_change change = {.old = NULL};
	const char *argv[1] = {NULL};
	struct event ev = {.kind = EVENT_THREAD,
			   .args = &arg,
			   .n_args = 1,
			   .changes = &change,
			   .n_changes = 1,
			   .argv = argv,
			   .argc = 1};
	struct event back = columns_of(&ev);
	struct coded coded;

	codec_encode(c, &ev, &coded);
	CHECK_EQ_I(codec_decode(c, &coded, &back), FT_OK);
	CHECK_EQ_S(back.args[0].name, "");
	CHECK_EQ_S(back.args[0].type, "");
	CHECK_EQ_S(back.args[0].value, "");
	CHECK(!back.args[0].reg && !back.args[0].why);
	CHECK_EQ_S(back.changes[0].now.value, "");
	CHECK(!back.changes[0].old);
	CHECK_EQ_S(back.argv[0], "");
	CHECK(!back.returned.name);
	codec_destroy(c);
}

TEST(events_that_lack_what_their_kind_has_are_refused)
{
	struct codec *c = codec_create();

	for (unsigned kind = 0; kind <= EVENT_EXIT; kind++) {
		struct event ev = {.kind = (enum event_kind)kind}, before = ev;
		bool is_whole = kind == EVENT_THREAD || kind == EVENT_CHILD;
		CHECK_EQ_I(codec_decode(c, &(struct coded){0}, &ev), is_whole ? FT_OK : FT_FAIL);
		CHECK(is_whole || !memcmp(&ev, &before, sizeof(ev)));
		ft_error_clear();
	}
	struct event ev = {.kind = EVENT_THREAD, .has_return = true};
	struct coded coded;
	codec_encode(c, &ev, &coded);
	CHECK_EQ_I(codec_decode(c, &coded, &ev), FT_FAIL);
	ft_error_clear();
	codec_destroy(c);
}

TEST(an_unknown_kind_is_refused)
{
	struct codec *c = codec_create();
	struct event ev = {.kind = (enum event_kind)(EVENT_EXIT + 1)};

	CHECK_EQ_I(codec_decode(c, &(struct coded){0}, &ev), FT_FAIL);
	CHECK(strstr(ft_error(), "damaged") != NULL);
	ft_error_clear();
	codec_destroy(c);
}

TEST_MAIN
