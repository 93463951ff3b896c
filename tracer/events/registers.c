/*
 * registers.c - the registers that events carry: --registers.
 */
#include "events/collector.h"

void registers_take(struct collector *col, const struct stop *stop)
{
	col->regs_tid = 0;
	if (!col->o.registers)
		return;
	switch (stop->kind) {
	case STOP_HIT:
		col->regs = stop->hit->regs;
		break;
	case STOP_STEP:
		col->regs = stop->step->after;
		break;
	case STOP_THREAD:
	case STOP_CHILD:
	case STOP_SIGNAL:
	case STOP_LEAVING:
	case STOP_EXEC:
		if (control_regs(col->control, stop->tid, &col->regs) == FT_OK)
			break;
		ft_error_clear();
		return;
	case STOP_GONE:
	case STOP_EXIT:
	case STOP_KILLED:
		return;
	}
	col->regs_tid = stop->tid;
}

void registers_add(struct collector *col, struct event *ev)
{
	if (!col->regs_tid || col->regs_tid != ev->tid || ev->aside)
		return;
	for (unsigned i = 0; i < ARCH_SHOWN; i++)
		col->shown[i].name = arch_shown(&col->regs, i, &col->shown[i].value);
	ev->registers = col->shown;
	ev->n_registers = ARCH_SHOWN;
}
