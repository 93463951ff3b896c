/*
 * step_insn.c - a frame's account of rsp, instruction by instruction.
 *
 * Each frame has its own account: it begins at the CFA, the call that made the frame is its first
 * entry, the ret its last. What the caller does before and after is the caller's. Before each
 * entry the account is balanced with the register, so that the sum is right whatever was not seen.
 */
#include <stdlib.h>
#include <string.h>

#include "events/step_private.h"

void step_ran_deinit(struct step_ran *r)
{
	free(r->text);
	free(r->target);
	free(r->store);
	r->text = r->target = NULL;
	r->store = NULL;
}

void strand_deinit(struct strand *s)
{
	for (size_t i = 0; i < s->n_held; i++)
		step_ran_deinit(&s->held[i]);
	free(s->held);
	*s = (struct strand){.prologue = NULL};
}

void strand_hold(struct strand *s, const struct step_ran *r)
{
	if (s->n_held == STEP_HELD_MAX) { // a stack probe that loops: one sum for the rest
		struct step_ran *last = &s->held[s->n_held - 1], given = *r;
		step_ran_deinit(last);
		last->code = NULL;
		last->how = STEP_UNSEEN;
		last->rsp_after = r->rsp_after;
		step_ran_deinit(&given);
		return;
	}
	s->held = xgrow(s->held, s->n_held, &s->cap_held, sizeof(*s->held));
	s->held[s->n_held++] = *r;
}

struct event step_event(struct collector *col, enum event_kind kind, const struct step_thread *t,
			const struct step_frame *f)
{
	const struct function *fn = f->fn->f;
	struct event ev = collect_event(col, kind, control_pid(col->control), t->tid, col->now);
	ev.depth = f->depth;
	ev.function = fn->name;
	ev.module = fn->module->name;
	ev.cfa = f->cfa;
	ev.pushed_seq = f->seq;
	ev.delta_known = true;
	return ev;
}

static void note_write(struct step_frame *f, uint64_t addr, uint32_t size,
		       const struct step_code *by)
{
	struct step_write *w = f->writes;
	size_t n = 0;
	struct step_write rest = {.size = 0};
	for (size_t i = 0; i < f->n_writes; i++) { // what the new one leaves of the old ones
		struct step_write old = w[i];
		uint64_t end = old.address + old.size;
		if (end <= addr || old.address >= addr + size) {
			w[n++] = old;
			continue;
		}
		if (old.address < addr && end > addr + size)
			rest = (struct step_write){addr + size, (uint32_t)(end - addr - size),
						   old.code};
		if (old.address < addr)
			w[n++] = (struct step_write){old.address, (uint32_t)(addr - old.address),
						     old.code};
		else if (end > addr + size)
			w[n++] = (struct step_write){addr + size, (uint32_t)(end - addr - size),
						     old.code};
	}
	f->n_writes = n;
	if (n + 2 > STEP_WRITES_MAX)
		return;
	f->writes = xgrow(f->writes, f->n_writes, &f->cap_writes, sizeof(*f->writes));
	f->writes[f->n_writes++] = (struct step_write){addr, size, by};
	if (rest.size == 0)
		return;
	f->writes = xgrow(f->writes, f->n_writes, &f->cap_writes, sizeof(*f->writes));
	f->writes[f->n_writes++] = rest;
}

// The frame is not there yet: the instructions of its prologue are held back.
static const struct step_code *writer_in_prologue(const struct strand *now, uint64_t addr)
{
	for (size_t i = now->n_held; i-- > 0;) {
		const struct step_store *st = now->held[i].store;
		if (st && addr >= st->address && addr - st->address < st->size)
			return now->held[i].code;
	}
	return NULL;
}

bool step_writer_at(struct collector *col, pid_t tid, uint64_t seq, uint64_t addr,
		    struct step_writer *ret)
{
	struct step_thread *t = col->step ? step_thread_of(col->step, tid) : NULL;
	const struct step_frame *f = t ? step_frame_of(t, seq) : NULL;
	const struct step_code *code = NULL;
	for (size_t i = 0; f && i < f->n_writes; i++)
		if (addr >= f->writes[i].address &&
		    addr - f->writes[i].address < f->writes[i].size && f->writes[i].code)
			code = f->writes[i].code;
	if (t && !f && t->now.prologue)
		code = writer_in_prologue(&t->now, addr);
	if (!code)
		return false;
	*ret = (struct step_writer){code->e.pc, code->e.text, code->line};
	return true;
}

