/*
 * step.c - single steps: one instruction of the program at a time, which notices nothing.
 *
 * The kernel steps by the trap flag of eflags and hides that from ptrace(2), from popf and iret and
 * from signal frames (arch/x86/kernel/step.c, signal.c). Two instructions copy eflags to where the
 * program can see it: pushf, and syscall, which leaves it in r11 (Intel SDM vol. 2). A move to ss
 * puts the trap off by one instruction (SDM vol. 3, 6.8.3), so that pushf may come right after it.
 */
#include <string.h>

#include "control/private.h"

enum { TRAP_FLAG = 1 << 8, STEPPED_MAX = 2 * ARCH_INSN_MAX, PUSHF = 0x9c, POPF = 0x9d };

// Offset of the opcode behind legacy and REX prefixes; *ret_wide unless there is a 0x66.
static size_t opcode_at(const uint8_t *code, size_t len, size_t *ret_operand)
{
	size_t n = 0;
	*ret_operand = ARCH_WORD;
	while (n < len && memchr("\x66\x67\xf0\xf2\xf3\x2e\x36\x3e\x26\x64\x65", code[n], 11)) {
		if (code[n] == 0x66)
			*ret_operand = 2;
		n++;
	}
	return n < len && (code[n] & 0xf0) == 0x40 ? n + 1 : n;
}

// Length of `mov ss, …` (8e /3 with reg field 2), 0 if it is something else.
static size_t move_to_ss(const uint8_t *code, size_t len)
{
	size_t operand, n = opcode_at(code, len, &operand);
	if (n + 2 > len || code[n] != 0x8e || (code[n + 1] >> 3 & 7) != 2)
		return 0;
	unsigned mod = code[n + 1] >> 6, rm = code[n + 1] & 7;
	size_t size = n + 2;
	if (mod != 3 && rm == 4) {
		if (mod == 0 && size < len && (code[size] & 7) == 5)
			size += 4;
		size++;
	}
	if (mod == 1)
		size += 1;
	else if (mod == 2 || (mod == 0 && rm == 5))
		size += 4;
	return size;
}

/*
 * The operand size of a one-byte instruction that was stepped, alone or behind a move to ss; 0 if
 * it was something else.
 */
static size_t stepped_opcode(struct control *c, uint64_t pc, uint8_t opcode)
{
	uint8_t code[STEPPED_MAX];
	struct memory mem = control_memory(c);
	size_t len = mem.read(mem.ctx, pc, code, sizeof(code)), operand;
	size_t skip = move_to_ss(code, len);
	if (skip >= len)
		return 0;
	size_t n = skip + opcode_at(code + skip, len - skip, &operand);
	return n < len && code[n] == opcode ? operand : 0;
}

static enum ft_rc hide_pushed_flag(struct control *c, const struct thread *t,
				   const struct regs *regs)
{
	uint64_t moved = t->from.r[ARCH_RSP] - regs->r[ARCH_RSP];
	if ((moved != ARCH_WORD && moved != 2) || (t->from.eflags & TRAP_FLAG) ||
	    stepped_opcode(c, t->from.r[ARCH_RIP], PUSHF) != moved)
		return FT_OK;
	uint8_t flags;
	struct memory mem = control_memory(c);
	uint64_t at = regs->r[ARCH_RSP] + 1; // the byte that has bit 8
	if (!memory_read(&mem, at, &flags, sizeof(flags)))
		return FT_OK;
	flags &= (uint8_t) ~(TRAP_FLAG >> 8);
	return mem_write(c->mem, at, &flags, sizeof(flags));
}

/*
 * Before a popf the kernel forgets that the trap flag is the tracer's, since popf may set it for
 * the program (enable_single_step()), and takes it for the program's own as long as it steps: it
 * would be in signal frames, and outlast the last step. A resume without a step ends that; an
 * interrupt that waits for it keeps the thread from running.
 */
