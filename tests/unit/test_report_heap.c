/*
 * test_report_heap.c - heap blocks, hand-made, in both formats.
 */
#include "test.h"

#include "base/base.h"
#include "report/report.h"

/* Whether a format's text of one event has these words. */
static bool has(const char *format, const struct event *ev, const char *words)
{
	const struct report_format *f = report_find(format);
	const struct report_options o = {.verbose = 1};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	if (!f || !out)
		abort();
	struct reporter *r = f->open(out, &o);
	f->event(r, ev);
	f->close(r);
	fclose(out);
	bool found = strstr(text, words) != NULL;
	if (!found)
		printf("# %s", text);
	free(text);
	return found;
}

static struct event heap_event(enum event_kind kind, const struct event_heap *heap)
{
	return (struct event){.kind = kind,
			      .pid = 7,
			      .tid = 7,
			      .depth = 1,
			      .function = heap->place.function,
			      .file = heap->place.file,
			      .line = heap->place.line,
			      .heap = heap};
}

TEST(a_block_comes_and_goes)
{
	struct event_heap h = {.call = "malloc",
			       .number = 1,
			       .address = 0x5000,
			       .size = 4,
			       .usable = 24,
			       .place = {.function = "main", .file = "d/a.c", .line = 9}};
	struct event ev = heap_event(EVENT_ALLOC, &h);
	CHECK(has("text", &ev, "| + heap #1: 4 bytes at 0x5000 (usable 24), malloc"));
	CHECK(has("text", &ev, "a.c:9"));
	CHECK(has("json", &ev, "\"event\":\"alloc\""));
	CHECK(has("json", &ev, "\"block\":1,\"address\":\"0x5000\",\"size\":4,\"usable\":24"));
	h.failed = true;
	h.error = "EINVAL";
	CHECK(has("text", &ev, "| ! malloc of 4 bytes failed: EINVAL"));
	CHECK(has("json", &ev, "\"address\":null"));
	h.size = UINT64_MAX; // of calloc(1 << 40, 1 << 40)
	CHECK(has("text", &ev, "| ! malloc of at least 18446744073709551615 bytes failed: EINVAL"));
	h.size = 4;
	h.failed = false;
	h.verdict = FREE_TWICE;
	h.freed = (struct event_place){.function = "drop", .file = "d/b.c", .line = 3};
	ev = heap_event(EVENT_FREE, &h);
	CHECK(has("text", &ev,
		  "| ! double free of heap #1 at 0x5000: freed before by drop, b.c:3"));
	CHECK(has("json", &ev, "\"verdict\":\"double free\",\"freed\":{\"function\":\"drop\""));
	h.verdict = FREE_UNKNOWN;
	CHECK(has("text", &ev, "invalid free of 0x5000: no block that was given out"));
	h.old_size = 2;
	h.moved = true;
	ev = heap_event(EVENT_REALLOC, &h);
	CHECK(has("text", &ev, "| * heap #1: 2 -> 4 bytes, moved to 0x5000"));
	h = (struct event_heap){
		.call = "brk", .address = 0x1000, .size = 0x21000, .is_brk = true, .served = 3};
	ev = heap_event(EVENT_BRK, &h);
	CHECK(has("text", &ev, "^ the heap grows by 132 KiB (brk), to 0x22000, 3 requests after"));
}

TEST(values_name_their_blocks)
{
	struct event_value arg = {.name = "p",
				  .type = "int *",
				  .value = "0x5008",
				  .known = true,
				  .size = 8,
				  .pointer = 0x5008,
				  .block = 1,
				  .block_offset = 8,
				  .block_size = 16};
	struct event ev = {
		.kind = EVENT_PUSH, .function = "f", .args_known = true, .args = &arg, .n_args = 1};
	CHECK(has("text", &ev, "> f(p=0x5008 (heap #1+8))"));
	CHECK(has("text", &ev, "argument p = 0x5008 (heap #1+8, 16 bytes)"));
	CHECK(has("json", &ev, "\"heap\":{\"block\":1,\"offset\":8,\"size\":16}"));
	arg.dangling = "heap #1, freed by g, a.c:3";
	CHECK(has("text", &ev, "> f(p=0x5008 (freed heap #1+8))"));
	CHECK(has("text", &ev, "| ! p dangles, it points to heap #1, freed by g, a.c:3"));
	CHECK(has("json", &ev, "\"dangling\":\"heap #1, freed by g, a.c:3\""));
}

