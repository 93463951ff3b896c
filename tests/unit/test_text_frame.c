/*
 * test_text_frame.c - the picture of a frame: hand-made slots against the exact text.
 */
#include "test.h"

#include "base/base.h"
#include "report/report.h"

static const struct event_part parts[] = {{"call", -8}, {"push rax", -8}};

static const struct event_slot slots[] = {
	{.address = 0x7fffffffe478,
	 .size = 8,
	 .owner = "return address",
	 .value = "0x555555568156 <double::main+22>",
	 .known = true},
	{.address = 0x7fffffffe474,
	 .size = 4,
	 .owner = "argument",
	 .name = "n",
	 .type = "i32",
	 .value = "48",
	 .known = true},
	{.address = 0x7fffffffe470,
	 .size = 4,
	 .owner = "spill",
	 .unwritten = true,
	 .ghost = "r of f = 7",
	 .bytes = "07000000"},
	{.address = 0x7fffffffe3f0, .size = 128, .owner = "red zone", .unwritten = true},
};

static const struct event_value elsewhere[] = {
	{.name = "i", .type = "i32", .value = "3", .known = true, .reg = "rcx", .size = 4},
	{.name = "k", .type = "i32", .value = "<optimised out>", .size = 4},
};

static const struct event_ghost ghosts[] = {
	{.function = "f", .pushed_seq = 1, .owner = "return address", .size = 8, .overwritten = 8},
	{.function = "g", .pushed_seq = 3, .owner = "local", .name = "b", .overwritten = 4},
	{.function = "f",
	 .pushed_seq = 1,
	 .owner = "local",
	 .name = "a",
	 .type = "i32",
	 .value = "5",
	 .size = 4,
	 .overwritten = 4,
	 .exact = true},
	{.function = "f", .pushed_seq = 1, .owner = "local", .name = "r", .size = 4, .kept = 4},
	{.function = "f", .pushed_seq = 1, .owner = "spill", .size = 4, .overwritten = 4},
};

static struct event a_push(void)
{
	return (struct event){
		.kind = EVENT_PUSH,
		.depth = 1,
		.function = "double::double",
		.cfa = 0x7fffffffe480,
		.rsp = 0x7fffffffe470,
		.frame_rsp = 0x7fffffffe470,
		.delta = -16,
		.delta_known = true,
		.parts = parts,
		.n_parts = 2,
		.args_known = true,
		.caller_file = "/src/double.rs",
		.caller_line = 15,
		.slots = slots,
		.n_slots = FT_COUNT(slots),
		.mapped = true,
	};
}

// What text says of one event, behind its first line.
static char *picture(const struct event *ev, int verbose)
{
	const struct report_options o = {.verbose = verbose, .frames = true};
	const struct report_format *f = report_find("text");
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	if (!f || !out)
		abort();
	struct reporter *r = f->open(out, &o);
	f->event(r, ev);
	f->close(r);
	fclose(out);
	char *first = strchr(text, '\n');
	memmove(text, first + 1, strlen(first));
	return text;
}

#define CHECK_PICTURE(ev, verbose, expected)                                                       \
	do {                                                                                       \
		char *text_ = picture(ev, verbose);                                                \
		CHECK_EQ_S(text_, expected);                                                       \
		free(text_);                                                                       \
	} while (0)

TEST(what_holds_for_a_struct_is_said_once)
{
	static const struct event_slot pieces[] = {
		{.address = 0x7fffffffe478, .size = 8, .owner = "return address"},
		{.address = 0x7fffffffe474,
		 .size = 4,
		 .owner = "local",
		 .name = "p",
		 .type = "struct p",
		 .offset = 4,
		 .unwritten = true},
		{.address = 0x7fffffffe470,
		 .size = 4,
		 .owner = "local",
		 .name = "p",
		 .type = "struct p",
		 .unwritten = true},
		{.address = 0x7fffffffe46c,
		 .size = 4,
		 .owner = "local",
		 .name = "q",
		 .type = "int",
		 .unwritten = true},
	};
	struct event ev = a_push();
	ev.slots = pieces;
	ev.n_slots = FT_COUNT(pieces);
	char *text = picture(&ev, 0);
	CHECK(strstr(text, "p from byte 4: struct p, not") != NULL);
	CHECK(strstr(text, "p: struct p\n") != NULL);
	CHECK(strstr(text, "q: int, not written yet") != NULL);
	free(text);
}

