/*
 * fuzz_elf - a file as the whole reading side meets it: checked, opened, its functions listed, each
 * one planned, its signature read and its values rendered from memory that holds anything.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "symbols/code.h"
#include "symbols/layout.h"
#include "values/values.h"

enum { FUNCTIONS = 64, VARIABLES = 16, CODE_PER_FUNCTION = 64 };

// Every address below 1 GiB can be read, and holds bytes that make near pointers.
static size_t read_anything(void *ctx, uint64_t addr, void *buf, size_t len)
{
	(void)ctx;
	if (addr >> 30)
		return 0;
	for (size_t i = 0; i < len; i++)
		((uint8_t *)buf)[i] = (addr + i) % 8 < 3 ? (uint8_t)((addr + i) * 37) : 0;
	return len;
}

static void render(struct type *type, struct buf *out, const struct memory *mem)
{
	struct value_style style = value_style_default();
	uint8_t bytes[256];
	uint32_t off, len;

	read_anything(NULL, 0x1000, bytes, sizeof(bytes));
	buf_reset(out);
	value_format(out, &style, type, bytes, sizeof(bytes), mem);
	value_follows(type, &style, &off, &len);
	value_needs_memory(type, &style);
}

static void render_variable(const struct function *f, const struct variable *v,
			    const struct expr_context *ctx, struct buf *out)
{
	struct value_style style = value_style_default();
	const struct location_entry *e;
	struct expr_storage storage;
	struct place place;

	render(v->type, out, ctx->memory);
	if (location_at(&v->loc, f->ranges[0].lo, &e) != FT_OK)
		return;
	expr_eval(e->ops, e->n_ops, ctx, &storage, &place);
	value_format_place(out, &style, v->type, &place, ctx);
}

static void try_signature(struct symbols *s, struct function *f, struct buf *out)
{
	struct memory mem = {read_anything, NULL};
	struct regs regs = {.r = {0x1000, 0x2000}};
	struct expr_context ctx = {.regs = &regs,
				   .known = 0x1ffff,
				   .memory = &mem,
				   .has_cfa = true,
				   .cfa = 0x8000,
				   .has_frame_base = true,
				   .frame_base = 0x8000};
	const struct signature *sig;
	struct return_plan plan;

	if (symbols_signature(s, f, &sig) != FT_OK)
		return;
	for (size_t i = 0; i < sig->n_params && i < VARIABLES; i++)
		render_variable(f, &sig->params[i], &ctx, out);
	for (size_t i = 0; i < sig->n_locals && i < VARIABLES; i++)
		render_variable(f, &sig->locals[i], &ctx, out);
	const struct inlined *inlined;
	size_t n;
	if (symbols_inlines(s, f, &inlined, &n) == FT_OK)
		for (size_t i = 0; i < inlined[n - 1].n_params && i < VARIABLES; i++)
			render_variable(f, &inlined[n - 1].params[i], &ctx, out);
	return_plan_of(f, sig->returns, &plan);
	struct value_style style = value_style_default();
	struct fp_regs fp = {0};
	buf_reset(out);
	return_value_format(out, &style, sig->returns, &plan, &regs, &fp, &mem);
}

static void try_layout(struct symbols *s, struct function *f, const struct frame_plan *plan)
{
	uint64_t pcs[] = {0, plan->body};
	struct frame_layout layout;

	for (size_t i = 0; i < sizeof(pcs) / sizeof(pcs[0]); i++) {
		enum ft_rc rc = frame_layout_init(s, f, plan, pcs[i], &layout);
		if (rc == FT_FAIL)
			ft_error_clear();
		if (rc != FT_OK)
			continue;
		int64_t end = layout.n ? (int64_t)layout.slots[0].off + layout.slots[0].size : 0;
		for (size_t k = 0; k < layout.n; k++) {
			const struct layout_slot *slot = &layout.slots[k];
			bool next_part = slot->from_rsp && k && !slot[-1].from_rsp;
			if (!slot->size || (!next_part && slot->off + (int64_t)slot->size != end))
				abort(); // a gap or an overlap
			end = slot->off;
		}
		frame_layout_deinit(&layout);
	}
}

static void try_code(struct symbols *s, struct function *f)
{
	struct frame_plan plan;
	const char *why = NULL;
	struct displaced d;
	struct cfi_row row;

	if (frame_plan_init(s, f, &plan, &why) == FT_OK) {
		for (size_t i = 0; i < plan.n_exits; i++)
			if (code_displace(s, plan.exits[i].pc, &d) == FT_FAIL)
				ft_error_clear();
		try_layout(s, f, &plan);
		frame_plan_deinit(&plan);
	}
	uint64_t pc = f->ranges[0].lo;
	for (int i = 0; i < CODE_PER_FUNCTION && pc < f->ranges[0].hi; i++) {
		uint64_t next = pc + 1;
		if (symbols_cfi_at(s, pc, &row) == FT_OK && row.hi > pc)
			next = row.hi;
		pc = next;
	}
}

static void try_names(struct symbols *s, struct function *f)
{
	const struct line_row *rows;
	struct function *again;
	const char *name;
	struct line_row row;
	size_t n;
	uint64_t off;
	uint64_t at[] = {f->ranges[0].lo, f->ranges[0].hi, f->ranges[0].hi - 1};

	if (symbols_lines_of(s, f, &rows, &n) == FT_FAIL)
		ft_error_clear();
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		if (symbols_name_at(s, at[i], &name, &off) == FT_FAIL ||
		    symbols_line_at(s, at[i], &row) == FT_FAIL ||
		    symbols_function_at(s, at[i], &again) == FT_FAIL)
			ft_error_clear();
	}
}

static void try_module(struct symbols *s, struct module *m)
{
	struct function_list all = {.n = 0}, own = {.n = 0};
	const char *interpreter;
	uint64_t addr;
	struct buf out;

	buf_init(&out);
	if (symbols_functions(s, m, false, &own) == FT_OK)
		free(own.f);
	if (symbols_functions(s, m, true, &all) == FT_OK) {
		for (size_t i = 0; i < all.n && i < FUNCTIONS; i++) {
			try_signature(s, all.f[i], &out);
			try_code(s, all.f[i]);
			try_names(s, all.f[i]);
		}
		free(all.f);
	}
	if (symbols_interpreter(m, &interpreter) == FT_OK)
		buf_str(&out, interpreter);
	if (symbols_address_of(s, m, "main", &addr) == FT_FAIL)
		ft_error_clear();
	const char *warning = symbols_warning(m);
	if (warning)
		buf_str(&out, warning);
	buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[32];
	struct module *m;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (write(fd, data, size) == (ssize_t)size) {
		if (symbols_check_program(path) == FT_FAIL)
			ft_error_clear();
		struct symbols *s = symbols_create();
		if (symbols_open(s, path, 0, 0, &m) == FT_OK)
			try_module(s, m);
		symbols_destroy(s);
	}
	ft_error_clear();
	close(fd);
	return 0;
}

FUZZ_MAIN