TEST(values_say_where_they_lead)
{
	struct event_value arg = {.name = "p",
				  .type = "int *",
				  .value = "0x5008",
				  .known = true,
				  .size = 8,
				  .pointer = 0x5008,
				  .points_to = "local x\x1b of main"};
	struct event ev = {
		.kind = EVENT_PUSH, .function = "f", .args_known = true, .args = &arg, .n_args = 1};
	CHECK(has("text", &ev, "> f(p=0x5008)"));
	CHECK(has("text", &ev, "argument p = 0x5008 (local x\\033 of main)   int *, 8 bytes"));
	CHECK(has("json", &ev, "\"points_to\":\"local x\\u001b of main\""));
	arg.value = "0x5008 <counter>";
	arg.points_to = "counter, .bss of a";
	CHECK(has("text", &ev, "argument p = 0x5008 <counter>   int *, 8 bytes"));
	CHECK(has("json", &ev, "\"points_to\":\"counter, .bss of a\""));
}

TEST(what_was_never_freed)
{
	static const struct event_place path[] = {
		{.function = "main", .file = "d/m.c", .line = 20},
		{.function = "g", .file = "d/a.c", .line = 9, .repeats = true},
		{.function = "f", .file = "d/a.c", .line = 3}};
	struct event_leak leaks[] = {{.call = "malloc",
				      .place = {.function = "f", .file = "d/a.c", .line = 3},
				      .path = path,
				      .n_path = 3,
				      .owner = "main.p",
				      .blocks = 2,
				      .bytes = 300},
				     {.call = "malloc",
				      .place = {.function = "f",
						.file = "d/a.c",
						.line = 4,
						.via = "printf",
						.via_module = "libc.so.6"},
				      .path = path + 2,
				      .n_path = 1,
				      .more_path = true,
				      .blocks = 1,
				      .bytes = 7},
				     {.call = "calloc", .blocks = 1, .bytes = 5}};
	struct event_heap_summary heap = {.allocs = 9,
					  .frees = 6,
					  .bytes = 400,
					  .peak = 350,
					  .alive_blocks = 3,
					  .alive_bytes = 305,
					  .leaks = leaks,
					  .n_leaks = 3,
					  .more_places = 1};
	struct event_summary sum = {.heap = &heap};
	struct event ev = {.kind = EVENT_EXIT, .summary = &sum};
	CHECK(has("text", &ev,
		  "heap: 9 blocks given out, 6 freed; 400 bytes in all, at most 350 at once"));
	CHECK(has("text", &ev, "never freed: 3 blocks, 305 bytes"));
	CHECK(has("text", &ev,
		  "2 blocks, 300 bytes: malloc by f, a.c:3, from g:9 (recursive), main, m.c:20; "
		  "last in main.p\n"));
	CHECK(has("text", &ev,
		  "1 block, 7 bytes: malloc inside libc.so.6 (printf), called by f, a.c:4, ...\n"));
	CHECK(has("json", &ev,
		  "\"path\":[{\"function\":\"main\",\"file\":\"d/m.c\",\"line\":20},"));
	CHECK(has("json", &ev, "\"line\":4,\"via\":\"printf\",\"via_module\":\"libc.so.6\"}"));
	CHECK(has("text", &ev, "1 block, 5 bytes: calloc outside of the traced functions"));
	CHECK(has("text", &ev, "and from 1 more place"));
	CHECK(has("json", &ev, "\"blocks\":2,\"bytes\":300"));
	leaks[1].place.via = "std::vector<std::unique_ptr<Shape, std::default_delete<Shape> >, "
			     "std::allocator<Shape> >::push_back";
	CHECK(has("text", &ev, "inside libc.so.6 (std::vector<..>::push_back), called by f"));
	CHECK(has("json", &ev, "::allocator<Shape> >::push_back\",\"via_module\""));
}

TEST_MAIN