/*
 * Whoever has the bytes of a store: variables there have a value now, and their writer is known.
 * From the innermost frame outwards, as far as the store reaches.
 */
static void note_store(struct collector *col, struct step_thread *t, const struct step_store *st,
		       const struct step_code *by)
{
	uint64_t lo = st->address, hi = lo + st->size;
	for (size_t i = t->n_frames; i-- > 0 && lo < hi;) {
		struct step_frame *f = &t->frames[i];
		if (lo >= f->cfa || hi <= f->rsp - ARCH_RED_ZONE)
			continue;
		uint64_t end = hi < f->cfa ? hi : f->cfa;
		const struct frame *live = step_live(col, t, f->seq);
		if (live) {
			line_written(f, live, lo, end - lo);
			note_write(f, lo, (uint32_t)(end - lo), by);
		}
		lo = end; // the rest is the caller's
	}
}

static const char *name_of(const struct step_ran *r)
{
	if (r->text)
		return r->text;
	return r->code ? r->code->e.text : "call";
}

static void emit(struct collector *col, struct step_thread *t, struct step_frame *f,
		 const struct step_ran *r, struct event_store *stores, size_t n_stores,
		 const char *ghost)
{
	struct event ev = step_event(col, EVENT_INSN, t, f);
	ev.insn = r->how == STEP_UNSEEN ? NULL : name_of(r);
	ev.stepped = r->how;
	ev.target = r->target;
	ev.in_prologue = f->in_prologue;
	ev.rsp_before = r->rsp_before;
	ev.rsp = r->rsp_after;
	ev.delta = (int64_t)(r->rsp_after - r->rsp_before);
	if (r->code) {
		ev.pc = r->code->e.pc;
		ev.file = r->code->file;
		ev.line = r->code->line;
	}
	ev.stores = stores;
	ev.n_stores = n_stores;
	ev.ghost = ghost;
	collect_emit(col, &ev);
}

// Takes the instruction over.
void insn_tell(struct collector *col, struct step_thread *t, struct step_frame *f,
	       struct step_ran *r)
{
	struct stepper *s = col->step;
	size_t n = 0;
	if (r->how != STEP_UNSEEN)
		insn_balance(col, t, f, r->rsp_before);
	if (r->store) {
		note_store(col, t, r->store, r->code);
		if (s->o.insn)
			n = store_describe(col, t, r->store, r->code, s->stores, STEP_STORES_MAX);
	}
	bool tells = r->rsp_after != r->rsp_before || n > 0 || (r->code && r->code->e.moves_rsp);
	if (s->o.insn && tells)
		emit(col, t, f, r, s->stores, n, NULL);
	f->rsp = r->rsp_after;
	if (f->rsp == f->rsp_at_body && t->now.prologue == NULL && f->in_prologue && r->code &&
	    r->code->e.pc >= f->fn->plan.site)
		f->in_prologue = false;
	step_ran_deinit(r);
}

// What moved rsp without having been seen.
void insn_balance(struct collector *col, struct step_thread *t, struct step_frame *f, uint64_t rsp)
{
	if (f->rsp == rsp)
		return;
	struct step_ran unseen = {.how = STEP_UNSEEN, .rsp_before = f->rsp, .rsp_after = rsp};
	insn_tell(col, t, f, &unseen);
}

/* ---- untraced callees ---- */

char *insn_callee(struct collector *col, uint64_t pc)
{
	const struct address_name *name = target_name(col->target, pc);
	if (name->function)
		return xstrdup(name->function);
	return xstrdup(name->symbol ? name->symbol : "a function");
}

void step_drop_snapshot(struct step_thread *t, struct step_frame *f)
{
	t->snapshots -= f->snapshot_len;
	free(f->snapshot);
	f->snapshot = NULL;
	f->snapshot_len = 0;
}

