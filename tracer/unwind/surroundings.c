/*
 * surroundings.c - the caller of a frame, as far as its expressions may know it.
 */
#include "unwind/surroundings.h"

#include <stdlib.h>

#include "unwind/dw_op.h"

enum {
	CALLERS_MAX = 12, // entry values of entry values of …
	DTV_ENTRY = 16,	  // glibc's dtv_t: the block's address, and what to free
	DTV_MODULES_MAX = 1 << 20,
};

static void init(struct surroundings *w, struct symbols *s, const struct memory *memory,
		 const struct unwind_frame *frame, unsigned depth);

static const struct variable *find_variable(void *ctx, uint64_t die)
{
	struct surroundings *w = ctx;
	struct module *m = symbols_module_at(w->symbols, frame_lookup_pc(&w->frame));
	const struct variable *v;

	if (!m || symbols_variable_at(w->symbols, m, die, &v) != FT_OK)
		return NULL;
	return v;
}

/* ---- thread-local storage ---- */

/* glibc: fs:8 points to the vector; the entry before it counts the entries behind it. */
static const char *block_by_number(const struct memory *mem, const struct tls *tls,
				   uint64_t fs_base, uint64_t *ret)
{
	uint64_t id, dtv, n, block;

	if (!tls->is_glibc)
		return "the C library's layout is not known";
	if (!memory_read_uint(mem, tls->id_slot, ARCH_WORD, &id) || !id || id > DTV_MODULES_MAX)
		return "the library's number is not known";
	if (!memory_read_uint(mem, fs_base + ARCH_WORD, ARCH_WORD, &dtv) ||
	    !memory_read_uint(mem, dtv - DTV_ENTRY, ARCH_WORD, &n))
		return "the thread's vector cannot be read";
	if (id > n)
		return "this thread has not used it yet";
	if (!memory_read_uint(mem, dtv + id * DTV_ENTRY, ARCH_WORD, &block))
		return "the thread's vector cannot be read";
	if (!block || block == UINT64_MAX)
		return "this thread has not used it yet";
	*ret = block;
	return NULL;
}

const char *surroundings_tls(const struct memory *mem, const struct tls *tls, uint64_t fs_base,
			     uint64_t *ret)
{
	uint64_t off;

	if (!fs_base)
		return "the thread has no such storage yet";
	if (tls->is_program) {
		*ret = fs_base - tls->below;
		return NULL;
	}
	if (tls->off_slot && memory_read_uint(mem, tls->off_slot, ARCH_WORD, &off)) {
		*ret = fs_base + off - tls->off_symbol;
		return NULL;
	}
	if (tls->id_slot)
		return block_by_number(mem, tls, fs_base, ret);
	return "the library's number is not known";
}

static const char *find_tls_block(void *ctx, uint64_t *ret)
{
	struct surroundings *w = ctx;
	struct module *m = symbols_module_at(w->symbols, frame_lookup_pc(&w->frame));

	if (!m)
		return "no module has this code";
	if (m != w->tls_module) {
		w->tls_module = m;
		w->has_tls = symbols_tls(w->symbols, m, &w->tls) == FT_OK;
	}
	if (!w->has_tls)
		return "the file has no such storage";
	return surroundings_tls(&w->memory, &w->tls, w->frame.regs.fs_base, ret);
}

/* ---- the caller ---- */

/* A call site's values rarely count from the frame base: only then is it worth reading. */
static bool needs_frame_base(const struct call_site *site)
{
	for (size_t i = 0; i < site->n_params; i++) {
		const struct call_parameter *p = &site->params[i];
		for (size_t k = 0; k < p->n_value; k++)
			if (p->value[k].op == DW_OP_fbreg)
				return true;
		for (size_t k = 0; k < p->n_data; k++)
			if (p->data[k].op == DW_OP_fbreg)
				return true;
	}
	return false;
}

static void find_frame_base(struct surroundings *w, struct function *f, struct expr_context *ctx)
{
	const struct signature *sig;
	const struct location_entry *e;

	if (symbols_signature(w->symbols, f, &sig) == FT_OK &&
	    location_at(&sig->frame_base, ctx->pc, &e) == FT_OK)
		ctx->has_frame_base = expr_value(e->ops, e->n_ops, ctx, &ctx->frame_base);
}

