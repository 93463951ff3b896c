/*
 * flow_step.h - one instruction of a flow (private to symbols/).
 *
 * Owns:     what an instruction means for frame addresses, and what call frame information adds.
 * Gives:    the facts behind an instruction from those before it; touches, calls and the extent of
 *           rsp, into struct flow.
 * Never:    follows a branch: flow.c does.
 * Lifetime: a stepper borrows its flow.
 */
#ifndef FT_FLOW_STEP_H
#define FT_FLOW_STEP_H

#include "symbols/flow.h"

struct flow_stepper {
	struct flow *f;
	size_t body; // instruction
	bool record; // the facts are final: touches, calls and the lowest rsp are kept
};

/* What the general registers, ARCH_RIP of them, hold at the function's entry. */
void flow_at_entry(struct fact *reg);

/* Makes of what they hold before the instruction what they hold behind it. */
void flow_step(const struct flow_stepper *s, struct fact *reg, size_t at);

#endif
