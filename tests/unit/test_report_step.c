/*
 * test_report_step.c - instructions and lines, hand-made, against the exact bytes of each format.
 */
#include "test.h"

#include "base/base.h"
#include "report/report.h"

static const struct event_store stores[] = {
	{.address = 0x7fffffffe470,
	 .size = 8,
	 .depth = 1,
	 .function = "double::double",
	 .owner = "spill",
	 .name = "rax",
	 .old = "0x0",
	 .value = "0x30"},
	{.address = 0x7fffffffe4ac,
	 .size = 4,
	 .depth = 0,
	 .function = "double::main",
	 .owner = "local",
	 .name = "a",
	 .type = "i32",
	 .old = "47",
	 .value = "48",
	 .ghost = "n of double::double"},
};

static const struct event_change changes[] = {
	{.now = {.name = "a",
		 .type = "i32",
		 .value = "49",
		 .known = true,
		 .has_address = true,
		 .address = 0x7fffffffe4ac,
		 .size = 4},
	 .old = "48"},
	{.now = {.name = "b\033", .type = "i32", .value = "96", .known = true, .reg = "rax"}},
};

static struct event insn(const char *text, enum event_step how, int64_t delta)
{
	return (struct event){
		.kind = EVENT_INSN,
		.pid = 1,
		.tid = 1,
		.depth = 1,
		.function = "double::double",
		.module = "double",
		.file = "/src/double.rs",
		.line = 9,
		.pc = 0x555555568120,
		.cfa = 0x7fffffffe480,
		.insn = text,
		.stepped = how,
		.rsp_before = 0x7fffffffe470 - (uint64_t)delta,
		.rsp = 0x7fffffffe470,
		.delta = delta,
		.delta_known = true,
	};
}

/* What a format makes of one event; the caller frees it. */
static char *report(const char *format, int verbose, const struct event *ev)
{
	const struct report_format *f = report_find(format);
	const struct report_options o = {.verbose = verbose};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	if (!f || !out)
		abort();
	struct reporter *r = f->open(out, &o);
	f->event(r, ev);
	f->close(r);
	fclose(out);
	return text;
}

static void check(const char *format, int verbose, const struct event *ev, const char *expected)
{
	char *text = report(format, verbose, ev);
	CHECK_EQ_S(text, expected);
	free(text);
}

TEST(text_of_instructions)
{
	struct event ev = insn("push rax", STEP_RAN, -8);
	ev.stores = stores;
	ev.n_stores = 2;
	check("text", 0, &ev,
	      "     -8  0x7fffffffe470  | |   push rax                     double.rs:9\n");
	check("text", 1, &ev,
	      "     -8  0x7fffffffe470  | |   push rax                     double.rs:9\n"
	      "         0x7fffffffe470  | |     spill rax [8 bytes] = 0x30 (was 0x0)\n"
	      "         0x7fffffffe4ac  | |     local a of double::main = 48 (was 47), over n of "
	      "double::double\n");
	ev = insn("puts@plt", STEP_RETURNED, 8);
	check("text", 0, &ev,
	      "     +8  0x7fffffffe470  | |   puts@plt returned            double.rs:9\n");
	ev = insn("call rax", STEP_RAN, -8);
	ev.target = "puts";
	check("text", 0, &ev,
	      "     -8  0x7fffffffe470  | |   call rax, puts               double.rs:9\n");
}

TEST(text_of_what_was_not_stepped)
{
	struct event ev = insn("call", STEP_INFERRED, -8);
	ev.file = NULL;
	ev.line = 0;
	check("text", 0, &ev, "     -8  0x7fffffffe470  | |   call (not stepped)\n");
	ev = insn(NULL, STEP_UNSEEN, 24);
	ev.file = NULL;
	check("text", 0, &ev,
	      "    +24  0x7fffffffe470  | |   (instructions that were not stepped)\n");
}

TEST(text_of_mere_stores)
{
	struct event ev = insn("mov DWORD PTR [rbp-4],edi", STEP_RAN, 0);
	ev.stores = stores;
	ev.n_stores = 1;
	check("text", 0, &ev, "");
	check("text", 1, &ev,
	      "      0  0x7fffffffe470  | |   mov DWORD PTR [rbp-4],edi    double.rs:9\n"
	      "         0x7fffffffe470  | |     spill rax [8 bytes] = 0x30 (was 0x0)\n");
	ev = insn("and rsp,0xfffffffffffffff0", STEP_RAN, 0); // it might have moved rsp
	check("text", 0, &ev,
	      "      0  0x7fffffffe470  | |   and rsp,0xfffffffffffffff0   double.rs:9\n");
}

TEST(text_of_lines)
{
	struct event ev = insn(NULL, STEP_RAN, 0);
	ev.kind = EVENT_LINE;
	ev.text = "let b = \033[2Jdouble(a);";
	check("text", 0, &ev,
	      "                         | | 9: let b = \\033[2Jdouble(a);   double.rs\n");
	ev.text = NULL;
	check("text", 0, &ev,
	      "                         | | 9:                             double.rs\n");
	ev.kind = EVENT_CHANGE;
	ev.changes = changes;
	ev.n_changes = 2;
	check("text", 0, &ev,
	      "         0x7fffffffe4ac  | |     a = 49 (was 48)\n"
	      "                         | |     b\\033 = 96 in rax\n");
}

#define HEAD(kind)                                                                                 \
	"{\"seq\":0,\"event\":\"" kind "\",\"pid\":1,\"tid\":1,\"time_ns\":0,\"depth\":1,"         \
	"\"function\":\"double::double\",\"module\":\"double\",\"file\":\"/src/double.rs\","       \
	"\"line\":9,\"pc\":\"0x555555568120\",\"cfa\":\"0x7fffffffe480\","

TEST(json_of_steps)
{
	struct event ev = insn("push rax", STEP_RAN, -8);
	ev.in_prologue = true;
	ev.stores = stores + 1;
	ev.n_stores = 1;
	check("json", 0, &ev,
	      HEAD("insn") "\"insn\":\"push rax\",\"target\":null,\"how\":\"ran\","
			   "\"prologue\":true,\"rsp_before\":\"0x7fffffffe478\","
			   "\"rsp\":\"0x7fffffffe470\",\"delta\":-8,\"stores\":["
			   "{\"address\":\"0x7fffffffe4ac\",\"size\":4,"
			   "\"function\":\"double::main\",\"depth\":0,\"owner\":\"local\","
			   "\"name\":\"a\",\"type\":\"i32\",\"old\":\"47\",\"value\":\"48\","
			   "\"ghost\":\"n of double::double\"}]}\n");
	ev.kind = EVENT_LINE;
	ev.text = "n * 2";
	check("json", 0, &ev, HEAD("line") "\"text\":\"n * 2\"}\n");
	ev.kind = EVENT_CHANGE;
	ev.changes = changes;
	ev.n_changes = 1;
	check("json", 0, &ev,
	      HEAD("change") "\"changes\":[{\"name\":\"a\",\"type\":\"i32\",\"old\":\"48\","
			     "\"value\":\"49\",\"address\":\"0x7fffffffe4ac\","
			     "\"register\":null}]}\n");
}

TEST_MAIN