static struct expr_context context_of_caller(struct surroundings *w, const struct call_site *site)
{
	struct surroundings *outer = w->outer;
	struct unwind_frame *frame = &outer->frame, unused;
	struct expr_context ctx = {
		.regs = &frame->regs,
		.known = frame->known,
		.memory = &w->memory,
		.pc = frame_lookup_pc(frame),
		.world = &outer->world,
	};
	struct cfi_row row;
	enum unwind_end end;
	struct function *f;

	if (symbols_cfi_at(w->symbols, ctx.pc, &row) == FT_OK) {
		bool moved = unwind_apply(&row, &w->memory, frame, &unused, &ctx.cfa, &end);
		ctx.has_cfa = moved && ctx.cfa != 0;
	}
	if (needs_frame_base(site) && symbols_function_at(w->symbols, ctx.pc, &f) == FT_OK)
		find_frame_base(outer, f, &ctx);
	return ctx;
}

/* Whether the call goes to this function: by name, or by the address that it computed. */
static bool goes_to(const struct call_site *site, const struct function *f,
		    const struct expr_context *ctx)
{
	uint64_t target;

	if (site->n_target && expr_value(site->target, site->n_target, ctx, &target))
		return target == f->ranges[0].lo;
	return symbols_call_site_names(site, f);
}

void unwind_keep(struct symbols *s, const struct unwind_frame *f, struct unwind_frame *caller)
{
	struct cfi_row row;

	if (symbols_cfi_at(s, frame_lookup_pc(f), &row) != FT_OK)
		return;
	for (unsigned reg = 0; reg < ARCH_RIP; reg++) {
		if (caller->known >> reg & 1 || !(f->known >> reg & 1) ||
		    row.rules[reg].kind != CFI_SAME)
			continue;
		caller->regs.r[reg] = f->regs.r[reg];
		caller->known |= 1u << reg;
	}
}

static const char *ask_caller(struct surroundings *w)
{
	struct unwind_frame caller;
	const struct call_site *site;
	struct function *f;
	bool moved;

	if (w->depth == CALLERS_MAX)
		return "too many callers";
	if (symbols_function_at(w->symbols, frame_lookup_pc(&w->frame), &f) != FT_OK)
		return "its function is not known";
	enum unwind_end end = unwind_step(w->symbols, &w->memory, &w->frame, &caller, &moved);
	if (!moved)
		return unwind_end_text(end);
	if (caller.exact_pc)
		return "a signal interrupted its caller";
	if (symbols_call_site_at(w->symbols, caller.pc, &site) != FT_OK)
		return "the caller does not tell of this call";
	// Only those can be meant: a call site's value is one that the caller still has meanwhile.
	unwind_keep(w->symbols, &w->frame, &caller);
	w->outer = xcalloc(1, sizeof(*w->outer));
	init(w->outer, w->symbols, &w->memory, &caller, w->depth + 1);
	w->caller.site = site;
	w->caller.ctx = context_of_caller(w, site);
	if (!goes_to(site, f, &w->caller.ctx))
		return site->callee || site->n_target ? "its caller called another function"
						      : "the call does not tell whom it calls";
	if (symbols_tail_calls_itself(w->symbols, f))
		return "a tail call may have come between";
	return NULL;
}

static const char *find_caller(void *ctx, struct expr_caller *ret)
{
	struct surroundings *w = ctx;

	if (w->state == CALLER_NOT_ASKED) {
		w->why = ask_caller(w);
		w->state = w->why ? CALLER_UNKNOWN : CALLER_KNOWN;
	}
	if (w->state == CALLER_KNOWN)
		*ret = w->caller;
	return w->why;
}

static void init(struct surroundings *w, struct symbols *s, const struct memory *memory,
		 const struct unwind_frame *frame, unsigned depth)
{
	*w = (struct surroundings){
		.symbols = s,
		.memory = *memory,
		.frame = *frame,
		.depth = depth,
		.world = {w, find_variable, find_tls_block, find_caller},
	};
}

void surroundings_init(struct surroundings *w, struct symbols *s, const struct memory *memory,
		       const struct unwind_frame *frame)
{
	init(w, s, memory, frame, 0);
}

void surroundings_deinit(struct surroundings *w)
{
	while (w->outer) { // the chain is freed from its start
		struct surroundings *next = w->outer->outer;
		free(w->outer);
		w->outer = next;
	}
	w->state = CALLER_NOT_ASKED;
}
