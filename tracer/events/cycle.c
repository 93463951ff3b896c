#include "events/cycle.h"

// How many frames from `skip` on are the same as those `period` further out.
static size_t run_length(cycle_frame frame, const void *ctx, size_t skip, size_t period, size_t n)
{
	size_t i = skip;
	while (i + period < n && frame(ctx, i) == frame(ctx, i + period))
		i++;
	return i - skip + period;
}

bool cycle_find(cycle_frame frame, const void *ctx, size_t n, struct cycle *ret)
{
	size_t looked = n < CYCLE_FRAMES ? n : CYCLE_FRAMES, best = 0;
	for (size_t skip = 0; skip <= CYCLE_SKIP && skip < looked; skip++) {
		for (size_t period = 1; period <= CYCLE_MAX; period++) {
			if (skip + period * CYCLE_TURNS > looked)
				break;
			size_t run = run_length(frame, ctx, skip, period, looked);
			// One that begins later must explain more than its shorter way explains.
			if (run < period * CYCLE_TURNS || run <= best)
				continue;
			best = run;
			ret->skip = skip;
			ret->period = period;
		}
	}
	if (best > 0)
		ret->turns = run_length(frame, ctx, ret->skip, ret->period, n) / ret->period;
	return best > 0;
}
