/*
 * fuzz_expr - DWARF expressions as the decoder could hand them over: any operation with any
 * operands, blocks as long as they say, inner expressions. Evaluated with and without what an
 * expression may ask for.
 */
#include <string.h>

#include "fuzz.h"
#include "unwind/expr.h"

enum { OPS = 64, INNER_OPS = 8, MEMORY_AT = 0x1000, MEMORY_LEN = 256 };

// Takes bytes from the input; zeroes once there are none left.
struct input {
	const uint8_t *at;
	size_t left;
};

static uint64_t take(struct input *in, size_t size)
{
	uint64_t v = 0;

	size = size < in->left ? size : in->left;
	memcpy(&v, in->at, size);
	in->at += size;
	in->left -= size;
	return v;
}

static uint64_t take_operand(struct input *in)
{
	static const uint8_t sizes[] = {0, 1, 1, 2, 4, 8, 8, 1};
	unsigned how = (unsigned)take(in, 1);
	uint64_t v = take(in, sizes[how & 7]);

	return how & 8 ? ~v : v;
}

static size_t take_ops(struct input *in, struct dw_op *ops, size_t max, struct dw_op *inner)
{
	size_t n = 0;
	uint32_t off = 0;

	while (n < max && in->left > 0) {
		struct dw_op *op = &ops[n++];
		unsigned what;
		memset(op, 0, sizeof(*op));
		op->op = (uint8_t)take(in, 1);
		op->a = take_operand(in);
		op->b = take_operand(in);
		op->off = off;
		what = (unsigned)take(in, 1);
		off += 1 + (what & 3);
		if (what & 4) {
			op->type_size = (uint8_t)take(in, 1);
			op->type_encoding = (uint8_t)take(in, 1);
		}
		if (what & 8) {
			op->a = op->a < in->left ? op->a : in->left;
			op->block = in->at;
		}
		if (inner && what & 16) {
			op->sub = inner;
			op->n_sub = take_ops(in, inner, INNER_OPS, NULL);
			inner = NULL;
		}
		if ((op->op == 0x9e || op->op == 0xa4 || op->op == 0xf4) && !op->block)
			op->op = 0x96; // these have a block by contract: implicit_value, const_type
	}
	return n;
}

static size_t read_window(void *ctx, uint64_t addr, void *buf, size_t len)
{
	const uint8_t *window = ctx;
	uint64_t off = addr - MEMORY_AT;

	if (off >= MEMORY_LEN)
		return 0;
	len = len < MEMORY_LEN - off ? len : (size_t)(MEMORY_LEN - off);
	memcpy(buf, window + off, len);
	return len;
}

// What lies outside of the frame: every DIE and every parameter has the same expression.
struct outside {
	const struct dw_op *ops;
	size_t n;
	struct variable variable;
	struct location_entry entry;
	struct type type;
	struct call_parameter params[3];
	struct call_site site;
	struct expr_context caller;
};

static const struct variable *any_variable(void *ctx, uint64_t die)
{
	const struct outside *o = ctx;

	return die & 1 ? &o->variable : NULL;
}

static const char *any_block(void *ctx, uint64_t *ret)
{
	(void)ctx;
	*ret = MEMORY_AT;
	return NULL;
}

static const char *any_caller(void *ctx, struct expr_caller *ret)
{
	struct outside *o = ctx;

	*ret = (struct expr_caller){.ctx = o->caller, .site = &o->site};
	return NULL;
}

static void outside_init(struct outside *o, const struct dw_op *ops, size_t n,
			 const struct expr_context *ctx)
{
	memset(o, 0, sizeof(*o));
	o->entry = (struct location_entry){0, UINT64_MAX, ops, n};
	o->type = (struct type){.kind = TYPE_INT, .shown = "int", .size = 4};
	o->variable = (struct variable){.type = &o->type, .loc = {.n = 1, .e = &o->entry}};
	o->params[0] = (struct call_parameter){.kind = CALL_IN_REG,
					       .reg = 5,
					       .value = ops,
					       .n_value = n,
					       .data = ops,
					       .n_data = n};
	o->params[1] = (struct call_parameter){.kind = CALL_ON_STACK, .value = ops, .n_value = n};
	o->params[2] = (struct call_parameter){.die = 7, .value = ops, .n_value = n};
	o->site = (struct call_site){.params = o->params, .n_params = 3};
	o->caller = *ctx;
}

static void try_pointee(const struct place *place, const struct expr_context *ctx)
{
	struct expr_storage storage;
	struct place to;
	struct type *type;
	uint64_t off;
	uint8_t bytes[24];
	bool known[24];

	(void)place_read_known(place, ctx, bytes, known, sizeof(bytes));
	if (place->kind == PLACE_POINTER &&
	    !place_pointee(place, ctx, &storage, &to, &off, &type) &&
	    place_read_at(&to, ctx, off, bytes, sizeof(bytes)))
		bytes[0] = 1;
}

static void try_ops(const struct dw_op *ops, size_t n, const struct expr_context *ctx)
{
	struct expr_storage storage;
	struct place place;
	uint8_t bytes[80];
	uint64_t value;

	expr_eval(ops, n, ctx, &storage, &place);
	try_pointee(&place, ctx);
	for (size_t size = 1; size <= sizeof(bytes); size *= 2)
		if (!place_read(&place, ctx, bytes, size))
			break;
	if (expr_value(ops, n, ctx, &value))
		bytes[0] = (uint8_t)value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint8_t window[MEMORY_LEN];
	struct dw_op ops[OPS], inner[INNER_OPS];
	struct regs regs = {.eflags = 0}, entry = {.eflags = 0};
	struct fp_regs fp;
	struct memory mem = {read_window, window}, nothing = memory_none();
	unsigned has = (unsigned)take(&in, 2);

	memset(&fp, 0x5a, sizeof(fp));
	for (size_t i = 0; i < MEMORY_LEN; i++)
		window[i] = (uint8_t)(i * 73);
	for (size_t i = 0; i < ARCH_GENERAL; i++) {
		regs.r[i] = MEMORY_AT + i * 8;
		entry.r[i] = i;
	}
	struct expr_context ctx = {
		.regs = &regs,
		.known = (uint32_t)take(&in, 3),
		.fp = has & 1 ? &fp : NULL,
		.memory = has & 2 ? &mem : &nothing,
		.has_cfa = has & 4,
		.has_frame_base = has & 8,
		.has_object = has & 16,
		.cfa = MEMORY_AT + 64,
		.frame_base = MEMORY_AT + 32,
		.object = MEMORY_AT + 16,
		.push_object = has & 32,
		.entry_regs = has & 64 ? &entry : NULL,
		.entry_known = 0xffff,
		.entry_fp = has & 128 ? &fp : NULL,
		.entry_fp_unknown = 2,
	};
	struct outside outside;
	const struct expr_world world = {&outside, any_variable, any_block, any_caller};
	size_t n = take_ops(&in, ops, OPS, inner);
	if (has & 256)
		ctx.world = &world;
	outside_init(&outside, ops, n, &ctx);
	try_ops(ops, n, &ctx);
	return 0;
}

FUZZ_MAIN
