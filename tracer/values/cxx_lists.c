/*
 * cxx_lists.c - sequences of libstdc++ that lie in arrays: vector, deque, span, initializer_list.
 */
#include <stdlib.h>
#include <string.h>

#include "values/private.h"

/* n elements behind a pointer; what cannot be read is left out. */
static void add_elements(struct build *b, uint32_t at, struct type *element, uint64_t addr,
			 uint64_t n)
{
	struct type *t = type_strip(element);
	uint64_t size = t ? t->size : 0, max = b->style->max_array;
	uint64_t want = n < max ? n : max;

	build_node(b, at)->shape = VALUE_LIST;
	build_node(b, at)->count = n;
	build_node(b, at)->has_count = true;
	if (!n)
		return;
	if (size && want > BUILD_READ / size + 1)
		want = BUILD_READ / size + 1;
	uint8_t *bytes = xmalloc(want * size + 1);
	uint64_t got = size ? build_read(b, addr, bytes, want * size) / size : 0, i = 0;
	for (; i < got && build_next(b, at); i++)
		build_element(b, at, element, (struct span){bytes, got * size, addr}, i * size);
	free(bytes);
	if (i < n)
		build_node(b, at)->truncated = true;
}

static void add_length(struct buf *out, uint64_t n, bool has_capacity, uint64_t capacity)
{
	buf_str(out, " of length ");
	buf_udec(out, n);
	if (!has_capacity)
		return;
	buf_str(out, ", capacity ");
	buf_udec(out, capacity);
}

/* A vector<bool>'s iterator: a pointer to a word and the number of a bit. */
static bool bit_iterator(struct type *t, const char *name, struct span v, uint64_t *ret_word,
			 uint64_t *ret_bit)
{
	uint64_t off = 0;
	struct type *it = member_deep(t, name, &off);

	return it && off <= v.len && member_word(it, "_M_p", span_from(v, off), ret_word) &&
	       member_word(it, "_M_offset", span_from(v, off), ret_bit);
}

static bool build_bits(struct build *b, uint32_t at, struct type *t, struct span v)
{
	uint64_t start, start_bit, finish, finish_bit, end;
	uint8_t bytes[256];

	if (!bit_iterator(t, "_M_start", v, &start, &start_bit) ||
	    !bit_iterator(t, "_M_finish", v, &finish, &finish_bit) ||
	    !member_word(t, "_M_end_of_storage", v, &end) || finish < start || end < finish)
		return false;
	uint64_t n = (finish - start) * 8 + finish_bit - start_bit;
	struct buf *out = tree_text(b->tree, at);
	buf_str(out, "std::vector<bool>");
	add_length(out, n, true, (end - start) * 8);
	tree_text_end(b->tree, at);
	build_node(b, at)->shape = VALUE_LIST;
	build_node(b, at)->count = n;
	build_node(b, at)->has_count = true;
	uint64_t max = b->style->max_array < n ? b->style->max_array : n, i = 0;
	size_t want = max / 8 + 1 < sizeof(bytes) ? max / 8 + 1 : sizeof(bytes);
	uint64_t got = n ? build_read(b, start, bytes, want) * 8 : 0;
	for (; i < max && i + start_bit < got && build_next(b, at); i++) {
		bool bit = bytes[(i + start_bit) / 8] >> (i + start_bit) % 8 & 1;
		tree_says(b->tree, tree_child(b->tree, at, NULL, NULL), bit ? "true" : "false");
	}
	build_node(b, at)->truncated = i < n;
	return true;
}

bool build_cxx_vector(struct build *b, uint32_t at, struct type *t, struct span v)
{
	struct type *element = t->n_targs ? t->targs[0] : NULL, *et = type_strip(element);
	uint64_t start, finish, end;

	if (!et)
		return false;
	if (et->kind == TYPE_BOOL)
		return build_bits(b, at, t, v);
	if (!et->size || !member_word(t, "_M_start", v, &start) ||
	    !member_word(t, "_M_finish", v, &finish) ||
	    !member_word(t, "_M_end_of_storage", v, &end) || finish < start || end < finish ||
	    (finish - start) % et->size)
		return false;
	uint64_t n = (finish - start) / et->size;
	struct buf *out = tree_text(b->tree, at);
	cxx_add_name(out, t);
	add_length(out, n, true, (end - start) / et->size);
	tree_text_end(b->tree, at);
	add_elements(b, at, element, start, n);
	return true;
}

static bool build_stretch(struct build *b, uint32_t at, struct type *t, struct span v,
			  const char *ptr, const char *len)
{
	uint64_t start, n;

	if (!t->n_targs || !type_strip(t->targs[0]) || !type_strip(t->targs[0])->size ||
	    !member_word(t, ptr, v, &start) || !member_word(t, len, v, &n))
		return false;
	struct buf *out = tree_text(b->tree, at);
	cxx_add_name(out, t);
	add_length(out, n, false, 0);
	tree_text_end(b->tree, at);
	add_elements(b, at, t->targs[0], start, n);
	return true;
}

bool build_cxx_initializers(struct build *b, uint32_t at, struct type *t, struct span v)
{
	return build_stretch(b, at, t, v, "_M_array", "_M_len");
}

bool build_cxx_span(struct build *b, uint32_t at, struct type *t, struct span v)
{
	return build_stretch(b, at, t, v, "_M_ptr", "_M_extent_value");
}

/* The buffers of a deque hold 512 bytes, or one element. */
bool build_cxx_deque(struct build *b, uint32_t at, struct type *t, struct span v)
{
	struct type *element = t->n_targs ? t->targs[0] : NULL, *et = type_strip(element);
	uint64_t start = 0, finish = 0, cur, last, node, end, end_first, end_node, shown = 0;
	struct type *from = member_deep(t, "_M_start", &start);
	struct type *to = member_deep(t, "_M_finish", &finish);
	struct span s = span_from(v, start), e = span_from(v, finish);

	if (!et || !et->size || !from || !to || !member_word(from, "_M_cur", s, &cur) ||
	    !member_word(from, "_M_last", s, &last) || !member_word(from, "_M_node", s, &node) ||
	    !member_word(to, "_M_cur", e, &end) || !member_word(to, "_M_first", e, &end_first) ||
	    !member_word(to, "_M_node", e, &end_node) || end_node < node || last < cur ||
	    end < end_first)
		return false;
	uint64_t each = et->size < 512 ? 512 / et->size : 1, n;
	if (end_node == node)
		n = (end - cur) / et->size;
	else
		n = ((end_node - node) / 8 - 1) * each + (last - cur) / et->size +
		    (end - end_first) / et->size;
	build_cxx_count(b, at, t, n);
	build_node(b, at)->shape = VALUE_LIST;
	while (shown < n && shown < b->style->max_array && build_next(b, at)) {
		if (!build_target(b, at, element, cur))
			break;
		shown++;
		cur += et->size;
		if (cur >= last && shown < n) {
			node += 8;
			if (!build_read_word(b, node, &cur))
				break;
			last = cur + each * et->size;
		}
	}
	build_node(b, at)->truncated = shown < n;
	return true;
}