TEST(a_push)
{
	struct event ev = a_push();
	static const char expected[] =
		"         0x7fffffffe480  |     ---- CFA, rsp before the call: call -8, push rax "
		"-8 = "
		"-16\n"
		"         0x7fffffffe478  |         -8    +8     8  return address  0x555555568156 "
		"<double::main+22>,\n"
		"                         |                                         called at "
		"double.rs:15\n"
		"         0x7fffffffe474  |        -12    +4     4  argument        n: i32 = 48\n"
		"         0x7fffffffe470  |        -16    +0     4  spill           not written "
		"yet; "
		"still r of f = 7\n"
		"         0x7fffffffe470  |     ---- rsp\n"
		"         0x7fffffffe3f0  |       -144  -128   128  red zone\n";
	CHECK_PICTURE(&ev, 0, expected);
	CHECK_PICTURE(&ev, 2, expected); // -v has nothing to add
}

TEST(bytes_for_those_who_ask)
{
	struct event ev = a_push();
	ev.slots = &slots[2];
	ev.n_slots = 1;
	CHECK_PICTURE(
		&ev, 3,
		"         0x7fffffffe470  |        -16    +0     4  spill           not written "
		"yet; still r of f =\n"
		"                         |                                         7; bytes "
		"07000000\n");
}

TEST(what_is_not_in_the_frame)
{
	struct event ev = a_push();
	ev.slots = &slots[3];
	ev.n_slots = 1;
	ev.elsewhere = elsewhere;
	ev.n_elsewhere = 2;
	ev.ghosts = ghosts;
	ev.n_ghosts = FT_COUNT(ghosts);
	CHECK_PICTURE(
		&ev, 0,
		"         0x7fffffffe470  |     ---- rsp\n"
		"         0x7fffffffe3f0  |       -144  -128   128  red zone\n"
		"                         |     ---- not in the frame\n"
		"                         |                      4  in rcx          i: i32 = 3\n"
		"                         |                      4  nowhere         k: i32 = "
		"<optimised out>\n"
		"                         |     overwritten: return address, a = 5 of f, left "
		"without a return; b of\n"
		"                         |     g, left without a return\n");
}

TEST(spills_in_a_row)
{
	struct event_slot many[9];
	struct event ev = a_push();
	for (unsigned i = 0; i < 9; i++)
		many[i] = (struct event_slot){.address = 0x7fffffffe478 - 8 * i,
					      .size = 8,
					      .owner = "spill",
					      .unwritten = true};
	ev.slots = many;
	ev.n_slots = 9;
	ev.frame_rsp = 0x7fffffffe448;
	CHECK_PICTURE(
		&ev, 0,
		"         0x7fffffffe480  |     ---- CFA, rsp before the call: call -8, push "
		"rax -8 = -16\n"
		"         0x7fffffffe448  |        -56    +0    56  spill           7 slots of 8 "
		"bytes, none written\n"
		"                         |                                         yet\n"
		"         0x7fffffffe448  |     ---- rsp\n"
		"         0x7fffffffe440  |        -64    -8     8  spill           not written "
		"yet\n"
		"         0x7fffffffe438  |        -72   -16     8  spill           not written "
		"yet\n");
}

// The columns of a line: continuation bytes take none.
static size_t columns(const char *line, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++)
		n += ((uint8_t)line[i] & 0xc0) != 0x80;
	return n;
}

TEST(no_line_is_wider_than_the_terminal)
{
	char long_text[4000], spaced[4000], accents[4001];
	for (size_t i = 0; i < sizeof(long_text); i++) {
		long_text[i] = (char)('a' + i % 26);
		spaced[i] = i % 7 ? 'x' : ' ';
		accents[i] = i % 2 ? '\xa9' : '\xc3';
	}
	long_text[sizeof(long_text) - 1] = spaced[sizeof(spaced) - 1] = accents[4000] = '\0';
	const char *values[] = {long_text, spaced, accents, "\033[2J\n\xff"};
	for (size_t i = 0; i < FT_COUNT(values); i++) {
		struct event_slot slot = slots[1];
		struct event ev = a_push();
		slot.value = values[i];
		ev.slots = &slot;
		ev.n_slots = 1;
		for (ev.depth = 0; ev.depth < 14; ev.depth++) {
			char *text = picture(&ev, 0), *s = text;
			size_t lines = 0;
			for (char *end; (end = strchr(s, '\n')); s = end + 1, lines++)
				CHECK(columns(s, (size_t)(end - s)) <= 100);
			CHECK(lines >= 1 && lines <= 5);
			CHECK(!strchr(text, '\033'));
			free(text);
		}
	}
}

TEST(no_map)
{
	struct event ev = a_push();
	ev.n_slots = 0;
	CHECK_PICTURE(&ev, 0, "");
}

TEST_MAIN