// Thread t has called what is not traced: what the stack holds now is compared when it is back.
void insn_left(struct collector *col, struct step_thread *t, struct step_frame *f,
	       const struct step_code *call, const struct regs *regs)
{
	struct memory live = control_memory(col->control);
	uint64_t from = regs->r[ARCH_RSP] + ARCH_WORD, to = from;
	for (size_t i = t->n_frames; i-- > 0 && t->snapshots < STEP_SNAPSHOTS;) {
		if (t->frames[i].cfa <= to)
			continue; // on another stack
		if (t->frames[i].cfa - from > STEP_SNAPSHOT)
			break;
		to = t->frames[i].cfa;
	}
	f->call = call;
	f->call_return = call->e.pc + call->e.len;
	free(f->call_text);
	const char *blank = strchr(call->e.text, ' ');
	if (call->e.target && blank)
		f->call_text = xstrdup(blank + 1);
	else
		f->call_text = insn_callee(col, regs->r[ARCH_RIP]);
	step_drop_snapshot(t, f);
	f->snapshot = xmalloc((size_t)(to - from) + 1);
	f->snapshot_at = from;
	f->snapshot_len = live.read(live.ctx, from, f->snapshot, (size_t)(to - from));
	t->snapshots += f->snapshot_len;
}

static bool word_changed(const struct step_frame *f, const uint8_t *now, size_t i, size_t len)
{
	size_t n = len - i < ARCH_WORD ? len - i : ARCH_WORD;
	return memcmp(now + i, f->snapshot + i, n) != 0;
}

static void note_changed_bytes(struct collector *col, struct step_thread *t,
			       const struct step_frame *f, const struct step_store *st)
{
	for (uint32_t i = 0; i < st->size;) {
		struct step_store run = {.address = st->address + i};
		while (i < st->size && st->old[i] != st->now[i]) {
			run.size++;
			i++;
		}
		if (run.size)
			note_store(col, t, &run, f->call);
		i++;
	}
}

// One store for each run of words that differ, as long as there is room.
static size_t changed_runs(struct collector *col, struct step_thread *t, const struct step_frame *f,
			   struct event_store *ret, size_t max)
{
	struct memory live = control_memory(col->control);
	uint8_t *now = xmalloc(f->snapshot_len + 1);
	size_t len = live.read(live.ctx, f->snapshot_at, now, f->snapshot_len), n = 0;
	for (size_t i = 0; i < len;) { // rsp is a multiple of the word
		size_t end = i;
		while (end < len && end - i < STEP_BYTES && word_changed(f, now, end, len))
			end += ARCH_WORD;
		if (end == i) {
			i += ARCH_WORD;
			continue;
		}
		end = end < len ? end : len;
		struct step_store st = {.address = f->snapshot_at + i,
					.size = (uint32_t)(end - i),
					.maybe = true,
					.has_old = true,
					.has_new = true};
		memcpy(st.old, f->snapshot + i, st.size);
		memcpy(st.now, now + i, st.size);
		note_changed_bytes(col, t, f, &st);
		if (col->step->o.insn && n < max)
			n += store_describe(col, t, &st, f->call, ret + n, max - n);
		i = end;
	}
	free(now);
	return n;
}

// What of the frames that have ended the callee overwrote, with its own.
static const char *overwritten(struct collector *col, const struct step_thread *t, uint64_t rsp)
{
	struct thread_stacks *ts = stacks_of(&col->stacks, t->tid, control_pid(col->control));
	struct stack *s = stack_holding(ts, rsp - ARCH_WORD);
	struct memory live = control_memory(col->control);
	struct ghost_list died = {.n = 0};
	if (!s || !s->ghosts)
		return NULL;
	ghosts_refresh(s->ghosts, s->lo, rsp > s->lo ? rsp - s->lo : 0, &live, &died);
	struct buf *b = &col->step->ghost;
	buf_reset(b);
	ghost_list_text(&died, b);
	ghost_list_deinit(&died);
	return b->len ? b->s : NULL;
}

void insn_came_back(struct collector *col, struct step_thread *t, struct step_frame *f,
		    uint64_t rsp)
{
	size_t n = changed_runs(col, t, f, col->step->stores, STEP_STORES_MAX);
	struct step_ran back = {
		.code = f->call,
		.how = STEP_RETURNED,
		.text = f->call_text,
		.rsp_before = f->rsp,
		.rsp_after = rsp,
	};
	if (col->step->o.insn)
		emit(col, t, f, &back, col->step->stores, n, overwritten(col, t, rsp));
	f->rsp = rsp;
	f->call_text = NULL;
	step_drop_snapshot(t, f);
	step_ran_deinit(&back);
}