static enum ft_rc disown_flag(struct control *c, struct thread *t, struct regs *regs)
{
	struct wait_result w;
	uint64_t moved = regs->r[ARCH_RSP] - t->from.r[ARCH_RSP];
	bool visible = regs->eflags & TRAP_FLAG;
	bool popf = (moved == ARCH_WORD || moved == 2) &&
		    stepped_opcode(c, t->from.r[ARCH_RIP], POPF) == moved;
	// A popf that has set it, or a program that had it set before, means it.
	if (t->from.eflags & TRAP_FLAG || popf == visible)
		return FT_OK;
	enum ft_rc rc = pt_interrupt(t->tid);
	if (rc == FT_OK)
		rc = pt_cont(t->tid, 0);
	if (rc == FT_OK)
		rc = thread_wait(c, t->tid, &w);
	if (rc != FT_OK)
		return rc;
	if (w.kind != WAIT_FIRST_STOP) {
		t->stopped = false;
		thread_defer(c, &w); // killed
		return FT_NONE;
	}
	if (!visible)
		return FT_OK;
	regs->eflags &= ~(uint64_t)TRAP_FLAG;
	return pt_set_regs(t->tid, regs);
}

bool step_hide_flag_of_syscall(struct control *c, struct regs *regs)
{
	uint8_t code[2];
	struct memory mem = control_memory(c);
	uint64_t next = regs->r[ARCH_RIP];
	if (!(regs->r[ARCH_R11] & TRAP_FLAG) || regs->r[ARCH_RCX] != next ||
	    !memory_read(&mem, next - sizeof(code), code, sizeof(code)) || code[0] != 0x0f ||
	    code[1] != 0x05)
		return false;
	regs->r[ARCH_R11] &= ~(uint64_t)TRAP_FLAG;
	return true;
}

// What the kernel sends for a step, for a step over a system call, and at a handler's entry.
static bool is_step_code(int code)
{
	return code == TRAP_TRACE || code == TRAP_BRKPT || code == SIGTRAP;
}

/*
 * In a slot: brings the thread home as soon as the replaced instruction has run. FT_NONE: it has
 * not (a call in three parts).
 */
static enum ft_rc leave_slot(struct control *c, struct thread *t, struct regs *regs)
{
	struct site *site = t->step_site;
	struct displaced_home home;
	if (site->d.step) {
		t->step_site = NULL;
		return slot_mend(c, t, site, regs);
	}
	if (sites_in_slot(&c->sites, regs->r[ARCH_RIP], &home) != site) {
		t->step_site = NULL;
		return FT_OK;
	}
	if (home.pc == site->d.home)
		return FT_NONE;
	t->step_site = NULL;
	regs->r[ARCH_RIP] = home.pc;
	return pt_set_rip(t->tid, home.pc);
}

enum ft_rc step_done(struct control *c, struct thread *t, struct regs *regs, struct stop *ret,
		     bool *ret_is_step)
{
	siginfo_t info;
	enum ft_rc rc = pt_get_siginfo(t->tid, &info);
	*ret_is_step = rc == FT_OK && is_step_code(info.si_code);
	if (!*ret_is_step)
		return rc;
	bool handler = info.si_code == SIGTRAP;
	if (!handler && t->step_site) {
		rc = leave_slot(c, t, regs);
		if (rc != FT_OK)
			return rc;
	}
	t->step_site = NULL;
	// One iteration of many; a jump to itself gets here too, and there is nothing to tell.
	if (!handler && regs->r[ARCH_RIP] == t->from.r[ARCH_RIP])
		return FT_NONE;
	rc = handler ? FT_OK : hide_pushed_flag(c, t, regs);
	if (rc == FT_OK && !handler)
		rc = disown_flag(c, t, regs);
	if (rc == FT_OK && !handler && step_hide_flag_of_syscall(c, regs))
		rc = pt_set_regs(t->tid, regs);
	if (rc != FT_OK)
		return rc;
	c->stats.stepped += !handler;
	c->step = (struct step){.before = t->from, .after = *regs, .handler = handler};
	t->from = *regs;
	ret->kind = STOP_STEP;
	ret->step = &c->step;
	return FT_OK;
}

void control_step(struct control *c, pid_t tid, bool on)
{
	struct thread *t = thread_find(c, tid);
	if (!t || t->stepping == on || (on && c->disarmed))
		return;
	t->step_site = NULL;
	t->stepping = on && control_regs(c, tid, &t->from) == FT_OK;
	if (on && !t->stepping)
		ft_error_clear(); // it is gone
}

enum ft_rc control_fp(struct control *c, pid_t tid, struct fp_regs *ret)
{
	struct thread *t = thread_find(c, tid);
	return t && t->stopped ? pt_get_fp(tid, ret) : FT_NONE;
}
